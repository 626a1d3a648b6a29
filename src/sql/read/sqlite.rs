//! SQLite: everything but CREATE of tables, indexes and views and what reads or changes rows.
//!
//! Source: sqlite.org/lang.html, lang_altertable.html (3.35 to 3.50: no ALTER COLUMN, no ADD CONSTRAINT).

use std::sync::LazyLock;

use super::dispatch::{self, Head};
use super::found::Found;
use super::synopsis::{self, Form, Pattern, each, one, statement_end};
use crate::schema::Operation;
use crate::schema::operation::{AddColumn, CreateTrigger, Drop, MaintenanceKind, ReindexTarget, Setting, TransactionControl};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::lower::table;
use crate::sql::read::Reader;

/// The reader for a statement's head; `None` leaves it to sqlparser.
pub(super) fn reader(head: &Head) -> Option<Reader> {
    match (head.verb(), head.kind()) {
        ("CREATE", "TABLE" | "INDEX" | "VIEW") | ("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "", _) => {
            None
        }
        ("EXPLAIN", _) => Some(explain),
        _ => Some(read),
    }
}

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("ALTER TABLE table:name %rename", |f| Ok(Operation::RenameTable { table: f.name("table")?, to: f.ident("to")? })),
        one("ALTER TABLE table:name RENAME [ COLUMN ] column:ident TO to:ident", |f| {
            Ok(Operation::RenameColumn { table: f.name("table")?, column: f.ident("column")?, to: f.ident("to")? })
        }),
        one("ALTER TABLE table:name ADD [ COLUMN ] column", |f| {
            let (column, constraints) = *f.column("column")?;
            Ok(Operation::AddColumn(Box::new(AddColumn { table: f.name("table")?, if_not_exists: false, column, constraints })))
        }),
        one("ALTER TABLE table:name DROP [ COLUMN ] column:ident", |f| {
            Ok(Operation::DropColumn { table: f.name("table")?, column: f.ident("column")?, if_exists: false, cascade: false })
        }),
        one("DROP TABLE %if_exists name", |f| Ok(Operation::DropTable(dropped(f)?))),
        one("DROP VIEW %if_exists name", |f| Ok(Operation::DropView { drop: dropped(f)?, materialized: false })),
        one("DROP INDEX %if_exists name", |f| {
            Ok(Operation::DropIndex { index: f.name("name")?, table: None, concurrently: false, if_exists: f.has("if_exists"), cascade: false })
        }),
        one("DROP TRIGGER %if_exists name", |f| {
            Ok(Operation::DropTrigger { trigger: f.name("name")?, table: None, if_exists: f.has("if_exists"), cascade: false })
        }),
        one("CREATE [ TEMP | TEMPORARY ] TRIGGER %if_not_exists name [ BEFORE | AFTER | instead:{ INSTEAD OF } ] { delete:DELETE | insert:INSERT | update:UPDATE [ OF column:ident ,... ] }
             ON table:name [ FOR EACH ROW ] [ WHEN condition:expr ] BEGIN block", |f| {
            let mut uses = f.code("block")?.uses;
            uses.extend(f.idents("column"));
            uses.extend(f.expression("condition").into_iter().flat_map(|condition| condition.columns.clone()));
            Ok(Operation::CreateTrigger(Box::new(CreateTrigger {
                name: f.name("name")?,
                table: f.name("table")?,
                function: None,
                uses,
                or_replace: false,
                if_not_exists: f.has("if_not_exists"),
                events: f.trigger_events(),
                instead_of: f.has("instead"),
            })))
        }),
        one("CREATE VIRTUAL TABLE %if_not_exists name USING ident [ parens ]", |f| {
            let mut table = table::blank(f.name("name")?);
            (table.foreign, table.if_not_exists) = (true, f.has("if_not_exists"));
            Ok(Operation::CreateTable(Box::new(table)))
        }),
        one("PRAGMA setting:{ ident [ . word ] } [ = value | ( value ) ]", |f| {
            let name = f.words("setting").unwrap_or_default().to_ascii_lowercase();
            let name = name.rsplit('.').next().unwrap_or_default().trim().to_owned();
            Ok(Operation::SetSetting(Setting { name, values: f.texts("value").collect(), local: false }))
        }),
        one("{ ATTACH [ DATABASE ] expr AS any [ KEY expr ] | DETACH [ DATABASE ] any }", |_| Ok(upkeep(MaintenanceKind::Session))),
        one("VACUUM [ ident ] [ INTO expr ]", |_| Ok(upkeep(MaintenanceKind::VacuumFull))),
        each("ANALYZE [ name ]", |f| {
            let analyze = |table| Operation::Maintenance { kind: MaintenanceKind::Analyze, table };
            let clauses = f.for_each("name", |table| analyze(Some(table)));
            Ok(if clauses.is_empty() { vec![f.whole(analyze(None))] } else { clauses })
        }),
        one("REINDEX name", |f| Ok(Operation::Reindex { target: ReindexTarget::Table(f.name("name")?), concurrently: false })),
        one("REINDEX", |_| Ok(Operation::Reindex { target: ReindexTarget::Wider, concurrently: false })),
        one("BEGIN [ DEFERRED | IMMEDIATE | EXCLUSIVE ] [ TRANSACTION [ ident ] ]", |_| transaction(TransactionControl::Begin)),
        one("{ COMMIT | END } [ TRANSACTION [ ident ] ]", |_| transaction(TransactionControl::Commit)),
        one("{ ROLLBACK [ TRANSACTION [ ident ] ] TO [ SAVEPOINT ] ident | SAVEPOINT ident | RELEASE [ SAVEPOINT ] ident }", |_| transaction(TransactionControl::Savepoint)),
        one("ROLLBACK [ TRANSACTION [ ident ] ]", |_| transaction(TransactionControl::Rollback)),
    ]
});

fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

/// EXPLAIN runs nothing in SQLite.
fn explain(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    static HEAD: LazyLock<Pattern> = LazyLock::new(|| Pattern::new("EXPLAIN [ QUERY PLAN ]"));
    let start = cursor.start();
    HEAD.fits(cursor, &mut Found::new(cursor));
    if cursor.at_word(0, "explain") {
        return Err(cursor.unexpected("a statement"));
    }
    dispatch::read(cursor)?;
    Ok(vec![Clause { span: cursor.span_from(start), operation: Operation::Query { reads: Vec::new(), functions: Vec::new() } }])
}

fn dropped(f: &Found<'_>) -> Result<Drop, Unread> {
    Ok(Drop { name: f.name("name")?, if_exists: f.has("if_exists"), cascade: false })
}

fn transaction(control: TransactionControl) -> Result<Operation, Unread> {
    Ok(Operation::Transaction(control))
}

fn upkeep(kind: MaintenanceKind) -> Operation {
    Operation::Maintenance { kind, table: None }
}
