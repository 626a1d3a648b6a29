//! drop-cascade: CASCADE takes away objects that nobody named.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::View;
use crate::schema::operation::{ConstraintRef, Verb};
use crate::schema::{Dependent, Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-cascade"),
    doc: include_str!("../../../lints/drop-cascade.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::DropTable,
            OperationKind::DropColumn,
            OperationKind::DropConstraint,
            OperationKind::DropIndex,
            OperationKind::DropView,
            OperationKind::DropRoutine,
            OperationKind::DropTrigger,
            OperationKind::DropType,
            OperationKind::DropSequence,
            OperationKind::DropSchema,
            OperationKind::OtherObject,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some((kind, name)) = dropped(frame) else { return };
    let mut told = format!("CASCADE drops whatever hangs on {kind} `{name}`, also objects that no migration names");
    let dependents = dependents(frame);
    if !dependents.is_empty() {
        let names: Vec<&str> = dependents.iter().map(|(name, _)| name.as_str()).collect();
        told.push_str(&format!("; known here: {}", names.join(", ")));
    }
    let nothing_known = dependents.is_empty() && is_followed(frame);
    let drops: String = dependents.into_iter().map(|(_, drop)| drop).collect();
    let sql = format!("{drops}{};\n", without_cascade(frame.sql()));
    let fault = Fault::new(told)
        .help(format!("drop each dependent by its own statement, then say RESTRICT or nothing:\n{}", sql.trim_end()))
        .cure(frame.phase(), sql);
    findings.push(if nothing_known { fault.at_most(Level::Notice) } else { fault });
}

/// Whether the migrations tell everything that hangs on a table or a column.
fn is_followed(frame: &Frame<'_>) -> bool {
    if let Operation::DropTable(drop) = frame.operation {
        return frame.is_known(&drop.name) && frame.before.heirs(&drop.name).next().is_none();
    }
    matches!(frame.operation, Operation::DropColumn { table, .. } if frame.is_known(table))
}

/// What a clause drops with CASCADE, unless nobody can depend on it yet or it does not exist.
fn dropped<'a>(frame: &Frame<'a>) -> Option<(&'static str, String)> {
    let schema = frame.before;
    let told = |kind: &'static str, name: &dyn std::fmt::Display| Some((kind, name.to_string()));
    let silent = match frame.operation {
        Operation::DropTable(drop) => schema.table(&drop.name).is_absent() || frame.is_new_table(&drop.name),
        Operation::DropColumn { table, column, .. } => {
            schema.column(table, column).is_absent() || frame.column_seen(table, column) == Seen::ByNobody
        }
        Operation::DropConstraint { table, .. } => frame.is_new_table(table),
        Operation::DropIndex { index, .. } => {
            let found = schema.index(index, None);
            found.is_absent() || frame.is_new(found.recorded().map(|(_, index)| &index.origin))
        }
        Operation::DropView { drop, .. } => schema.view(&drop.name).is_absent() || frame.is_new_object(&drop.name),
        Operation::DropRoutine { drop, arguments } => {
            let found = schema.routine(&drop.name);
            let overload = found.recorded().and_then(|routine| routine.overload(arguments.as_deref()));
            found.is_absent() || frame.is_new(overload.map(|overload| &overload.origin))
        }
        Operation::DropTrigger { trigger, table, .. } => {
            let found = schema.trigger(trigger, table.as_ref());
            found.is_absent() || frame.is_new(found.recorded().map(|(_, trigger)| &trigger.origin))
        }
        Operation::DropType { drop, .. } => schema.user_type(&drop.name).is_absent() || frame.is_new_object(&drop.name),
        Operation::DropSequence(drop) => schema.sequence(&drop.name).is_absent() || frame.is_new_object(&drop.name),
        Operation::DropSchema { name, .. } => frame.is_new(schema.schema_origin(name)),
        _ => false,
    };
    if silent {
        return None;
    }
    match frame.operation {
        Operation::DropTable(drop) if drop.cascade => told("table", &drop.name),
        Operation::DropColumn { table, column, cascade: true, .. } => told("column", &format_args!("{table}.{column}")),
        Operation::DropConstraint { table, cascade: true, constraint, .. } => match constraint {
            ConstraintRef::Named(name) | ConstraintRef::ForeignKey(name) | ConstraintRef::Check(name) => told("constraint", name),
            ConstraintRef::PrimaryKey => told("the primary key of", table),
        },
        Operation::DropIndex { index, cascade: true, .. } => told("index", index),
        Operation::DropView { drop, .. } if drop.cascade => told("view", &drop.name),
        Operation::DropRoutine { drop, .. } if drop.cascade => told("function", &drop.name),
        Operation::DropTrigger { trigger, cascade: true, .. } => told("trigger", trigger),
        Operation::DropType { drop, .. } if drop.cascade => told("type", &drop.name),
        Operation::DropSequence(drop) if drop.cascade => told("sequence", &drop.name),
        Operation::DropSchema { name, cascade: true, .. } => told("schema", name),
        Operation::OtherObject { verb: Verb::Drop, name, cascade: true, .. } => {
            told("object", &name.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        _ => None,
    }
}

/// The dependents that the replay knows, with the statements that drop them; what is part of the table goes with it anyway.
fn dependents(frame: &Frame<'_>) -> Vec<(String, String)> {
    let dialect = frame.dialect();
    let of_view = |view: &View| (format!("view `{}`", view.name), format!("DROP VIEW {};\n", view.name.spelled(dialect)));
    let (table, column) = match frame.operation {
        Operation::DropTable(drop) => (&drop.name, None),
        Operation::DropColumn { table, column, .. } => (table, Some(column)),
        Operation::DropView { drop, .. } => return frame.before.views_reading(&drop.name).map(of_view).collect(),
        _ => return Vec::new(),
    };
    let found = frame.before.dependents(table, column).into_iter().filter_map(|dependent| match dependent {
        Dependent::View(view) => Some(of_view(view)),
        Dependent::ForeignKey { table, constraint } => {
            let name = constraint.name.as_ref()?;
            let drop = format!("{} DROP CONSTRAINT {};\n", recipe::alter(dialect, &table.name), name.spelled(dialect));
            Some((format!("foreign key `{name}` of `{}`", table.name), drop))
        }
        Dependent::GeneratedColumn(computed) => {
            let drop = format!("{} DROP COLUMN {};\n", recipe::alter(dialect, table), computed.name.spelled(dialect));
            Some((format!("column `{}`", computed.name), drop))
        }
        Dependent::Constraint(_) | Dependent::Index(_) | Dependent::Trigger { .. } | Dependent::Routine(_) => None,
    });
    found.collect()
}

/// The text without its last CASCADE.
fn without_cascade(sql: &str) -> String {
    let at = sql.to_ascii_lowercase().rfind("cascade");
    match at {
        Some(at) => format!("{}{}", sql[..at].trim_end(), &sql[at + "cascade".len()..]),
        None => sql.to_owned(),
    }
}
