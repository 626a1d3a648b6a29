//! Scripts → steps: what a backend executes one at a time, and how each can be resumed after a kill.

use super::{Resume, Step, StepKind};
use crate::backfill::Job;
use crate::dialect::{self, TableLock, TransactionUse, Work};
use crate::lint::StatementReport;
use crate::migration::{Bounds, Cutting, Group, NodeRef, groups};
use crate::schema::operation::{MaintenanceKind, ReindexTarget};
use crate::schema::{ObjectName, Operation, Phase, Schema, Server};
use crate::sql::{CannotCut, Clause, Digest, Script, Span, Statement};

/// A statement of a backfill that cannot be run in batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncut {
    /// Its bytes.
    pub span: Span,
    /// Why.
    pub reason: CannotCut,
}

/// The steps of a script, with what cannot be made a step of.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// In order.
    pub steps: Vec<Step>,
    /// Backfill statements without a step.
    pub uncut: Vec<Uncut>,
}

impl Steps {
    /// Says what the project wants of how tables are cut.
    pub(super) fn cut_as(&mut self, cutting: &Cutting) {
        for step in &mut self.steps {
            match &mut step.kind {
                StepKind::Backfill(job) => job.cutting = cutting.clone(),
                StepKind::Transaction(_) | StepKind::Alone { .. } => {}
            }
        }
    }
}

/// Cuts a script into steps. `reports` tell how each statement goes with transactions; `schema` tells the keys
/// that backfills walk.
pub fn steps(node: &NodeRef, script: &Script, reports: &[StatementReport], schema: &Schema, server: Server) -> Steps {
    let mut cut = Cut { node, script, schema, server, steps: Steps::default() };
    for group in groups(script).groups {
        let statements = group.statements(script);
        match node.phase {
            Phase::Backfill if statements.iter().all(needs_no_batches) => cut.group(&group, statements, reports),
            Phase::Backfill => statements.iter().for_each(|statement| cut.job(statement)),
            Phase::Expand | Phase::Contract => cut.group(&group, statements, reports),
        }
    }
    cut.steps
}

struct Cut<'a> {
    node: &'a NodeRef,
    script: &'a Script,
    schema: &'a Schema,
    server: Server,
    steps: Steps,
}

impl Cut<'_> {
    fn push(&mut self, statements: &[Statement], reports: &[StatementReport], kind: StepKind) {
        let Some(first) = statements.first() else { return };
        let text: Vec<&str> = statements.iter().map(|statement| self.script.text(statement.span)).collect();
        // Bounded by the length of a file: 4 billion statements do not fit one.
        let number = u32::try_from(self.steps.steps.len()).unwrap_or(u32::MAX);
        self.steps.steps.push(Step {
            node: self.node.clone(),
            number,
            digest: Digest::of(&text.join(";\n"), self.server.dialect),
            place: self.script.source.line(first.span.start),
            locks: locks(statements, reports),
            work: work(statements, reports),
            kind,
        });
    }

    fn job(&mut self, statement: &Statement) {
        match Job::derive(self.script, statement, self.schema, self.server) {
            Ok(job) => self.push(std::slice::from_ref(statement), &[], StepKind::Backfill(Box::new(job))),
            Err(reason) => self.steps.uncut.push(Uncut { span: statement.span, reason }),
        }
    }

    fn group(&mut self, group: &Group, statements: &[Statement], reports: &[StatementReport]) {
        let alone = match (group.bounds, statements) {
            (Bounds::Lone, [statement]) => self.resume_alone(statement, reports),
            (Bounds::Lone | Bounds::Explicit, _) => None,
        };
        let text = |statement: &Statement| self.script.text(statement.span).to_owned();
        let kind = match (alone, statements) {
            (Some(resume), [statement]) => StepKind::Alone { sql: text(statement), resume },
            _ => StepKind::Transaction(statements.iter().map(text).collect()),
        };
        self.push(statements, reports, kind);
    }

    /// How a statement that runs outside a transaction is resumed; `None` for one that runs inside.
    fn resume_alone(&self, statement: &Statement, reports: &[StatementReport]) -> Option<Resume> {
        if let [clause] = &statement.clauses[..]
            && let Operation::SetSetting(_) = &clause.operation
        {
            return Some(Resume::Session);
        }
        let refuses = |transaction: TransactionUse| match transaction {
            TransactionUse::Forbidden | TransactionUse::CommitsImplicitly => true,
            TransactionUse::Transactional => false,
        };
        let forbidden = match reports.iter().find(|report| report.span == statement.span) {
            Some(report) => report.impacts.iter().any(|impact| refuses(impact.transaction)),
            // A script that ran is not judged again; its backfill may run again.
            None => {
                let impact = |clause: &Clause| dialect::impact(&self.server, &clause.operation, self.schema);
                statement.clauses.iter().any(|clause| refuses(impact(clause).transaction))
            }
        };
        if !forbidden {
            return None;
        }
        match &statement.clauses[..] {
            [clause] => Some(resume(&clause.operation)),
            _ => Some(Resume::Ask),
        }
    }
}

/// The strongest lock on each table that these statements were judged to take.
fn locks(statements: &[Statement], reports: &[StatementReport]) -> Vec<TableLock> {
    let mut strongest: Vec<TableLock> = Vec::new();
    let judged = reports.iter().filter(|report| statements.iter().any(|statement| statement.span == report.span));
    for lock in judged.flat_map(|report| &report.impacts).flat_map(|impact| &impact.locks) {
        match strongest.iter_mut().find(|found| found.table == lock.table) {
            Some(found) => found.lock = found.lock.max(lock.lock),
            None => strongest.push(lock.clone()),
        }
    }
    strongest
}

/// What these statements were judged to do to stored rows.
fn work(statements: &[Statement], reports: &[StatementReport]) -> Vec<Work> {
    let mut done = Vec::new();
    let judged = reports.iter().filter(|report| statements.iter().any(|statement| statement.span == report.span));
    for work in judged.flat_map(|report| &report.impacts).flat_map(|impact| &impact.work) {
        if !done.contains(work) {
            done.push(work.clone());
        }
    }
    done
}

/// Whether a statement of a backfill changes no row that could be cut into batches, and may run again: upkeep and settings.
fn needs_no_batches(statement: &Statement) -> bool {
    statement.clauses.iter().all(|clause| {
        matches!(
            clause.operation,
            Operation::Maintenance { kind: MaintenanceKind::Analyze | MaintenanceKind::Vacuum, .. }
                | Operation::RefreshView { .. }
                | Operation::SetSetting(_)
        )
    })
}

/// What the catalogue can tell about an operation that ran, or did not, outside a transaction.
fn resume(operation: &Operation) -> Resume {
    match operation {
        Operation::CreateIndex(create) => match &create.name {
            Some(name) => Resume::IndexBuilt {
                index: ObjectName { schema: create.table.schema.clone(), name: name.clone() },
                table: create.table.clone(),
            },
            None => Resume::Ask,
        },
        Operation::DropIndex { index, .. } => Resume::IndexGone { index: index.clone() },
        Operation::DetachPartition { parent, partition, .. } => {
            Resume::PartitionDetached { parent: parent.clone(), partition: partition.clone() }
        }
        Operation::Reindex { target, .. } => match target {
            ReindexTarget::Index(index) => Resume::Reindexed { target: index.clone(), index: Some(index.name.clone()) },
            ReindexTarget::Table(table) => Resume::Reindexed { target: table.clone(), index: None },
            ReindexTarget::Wider => Resume::Repeatable,
        },
        Operation::Maintenance { .. } | Operation::RefreshView { .. } | Operation::Query { .. } => Resume::Repeatable,
        Operation::SetSetting(_) => Resume::Session,
        Operation::CreateTable(_)
        | Operation::DropTable(_)
        | Operation::RenameTable { .. }
        | Operation::MoveTable { .. }
        | Operation::AddColumn(_)
        | Operation::DropColumn { .. }
        | Operation::RenameColumn { .. }
        | Operation::AlterColumn { .. }
        | Operation::AddConstraint(_)
        | Operation::ValidateConstraint { .. }
        | Operation::DropConstraint { .. }
        | Operation::RenameConstraint { .. }
        | Operation::AlterConstraint { .. }
        | Operation::AttachPartition { .. }
        | Operation::AlterTable { .. }
        | Operation::RenameIndex { .. }
        | Operation::AlterIndex { .. }
        | Operation::CreateView(_)
        | Operation::DropView { .. }
        | Operation::AlterView { .. }
        | Operation::CreateRoutine(_)
        | Operation::DropRoutine { .. }
        | Operation::AlterRoutine { .. }
        | Operation::CreateTrigger(_)
        | Operation::DropTrigger { .. }
        | Operation::RenameTrigger { .. }
        | Operation::CreateType { .. }
        | Operation::AlterType { .. }
        | Operation::DropType { .. }
        | Operation::CreateSequence { .. }
        | Operation::AlterSequence { .. }
        | Operation::DropSequence(_)
        | Operation::CreateSchema { .. }
        | Operation::AlterSchema { .. }
        | Operation::DropSchema { .. }
        | Operation::Access(_)
        | Operation::OtherObject { .. }
        | Operation::Comment { .. }
        | Operation::ChangeData(_)
        | Operation::Truncate { .. }
        | Operation::Transaction(_)
        | Operation::LockTable { .. }
        | Operation::Block(_)
        | Operation::Opaque(_) => Resume::Ask,
    }
}

/// Whether a statement of a backfill script changes data at all: others are the business of another lint.
pub(super) fn changes_data(statement: &Statement) -> bool {
    statement.clauses.iter().any(|clause| matches!(clause.operation, Operation::ChangeData(_)))
}

#[cfg(test)]
mod tests;
