//! ALTER of what hangs on tables or stands beside them in PostgreSQL 18: indexes, views, sequences, types, domains,
//! schemas, routines, triggers, policies.

use std::sync::LazyLock;

use super::access;
use crate::schema::operation::{AccessChange, IndexChange, ObjectChange, PolicyChange, SequenceChange, TypeChange};
use crate::schema::table::ConstraintKind;
use crate::schema::{ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, one, statement_end};

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("ALTER INDEX %if_exists name %rename", |f| {
            Ok(Operation::RenameIndex { index: f.name("name")?, table: None, to: f.ident("to")? })
        }),
        one("ALTER INDEX name ATTACH PARTITION child:name", |f| index(f, IndexChange::Attach { child: f.name("child")? })),
        one("ALTER INDEX %if_exists name SET TABLESPACE ident", |f| index(f, IndexChange::SetTablespace)),
        one(
            "ALTER INDEX %if_exists name { SET %parameters | RESET %parameters | [ NO ] DEPENDS ON EXTENSION ident | ALTER [ COLUMN ] { number | ident } SET STATISTICS { number | DEFAULT } }",
            |f| index(f, IndexChange::Option),
        ),
        one("ALTER [ MATERIALIZED ] VIEW %if_exists name %rename", |f| view(f, ObjectChange::Rename(f.ident("to")?))),
        one("ALTER [ MATERIALIZED ] VIEW %if_exists name RENAME [ COLUMN ] column:ident TO to:ident", |f| {
            view(f, ObjectChange::RenameColumn { column: f.ident("column")?, to: f.ident("to")? })
        }),
        one("ALTER [ MATERIALIZED ] VIEW %if_exists name %move", |f| view(f, ObjectChange::Move(f.ident("schema")?))),
        one("ALTER [ MATERIALIZED ] VIEW %if_exists name %owner", owner),
        one(
            "ALTER VIEW %if_exists name { ALTER [ COLUMN ] ident { SET DEFAULT expr | DROP DEFAULT } | SET %parameters | RESET %parameters }",
            |f| view(f, ObjectChange::Option),
        ),
        one("ALTER MATERIALIZED VIEW name [ NO ] DEPENDS ON EXTENSION ident", |f| view(f, ObjectChange::Option)),
        one(
            "ALTER MATERIALIZED VIEW %if_exists name { CLUSTER ON ident | SET WITHOUT CLUSTER | SET { ACCESS METHOD | TABLESPACE } ident | SET %parameters | RESET %parameters | ALTER [ COLUMN ] ident { SET STATISTICS number | SET %parameters | RESET %parameters | SET { STORAGE | COMPRESSION } { ident | DEFAULT } } } ,...",
            |f| view(f, ObjectChange::Option),
        ),
        one("ALTER SEQUENCE %if_exists name %rename", |f| sequence(f, SequenceChange::Rename(f.ident("to")?))),
        one("ALTER SEQUENCE %if_exists name %move", |f| sequence(f, SequenceChange::Move(f.ident("schema")?))),
        one("ALTER SEQUENCE %if_exists name %owner", owner),
        one("ALTER SEQUENCE %if_exists name SET { LOGGED | UNLOGGED }", |f| sequence(f, SequenceChange::Option)),
        one("ALTER SEQUENCE %if_exists name %sequence_option ...", |f| {
            let change = match f.table_column("owner") {
                Ok(column) => SequenceChange::OwnedBy(Some(column)),
                Err(_) if f.has("unowned") => SequenceChange::OwnedBy(None),
                Err(_) if f.has("restart") => SequenceChange::Restart,
                Err(_) => SequenceChange::Option,
            };
            sequence(f, change)
        }),
        one("ALTER TYPE name ADD VALUE %if_not_exists label:string [ { BEFORE | AFTER } string ]", |f| {
            ty(f, TypeChange::AddLabel { label: f.text("label")?, if_not_exists: f.has("if_not_exists") })
        }),
        one("ALTER TYPE name RENAME VALUE label:string TO to:string", |f| {
            ty(f, TypeChange::RenameLabel { label: f.text("label")?, to: f.text("to")? })
        }),
        one("ALTER TYPE name RENAME ATTRIBUTE ident TO ident %behavior", |f| ty(f, TypeChange::Attribute)),
        one("ALTER TYPE name SET %parameters", |f| ty(f, TypeChange::Other)),
        one(
            "ALTER TYPE name { ADD ATTRIBUTE ident type [ COLLATE name ] %behavior | DROP ATTRIBUTE [ IF EXISTS ] ident %behavior | ALTER ATTRIBUTE ident [ SET DATA ] TYPE type [ COLLATE name ] %behavior } ,...",
            |f| ty(f, TypeChange::Attribute),
        ),
        one("ALTER { TYPE | DOMAIN } name %rename", |f| ty(f, TypeChange::Rename(f.ident("to")?))),
        one("ALTER { TYPE | DOMAIN } name %move", |f| ty(f, TypeChange::Move(f.ident("schema")?))),
        one("ALTER { TYPE | DOMAIN } name %owner", owner),
        one("ALTER DOMAIN name RENAME CONSTRAINT ident TO ident", |f| ty(f, TypeChange::Other)),
        one("ALTER DOMAIN name SET DEFAULT expr", |f| ty(f, TypeChange::Default(Some(f.expression("expr")?)))),
        one("ALTER DOMAIN name DROP DEFAULT", |f| ty(f, TypeChange::Default(None))),
        one("ALTER DOMAIN name SET NOT NULL", |f| ty(f, TypeChange::SetNotNull)),
        one("ALTER DOMAIN name DROP NOT NULL", |f| ty(f, TypeChange::Relax { constraint: None })),
        one("ALTER DOMAIN name DROP CONSTRAINT %if_exists ident %behavior", |f| {
            ty(f, TypeChange::Relax { constraint: Some(f.ident("ident")?) })
        }),
        one("ALTER DOMAIN name VALIDATE CONSTRAINT ident", |f| ty(f, TypeChange::Validate(f.ident("ident")?))),
        one("ALTER DOMAIN name ADD [ CONSTRAINT ident ] NOT NULL", |f| ty(f, TypeChange::SetNotNull)),
        one("ALTER DOMAIN name ADD constraint", |f| {
            let (constraint, _) = *f.constraint("constraint")?;
            match constraint.kind {
                ConstraintKind::Check(check) => ty(f, TypeChange::AddCheck { name: constraint.name, check, validity: constraint.validity }),
                ConstraintKind::PrimaryKey(_)
                | ConstraintKind::Unique { .. }
                | ConstraintKind::NotNull(_)
                | ConstraintKind::ForeignKey(_)
                | ConstraintKind::Exclusion { .. } => Err(Unread { reason: "a domain takes CHECK and NOT NULL only".to_owned() }),
            }
        }),
        one("ALTER SCHEMA ident %rename", |f| {
            Ok(Operation::AlterSchema { name: f.ident("ident")?, change: ObjectChange::Rename(f.ident("to")?) })
        }),
        one("ALTER SCHEMA name %owner", owner),
        one("ALTER { FUNCTION | PROCEDURE | ROUTINE } name %signature %rename", |f| routine(f, ObjectChange::Rename(f.ident("to")?))),
        one("ALTER { FUNCTION | PROCEDURE | ROUTINE } name %signature %move", |f| routine(f, ObjectChange::Move(f.ident("schema")?))),
        one("ALTER { FUNCTION | PROCEDURE | ROUTINE } name %signature %owner", owner),
        one(
            "ALTER { FUNCTION | PROCEDURE | ROUTINE } name %signature { [ NO ] DEPENDS ON EXTENSION ident | %routine_option ... [ RESTRICT ] }",
            |f| routine(f, ObjectChange::Option),
        ),
        one("ALTER TRIGGER ident ON name %rename", |f| {
            Ok(Operation::RenameTrigger { trigger: f.ident("ident")?, table: f.name("name")?, to: f.ident("to")? })
        }),
        one("ALTER TRIGGER ident ON name [ NO ] DEPENDS ON EXTENSION ident", |f| {
            Ok(Operation::AlterTable { table: f.name("name")?, change: crate::schema::operation::TableChange::Option })
        }),
        one(
            "ALTER POLICY %if_exists policy:ident ON name { %rename | [ TO role ,... ] [ USING ( expr ) ] [ WITH CHECK ( expr ) ] }",
            |f| {
                let change = match f.ident("to") {
                    Ok(to) => PolicyChange::Rename(to),
                    Err(_) => PolicyChange::Terms { uses: access::named(&f.expressions("expr")) },
                };
                Ok(Operation::Access(AccessChange::AlterPolicy { name: f.ident("policy")?, table: f.name("name")?, change }))
            },
        ),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

fn object(f: &Found<'_>) -> Result<ObjectName, Unread> {
    f.name("name")
}

fn owner(f: &mut Found<'_>) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Owner { of: Some(object(f)?) }))
}

fn index(f: &Found<'_>, change: IndexChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterIndex { index: object(f)?, table: None, change })
}

fn view(f: &Found<'_>, change: ObjectChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterView { view: object(f)?, change })
}

fn sequence(f: &Found<'_>, change: SequenceChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterSequence { name: object(f)?, change })
}

fn ty(f: &Found<'_>, change: TypeChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterType { name: object(f)?, change })
}

fn routine(f: &Found<'_>, change: ObjectChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterRoutine { routine: object(f)?, change })
}
