//! What the database tells of those who use it: sessions by their names, statements, and reads of what goes.
//!
//! Each can hold only. Seeing an old release connected proves that it is there; seeing none proves nothing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::readiness::{Readiness, readiness};
use super::verdict::Verdict;
use super::words::{at, later, length, list};
use crate::ledger::{Ledger, Release};
use crate::migration::veto::UseAsk;
use crate::plan::GateSpec;
use crate::plan::inquiry::{Removed, SessionsSeen, StatementSeen, StatementsSeen, TellsLast, UseSeen};
use crate::schema::Phase;

/// PostgreSQL cuts application_name here, in bytes.
const CUT: usize = 63;

/// What is told of a statement.
const TOLD: usize = 120;

/// Judges `kind = "application-names"`.
pub(super) fn sessions(seen: &[SessionsSeen], spec: &GateSpec, ledger: &Ledger) -> Verdict {
    let (mut old, mut cut, mut ready) = (Vec::new(), Vec::new(), 0_u64);
    let mut evidence = Vec::new();
    let mut unnamed = 0_u64;
    for one in seen {
        let release =
            one.name.split_once('@').filter(|(service, version)| !version.is_empty() && spec.services.iter().any(|s| s == service));
        let Some((service, version)) = release else {
            unnamed += one.sessions;
            continue;
        };
        if one.name.len() >= CUT {
            cut.push(one.name.clone());
            continue;
        }
        let release = Release { service: service.to_owned(), version: version.to_owned() };
        match readiness(spec, ledger, &release) {
            Readiness::Ready(_) => ready += one.sessions,
            Readiness::NotReady(why) => {
                let noun = if one.sessions == 1 { "session" } else { "sessions" };
                old.push(format!("{} {noun} of {release}, which is not ready: {why}", one.sessions));
            }
        }
        evidence.push(json!({ "application_name": one.name, "sessions": one.sessions }));
    }
    let evidence = json!({ "sessions": evidence, "under_other_names": unnamed });
    if !old.is_empty() {
        return Verdict::closed(old.join("; "), evidence);
    }
    if !cut.is_empty() {
        let reason = format!("the database cuts names after {CUT} bytes, so the release of {} cannot be told", list(&cut));
        return Verdict::unknown(reason, evidence);
    }
    Verdict::open(format!("no session of a release that is not ready; {ready} of ready ones, {unnamed} under other names"), evidence)
}

/// Judges `kind = "statements"`. `since` is when the soak began.
pub(super) fn statements(seen: &StatementsSeen, removes: &[Removed], since: Timestamp) -> Verdict {
    let wanted: Vec<&Removed> = removes
        .iter()
        .filter(|removed| match removed {
            Removed::Table(_) | Removed::Column(..) => true,
            Removed::Index(_) => false,
        })
        .collect();
    let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let evidence = |found: &[&StatementSeen]| {
        let found: Vec<Value> =
            found.iter().map(|one| json!({ "queryid": one.id, "role": one.role, "calls": one.calls, "text": short(&one.text) })).collect();
        let reset = seen.reset.map(|reset| reset.to_string());
        json!({ "looked_for": names, "reset": reset, "evicted": seen.evicted, "track": seen.track, "found": found })
    };
    if wanted.is_empty() {
        return Verdict::open("the contract drops no table and no column", evidence(&[]));
    }
    if !seen.readable {
        let reason = "this role does not see the statements of others: GRANT pg_read_all_stats TO it";
        return Verdict::unknown(reason, evidence(&[]));
    }
    let found: Vec<&StatementSeen> =
        seen.found.iter().filter(|one| is_use(&one.text) && wanted.iter().any(|removed| names_it(&one.text, removed))).collect();
    if let Some(first) = found.first() {
        let ids: Vec<String> = found.iter().map(|one| one.id.clone()).collect();
        let reason = format!(
            "{} named {}, the first by {} ({} calls): `{}`. When those that ran it are gone, forget what they did with SELECT pg_stat_statements_reset(0, 0, queryid) for {}, and come back after the soak",
            if found.len() == 1 { "a statement".to_owned() } else { format!("{} statements", found.len()) },
            list(&names),
            first.role,
            first.calls,
            short(&first.text),
            list(&ids)
        );
        return Verdict::closed(reason, evidence(&found));
    }
    match (seen.track.as_str(), seen.reset) {
        ("none", _) => return Verdict::unknown("pg_stat_statements.track is none: nothing is recorded", evidence(&[])),
        (_, Some(reset)) if reset <= since => {}
        (_, Some(reset)) => {
            let reason = format!("everything was forgotten at {}, after the soak began at {}", at(reset), at(since));
            return Verdict::unknown(reason, evidence(&[]));
        }
        (_, None) => return Verdict::unknown("since when statements are recorded is not told", evidence(&[])),
    }
    if seen.evicted > 0 {
        let reason =
            format!("{} entries were evicted, perhaps one of those: raise pg_stat_statements.max, reset, and come back", seen.evicted);
        return Verdict::unknown(reason, evidence(&[]));
    }
    if seen.textless > 0 {
        return Verdict::unknown(format!("the texts of {} entries are lost", seen.textless), evidence(&[]));
    }
    Verdict::open(format!("no recorded statement names {}", list(&names)), evidence(&[]))
}

/// Whether it is more than a change of the schema or upkeep.
fn is_use(text: &str) -> bool {
    const UPKEEP: [&str; 11] =
        ["alter", "create", "comment", "drop", "vacuum", "analyze", "grant", "revoke", "reindex", "explain", "truncate"];
    let first = words(text).next().unwrap_or_default();
    !UPKEEP.contains(&first.as_str())
}

/// Whether a text holds the names of what goes: as whole words, or anywhere where a name is more than one word.
fn names_it(text: &str, removed: &Removed) -> bool {
    match removed {
        Removed::Table(table) => holds(text, table.name.as_str()),
        Removed::Column(table, column) => holds(text, table.name.as_str()) && holds(text, column.as_str()),
        Removed::Index(_) => false,
    }
}

fn holds(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    match name.chars().all(is_of_word) {
        true => words(text).any(|word| word == name),
        // Such a name stands in quotes, its own doubled.
        false => text.to_lowercase().contains(&name.replace('"', "\"\"")),
    }
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TOLD { line } else { format!("{} …", line.chars().take(TOLD).collect::<String>()) }
}

/// Judges `kind = "use"`.
pub(super) fn reads(seen: &[UseSeen], asked: &UseAsk, spec: &GateSpec, ledger: &Ledger) -> Verdict {
    let (now, wanted) = (ledger.now, asked.unused_for.unwrap_or(spec.soak));
    // What was interrupted may have dropped the first of them already.
    let goes_on = ledger.script(&spec.migration, Phase::Contract).is_some();
    let evidence: Vec<Value> = seen
        .iter()
        .map(|one| {
            let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
            json!({ "on": one.replica, "object": one.object.to_string(), "scans": one.scans, "last": time(one.last), "counts_since": time(one.since) })
        })
        .collect();
    let evidence = json!(evidence);
    if seen.is_empty() {
        return Verdict::open("the contract drops no table and no index", evidence);
    }
    let (mut used, mut unknown) = (Vec::new(), Vec::new());
    for one in seen {
        let place = one.replica.as_ref().map_or_else(String::new, |name| format!(" on {name}"));
        let Some(scans) = one.scans else {
            if !goes_on {
                unknown.push(format!("{}{place} is not to be found", one.object));
            }
            continue;
        };
        match (one.tells_last, one.last) {
            (TellsLast::Yes, Some(last)) if later(last, wanted) > now => {
                used.push(format!("{}{place} was read at {}", one.object, at(last)));
                continue;
            }
            (TellsLast::No, _) if scans > 0 => {
                used.push(format!("{}{place} was read {scans} times since {}", one.object, one.since.map_or("unknown".to_owned(), at)));
                continue;
            }
            (TellsLast::Yes | TellsLast::No, _) => {}
        }
        match one.since {
            Some(since) if later(since, wanted) <= now => {}
            Some(since) => unknown.push(format!("the statistics{place} count since {} only, less than {}", at(since), length(wanted))),
            None => unknown.push(format!("since when the statistics{place} count is not told")),
        }
    }
    unknown.dedup();
    if !used.is_empty() {
        return Verdict::closed(used.join("; "), evidence);
    }
    if !unknown.is_empty() {
        return Verdict::unknown(unknown.join("; "), evidence);
    }
    Verdict::open(format!("nothing was read for {}", length(wanted)), evidence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::GateState;
    use crate::schema::{Ident, ObjectName};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn column() -> Removed {
        Removed::Column(ObjectName::bare(Ident::stored("users")), Ident::stored("name"))
    }

    fn seen(texts: &[&str]) -> StatementsSeen {
        let found = texts.iter().map(|text| StatementSeen { id: "7".into(), role: "app".into(), calls: 3, text: (*text).to_owned() });
        StatementsSeen { readable: true, track: "top".into(), evicted: 0, textless: 0, reset: Some(second(10)), found: found.collect() }
    }

    #[test]
    fn statements_hold_by_whole_names_and_uncertainty() {
        let of = |seen: &StatementsSeen| statements(seen, &[column()], second(100)).state;
        assert_eq!(of(&seen(&[])), GateState::Open);
        for text in ["SELECT id, name FROM users", "UPDATE Users SET Name = $1", "SELECT u.\"name\" FROM public.users u"] {
            assert_eq!(of(&seen(&[text])), GateState::Closed, "{text}");
        }
        for text in ["SELECT full_name FROM users", "SELECT name FROM pets", "ALTER TABLE users ADD COLUMN name text"] {
            assert_eq!(of(&seen(&[text])), GateState::Open, "{text}");
        }
        for unknown in [
            StatementsSeen { readable: false, ..seen(&[]) },
            StatementsSeen { evicted: 1, ..seen(&[]) },
            StatementsSeen { textless: 1, ..seen(&[]) },
            StatementsSeen { track: "none".into(), ..seen(&[]) },
            StatementsSeen { reset: Some(second(101)), ..seen(&[]) },
            StatementsSeen { reset: None, ..seen(&[]) },
        ] {
            assert_eq!(of(&unknown), GateState::Unknown, "{unknown:?}");
        }
        let evicted = StatementsSeen { evicted: 1, ..seen(&["SELECT name FROM users"]) };
        assert_eq!(of(&evicted), GateState::Closed, "what was seen was seen");
    }

    #[test]
    fn names_of_more_than_one_word_hold() {
        let of = |text: &str, name: &str| {
            let table = ObjectName::bare(Ident::stored("Old Users"));
            statements(&seen(&[text]), &[Removed::Column(table, Ident::stored(name))], second(100)).state
        };
        for name in ["first-name", "First Name", "first.name"] {
            assert_eq!(of(&format!("SELECT u.\"{name}\" FROM \"Old Users\" u"), name), GateState::Closed, "{name}");
            assert_eq!(of("SELECT first, name FROM \"Old Users\"", name), GateState::Open, "{name}");
        }
        assert_eq!(of("SELECT \"a \"\"b\"\"\" FROM \"old users\"", "a \"b\""), GateState::Closed);
        assert_eq!(of("SELECT \"first-name\" FROM users", "first-name"), GateState::Open);
    }

    #[test]
    fn reads_hold_by_their_last_time_or_by_their_number() {
        let asked = UseAsk { replicas: Vec::new(), unused_for: Some(Duration::from_secs(100)) };
        let one = |scans, last: Option<i64>, since: Option<i64>, tells_last| UseSeen {
            replica: None,
            object: Removed::Index(ObjectName::bare(Ident::stored("i"))),
            scans,
            last: last.map(second),
            since: since.map(second),
            tells_last,
        };
        let spec = crate::evidence::tests::spec();
        let mut ledger = Ledger::empty(second(1000));
        let of = |one: UseSeen| reads(&[one], &asked, &spec, &ledger).state;
        use TellsLast::{No, Yes};
        assert_eq!(of(one(Some(5), Some(800), Some(0), Yes)), GateState::Open);
        assert_eq!(of(one(Some(5), Some(950), Some(0), Yes)), GateState::Closed);
        assert_eq!(of(one(Some(0), None, Some(0), Yes)), GateState::Open);
        assert_eq!(of(one(Some(5), None, Some(0), No)), GateState::Closed);
        assert_eq!(of(one(Some(0), None, Some(0), No)), GateState::Open);
        assert_eq!(of(one(Some(0), None, Some(950), No)), GateState::Unknown);
        assert_eq!(of(one(Some(0), None, None, Yes)), GateState::Unknown);
        assert_eq!(of(one(None, None, Some(0), Yes)), GateState::Unknown);
        // A contract that was interrupted goes on.
        ledger.scripts.push(crate::evidence::tests::record(Phase::Contract, 7, crate::ledger::ScriptStatus::Running));
        assert_eq!(reads(&[one(None, None, Some(0), Yes)], &asked, &spec, &ledger).state, GateState::Open);
    }
}
