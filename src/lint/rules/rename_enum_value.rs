//! rename-enum-value: the old label is refused while running releases still write it.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::rename_label;
use crate::schema::operation::{DataKind, TypeChange};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("rename-enum-value"),
    doc: include_str!("../../../lints/rename-enum-value.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterType, OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (name, label, to) = match frame.operation {
        Operation::AlterType { name, change: TypeChange::RenameLabel { label, to } } => (name, label, to),
        Operation::ChangeData(change) if change.kind == DataKind::Update && change.table.name.as_str() == "pg_enum" => {
            findings.push(
                Fault::new("an UPDATE of pg_enum renames a label under running releases, which still write and read the old one")
                    .help("add a label and leave the old one: `ALTER TYPE … ADD VALUE '…';`"),
            );
            return;
        }
        _ => return,
    };
    let found = frame.before.user_type(name);
    let held = found.recorded();
    let origin = held.and_then(|held| held.enum_labels()?.iter().find(|held| &held.text == label)).map(|held| &held.origin);
    if found.is_absent() || frame.is_new(held.map(|held| &held.origin)) || frame.is_new(origin) {
        return;
    }
    let add = format!("ALTER TYPE {} ADD VALUE '{}';", name.spelled(frame.dialect()), to.replace('\'', "''"));
    findings.push(
        Fault::new(format!("running releases that write or read '{label}' of `{name}` fail: the server knows it as '{to}' only"))
            .help(format!("add the new label, rewrite the rows in backfill.sql, and leave the old label where it is: `{add}`"))
            .by_phases(&rename_label(&frame.given(), name, label, to)),
    );
}
