//! Findings: what is wrong, whom it hurts, where it would be right, and the files to write instead.

use std::sync::Arc;

use super::level::Level;
use super::rule::LintId;
use crate::dialect::Cost;
use crate::recipe::Phases;
use crate::recipe::sync::{Pair, drop_column, transaction};
use crate::schema::{ObjectName, Phase};
use crate::sql::{Source, Span};

/// One fault in one place, judged.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which lint.
    pub lint: LintId,
    /// How loud.
    pub level: Level,
    /// What breaks and whom: one sentence, lower case, no final period.
    pub message: String,
    /// What to do; ends with a command or with SQL.
    pub help: String,
    /// The phases in which this very statement would be right; empty when it is right in none.
    pub legal_in: Vec<Phase>,
    /// The files to write instead, beside the migration's own.
    pub cure: Vec<CureFile>,
    /// The migration (for a loose file: its path).
    pub migration: Arc<str>,
    /// The phase of the script.
    pub phase: Phase,
    /// The file, with its text.
    pub source: Source,
    /// The bytes of the clause.
    pub span: Span,
    /// The bytes of the statement that holds the clause.
    pub statement: Span,
    /// The bytes that the cure takes the place of: a statement that does nothing else and stands alone in its transaction.
    pub replaces: Option<Span>,
    /// Other places that belong to it.
    pub labels: Vec<Label>,
    /// How long others wait for it, on tables of known size; the longest first.
    pub costs: Vec<Cost>,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CureFile {
    /// Its path, as the finding's own file is called.
    pub path: String,
    /// Its content.
    pub sql: String,
}

/// Another place in the same file, with what it has to do with the finding.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// Why it is shown.
    pub text: String,
}

/// A fault as a rule reports it: not yet judged, without its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    pub(super) message: String,
    pub(super) help: String,
    pub(super) cure: Vec<(Phase, String)>,
    pub(super) labels: Vec<Label>,
    pub(super) tables: Vec<ObjectName>,
    pub(super) ceiling: Option<Level>,
}

impl Fault {
    /// A fault of the clause that the rule was shown.
    pub fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), ..Fault::default() }
    }

    /// Says which table waits; of several, each in turn. Where all are small, a lock or a scan is only a notice.
    #[must_use]
    pub fn on(mut self, table: &ObjectName) -> Fault {
        self.tables.push(table.clone());
        self
    }

    /// Says that what the schema tells makes this one milder than its rule: no louder than this.
    #[must_use]
    pub fn at_most(mut self, ceiling: Level) -> Fault {
        self.ceiling = Some(ceiling);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = help.into();
        self
    }

    /// Adds to the file of a phase that is to be written instead.
    #[must_use]
    pub fn cure(mut self, phase: Phase, sql: impl Into<String>) -> Fault {
        self.cure.push((phase, sql.into()));
        self
    }

    /// Adds what a recipe writes.
    #[must_use]
    pub fn by_phases(mut self, phases: &Phases) -> Fault {
        for phase in Phase::ALL {
            if !phases.script(phase).is_empty() {
                self = self.cure(phase, phases.script(phase));
            }
        }
        self
    }

    /// Adds the files that keep two columns equal and drop the old one in the end.
    #[must_use]
    pub fn by_pair(self, pair: &Pair) -> Fault {
        let names = pair.names();
        let mut removal = names.remove();
        removal.push(drop_column(names.dialect, &names.table, &names.old));
        self.cure(Phase::Expand, transaction(names.dialect, &pair.install()))
            .cure(Phase::Backfill, format!("{};\n", pair.backfill()))
            .cure(Phase::Contract, transaction(names.dialect, &removal))
    }

    /// Points at another place in the same file.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Fault {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

/// What the rules said about one clause.
#[derive(Debug, Default)]
pub struct Findings {
    pub(super) faults: Vec<Fault>,
}

impl Findings {
    /// Reports a fault.
    pub fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }
}
