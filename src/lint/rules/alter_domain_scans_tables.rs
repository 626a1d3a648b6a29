//! alter-domain-scans-tables: every column of the domain is bound at once, and every table with one is read.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::TypeChange;
use crate::schema::table::Validity;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("alter-domain-scans-tables"),
    doc: include_str!("../../../lints/alter-domain-scans-tables.md"),
    class: Class::OldReleases,
    levels: PhaseLevels { contract: Level::Notice, ..PhaseLevels::DENY },
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterType], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterType { name, change } = frame.operation else { return };
    let (binds, reads) = match change {
        TypeChange::SetNotNull | TypeChange::AddCheck { validity: Validity::Valid, .. } => (true, true),
        TypeChange::AddCheck { validity: Validity::NotValid, .. } => (true, false),
        TypeChange::Validate(_) => (false, true),
        _ => return,
    };
    let schema = frame.before;
    let domain = schema.user_type(name);
    let canonical = schema.canonical(name);
    let tables: Vec<ObjectName> = schema.tables_with_type(&canonical).into_iter().filter(|table| !frame.is_new_table(table)).collect();
    if domain.is_absent() || frame.is_new(domain.recorded().map(|domain| &domain.origin)) || (tables.is_empty() && domain.known().is_some())
    {
        return;
    }
    if frame.phase() == Phase::Contract && !reads {
        return;
    }
    let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    let names = if names.is_empty() { "every table with the domain".to_owned() } else { names.join(", ") };
    let message = match (binds, reads) {
        (true, true) => {
            format!("`{name}` refuses what running releases write from this moment, and writes to {names} wait while every row is read")
        }
        (true, false) => {
            format!("`{name}` refuses what running releases write to {names} from this moment; NOT VALID spares only the rows that exist")
        }
        (false, _) => format!("writes to {names} wait while every row is read"),
    };
    findings.push(Fault::new(message).help(format!(
        "put the CHECK on the columns instead, NOT VALID, and validate it; or tighten the domain in contract.sql: `{};`",
        frame.sql()
    )));
}
