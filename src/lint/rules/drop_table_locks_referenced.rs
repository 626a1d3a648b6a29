//! drop-table-locks-referenced: reads and writes of the tables that it references wait as well.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-table-locks-referenced"),
    doc: include_str!("../../../lints/drop-table-locks-referenced.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropTable(drop) = frame.operation else { return };
    let Some(table) = frame.table(&drop.name).filter(|_| !frame.is_new_table(&drop.name)) else { return };
    let mut parents: Vec<&ObjectName> = Vec::new();
    let mut drops = String::new();
    for constraint in &table.constraints {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
        let parent = &key.references;
        if *parent == table.name || !frame.is_old_table(parent) || is_dropped_too(frame, parent) {
            continue;
        }
        if !parents.contains(&parent) {
            parents.push(parent);
        }
        if let Some(name) = &constraint.name {
            drops.push_str(&format!("{} DROP CONSTRAINT {};\n", recipe::alter(frame.dialect(), &drop.name), name.spelled(frame.dialect())));
        }
    }
    if parents.is_empty() {
        return;
    }
    let named: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let fault = Fault::new(format!(
        "dropping `{}` takes an ACCESS EXCLUSIVE lock on `{}` too, which its foreign keys reference: all of them must be had at once",
        drop.name,
        named.join("`, `")
    ))
    .help(format!("where these are busy, drop the keys one by one first, each in its own transaction:\n{}", drops.trim_end()));
    findings.push(parents.into_iter().fold(fault, Fault::on));
}

/// Whether the same transaction drops the table as well.
fn is_dropped_too(frame: &Frame<'_>, name: &ObjectName) -> bool {
    frame.later().any(|clause| match &clause.operation {
        Operation::DropTable(drop) => frame.before.canonical(&drop.name) == *name,
        _ => false,
    })
}
