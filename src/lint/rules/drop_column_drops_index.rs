//! drop-column-drops-index: an index or a constraint over other columns goes with the column, without a word.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Index, IndexKey, Table};
use crate::schema::{Dialect, Ident, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-column-drops-index"),
    doc: include_str!("../../../lints/drop-column-drops-index.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &["drop-column", "drop-has-dependents"],
    check: Check::Of(&[OperationKind::DropColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropColumn { table: name, column, .. } = frame.operation else { return };
    let Some(table) = frame.table(name).filter(|_| !frame.is_new_table(name)) else { return };
    let dialect = frame.dialect();
    let lost = table.indexes.iter().find(|index| index.concerns(column) && is_missed(frame, table, index, column));
    if let Some(index) = lost {
        let index_name = index.name.as_ref().map(Ident::as_str).unwrap_or_default();
        let rest: Vec<Ident> = index.columns().filter(|other| *other != column).cloned().collect();
        let unique = if index.unique { "UNIQUE " } else { "" };
        let concurrently = if dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
        let build = format!("CREATE {unique}INDEX {concurrently}… ON {} ({});", name.spelled(dialect), rest.spelled(dialect));
        let what = match dialect {
            Dialect::Mysql => format!("unique index `{index_name}` shrinks to its other columns, and refuses rows that were right"),
            Dialect::Postgres | Dialect::Sqlite => {
                format!("index `{index_name}` goes with it, also for those who search by its other columns")
            }
        };
        findings.push(
            Fault::new(format!("dropping `{name}.{column}`: {what}"))
                .help(format!("build what takes its place in expand.sql, then drop the column in contract.sql: `{build}`")),
        );
        return;
    }
    if dialect == Dialect::Postgres
        && let Some(constraint) =
            table.constraints.iter().find(|held| is_shared_check(&held.kind, column) && !is_said_again(table, &held.kind, column))
    {
        let constraint = constraint.name.as_ref().map(Ident::as_str).unwrap_or_default();
        findings.push(
            Fault::new(format!(
                "dropping `{name}.{column}`: CHECK `{constraint}` goes with it, and nothing checks the other columns any more"
            ))
            .at_most(Level::Warn)
            .help(format!(
                "say again what it demands of the rest, in contract.sql: `ALTER TABLE {} ADD CONSTRAINT … CHECK (…) NOT VALID;`",
                name.spelled(dialect)
            )),
        );
    }
}

/// Whether an index serves searches or keys of other columns, and none that stays serves them.
fn is_missed(frame: &Frame<'_>, table: &Table, index: &Index, column: &Ident) -> bool {
    let rest: Vec<&Ident> = index.keys.iter().filter_map(IndexKey::column).filter(|other| *other != column).collect();
    if rest.is_empty() || (frame.dialect() == Dialect::Mysql && !index.unique) || frame.dialect() == Dialect::Sqlite {
        return false;
    }
    let stays = |other: &&Index| other.name != index.name && other.valid && !other.concerns(column);
    // The column that takes this one's place stands in its place there as well.
    let replaced = |mine: &Ident, theirs: &Ident| mine == theirs || (mine == column && !frame.is_old_column(&table.name, theirs));
    let copies = |other: &Index| {
        let pairs = || index.keys.iter().filter_map(IndexKey::column).zip(other.keys.iter().filter_map(IndexKey::column));
        index.keys.len() == other.keys.len()
            && pairs().count() == index.keys.iter().filter_map(IndexKey::column).count()
            && pairs().all(|(mine, theirs)| replaced(mine, theirs))
            && (!index.unique || other.unique)
    };
    let serves = |other: &Index| {
        let keys: Vec<&Ident> = other.keys.iter().filter_map(IndexKey::column).collect();
        keys.len() == other.keys.len() && keys.starts_with(&rest) && (!index.unique || (other.unique && keys.len() == rest.len()))
    };
    !table.indexes.iter().filter(stays).any(|other| serves(other) || copies(other))
}

/// Whether another CHECK demands something of the same other columns, without this one.
fn is_said_again(table: &Table, kind: &ConstraintKind, column: &Ident) -> bool {
    let columns = |kind: &ConstraintKind| match kind {
        ConstraintKind::Check(condition) => condition.columns.clone(),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => Vec::new(),
    };
    let rest: Vec<Ident> = columns(kind).into_iter().filter(|other| other != column).collect();
    table
        .constraints
        .iter()
        .map(|held| columns(&held.kind))
        .any(|other| !other.contains(column) && other.len() > rest.len() && rest.iter().all(|name| other.contains(name)))
}

fn is_shared_check(kind: &ConstraintKind, column: &Ident) -> bool {
    match kind {
        ConstraintKind::Check(condition) => condition.columns.contains(column) && condition.columns.iter().any(|other| other != column),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => false,
    }
}
