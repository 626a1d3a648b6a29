//! `[[abort]]`: what is watched while expand and backfill run, and when that is reason enough to stop.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::endpoint::{Endpoint, Scheme};
use super::nearest::hint;
use super::table::{At, Table};
use super::veto::{Expected, read_pointer};
use super::{Bound, MigrationError};
use crate::schema::Phase;

/// One thing that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abort {
    /// `name`; its kind where it has none.
    pub name: String,
    /// What is asked.
    pub ask: AbortAsk,
    /// `phases`: while which it is watched. Default expand and backfill.
    pub phases: Vec<Phase>,
    /// `interval`: how often it is asked. Default 10 seconds.
    pub interval: Duration,
    /// `unknown`: what is done when it does not answer. Default `pause`.
    pub unknown: OnUnknown,
    /// `at_work`: what a breach does to the statement of an expand that is at work. Default `cut-off`.
    pub at_work: AtWork,
    /// `watch_for`: how long it is watched after the last statement of an expand. Default not at all.
    pub watch_for: Duration,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AbortAsk {
    /// A number that Prometheus computes.
    Prometheus {
        /// The server.
        endpoint: Endpoint,
        /// `query`.
        query: String,
        /// `breach_when`.
        breach_when: Bound,
    },
    /// A value in a JSON document.
    Http {
        /// The document's address.
        endpoint: Endpoint,
        /// `pointer`.
        pointer: String,
        /// `breach_when` or `breach_equals`.
        breach: Expected,
    },
}

/// What is done when nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// As if it were breached, until somebody knows.
    Pause,
    /// As if nothing were wrong.
    GoOn,
}

impl OnUnknown {
    const WORDS: [(&'static str, OnUnknown); 2] = [("pause", OnUnknown::Pause), ("go-on", OnUnknown::GoOn)];
}

/// What a breach does to the statement of an expand that is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtWork {
    /// Cuts it off, where nothing of it stays.
    CutOff,
    /// Nothing: the run stops behind it.
    Finish,
}

impl AtWork {
    const WORDS: [(&'static str, AtWork); 2] = [("cut-off", AtWork::CutOff), ("finish", AtWork::Finish)];
}

impl Abort {
    /// Reads `[[abort]]`.
    pub(super) fn read_all(root: &mut Table<'_>) -> Result<Vec<Abort>, MigrationError> {
        let document = root.document();
        let mut aborts: Vec<Abort> = Vec::new();
        for (table, at) in root.tables("abort")? {
            let abort = Abort::read((table, at.clone()))?;
            if aborts.iter().any(|earlier| earlier.name == abort.name) {
                let message = format!("there is an abort condition `{}` already: give this one a `name` of its own", abort.name);
                return Err(document.fault(at, message));
            }
            aborts.push(abort);
        }
        Ok(aborts)
    }

    fn read((mut table, at): At<Table<'_>>) -> Result<Abort, MigrationError> {
        let document = table.document();
        let (kind, kind_at) = table.required("kind", at.clone())?;
        let name = table.text("name")?.map_or_else(|| kind.clone(), |(name, _)| name);
        let ask = match kind.as_str() {
            "prometheus" => read_prometheus(&mut table, at)?,
            "http" => read_http(&mut table, at)?,
            _ => {
                let words = ["prometheus", "http"];
                let message = format!("`{kind}` is no kind of abort condition{}; known: {}", hint(&kind, words), words.join(", "));
                return Err(document.fault(kind_at, message));
            }
        };
        let mut phases = Vec::new();
        for (word, at) in table.texts("phases")?.unwrap_or_default() {
            match Phase::from_name(&word) {
                Some(phase @ (Phase::Expand | Phase::Backfill)) => phases.push(phase),
                Some(Phase::Contract) => {
                    let message = "contract cannot be undone half-way: let a gate hold it instead (`[[contract.gate]]`)".to_owned();
                    return Err(document.fault(at, message));
                }
                None => return Err(document.fault(at, format!("`{word}` is no phase: write expand or backfill"))),
            }
        }
        if phases.is_empty() {
            phases = vec![Phase::Expand, Phase::Backfill];
        }
        let interval = table.duration("interval")?.unwrap_or(Duration::from_secs(10));
        let unknown = match table.text("unknown")? {
            Some((word, at)) => {
                let found = OnUnknown::WORDS.into_iter().find(|(known, _)| *known == word);
                found.ok_or_else(|| document.fault(at, format!("`{word}` is not known: write pause or go-on")))?.1
            }
            None => OnUnknown::Pause,
        };
        let at_work = match table.text("at_work")? {
            Some((word, at)) => {
                let found = AtWork::WORDS.into_iter().find(|(known, _)| *known == word);
                found.ok_or_else(|| document.fault(at, format!("`{word}` is not known: write cut-off or finish")))?.1
            }
            None => AtWork::CutOff,
        };
        let watch_for = table.duration("watch_for")?.unwrap_or_default();
        table.finish()?;
        // Asked more often than this, the question itself is load.
        let interval = interval.max(Duration::from_millis(100));
        Ok(Abort { name, ask: ask.within(interval), phases, interval, unknown, at_work, watch_for })
    }

    /// With its files beside the project's file.
    #[must_use]
    pub fn rooted(mut self, root: &Path) -> Abort {
        match &mut self.ask {
            AbortAsk::Prometheus { endpoint, .. } | AbortAsk::Http { endpoint, .. } => endpoint.root(root),
        }
        self
    }
}

impl AbortAsk {
    /// An answer that comes after the next question is of no use: a breach must be seen within one interval.
    fn within(mut self, interval: Duration) -> AbortAsk {
        match &mut self {
            AbortAsk::Prometheus { endpoint, .. } | AbortAsk::Http { endpoint, .. } => endpoint.timeout = endpoint.timeout.min(interval),
        }
        self
    }
}

fn read_prometheus(table: &mut Table<'_>, at: Range<usize>) -> Result<AbortAsk, MigrationError> {
    let document = table.document();
    let endpoint = Endpoint::read(table, at.clone(), Scheme::Bearer)?;
    let query = table.required("query", at.clone())?.0;
    let (limit, limit_at) = table.required("breach_when", at)?;
    Ok(AbortAsk::Prometheus { endpoint, query, breach_when: limit.parse().map_err(|message| document.fault(limit_at, message))? })
}

fn read_http(table: &mut Table<'_>, at: Range<usize>) -> Result<AbortAsk, MigrationError> {
    let document = table.document();
    let endpoint = Endpoint::read(table, at.clone(), Scheme::Bearer)?;
    let pointer = read_pointer(table, at.clone())?;
    let breach = match (table.text("breach_when")?, table.scalar("breach_equals")?) {
        (Some((limit, limit_at)), None) => Expected::Number(limit.parse().map_err(|message| document.fault(limit_at, message))?),
        (None, Some((text, _))) => Expected::Text(text),
        (Some(_), Some((_, at))) => return Err(document.fault(at, "give either `breach_when` or `breach_equals`, not both".to_owned())),
        (None, None) => return Err(document.fault(at, "say what a breach is: `breach_when` or `breach_equals`".to_owned())),
    };
    Ok(AbortAsk::Http { endpoint, pointer, breach })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Project;

    const ERRORS: &str =
        "[[abort]]\nkind = \"prometheus\"\nname = \"errors\"\nurl = \"http://prom\"\nquery = \"errors\"\nbreach_when = \"> 0.02\"\n";

    fn read(text: &str) -> Result<Vec<Abort>, String> {
        Project::parse(Path::new("."), text).map(|project| project.aborts).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_with_its_defaults() {
        let [abort] = &read(ERRORS).expect("valid")[..] else { panic!("there is one") };
        assert_eq!((abort.interval, abort.unknown, abort.at_work), (Duration::from_secs(10), OnUnknown::Pause, AtWork::CutOff));
        assert_eq!(abort.phases, [Phase::Expand, Phase::Backfill]);
        let http = "[[abort]]\nkind = \"http\"\nurl = \"http://a\"\npointer = \"/s\"\nbreach_equals = \"paging\"\nphases = [\"expand\"]\ninterval = \"1s\"\nunknown = \"go-on\"\nat_work = \"finish\"\n";
        let [abort] = &read(http).expect("valid")[..] else { panic!("there is one") };
        assert_eq!((abort.name.as_str(), abort.unknown, abort.at_work), ("http", OnUnknown::GoOn, AtWork::Finish));
        let AbortAsk::Http { endpoint, .. } = &abort.ask else { panic!("it asks over HTTP") };
        assert_eq!(endpoint.timeout, Duration::from_secs(1));
    }

    #[test]
    fn faults_are_told() {
        let fault = |more: &str| read(&format!("{ERRORS}{more}\n")).expect_err("must be refused");
        assert!(fault("phases = [\"contract\"]").contains("let a gate hold it instead"));
        assert!(fault("unknown = \"stop\"").contains("write pause or go-on"));
        assert!(fault("at_work = \"stop\"").contains("write cut-off or finish"));
        assert!(fault("breech_when = \"> 1\"").contains("unknown key `abort.breech_when`; did you mean `breach_when`?"));
        assert!(fault(ERRORS).contains("there is an abort condition `errors` already"));
        let pointer = read("[[abort]]\nkind = \"http\"\nurl = \"http://a\"\npointer = \"errors\"\nbreach_when = \"> 5\"\n");
        let pointer = pointer.expect_err("must be refused");
        assert!(pointer.contains("migrate.toml:4:11: `pointer` is `errors`: write a JSON pointer such as \"/status/phase\""), "{pointer}");
        assert!(read("[[abort]]\nkind = \"promethius\"").expect_err("must be refused").contains("did you mean `prometheus`?"));
        assert!(
            read("[[abort]]\nkind = \"http\"\nurl = \"http://a\"\npointer = \"/s\"")
                .expect_err("must be refused")
                .contains("say what a breach is")
        );
    }
}
