//! fk-without-index: each change of a referenced row reads the whole referencing table.

use crate::lint::cure::{Spelled, derived, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{Index, IndexKey, Table};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("fk-without-index"),
    doc: include_str!("../../../lints/fk-without-index.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AddConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (name, key) in frame.added_foreign_keys() {
        // Of a table that is not known in full an index may exist.
        let Some(table) = frame.after.table(name).known() else { continue };
        let within_key = recipe::unique_keys(table).any(|unique| leads(unique.into_iter(), &key.columns));
        let has = within_key || table.indexes.iter().any(|index| serves(index, &key.columns));
        if has || is_built_later(frame, table, &key.columns) {
            continue;
        }
        let dialect = frame.dialect();
        let parts = std::iter::once(table.name.name.as_str()).chain(key.columns.iter().map(Ident::as_str)).chain(["idx"]);
        let index = derived(dialect, parts).spelled(dialect);
        let build = match dialect {
            Dialect::Postgres if !frame.is_new_table(name) => "CREATE INDEX CONCURRENTLY",
            Dialect::Postgres | Dialect::Sqlite | Dialect::Mysql => "CREATE INDEX",
        };
        findings.push(
            Fault::new(format!(
                "no index of `{}` begins with {}: each DELETE in `{}`, and each change of its key, reads the whole table to find what references the row",
                table.name,
                columns(&key.columns),
                key.references
            ))
            .on(name)
            .help(format!("build one: `{build} {index} ON {} ({});`", name.spelled(dialect), key.columns.spelled(dialect))),
        );
    }
}

fn columns(columns: &[Ident]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    columns.join(", ")
}

/// Whether the columns are the first of a key, in any order.
fn leads<'a>(key: impl Iterator<Item = &'a Ident>, columns: &[Ident]) -> bool {
    let first: Vec<&Ident> = key.take(columns.len()).collect();
    columns.iter().all(|column| first.contains(&column))
}

fn serves(index: &Index, columns: &[Ident]) -> bool {
    let partial = index.predicate.as_ref().is_some_and(|predicate| !predicate.columns.iter().all(|column| columns.contains(column)));
    let keys = index.keys.iter().map_while(|key| match key {
        IndexKey::Column(column) => Some(column),
        IndexKey::Expression(_) => None,
    });
    !partial && leads(keys, columns)
}

fn is_built_later(frame: &Frame<'_>, table: &Table, columns: &[Ident]) -> bool {
    // A copy is indexed under the name that it takes.
    let own = frame.remade_from(&table.name).map_or(&table.name, |old| &old.name);
    let on = |name: &ObjectName| [&table.name, own].contains(&&frame.after.canonical(name));
    frame.later_in_script().any(|clause| match &clause.operation {
        Operation::CreateIndex(index) if on(&index.table) => {
            let keys = index.keys.iter().map_while(|key| match key {
                IndexKey::Column(column) => Some(column),
                IndexKey::Expression(_) => None,
            });
            leads(keys, columns)
        }
        _ => false,
    })
}
