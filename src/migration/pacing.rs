//! How fast a backfill goes: a named gait, the numbers that replace parts of it, and the signals that it yields to.

pub mod hours;
pub mod throttle;

use std::str::FromStr;
use std::time::Duration;

use super::MigrationError;
use super::nearest::hint;
use super::table::{Table, parse_bytes, parse_duration};
use crate::schema::Dialect;
use throttle::{Asked, Signal, Throttle};

/// What `[backfill]`, `--pace` or `migrate backfill pace` says; what it leaves open, the layer below decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pacing {
    /// `pace`: a gait.
    pub gait: Option<Gait>,
    /// `chunk_target`: how long one chunk should take.
    pub chunk_target: Option<Duration>,
    /// `duty`: the share of the time that the backfill works.
    pub duty: Option<Share>,
    /// `wal`: bytes of write-ahead log a second.
    pub wal: Option<u64>,
    /// `[[backfill.throttle]]`.
    pub throttles: Vec<Throttle>,
}

/// A named pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Gait {
    /// For tables that the application lives on.
    Gentle,
    /// The application does not notice.
    #[default]
    Default,
    /// As fast as one worker can, in chunks that still let writers in.
    Fast,
}

/// A share of the time, above 0 and up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

/// A pace in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Numbers {
    /// How long one chunk should take.
    pub target: Duration,
    /// The largest share of the time that the backfill works.
    pub duty: Share,
    /// The share beside an application that is at work in the same database, where it is another one.
    pub beside: Option<Share>,
    /// After how much work it rests; shorter rests are saved up to this.
    pub slice: Duration,
    /// Bytes of write-ahead log a second at most.
    pub wal: Option<u64>,
}

/// Below this many wake-ups a second a rest is worth its cost: measured, rests after every 29 ms made an application's p99 worse
/// than none, on two busy cores.
const SLICE: Duration = Duration::from_millis(100);

impl Gait {
    /// All of them, slowest first.
    pub const ALL: [Gait; 3] = [Gait::Gentle, Gait::Default, Gait::Fast];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Gait::Gentle => "gentle",
            Gait::Default => "default",
            Gait::Fast => "fast",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<Gait> {
        Gait::ALL.into_iter().find(|gait| gait.as_str() == name)
    }

    /// Chunk target, share of the time, and the share beside an application.
    ///
    /// What an application feels grows with the share, since its commits wait for the log that the backfill writes: on two processors and one
    /// disk, half of the time made its p99 2.9 to 3.4 times what it was, a quarter 2.9, an eighth 2.1 (docs/benchmarks.md).
    ///
    /// On a server a writer waits for the rows of a chunk alone; on SQLite everybody who writes waits for the whole chunk, and polls,
    /// so that the gap behind it must be long: chunks of 2 to 8 ms with 30 ms between them left p99 at 3 to 11 ms.
    fn rhythm(self, dialect: Dialect) -> (Duration, f64, Option<Share>) {
        let (millis, duty, beside) = match (dialect, self) {
            (Dialect::Postgres | Dialect::Mysql, Gait::Gentle) => (50, 0.25, Some(0.05)),
            (Dialect::Postgres | Dialect::Mysql, Gait::Default) => (100, 0.5, Some(0.1)),
            // The longest chunk that ends well within PostgreSQL's deadlock_timeout, waits included.
            (Dialect::Postgres | Dialect::Mysql, Gait::Fast) => (250, 1.0, None),
            (Dialect::Sqlite, Gait::Gentle) => (5, 0.125, None),
            (Dialect::Sqlite, Gait::Default) => (10, 0.25, None),
            (Dialect::Sqlite, Gait::Fast) => (50, 0.8, None),
        };
        (Duration::from_millis(millis), duty, beside.map(Share))
    }
}

impl std::fmt::Display for Gait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Share {
    /// A share; `None` unless it is above 0 and at most 1.
    pub fn new(share: f64) -> Option<Share> {
        (share > 0.0 && share <= 1.0).then_some(Share(share))
    }

    /// The number, above 0 and at most 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let percent = text.strip_suffix('%').map(str::trim).and_then(|number| number.parse::<f64>().ok());
        // It is kept by a tenth of a percent: less would be kept as nothing.
        let percent = percent.filter(|percent| *percent >= 0.1);
        percent
            .and_then(|percent| Share::new(percent / 100.0))
            .ok_or_else(|| format!("`{text}` is no share of the time from 0.1% to 100%: write \"50%\""))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", (self.0 * 100.0 * 10.0).round() / 10.0)
    }
}

impl Pacing {
    /// Reads the keys of `[backfill]` that are about the pace; others are left for whoever asks for them.
    pub(super) fn read(table: &mut Table<'_>) -> Result<Pacing, MigrationError> {
        let document = table.document();
        let gait = match table.text("pace")? {
            Some((name, at)) => Some(Gait::from_name(&name).ok_or_else(|| document.fault(at, no_gait(&name)))?),
            None => None,
        };
        let chunk_target = match table.at("chunk_target") {
            Some(at) => {
                let target = table.duration("chunk_target")?.unwrap_or_default();
                check_target(target).map_err(|message| document.fault(at, message))?;
                Some(target)
            }
            None => table.duration("chunk_target")?,
        };
        let duty: Option<Share> = match table.text("duty")? {
            Some((text, at)) => Some(text.parse().map_err(|message| document.fault(at, message))?),
            None => None,
        };
        let wal = table.bytes("wal")?;
        let mut throttles: Vec<Throttle> = Vec::new();
        for (entry, at) in table.tables("throttle")? {
            let throttle = Throttle::read((entry, at.clone()))?;
            // Readings find their signal by its name.
            if throttles.iter().any(|earlier| earlier.name() == throttle.name()) {
                return Err(document.fault(at, throttle.is_there_already()));
            }
            if duty.is_some() && throttle.signal == Signal::Application && throttle.asked != Asked::Off {
                let message = "`application` has no effect beside `duty`, which holds whoever is there: keep one of them";
                return Err(document.fault(at, message.to_owned()));
            }
            throttles.push(throttle);
        }
        Ok(Pacing { gait, chunk_target, duty, wal, throttles })
    }

    /// This, and below it what another layer says. Throttles of both count; where both name a signal, this one's limit holds.
    pub fn over(&self, below: &Pacing) -> Pacing {
        let mut throttles = self.throttles.clone();
        let is_new = |throttle: &&Throttle| !self.throttles.iter().any(|mine| mine.name() == throttle.name());
        throttles.extend(below.throttles.iter().filter(is_new).cloned());
        // A gait brings numbers of its own: those of the layers below belong to another one.
        let below_numbers = if self.gait.is_some() { &Pacing::default() } else { below };
        Pacing {
            gait: self.gait.or(below.gait),
            chunk_target: self.chunk_target.or(below_numbers.chunk_target),
            duty: self.duty.or(below_numbers.duty),
            wal: self.wal.or(below.wal),
            throttles,
        }
    }

    /// With its files beside the project's file.
    #[must_use]
    pub fn rooted(mut self, root: &std::path::Path) -> Pacing {
        self.throttles = self.throttles.into_iter().map(|throttle| throttle.rooted(root)).collect();
        self
    }

    /// All signals to look at: the project's own, and those that are looked at by default unless the project says otherwise.
    pub fn watched(&self, dialect: Dialect) -> Vec<Throttle> {
        let defaults = Throttle::defaults();
        let is_silent = |throttle: &&Throttle| !self.throttles.iter().any(|own| own.name() == throttle.name());
        let own = self.throttles.iter().filter(|throttle| throttle.asked != Asked::Off);
        let defaults = defaults.iter().filter(|throttle| throttle.signal.is_of(dialect));
        own.chain(defaults.filter(is_silent)).cloned().collect()
    }

    /// A signal that somebody asks for by name and that no database of this dialect can tell.
    pub fn foreign(&self, dialect: Dialect) -> Option<&Throttle> {
        self.throttles.iter().find(|throttle| throttle.asked != Asked::Off && !throttle.signal.is_of(dialect))
    }

    /// The pace in numbers.
    pub fn numbers(&self, dialect: Dialect) -> Numbers {
        let (target, duty, beside) = self.gait.unwrap_or_default().rhythm(dialect);
        let target = self.chunk_target.unwrap_or(target);
        let slice = match dialect {
            Dialect::Postgres | Dialect::Mysql => target.max(SLICE),
            // Each chunk keeps all writers out: each gets its gap.
            Dialect::Sqlite => Duration::ZERO,
        };
        // Who states a share means it, whoever is there.
        let is_unwanted = |throttle: &Throttle| throttle.signal == Signal::Application && throttle.asked == Asked::Off;
        let beside = beside.filter(|_| self.duty.is_none() && !self.throttles.iter().any(is_unwanted));
        Numbers { target, duty: self.duty.unwrap_or(Share(duty)), beside, slice, wal: self.wal }
    }
}

/// `fast`, `gentle,duty=10%`, `chunk=50ms,wal=20MB`.
impl FromStr for Pacing {
    type Err = String;

    fn from_str(text: &str) -> Result<Pacing, String> {
        let mut pacing = Pacing::default();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
                None => pacing.gait = Some(Gait::from_name(part).ok_or_else(|| no_gait(part))?),
                Some(("chunk", value)) => {
                    let target = parse_duration(value).ok_or_else(|| format!("`{value}` is no length of time: write chunk=100ms"))?;
                    check_target(target)?;
                    pacing.chunk_target = Some(target);
                }
                Some(("duty", value)) => pacing.duty = Some(value.parse()?),
                Some(("wal", value)) => {
                    let bytes = parse_bytes(value).filter(|bytes| *bytes > 0);
                    pacing.wal = Some(bytes.ok_or_else(|| format!("`{value}` is no number of bytes a second: write wal=20MB"))?);
                }
                Some((key, _)) => {
                    return Err(format!("`{key}` is no part of a pace{}; known: {KEYS}", hint(key, ["chunk", "duty", "wal"])));
                }
            }
        }
        Ok(pacing)
    }
}

/// The parts of a pace, for messages.
const KEYS: &str = "gentle, default, fast, chunk=100ms, duty=50%, wal=20MB";

impl std::fmt::Display for Pacing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = self.gait.iter().map(ToString::to_string).collect();
        parts.extend(self.chunk_target.map(|target| format!("chunk={}ms", target.as_millis())));
        parts.extend(self.duty.map(|duty| format!("duty={duty}")));
        parts.extend(self.wal.map(|wal| format!("wal={wal}B")));
        match parts.is_empty() {
            true => f.write_str(Gait::Default.as_str()),
            false => f.write_str(&parts.join(",")),
        }
    }
}

fn no_gait(name: &str) -> String {
    format!("`{name}` is no pace{}; known: {KEYS}", hint(name, Gait::ALL.map(Gait::as_str)))
}

/// A chunk holds its row locks until it ends.
fn check_target(target: Duration) -> Result<(), String> {
    match (Duration::from_millis(1)..=Duration::from_secs(10)).contains(&target) {
        // Kept by the millisecond.
        true if target.subsec_nanos().is_multiple_of(1_000_000) => Ok(()),
        true => Err("a chunk takes whole milliseconds: write chunk=100ms".to_owned()),
        false => Err("a chunk takes between 1ms and 10s: so long its rows are locked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Project;

    fn project(text: &str) -> Result<Pacing, String> {
        Project::parse(std::path::Path::new("shop"), text).map(|project| project.pacing).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pace_reads_back_what_it_says() {
        for text in ["fast", "gentle,duty=10%", "chunk=50ms,wal=20000000B", "default,chunk=80ms,duty=12.5%"] {
            assert_eq!(text.parse::<Pacing>().expect("a pace").to_string(), text);
        }
        assert_eq!("wal=20MB".parse::<Pacing>().expect("a pace").wal, Some(20_000_000));
        assert_eq!(Pacing::default().to_string(), "default");
    }

    #[test]
    fn a_pace_that_is_none_is_told() {
        assert!("gentel".parse::<Pacing>().expect_err("refused").contains("did you mean `gentle`?"));
        assert!("dutty=10%".parse::<Pacing>().expect_err("refused").contains("did you mean `duty`?"));
        assert!("duty=0%".parse::<Pacing>().expect_err("refused").contains("write \"50%\""));
        assert!("duty=110%".parse::<Pacing>().is_err());
        assert!("duty=0.01%".parse::<Pacing>().expect_err("refused").contains("from 0.1% to 100%"));
        assert!("chunk=1500us".parse::<Pacing>().expect_err("refused").contains("whole milliseconds"));
        assert!("chunk=1h".parse::<Pacing>().expect_err("refused").contains("between 1ms and 10s"));
        assert!("wal=0".parse::<Pacing>().is_err());
        assert!("".parse::<Pacing>().is_err());
    }

    #[test]
    fn layers_lie_over_each_other() {
        let below = "default,chunk=80ms,wal=5MB".parse::<Pacing>().expect("a pace");
        let duty = "duty=20%".parse::<Pacing>().expect("a pace").over(&below);
        assert_eq!(duty.to_string(), "default,chunk=80ms,duty=20%,wal=5000000B");
        // Another gait is another gait; the budget of the log is no part of it.
        let fast = "fast".parse::<Pacing>().expect("a pace").over(&below);
        assert_eq!(fast.to_string(), "fast,wal=5000000B");
        assert_eq!(fast.numbers(Dialect::Postgres).target, Duration::from_millis(250));
    }

    #[test]
    fn the_projects_signals_replace_those_that_are_looked_at_by_default() {
        let text = "[[backfill.throttle]]\nkind = \"replica-lag\"\nlimit = \"1s\"\n[[backfill.throttle]]\nkind = \"vacuum\"\noff = true\n";
        let watched = project(text).expect("valid").watched(Dialect::Postgres);
        let limit = |name: &str| watched.iter().find(|throttle| throttle.name() == name).map(|throttle| throttle.limit);
        assert_eq!((limit("replica-lag"), limit("vacuum"), limit("horizon")), (Some(1.0), None, Some(900.0)));
        assert_eq!(limit("wal-file"), None);
        let other = project("[[backfill.throttle]]\nkind = \"wal-file\"\n").expect("valid");
        assert_eq!(other.foreign(Dialect::Postgres).map(Throttle::name).as_deref(), Some("wal-file"));
        assert_eq!(other.foreign(Dialect::Sqlite), None);
        let off = project("[[backfill.throttle]]\nkind = \"wal-file\"\noff = true\n").expect("valid");
        assert_eq!(off.foreign(Dialect::Postgres), None);
    }

    #[test]
    fn an_application_is_not_asked_for_beside_a_stated_share() {
        let throttle = "[[backfill.throttle]]\nkind = \"application\"\n";
        assert!(project(throttle).is_ok());
        assert!(project(&format!("[backfill]\nduty = \"40%\"\n{throttle}off = true\n")).is_ok());
        let refused = project(&format!("[backfill]\nduty = \"40%\"\n{throttle}")).expect_err("refused");
        assert!(refused.contains("has no effect beside `duty`"), "{refused}");
    }

    #[test]
    fn the_file_says_it_key_by_key() {
        let pacing = project("[backfill]\npace = \"fast\"\nchunk_target = \"150ms\"\nduty = \"40%\"\nwal = \"20 MB\"\n").expect("valid");
        assert_eq!(pacing.to_string(), "fast,chunk=150ms,duty=40%,wal=20000000B");
        assert!(project("[backfill]\npace = \"quick\"").expect_err("refused").starts_with("migrate.toml:2:8: `quick` is no pace"));
        assert!(project("[backfill]\nduty = \"half\"").expect_err("refused").starts_with("migrate.toml:2:8: `half` is no share"));
        assert!(project("[backfill]\nchunk_target = \"1m\"").expect_err("refused").starts_with("migrate.toml:2:16: a chunk takes"));
        assert!(project("[backfill]\ndutty = \"50%\"").expect_err("refused").contains("did you mean `duty`?"));
    }
}
