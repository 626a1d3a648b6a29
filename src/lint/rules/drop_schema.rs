//! drop-schema: a running release still names objects of the schema.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ObjectChange;
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-schema"),
    doc: include_str!("../../../lints/drop-schema.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropSchema], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropSchema { name, if_exists, .. } = frame.operation else { return };
    let origin = frame.before.schema_origin(name);
    let named_here = || {
        frame.earlier().any(|clause| match &clause.operation {
            Operation::AlterSchema { change: ObjectChange::Rename(to), .. } => to == name,
            _ => false,
        })
    };
    let never_made = *if_exists && origin.is_none() && frame.before.history() == Knowledge::Known && name.as_str() != "public";
    if frame.is_new(origin) || named_here() || never_made {
        return;
    }
    let sql = format!("DROP SCHEMA {};", name.spelled(frame.dialect()));
    findings.push(
        Fault::new(format!("dropping schema `{name}` breaks every running release that names it or what lies in it"))
            .help(format!("drop what lies in it one by one, then the empty schema, in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}
