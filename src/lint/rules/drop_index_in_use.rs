//! drop-index-in-use: queries of running releases lose an index at once.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::Seen;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-index-in-use"),
    doc: include_str!("../../../lints/drop-index-in-use.md"),
    class: Class::Waiting,
    levels: PhaseLevels { expand: Level::Warn, backfill: Level::Warn, contract: Level::Allow },
    dialects: &Dialect::ALL,
    yields_to: &["drop-index-before-replacement", "drop-index-blocks-table"],
    check: Check::Of(&[OperationKind::DropIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropIndex { index, table, .. } = frame.operation else { return };
    let Some(table) = table else {
        if let Some(fault) = by_name_alone(frame, index) {
            findings.push(fault);
        }
        return;
    };
    if frame.is_new_table(table) || frame.before.table(table).is_absent() || is_covered(frame, table, &index.name) {
        return;
    }
    let (dialect, name) = (frame.dialect(), &index.name);
    let (alter, spelled) = (recipe::alter(dialect, table), name.spelled(dialect));
    let hide = if frame.server.version.is_mariadb() { "IGNORED" } else { "INVISIBLE" };
    findings.push(
        Fault::new(format!("queries of running releases may rest on the index `{name}` of `{table}`: their plans change at once"))
            .on(table)
            .help(format!(
                "hide it first, which is taken back in a moment, and drop it in contract.sql: `{alter} ALTER INDEX {spelled} {hide};`"
            ))
            .cure(Phase::Contract, format!("{alter} DROP INDEX {spelled};")),
    );
}

/// Where an index has a name of its own in the schema and cannot be hidden: for what it is worth.
fn by_name_alone(frame: &Frame<'_>, index: &ObjectName) -> Option<Fault> {
    let (table, dropped) = frame.before.index(index, None).recorded()?;
    if !dropped.valid || frame.is_new_table(table) || is_covered(frame, table, &index.name) {
        return None;
    }
    let spelled = index.spelled(frame.dialect());
    let sql = match frame.dialect() {
        Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {spelled};"),
        Dialect::Sqlite | Dialect::Mysql => format!("DROP INDEX {spelled};"),
    };
    let fault = Fault::new(format!(
        "queries of running releases may rest on the index `{index}` of `{table}`: without it they read the whole table"
    ));
    Some(
        fault
            .on(table)
            .at_most(Level::Notice)
            .help(format!("drop it in contract.sql, when they are gone: `{sql}`"))
            .cure(Phase::Contract, sql),
    )
}

/// Whether it was never there, nobody has seen it, or another index begins with the same columns.
fn is_covered(frame: &Frame<'_>, table: &ObjectName, name: &Ident) -> bool {
    let Some(table) = frame.table(table) else { return false };
    let Some(dropped) = table.index(name) else { return table.knowledge == Knowledge::Known };
    frame.seen(&dropped.origin) == Seen::ByNobody
        || table.indexes.iter().any(|other| other.name.as_ref() != Some(name) && other.valid && other.keys.starts_with(&dropped.keys))
}
