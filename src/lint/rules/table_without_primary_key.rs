//! table-without-primary-key: rows that cannot be told apart.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Persistence};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("table-without-primary-key"),
    doc: include_str!("../../../lints/table-without-primary-key.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateTable(create) = frame.operation else { return };
    let made_otherwise = create.partition_of.is_some()
        || create.as_query.is_some()
        || create.foreign
        || !create.like.is_empty()
        || !create.inherits.is_empty();
    let is_key = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey(_));
    let keyed = create.constraints.iter().any(|constraint| is_key(&constraint.kind));
    if made_otherwise || keyed || create.persistence == Persistence::Temporary {
        return;
    }
    let added = frame.behind().any(|clause| match &clause.operation {
        Operation::AddConstraint(add) => add.table == create.name && is_key(&add.constraint.kind),
        _ => false,
    });
    if !added {
        findings.push(
            Fault::new(format!("`{}` has no primary key: no row can be named, replicated by its key or walked in batches", create.name))
                .help("give it one, such as `id bigint PRIMARY KEY`"),
        );
    }
}
