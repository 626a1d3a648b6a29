//! ALTER TABLE and ALTER FOREIGN TABLE of PostgreSQL 18.
//!
//! Source: postgresql.org/docs/18/sql-altertable.html, sql-alterforeigntable.html; forms in the manual's order.

use std::sync::LazyLock;

use crate::schema::operation::{AccessChange, AddColumn, AddConstraint, ColumnChange, ConstraintRef, TableChange};
use crate::schema::table::Generated;
use crate::schema::{ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, one, statement_end};

/// Forms that stand alone: they cannot be one of several separated by commas.
static ALONE: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("ALTER TABLE %if_exists %relation RENAME CONSTRAINT name:ident TO to:ident", |f| {
            Ok(Operation::RenameConstraint { table: f.name("table")?, name: f.ident("name")?, to: f.ident("to")? })
        }),
        one("ALTER TABLE %if_exists %relation %rename", |f| Ok(Operation::RenameTable { table: f.name("table")?, to: f.ident("to")? })),
        one("ALTER [ FOREIGN ] TABLE %if_exists %relation %rename", |f| {
            Ok(Operation::RenameTable { table: f.name("table")?, to: f.ident("to")? })
        }),
        one("ALTER [ FOREIGN ] TABLE %if_exists %relation RENAME [ COLUMN ] column:ident TO to:ident", |f| {
            Ok(Operation::RenameColumn { table: f.name("table")?, column: f.ident("column")?, to: f.ident("to")? })
        }),
        one("ALTER [ FOREIGN ] TABLE %if_exists table:name %move", |f| {
            Ok(Operation::MoveTable { table: f.name("table")?, schema: f.ident("schema")? })
        }),
        one("ALTER TABLE ALL IN TABLESPACE ident [ OWNED BY role ,... ] SET TABLESPACE ident [ NOWAIT ]", |f| {
            let _ = f;
            Err(Unread { reason: "it moves every table of a tablespace, whichever those are".to_owned() })
        }),
        one("ALTER TABLE %if_exists %relation ATTACH PARTITION part:name bound", |f| {
            Ok(Operation::AttachPartition { parent: f.name("table")?, partition: f.name("part")?, bound: f.bound("bound")? })
        }),
        // PostgreSQL 19.
        one(
            "ALTER TABLE %if_exists table:name { SPLIT PARTITION other:name INTO ( { PARTITION other:name { DEFAULT | bound } } ,... ) | MERGE PARTITIONS ( other:name ,... ) INTO other:name }",
            |f| alter_table(f, TableChange::Partitions { drops_rows: false }),
        ),
        one("ALTER TABLE %if_exists %relation DETACH PARTITION part:name [ concurrently:CONCURRENTLY | finalize:FINALIZE ]", |f| {
            let (concurrently, finalize) = (f.has("concurrently"), f.has("finalize"));
            Ok(Operation::DetachPartition { parent: f.name("table")?, partition: f.name("part")?, concurrently, finalize })
        }),
    ]
});

static ACTIONS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("ADD constraint", |f| {
            let (constraint, using_index) = *f.constraint("constraint")?;
            Ok(Operation::AddConstraint(Box::new(AddConstraint {
                table: table(f)?,
                constraint,
                using_index,
                if_not_exists: false,
                only: f.has("only"),
            })))
        }),
        one("ADD [ COLUMN ] %if_not_exists column", |f| {
            let (column, constraints) = *f.column("column")?;
            // `ADD INDEX i (a)` is MySQL's; PostgreSQL's grammar has it as a column of type `i(a)`, which no type takes.
            if matches!(column.name.as_str(), "index" | "key") && column.ty.as_ref().is_some_and(|ty| !ty.labels.is_empty()) {
                return Err(Unread { reason: format!("PostgreSQL adds no {} by ALTER TABLE", column.name) });
            }
            Ok(Operation::AddColumn(Box::new(AddColumn { table: table(f)?, if_not_exists: f.has("if_not_exists"), column, constraints })))
        }),
        one("DROP CONSTRAINT if_exists_here:[ IF EXISTS ] ident %behavior", |f| {
            let constraint = ConstraintRef::Named(f.ident("ident")?);
            Ok(Operation::DropConstraint { table: table(f)?, constraint, if_exists: f.has("if_exists_here"), cascade: f.has("cascade") })
        }),
        one("DROP [ COLUMN ] if_exists_here:[ IF EXISTS ] column:ident %behavior", |f| {
            Ok(Operation::DropColumn {
                table: table(f)?,
                column: f.ident("column")?,
                if_exists: f.has("if_exists_here"),
                cascade: f.has("cascade"),
            })
        }),
        one(
            "ALTER CONSTRAINT ident [ [ NOT ] DEFERRABLE | INITIALLY { DEFERRED | IMMEDIATE } | enforced:ENFORCED | unenforced:{ NOT ENFORCED } | [ NO ] INHERIT ] ...",
            |f| {
                let enforced = match (f.has("enforced"), f.has("unenforced")) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    (false, false) => None,
                };
                Ok(Operation::AlterConstraint { table: table(f)?, name: f.ident("ident")?, enforced })
            },
        ),
        one("ALTER [ COLUMN ] column:ident [ SET DATA ] TYPE type [ COLLATE collation:name ] [ USING expr ]", |f| {
            let (using, collation) = (f.expression("expr").ok(), f.name("collation").ok());
            alter_column(f, ColumnChange::SetType { ty: f.ty("type")?, using, collation })
        }),
        one("ALTER [ COLUMN ] column:ident SET DEFAULT expr", |f| alter_column(f, ColumnChange::SetDefault(f.expression("expr")?))),
        one("ALTER [ COLUMN ] column:ident DROP DEFAULT", |f| alter_column(f, ColumnChange::DropDefault)),
        one("ALTER [ COLUMN ] column:ident SET NOT NULL", |f| alter_column(f, ColumnChange::SetNotNull)),
        one("ALTER [ COLUMN ] column:ident DROP NOT NULL", |f| alter_column(f, ColumnChange::DropNotNull)),
        one("ALTER [ COLUMN ] column:ident SET EXPRESSION AS ( expr )", |f| {
            alter_column(f, ColumnChange::SetExpression(f.expression("expr")?))
        }),
        one("ALTER [ COLUMN ] column:ident DROP EXPRESSION if_exists_here:[ IF EXISTS ]", |f| {
            alter_column(f, ColumnChange::DropExpression { if_exists: f.has("if_exists_here") })
        }),
        one("ALTER [ COLUMN ] column:ident ADD GENERATED { always:ALWAYS | BY DEFAULT } AS IDENTITY [ ( %sequence_option ... ) ]", |f| {
            alter_column(f, identity(f))
        }),
        one(
            "ALTER [ COLUMN ] column:ident { SET GENERATED { always:ALWAYS | default:{ BY DEFAULT } } | SET %sequence_option | restart:RESTART [ [ WITH ] number ] } ...",
            |f| match f.has("always") || f.has("default") {
                true => alter_column(f, identity(f)),
                false if f.has("restart") => alter_column(f, ColumnChange::RestartIdentity),
                false => alter_column(f, ColumnChange::Storage),
            },
        ),
        one("ALTER [ COLUMN ] column:ident DROP IDENTITY if_exists_here:[ IF EXISTS ]", |f| {
            alter_column(f, ColumnChange::DropIdentity { if_exists: f.has("if_exists_here") })
        }),
        one("ALTER [ COLUMN ] { column:ident | number:number } SET STATISTICS { number | DEFAULT }", |f| match f.has("column") {
            true => alter_column(f, ColumnChange::Statistics),
            false => option(f),
        }),
        one("ALTER [ COLUMN ] column:ident { SET %parameters | RESET %parameters }", |f| alter_column(f, ColumnChange::Statistics)),
        one("ALTER [ COLUMN ] column:ident { SET { STORAGE | COMPRESSION } { ident | DEFAULT } | %options }", |f| {
            alter_column(f, ColumnChange::Storage)
        }),
        one("VALIDATE CONSTRAINT ident", |f| Ok(Operation::ValidateConstraint { table: table(f)?, name: f.ident("ident")? })),
        one("DISABLE TRIGGER { ALL | USER | trigger:ident }", |f| trigger(f, false)),
        one("ENABLE [ REPLICA | ALWAYS ] TRIGGER { ALL | USER | trigger:ident }", |f| trigger(f, true)),
        one("DISABLE RULE ident", |f| alter_table(f, TableChange::Rule { enabled: false })),
        one("ENABLE [ REPLICA | ALWAYS ] RULE ident", |f| alter_table(f, TableChange::Rule { enabled: true })),
        one("{ ENABLE | forced:FORCE } ROW LEVEL SECURITY", |f| row_security(f, true)),
        one("{ DISABLE | forced:{ NO FORCE } } ROW LEVEL SECURITY", |f| row_security(f, false)),
        one("{ CLUSTER ON ident | SET WITHOUT { CLUSTER | OIDS } | SET %parameters | RESET %parameters | %options }", option),
        one("REPLICA IDENTITY { DEFAULT | USING INDEX ident | FULL | NOTHING }", |f| alter_table(f, TableChange::ReplicaIdentity)),
        one("SET ACCESS METHOD { DEFAULT | ident }", |f| alter_table(f, TableChange::SetEngine)),
        one("SET TABLESPACE ident", |f| alter_table(f, TableChange::SetTablespace)),
        one("SET { logged:LOGGED | UNLOGGED }", |f| alter_table(f, TableChange::SetLogged { logged: f.has("logged") })),
        one("[ no:NO ] INHERIT parent:name", |f| alter_table(f, TableChange::Inherit { parent: f.name("parent")?, add: !f.has("no") })),
        one("{ OF name | NOT OF }", |f| alter_table(f, TableChange::OfType)),
        one("%owner", |f| Ok(Operation::Access(AccessChange::Owner { of: Some(table(f)?) }))),
    ]
});

static HEAD: LazyLock<Form> =
    LazyLock::new(|| one("ALTER [ FOREIGN ] TABLE %if_exists %relation", |_| Err(Unread { reason: String::new() })));

/// Reads the statement: one of the forms that stand alone, else a list of actions.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let (place, mut found) = (cursor.place(), Found::new(cursor));
    if let Ok(clauses) = synopsis::read(cursor, &ALONE, &mut found, statement_end) {
        return Ok(clauses);
    }
    cursor.rewind(place);
    if !HEAD.fits(cursor, &mut found) {
        return Err(found.unread(cursor));
    }
    synopsis::list(cursor, &ACTIONS, &mut found)
}

fn table(f: &Found<'_>) -> Result<ObjectName, Unread> {
    f.name("table")
}

fn alter_column(f: &Found<'_>, change: ColumnChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterColumn { table: table(f)?, column: f.ident("column")?, change })
}

fn alter_table(f: &Found<'_>, change: TableChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterTable { table: table(f)?, change })
}

fn option(f: &mut Found<'_>) -> Result<Operation, Unread> {
    alter_table(f, TableChange::Option)
}

fn row_security(f: &Found<'_>, enabled: bool) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::RowSecurity { table: table(f)?, enabled, forced: f.has("forced") }))
}

fn trigger(f: &Found<'_>, enabled: bool) -> Result<Operation, Unread> {
    alter_table(f, TableChange::Trigger { name: f.ident("trigger").ok(), enabled })
}

fn identity(f: &Found<'_>) -> ColumnChange {
    ColumnChange::SetIdentity(if f.has("always") { Generated::IdentityAlways } else { Generated::IdentityByDefault })
}
