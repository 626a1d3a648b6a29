//! CREATE of triggers, routines, events and sequences, MySQL 8 and MariaDB 10.11.

use std::sync::LazyLock;

use crate::schema::operation::ObjectKind::Event;
use crate::schema::operation::Verb::Create;
use crate::schema::operation::{CreateRoutine, CreateTrigger};
use crate::schema::{Operation, Volatility};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::postgres::block;
use crate::sql::read::synopsis::{self, Form, object, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("CREATE or_replace:[ OR REPLACE ] %definer TRIGGER %if_not_exists name { BEFORE | AFTER } { insert:INSERT | update:UPDATE | delete:DELETE } ON table:name FOR EACH ROW [ { FOLLOWS | PRECEDES } ident ] code", |f| {
            Ok(Operation::CreateTrigger(Box::new(CreateTrigger {
                name: f.name("name")?,
                table: f.name("table")?,
                function: None,
                uses: f.code("code")?.uses,
                or_replace: f.has("or_replace"),
                if_not_exists: f.has("if_not_exists"),
                events: f.trigger_events(),
                instead_of: false,
            })))
        }),
        one("CREATE [ AGGREGATE ] FUNCTION %if_not_exists name RETURNS { STRING | INTEGER | REAL | DECIMAL } SONAME string", |f| routine(f)),
        one("CREATE or_replace:[ OR REPLACE ] %definer [ AGGREGATE ] FUNCTION %if_not_exists name arguments RETURNS arguments_type [ %characteristic ] ... code", |f| routine(f)),
        one("CREATE or_replace:[ OR REPLACE ] %definer procedure:PROCEDURE %if_not_exists name arguments [ %characteristic ] ... code", |f| routine(f)),
        object(Create, Event, "CREATE [ OR REPLACE ] %definer EVENT [ IF NOT EXISTS ] name ON SCHEDULE rest"),
        one("CREATE [ OR REPLACE ] [ temporary:TEMPORARY ] SEQUENCE %if_not_exists name
             [ { INCREMENT [ BY | = ] | START [ WITH | = ] | { MINVALUE | MAXVALUE | CACHE } [ = ] } number | NO { MINVALUE | MAXVALUE | CACHE } | NOMINVALUE | NOMAXVALUE | NOCACHE | CYCLE | NOCYCLE | table_option ] ...", |f| {
            Ok(Operation::CreateSequence { name: f.name("name")?, owned_by: None, if_not_exists: f.has("if_not_exists"), temporary: f.has("temporary") })
        }),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

fn routine(f: &Found<'_>) -> Result<Operation, Unread> {
    let parameters = f.parameters("arguments").unwrap_or_default();
    let code = f.code("code").unwrap_or_default();
    if f.words("code").is_some_and(|code| code.starts_with("AS ")) {
        return Err(Unread { reason: "a body follows the head without AS".to_owned() });
    }
    let body = code.text.as_ref().map(|(text, server)| block::body(text, &parameters.types, *server)).unwrap_or_default();
    Ok(Operation::CreateRoutine(Box::new(CreateRoutine {
        name: f.name("name")?,
        or_replace: f.has("or_replace"),
        procedure: f.has("procedure"),
        volatility: Volatility::Volatile,
        uses: code.uses,
        does: body.does,
        arguments: parameters.types,
        defaults: parameters.defaults,
        returns: f.text("arguments_type").unwrap_or_default(),
        dynamic: code.dynamic || body.dynamic,
    })))
}
