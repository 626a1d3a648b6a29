//! Constraints that the script takes away and puts back in another form: releases that run kept to the old one, so what
//! the old one let through at most is all that the new one can meet.

use super::Frame;
use crate::schema::table::{Constraint, ConstraintKind};
use crate::schema::{Expression, Ident, ObjectName, Operation, Schema};

/// A constraint that an earlier clause of the same script dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Canonical name.
    pub table: ObjectName,
    /// The constraint as it was.
    pub constraint: Constraint,
}

impl Dropped {
    /// The constraints that are there before an operation and not behind it.
    pub(in crate::lint) fn by(operation: &Operation, before: &Schema, after: &Schema) -> Vec<Dropped> {
        let Operation::DropConstraint { table, .. } = operation else { return Vec::new() };
        let (Some(old), Some(new)) = (before.table(table).recorded(), after.table(table).recorded()) else { return Vec::new() };
        let gone = old.constraints.iter().filter(|held| !new.constraints.contains(held));
        gone.map(|held| Dropped { table: old.name.clone(), constraint: held.clone() }).collect()
    }
}

impl<'a> Frame<'a> {
    /// What the script dropped from a table so far.
    fn dropped_from(&self, table: &ObjectName) -> impl Iterator<Item = &'a ConstraintKind> + use<'a> {
        let table = self.before.canonical(table);
        self.dropped.iter().filter(move |dropped| dropped.table == table).map(|dropped| &dropped.constraint.kind)
    }

    /// Whether a CHECK that the script dropped refused at least as much.
    pub(in crate::lint) fn loosens_check(&self, table: &ObjectName, condition: &Expression) -> bool {
        self.dropped_from(table).any(|kind| match kind {
            ConstraintKind::Check(old) => lets_through(&condition.text, &old.text),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::NotNull(_)
            | ConstraintKind::ForeignKey(_)
            | ConstraintKind::Exclusion { .. } => false,
        })
    }

    /// Whether the script dropped a foreign key over the same columns to the same table.
    pub(in crate::lint) fn keeps_reference(&self, table: &ObjectName, columns: &[Ident], references: &ObjectName) -> bool {
        let references = self.before.canonical(references);
        self.dropped_from(table).any(|kind| match kind {
            ConstraintKind::ForeignKey(old) => old.columns == columns && old.references == references,
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => false,
        })
    }

    /// Whether the script dropped uniqueness of some of these columns: the rest makes it looser.
    pub(in crate::lint) fn loosens_key(&self, table: &ObjectName, columns: &[Ident]) -> bool {
        self.dropped_from(table).any(|kind| match kind {
            ConstraintKind::PrimaryKey(old) | ConstraintKind::Unique { columns: old, .. } => {
                old.iter().all(|column| columns.contains(column))
            }
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => {
                false
            }
        })
    }
}

/// Whether a condition holds wherever an older one does: the same text but for a longer list of literals or a wider bound.
fn lets_through(new: &str, old: &str) -> bool {
    let (new, old): (Vec<&str>, Vec<&str>) = (new.split(' ').collect(), old.split(' ').collect());
    new == old || has_longer_list(&new, &old) || has_wider_bound(&new, &old)
}

/// `state IN ( 'a' , 'b' , 'c' )` after `state IN ( 'a' , 'b' )`; also `= ANY ( ARRAY [ … ] )`.
fn has_longer_list(new: &[&str], old: &[&str]) -> bool {
    let head = new.iter().zip(old).take_while(|(new, old)| new == old).count();
    let tail = new[head..].iter().rev().zip(old[head..].iter().rev()).take_while(|(new, old)| new == old).count();
    let is_list = |part: &[&str]| part.iter().all(|word| *word == "," || is_literal(word));
    let (added, taken) = (&new[head..new.len() - tail], &old[head..old.len() - tail]);
    // An insertion may stand anywhere in the list; what surrounds it must be a list that is not negated.
    let opens = old[..head].iter().rposition(|word| matches!(*word, "(" | "["));
    let in_list = opens.is_some_and(|at| {
        let before: Vec<String> = old[at.saturating_sub(3)..at].iter().map(|word| word.to_ascii_lowercase()).collect();
        let negated = before.iter().any(|word| word == "not");
        let named = before.last().is_some_and(|word| word == "in" || word == "array" || word == "any");
        named && !negated && is_list(&old[at + 1..head])
    });
    let whole_not = old.iter().any(|word| word.eq_ignore_ascii_case("not"));
    taken.is_empty() && !added.is_empty() && is_list(added) && in_list && !whole_not
}

/// `length ( name ) <= 80` after `length ( name ) <= 40`.
fn has_wider_bound(new: &[&str], old: &[&str]) -> bool {
    if new.len() != old.len() || new.len() < 2 {
        return false;
    }
    let mut differing = new.iter().zip(old).enumerate().filter(|(_, (new, old))| new != old);
    let (Some((at, (new_bound, old_bound))), None) = (differing.next(), differing.next()) else { return false };
    let (Ok(wider), Ok(narrower)) = (new_bound.parse::<f64>(), old_bound.parse::<f64>()) else { return false };
    let negated = old.iter().any(|word| word.eq_ignore_ascii_case("not"));
    let last = old[at + 1..].iter().all(|word| *word == ")" || word.eq_ignore_ascii_case("and"));
    match at.checked_sub(1).map(|before| old[before]) {
        Some("<" | "<=") => !negated && last && wider > narrower,
        Some(">" | ">=") => !negated && last && wider < narrower,
        Some(_) | None => false,
    }
}

fn is_literal(word: &str) -> bool {
    word.starts_with('\'') || word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_condition_lets_everything_through_that_the_old_one_did() {
        for (old, new, expected) in [
            ("state IN ( 'a' , 'b' )", "state IN ( 'a' , 'b' , 'c' )", true),
            ("state IN ( 'a' , 'b' )", "state IN ( 'c' , 'a' , 'b' )", true),
            ("state IN ( 'a' , 'b' , 'c' )", "state IN ( 'a' , 'b' )", false),
            ("state NOT IN ( 'a' )", "state NOT IN ( 'a' , 'b' )", false),
            ("state = ANY ( ARRAY [ 'a' ] )", "state = ANY ( ARRAY [ 'a' , 'b' ] )", true),
            ("length ( name ) <= 40", "length ( name ) <= 80", true),
            ("length ( name ) <= 40", "length ( name ) <= 20", false),
            ("age >= 18", "age >= 16", true),
            ("age > 0", "age > 1", false),
            ("a > 0", "b > 0", false),
            ("a > 0", "a > 0", true),
            ("a * 2 > 4", "a * 3 > 4", false),
        ] {
            assert_eq!(lets_through(new, old), expected, "{old} → {new}");
        }
    }
}
