//! `[[backfill.throttle]]`: a signal that a backfill yields to, and its limit.

use std::ops::Range;
use std::path::Path;

use super::hours::Hours;
use crate::migration::MigrationError;
use crate::migration::endpoint::{Endpoint, Scheme};
use crate::migration::nearest::hint;
use crate::migration::table::{At, Table, parse_bytes, parse_duration};
use crate::schema::Dialect;

/// A signal with its limit: near it the backfill slows down, at it the backfill stops until the signal is well below again.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// What is looked at.
    pub signal: Signal,
    /// In the signal's own unit.
    pub limit: f64,
    /// Who asked for it.
    pub asked: Asked,
}

/// Who asked for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody: it is looked at where it can be read.
    ByDefault,
    /// The project: what cannot be read stops the backfill.
    ByName,
    /// The project does not want it.
    Off,
}

/// What a backfill looks at between chunks.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// How far replicas are behind, in time.
    ReplicaLag {
        /// Replicas that the primary does not know, asked themselves.
        replicas: Vec<ReplicaAddress>,
        /// Replicas that do not count, by their `application_name`: those that are late on purpose.
        except: Vec<String>,
    },
    /// How far they are behind, in bytes of write-ahead log.
    ReplicaBytes {
        /// As above.
        except: Vec<String>,
    },
    /// How long somebody has been waiting for a lock of ours.
    LockWaiters,
    /// Sessions at work, without ours.
    ActiveSessions,
    /// Age of the oldest transaction that keeps dead rows from being removed.
    Horizon,
    /// Write-ahead log that a replication slot keeps.
    SlotRetention,
    /// Segments of write-ahead log that wait to be archived.
    ArchiveQueue,
    /// Checkpoints an hour that came early because of the amount of log.
    Checkpoints,
    /// Dead rows of the table, as a share of all its rows.
    DeadTuples,
    /// A vacuum at work on the table: it is left three quarters of the time.
    Vacuum,
    /// Sessions of others that did something in this database in the last seconds: beside them the backfill works less.
    Application,
    /// Pages in SQLite's log that a reader keeps from going back to the file.
    WalFile,
    /// A query that returns one number.
    Query {
        /// What it is called.
        name: String,
        /// The query.
        sql: String,
    },
    /// An address that answers 200 as long as all is well.
    Http {
        /// What it is called.
        name: String,
        /// The address.
        endpoint: Endpoint,
    },
    /// A query to Prometheus.
    Prometheus {
        /// What it is called.
        name: String,
        /// Where Prometheus is.
        endpoint: Endpoint,
        /// The query, which returns one number.
        query: String,
    },
    /// The time of day.
    Hours(Hours),
}

/// Where a replica is.
#[derive(Clone, PartialEq, Eq)]
pub enum ReplicaAddress {
    /// Its URL.
    Url(crate::migration::DatabaseUrl),
    /// The variable of the environment that holds it.
    Variable(String),
}

impl std::fmt::Debug for ReplicaAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplicaAddress::Url(url) => write!(f, "{url}"),
            ReplicaAddress::Variable(name) => write!(f, "${name}"),
        }
    }
}

/// Who can read a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalSource {
    /// A database of this dialect alone.
    Of(Dialect),
    /// Whichever database the backfill is in.
    Database,
    /// Something that is asked over HTTP.
    Address,
    /// The clock of whoever runs the backfill.
    Clock,
}

/// In what a signal is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A number.
    Count,
    /// A share of one.
    Share,
    /// Either 0 or 1.
    Switch,
}

impl Signal {
    /// The kinds, as `kind` names them.
    const KINDS: [&str; 16] = [
        "replica-lag",
        "replica-bytes",
        "lock-waiters",
        "active-sessions",
        "horizon",
        "slot-retention",
        "archive-queue",
        "checkpoints",
        "dead-tuples",
        "vacuum",
        "application",
        "wal-file",
        "query",
        "http",
        "prometheus",
        "hours",
    ];

    /// Its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Signal::ReplicaLag { .. } => "replica-lag",
            Signal::ReplicaBytes { .. } => "replica-bytes",
            Signal::LockWaiters => "lock-waiters",
            Signal::ActiveSessions => "active-sessions",
            Signal::Horizon => "horizon",
            Signal::SlotRetention => "slot-retention",
            Signal::ArchiveQueue => "archive-queue",
            Signal::Checkpoints => "checkpoints",
            Signal::DeadTuples => "dead-tuples",
            Signal::Vacuum => "vacuum",
            Signal::Application => "application",
            Signal::WalFile => "wal-file",
            Signal::Query { .. } => "query",
            Signal::Http { .. } => "http",
            Signal::Prometheus { .. } => "prometheus",
            Signal::Hours(_) => "hours",
        }
    }

    /// Its unit.
    pub fn unit(&self) -> Unit {
        match self {
            Signal::ReplicaLag { .. } | Signal::LockWaiters | Signal::Horizon => Unit::Seconds,
            Signal::ReplicaBytes { .. } | Signal::SlotRetention | Signal::WalFile => Unit::Bytes,
            Signal::ActiveSessions | Signal::ArchiveQueue | Signal::Checkpoints | Signal::Query { .. } | Signal::Prometheus { .. } => {
                Unit::Count
            }
            Signal::DeadTuples => Unit::Share,
            Signal::Vacuum | Signal::Application | Signal::Http { .. } | Signal::Hours(_) => Unit::Switch,
        }
    }

    /// Who can read it.
    pub fn source(&self) -> SignalSource {
        match self {
            Signal::Query { .. } => SignalSource::Database,
            Signal::Http { .. } | Signal::Prometheus { .. } => SignalSource::Address,
            Signal::Hours(_) => SignalSource::Clock,
            Signal::WalFile => SignalSource::Of(Dialect::Sqlite),
            Signal::ReplicaLag { .. }
            | Signal::ReplicaBytes { .. }
            | Signal::LockWaiters
            | Signal::ActiveSessions
            | Signal::Horizon
            | Signal::SlotRetention
            | Signal::ArchiveQueue
            | Signal::Checkpoints
            | Signal::DeadTuples
            | Signal::Vacuum
            | Signal::Application => SignalSource::Of(Dialect::Postgres),
        }
    }

    /// Whether a database of this dialect can tell it, or something outside of it.
    pub fn is_of(&self, dialect: Dialect) -> bool {
        match self.source() {
            SignalSource::Of(only) => only == dialect,
            SignalSource::Database | SignalSource::Address | SignalSource::Clock => true,
        }
    }

    /// Whether a database of this dialect is asked for it.
    pub fn is_read_by(&self, dialect: Dialect) -> bool {
        match self.source() {
            SignalSource::Of(only) => only == dialect,
            SignalSource::Database => true,
            SignalSource::Address | SignalSource::Clock => false,
        }
    }

    /// The limit where none is given; `None` for a signal that needs one.
    fn default_limit(&self) -> Option<f64> {
        match self {
            Signal::ReplicaLag { .. } => Some(5.0),
            Signal::ReplicaBytes { .. } => Some(256e6),
            // A chunk target: who waits longer waits for more than one chunk.
            Signal::LockWaiters => Some(0.25),
            Signal::Horizon => Some(900.0),
            Signal::SlotRetention => Some(10e9),
            // 64 segments are 1 GB.
            Signal::ArchiveQueue => Some(64.0),
            Signal::WalFile => Some(64e6),
            // Above the fifth at which autovacuum comes by itself.
            Signal::DeadTuples => Some(0.3),
            Signal::Vacuum | Signal::Application | Signal::Http { .. } | Signal::Hours(_) => Some(1.0),
            Signal::ActiveSessions | Signal::Checkpoints | Signal::Query { .. } | Signal::Prometheus { .. } => None,
        }
    }
}

impl Throttle {
    /// What is looked at though nobody asked, where the server can tell it.
    pub fn defaults() -> Vec<Throttle> {
        let signals = [
            Signal::ReplicaLag { replicas: Vec::new(), except: Vec::new() },
            Signal::ReplicaBytes { except: Vec::new() },
            Signal::LockWaiters,
            Signal::Horizon,
            Signal::SlotRetention,
            Signal::ArchiveQueue,
            Signal::Vacuum,
            Signal::Application,
            Signal::WalFile,
        ];
        let throttle = |signal: Signal| signal.default_limit().map(|limit| Throttle { signal, limit, asked: Asked::ByDefault });
        signals.into_iter().filter_map(throttle).collect()
    }

    /// What it is called: the kind, and the name of a query of the project's own.
    pub fn name(&self) -> String {
        match &self.signal {
            Signal::Query { name, .. } | Signal::Http { name, .. } | Signal::Prometheus { name, .. } if !name.is_empty() => {
                format!("{} {name}", self.signal.kind())
            }
            _ => self.signal.kind().to_owned(),
        }
    }

    /// What is said of a second one of this name.
    pub(super) fn is_there_already(&self) -> String {
        let message = format!("there is a throttle `{}` already", self.name());
        match &self.signal {
            Signal::Query { .. } | Signal::Http { .. } | Signal::Prometheus { .. } => {
                format!("{message}: give this one a `name` of its own")
            }
            _ => format!("{message}: keep the one with the limit that is meant"),
        }
    }

    /// With its files beside the project's file.
    #[must_use]
    pub fn rooted(mut self, root: &Path) -> Throttle {
        self.signal = match self.signal {
            Signal::Http { name, endpoint } => Signal::Http { name, endpoint: endpoint.rooted(root) },
            Signal::Prometheus { name, endpoint, query } => Signal::Prometheus { name, endpoint: endpoint.rooted(root), query },
            other => other,
        };
        self
    }

    /// Reads one `[[backfill.throttle]]`.
    pub(super) fn read((mut table, at): At<Table<'_>>) -> Result<Throttle, MigrationError> {
        let document = table.document();
        let (kind, kind_at) = table.required("kind", at.clone())?;
        let signal = read_signal(&mut table, &kind, kind_at, at.clone())?;
        let limit = table.text_or_number("limit")?;
        let off = table.truth("off")?.unwrap_or_default();
        table.finish()?;
        let asked = if off { Asked::Off } else { Asked::ByName };
        let limit = match limit {
            Some((text, at)) => read_limit(&text, signal.unit()).ok_or_else(|| document.fault(at, wrong_limit(&text, signal.unit())))?,
            None if off => 1.0,
            None => signal.default_limit().ok_or_else(|| document.fault(at, format!("`{kind}` needs a `limit`")))?,
        };
        Ok(Throttle { signal, limit, asked })
    }
}

fn read_signal(table: &mut Table<'_>, kind: &str, kind_at: Range<usize>, at: Range<usize>) -> Result<Signal, MigrationError> {
    let document = table.document();
    let except = |table: &mut Table<'_>| -> Result<Vec<String>, MigrationError> {
        Ok(table.texts("except")?.unwrap_or_default().into_iter().map(|(name, _)| name).collect())
    };
    let named =
        |table: &mut Table<'_>| -> Result<String, MigrationError> { Ok(table.text("name")?.map_or_else(String::new, |(name, _)| name)) };
    Ok(match kind {
        "replica-lag" => Signal::ReplicaLag { replicas: read_replicas(table)?, except: except(table)? },
        "replica-bytes" => Signal::ReplicaBytes { except: except(table)? },
        "lock-waiters" => Signal::LockWaiters,
        "active-sessions" => Signal::ActiveSessions,
        "horizon" => Signal::Horizon,
        "slot-retention" => Signal::SlotRetention,
        "archive-queue" => Signal::ArchiveQueue,
        "checkpoints" => Signal::Checkpoints,
        "dead-tuples" => Signal::DeadTuples,
        "vacuum" => Signal::Vacuum,
        "application" => Signal::Application,
        "wal-file" => Signal::WalFile,
        "query" => Signal::Query { name: named(table)?, sql: table.required("sql", at)?.0 },
        "http" => Signal::Http { name: named(table)?, endpoint: Endpoint::read(table, at, Scheme::Bearer)? },
        "prometheus" => Signal::Prometheus {
            name: named(table)?,
            endpoint: Endpoint::read(table, at.clone(), Scheme::Bearer)?,
            query: table.required("query", at)?.0,
        },
        "hours" => {
            let (text, at) = table.required("only", at)?;
            Signal::Hours(text.parse().map_err(|message| document.fault(at, message))?)
        }
        other => {
            let message = format!("`{other}` is no signal{}; known: {}", hint(other, Signal::KINDS), Signal::KINDS.join(", "));
            return Err(document.fault(kind_at, message));
        }
    })
}

fn read_replicas(table: &mut Table<'_>) -> Result<Vec<ReplicaAddress>, MigrationError> {
    let document = table.document();
    let mut replicas = Vec::new();
    for (text, at) in table.texts("replicas")?.unwrap_or_default() {
        let url = crate::migration::DatabaseUrl::parse(&text).map_err(|error| document.fault(at, error.to_string()))?;
        replicas.push(ReplicaAddress::Url(url));
    }
    replicas.extend(table.texts("replicas_env")?.unwrap_or_default().into_iter().map(|(name, _)| ReplicaAddress::Variable(name)));
    Ok(replicas)
}

fn read_limit(text: &str, unit: Unit) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "limits of bytes are far below 2^53")]
    let number = match unit {
        Unit::Seconds => parse_duration(text)?.as_secs_f64(),
        Unit::Bytes => parse_bytes(text)? as f64,
        Unit::Count => text.parse().ok()?,
        Unit::Share => text.strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0,
        Unit::Switch => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn wrong_limit(text: &str, unit: Unit) -> String {
    let wanted = match unit {
        Unit::Seconds => "a length of time such as \"5s\"",
        Unit::Bytes => "a number of bytes such as \"256 MB\"",
        Unit::Count => "a number",
        Unit::Share => "a share such as \"30%\"",
        Unit::Switch => return "this signal is either well or not: it has no `limit`".to_owned(),
    };
    format!("`{text}` is no limit here: write {wanted}")
}

#[cfg(test)]
mod tests;
