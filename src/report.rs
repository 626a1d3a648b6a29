//! What a command found or did, as a value, and its formats. Reads plans and events, never a backend.
//!
//! A [`Report`] is complete: the text for people and the JSON document are two renderings of the same value.

mod difference;
pub mod events;
pub mod fleet;
pub mod forecast;
pub mod found;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod line;
pub mod markdown;
pub mod planned;
pub mod rdjson;
pub mod sarif;
pub mod spinnaker;
pub mod steered;
pub mod termination;
pub mod text;
pub mod view;

use jiff::Timestamp;
use serde::Serialize;

use crate::migration::Stats;
use crate::schema::Phase;
use view::{AllowedView, ChangeView, FindingView, GateView, InstanceView, LevelView, MigrationView, ReleaseView};

/// The version of the JSON document. Grows when something is taken away or changes its meaning.
pub const FORMAT: u32 = 1;

/// The result of one command.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of the document.
    pub format: u32,
    /// Which command.
    pub command: CommandName,
    /// What came of it.
    pub outcome: Outcome,
    /// The phase it was about, where it was about one.
    pub phase: Option<Phase>,
    /// The migrations it was about, in order.
    pub migrations: Vec<MigrationView>,
    /// What is wrong with the SQL.
    pub findings: Vec<FindingView>,
    /// What would be wrong, had nobody answered for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<AllowedView>,
    /// What a contract waits for.
    pub gates: Vec<GateView>,
    /// When it makes sense to ask again.
    pub next_check_at: Option<Timestamp>,
    /// The exit code of the process.
    pub exit_code: u8,
    /// Which releases run, as the markers tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<ReleaseView>,
    /// Running applications that said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<InstanceView>,
    /// What `apply --plan-digest` can demand (`plan`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// Files that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files that would change (`fix`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeView>,
    /// The sizes of tables (`stats`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// A page to read (`explain`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// What was done, or is to be known, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
    /// Commands to type next, the likely one first.
    pub next: Vec<String>,
    /// Scripts of the phase that are left to run, where the command ran some (`apply`).
    #[serde(skip)]
    pub left: Option<usize>,
    /// The database's present, for distances in the text.
    #[serde(skip)]
    pub now: Option<Timestamp>,
    /// The files that were judged, for formats that list what is well.
    #[serde(skip)]
    pub judged: Vec<String>,
    /// The folder that the files' names are relative to, as the repository calls it; empty for its root.
    #[serde(skip)]
    pub folder: String,
}

/// The commands, as the document names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandName {
    /// `migrate init`.
    Init,
    /// `migrate new`.
    New,
    /// `migrate fix`.
    Fix,
    /// `migrate lint`.
    Lint,
    /// `migrate plan`.
    Plan,
    /// `migrate stats`.
    Stats,
    /// `migrate apply`.
    Apply,
    /// `migrate backfill`.
    Backfill,
    /// `migrate approve`.
    Approve,
    /// `migrate mark`.
    Mark,
    /// `migrate releases`.
    Releases,
    /// `migrate status`.
    Status,
    /// `migrate wait`.
    Wait,
    /// `migrate rollback`.
    Rollback,
    /// `migrate explain`.
    Explain,
    /// `migrate serve`.
    Serve,
    /// `migrate completions`.
    Completions,
    /// The command line could not be understood.
    #[serde(rename = "usage")]
    Unknown,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Something was written and all of it succeeded.
    Applied,
    /// Nothing was written: nothing to do, or a command that only reads.
    Nothing,
    /// A gate holds a contract back.
    Held,
    /// Findings, or the history, forbid it.
    Refused,
    /// It went wrong.
    Failed,
    /// It stopped at a safe point because it was asked to.
    Interrupted,
}

impl Outcome {
    /// The word in every format for machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Nothing => "nothing",
            Outcome::Held => "held",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Interrupted => "interrupted",
        }
    }
}

/// Why a command stopped.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorView {
    /// What went wrong.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// Text to be shown as it is: a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl CommandName {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            CommandName::Init => "init",
            CommandName::New => "new",
            CommandName::Lint => "lint",
            CommandName::Plan => "plan",
            CommandName::Stats => "stats",
            CommandName::Apply => "apply",
            CommandName::Backfill => "backfill",
            CommandName::Approve => "approve",
            CommandName::Mark => "mark",
            CommandName::Releases => "releases",
            CommandName::Status => "status",
            CommandName::Wait => "wait",
            CommandName::Rollback => "rollback",
            CommandName::Explain => "explain",
            CommandName::Fix => "fix",
            CommandName::Serve => "serve",
            CommandName::Completions => "completions",
            CommandName::Unknown => "usage",
        }
    }
}

impl Report {
    /// A report that says nothing yet.
    pub fn new(command: CommandName) -> Report {
        Report {
            format: FORMAT,
            command,
            outcome: Outcome::Nothing,
            phase: None,
            migrations: Vec::new(),
            findings: Vec::new(),
            allowed: Vec::new(),
            gates: Vec::new(),
            next_check_at: None,
            exit_code: 0,
            releases: Vec::new(),
            instances: Vec::new(),
            plan_digest: None,
            files: Vec::new(),
            changes: Vec::new(),
            stats: None,
            page: None,
            notes: Vec::new(),
            error: None,
            next: Vec::new(),
            left: None,
            now: None,
            judged: Vec::new(),
            folder: String::new(),
        }
    }

    /// A file as the repository calls it: with `/`, from its root.
    pub fn in_repository(&self, file: &str) -> String {
        let file = file.replace('\\', "/");
        let file = file.strip_prefix("./").unwrap_or(&file);
        match self.folder.as_str() {
            "" => file.to_owned(),
            _ if file.starts_with('/') || file.starts_with('<') => file.to_owned(),
            folder => format!("{folder}/{file}"),
        }
    }

    /// The findings, the gravest first, each level in the order in which they stand.
    pub fn worst_first(&self) -> Vec<&FindingView> {
        let mut findings: Vec<&FindingView> = self.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings
    }

    /// How many findings have a level.
    pub fn count(&self, level: LevelView) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}
