//! The replay of scripts in their order: each clause is judged between the schema before and after it.
//!
//! Two schemas stand one clause apart and share what neither changed, so the whole is linear and nothing is undone; what
//! stays in memory is the catalogue, never the text.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::allowance::Settled;
use super::finding::Finding;
use super::frame::{Commit, Dropped, Frame, Held, Remade, Transaction};
use super::hearing::{Hearing, Rulebook};
use super::level::Levels;
use super::plan_fault::PlanFault;
use crate::dialect::{self, Impact, TableLock, TransactionUse};
use crate::migration::{Allowance, Ending, Group, Grouping, MigrationId, Naming, Runner, SmallLimit};
use crate::schema::size::Sizes;
use crate::schema::table::Knowledge;
use crate::schema::{self, Dialect, Ident, ObjectName, Origin, Phase, Schema, Server};
use crate::sql::{Script, Span};

/// Objects that one script may change before what it changed is settled: copies stay cheap however long a script is.
const UNSETTLED: usize = 256;

/// What a project decided about lints, and the day on which it is judged.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `[lint.levels]`.
    pub levels: Levels,
    /// `small_tables`: nobody waits long for these.
    pub small_tables: Vec<ObjectName>,
    /// How large tables are, where somebody counted.
    pub sizes: Sizes,
    /// The largest of those that is small.
    pub small_limit: SmallLimit,
    /// Who runs the scripts: decides what shares a transaction.
    pub runner: Runner,
    /// `[lint.names]`.
    pub naming: Naming,
    /// Decides whether an allowance has expired.
    pub today: Date,
}

impl Policy {
    /// A policy that changes no level and knows no small table.
    pub fn of(today: Date) -> Policy {
        Policy {
            levels: Levels::default(),
            small_tables: Vec::new(),
            sizes: Sizes::unknown(),
            small_limit: SmallLimit::default(),
            runner: Runner::default(),
            naming: Naming::default(),
            today,
        }
    }

    /// Adds the tables of `small_tables`: `countries` or `app.countries`.
    #[must_use]
    pub fn with_small_tables<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Policy {
        self.small_tables.extend(names.into_iter().map(|name| match name.split_once('.') {
            Some((schema, name)) => ObjectName { schema: Some(Ident::stored(schema)), name: Ident::stored(name) },
            None => ObjectName::bare(Ident::stored(name)),
        }));
        self
    }
}

/// A script in its place.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The migration; for a loose file its path.
    pub migration: &'a MigrationId,
    /// The phase that it is judged for.
    pub phase: Phase,
    /// The script, read.
    pub script: &'a Script,
    /// `[[allow]]` of migration.toml.
    pub allowances: &'a [Allowance],
}

/// Whether a script is judged or only followed, because it ran long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// Run the rules.
    Yes,
    /// Only bring the schema up to date.
    No,
}

/// What was found in one script. Empty when it was not judged.
#[derive(Clone, Debug, Default)]
pub struct ScriptReport {
    /// Warnings and denials, in the order of the file.
    pub findings: Vec<Finding>,
    /// Findings that somebody answers for.
    pub allowed: Vec<Allowed>,
    /// One for each statement of the script that does work, in its order: BEGIN and COMMIT are left out.
    pub statements: Vec<StatementReport>,
}

/// A finding that an allowance silences.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// The finding.
    pub finding: Finding,
    /// Why it is right here, in the words of the allowance.
    pub reason: String,
}

/// What one statement does.
#[derive(Clone, Debug)]
pub struct StatementReport {
    /// Its number in the script.
    pub statement: usize,
    /// Its bytes.
    pub span: Span,
    /// The group that it belongs to, counted within the script.
    pub group: usize,
    /// What each clause locks, reads and writes, in the order of the clauses.
    pub impacts: Vec<Impact>,
}

/// Replays scripts in the order in which they are given.
#[derive(Clone, Debug)]
pub struct Replay {
    book: Arc<Rulebook>,
    after: Schema,
    transactions: u32,
    settled: HashMap<MigrationId, Settled>,
}

impl Replay {
    /// A replay that starts with an empty database (`Known`), or one whose past is not at hand (`Unknown`).
    pub fn new(server: Server, history: Knowledge, policy: Policy) -> Replay {
        Replay {
            after: Schema::new(server.dialect, history),
            book: Arc::new(Rulebook::new(server, policy)),
            transactions: 0,
            settled: HashMap::new(),
        }
    }

    /// The server that is judged for.
    pub fn server(&self) -> Server {
        self.book.server
    }

    /// The schema that the scripts so far leave.
    pub fn schema(&self) -> &Schema {
        &self.after
    }

    /// What the scripts so far left, as bytes that [`Replay::resume`] takes; `None` if they do not go into bytes.
    pub fn snapshot(&self) -> Option<Vec<u8>> {
        let mut bytes = self.transactions.to_le_bytes().to_vec();
        self.after.freeze(&mut bytes)?;
        Some(bytes)
    }

    /// Goes on where a snapshot was taken, before anything else is replayed. Says whether it could be read; if not,
    /// nothing has changed. The bytes must be those of a snapshot: they are read as far as the replay asks for them.
    pub fn resume(&mut self, snapshot: Vec<u8>) -> bool {
        let Some(transactions) = snapshot.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)) else { return false };
        match Schema::thaw(&Arc::new(snapshot), size_of::<u32>()) {
            Some(schema) if schema.dialect() == self.book.server.dialect => {
                (self.transactions, self.after) = (transactions, schema);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Passes over a script whose effect a snapshot holds: its allowances are not asked.
    pub fn pass(&mut self, migration: &MigrationId, phase: Phase, path: &Arc<str>, allowances: &[Allowance]) {
        if !allowances.is_empty() {
            self.settled.entry(migration.clone()).or_insert_with(|| Settled::new(migration, phase, path, allowances)).pass();
        }
    }

    /// Replays one script.
    pub fn script(&mut self, placed: Placed<'_>, judge: Judge) -> ScriptReport {
        match judge {
            Judge::No => {
                self.follow(placed);
                ScriptReport::default()
            }
            Judge::Yes => self.judge(placed),
        }
    }

    /// What can only be said at the end: allowances of migration.toml that allowed nothing.
    pub fn finish(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.settled.values().flat_map(|settled| settled.close(&self.book)).collect();
        findings.sort_by(|a, b| a.source.path.cmp(&b.source.path));
        findings
    }

    /// Judges what only the plan sees in a script; what comes of it joins the script's report.
    pub fn plan_fault(&mut self, placed: Placed<'_>, span: Span, fault: &PlanFault, report: &mut ScriptReport) {
        let settled = self.settled.remove(placed.migration);
        let mut hearing = Hearing::open(Arc::clone(&self.book), placed, settled);
        hearing.plan(span, fault);
        let (findings, allowed, settled) = hearing.adjourn();
        self.settled.extend(settled.map(|settled| (placed.migration.clone(), settled)));
        report.findings.extend(findings);
        report.findings.sort_by_key(|finding| finding.span);
        report.allowed.extend(allowed);
    }

    /// The transactions in which the script runs.
    fn grouping(&self, script: &Script) -> Grouping {
        let takes_none = |index: usize| {
            let clauses = script.statements[index].clauses.iter();
            clauses
                .into_iter()
                .any(|clause| dialect::impact(&self.book.server, &clause.operation, &self.after).transaction == TransactionUse::Forbidden)
        };
        self.book.policy.runner.grouping(script, takes_none)
    }

    fn origin(&mut self, placed: Placed<'_>) -> Origin {
        self.transactions += 1;
        Origin { migration: placed.migration.shared(), phase: placed.phase, transaction: self.transactions }
    }

    /// Brings the schema up to date without a word: what ran, ran.
    fn follow(&mut self, placed: Placed<'_>) {
        self.after.end_session();
        if !placed.allowances.is_empty() {
            self.settled.entry(placed.migration.clone()).or_insert_with(|| Settled::of(placed)).pass();
        }
        for group in self.grouping(placed.script).groups {
            let origin = self.origin(placed);
            let undone = self.is_undone(&group).then(|| self.after.clone());
            for clause in group.statements(placed.script).iter().flat_map(|statement| &statement.clauses) {
                for operation in self.after.called_by(&clause.operation).iter().map(|(_, operation)| operation).chain([&clause.operation]) {
                    let _ = self.after.apply(operation, &origin);
                }
            }
            if let Some(after) = undone {
                self.after = after;
            }
            if self.after.unsettled() > UNSETTLED {
                self.after.settle();
            }
        }
        self.after.settle();
    }

    /// Whether the transaction leaves nothing behind. In MySQL, DDL stays.
    fn is_undone(&self, group: &Group) -> bool {
        group.ending == Ending::Undone && self.book.server.dialect != Dialect::Mysql
    }

    fn judge(&mut self, placed: Placed<'_>) -> ScriptReport {
        let script = placed.script;
        let grouping = self.grouping(script);
        let settled = self.settled.remove(placed.migration);
        let mut hearing = Hearing::open(Arc::clone(&self.book), placed, settled);
        for problem in script.problems.iter().chain(&grouping.problems) {
            hearing.text(problem);
        }
        self.after.end_session();
        let mut before = self.after.clone();
        let mut statements = Vec::with_capacity(script.statements.len());
        let mut held: Vec<Held> = Vec::new();
        let mut dropped: Vec<Dropped> = Vec::new();
        let remade = Remade::by(script, &before);
        for (number, group) in grouping.groups.iter().enumerate() {
            let origin = self.origin(placed);
            let members = group.statements(script);
            let undone = self.is_undone(group).then(|| self.after.clone());
            let mut commit = Commit::of(members, &before, &origin);
            held.clear();
            for (position, statement) in members.iter().enumerate() {
                if self.book.server.dialect == Dialect::Mysql {
                    commit = Commit::of(std::slice::from_ref(statement), &before, &origin);
                }
                let mut impacts = Vec::with_capacity(statement.clauses.len());
                for clause in &statement.clauses {
                    // What a called routine does comes before the rest of the call.
                    let called = before.called_by(&clause.operation);
                    let inner = called.iter().map(|(routine, operation)| (Some(routine), operation));
                    for (routine, operation) in inner.chain([(None, &clause.operation)]) {
                        let impact = dialect::impact(&self.book.server, operation, &before);
                        let problem = self.after.apply(operation, &origin).err();
                        let frame = Frame {
                            server: self.book.server,
                            origin: &origin,
                            naming: &self.book.policy.naming,
                            script,
                            transaction: Transaction { bounds: group.bounds, statements: members, position, held: &held, commit: &commit },
                            statement,
                            clause,
                            routine,
                            operation,
                            before: &before,
                            after: &self.after,
                            impact: &impact,
                            dropped: &dropped,
                            remade: &remade,
                        };
                        let happens = problem.as_ref().is_none_or(|problem| !is_spared(&frame, problem));
                        if happens {
                            hearing.clause(&frame, problem.as_ref());
                            let taken = taken(&frame);
                            held.extend(taken);
                        }
                        dropped.extend(Dropped::by(operation, &before, &self.after));
                        let _ = before.apply(operation, &origin);
                        impacts.push(impact);
                    }
                }
                statements.push(StatementReport { statement: group.body.start + position, span: statement.span, group: number, impacts });
            }
            drop(commit);
            if let Some(undone) = undone {
                (before, self.after) = (undone.clone(), undone);
            }
            // Between transactions both are the same.
            if self.after.unsettled() > UNSETTLED {
                drop(before);
                self.after.settle();
                before = self.after.clone();
            }
        }
        drop(before);
        self.after.settle();
        let (findings, allowed, settled) = hearing.close();
        self.settled.extend(settled.map(|settled| (placed.migration.clone(), settled)));
        ScriptReport { findings, allowed, statements }
    }
}

/// The locks that a clause leaves behind beside those held: on tables that others can see.
fn taken(frame: &Frame<'_>) -> Vec<Held> {
    let known = |lock: &TableLock| frame.transaction.held.iter().any(|held| held.table == lock.table && held.lock >= lock.lock);
    let locks = frame.impact.locks.iter().filter(|lock| !known(lock) && !frame.is_new_table(&lock.table));
    locks.map(|lock| Held { table: lock.table.clone(), lock: lock.lock, span: frame.clause.span }).collect()
}

/// Whether the script itself provides for what is missing or exists: by IF EXISTS of the table, or on a branch of a block,
/// which is then not taken.
fn is_spared(frame: &Frame<'_>, problem: &schema::Problem) -> bool {
    let guarded = || frame.script.spares_absent_table(frame.statement);
    frame.is_in_block() || matches!(problem, schema::Problem::Missing { kind: "table", .. }) && guarded()
}
