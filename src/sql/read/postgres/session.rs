//! Settings, transactions and upkeep in PostgreSQL 18.

use std::sync::LazyLock;

use crate::schema::Operation;
use crate::schema::operation::{MaintenanceKind, ReindexTarget, Setting, TransactionControl};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, each, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("SET { [ SESSION | local:LOCAL ] TRANSACTION %transaction_mode ... | SESSION CHARACTERISTICS AS TRANSACTION %transaction_mode ... | TRANSACTION SNAPSHOT string }", |_| transaction(TransactionControl::Set)),
        one("SET CONSTRAINTS { ALL | name ,... } { DEFERRED | IMMEDIATE }", |_| transaction(TransactionControl::Set)),
        one("SET [ local:LOCAL ] setting:{ SESSION AUTHORIZATION } value", set),
        one("SET [ SESSION | local:LOCAL ] { setting:ROLE value | setting:NAMES [ value ] | setting:SCHEMA value | setting:XML OPTION { DOCUMENT | CONTENT } | %setting }", set),
        one("RESET { setting:{ SESSION AUTHORIZATION } | setting:{ TIME ZONE } | setting:{ TRANSACTION ISOLATION LEVEL } | setting:{ word [ . ident ] ... } }", set),
        one("{ BEGIN [ WORK | TRANSACTION ] | START TRANSACTION } [ %transaction_mode ] ...", |_| transaction(TransactionControl::Begin)),
        one("{ COMMIT | ROLLBACK } PREPARED string", |_| transaction(TransactionControl::TwoPhase)),
        one("PREPARE TRANSACTION string", |_| transaction(TransactionControl::TwoPhase)),
        one("{ COMMIT | END } [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]", |_| transaction(TransactionControl::Commit)),
        one("{ ROLLBACK | ABORT } [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]", |_| transaction(TransactionControl::Rollback)),
        one("{ ROLLBACK [ WORK | TRANSACTION ] TO [ SAVEPOINT ] ident | SAVEPOINT ident | RELEASE [ SAVEPOINT ] ident }", |_| transaction(TransactionControl::Savepoint)),
        one("{ LISTEN ident | UNLISTEN { ident | * } | NOTIFY ident [ , string ] | CHECKPOINT [ parens ] | DISCARD { ALL | PLANS | SEQUENCES | TEMP | TEMPORARY } | LOAD string | DEALLOCATE [ PREPARE ] { ALL | ident } }",
            |_| Ok(Operation::Maintenance { kind: MaintenanceKind::Session, table: None })),
        one("ALTER SYSTEM { SET %setting | RESET { word [ . ident ] ... } }", |_| Ok(Operation::Maintenance { kind: MaintenanceKind::Server, table: None })),
        each("VACUUM [ ( { { full:FULL [ off:{ FALSE | OFF } | any ] | word [ [ - ] any ] } } ,... ) | full:FULL | FREEZE | VERBOSE | ANALYZE | ANALYSE ] ... [ { %relation [ %columns ] } ,... ]", |f| {
            Ok(upkeep(f, if f.has("full") && !f.has("off") { MaintenanceKind::VacuumFull } else { MaintenanceKind::Vacuum }))
        }),
        each("{ ANALYZE | ANALYSE } [ VERBOSE | ( { word [ any ] } ,... ) ] [ { %relation [ %columns ] } ,... ]", |f| Ok(upkeep(f, MaintenanceKind::Analyze))),
        each("CLUSTER [ VERBOSE | ( { word [ any ] } ,... ) ] { ident ON table:name | table:name [ USING ident ] }", |f| Ok(upkeep(f, MaintenanceKind::Cluster))),
        each("CLUSTER [ VERBOSE | ( { word [ any ] } ,... ) ]", |f| Ok(upkeep(f, MaintenanceKind::Cluster))),
        one("REINDEX [ ( { concurrently:CONCURRENTLY [ off:{ FALSE | OFF } | any ] | word [ any ] } ,... ) ] { index:INDEX | table:TABLE } [ concurrently:CONCURRENTLY ] name", |f| {
            let name = f.name("name")?;
            let target = if f.has("index") { ReindexTarget::Index(name) } else { ReindexTarget::Table(name) };
            Ok(Operation::Reindex { target, concurrently: f.has("concurrently") && !f.has("off") })
        }),
        one("REINDEX [ ( { concurrently:CONCURRENTLY [ off:{ FALSE | OFF } | any ] | word [ any ] } ,... ) ] { SCHEMA [ concurrently:CONCURRENTLY ] ident | { DATABASE | SYSTEM } [ concurrently:CONCURRENTLY ] [ ident ] }",
            |f| Ok(Operation::Reindex { target: ReindexTarget::Wider, concurrently: f.has("concurrently") && !f.has("off") })),
        one("REFRESH MATERIALIZED VIEW [ concurrently:CONCURRENTLY ] name [ WITH [ NO ] DATA ]", |f| {
            Ok(Operation::RefreshView { view: f.name("name")?, concurrently: f.has("concurrently") })
        }),
        each("LOCK [ TABLE ] { %relation } ,... [ IN mode:{ ACCESS { SHARE | EXCLUSIVE } | ROW { SHARE | EXCLUSIVE } | SHARE UPDATE EXCLUSIVE | SHARE ROW EXCLUSIVE | SHARE | EXCLUSIVE } MODE ] [ nowait:NOWAIT ]", |f| {
            let (mode, nowait) = (f.words("mode"), f.has("nowait"));
            Ok(f.for_each("table", |table| Operation::LockTable { table, mode: mode.clone(), nowait }))
        }),
        each("TRUNCATE [ TABLE ] { %relation } ,... [ restart:{ RESTART IDENTITY } | CONTINUE IDENTITY ] %behavior", |f| {
            let (cascade, restart_identity) = (f.has("cascade"), f.has("restart"));
            Ok(f.for_each("table", |table| Operation::Truncate { table, cascade, restart_identity }))
        }),
        one("{ COMMENT ON | SECURITY LABEL [ FOR any ] ON } { COLUMN column:table_column | %labelled } IS { string | NULL }", |f| {
            Ok(Operation::Comment { on: f.table_column("column").map(|(table, _)| table).or_else(|_| f.name("on")).ok() })
        }),
        one("{ SHOW { TIME ZONE | SESSION AUTHORIZATION | TRANSACTION ISOLATION LEVEL | word [ . ident ] ... } | { FETCH | MOVE } rest | CLOSE { ALL | ident } }",
            |_| Ok(Operation::Query { reads: Vec::new(), functions: Vec::new() })),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

fn transaction(control: TransactionControl) -> Result<Operation, Unread> {
    Ok(Operation::Transaction(control))
}

/// The setting as it is asked for by name: `SET ROLE` sets `role`, `SET TIME ZONE` sets `timezone`.
fn set(f: &mut Found<'_>) -> Result<Operation, Unread> {
    let name = match f.words("setting") {
        Some(name) => match name.as_str() {
            "SESSION AUTHORIZATION" => "session_authorization".to_owned(),
            "NAMES" => "client_encoding".to_owned(),
            "SCHEMA" => "search_path".to_owned(),
            "XML" => "xmloption".to_owned(),
            "TIME ZONE" => "timezone".to_owned(),
            "TRANSACTION ISOLATION LEVEL" => "transaction_isolation".to_owned(),
            name => name.replace('"', "").to_ascii_lowercase(),
        },
        None => "timezone".to_owned(),
    };
    Ok(Operation::SetSetting(Setting { name, values: f.texts("value").collect(), local: f.has("local") }))
}

fn upkeep(f: &Found<'_>, kind: MaintenanceKind) -> Vec<Clause> {
    let clauses = f.for_each("table", |table| Operation::Maintenance { kind, table: Some(table) });
    match clauses.is_empty() {
        true => vec![f.whole(Operation::Maintenance { kind, table: None })],
        false => clauses,
    }
}
