//! Settings: what SET asks for, how long it lasts, and which of them is in force where a clause stands.

use std::time::Duration;

use super::Frame;
use crate::dialect::{self, Lock, TransactionUse};
use crate::schema::operation::Setting;
use crate::schema::{Dialect, Operation};
use crate::sql::{Clause, Span};

/// A time limit as a setting states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum Limit {
    /// The server's own default again: RESET, DEFAULT.
    Default,
    /// None: 0.
    Off,
    /// So long.
    After(Duration),
    /// It cannot be told.
    Unknown,
}

/// The unit of a number without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum Unit {
    Milliseconds,
    Seconds,
}

impl Setting {
    /// The time limit that it states.
    pub(in crate::lint) fn limit(&self, unit: Unit) -> Limit {
        match &self.values[..] {
            [] => Limit::Default,
            [value] => limit(value, unit),
            _ => Limit::Unknown,
        }
    }

    /// Whether it puts back what was there: RESET, DEFAULT.
    pub(in crate::lint) fn restores(&self) -> bool {
        match &self.values[..] {
            [] => true,
            [value] => value.eq_ignore_ascii_case("default"),
            _ => false,
        }
    }
}

fn limit(value: &str, unit: Unit) -> Limit {
    let value = value.trim().trim_matches('\'');
    if value.eq_ignore_ascii_case("default") {
        return Limit::Default;
    }
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let Ok(number) = value[..digits].parse::<f64>() else { return Limit::Unknown };
    let second = match (value[digits..].trim(), unit) {
        ("us", _) => 1e-6,
        ("ms", _) | ("", Unit::Milliseconds) => 1e-3,
        ("s", _) | ("", Unit::Seconds) => 1.0,
        ("min", _) => 60.0,
        ("h", _) => 3600.0,
        ("d", _) => 86400.0,
        _ => return Limit::Unknown,
    };
    match Duration::try_from_secs_f64(number * second) {
        Ok(Duration::ZERO) => Limit::Off,
        Ok(duration) => Limit::After(duration),
        Err(_) => Limit::Unknown,
    }
}

/// So many clauses are looked through, before or behind: whoever writes more has a machine write it.
const NEAR: usize = 2000;

impl<'a> Frame<'a> {
    /// The clauses of the script behind this one, as far as they are near.
    pub(in crate::lint) fn later_in_script(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let here = self.clause.span;
        let from = self.script.statements.partition_point(|statement| statement.span.end <= here.start);
        let rest = self.script.statements.get(from..).unwrap_or_default();
        rest.iter()
            .flat_map(|statement| &statement.clauses)
            .filter(move |clause| clause.span.start > here.start && clause.span != here)
            .take(NEAR)
    }

    /// The clauses of the script before this one, the nearest first, as far as they are near.
    pub(in crate::lint) fn earlier_in_script(&self) -> impl Iterator<Item = &'a Clause> + use<'a> {
        let here = self.clause.span;
        let to = self.script.statements.partition_point(|statement| statement.span.start <= here.start);
        let before = self.script.statements.get(..to).unwrap_or_default();
        before
            .iter()
            .rev()
            .flat_map(|statement| statement.clauses.iter().rev())
            .filter(move |clause| clause.span.start < here.start)
            .take(NEAR)
    }

    /// The setting that the script gave a value for its session before this clause, and where.
    pub(in crate::lint) fn session_setting(&self, name: &str) -> Option<(&'a Setting, Span)> {
        self.earlier_in_script().find_map(|clause| match &clause.operation {
            Operation::SetSetting(setting) if !setting.local && (setting.name == name || setting.name == "all") => {
                Some((setting, clause.span))
            }
            _ => None,
        })
    }

    /// Whether a clause that this one's setting reaches may have to wait for a lock, before the setting is given again.
    ///
    /// Builds beside reads and writes are left out: no limit must end them.
    pub(in crate::lint) fn something_waits_under(&self, setting: &Setting) -> bool {
        let given_again = |clause: &&Clause| match &clause.operation {
            Operation::SetSetting(later) => later.name == setting.name || later.name == "all",
            Operation::Transaction(control) => setting.local && control.ends(),
            _ => false,
        };
        self.later_in_script().take_while(|clause| !given_again(clause)).any(|clause| self.may_wait(clause))
    }

    /// Whether the clause takes a lock for which others may have to be waited for.
    fn may_wait(&self, clause: &Clause) -> bool {
        let impact = dialect::impact(&self.server, &clause.operation, self.after);
        let alone = impact.transaction == TransactionUse::Forbidden && self.dialect() == Dialect::Postgres;
        let waits = |lock: Lock| match lock {
            Lock::AccessShare | Lock::RowShare => false,
            Lock::RowExclusive
            | Lock::ShareUpdateExclusive
            | Lock::Share
            | Lock::ShareRowExclusive
            | Lock::Exclusive
            | Lock::AccessExclusive
            | Lock::DatabaseWrite
            | Lock::MetadataBrief
            | Lock::MetadataShared
            | Lock::MetadataExclusive => true,
        };
        let held = impact.locks.iter().filter(|held| waits(held.lock));
        !alone && held.into_iter().any(|held| !self.after.table(&held.table).is_absent() && !self.is_new_table(&held.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_their_units() {
        let seconds = |n| Limit::After(Duration::from_secs(n));
        for (text, unit, expected) in [
            ("2s", Unit::Milliseconds, seconds(2)),
            ("2000", Unit::Milliseconds, seconds(2)),
            ("'5min'", Unit::Milliseconds, seconds(300)),
            ("1 h", Unit::Milliseconds, seconds(3600)),
            ("0", Unit::Milliseconds, Limit::Off),
            ("0ms", Unit::Milliseconds, Limit::Off),
            ("DEFAULT", Unit::Milliseconds, Limit::Default),
            ("31536000", Unit::Seconds, seconds(31_536_000)),
            ("soon", Unit::Seconds, Limit::Unknown),
        ] {
            assert_eq!(limit(text, unit), expected, "{text}");
        }
    }
}
