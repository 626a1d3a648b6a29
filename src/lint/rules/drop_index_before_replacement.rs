//! drop-index-before-replacement: between the drop and the new index, queries read the whole table.

use crate::lint::cure::Spelled;
use crate::lint::cure::text::splice;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::Seen;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::table::{ConstraintKind, Index, IndexKey};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind};
use crate::sql::Clause;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-index-before-replacement"),
    doc: include_str!("../../../lints/drop-index-before-replacement.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropIndex { index: name, .. } = frame.operation else { return };
    let Some((table, index)) = frame.before.index(name, None).recorded() else { return };
    if !index.valid || frame.is_new_table(table) || frame.seen(&index.origin) == Seen::ByNobody {
        return;
    }
    let serves =
        |other: &Index| other.valid && other.name != index.name && other.predicate.is_none() && other.keys.starts_with(&index.keys);
    if frame.table(table).is_some_and(|table| table.indexes.iter().any(serves)) {
        return;
    }
    let clauses = frame.script.statements.iter().flat_map(|statement| &statement.clauses);
    let mut rest =
        clauses.filter(|clause| clause.span.start > frame.clause.span.start).take_while(|clause| !retypes(clause, table, index, frame));
    let Some(replacement) = rest.find(|clause| replaces(clause, table, index, frame)) else { return };
    let dialect = frame.dialect();
    let drop = format!("DROP INDEX CONCURRENTLY {};", name.spelled(dialect));
    let fault = Fault::new(format!(
        "from here until its replacement is built no index serves the queries that used `{name}`: each of them reads all of `{table}`"
    ))
    .on(table)
    .at_most(if serves_alike(&replacement.operation, index) { Level::Deny } else { Level::Notice })
    .label(replacement.span, "the replacement is built here");
    findings.push(match &replacement.operation {
        Operation::CreateIndex(create) if create.name.as_ref() != Some(&name.name) => {
            let text = frame.script.text(replacement.span);
            let build = if create.concurrently { text.to_owned() } else { splice(text, "index", "CONCURRENTLY") };
            fault
                .help(format!("build the new index first, then drop the old one: `{drop}`"))
                .cure(frame.phase(), format!("{build};\n{drop}\n"))
        }
        _ => {
            let new = format!("ALTER INDEX {}_new RENAME TO {};", name.spelled(dialect), name.name.spelled(dialect));
            fault.help(format!("build the new index under another name, drop the old one, and rename: `{new}`"))
        }
    });
}

/// Whether the keys of the one begin with all keys of the other; where only the first is the same, few queries may need either.
fn serves_alike(replacement: &Operation, old: &Index) -> bool {
    let Operation::CreateIndex(create) = replacement else { return true };
    create.keys.starts_with(&old.keys) || old.keys.starts_with(&create.keys)
}

/// Whether a clause makes an index that serves the same queries: it begins with the same key.
fn replaces(clause: &Clause, table: &ObjectName, old: &Index, frame: &Frame<'_>) -> bool {
    let same_table = |written: &ObjectName| frame.before.canonical(written) == *table;
    let begins = |columns: &[Ident]| matches!((columns.first(), old.keys.first()), (Some(new), Some(IndexKey::Column(old))) if new == old);
    match &clause.operation {
        Operation::CreateIndex(create) => same_table(&create.table) && create.keys.first() == old.keys.first(),
        Operation::AddConstraint(add) if add.using_index.is_none() => match &add.constraint.kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => same_table(&add.table) && begins(columns),
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => {
                false
            }
        },
        _ => false,
    }
}

/// Whether a clause changes the type of a column that the index stands on: it had to go first, or be built under a lock.
fn retypes(clause: &Clause, table: &ObjectName, index: &Index, frame: &Frame<'_>) -> bool {
    match &clause.operation {
        Operation::AlterColumn { table: written, column, change: ColumnChange::SetType { .. } } => {
            frame.before.canonical(written) == *table && index.concerns(column)
        }
        _ => false,
    }
}
