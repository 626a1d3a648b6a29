//! DROP of anything in PostgreSQL 18: one operation per name.

use std::sync::LazyLock;

use crate::schema::Operation;
use crate::schema::operation::{AccessChange, Drop, ObjectKind, Verb};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, each, object, one, statement_end};

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        each("DROP [ FOREIGN ] TABLE %if_exists name ,... %behavior", |f| Ok(dropped(f, Operation::DropTable))),
        each("DROP INDEX concurrently:[ CONCURRENTLY ] %if_exists name ,... %behavior", |f| {
            let (concurrently, if_exists, cascade) = (f.has("concurrently"), f.has("if_exists"), f.has("cascade"));
            Ok(f.for_each("name", |index| Operation::DropIndex { index, table: None, concurrently, if_exists, cascade }))
        }),
        each("DROP VIEW %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropView { drop, materialized: false }))),
        each("DROP MATERIALIZED VIEW %if_exists name ,... %behavior", |f| {
            Ok(dropped(f, |drop| Operation::DropView { drop, materialized: true }))
        }),
        each("DROP SEQUENCE %if_exists name ,... %behavior", |f| Ok(dropped(f, Operation::DropSequence))),
        each("DROP TYPE %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropType { drop, domain: false }))),
        each("DROP DOMAIN %if_exists name ,... %behavior", |f| Ok(dropped(f, |drop| Operation::DropType { drop, domain: true }))),
        each("DROP { FUNCTION | PROCEDURE | ROUTINE } %if_exists { name %signature } ,... %behavior", |f| {
            let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
            let routine = |(name, span, arguments)| Clause {
                span,
                operation: Operation::DropRoutine { drop: Drop { name, if_exists, cascade }, arguments },
            };
            Ok(f.signatures("name").into_iter().map(routine).collect())
        }),
        each("DROP SCHEMA %if_exists name:name ,... %behavior", |f| {
            let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
            Ok(f.for_each("name", |schema| Operation::DropSchema { name: schema.name, if_exists, cascade }))
        }),
        one("DROP TRIGGER %if_exists trigger:name ON table:name %behavior", |f| {
            let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
            Ok(Operation::DropTrigger { trigger: f.name("trigger")?, table: Some(f.name("table")?), if_exists, cascade })
        }),
        one("DROP POLICY %if_exists ident ON table:name %behavior", |f| {
            Ok(Operation::Access(AccessChange::DropPolicy {
                name: f.ident("ident")?,
                table: f.name("table")?,
                if_exists: f.has("if_exists"),
            }))
        }),
        one("DROP { ROLE | USER | GROUP } %if_exists role ,...", |_| Ok(Operation::Access(AccessChange::Role { verb: Verb::Drop }))),
        one("DROP OWNED BY role ,... %behavior", |_| Err(Unread { reason: "it drops whatever a role owns".to_owned() })),
        object(Verb::Drop, ObjectKind::UserMapping, "DROP USER MAPPING %if_exists FOR role SERVER ident"),
        object(Verb::Drop, ObjectKind::Cast, "DROP CAST %if_exists ( type AS type ) %behavior"),
        object(Verb::Drop, ObjectKind::Transform, "DROP TRANSFORM %if_exists FOR type LANGUAGE ident %behavior"),
        object(Verb::Drop, ObjectKind::Aggregate, "DROP AGGREGATE %if_exists { name %aggregate_signature } ,... %behavior"),
        object(Verb::Drop, ObjectKind::OperatorClass, "DROP OPERATOR CLASS %if_exists name USING ident %behavior"),
        object(Verb::Drop, ObjectKind::OperatorFamily, "DROP OPERATOR FAMILY %if_exists name USING ident %behavior"),
        object(Verb::Drop, ObjectKind::Operator, "DROP OPERATOR %if_exists { operator ( { NONE | type } ,... ) } ,... %behavior"),
        object(Verb::Drop, ObjectKind::Rule, "DROP RULE %if_exists ident ON table:name %behavior"),
        object(
            Verb::Drop,
            ObjectKind::TextSearch,
            "DROP TEXT SEARCH { CONFIGURATION | DICTIONARY | PARSER | TEMPLATE } %if_exists name ,... %behavior",
        ),
        object(Verb::Drop, ObjectKind::AccessMethod, "DROP ACCESS METHOD %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::EventTrigger, "DROP EVENT TRIGGER %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::ForeignDataWrapper, "DROP FOREIGN DATA WRAPPER %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Collation, "DROP COLLATION %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Conversion, "DROP CONVERSION %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Database, "DROP DATABASE %if_exists name [ [ WITH ] ( FORCE ) ]"),
        object(Verb::Drop, ObjectKind::Extension, "DROP EXTENSION %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Language, "DROP [ PROCEDURAL ] LANGUAGE %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Publication, "DROP PUBLICATION %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Server, "DROP SERVER %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Statistics, "DROP STATISTICS %if_exists name ,... %behavior"),
        object(Verb::Drop, ObjectKind::Subscription, "DROP SUBSCRIPTION %if_exists name %behavior"),
        object(Verb::Drop, ObjectKind::Tablespace, "DROP TABLESPACE %if_exists name"),
    ]
});

/// Reads a DROP.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

fn dropped(f: &Found<'_>, operation: impl Fn(Drop) -> Operation) -> Vec<Clause> {
    let (if_exists, cascade) = (f.has("if_exists"), f.has("cascade"));
    f.for_each("name", |name| operation(Drop { name, if_exists, cascade }))
}
