//! How a table is cut into chunks: chosen from facts, with the reasons as values. Pure; whoever asks brings the facts.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Job;
use crate::migration::{CutKind, Cutting};
use crate::schema::Ident;
use crate::sql::Exclusion;

/// Pages of a window: large enough that the passes over it come seconds apart, small enough to stay in the buffers.
pub const WINDOW: u32 = 820;

/// Passes over a window. From eight on the key's index does not grow; with less, pages fill up before they are pruned.
pub const PASSES: u16 = 8;

/// A table of fewer pages than this is filled before anybody looks at its size.
const SMALL: u64 = 4 * WINDOW as u64;

/// A snapshot older than this keeps the space of changed rows from being used again before the next pass.
const OLD_SNAPSHOT: Duration = Duration::from_secs(60);

/// How a table is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chunking {
    /// Along a key, in its order.
    Keys,
    /// Along the pages of the table: a window of this many at a time, each visited this often, every n-th row at a visit.
    Pages {
        /// Pages of a window.
        window: u32,
        /// Visits.
        passes: u16,
        /// What tells which visit a row belongs to.
        class: RowClass,
        /// Rows to a page, about.
        density: u32,
    },
}

/// Which visit of a window changes a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowClass {
    /// The remainder of this integer column, its name quoted for SQL.
    Column(String),
    /// The row's number within its page.
    Offset,
}

/// What is known of a table that is to be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How its rows are kept.
    pub storage: Storage,
    /// An integer column of its key.
    pub integer: Option<Ident>,
    /// The first index that covers a column which the statement assigns.
    pub index: Option<String>,
    /// Pages of its file.
    pub pages: u64,
    /// Rows, about.
    pub rows: u64,
    /// The partitions that hold the rows, where each can be walked by itself.
    pub partitions: Vec<Partition>,
    /// What the database does to a row that the statement has changed, where that may make it fit the condition again.
    pub undone: Option<String>,
    /// How old the oldest snapshot is that keeps changed rows from being removed.
    pub horizon: Duration,
}

/// A partition that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name, quoted for SQL.
    pub name: String,
    /// Rows, about.
    pub rows: u64,
    /// Pages of its file.
    pub pages: u64,
}

/// How the rows of a table are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// PostgreSQL's own: pages of versions of rows.
    Heap,
    /// Another access method of PostgreSQL.
    Method(String),
    /// In partitions that cannot be walked one by one: of another kind, or a row could move from one to the next.
    Partitioned,
    /// On another server, or in none that has pages.
    Elsewhere,
    /// In the order of a key: SQLite, InnoDB.
    ByKey,
}

impl Chunking {
    /// How the rest of a job is cut after its ranges were done: by key where there is one, so that no row is missed that
    /// moved meanwhile.
    pub fn closing(&self, job: &Job) -> Chunking {
        match self {
            Chunking::Keys => Chunking::Keys,
            Chunking::Pages { .. } if !job.key.is_empty() => Chunking::Keys,
            Chunking::Pages { window, class, density, .. } => {
                Chunking::Pages { window: *window, passes: 1, class: class.clone(), density: *density }
            }
        }
    }
}

impl fmt::Display for Chunking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chunking::Keys => write!(f, "along the key"),
            Chunking::Pages { window, passes: 1, .. } => write!(f, "along the pages, {window} at a time"),
            Chunking::Pages { window, passes, .. } => write!(f, "interleaved: windows of {window} pages, {passes} passes over each"),
        }
    }
}

/// A way of cutting with the reasons for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How.
    pub chunking: Chunking,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
}

/// Why a table is cut in the way it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The project says so.
    Wanted(CutKind),
    /// The engine keeps rows in the order of a key.
    RowsByKey,
    /// Another access method than heap.
    Method(String),
    /// The table has partitions.
    Partitioned,
    /// The table has no pages that could be asked for.
    NoPages,
    /// The database may make a changed row fit the condition again.
    Undone(String),
    /// A row may be changed again when it is met again.
    NotExcluded(String),
    /// A changed row does not fit the condition any more.
    Excluded(String),
    /// An index covers what is assigned: each change goes to the index, and no space within a page is won by waiting.
    Indexed(String),
    /// The table is small.
    Small(u64),
    /// A snapshot is held that is this old.
    OldSnapshot(Duration),
    /// The table has no key.
    NoKey,
}

impl Reason {
    /// The reason and, where somebody can change it, how.
    pub fn told(&self) -> String {
        let cure = match self {
            Reason::NotExcluded(_) => {
                "write a WHERE that is false for a changed row, such as `column IS NULL` beside a value that is never NULL"
            }
            Reason::Indexed(_) => "create it after the backfill to have the table filled interleaved",
            Reason::OldSnapshot(_) => "end that session, and it is filled interleaved",
            Reason::NoKey => "a primary key lets what is left be found without reading the whole table",
            Reason::Wanted(_)
            | Reason::RowsByKey
            | Reason::Method(_)
            | Reason::Partitioned
            | Reason::NoPages
            | Reason::Undone(_)
            | Reason::Excluded(_)
            | Reason::Small(_) => return self.to_string(),
        };
        format!("{self} ({cure})")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Wanted(kind) => write!(f, "chunking = \"{}\" is asked for", kind.as_str()),
            Reason::RowsByKey => write!(f, "rows lie in the order of the key"),
            Reason::Method(method) => write!(f, "the table's access method is {method}"),
            Reason::Partitioned => write!(f, "its partitions cannot be walked one by one"),
            Reason::NoPages => write!(f, "the table has no pages of its own"),
            Reason::Undone(why) => write!(f, "walked once, since a changed row may fit the condition again: {why}"),
            Reason::NotExcluded(why) => write!(f, "a row that moves could be changed twice: {why}"),
            Reason::Excluded(by) => write!(f, "`{by}` is false once a row is changed"),
            Reason::Indexed(index) => write!(f, "index {index} covers a column that is assigned"),
            Reason::Small(pages) => write!(f, "the table is small ({pages} pages)"),
            Reason::OldSnapshot(age) => write!(f, "a snapshot that is {} s old keeps changed rows in their pages", age.as_secs()),
            Reason::NoKey => write!(f, "the table has no key"),
        }
    }
}

/// Why a table cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Uncuttable {
    /// No key, and pages will not do.
    #[error(
        "{table} has no key to walk along, and pages will not do: {because}; give it a primary key or a unique index over NOT NULL columns"
    )]
    Neither {
        /// The table.
        table: String,
        /// Why not by pages.
        because: String,
    },
    /// What the project asks for would change a row twice or miss one.
    #[error("chunking = \"{}\" will not do for {table}: {because}; leave it out, or write chunking = \"keys\"", kind.as_str())]
    Refused {
        /// What was asked for.
        kind: CutKind,
        /// The table.
        table: String,
        /// Why not.
        because: String,
    },
}

/// Chooses how a job's table is cut.
///
/// # Errors
/// When nothing will do, or what is wanted will not.
pub fn choose(job: &Job, facts: &Facts, wanted: &Cutting) -> Result<Choice, Uncuttable> {
    let table = || job.table.to_string();
    let obstacle = no_pages(job, facts);
    match (wanted.chunking, &obstacle) {
        (Some(kind @ (CutKind::Pages | CutKind::Interleaved)), Some(because)) => {
            return Err(Uncuttable::Refused { kind, table: table(), because: because.to_string() });
        }
        (Some(kind @ CutKind::Keys), _) if job.key.is_empty() => {
            return Err(Uncuttable::Refused { kind, table: table(), because: Reason::NoKey.to_string() });
        }
        (Some(CutKind::Keys), _) => return Ok(keys(Reason::Wanted(CutKind::Keys))),
        (Some(kind @ CutKind::Pages), None) => return Ok(pages(facts, wanted, 1, vec![Reason::Wanted(kind)])),
        (Some(kind @ CutKind::Interleaved), None) => {
            return Ok(pages(facts, wanted, PASSES, vec![Reason::Wanted(kind)]));
        }
        (None, Some(because)) if job.key.is_empty() => {
            return Err(Uncuttable::Neither { table: table(), because: because.to_string() });
        }
        (None, Some(_) | None) => {}
    }
    if let Some(because) = obstacle {
        return Ok(keys(because));
    }
    let excluded = match &job.exclusion {
        Exclusion::Proven { by } => Reason::Excluded(by.clone()),
        Exclusion::Unproven { reason, .. } => Reason::NotExcluded(reason.clone()),
    };
    if job.key.is_empty() {
        return Ok(pages(facts, wanted, 1, vec![Reason::NoKey, excluded]));
    }
    if facts.pages < SMALL {
        return Ok(keys(Reason::Small(facts.pages)));
    }
    if let Some(index) = &facts.index {
        return Ok(keys(Reason::Indexed(index.clone())));
    }
    if facts.horizon > OLD_SNAPSHOT {
        return Ok(pages(facts, wanted, 1, vec![Reason::OldSnapshot(facts.horizon), excluded]));
    }
    Ok(pages(facts, wanted, PASSES, vec![excluded]))
}

/// Why pages will not do, if they will not.
fn no_pages(job: &Job, facts: &Facts) -> Option<Reason> {
    if let Some(why) = &facts.undone {
        return Some(Reason::Undone(why.clone()));
    }
    match &facts.storage {
        Storage::ByKey => return Some(Reason::RowsByKey),
        Storage::Method(method) => return Some(Reason::Method(method.clone())),
        Storage::Partitioned => return Some(Reason::Partitioned),
        Storage::Elsewhere => return Some(Reason::NoPages),
        Storage::Heap => {}
    }
    match &job.exclusion {
        Exclusion::Unproven { reason, .. } => Some(Reason::NotExcluded(reason.clone())),
        Exclusion::Proven { .. } => None,
    }
}

fn keys(reason: Reason) -> Choice {
    Choice { chunking: Chunking::Keys, reasons: vec![reason] }
}

fn pages(facts: &Facts, wanted: &Cutting, passes: u16, reasons: Vec<Reason>) -> Choice {
    let class = match &facts.integer {
        Some(column) => RowClass::Column(column.quoted(crate::schema::Dialect::Postgres)),
        None => RowClass::Offset,
    };
    let passes = if passes == 1 { 1 } else { wanted.passes.unwrap_or(passes).max(1) };
    let density = u32::try_from(facts.rows / facts.pages.max(1)).unwrap_or(u32::MAX).max(1);
    Choice { chunking: Chunking::Pages { window: wanted.window.unwrap_or(WINDOW).max(1), passes, class, density }, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Dialect, ObjectName, Server};
    use crate::sql::{Exclusion, Span};

    fn job(key: &[&str], exclusion: Exclusion) -> Job {
        let sql = "UPDATE t SET b = 1 WHERE b IS NULL";
        let point = crate::sql::batch_point(sql, Span::new(0, sql.len()), Server::oldest(Dialect::Postgres)).expect("it can be cut");
        Job {
            sql: sql.to_owned(),
            point,
            table: ObjectName::bare(Ident::stored("t")),
            key: key.iter().map(|column| Ident::stored(column)).collect(),
            assigned: vec![Ident::stored("b")],
            exclusion,
            cutting: Cutting::default(),
        }
    }

    fn proven() -> Exclusion {
        Exclusion::Proven { by: "b IS NULL".to_owned() }
    }

    fn unproven() -> Exclusion {
        Exclusion::Unproven { reason: "nothing is known".to_owned(), again: crate::sql::Again::Same }
    }

    fn facts() -> Facts {
        let integer = Some(Ident::stored("id"));
        Facts {
            storage: Storage::Heap,
            integer,
            index: None,
            pages: 100_000,
            rows: 6_000_000,
            partitions: Vec::new(),
            undone: None,
            horizon: Duration::ZERO,
        }
    }

    fn chosen(job: &Job, facts: &Facts) -> String {
        choose(job, facts, &job.cutting).map_or_else(|error| error.to_string(), |choice| choice.chunking.to_string())
    }

    const INTERLEAVED: &str = "interleaved: windows of 820 pages, 8 passes over each";

    #[test]
    fn a_large_heap_is_interleaved_and_whatever_spoils_that_is_the_reason() {
        let job = job(&["id"], proven());
        let choice = choose(&job, &facts(), &job.cutting).expect("it can be cut");
        assert_eq!(choice.chunking.to_string(), INTERLEAVED);
        assert_eq!(choice.reasons, [Reason::Excluded("b IS NULL".to_owned())]);
        let Chunking::Pages { class, density, .. } = &choice.chunking else { panic!("{choice:?}") };
        assert_eq!((class, *density), (&RowClass::Column("\"id\"".to_owned()), 60));
        for (facts, chunking) in [
            (Facts { pages: 100, ..facts() }, "along the key"),
            (Facts { index: Some("t_b".to_owned()), ..facts() }, "along the key"),
            (Facts { horizon: Duration::from_secs(3600), ..facts() }, "along the pages, 820 at a time"),
            (Facts { storage: Storage::Method("columnar".to_owned()), ..facts() }, "along the key"),
            (Facts { storage: Storage::Partitioned, ..facts() }, "along the key"),
            (Facts { storage: Storage::ByKey, ..facts() }, "along the key"),
        ] {
            assert_eq!(chosen(&job, &facts), chunking, "{facts:?}");
        }
    }

    #[test]
    fn a_row_that_could_be_changed_twice_is_never_met_by_pages() {
        let by_key = job(&["id"], unproven());
        assert_eq!(chosen(&by_key, &facts()), "along the key");
        for kind in [CutKind::Pages, CutKind::Interleaved] {
            let asked = Job { cutting: Cutting { chunking: Some(kind), ..Cutting::default() }, ..by_key.clone() };
            assert!(chosen(&asked, &facts()).contains("could be changed twice"), "{kind:?}");
        }
        assert!(chosen(&job(&[], unproven()), &facts()).contains("has no key"));
        assert_eq!(chosen(&job(&[], proven()), &facts()), "along the pages, 820 at a time");
    }

    #[test]
    fn what_the_database_undoes_is_walked_once_and_by_key() {
        let undone = Facts { undone: Some("trigger t sets b".to_owned()), ..facts() };
        let proved = job(&["id"], proven());
        assert!(proved.may_be_walked_again() && !proved.met_with(&undone).may_be_walked_again());
        let choice = choose(&proved, &undone, &proved.cutting).expect("it can be cut");
        assert_eq!(choice.chunking, Chunking::Keys);
        assert_eq!(choice.reasons[0].told(), "walked once, since a changed row may fit the condition again: trigger t sets b");
        assert!(chosen(&job(&[], proven()), &undone).contains("has no key"));
    }

    #[test]
    fn what_is_asked_for_is_done_where_it_does_no_harm() {
        let cutting = Cutting { chunking: Some(CutKind::Interleaved), window: Some(512), passes: Some(4), workers: None };
        let asked = Job { cutting, ..job(&["id"], proven()) };
        assert_eq!(chosen(&asked, &Facts { pages: 3, ..facts() }), "interleaved: windows of 512 pages, 4 passes over each");
        let asked = Job { cutting: Cutting { chunking: Some(CutKind::Keys), ..Cutting::default() }, ..job(&["id"], proven()) };
        assert_eq!(chosen(&asked, &facts()), "along the key");
    }

    #[test]
    fn what_is_left_is_looked_for_by_key() {
        let pages = choose(&job(&["id"], proven()), &facts(), &Cutting::default()).expect("it can be cut").chunking;
        assert_eq!(pages.closing(&job(&["id"], proven())), Chunking::Keys);
        assert_eq!(pages.closing(&job(&[], proven())).to_string(), "along the pages, 820 at a time");
    }
}
