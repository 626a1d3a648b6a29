//! duplicate-index: an index does what another does already.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::CreateIndex;
use crate::schema::table::Index;
use crate::schema::{Dialect, Ident, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("duplicate-index"),
    doc: include_str!("../../../lints/duplicate-index.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(new) = frame.operation else { return };
    let same_name = |index: &Index| index.name.is_some() && index.name == new.name;
    let Some(table) = frame.table(&new.table) else { return };
    let Some(old) = table.indexes.iter().find(|index| !same_name(index) && covers(index, new)) else { return };
    let Some(name) = old.name.as_ref().filter(|name| !is_dropped_later(frame, name)) else { return };
    let same = if old.keys.len() == new.keys.len() { "has the same keys" } else { "begins with the same keys" };
    findings.push(
        Fault::new(format!("`{name}` of `{}` {same}: each write pays for both, and queries need one", table.name))
            .help(format!("leave it out; if its order or size is needed, drop the other in contract.sql: `DROP INDEX {name};`")),
    );
}

/// Whether every query that the new index serves is served by the old one.
fn covers(old: &Index, new: &CreateIndex) -> bool {
    let unique = !new.unique || old.unique && old.keys.len() == new.keys.len();
    old.valid
        && unique
        && old.method == new.method
        && old.predicate.as_ref().map(|predicate| &predicate.text) == new.predicate.as_ref().map(|predicate| &predicate.text)
        && new.include.iter().all(|column| old.include.contains(column))
        && !new.keys.is_empty()
        && old.keys.starts_with(&new.keys)
}

/// Whether the new index takes the place of the old one.
fn is_dropped_later(frame: &Frame<'_>, name: &Ident) -> bool {
    frame.later_in_script().any(|clause| match &clause.operation {
        Operation::DropIndex { index, .. } => index.name == *name,
        _ => false,
    })
}
