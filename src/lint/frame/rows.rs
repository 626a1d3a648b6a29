//! How many rows a data change can touch, as far as its text and the keys of its table tell.

use super::Frame;
use crate::lint::cure::recipe;
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Ident, ObjectName};

/// So many literal rows are taken for reference data: they stand in the file, so somebody wrote them.
const REFERENCE_ROWS: usize = 100;

impl Frame<'_> {
    /// Whether the rows are few whatever the size of the table: written out, or chosen by a unique key.
    pub(in crate::lint) fn touches_few_rows(&self, change: &ChangeData) -> bool {
        let chosen = |of: &ObjectName| change.condition.as_ref().is_some_and(|condition| self.pins_a_key(of, &condition.text));
        match (change.kind, change.extent) {
            (_, Extent::Rows(rows)) => rows <= REFERENCE_ROWS,
            (DataKind::Update | DataKind::Delete, Extent::Condition) => chosen(&change.table),
            // Guarded by a look at its own table, or read from one row of another.
            (DataKind::InsertSelect | DataKind::Replace, Extent::Condition) => match &change.reads[..] {
                [] => true,
                [only] => self.before.canonical(only) == self.before.canonical(&change.table) || chosen(only),
                _ => false,
            },
            (_, Extent::Condition | Extent::All) => false,
        }
    }

    /// Whether a condition compares every column of a unique key with literals.
    fn pins_a_key(&self, name: &ObjectName, condition: &str) -> bool {
        let pinned = pinned(condition);
        let pins = |key: &[&Ident]| !key.is_empty() && key.iter().all(|column| pinned.iter().any(|pinned| *pinned == column.as_str()));
        match self.table(name) {
            Some(table) => recipe::unique_keys(table).any(|key| pins(&key)),
            None => pinned.contains(&"id"),
        }
    }
}

/// The columns that a condition compares with a literal: `id = 5 AND lang IN ('en', 'de')`.
fn pinned(condition: &str) -> Vec<&str> {
    let words: Vec<&str> = condition.split(' ').filter(|word| !matches!(*word, "(" | ")")).collect();
    if words.iter().any(|word| ["or", "select", "not"].iter().any(|other| word.eq_ignore_ascii_case(other))) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in words.split(|word| word.eq_ignore_ascii_case("and")) {
        // `t . id` is `id`.
        let part = match part {
            [_, ".", rest @ ..] => rest,
            part => part,
        };
        match part {
            [column, "=", value, ..] if is_literal(value) => found.push(*column),
            [column, word, value, ..] if word.eq_ignore_ascii_case("in") && is_literal(value) => found.push(*column),
            [value, "=", column] | [value, "=", _, ".", column] if is_literal(value) => found.push(*column),
            _ => {}
        }
    }
    found.into_iter().map(|column| column.trim_matches(['"', '`'])).collect()
}

fn is_literal(word: &str) -> bool {
    let unprefixed = word.strip_prefix(['e', 'E', 'n', 'N', 'x', 'X', 'b', 'B', '-']).unwrap_or(word);
    word == "-" || word.starts_with('$') || unprefixed.starts_with('\'') || word.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::pinned;

    #[test]
    fn a_condition_pins_what_it_compares_with_literals() {
        assert_eq!(pinned("id = 5"), ["id"]);
        assert_eq!(pinned("( s . id = 5 )"), ["id"]);
        assert_eq!(pinned("5 = s . id"), ["id"]);
        assert_eq!(pinned("id = - 5"), ["id"]);
        assert_eq!(pinned("id = 'x' :: uuid"), ["id"]);
        assert_eq!(pinned("a = 'x' AND lang IN ( 'en' , 'de' )"), ["a", "lang"]);
        assert_eq!(pinned("id = 5 OR TRUE"), Vec::<&str>::new());
        assert_eq!(pinned("id NOT IN ( 5 )"), Vec::<&str>::new());
        assert_eq!(pinned("id > 5"), Vec::<&str>::new());
        assert_eq!(pinned("id = other_id"), Vec::<&str>::new());
        assert_eq!(pinned("id = b . other_id"), Vec::<&str>::new());
    }
}
