//! ALTER, DROP, RENAME and TRUNCATE of what is no table action, and access, MySQL 8 and MariaDB 10.11.

use std::sync::LazyLock;

use crate::schema::operation::ObjectKind::{Event, Server, Tablespace};
use crate::schema::operation::Verb::{Alter, Create, Drop as Dropped};
use crate::schema::operation::{AccessChange, ConstraintRef, CreateView, Drop, ObjectChange, SequenceChange, Verb};
use crate::schema::{ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::lower::view;
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, each, object, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        each("DROP [ TEMPORARY ] { TABLE | TABLES } %if_exists name ,... [ WAIT number | NOWAIT ] %behavior", |f| Ok(dropped(f, Operation::DropTable))),
        each("DROP VIEW %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropView { drop, materialized: false }))),
        each("DROP [ TEMPORARY ] SEQUENCE %if_exists name ,...", |f| Ok(dropped(f, Operation::DropSequence))),
        each("DROP { PROCEDURE | FUNCTION } %if_exists name", |f| Ok(dropped(f, |drop| Operation::DropRoutine { drop, arguments: None }))),
        one("DROP { INDEX | KEY } %if_exists index:name ON table:name [ { ALGORITHM | LOCK } [ = ] word | WAIT number | NOWAIT ] ...", |f| {
            let (index, table) = (f.name("index")?, f.name("table")?);
            if index.name.as_str() == "primary" {
                return Ok(Operation::DropConstraint { table, constraint: ConstraintRef::PrimaryKey, if_exists: f.has("if_exists"), cascade: false });
            }
            Ok(Operation::DropIndex { index, table: Some(table), concurrently: false, if_exists: f.has("if_exists"), cascade: false })
        }),
        one("DROP TRIGGER %if_exists name", |f| {
            Ok(Operation::DropTrigger { trigger: f.name("name")?, table: None, if_exists: f.has("if_exists"), cascade: false })
        }),
        one("DROP { DATABASE | SCHEMA } %if_exists ident", |f| Ok(Operation::DropSchema { name: f.ident("ident")?, if_exists: f.has("if_exists"), cascade: true })),
        one("CREATE [ OR REPLACE ] { DATABASE | SCHEMA } %if_not_exists ident [ table_option | READ ONLY [ = ] any ] ...", |f| {
            Ok(Operation::CreateSchema { name: f.ident("ident")?, if_not_exists: f.has("if_not_exists") })
        }),
        one("ALTER { DATABASE | SCHEMA } { UPGRADE DATA DIRECTORY NAME | { table_option | READ ONLY [ = ] any } ... }", |_| {
            Ok(Operation::OtherObject { verb: Alter, kind: crate::schema::operation::ObjectKind::Database, name: None, cascade: false })
        }),
        one("ALTER { DATABASE | SCHEMA } ident { UPGRADE DATA DIRECTORY NAME | { table_option | READ ONLY [ = ] any } ... }", |f| {
            Ok(Operation::AlterSchema { name: f.ident("ident")?, change: ObjectChange::Option })
        }),
        one("ALTER { FUNCTION | PROCEDURE } name [ %characteristic ] ...", |f| Ok(Operation::AlterRoutine { routine: f.name("name")?, change: ObjectChange::Option })),
        object(Alter, Event, "ALTER %definer EVENT name rest"),
        object(Dropped, Event, "DROP EVENT %if_exists name"),
        object(Create, Server, "CREATE [ OR REPLACE ] SERVER [ IF NOT EXISTS ] name FOREIGN DATA WRAPPER any OPTIONS parens"),
        object(Alter, Server, "ALTER SERVER name OPTIONS parens"),
        object(Dropped, Server, "DROP SERVER %if_exists name"),
        object(Create, Tablespace, "CREATE { [ UNDO ] TABLESPACE | LOGFILE GROUP } name rest"),
        object(Alter, Tablespace, "ALTER { [ UNDO ] TABLESPACE | LOGFILE GROUP } name rest"),
        object(Dropped, Tablespace, "DROP { [ UNDO ] TABLESPACE | LOGFILE GROUP } name [ rest ]"),
        one("ALTER SEQUENCE %if_exists name rest", |f| {
            let restarts = f.text("rest")?.to_ascii_lowercase().split_whitespace().any(|word| word == "restart");
            Ok(Operation::AlterSequence { name: f.name("name")?, change: if restarts { SequenceChange::Restart } else { SequenceChange::Option } })
        }),
        each("RENAME { TABLE | TABLES } [ IF EXISTS ] { table:name [ WAIT number | NOWAIT ] TO new:name } ,...", |f| {
            let pairs = f.names("table").zip(f.names("new"));
            Ok(pairs.flat_map(|((table, from), (new, to))| renamed(&table, new).into_iter().map(move |operation| Clause { span: from.to(to), operation })).collect())
        }),
        each("TRUNCATE [ TABLE ] table:name [ WAIT number | NOWAIT ]", |f| Ok(f.for_each("table", |table| Operation::Truncate { table, cascade: false, restart_identity: true }))),
        one("CREATE [ OR REPLACE ] { USER | ROLE } rest", |_| role(Create)),
        one("ALTER USER rest", |_| role(Alter)),
        one("RENAME USER { role TO role } ,...", |_| role(Alter)),
        one("DROP { USER | ROLE } %if_exists role ,...", |_| role(Dropped)),
        one("GRANT { PROXY | %mysql_privileges } ON [ TABLE | FUNCTION | PROCEDURE ] { * . * | ident . * | * | on:name | role } TO rest", |f| Ok(Operation::Access(AccessChange::Grant { on: on(f) }))),
        one("GRANT role ,... TO rest", |_| Ok(Operation::Access(AccessChange::Grant { on: Vec::new() }))),
        one("REVOKE [ IF EXISTS ] { PROXY | %mysql_privileges } ON [ TABLE | FUNCTION | PROCEDURE ] { * . * | ident . * | * | on:name | role } FROM rest", |f| {
            Ok(Operation::Access(AccessChange::Revoke { on: on(f) }))
        }),
        one("REVOKE [ IF EXISTS ] { ALL [ PRIVILEGES ] , GRANT OPTION | role ,... } FROM rest", |_| Ok(Operation::Access(AccessChange::Revoke { on: Vec::new() }))),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

/// ALTER VIEW states the whole view again.
pub(super) fn alter_view(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let start = cursor.start();
    cursor.need_words(&["alter"])?;
    let Some(altered) = view::create(cursor)? else { return Err(cursor.unexpected("a view")) };
    let operation = Operation::CreateView(Box::new(CreateView { or_replace: true, ..altered }));
    Ok(vec![Clause { span: cursor.span_from(start), operation }])
}

/// A rename, which in MySQL can also move the table into another database.
pub(super) fn renamed(table: &ObjectName, new: ObjectName) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut table = table.clone();
    if table.name != new.name {
        operations.push(Operation::RenameTable { table: table.clone(), to: new.name.clone() });
        table.name = new.name;
    }
    match new.schema {
        Some(schema) if table.schema.as_ref() != Some(&schema) => operations.push(Operation::MoveTable { table, schema }),
        _ if operations.is_empty() => operations.push(Operation::RenameTable { to: table.name.clone(), table }),
        _ => {}
    }
    operations
}

fn dropped(f: &Found<'_>, operation: impl Fn(Drop) -> Operation) -> Vec<Clause> {
    let if_exists = f.has("if_exists");
    f.for_each("name", |name| operation(Drop { name, if_exists, cascade: false }))
}

fn on(f: &Found<'_>) -> Vec<ObjectName> {
    f.names("on").map(|(name, _)| name).collect()
}

fn role(verb: Verb) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Role { verb }))
}
