//! identifier-truncated: a name is longer than the database keeps.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::name::POSTGRES_NAME_BYTES;
use crate::schema::operation::{ObjectChange, SequenceChange, TypeChange};
use crate::schema::{Dialect, Ident, Operation};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("identifier-truncated"),
    doc: include_str!("../../../lints/identifier-truncated.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Clause(check),
};

/// MySQL and MariaDB take names of this many characters (MySQL 8.0 manual, 11.2.1).
const MYSQL_NAME_CHARACTERS: usize = 64;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for name in made(frame.operation) {
        let fault = match frame.dialect() {
            Dialect::Postgres if name.written().len() > POSTGRES_NAME_BYTES => Fault::new(format!(
                "`{}` is longer than {POSTGRES_NAME_BYTES} bytes: the database silently cuts it to `{name}`, where it may meet another",
                name.written()
            )),
            Dialect::Mysql if name.written().chars().count() > MYSQL_NAME_CHARACTERS => {
                Fault::new(format!("`{}` is longer than {MYSQL_NAME_CHARACTERS} characters, and the database refuses it", name.written()))
            }
            Dialect::Postgres | Dialect::Mysql | Dialect::Sqlite => continue,
        };
        let short: String = name.as_str().chars().take(40).collect();
        findings.push(fault.help(format!("choose a shorter name: `{}`", short.trim_end_matches('_'))));
        return;
    }
}

/// The names that the operation gives.
fn made(operation: &Operation) -> Vec<&Ident> {
    match operation {
        Operation::CreateTable(create) => std::iter::once(&create.name.name)
            .chain(create.columns.iter().map(|column| &column.name))
            .chain(create.constraints.iter().filter_map(|constraint| constraint.name.as_ref()))
            .chain(create.indexes.iter().filter_map(|index| index.name.as_ref()))
            .collect(),
        Operation::AddColumn(add) => {
            std::iter::once(&add.column.name).chain(add.constraints.iter().filter_map(|constraint| constraint.name.as_ref())).collect()
        }
        Operation::AddConstraint(add) => add.constraint.name.iter().collect(),
        Operation::CreateIndex(index) => index.name.iter().collect(),
        Operation::CreateView(view) => vec![&view.name.name],
        Operation::CreateRoutine(routine) => vec![&routine.name.name],
        Operation::CreateTrigger(trigger) => vec![&trigger.name.name],
        Operation::CreateType { name, .. } | Operation::CreateSequence { name, .. } => vec![&name.name],
        Operation::CreateSchema { name, .. } => vec![name],
        Operation::RenameTable { to, .. }
        | Operation::RenameColumn { to, .. }
        | Operation::RenameConstraint { to, .. }
        | Operation::RenameIndex { to, .. }
        | Operation::RenameTrigger { to, .. }
        | Operation::AlterView { change: ObjectChange::Rename(to) | ObjectChange::RenameColumn { to, .. }, .. }
        | Operation::AlterRoutine { change: ObjectChange::Rename(to), .. }
        | Operation::AlterSchema { change: ObjectChange::Rename(to), .. }
        | Operation::AlterType { change: TypeChange::Rename(to), .. }
        | Operation::AlterSequence { change: SequenceChange::Rename(to), .. } => vec![to],
        _ => Vec::new(),
    }
}
