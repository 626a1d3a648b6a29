//! unique-breaks-old-writers: duplicates that old releases write are refused at once.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Generated, Index, IndexKey, Table};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unique-breaks-old-writers"),
    doc: include_str!("../../../lints/unique-breaks-old-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::AddColumn,
            OperationKind::AddConstraint,
            OperationKind::AlterColumn,
            OperationKind::CreateIndex,
            OperationKind::CreateTable,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let dialect = frame.dialect();
    match frame.operation {
        Operation::CreateIndex(index) if index.unique => {
            let columns = index.keys.iter().flat_map(|key| match key {
                IndexKey::Column(column) => vec![column.clone()],
                IndexKey::Expression(expression) => expression.columns.clone(),
            });
            let columns: Vec<Ident> = columns.collect();
            let remade = frame.remade_from(&index.table);
            let table = remade.map_or(&index.table, |old| &old.name);
            let key = Key { table, columns: &columns, predicate: index.predicate.as_ref(), nulls_count: index.nulls_not_distinct };
            if remade.is_some_and(|old| key.binds_anew(old)) {
                findings.push(of_remade(&key));
            } else if remade.is_none() && key.refuses_anybody(frame) {
                let sql = format!("{};", frame.sql());
                findings.push(fault(&key, &sql).cure(Phase::Contract, sql));
            }
        }
        Operation::AddConstraint(add) if add.using_index.is_some() => {}
        _ => {
            for (table, constraint) in frame.demands() {
                let (columns, nulls_count) = match &constraint.kind {
                    ConstraintKind::PrimaryKey(columns) => (columns, false),
                    ConstraintKind::Unique { columns, nulls_not_distinct } => (columns, *nulls_not_distinct),
                    ConstraintKind::Check(_)
                    | ConstraintKind::NotNull(_)
                    | ConstraintKind::ForeignKey(_)
                    | ConstraintKind::Exclusion { .. } => continue,
                };
                let key = Key { table, columns, predicate: None, nulls_count };
                if key.refuses_anybody(frame) && frame.remade().is_some() {
                    findings.push(of_remade(&key));
                } else if key.refuses_anybody(frame) {
                    let sql = recipe::add_constraint(dialect, table, constraint);
                    findings.push(fault(&key, sql.trim_end()).cure(Phase::Contract, sql));
                }
            }
        }
    }
}

fn fault(key: &Key<'_>, sql: &str) -> Fault {
    let columns: Vec<&str> = key.columns.iter().map(Ident::as_str).collect();
    let columns = columns.join(", ");
    Fault::new(format!(
        "uniqueness of ({columns}) in `{}` refuses what running releases may write, from this moment, concurrent or not",
        key.table
    ))
    .help(format!("release code that writes no duplicates, remove those that exist, then add it in contract.sql:\n{sql}"))
}

fn of_remade(key: &Key<'_>) -> Fault {
    let columns: Vec<&str> = key.columns.iter().map(Ident::as_str).collect();
    let columns = columns.join(", ");
    Fault::new(format!("uniqueness of ({columns}) in the new `{}` refuses what running releases may write, from this moment", key.table))
        .help(anew_in_contract(key.table))
}

/// What is to be unique.
struct Key<'a> {
    table: &'a ObjectName,
    columns: &'a [Ident],
    predicate: Option<&'a Expression>,
    nulls_count: bool,
}

impl Key<'_> {
    /// Whether a table that is made anew was not unique by these columns before. Those that it did not have are not known
    /// to any release that runs.
    fn binds_anew(&self, old: &Table) -> bool {
        let narrower = |key: &[&Ident]| !key.is_empty() && key.iter().all(|column| self.columns.contains(column));
        let stands = |index: &Index| {
            index.unique && index.predicate.as_ref() == self.predicate && index.columns().all(|column| self.columns.contains(column))
        };
        let known = self.columns.iter().all(|column| old.column(column).is_some());
        known && !recipe::unique_keys(old).any(|key| narrower(&key)) && !old.indexes.iter().any(stands)
    }

    /// Whether a release that does not know this migration could write a duplicate.
    fn refuses_anybody(&self, frame: &Frame<'_>) -> bool {
        if !frame.is_old_table(self.table) || frame.is_view(self.table) {
            return false;
        }
        let Some(table) = frame.table(self.table) else { return true };
        let narrower = |key: &[&Ident]| !key.is_empty() && key.iter().all(|column| self.columns.contains(column));
        let loosens = self.predicate.is_none() && !self.nulls_count && frame.loosens_key(self.table, self.columns);
        if loosens || recipe::unique_keys(table).any(|key| narrower(&key)) {
            return false;
        }
        let left_empty = |column: &Ident| match frame.brought_column(column) {
            Some(new) => new.default.is_none() && !new.not_null,
            None => {
                !frame.is_old_column(self.table, column)
                    && table.column(column).is_some_and(|known| frame.stays_null_for_old_writers(table, known))
            }
        };
        let numbered = |column: &Ident| match frame.brought_column(column) {
            Some(new) => is_numbered(&new.generated, new.default.as_ref()),
            None => {
                !frame.is_old_column(self.table, column)
                    && table.column(column).is_some_and(|known| is_numbered(&known.generated, known.default.as_ref()))
            }
        };
        let outside = self.predicate.is_some_and(|predicate| predicate.proves_not_null.iter().any(left_empty));
        let distinct = self.columns.iter().any(|column| (left_empty(column) && !self.nulls_count) || numbered(column));
        !outside && !distinct
    }
}

/// Whether every row gets a value of its own.
fn is_numbered(generated: &Generated, default: Option<&Expression>) -> bool {
    match generated {
        Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => true,
        Generated::No => default.is_some_and(|default| !default.functions.is_empty()),
        Generated::Stored(_) | Generated::Virtual(_) => false,
    }
}
