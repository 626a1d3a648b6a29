//! create-partition-locks-parent: reads and writes of the whole partitioned table wait behind the lock that it waits for.

use crate::lint::cure::text::behind_name;
use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::Level;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("create-partition-locks-parent"),
    doc: include_str!("../../../lints/create-partition-locks-parent.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTable(create) = frame.operation else { return };
    let Some((parent, bound)) = &create.partition_of else { return };
    if frame.impact.lock(&frame.before.canonical(parent)).is_none() || frame.is_new_table(parent) {
        return;
    }
    let dialect = frame.dialect();
    let scanned = frame.impact.scans().find(|table| !frame.is_new_table(table));
    let (name, above) = (create.name.spelled(dialect), parent.spelled(dialect));
    let alter = recipe::alter(dialect, parent);
    let bounds = behind_name(frame.sql(), "of").map(str::trim).filter(|rest| !rest.starts_with('('));
    let make = format!("CREATE TABLE {name} (LIKE {above} INCLUDING ALL EXCLUDING IDENTITY);");
    let fault = match scanned {
        Some(default) => Fault::new(format!(
            "a new partition reads every row of the DEFAULT partition `{default}`, and reads and writes of `{parent}` wait meanwhile"
        ))
        .on(default)
        .help(format!(
            "let a validated CHECK on `{default}` say that it holds no such row, then attach a table made apart; begin with `{make}`"
        )),
        None => Fault::new(format!(
            "a new partition takes an ACCESS EXCLUSIVE lock on `{parent}` for a moment: every query on it waits meanwhile"
        ))
        .at_most(Level::Notice)
        .help(format!("make the table apart and attach it, which lets reads and writes go on; begin with `{make}`")),
    };
    let fault = fault.on(parent);
    let attach = bounds.map(|bounds| format!("{make}\n{alter} ATTACH PARTITION {name} {bounds};\n"));
    let outside = scanned.and_then(|default| Some((default, frame.partition_key(parent)?)));
    findings.push(match (attach, outside) {
        (Some(attach), None) if scanned.is_none() => fault.cure(frame.phase(), attach),
        (Some(attach), Some((default, key))) => match frame.check_outside(default, key, bound) {
            Some(check) => {
                fault.cure(frame.tightening_phase(default, std::slice::from_ref(key)), format!("{}{attach}{}", check.add, check.drop))
            }
            None => fault,
        },
        (Some(_) | None, _) => fault,
    });
}
