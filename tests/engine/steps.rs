//! Steps, jobs and holders made by hand, so that a backend can be driven one call at a time.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::time::Duration;

use concertina::backend::{Attempt, Backend, BackendError, ChunkEnd, Limits, Notices, ScriptStart};
use concertina::backfill::{Chunking, Claim, Claimed, Job};
use concertina::ledger::{Holder, Lease};
use concertina::migration::{Cutting, MigrationId, NodeRef};
use concertina::plan::{Resume, Step, StepKind};
use concertina::schema::name::Quoting;
use concertina::schema::operation::DataKind;
use concertina::schema::{Dialect, Ident, ObjectName, Phase};
use concertina::sql::batch::Proof;
use concertina::sql::{BatchPoint, Digest, Exclusion, Span};

pub(crate) const LIMITS: Limits = Limits { lock_timeout: Duration::from_millis(300), statement_timeout: None };

pub(crate) fn holder(purpose: &str) -> Holder {
    Holder { actor: "tests@here".to_owned(), pid: std::process::id(), purpose: purpose.to_owned() }
}

pub(crate) fn node(phase: Phase) -> NodeRef {
    NodeRef { migration: MigrationId::new("20261121093000_shop"), phase }
}

pub(crate) fn start(phase: Phase) -> ScriptStart {
    ScriptStart {
        node: node(phase),
        digest: Digest::of("the script", Dialect::Postgres),
        text: "the script".to_owned(),
        actor: "tests@here".to_owned(),
        evidence: None,
        overrides: Vec::new(),
    }
}

fn step(number: u32, text: &str, phase: Phase, kind: StepKind) -> Step {
    let place = format!("{phase}.sql:{}", number + 1);
    Step { node: node(phase), number, digest: Digest::of(text, Dialect::Postgres), place, locks: Vec::new(), work: Vec::new(), kind }
}

pub(crate) fn group(number: u32, statements: &[&str]) -> Step {
    let owned = statements.iter().map(|text| (*text).to_owned()).collect();
    step(number, &statements.join(";"), Phase::Expand, StepKind::Transaction(owned))
}

pub(crate) fn alone(number: u32, sql: &str, resume: Resume) -> Step {
    step(number, sql, Phase::Expand, StepKind::Alone { sql: sql.to_owned(), resume })
}

pub(crate) fn name(text: &str) -> ObjectName {
    ObjectName::bare(ident(text))
}

pub(crate) fn ident(text: &str) -> Ident {
    Ident::new(Dialect::Postgres, text, Quoting::Quoted)
}

/// `UPDATE table SET … WHERE …` or `DELETE FROM table WHERE …`, cut at its last WHERE.
pub(crate) fn job(sql: &str, table: &str, key: &[&str]) -> Job {
    let at = sql.rfind(" WHERE ").expect("a condition");
    let from = sql.find(table).expect("the table");
    Job {
        sql: sql.to_owned(),
        point: BatchPoint {
            kind: DataKind::Update,
            driving: name(table),
            reference: table.to_owned(),
            condition: Span { start: at + " WHERE ".len(), end: sql.len() },
            with: None,
            proof: Proof::Rows(vec![Span { start: from, end: from + table.len() }]),
        },
        table: name(table),
        key: key.iter().map(|column| ident(column)).collect(),
        assigned: Vec::new(),
        exclusion: Exclusion::Unproven { reason: "nothing is known".to_owned(), again: concertina::sql::Again::Same },
        cutting: Cutting::default(),
    }
}

pub(crate) fn backfill(job: &Job) -> Step {
    step(0, &job.sql, Phase::Backfill, StepKind::Backfill(Box::new(job.clone())))
}

pub(crate) async fn run<B: Backend>(backend: &mut B, lease: &Lease, step: &Step) -> Result<Attempt, BackendError> {
    let (notices, _reader) = Notices::channel();
    backend.execute(lease, step, &LIMITS, &notices).await
}

/// Walks a job to its end with chunks of this many rows; how many rows were changed and walked, in how many chunks.
pub(crate) async fn walk<B: Backend>(backend: &mut B, lease: &Lease, job: &Job, rows: u32) -> (u64, u64, u64) {
    let step = backfill(job);
    let (mut changed, mut walked, mut chunks) = (0, 0, 0);
    backend.open_job(lease, &step, job, &Chunking::Keys).await.expect("the job is registered");
    loop {
        let mut claim = match backend.claim(&step, job, "a test").await.expect("a claim") {
            Claimed::Range(claim) => claim,
            Claimed::Nothing => return (changed, walked, chunks),
            Claimed::Elsewhere(held) => panic!("{held} ranges are held by somebody else"),
        };
        loop {
            let chunk = backend.chunk(&step, job, &mut claim, rows, &LIMITS).await.expect("the chunk runs");
            changed += chunk.changed;
            walked += chunk.walked;
            chunks += u64::from(chunk.walked > 0);
            if chunk.end == ChunkEnd::Range {
                break;
            }
        }
    }
}

/// Takes the next range.
pub(crate) async fn claim<B: Backend>(backend: &mut B, job: &Job) -> Claim {
    match backend.claim(&backfill(job), job, "a test").await.expect("a claim") {
        Claimed::Range(claim) => claim,
        other => panic!("{other:?}"),
    }
}
