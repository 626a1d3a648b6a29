//! effect-not-followed: something changes that running releases may rely on and that no other lint looks into.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{AccessChange, MaintenanceKind, ObjectChange, ObjectKind, SequenceChange, TableChange, TypeChange, Verb};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("effect-not-followed"),
    doc: include_str!("../../../lints/effect-not-followed.md"),
    class: Class::OldReleases,
    levels: PhaseLevels { expand: Level::Notice, backfill: Level::Notice, contract: Level::Allow },
    dialects: &[Dialect::Postgres],
    yields_to: &["drop-cascade"],
    check: Check::Of(
        &[
            OperationKind::OtherObject,
            OperationKind::AlterType,
            OperationKind::AlterRoutine,
            OperationKind::AlterSequence,
            OperationKind::AlterTable,
            OperationKind::AlterView,
            OperationKind::Access,
            OperationKind::Maintenance,
            OperationKind::Query,
        ],
        check,
    ),
};

/// Functions that end what others are doing.
const ENDING: [&str; 2] = ["pg_terminate_backend", "pg_cancel_backend"];

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let what = match frame.operation {
        Operation::OtherObject { verb, kind, name, .. } if concerns_others(*verb, *kind) && !is_made_here(frame, *kind, name.as_ref()) => {
            "this object".to_owned()
        }
        Operation::AlterType { name, change: TypeChange::Attribute } if !frame.is_new_object(name) => format!("composite type `{name}`"),
        Operation::AlterRoutine { routine, change: ObjectChange::Option } if is_known(frame, routine) => format!("function `{routine}`"),
        Operation::AlterSequence { name, change: SequenceChange::Option } if is_known(frame, name) => format!("sequence `{name}`"),
        Operation::AlterView { view, change: ObjectChange::Option } if is_known(frame, view) => format!("view `{view}`"),
        // Queries of the parent see the rows of its children.
        Operation::AlterTable { table, change: TableChange::Inherit { parent, .. } }
            if is_known(frame, parent) && is_known(frame, table) =>
        {
            format!("table `{parent}`")
        }
        // The owner may do what nobody granted.
        Operation::Access(AccessChange::Owner { of }) if of.as_ref().is_none_or(|name| is_known(frame, name)) => {
            of.as_ref().map_or_else(|| "the ownership".to_owned(), |name| format!("`{name}`"))
        }
        Operation::Access(AccessChange::Role { verb: Verb::Alter }) => "this role".to_owned(),
        Operation::Maintenance { kind: MaintenanceKind::Server, .. } => "the whole server".to_owned(),
        Operation::OtherObject { verb: Verb::Create, kind: ObjectKind::Cast, .. } if applies_by_itself(frame) => {
            "expressions that it converts by itself".to_owned()
        }
        Operation::Query { functions, .. } if functions.iter().any(|function| ENDING.contains(&function.name.as_str())) => {
            "the sessions that it ends".to_owned()
        }
        _ => return,
    };
    findings.push(
        Fault::new(format!(
            "what running releases and other readers make of {what} is not followed here: a person has to judge the change"
        ))
        .help("add what is new under a new name, and change or drop the old in contract.sql; `migrate explain effect-not-followed`"),
    );
}

/// Whether a new cast changes what existing expressions mean: AS IMPLICIT or AS ASSIGNMENT.
fn applies_by_itself(frame: &Frame<'_>) -> bool {
    let text = frame.clause_sql().to_ascii_lowercase();
    text.ends_with("implicit") || text.ends_with("assignment")
}

/// Whether others can have seen the object: it is there, or nobody knows.
fn is_known(frame: &Frame<'_>, name: &ObjectName) -> bool {
    !frame.is_new_object(name) && !frame.is_named_here(name)
}

/// Whether a statement changes what somebody else may be using.
fn concerns_others(verb: Verb, kind: ObjectKind) -> bool {
    match kind {
        // Rules and event triggers act on statements of others as soon as they are there.
        ObjectKind::Rule | ObjectKind::EventTrigger => true,
        ObjectKind::AccessMethod
        | ObjectKind::Aggregate
        | ObjectKind::Cast
        | ObjectKind::Collation
        | ObjectKind::Conversion
        | ObjectKind::ForeignDataWrapper
        | ObjectKind::Language
        | ObjectKind::Operator
        | ObjectKind::OperatorClass
        | ObjectKind::OperatorFamily
        | ObjectKind::Publication
        | ObjectKind::Server
        | ObjectKind::Subscription
        | ObjectKind::Tablespace
        | ObjectKind::TextSearch
        | ObjectKind::Transform
        | ObjectKind::UserMapping => verb != Verb::Create,
        // Another release of it, another schema for it; that it comes or goes has lints of its own.
        ObjectKind::Extension | ObjectKind::Database => verb == Verb::Alter,
        // Lints of their own, planner's statistics, large objects that a row names, and MySQL's events.
        ObjectKind::Statistics | ObjectKind::LargeObject | ObjectKind::Event => false,
    }
}

fn is_made_here(frame: &Frame<'_>, kind: ObjectKind, name: Option<&ObjectName>) -> bool {
    name.is_some()
        && frame.earlier().any(|clause| match &clause.operation {
            Operation::OtherObject { verb: Verb::Create, kind: made, name: named, .. } => *made == kind && named.as_ref() == name,
            _ => false,
        })
}
