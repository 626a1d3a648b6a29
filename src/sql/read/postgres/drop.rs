//! DROP of anything in PostgreSQL 18: one operation per name.

use std::sync::LazyLock;

use crate::schema::Operation;
use crate::schema::operation::{AccessChange, Drop, ObjectKind, Verb};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, each, one, statement_end};

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        each("DROP [ FOREIGN ] TABLE %if_exists name ,... %behavior", |f| Ok(dropped(f, Operation::DropTable))),
        each("DROP INDEX concurrently:[ CONCURRENTLY ] %if_exists name ,... %behavior", |f| {
            let (concurrently, if_exists, cascade) = (f.has("concurrently"), f.has("if_exists"), f.has("cascade"));
            Ok(f.for_each("name", |index| Operation::DropIndex { index, table: None, concurrently, if_exists, cascade }))
        }),
        each("DROP VIEW %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropView { drop, materialized: false }))),
        each("DROP MATERIALIZED VIEW %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropView { drop, materialized: true }))),
        each("DROP SEQUENCE %if_exists name ,... %behavior", |f| Ok(dropped(f, Operation::DropSequence))),
        each("DROP TYPE %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropType { drop, domain: false }))),
        each("DROP DOMAIN %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropType { drop, domain: true }))),
        each("DROP { FUNCTION | PROCEDURE | ROUTINE } %if_exists { name %signature } ,... %behavior", |f| Ok(dropped(f, Operation::DropRoutine))),
        each("DROP SCHEMA %if_exists name:name ,... %behavior", |f| {
            let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
            Ok(f.for_each("name", |schema| Operation::DropSchema { name: schema.name, if_exists, cascade }))
        }),
        one("DROP TRIGGER %if_exists trigger:name ON table:name %behavior", |f| {
            let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
            Ok(Operation::DropTrigger { trigger: f.name("trigger")?, table: Some(f.name("table")?), if_exists, cascade })
        }),
        one("DROP POLICY %if_exists ident ON table:name %behavior", |f| {
            Ok(Operation::Access(AccessChange::DropPolicy { name: f.ident("ident")?, table: f.name("table")? }))
        }),
        one("DROP { ROLE | USER | GROUP } %if_exists role ,...", |_| Ok(Operation::Access(AccessChange::Role { verb: Verb::Drop }))),
        one("DROP OWNED BY role ,... %behavior", |_| Err(Unread { reason: "it drops whatever a role owns".to_owned() })),
        one("DROP USER MAPPING %if_exists FOR role SERVER ident", |_| Ok(other(ObjectKind::UserMapping))),
        one("DROP CAST %if_exists parens %behavior", |_| Ok(other(ObjectKind::Cast))),
        one("DROP TRANSFORM %if_exists FOR type LANGUAGE ident %behavior", |_| Ok(other(ObjectKind::Transform))),
        each("DROP AGGREGATE %if_exists { name parens } ,... %behavior", |f| Ok(others(f, ObjectKind::Aggregate))),
        each("DROP OPERATOR CLASS %if_exists name USING ident %behavior", |f| Ok(others(f, ObjectKind::OperatorClass))),
        each("DROP OPERATOR FAMILY %if_exists name USING ident %behavior", |f| Ok(others(f, ObjectKind::OperatorFamily))),
        one("DROP OPERATOR %if_exists { any ... parens } ,... %behavior", |_| Ok(other(ObjectKind::Operator))),
        one("DROP RULE %if_exists ident ON name %behavior", |_| Ok(other(ObjectKind::Rule))),
        each("DROP TEXT SEARCH { CONFIGURATION | DICTIONARY | PARSER | TEMPLATE } %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::TextSearch))),
        each("DROP ACCESS METHOD %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::AccessMethod))),
        each("DROP EVENT TRIGGER %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::EventTrigger))),
        each("DROP FOREIGN DATA WRAPPER %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::ForeignDataWrapper))),
        each("DROP COLLATION %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Collation))),
        each("DROP CONVERSION %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Conversion))),
        each("DROP DATABASE %if_exists name [ [ WITH ] ( FORCE ) ]", |f| Ok(others(f, ObjectKind::Database))),
        each("DROP EXTENSION %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Extension))),
        each("DROP [ PROCEDURAL ] LANGUAGE %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Language))),
        each("DROP PUBLICATION %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Publication))),
        each("DROP SERVER %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Server))),
        each("DROP STATISTICS %if_exists name ,... %behavior", |f| Ok(others(f, ObjectKind::Statistics))),
        each("DROP SUBSCRIPTION %if_exists name %behavior", |f| Ok(others(f, ObjectKind::Subscription))),
        each("DROP TABLESPACE %if_exists name", |f| Ok(others(f, ObjectKind::Tablespace))),
    ]
});

/// Reads a DROP.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::default(), statement_end)
}

fn dropped(f: &Found, operation: impl Fn(Drop) -> Operation) -> Vec<Clause> {
    let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
    f.for_each("name", |name| operation(Drop { name, if_exists, cascade }))
}

fn others(f: &Found, kind: ObjectKind) -> Vec<Clause> {
    let cascade = f.has("cascade");
    f.for_each("name", |name| Operation::OtherObject { verb: Verb::Drop, kind, name: Some(name), cascade })
}

fn other(kind: ObjectKind) -> Operation {
    Operation::OtherObject { verb: Verb::Drop, kind, name: None, cascade: false }
}
