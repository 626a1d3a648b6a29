//! Settings, transactions, upkeep, prepared statements and looking around, MySQL 8 and MariaDB 10.11.

use std::sync::LazyLock;

use crate::schema::Operation;
use crate::schema::operation::{Block, ChangeData, DataKind, Extent, MaintenanceKind, Setting, TransactionControl};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::dispatch;
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, Pattern, each, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("SET [ GLOBAL | SESSION | LOCAL ] TRANSACTION %transaction_mode ...", |_| transaction(TransactionControl::Set)),
        one("SET { setting:NAMES | setting:{ CHARACTER SET } | setting:CHARSET } value [ COLLATE value ]", |f| setting(f, "names")),
        one("SET setting:PASSWORD rest", |f| setting(f, "password")),
        one("SET setting:{ [ DEFAULT ] ROLE } rest", |f| setting(f, "role")),
        each("SET { { %variable_scope setting:{ any [ . any ] ... } { = | := } { bare:{ ON | DEFAULT | ALL | BINARY } | value:expr } } } ,...", |f| {
            Ok(f.assignments().map(|(name, span, value)| {
                let name = name.rsplit(['.', '@']).next().unwrap_or_default().to_ascii_lowercase();
                Clause { span, operation: Operation::SetSetting(Setting { name, values: vec![value], local: false }) }
            }).collect())
        }),
        one("{ BEGIN [ WORK ] | START TRANSACTION [ { WITH CONSISTENT SNAPSHOT | READ { WRITE | ONLY } } ,... ] }", |_| transaction(TransactionControl::Begin)),
        one("COMMIT [ WORK ] [ AND [ NO ] CHAIN ] [ [ NO ] RELEASE ]", |_| transaction(TransactionControl::Commit)),
        one("{ ROLLBACK [ WORK ] TO [ SAVEPOINT ] ident | SAVEPOINT ident | RELEASE SAVEPOINT ident }", |_| transaction(TransactionControl::Savepoint)),
        one("ROLLBACK [ WORK ] [ AND [ NO ] CHAIN ] [ [ NO ] RELEASE ]", |_| transaction(TransactionControl::Rollback)),
        one("XA rest", |_| transaction(TransactionControl::TwoPhase)),
        each("ANALYZE %no_binlog { TABLE | TABLES } name ,... [ PERSISTENT FOR rest | { UPDATE | DROP } HISTOGRAM rest ]", |f| Ok(upkeep(f, MaintenanceKind::Analyze))),
        each("OPTIMIZE %no_binlog { TABLE | TABLES } name ,... [ WAIT number | NOWAIT ]", |f| Ok(upkeep(f, MaintenanceKind::VacuumFull))),
        each("{ CHECK | REPAIR | CHECKSUM } %no_binlog { TABLE | TABLES } name ,... [ QUICK | EXTENDED | MEDIUM | FAST | CHANGED | USE_FRM | FOR UPGRADE | FORCE ] ...", |f| {
            Ok(upkeep(f, MaintenanceKind::Analyze))
        }),
        one("{ FLUSH rest | KILL rest | PURGE { BINARY | MASTER } LOGS rest | RESET { MASTER | SLAVE | REPLICA | PERSIST | QUERY CACHE | BINARY LOGS } [ rest ] | BINLOG string
             | { INSTALL | UNINSTALL } { PLUGIN | COMPONENT | SONAME } rest | CACHE INDEX rest | CHANGE { MASTER | REPLICATION } rest | { START | STOP } { REPLICA | SLAVE | GROUP_REPLICATION } [ rest ] | SHUTDOWN }", |_| session()),
        one("USE ident", |f| {
            Ok(Operation::SetSetting(Setting { name: "database".to_owned(), values: vec![f.ident("ident")?.as_str().to_owned()], local: false }))
        }),
        one("{ UNLOCK { TABLE | TABLES | INSTANCE } | LOCK INSTANCE FOR BACKUP | { DEALLOCATE | DROP } PREPARE ident }", |_| session()),
        each("LOCK { TABLE | TABLES } { table:name [ [ AS ] ident ] { READ [ LOCAL ] | [ LOW_PRIORITY | CONCURRENT ] write:WRITE [ CONCURRENT ] } } ,... [ WAIT number | NOWAIT ]", |f| {
            let mode = if f.has("write") { "WRITE" } else { "READ" };
            Ok(f.for_each("table", |table| Operation::LockTable { table, mode: Some(mode.to_owned()), nowait: false }))
        }),
        one("CALL name [ ( [ expr ,... ] ) ]", |f| Ok(Operation::Block(Block { dynamic: false, calls: Some(f.name("name")?) }))),
        // What it runs was judged where it was prepared.
        one("EXECUTE ident [ USING { any } ,... ]", |_| Ok(Operation::Block(Block { dynamic: false, calls: None }))),
        one("EXECUTE IMMEDIATE rest", |_| Ok(Operation::Block(Block { dynamic: true, calls: None }))),
        one("LOAD { DATA | XML } [ LOW_PRIORITY | CONCURRENT ] [ LOCAL ] INFILE string [ guard:{ REPLACE | IGNORE } ] INTO TABLE table:name [ rest ]", |f| {
            Ok(Operation::ChangeData(Box::new(ChangeData {
                kind: DataKind::Copy,
                table: f.name("table")?,
                reads: Vec::new(),
                columns: Vec::new(),
                uses: Vec::new(),
                extent: Extent::Condition,
                condition: None,
                conflict_guard: f.has("guard"),
                nested: false,
            })))
        }),
        one("{ SHOW rest | HELP rest | DO expr ,... | HANDLER table:name { OPEN [ [ AS ] ident ] | READ rest | CLOSE } | SIGNAL rest | GET rest }", |_| look()),
    ]
});

static EXPLAIN: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::new("{ EXPLAIN | DESCRIBE | DESC } [ analyze:ANALYZE | EXTENDED | PARTITIONS ] [ FORMAT = any ]"));
static TABLE: LazyLock<Pattern> = LazyLock::new(|| Pattern::new("{ EXPLAIN | DESCRIBE | DESC } name [ any ]"));
static PREPARE: LazyLock<Pattern> = LazyLock::new(|| Pattern::new("PREPARE ident FROM { text:string | any }"));

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

/// EXPLAIN of a statement, DESCRIBE of a table.
pub(super) fn explain(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    const EXPLAINED: &[&str] = &["select", "insert", "update", "delete", "replace", "with", "table", "values"];
    let (place, start, mut found) = (cursor.place(), cursor.start(), Found::new(cursor));
    let statement = EXPLAIN.fits(cursor, &mut found) && EXPLAINED.iter().any(|verb| cursor.at_word(0, verb));
    if statement {
        let clauses = dispatch::read(cursor)?;
        if found.has("analyze") {
            return Ok(clauses);
        }
    } else {
        cursor.rewind(place);
        if !TABLE.fits(cursor, &mut found) || !cursor.finished() {
            return Err(found.unread(cursor));
        }
    }
    Ok(vec![Clause { span: cursor.span_from(start), operation: look()? }])
}

/// PREPARE: a constant is read as if it ran; anything else is built at run time.
pub(super) fn prepare(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let (start, mut found) = (cursor.start(), Found::new(cursor));
    if !PREPARE.fits(cursor, &mut found) || !cursor.finished() {
        return Err(found.unread(cursor));
    }
    let span = cursor.span_from(start);
    match (found.text("text"), found.span("text")) {
        (Ok(text), Some(literal)) if !text.trim_start().to_ascii_lowercase().starts_with("prepare") => {
            Ok(dispatch::embedded(cursor.text(literal), &text, literal.start, cursor.server))
        }
        _ => Ok(vec![Clause { span, operation: Operation::Block(Block { dynamic: true, calls: None }) }]),
    }
}

fn transaction(control: TransactionControl) -> Result<Operation, Unread> {
    Ok(Operation::Transaction(control))
}

fn setting(f: &Found<'_>, name: &str) -> Result<Operation, Unread> {
    Ok(Operation::SetSetting(Setting { name: name.to_owned(), values: f.texts("value").collect(), local: false }))
}

fn session() -> Result<Operation, Unread> {
    Ok(Operation::Maintenance { kind: MaintenanceKind::Session, table: None })
}

fn look() -> Result<Operation, Unread> {
    Ok(Operation::Query { reads: Vec::new(), functions: Vec::new() })
}

fn upkeep(f: &Found<'_>, kind: MaintenanceKind) -> Vec<Clause> {
    f.for_each("name", |table| Operation::Maintenance { kind, table: Some(table) })
}
