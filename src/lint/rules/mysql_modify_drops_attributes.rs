//! mysql-modify-drops-attributes: what a restated column does not repeat is gone.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::pretty;
use crate::schema::expression::Shape;
use crate::schema::operation::{ColumnChange, NewColumn};
use crate::schema::table::{Column, ConstraintKind, Detail, Generated};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-modify-drops-attributes"),
    doc: include_str!("../../../lints/mysql-modify-drops-attributes.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, constraints } } = frame.operation else {
        return;
    };
    let Some(held) = frame.column(table, column) else { return };
    if !frame.is_old_column(table, column) {
        return;
    }
    let keyed = frame.table(table).is_some_and(|table| table.primary_key().contains(column));
    let (lost, mut noted) = (lost(held, new, keyed), notes(held, new));
    if frame.server.version.is_mariadb() && !constraints.iter().any(|added| matches!(added.kind, ConstraintKind::Check(_))) {
        // Behind the column or beside it: only the first goes, and the migrations do not tell them apart.
        let rules = frame.table(table).into_iter().flat_map(|table| recipe::rules_behind(table, column));
        noted.extend(rules.map(|rule| format!("CHECK ({})", pretty(rule))));
    }
    let all: Vec<String> = lost.iter().chain(&noted).cloned().collect();
    if all.is_empty() || only_relaxes(held, new, &all) {
        return;
    }
    let message = format!("the new definition of `{table}.{column}` does not repeat {}, so the column loses it", all.join(" and "));
    let fault = Fault::new(message).help(format!("repeat it: `{} {}`", frame.clause_sql(), all.join(" ")));
    findings.push(if lost.is_empty() { fault.at_most(Level::Warn) } else { fault });
}

/// Where nothing but NOT NULL differs, taking it away is what the statement is for.
fn only_relaxes(held: &Column, new: &NewColumn, lost: &[String]) -> bool {
    new.ty.as_ref() == Some(&held.ty) && lost == ["NOT NULL"]
}

/// What running releases rest on.
fn lost(held: &Column, new: &NewColumn, keyed: bool) -> Vec<String> {
    let mut lost = Vec::new();
    let numbers = |generated: &Generated| *generated == Generated::Serial;
    let said_null = new.details.contains(&Detail::Nullable);
    if held.not_null && !new.not_null && !keyed && !said_null && !numbers(&held.generated) {
        lost.push("NOT NULL".to_owned());
    }
    if let Some(default) = held.default.as_ref().filter(|default| default.shape != Shape::Null && new.default.is_none()) {
        lost.push(format!("DEFAULT {}", default.text));
    }
    if numbers(&held.generated) && !numbers(&new.generated) {
        lost.push("AUTO_INCREMENT".to_owned());
    }
    if held.details.contains(&Detail::OnUpdate) && !new.details.contains(&Detail::OnUpdate) {
        lost.push("ON UPDATE CURRENT_TIMESTAMP".to_owned());
    }
    lost
}

/// What only people and tools read.
fn notes(held: &Column, new: &NewColumn) -> Vec<String> {
    let mut notes = Vec::new();
    for detail in &held.details {
        match detail {
            Detail::Comment(text) if !text.is_empty() && !new.details.iter().any(|detail| matches!(detail, Detail::Comment(_))) => {
                notes.push(format!("COMMENT '{}'", text.replace('\'', "''")));
            }
            Detail::Invisible if !new.details.contains(&Detail::Invisible) => notes.push("INVISIBLE".to_owned()),
            Detail::Comment(_)
            | Detail::Invisible
            | Detail::Charset(_)
            | Detail::OnUpdate
            | Detail::Nullable
            | Detail::IgnoredReference(_) => {}
        }
    }
    notes
}
