//! The parts of a report: our own versioned shapes of what the wings below know by other names.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::planned::Statements;
use crate::lint::Label;
use crate::plan::{ConditionKind, GateState};
use crate::schema::Phase;
use crate::sql::{Source, Span};

/// A migration with its phases.
#[derive(Clone, Debug, Serialize)]
pub struct MigrationView {
    /// Its name.
    pub id: String,
    /// Its phases, in order.
    pub phases: Vec<PhaseView>,
}

/// One phase of a migration.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseView {
    /// Which.
    pub phase: Phase,
    /// How far it is.
    pub state: PhaseState,
    /// Its file.
    pub file: String,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Who ran it.
    pub actor: Option<String>,
    /// How far it is, while it runs.
    pub progress: Option<Box<ProgressView>>,
    /// What must run before it: `id:phase`.
    pub waits_for: Vec<String>,
    /// What a contract's gate will ask for (`plan`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What it runs, statement by statement (`plan`).
    #[serde(skip_serializing_if = "Statements::is_empty")]
    pub statements: Statements,
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseState {
    /// Not known: no database was asked.
    Unknown,
    /// The same in the base that is compared with.
    Unchanged,
    /// Nothing of it ran.
    Pending,
    /// Others must run before.
    Blocked,
    /// Started and not finished.
    Running,
    /// Ran to its end.
    Done,
    /// Its gate is closed.
    Held,
    /// It was undone.
    RolledBack,
}

/// How far a phase is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgressView {
    /// Steps that are done.
    pub steps_done: usize,
    /// Steps in all; `None` where no file tells.
    pub steps: Option<usize>,
    /// The rows of a backfill.
    pub rows: Option<RowsView>,
    /// How a backfill that is at work, or that somebody steers, is doing (`status`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfill: Option<BackfillView>,
}

/// How a backfill is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BackfillView {
    /// What it does.
    pub state: BackfillState,
    /// Workers that are there.
    pub workers: usize,
    /// The pace, as it would be written on the command line.
    pub pace: Option<String>,
    /// The share of the time in which a worker works.
    pub duty: Option<f64>,
    /// How long the last chunk took.
    pub chunk_ms: Option<u64>,
    /// Rows a second of all workers over the last minute, pauses left out.
    pub rows_per_second: Option<f64>,
    /// The shortest time that the rest takes.
    pub left_least_seconds: Option<u64>,
    /// The longest.
    pub left_most_seconds: Option<u64>,
    /// How long it stood still in this run.
    pub stood_seconds: u64,
    /// The signal that slows it down or stops it, with value and limit.
    pub held: Option<String>,
    /// The last thing that went wrong and was tried again.
    pub error: Option<String>,
    /// Who stood in the way then.
    pub blocker: Option<String>,
    /// What somebody asked of it.
    pub wish: Option<WishView>,
}

/// What a backfill does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackfillState {
    /// It works.
    Working,
    /// A signal is at its limit.
    Throttled,
    /// Somebody paused it.
    Paused,
    /// Somebody cancelled it.
    Cancelled,
    /// No worker is there.
    NotAtWork,
}

/// What somebody asked of a backfill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WishView {
    /// `run`, `pause` or `cancel`.
    pub wish: String,
    /// The pace that was asked for.
    pub pace: Option<String>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How far a backfill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowsView {
    /// Rows changed so far.
    pub changed: u64,
    /// Rows walked so far.
    pub walked: u64,
    /// Rows estimated at the start.
    pub estimated: Option<u64>,
}

/// One statement and what it costs.
#[derive(Clone, Debug, Serialize)]
pub struct StatementView {
    /// Its first line in the file.
    pub line: usize,
    /// The file that it comes from, where that is not the phase's own: migration.toml, for what is declared there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its first line of SQL, cut.
    pub sql: String,
    /// All of its SQL, where no file holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The locks it takes.
    pub locks: Vec<LockView>,
    /// What it does to stored rows; empty when only the catalogue changes.
    pub work: Vec<WorkView>,
    /// Whether the answer assumes the worst because the schema could not tell.
    pub worst_case: bool,
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockView {
    /// The table.
    pub table: String,
    /// In the words of the database's manual.
    pub lock: &'static str,
    /// What waits meanwhile.
    pub blocks: Blocks,
}

/// What a lock makes wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocks {
    /// Neither reads nor writes.
    Nothing,
    /// INSERT, UPDATE and DELETE.
    Writes,
    /// Everything.
    ReadsAndWrites,
}

/// Work on the rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkView {
    /// What kind.
    pub kind: WorkKind,
    /// The table.
    pub table: String,
    /// Its rows, where they were counted.
    pub rows: Option<u64>,
    /// Its bytes, indexes included, where they were counted.
    pub bytes: Option<u64>,
    /// How long it takes, where its size is known.
    pub seconds: Option<SecondsView>,
    /// Bytes of write-ahead log that a backfill is expected to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
}

/// Bytes of write-ahead log: a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

/// How long work on a table takes: a range, since disks differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SecondsView {
    /// On a fast disk.
    pub least: f64,
    /// On a slow one.
    pub most: f64,
    /// The range with the size and the speeds that it assumes.
    pub told: String,
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkKind {
    /// Every row is read.
    Scan,
    /// An index is built from every row.
    IndexBuild,
    /// Every row is written anew.
    Rewrite,
    /// The rows that the statement names.
    Rows,
}

/// Something wrong with the SQL.
#[derive(Clone, Debug, Serialize)]
pub struct FindingView {
    /// The lint's id.
    pub lint: &'static str,
    /// How grave.
    pub level: LevelView,
    /// What breaks, and whom.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The phases in which the statement would be legal; empty when it is legal in none.
    pub legal_in: Vec<Phase>,
    /// The migration.
    pub migration: Option<Arc<str>>,
    /// The phase it stands in.
    pub phase: Option<Phase>,
    /// The file.
    pub file: Arc<str>,
    /// First line, from one.
    pub line: usize,
    /// First column, from one, in characters.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
    /// The files to write instead.
    pub files: Vec<FileView>,
    /// The same for the same fault in the same statement of the same file, wherever the statement moves.
    pub fingerprint: String,
    /// The text to write in place of the statement, where that is the whole cure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Box<ReplacementView>>,
    /// First column, from one, in bytes.
    #[serde(skip)]
    pub start_byte: usize,
    /// One past the last column, in bytes.
    #[serde(skip)]
    pub end_byte: usize,
    /// The text of the file, for differences and excerpts.
    #[serde(skip)]
    pub source: Source,
    /// The bytes of the source that it is about.
    #[serde(skip)]
    pub span: Span,
    /// The bytes of the source that the cure takes the place of.
    #[serde(skip)]
    pub replaces: Option<Span>,
    /// How long others wait, on tables of known size; the longest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<SecondsView>,
    /// Other places in the same file that belong to it.
    #[serde(skip)]
    pub labels: Vec<Label>,
}

/// A text to write in place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplacementView {
    /// First line of what goes, from one.
    pub line: usize,
    /// First column, from one, in characters.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
    /// What comes.
    pub text: String,
    /// First column in bytes.
    #[serde(skip)]
    pub start_byte: usize,
    /// One past the last column in bytes.
    #[serde(skip)]
    pub end_byte: usize,
}

/// A finding that somebody answers for.
#[derive(Clone, Debug, Serialize)]
pub struct AllowedView {
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingView,
    /// Why it is right here, in the words of the allowance.
    pub reason: String,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileView {
    /// Its path.
    pub path: String,
    /// Its content.
    pub sql: String,
}

/// A file that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeView {
    /// Its path.
    pub path: String,
    /// Its content then; null where it goes.
    pub content: Option<String>,
    /// The unified difference.
    pub difference: String,
}

/// Some lines of a file with marks in them. Byte ranges count within the excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The lines.
    pub text: String,
    /// The number of the first of them.
    pub first_line: usize,
    /// What the carets stand below.
    pub primary: Option<Range<usize>>,
    /// Other places, with what they have to do with it.
    pub labels: Vec<(Range<usize>, String)>,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelView {
    /// Good to know; nothing is expected of anybody.
    Notice,
    /// Said, does not stop anything.
    Warn,
    /// Refuses the plan.
    Deny,
}

/// One condition of a contract's gate.
#[derive(Clone, Debug, Serialize)]
pub struct GateView {
    /// Whose contract.
    pub migration: String,
    /// Which condition.
    pub kind: ConditionKind,
    /// What it is called: its kind, or the name that the settings give it.
    pub name: String,
    /// Whether it holds; unknown counts as closed.
    pub state: GateState,
    /// Why.
    pub reason: String,
    /// What was looked at.
    pub evidence: Value,
    /// When it opens if nothing else happens.
    pub opens_at: Option<Timestamp>,
    /// What to do about it.
    pub next: Option<String>,
}

/// A release of a service, as the markers tell.
#[derive(Clone, Debug, Serialize)]
pub struct ReleaseView {
    /// The service.
    pub service: String,
    /// The release.
    pub release: String,
    /// What its last marker says.
    pub state: String,
    /// Whether it is live: a release that was replaced is not, and while one rolls out, its predecessor is too.
    pub live: bool,
    /// Since when.
    pub since: Timestamp,
    /// Who said so.
    pub actor: String,
    /// The environment, where markers name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The commit it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// A link to the deploy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number that its pipeline gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    /// Contracts that are left to run, and whether it is ready for each (`releases`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<ReadyView>,
}

/// Whether a release is ready for a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadyView {
    /// Whose contract.
    pub migration: String,
    /// Whether it can live without what the contract removes.
    pub ready: bool,
    /// Why, as a clause.
    pub why: String,
}

/// A running application.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceView {
    /// The service.
    pub service: String,
    /// The release it was built as.
    pub release: String,
    /// The process.
    pub id: String,
    /// Its last heartbeat.
    pub last_seen: Timestamp,
    /// Whether that heartbeat still counts.
    pub live: bool,
}
