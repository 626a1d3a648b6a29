//! What a database is asked about those who use it, and what it answers, as values.

use jiff::Timestamp;

use crate::migration::{Ask, Veto};
use crate::schema::{Ident, ObjectName, Operation};
use crate::sql::Script;

/// A question to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquiry {
    /// Who is connected, under which names.
    Sessions,
    /// Which recorded statements hold one of these names.
    Statements {
        /// Names of tables.
        names: Vec<String>,
        /// Whose statements do not count.
        except_roles: Vec<String>,
    },
    /// How these tables and indexes are read, here and on standbys.
    Use {
        /// They.
        objects: Vec<Removed>,
        /// Variables that hold the URLs of standbys.
        replicas: Vec<String>,
    },
}

/// Something that a contract removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A table.
    Table(ObjectName),
    /// A column of a table.
    Column(ObjectName, Ident),
    /// An index.
    Index(ObjectName),
}

impl std::fmt::Display for Removed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Removed::Table(table) => write!(f, "table {table}"),
            Removed::Column(table, column) => write!(f, "column {table}.{column}"),
            Removed::Index(index) => write!(f, "index {index}"),
        }
    }
}

/// An answer of the database.
#[derive(Clone, Debug, PartialEq)]
pub enum Testimony {
    /// Who is connected.
    Sessions(Vec<SessionsSeen>),
    /// What ran.
    Statements(StatementsSeen),
    /// How things are read.
    Use(Vec<UseSeen>),
}

/// Sessions of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionsSeen {
    /// `application_name`.
    pub name: String,
    /// How many.
    pub sessions: u64,
}

/// What pg_stat_statements holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementsSeen {
    /// Whether this role sees the texts of others.
    pub readable: bool,
    /// `pg_stat_statements.track`.
    pub track: String,
    /// Entries that were evicted since the last reset.
    pub evicted: u64,
    /// Entries whose text is lost.
    pub textless: u64,
    /// When everything was forgotten for the last time.
    pub reset: Option<Timestamp>,
    /// Those that hold one of the names.
    pub found: Vec<StatementSeen>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementSeen {
    /// Its number.
    pub id: String,
    /// Who runs it.
    pub role: String,
    /// How often it ran.
    pub calls: u64,
    /// Its text, with parameters in place of constants.
    pub text: String,
}

/// How one table or index is read on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseSeen {
    /// The variable that named the server; `None` for the primary.
    pub replica: Option<String>,
    /// What.
    pub object: Removed,
    /// Scans since `since`; `None` where there is no such object.
    pub scans: Option<u64>,
    /// The last of them, where the server tells (16 and later).
    pub last: Option<Timestamp>,
    /// Since when the server counts.
    pub since: Option<Timestamp>,
    /// Whether the server tells the time of the last scan.
    pub tells_last: TellsLast,
}

/// Whether a server tells the time of the last scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TellsLast {
    /// From PostgreSQL 16 on.
    Yes,
    /// Before.
    No,
}

/// What the database must be asked for a source; `None` for sources elsewhere.
pub fn inquiry(veto: &Veto, removes: &[Removed]) -> Option<Inquiry> {
    match &veto.ask {
        Ask::ApplicationNames => Some(Inquiry::Sessions),
        Ask::Statements(asked) => {
            let names = removes.iter().filter_map(|removed| match removed {
                // As statements write it: a quote in a quoted name is doubled.
                Removed::Table(table) | Removed::Column(table, _) => Some(table.name.as_str().replace('"', "\"\"")),
                Removed::Index(_) => None,
            });
            Some(Inquiry::Statements { names: names.collect(), except_roles: asked.except_roles.clone() })
        }
        Ask::Use(asked) => {
            let objects = removes.iter().filter(|removed| match removed {
                Removed::Table(_) | Removed::Index(_) => true,
                Removed::Column(..) => false,
            });
            Some(Inquiry::Use { objects: objects.cloned().collect(), replicas: asked.replicas.clone() })
        }
        Ask::Prometheus(_)
        | Ask::ErrorRate(_)
        | Ask::Latency(_)
        | Ask::Http(_)
        | Ask::Command(_)
        | Ask::Unleash(_)
        | Ask::LaunchDarkly(_)
        | Ask::Flagsmith(_)
        | Ask::Ofrep(_)
        | Ask::Kubernetes(_)
        | Ask::Ecs(_)
        | Ask::TargetGroup(_)
        | Ask::Approval(_) => None,
    }
}

/// Tables, columns and indexes that a script drops.
pub(super) fn removes(script: &Script) -> Vec<Removed> {
    let operations = script.statements.iter().flat_map(|statement| &statement.clauses).map(|clause| &clause.operation);
    let mut removes = Vec::new();
    for operation in operations {
        // Whatever else a contract removes leaves no trace in the statistics of a server.
        if let Operation::DropTable(dropped) = operation {
            removes.push(Removed::Table(dropped.name.clone()));
        } else if let Operation::DropColumn { table, column, .. } = operation {
            removes.push(Removed::Column(table.clone(), column.clone()));
        } else if let Operation::DropIndex { index, .. } = operation {
            removes.push(Removed::Index(index.clone()));
        }
    }
    removes
}
