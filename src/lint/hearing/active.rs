//! The rules that apply in one phase, sorted once by what they listen to: what a clause costs does not grow with the number of rules.

use strum::EnumCount as _;

use crate::lint::allowance::AllowanceFault;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::Level;
use crate::lint::plan_fault::PlanFault;
use crate::lint::rule::{Check, Rule};
use crate::schema::{self, OperationKind};
use crate::sql;

/// A rule with its level and the function that its listeners share.
type Heard<F> = (&'static Rule, Level, F);

/// What sees a fault of another kind: in the text, an allowance, the replay or the plan.
type Of<T> = fn(&T) -> Option<Fault>;

/// What sees a fault of a clause.
type OfClause = fn(&Frame<'_>, &mut Findings);

/// The rules that apply in one phase; every list in the order of the ids.
#[derive(Debug)]
pub(super) struct Active {
    /// By the number of the operation's kind.
    clause: [Vec<Heard<OfClause>>; OperationKind::COUNT],
    text: Vec<Heard<Of<sql::Problem>>>,
    allowance: Vec<Heard<Of<AllowanceFault>>>,
    replay: Vec<Heard<Of<schema::Problem>>>,
    plan: Vec<Heard<Of<PlanFault>>>,
}

impl Active {
    pub(super) fn of(rules: impl Iterator<Item = (&'static Rule, Level)>) -> Active {
        let mut active = Active {
            clause: std::array::from_fn(|_| Vec::new()),
            text: Vec::new(),
            allowance: Vec::new(),
            replay: Vec::new(),
            plan: Vec::new(),
        };
        for (rule, level) in rules {
            match rule.check {
                Check::Of(kinds, check) => kinds.iter().for_each(|kind| active.clause[*kind as usize].push((rule, level, check))),
                Check::Clause(check) => active.clause.iter_mut().for_each(|rules| rules.push((rule, level, check))),
                Check::Text(check) => active.text.push((rule, level, check)),
                Check::Allowance(check) => active.allowance.push((rule, level, check)),
                Check::Replay(check) => active.replay.push((rule, level, check)),
                Check::Plan(check) => active.plan.push((rule, level, check)),
            }
        }
        active
    }

    /// Those that listen to an operation of this kind.
    pub(super) fn clause(&self, kind: OperationKind) -> impl Iterator<Item = Heard<OfClause>> {
        self.clause[kind as usize].iter().copied()
    }

    pub(super) fn allowance(&self) -> impl Iterator<Item = Heard<fn(&AllowanceFault) -> Option<Fault>>> {
        self.allowance.iter().copied()
    }

    pub(super) fn text(&self) -> impl Iterator<Item = Heard<fn(&sql::Problem) -> Option<Fault>>> {
        self.text.iter().copied()
    }

    pub(super) fn replay(&self) -> impl Iterator<Item = Heard<fn(&schema::Problem) -> Option<Fault>>> {
        self.replay.iter().copied()
    }

    pub(super) fn plan(&self) -> impl Iterator<Item = Heard<fn(&PlanFault) -> Option<Fault>>> {
        self.plan.iter().copied()
    }

    /// Proves the lists of operations: asks the rules that do not listen to this one, and none may have something to say.
    #[cfg(debug_assertions)]
    pub(super) fn assert_nobody_else_speaks(&self, frame: &Frame<'_>) {
        let kind = frame.operation.kind();
        for (number, listening) in self.clause.iter().enumerate().filter(|(number, _)| *number != kind as usize) {
            for (rule, _, check) in listening.iter().filter(|(rule, ..)| !self.clause(kind).any(|(other, ..)| other.id == rule.id)) {
                let mut said = Findings::default();
                check(frame, &mut said);
                assert!(
                    said.faults.is_empty(),
                    "{} has something to say of {kind:?} and does not list it (it lists number {number})",
                    rule.id
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::level::Levels;
    use crate::lint::rules;
    use crate::schema::Phase;

    #[test]
    fn every_rule_is_heard_somewhere_and_nowhere_twice() {
        let levels = Levels::default();
        for phase in Phase::ALL {
            let active = Active::of(rules::ALL.iter().map(|rule| (*rule, levels.of(rule, phase))));
            for rule in rules::ALL {
                let is_it = |other: &&'static Rule| other.id == rule.id;
                let clauses = active.clause.iter().map(|rules| rules.iter().map(|(other, ..)| other).filter(|other| is_it(other)).count());
                let clauses: Vec<usize> = clauses.collect();
                assert!(clauses.iter().all(|count| *count <= 1), "{} lists an operation twice", rule.id);
                let others = [
                    active.text.iter().map(|(other, ..)| *other).filter(is_it).count(),
                    active.allowance.iter().map(|(other, ..)| *other).filter(is_it).count(),
                    active.replay.iter().map(|(other, ..)| *other).filter(is_it).count(),
                    active.plan.iter().map(|(other, ..)| *other).filter(is_it).count(),
                ];
                let heard = clauses.iter().max().copied().unwrap_or_default() + others.iter().sum::<usize>();
                assert_eq!(heard, 1, "{} is heard in {heard} lists", rule.id);
            }
        }
    }
}
