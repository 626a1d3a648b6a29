//! drop-view: a running release still reads the view.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{CreateView, Drop};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-view"),
    doc: include_str!("../../../lints/drop-view.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropView, OperationKind::CreateView], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    match frame.operation {
        Operation::DropView { drop, .. } => dropped(frame, drop, findings),
        Operation::CreateView(create) if create.or_replace && frame.dialect() == Dialect::Mysql => shortened(frame, create, findings),
        _ => {}
    }
}

fn dropped(frame: &Frame<'_>, drop: &Drop, findings: &mut Findings) {
    let found = frame.before.view(&drop.name);
    let view = found.recorded();
    let again = || frame.is_shown_again(&drop.name, view.and_then(|view| view.columns.as_deref()));
    if found.is_absent() || frame.is_new(view.map(|view| &view.origin)) || frame.is_named_here(&drop.name) || again() {
        return;
    }
    let sql = format!("{};", frame.drop_sql());
    findings.push(
        Fault::new(format!("dropping view `{}` breaks every running release that reads it", drop.name))
            .help(format!("give what comes next another name, and drop the view in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// MySQL lets a view lose columns when it is replaced.
fn shortened(frame: &Frame<'_>, create: &CreateView, findings: &mut Findings) {
    let Some(view) = frame.before.view(&create.name).recorded().filter(|view| !frame.is_new(Some(&view.origin))) else { return };
    let (Some(old), Some(new)) = (&view.columns, frame.before.output(create)) else { return };
    let lost =
        old.iter().filter_map(|column| column.name.as_ref()).find(|name| !new.iter().any(|column| column.name.as_ref() == Some(name)));
    let Some(lost) = lost else { return };
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!("view `{}` no longer shows `{lost}`: every running release that reads it fails", create.name))
            .help(format!("make a view of another name, and change this one in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}
