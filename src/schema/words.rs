//! Which tables hold a word in a type, a default, a condition, an index or a policy, or call it by a trigger: for drops and
//! renames of types, functions and sequences, which no table points back from.
//!
//! A superset: a word that left a table stays, and whoever asks looks at the table itself. Noted when a table is settled;
//! tables that changed since are always asked.

use super::backlinks::Backlinks;
use super::object::{UserType, UserTypeKind};
use super::table::{ConstraintKind, IndexKey, Table};
use super::{Expression, Ident, ObjectName, Schema};

/// Words of nearly every table. They are not noted: whoever asks for one walks over the schema.
const COMMON: [&str; 24] = [
    "bigint",
    "bigserial",
    "boolean",
    "character",
    "character varying",
    "coalesce",
    "current_timestamp",
    "date",
    "double precision",
    "gen_random_uuid",
    "integer",
    "json",
    "jsonb",
    "length",
    "lower",
    "now",
    "numeric",
    "serial",
    "smallint",
    "text",
    "timestamp with time zone",
    "timestamp without time zone",
    "uuid",
    "varchar",
];

/// Word → tables, or types.
#[derive(Clone, Debug)]
pub(super) struct Words(pub(super) Backlinks<Ident>);

/// Two schemas that hold the same objects are equal, whatever was noted on the way.
impl PartialEq for Words {
    fn eq(&self, _: &Words) -> bool {
        true
    }
}

impl Words {
    pub(super) fn note(&mut self, table: &Table) {
        let mut note = |word: &Ident| {
            if !is_common(word) {
                self.0.add(word, &table.name);
            }
        };
        for column in &table.columns {
            let ty = column.ty.base.as_str();
            if COMMON.binary_search(&ty).is_err() {
                note(&column.ty.object_name().name);
            }
            column.expressions().for_each(|expression| called(expression, &mut note));
        }
        for constraint in &table.constraints {
            if let ConstraintKind::Check(condition) = &constraint.kind {
                called(condition, &mut note);
            }
        }
        for key in table.indexes.iter().flat_map(|index| &index.keys) {
            if let IndexKey::Expression(expression) = key {
                called(expression, &mut note);
            }
        }
        table.policies.iter().flat_map(|policy| &policy.uses).for_each(&mut note);
        table.triggers.iter().filter_map(|trigger| trigger.function.as_ref()).for_each(|function| note(&function.name));
    }
}

impl Words {
    /// The type below a domain.
    pub(super) fn note_base(&mut self, domain: &UserType) {
        if let UserTypeKind::Domain { base, .. } = &domain.kind {
            let word = base.object_name().name;
            if !is_common(&word) {
                self.0.add(&word, &domain.name);
            }
        }
    }
}

fn is_common(word: &Ident) -> bool {
    COMMON.binary_search(&word.as_str()).is_ok()
}

/// The functions of an expression, and the sequence that `nextval('…')` draws from.
fn called(expression: &Expression, note: &mut impl FnMut(&Ident)) {
    expression.functions.iter().for_each(|function| note(&function.name));
    if expression.text.contains("nextval") {
        let quoted = expression.text.split('\'').skip(1).step_by(2);
        quoted.for_each(|name| note(&Ident::stored(name.rsplit('.').next().unwrap_or(name).trim_matches('"'))));
    }
}

impl Schema {
    /// The tables that may hold a word, each once: those that do and some that do not.
    pub fn tables_holding(&self, word: &Ident) -> impl Iterator<Item = &Table> {
        let noted: Vec<&ObjectName> = if is_common(word) { self.tables.keys().collect() } else { self.words.0.of(word).collect() };
        let settled = noted.into_iter().filter(|name| !self.tables.is_unsettled(name)).filter_map(|name| self.tables.get(name));
        settled.chain(self.tables.unsettled_values()).map(AsRef::as_ref)
    }

    /// The domains that may stand on a type of this name, each once: those that do, and other types.
    pub fn types_over(&self, word: &Ident) -> impl Iterator<Item = &UserType> {
        let noted: Vec<&ObjectName> = if is_common(word) { self.types.keys().collect() } else { self.bases.0.of(word).collect() };
        let settled = noted.into_iter().filter(|name| !self.types.is_unsettled(name)).filter_map(|name| self.types.get(name));
        settled.chain(self.types.unsettled_values()).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_sorted_for_the_search() {
        assert!(COMMON.is_sorted());
    }
}
