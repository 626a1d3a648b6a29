//! updates-without-replica-identity: rows of a published table that nothing tells apart cannot be updated.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{DataKind, ObjectKind, TableChange, Verb};
use crate::schema::table::{Persistence, Table};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("updates-without-replica-identity"),
    doc: include_str!("../../../lints/updates-without-replica-identity.md"),
    class: Class::Data,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::ChangeData, OperationKind::DropConstraint, OperationKind::OtherObject, OperationKind::AlterTable],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Operation::AlterTable { table, change: TableChange::ReplicaIdentity } = frame.operation {
        let nothing = frame.clause_sql().to_ascii_lowercase().ends_with("nothing");
        if nothing && frame.before.is_published() && !frame.is_new_table(table) {
            findings.push(
                Fault::new(format!(
                    "nothing tells the rows of `{table}` apart any more: while it is published, every UPDATE and DELETE of it fails, those of the application too"
                ))
                .help(format!("`ALTER TABLE {} REPLICA IDENTITY DEFAULT;` uses the primary key", table.spelled(frame.dialect()))),
            );
        }
        return;
    }
    let tables: Vec<&Table> = match frame.operation {
        Operation::ChangeData(change) if frame.before.is_published() => match change.kind {
            DataKind::Update | DataKind::Delete | DataKind::Merge => frame.before.table(&change.table).known().into_iter().collect(),
            DataKind::Insert | DataKind::InsertSelect | DataKind::Replace | DataKind::Copy => return,
        },
        Operation::DropConstraint { table, .. } if frame.before.is_published() => {
            let had = frame.before.table(table).known().is_some_and(is_told_apart);
            frame.after.table(table).known().filter(|_| had).into_iter().collect()
        }
        Operation::OtherObject { verb: Verb::Create | Verb::Alter, kind: ObjectKind::Publication, .. } => published(frame),
        _ => return,
    };
    let Some(table) = tables.into_iter().find(|table| !is_told_apart(table)) else { return };
    findings.push(
        Fault::new(format!(
            "`{}` has no primary key and no REPLICA IDENTITY: once it is published, every UPDATE and DELETE of it fails, those of the application too",
            table.name
        ))
        .help(format!("give it a primary key before it is published, or at least `ALTER TABLE {} REPLICA IDENTITY FULL;`", table.name.spelled(frame.dialect()))),
    );
}

fn is_told_apart(table: &Table) -> bool {
    table.replica_identity || table.persistence != Persistence::Permanent || !table.primary_key().is_empty()
}

/// The tables that the publication names, or all.
fn published<'a>(frame: &Frame<'a>) -> Vec<&'a Table> {
    let lower = frame.clause_sql().to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let all = words.windows(2).any(|pair| pair == ["all", "tables"]);
    let mut tables: Vec<&Table> = frame.before.tables().filter(|table| all || words.contains(&table.name.name.as_str())).collect();
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}
