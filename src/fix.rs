//! An unsafe migration → the same change in phases that break nobody. Pure: texts in, texts out.
//!
//! Findings say what is to be replaced, their cures by what; everything else keeps its text, its comments and its order.
//! Nothing is taken that would bring another fault or end in another schema.

mod depend;
mod dissolve;
mod draft;
pub mod files;
mod judge;
mod rebuild;
mod rebuild_split;
mod rebuild_text;
mod relabel;
pub mod remake;
mod same;
#[cfg(test)]
mod tests;
mod unit;

pub use draft::Draft;
pub use files::{Change, Home, changes};

use crate::lint::finding::Finding;
use crate::lint::{Class, Level, Replay, rule};
use crate::migration::{Allowance, MigrationId};
use crate::recipe::{Given, Views, Wishes, instead_of};
use crate::schema::{Operation, Phase};
use crate::sql::Span;

use judge::{Judged, judge};

/// The migration that is worked on, and what it meets.
#[derive(Debug)]
pub struct Case<'a> {
    /// Everything that runs before the migration, replayed.
    pub past: &'a Replay,
    /// The views that it left.
    pub views: &'a Views,
    /// The migration.
    pub migration: &'a MigrationId,
    /// How its scripts are called in messages, by phase in the order of `Phase::ALL`.
    pub paths: [String; 3],
    /// How its migration.toml is called.
    pub settings_path: String,
    /// What is asked for beside the change itself.
    pub wishes: Wishes,
    /// `[[allow]]` of its migration.toml.
    pub allowances: &'a [Allowance],
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The scripts as they should be.
    pub draft: Draft,
    /// The lints that found something before and find it no more, in the order in which they were silenced.
    pub done: Vec<&'static str>,
    /// What stays as it is, with the reason.
    pub left: Vec<Left>,
}

/// A finding that stays.
#[derive(Clone, Debug)]
pub struct Left {
    /// The finding, in the text as it is now.
    pub finding: Finding,
    /// Why nothing was written instead.
    pub reason: String,
}

/// What tells one finding from another while texts move: its lint and the text of its clause.
type Key = (&'static str, Phase, String);

/// Replaces what findings at warn or deny stand on, as far as their cures reach.
pub fn fix(case: &Case<'_>, original: Draft) -> Fixed {
    let mut goal = judge(case, &original);
    let mut draft = original;
    let mut done = Vec::new();
    // First, since its statements are right or wrong together.
    for _ in Phase::ALL {
        let ordered = rebuild::ordered(case, &draft, &goal).or_else(|| relabel::ordered(case, &draft, &goal));
        let Some((next, then)) = ordered else { break };
        let silent = |finding: &&Finding| !then.findings.iter().any(|other| other.lint == finding.lint);
        for finding in goal.findings.iter().filter(silent) {
            if !done.contains(&finding.lint.as_str()) {
                done.push(finding.lint.as_str());
            }
        }
        (draft, goal) = (next, then);
    }
    let mut work = Work { case, goal: &goal, refused: Vec::new() };
    let mut judged = judge(case, &draft);
    // Every round takes a finding away or gives one up; what replaces it may need a round of its own.
    let mut rounds = 32 + 8 * judged.findings.len();
    while rounds > 0 {
        rounds -= 1;
        let open = judged.findings.iter().find(|finding| !work.refused.iter().any(|(known, _)| *known == key(finding)));
        let Some(finding) = open else { break };
        match work.attempt(&draft, &judged, finding) {
            Ok((next, then)) => {
                if !done.contains(&finding.lint.as_str()) {
                    done.push(finding.lint.as_str());
                }
                draft = next;
                judged = then;
            }
            Err(reason) => work.refused.push((key(finding), reason)),
        }
    }
    let refused = std::mem::take(&mut work.refused);
    let reason = |finding: &Finding| refused.iter().find(|(known, _)| *known == key(finding)).map(|(_, reason)| reason.clone());
    let left = judged.findings.iter().map(|finding| Left {
        finding: finding.clone(),
        reason: reason(finding).unwrap_or_else(|| "what was written instead needs more rounds than are sensible".to_owned()),
    });
    Fixed { left: left.collect(), done, draft }
}

fn key(finding: &Finding) -> Key {
    (finding.lint.as_str(), finding.phase, finding.source.text[finding.span.range()].to_owned())
}

struct Work<'a> {
    case: &'a Case<'a>,
    /// The original: where the migration must end.
    goal: &'a Judged,
    refused: Vec<(Key, String)>,
}

/// A way to be rid of a finding, with what it is worth: the text and what is found in it.
type Way = (Draft, Judged);

impl Work<'_> {
    /// The first way that takes the finding away and brings nothing worse.
    fn attempt(&self, draft: &Draft, judged: &Judged, finding: &Finding) -> Result<Way, String> {
        let mut why = None;
        match self.replaced(draft, judged, judged, finding) {
            Ok(way) => return Ok(way),
            Err(reason) => why = why.or(reason),
        }
        if let Some(lone) = dissolve::dissolved(draft, judged, finding) {
            let then = judge(self.case, &lone);
            match then.findings.iter().find(|other| key(other) == key(finding)) {
                None => match self.worse(judged, &then, finding) {
                    None => return Ok((lone, then)),
                    Some(reason) => why = Some(reason),
                },
                Some(same) => match self.replaced(&lone, &then, judged, same) {
                    Ok(way) => return Ok(way),
                    Err(reason) => why = reason.or(why),
                },
            }
        }
        Err(why.unwrap_or_else(|| "no files can be written for it: it needs a decision".to_owned()))
    }

    /// The recipe for what the clause does, else the cures.
    fn replaced(&self, draft: &Draft, judged: &Judged, before: &Judged, finding: &Finding) -> Result<Way, Option<String>> {
        let by_recipe = self.by_recipe(draft, judged, before, finding);
        let Err(recipe) = by_recipe else { return by_recipe };
        self.by_cure(draft, judged, before, finding).map_err(|cure| recipe.or(cure))
    }

    fn by_recipe(&self, draft: &Draft, judged: &Judged, before: &Judged, finding: &Finding) -> Result<Way, Option<String>> {
        let met = judged.met_by(self.case, finding).ok_or(None)?;
        let operations: Vec<&Operation> = met.operations.iter().collect();
        let given = Given {
            server: self.case.past.server(),
            schema: &met.schema,
            migration: self.case.migration.as_str(),
            phase: finding.phase,
            views: Some(self.case.views),
        };
        let sql = unit::own_text(judged, finding).ok_or_else(uncut)?;
        let phases = instead_of(&given, &sql, &operations, &self.case.wishes).ok_or(None)?.map_err(|refusal| Some(refusal.to_string()))?;
        let next = unit::replaced(draft, judged, finding, &unit::of_phases(&phases)).ok_or_else(uncut)?;
        let then = judge(self.case, &next);
        match self.worse(before, &then, finding) {
            None => Ok((next, then)),
            Some(reason) => Err(Some(reason)),
        }
    }

    /// The cures of every lint that found something in the same clause, the gravest first, then all of them together.
    fn by_cure(&self, draft: &Draft, judged: &Judged, before: &Judged, finding: &Finding) -> Result<Way, Option<String>> {
        let here = |other: &&Finding| other.phase == finding.phase && other.span == finding.span && !other.cure.is_empty();
        let mut lints: Vec<&'static str> = judged.findings.iter().filter(here).map(|other| other.lint.as_str()).collect();
        lints.dedup();
        lints.sort_by_key(|lint| rule(lint).map_or(3, |rule| weight(rule.class)));
        let mut ways: Vec<Vec<&str>> = lints.iter().map(|lint| vec![*lint]).collect();
        if lints.len() > 1 {
            ways.push(lints.clone());
        }
        let mut why = None;
        for way in ways {
            let cures: Vec<&Finding> =
                way.iter().flat_map(|lint| judged.findings.iter().filter(here).filter(|other| other.lint.as_str() == *lint)).collect();
            let Some(next) = unit::replaced(draft, judged, finding, &unit::of_cures(&cures)) else {
                why = uncut();
                continue;
            };
            let then = judge(self.case, &next);
            match self.worse(before, &then, finding) {
                None => return Ok((next, then)),
                Some(reason) => why = why.or(Some(reason)),
            }
        }
        Err(why)
    }

    /// Why a text is no better than the one before; `None` when it is.
    fn worse(&self, before: &Judged, after: &Judged, finding: &Finding) -> Option<String> {
        let same = |other: &&Finding| key(other) == key(finding);
        if after.findings.iter().filter(same).count() >= before.findings.iter().filter(same).count() {
            return Some("its cure does not take the finding away here".to_owned());
        }
        if let (None, Some(misfit)) = (&before.misfit, &after.misfit) {
            return Some(misfit.clone());
        }
        let broken = |judged: &Judged| judged.findings.iter().filter(|finding| class(finding) == Class::Script).count();
        let fresh = after.findings.iter().find(|other| !before.findings.iter().any(|known| key(known) == key(other)));
        let grown = after.findings.len() > before.findings.len();
        if let Some(fresh) = fresh
            && (grown || broken(after) > broken(before))
        {
            return Some(format!("its cure would not do here: {}", fresh.message));
        }
        same::difference(self.goal, after).map(|difference| format!("its cure would end in another schema: {difference}"))
    }
}

fn uncut() -> Option<String> {
    Some("it stands inside a statement that cannot be cut".to_owned())
}

fn class(finding: &Finding) -> Class {
    rule(finding.lint.as_str()).map_or(Class::Script, |rule| rule.class)
}

/// Whose cure says most: what spares old releases spares those who wait as well.
fn weight(class: Class) -> u8 {
    match class {
        Class::OldReleases => 0,
        Class::Data => 1,
        Class::Waiting => 2,
        Class::Script => 3,
        Class::Style => 4,
    }
}

/// Whether a finding is one that a plan must not have.
fn counts(finding: &Finding) -> bool {
    match finding.level {
        Level::Allow | Level::Notice => false,
        Level::Warn | Level::Deny => true,
    }
}

/// The bytes of a statement with its terminator.
fn terminated(text: &str, statement: Span) -> Span {
    let rest = &text[statement.end..];
    let blank = rest.len() - rest.trim_start().len();
    if rest[blank..].starts_with(';') { Span::new(statement.start, statement.end + blank + 1) } else { statement }
}
