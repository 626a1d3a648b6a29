//! unqualified-name: an object whose schema depends on a setting.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Persistence;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unqualified-name"),
    doc: include_str!("../../../lints/unqualified-name.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::CreateTable,
            OperationKind::CreateView,
            OperationKind::CreateRoutine,
            OperationKind::CreateType,
            OperationKind::CreateSequence,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let name = match frame.operation {
        Operation::CreateTable(create) if create.persistence != Persistence::Temporary => &create.name,
        Operation::CreateView(create) if !create.temporary => &create.name,
        Operation::CreateRoutine(create) => &create.name,
        Operation::CreateType { name, .. } | Operation::CreateSequence { name, temporary: false, .. } => name,
        _ => return,
    };
    if name.schema.is_none() {
        findings.push(
            Fault::new(format!("`{name}` names no schema: where it is made depends on search_path"))
                .help(format!("say where it belongs, such as `public.{name}`")),
        );
    }
}
