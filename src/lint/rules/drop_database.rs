//! drop-database: a migration that drops a database leaves nothing to come back to.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ObjectKind, Verb};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-database"),
    doc: include_str!("../../../lints/drop-database.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::OtherObject, OperationKind::DropSchema], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let name = match frame.operation {
        Operation::OtherObject { verb: Verb::Drop, kind: ObjectKind::Database, name, .. } => {
            name.as_ref().map(ToString::to_string).unwrap_or_default()
        }
        Operation::DropSchema { name, .. } if frame.dialect() == Dialect::Mysql && !frame.is_new(frame.before.schema_origin(name)) => {
            name.to_string()
        }
        _ => return,
    };
    findings.push(
        Fault::new(format!("dropping database `{name}` takes every table in it, for every release and every service"))
            .help("drop tables one by one in contract.sql, and a database by hand, after a backup: `DROP TABLE …;`"),
    );
}
