//! A rule: one fault, with its page, its levels and the function that sees it.

use std::fmt;

use serde::Serialize;

use super::allowance::AllowanceFault;
use super::finding::{Fault, Findings};
use super::frame::Frame;
use super::level::PhaseLevels;
use super::plan_fault::PlanFault;
use crate::schema::{self, Dialect, OperationKind};
use crate::sql;

/// The id of a lint: names the fault and reads well after "allow".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct LintId(&'static str);

impl LintId {
    /// The id of a rule. Only rules make ids.
    pub(super) const fn new(id: &'static str) -> LintId {
        LintId(id)
    }

    /// The id.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for LintId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One lint.
#[derive(Debug)]
pub struct Rule {
    /// Its id, which is also the name of its page and of its module.
    pub id: LintId,
    /// Its page, `lints/<id>.md`.
    pub doc: &'static str,
    /// Whom the fault hurts.
    pub class: Class,
    /// Its level in each phase.
    pub levels: PhaseLevels,
    /// The databases that have the fault.
    pub dialects: &'static [Dialect],
    /// Lints whose finding on the same clause says it all, cure included.
    pub yields_to: &'static [&'static str],
    /// What sees it.
    pub check: Check,
}

/// Whom a fault hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Releases that run now and do not know the migration.
    OldReleases,
    /// Everybody who waits behind a lock. Small tables are excused.
    Waiting,
    /// The rows.
    Data,
    /// The script: it fails, or what it does is not what it says.
    Script,
    /// Whoever reads the schema later. Off until the project asks for it.
    Style,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Clauses that do one of these operations, with the schema before and after each. A list that leaves out an
    /// operation of which the rule has something to say is a panic of every debug build.
    Of(&'static [OperationKind], fn(&Frame<'_>, &mut Findings)),
    /// Every clause: for rules about locks and transactions, whatever the operation.
    Clause(fn(&Frame<'_>, &mut Findings)),
    /// What is wrong with the text. Its level is fixed.
    Text(fn(&sql::Problem) -> Option<Fault>),
    /// What is wrong with an allowance.
    Allowance(fn(&AllowanceFault) -> Option<Fault>),
    /// What cannot have worked on the replayed schema.
    Replay(fn(&schema::Problem) -> Option<Fault>),
    /// What only the plan sees.
    Plan(fn(&PlanFault) -> Option<Fault>),
}

impl Rule {
    /// Whether only a plan shows the fault, and no script by itself.
    pub fn is_planned(&self) -> bool {
        match self.check {
            Check::Plan(_) => true,
            Check::Of(..) | Check::Clause(_) | Check::Text(_) | Check::Allowance(_) | Check::Replay(_) => false,
        }
    }

    /// The title of its page, without the mark: the id.
    pub fn title(&self) -> &'static str {
        self.doc.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// What it is about in one paragraph: the first one of its page.
    pub fn summary(&self) -> &'static str {
        let text = self.doc.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        text.split("\n\n").next().unwrap_or_default()
    }
}
