//! The names that a database gives to constraints, indexes and sequences that were written without one.
//!
//! PostgreSQL: `ChooseIndexName`, `ChooseConstraintName` and `makeObjectName` of its source decide.

use crate::schema::name::POSTGRES_NAME_BYTES;
use crate::schema::table::{ConstraintKind, IndexKey, Table};
use crate::schema::{Dialect, Ident, ObjectName, Schema};

impl Schema {
    /// The name that an unnamed constraint gets; `None` where it has none or it cannot be known.
    pub(super) fn constraint_name(&self, table: &Table, kind: &ConstraintKind) -> Option<Ident> {
        match self.dialect {
            Dialect::Postgres => {
                let on_index = |columns: &[Ident], label| self.relation_name(&table.name, &joined(columns), label);
                let plain = |columns: &str, label| numbered(&table.name.name, columns, label, |name| table.constraint(name).is_some());
                Some(match kind {
                    ConstraintKind::PrimaryKey(_) => on_index(&[], "pkey"),
                    ConstraintKind::Unique { columns, .. } => on_index(columns, "key"),
                    ConstraintKind::Exclusion { columns } => on_index(columns, "excl"),
                    ConstraintKind::Check(condition) => match condition.columns.as_slice() {
                        [only] => plain(only.as_str(), "check"),
                        _ => plain("", "check"),
                    },
                    ConstraintKind::NotNull(column) => plain(column.as_str(), "not_null"),
                    ConstraintKind::ForeignKey(key) => plain(&joined(&key.columns), "fkey"),
                })
            }
            Dialect::Mysql => match kind {
                ConstraintKind::PrimaryKey(_) => Some(Ident::stored("PRIMARY")),
                ConstraintKind::Unique { columns, .. } => columns.first().map(|first| mysql_index_name(table, first)),
                ConstraintKind::ForeignKey(_) => Some(mysql_foreign_key_name(table)),
                ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::Exclusion { .. } => None,
            },
            Dialect::Sqlite => None,
        }
    }

    /// The name that an unnamed index gets; `None` where it cannot be known.
    pub(super) fn index_name(&self, table: &ObjectName, keys: &[IndexKey]) -> Option<Ident> {
        match self.dialect {
            Dialect::Postgres => {
                let mut words: Vec<String> = Vec::new();
                for key in keys {
                    let word = key_word(key);
                    let fresh = (1..).map(|n| format!("{word}{n}")).find(|candidate| !words.contains(candidate));
                    words.push(if words.contains(&word) { fresh.unwrap_or(word) } else { word });
                }
                Some(self.relation_name(table, &joined_words(words.iter().map(String::as_str)), "idx"))
            }
            Dialect::Mysql => {
                let table = self.tables.get(table)?;
                match keys.first()? {
                    IndexKey::Column(first) => Some(mysql_index_name(table, first)),
                    IndexKey::Expression(_) => None,
                }
            }
            Dialect::Sqlite => None,
        }
    }

    /// The name of the sequence behind a serial or identity column.
    pub(super) fn sequence_name(&self, table: &ObjectName, column: &Ident) -> ObjectName {
        Schema::beside(table, &self.relation_name(table, column.as_str(), "seq"))
    }

    /// A name that no relation beside the table has.
    fn relation_name(&self, table: &ObjectName, middle: &str, label: &str) -> Ident {
        numbered(&table.name, middle, label, |name| self.is_relation(&Schema::beside(table, name)))
    }
}

/// `table_middle_label`, with the first number behind the label that makes it free.
fn numbered(table: &Ident, middle: &str, label: &str, taken: impl Fn(&Ident) -> bool) -> Ident {
    let mut name = Ident::stored(&object_name(table.as_str(), middle, label));
    let mut number = 0u32;
    while taken(&name) {
        number += 1;
        name = Ident::stored(&object_name(table.as_str(), middle, &format!("{label}{number}")));
    }
    name
}

/// `makeObjectName`: the longer of the first two parts is cut until the whole fits.
fn object_name(first: &str, middle: &str, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(!middle.is_empty());
    let room = POSTGRES_NAME_BYTES.saturating_sub(overhead);
    let (mut first_bytes, mut middle_bytes) = (first.len(), middle.len());
    while first_bytes + middle_bytes > room {
        if first_bytes > middle_bytes {
            first_bytes -= 1;
        } else {
            middle_bytes -= 1;
        }
    }
    let first = &first[..first.floor_char_boundary(first_bytes)];
    let middle = &middle[..middle.floor_char_boundary(middle_bytes)];
    if middle.is_empty() { format!("{first}_{label}") } else { format!("{first}_{middle}_{label}") }
}

fn joined(columns: &[Ident]) -> String {
    joined_words(columns.iter().map(Ident::as_str))
}

/// `ChooseIndexNameAddition`: column names with `_` between, no longer than a name can be.
fn joined_words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push('_');
        }
        text.push_str(word);
        if text.len() > POSTGRES_NAME_BYTES {
            break;
        }
    }
    text.truncate(text.floor_char_boundary(POSTGRES_NAME_BYTES));
    text
}

/// The part of an index's name that one key gives: the column, the function called, or `expr`.
fn key_word(key: &IndexKey) -> String {
    match key {
        IndexKey::Column(name) => name.as_str().to_owned(),
        IndexKey::Expression(expression) => {
            let text = expression.text.trim_start_matches(['(', ' ']);
            let called = expression.functions.first().map(|function| function.name.as_str());
            match called {
                Some(name) if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) => name.to_owned(),
                Some(_) | None if text.to_ascii_lowercase().starts_with("coalesce") => "coalesce".to_owned(),
                Some(_) | None => "expr".to_owned(),
            }
        }
    }
}

/// MySQL: the first column, with `_2`, `_3`, … behind it where that is taken.
fn mysql_index_name(table: &Table, first: &Ident) -> Ident {
    let numbers = (2u32..).map(|number| Ident::stored(&format!("{first}_{number}")));
    std::iter::once(first.clone()).chain(numbers).find(|name| table.index(name).is_none()).unwrap_or_else(|| first.clone())
}

/// MySQL: `table_ibfk_1` and on, one above the highest number used.
fn mysql_foreign_key_name(table: &Table) -> Ident {
    let prefix = format!("{}_ibfk_", table.name.name);
    let used = table.constraints.iter().filter_map(|constraint| {
        let name = constraint.name.as_ref()?;
        name.as_str().strip_prefix(prefix.as_str())?.parse::<u32>().ok()
    });
    Ident::stored(&format!("{prefix}{}", used.max().unwrap_or(0) + 1))
}
