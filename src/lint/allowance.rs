//! Allowances: findings that somebody answers for, inline or in migration.toml, with a reason and perhaps a last day.

use std::sync::Arc;

use jiff::civil::Date;

use super::finding::Finding;
use super::hearing::{Place, Rulebook};
use super::replay::Placed;
use super::rule::{Check, LintId};
use super::rules;
use crate::migration::{Allowance, MigrationId};
use crate::schema::operation::TransactionControl;
use crate::schema::{Operation, Phase};
use crate::sql::directive::DirectiveKind;
use crate::sql::{Directive, Script, Source, Span, Statement};

/// What is wrong with an allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowanceFault {
    /// No lint has this id.
    Unknown {
        /// As written.
        id: String,
        /// The nearest id.
        suggestion: Option<LintId>,
    },
    /// Nobody says why.
    NoReason {
        /// The lint.
        lint: LintId,
    },
    /// Its last day has passed.
    Expired {
        /// The lint.
        lint: LintId,
        /// The last day.
        until: Date,
    },
    /// Its last day is no date.
    NoDate {
        /// The lint.
        lint: LintId,
        /// As written.
        until: String,
    },
    /// No allowance reaches the lint: the database would not take such a text.
    Fixed {
        /// The lint.
        lint: LintId,
    },
    /// Nothing that it allows was found.
    Unused {
        /// The lint.
        lint: LintId,
    },
}

/// An allowance in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    lint: LintId,
    reason: String,
    /// The statement it stands above; `None` for the whole file.
    statement: Option<Span>,
    /// Where it is written.
    pub(super) span: Span,
    used: bool,
}

impl InForce {
    fn covers(&self, lint: LintId, span: Span) -> bool {
        let within = |statement: Span| statement.start <= span.start && span.end <= statement.end;
        self.lint == lint && self.statement.is_none_or(within)
    }
}

/// The allowances written in one script.
#[derive(Debug, Default)]
pub(super) struct Inline {
    pub(super) in_force: Vec<InForce>,
    pub(super) faults: Vec<(Span, AllowanceFault)>,
}

impl Inline {
    /// Reads the directives of a script.
    pub(super) fn of(script: &Script, today: Date) -> Inline {
        let mut inline = Inline::default();
        for directive in &script.directives {
            inline.read(directive, None, today);
        }
        for (index, statement) in script.statements.iter().enumerate() {
            for directive in &statement.directives {
                inline.read(directive, Some(reach(script, index)), today);
            }
        }
        inline
    }

    fn read(&mut self, directive: &Directive, statement: Option<Span>, today: Date) {
        let DirectiveKind::Allow { lint, reason, until } = &directive.kind;
        let span = directive.span;
        match examine(lint, reason, until.as_deref().map(parse), today) {
            Ok(lint) => self.in_force.push(InForce { lint, reason: reason.clone(), statement, span, used: false }),
            Err(fault) => self.faults.push((span, fault)),
        }
    }

    /// The reason why a finding is allowed here. Marks the allowance as used.
    pub(super) fn reason(&mut self, lint: LintId, span: Span) -> Option<&str> {
        let allowance = self.in_force.iter_mut().find(|allowance| allowance.covers(lint, span))?;
        allowance.used = true;
        Some(&allowance.reason)
    }

    /// The allowances that allowed nothing.
    pub(super) fn unused(&self) -> impl Iterator<Item = (Span, AllowanceFault)> {
        // What the plan sees is judged after the script: an allowance of it cannot be called unused here.
        let unused = self.in_force.iter().filter(|allowance| !allowance.used && !is_about_plan(allowance.lint));
        unused.map(|allowance| (allowance.span, AllowanceFault::Unused { lint: allowance.lint }))
    }
}

/// What an allowance above a statement covers: the statement, or the transaction that it begins.
fn reach(script: &Script, index: usize) -> Span {
    let begins = |statement: &Statement| matches!(control(statement), Some(TransactionControl::Begin));
    let ends = |statement: &&Statement| control(statement).is_some_and(TransactionControl::ends);
    let statement = &script.statements[index];
    if !begins(statement) {
        return statement.span;
    }
    let end = script.statements[index..].iter().find(ends).or(script.statements.last());
    end.map_or(statement.span, |end| statement.span.to(end.span))
}

fn control(statement: &Statement) -> Option<&TransactionControl> {
    match &statement.clauses[..] {
        [clause] => match &clause.operation {
            Operation::Transaction(control) => Some(control),
            _ => None,
        },
        _ => None,
    }
}

fn is_about_plan(lint: LintId) -> bool {
    rules::rule(lint.as_str()).is_some_and(|rule| match rule.check {
        Check::Plan(_) => true,
        Check::Of(..) | Check::Clause(_) | Check::Text(_) | Check::Allowance(_) | Check::Replay(_) => false,
    })
}

fn parse(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| text.to_owned())
}

fn examine(id: &str, reason: &str, until: Option<Result<Date, String>>, today: Date) -> Result<LintId, AllowanceFault> {
    let Some(rule) = rules::rule(id) else {
        return Err(AllowanceFault::Unknown { id: id.to_owned(), suggestion: rules::similar(id) });
    };
    let lint = rule.id;
    if rule.is_fixed() {
        return Err(AllowanceFault::Fixed { lint });
    }
    match until {
        _ if reason.trim().is_empty() => Err(AllowanceFault::NoReason { lint }),
        Some(Err(until)) => Err(AllowanceFault::NoDate { lint, until }),
        Some(Ok(until)) if until < today => Err(AllowanceFault::Expired { lint, until }),
        Some(Ok(_)) | None => Ok(lint),
    }
}

/// The allowances of one migration.toml: they may serve any of its scripts, so they outlive each.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    migration: MigrationId,
    /// A script of the migration: migration.toml stands beside it.
    path: Arc<str>,
    phase: Phase,
    written: Vec<(Allowance, Use)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// No script that it is about was judged, or some were not.
    NotAsked,
    /// It was asked and allowed nothing so far.
    Idle,
    /// It allowed something.
    Used,
}

impl Settled {
    /// The allowances of the migration that a script belongs to.
    pub(super) fn of(placed: Placed<'_>) -> Settled {
        Settled::new(placed.migration, placed.phase, &placed.script.source.path, placed.allowances)
    }

    /// The allowances of a migration, one of whose scripts is named.
    pub(super) fn new(migration: &MigrationId, phase: Phase, path: &Arc<str>, allowances: &[Allowance]) -> Settled {
        let written = allowances.iter().map(|allowance| (allowance.clone(), Use::Idle)).collect();
        Settled { migration: migration.clone(), path: Arc::clone(path), phase, written }
    }

    /// Says that a script is not judged: what would be allowed in it is not known.
    pub(super) fn pass(&mut self) {
        for (allowance, used) in &mut self.written {
            if allowance.phase.is_none() && *used == Use::Idle {
                *used = Use::NotAsked;
            }
        }
    }

    /// The reason why a finding is allowed in this migration. Marks the allowance as used.
    pub(super) fn reason(&mut self, lint: LintId, phase: Phase, today: Date) -> Option<&str> {
        let covers = |allowance: &Allowance| {
            allowance.phase.is_none_or(|of| of == phase)
                && examine(&allowance.lint, &allowance.reason, allowance.until.map(Ok), today) == Ok(lint)
        };
        let (allowance, used) = self.written.iter_mut().find(|(allowance, _)| covers(allowance))?;
        *used = Use::Used;
        Some(&allowance.reason)
    }

    /// What is wrong with them, once all scripts were seen.
    pub(super) fn close(&self, book: &Rulebook) -> Vec<Finding> {
        let faults = self.written.iter().filter_map(|(allowance, used)| {
            match examine(&allowance.lint, &allowance.reason, allowance.until.map(Ok), book.policy.today) {
                Err(fault) => Some(fault),
                Ok(lint) if *used == Use::Idle => Some(AllowanceFault::Unused { lint }),
                Ok(_) => None,
            }
        });
        let folder = self.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let source = Source::new(format!("{folder}migration.toml"), "");
        let nowhere = Span::new(0, 0);
        let place =
            Place { migration: self.migration.shared(), phase: self.phase, source, span: nowhere, statement: nowhere, replaces: None };
        faults.flat_map(|fault| book.allowance(&place, &fault)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 21);

    fn judged(id: &str, reason: &str, until: Option<&str>) -> Result<LintId, AllowanceFault> {
        examine(id, reason, until.map(parse), TODAY)
    }

    #[test]
    fn an_allowance_needs_a_lint_a_reason_and_a_day_to_come() {
        assert!(judged("drop-column", "the column was never written", Some("2026-11-21")).is_ok());
        assert!(
            matches!(judged("drop-colum", "x", None), Err(AllowanceFault::Unknown { suggestion: Some(id), .. }) if id.as_str() == "drop-column")
        );
        assert!(matches!(judged("drop-column", " ", None), Err(AllowanceFault::NoReason { .. })));
        assert!(matches!(judged("drop-column", "x", Some("2026-11-20")), Err(AllowanceFault::Expired { .. })));
        assert!(matches!(judged("parse-error", "x", None), Err(AllowanceFault::Fixed { .. })));
        assert!(matches!(judged("drop-column", "x", Some("soon")), Err(AllowanceFault::NoDate { .. })));
    }
}
