//! How loud a finding is: by rule and phase, changed by `[lint.levels]` of migrate.toml.

use std::collections::BTreeMap;

use super::rule::{Check, Class, LintId, Rule};
use super::rules;
use crate::schema::Phase;

pub use crate::migration::Level;

/// The level of a rule in each phase. `Allow` says that the phase is the right one for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseLevels {
    /// In expand.sql.
    pub expand: Level,
    /// In backfill.sql.
    pub backfill: Level,
    /// In contract.sql.
    pub contract: Level,
}

impl PhaseLevels {
    /// Right in no phase.
    pub const DENY: PhaseLevels = PhaseLevels { expand: Level::Deny, backfill: Level::Deny, contract: Level::Deny };
    /// Worth a look in every phase.
    pub const WARN: PhaseLevels = PhaseLevels { expand: Level::Warn, backfill: Level::Warn, contract: Level::Warn };
    /// For information, in every phase.
    pub const NOTICE: PhaseLevels = PhaseLevels { expand: Level::Notice, backfill: Level::Notice, contract: Level::Notice };
    /// Right once no old release runs any more; the gate guards that.
    pub const CONTRACT_ONLY: PhaseLevels = PhaseLevels { contract: Level::Allow, ..PhaseLevels::DENY };
    /// Right where the tool cuts it into batches.
    pub const BACKFILL_ONLY: PhaseLevels = PhaseLevels { backfill: Level::Allow, ..PhaseLevels::DENY };
    /// Right everywhere but in a backfill.
    pub const NOT_IN_BACKFILL: PhaseLevels = PhaseLevels { expand: Level::Allow, backfill: Level::Deny, contract: Level::Allow };

    /// Says nothing until the project asks for it.
    pub const OFF: PhaseLevels = PhaseLevels { expand: Level::Allow, backfill: Level::Allow, contract: Level::Allow };

    /// The level in one phase.
    pub const fn of(&self, phase: Phase) -> Level {
        match phase {
            Phase::Expand => self.expand,
            Phase::Backfill => self.backfill,
            Phase::Contract => self.contract,
        }
    }

    /// The phases in which the rule has nothing to say.
    pub fn legal_in(&self) -> Vec<Phase> {
        Phase::ALL.into_iter().filter(|&phase| self.of(phase) == Level::Allow).collect()
    }
}

/// The levels that a project chose; every other rule keeps its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    chosen: BTreeMap<LintId, Level>,
    /// `[lint] style`: the level of every lint about style.
    style: Option<Level>,
}

/// A level that cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// No rule has this id.
    #[error("there is no lint `{id}`{}", suggestion.map(|id| format!("; did you mean `{id}`?")).unwrap_or_default())]
    Unknown {
        /// As written.
        id: String,
        /// The nearest id.
        suggestion: Option<LintId>,
    },
    /// The text itself is broken: the server would be sent something else than was judged.
    #[error("the level of `{id}` cannot be changed: the database would not take such a script")]
    Fixed {
        /// The lint.
        id: LintId,
    },
}

impl Levels {
    /// Reads `[lint.levels]`: levels by lint id.
    ///
    /// # Errors
    ///
    /// When an id names no lint, or one whose level is fixed.
    pub fn new<'a>(chosen: impl IntoIterator<Item = (&'a str, Level)>) -> Result<Levels, LevelError> {
        let chosen = chosen.into_iter().map(|(id, level)| match rules::rule(id) {
            None => Err(LevelError::Unknown { id: id.to_owned(), suggestion: rules::similar(id) }),
            Some(rule) if rule.is_fixed() => Err(LevelError::Fixed { id: rule.id }),
            Some(rule) => Ok((rule.id, level)),
        });
        Ok(Levels { chosen: chosen.collect::<Result<_, _>>()?, style: None })
    }

    /// The same levels with one for every lint about style that has none of its own.
    #[must_use]
    pub fn with_style(self, level: Option<Level>) -> Levels {
        Levels { style: level, ..self }
    }

    /// The level of a rule in a phase. A chosen level does not make a rule speak where it has nothing to say.
    pub fn of(&self, rule: &Rule, phase: Phase) -> Level {
        let own = rule.levels.of(phase);
        let speaks = own != Level::Allow || rule.levels.legal_in().len() == Phase::ALL.len();
        match self.chosen.get(&rule.id) {
            Some(&chosen) if speaks => chosen,
            None if rule.class == Class::Style => self.style.unwrap_or(own),
            Some(_) | None => own,
        }
    }
}

impl Rule {
    /// Whether neither levels nor allowances reach it.
    pub fn is_fixed(&self) -> bool {
        match self.check {
            Check::Text(_) => true,
            Check::Of(..) | Check::Clause(_) | Check::Allowance(_) | Check::Replay(_) | Check::Plan(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_level_keeps_the_legal_phase_legal() {
        let levels = Levels::new([("drop-column", Level::Warn)]).expect("a known id");
        let rule = rules::rule("drop-column").expect("a known id");
        assert_eq!(levels.of(rule, Phase::Expand), Level::Warn);
        assert_eq!(levels.of(rule, Phase::Contract), Level::Allow);
    }

    #[test]
    fn a_wrong_id_is_answered_with_the_nearest() {
        let error = Levels::new([("drop-colum", Level::Warn)]).expect_err("an unknown id");
        assert_eq!(error.to_string(), "there is no lint `drop-colum`; did you mean `drop-column`?");
    }

    #[test]
    fn style_is_off_until_it_is_asked_for() {
        let rule = rules::rule("prefer-text").expect("a known id");
        assert_eq!(Levels::default().of(rule, Phase::Expand), Level::Allow);
        assert_eq!(Levels::default().with_style(Some(Level::Notice)).of(rule, Phase::Expand), Level::Notice);
        let chosen = Levels::new([("prefer-text", Level::Warn)]).expect("a known id");
        assert_eq!(chosen.clone().of(rule, Phase::Contract), Level::Warn);
        assert_eq!(chosen.with_style(Some(Level::Notice)).of(rule, Phase::Contract), Level::Warn);
    }

    #[test]
    fn what_breaks_the_text_cannot_be_lowered() {
        assert!(matches!(Levels::new([("parse-error", Level::Allow)]), Err(LevelError::Fixed { .. })));
    }
}
