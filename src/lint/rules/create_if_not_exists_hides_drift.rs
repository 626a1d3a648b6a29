//! create-if-not-exists-hides-drift: what exists has another shape, and stays.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{AddColumn, CreateIndex, CreateTable, CreateView, NewColumn};
use crate::schema::table::{Column, Table};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("create-if-not-exists-hides-drift"),
    doc: include_str!("../../../lints/create-if-not-exists-hides-drift.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::CreateIndex, OperationKind::CreateView], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let drift = match frame.operation {
        Operation::CreateTable(create) if create.if_not_exists => of_table(frame, create),
        Operation::AddColumn(add) if add.if_not_exists => of_column(frame, add),
        Operation::CreateIndex(create) if create.if_not_exists => of_index(frame, create),
        Operation::CreateView(create) if create.if_not_exists => of_view(frame, create),
        _ => return,
    };
    if let Some(drift) = drift {
        findings.push(
            Fault::new(format!("{drift}, so IF NOT EXISTS leaves it as it is, and the statement does nothing"))
                .help("write down the change from what is there: `ALTER TABLE … ADD COLUMN …;`, or leave IF NOT EXISTS out"),
        );
    }
}

fn of_table(frame: &Frame<'_>, create: &CreateTable) -> Option<String> {
    let old = frame.before.table(&create.name).known()?;
    let differing = |new: &NewColumn| match old.column(&new.name) {
        None => Some(format!("`{}` exists without column `{}`", create.name, new.name)),
        Some(held) if differs(held, new) => Some(format!("`{}` exists with another `{}`: {}", create.name, new.name, shown(held))),
        Some(_) => None,
    };
    create.columns.iter().find_map(differing)
}

fn of_column(frame: &Frame<'_>, add: &AddColumn) -> Option<String> {
    let held = frame.before.table(&add.table).known().and_then(|table: &Table| table.column(&add.column.name))?;
    differs(held, &add.column).then(|| format!("`{}.{}` exists already as {}", add.table, held.name, shown(held)))
}

fn of_index(frame: &Frame<'_>, create: &CreateIndex) -> Option<String> {
    let name = ObjectName { schema: create.table.schema.clone(), name: create.name.clone()? };
    let (carrier, held) = frame.before.index(&name, (frame.dialect() == Dialect::Mysql).then_some(&create.table)).known()?;
    let predicate = |text: Option<&crate::schema::Expression>| text.map(|predicate| predicate.text.clone());
    let same = *carrier == frame.before.canonical(&create.table)
        && held.keys == create.keys
        && held.unique == create.unique
        && predicate(held.predicate.as_ref()) == predicate(create.predicate.as_ref());
    (!same).then(|| format!("index `{}` exists already on other keys or rows of `{carrier}`", name.name))
}

fn of_view(frame: &Frame<'_>, create: &CreateView) -> Option<String> {
    let held = frame.before.view(&create.name).known()?;
    let reads = create.reads.iter().map(|read| frame.before.canonical(read)).eq(held.reads.iter().cloned());
    (!reads || held.uses != create.uses).then(|| format!("view `{}` exists already with another query", create.name))
}

fn differs(held: &Column, new: &NewColumn) -> bool {
    let weaker = new.not_null && !held.not_null;
    new.ty.as_ref().is_some_and(|ty| *ty != held.ty) || weaker || new.default.is_some() && held.default.is_none()
}

fn shown(held: &Column) -> String {
    let null = if held.not_null { " NOT NULL" } else { "" };
    let default = held.default.as_ref().map(|default| format!(" DEFAULT {}", default.text)).unwrap_or_default();
    format!("`{}{null}{default}`", held.ty)
}
