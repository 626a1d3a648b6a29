//! CREATE of what the replay follows beside tables and indexes, PostgreSQL 18: sequences, types, domains,
//! routines, triggers, schemas, foreign tables.

use std::sync::LazyLock;

use super::block;
use crate::schema::operation::{CreateRoutine, CreateTrigger, TypeDefinition};
use crate::schema::{Ident, ObjectName, Operation, Volatility};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::lower::table;
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, Pattern, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("CREATE [ temporary:{ TEMP | TEMPORARY } | UNLOGGED ] SEQUENCE %if_not_exists name [ %sequence_option ] ...", |f| {
            let (if_not_exists, temporary) = (f.has("if_not_exists"), f.has("temporary"));
            Ok(Operation::CreateSequence { name: f.name("name")?, owned_by: f.table_column("owner").ok(), if_not_exists, temporary })
        }),
        one("CREATE TYPE name AS ENUM ( [ label:string ,... ] )", |f| {
            Ok(Operation::CreateType { name: f.name("name")?, definition: TypeDefinition::Enum(f.texts("label").collect()) })
        }),
        one("CREATE TYPE name AS ( [ { ident type [ COLLATE collation:name ] } ,... ] )", |f| {
            Ok(Operation::CreateType { name: f.name("name")?, definition: TypeDefinition::Composite })
        }),
        one("CREATE TYPE name [ AS RANGE %definition | %definition ]", |f| Ok(Operation::CreateType { name: f.name("name")?, definition: TypeDefinition::Other })),
        one("CREATE DOMAIN name [ AS ] type [ COLLATE collation:name ] [ [ CONSTRAINT constraint_name:ident ] { CHECK ( check:expr ) | not_null:{ NOT NULL } | NULL } | DEFAULT default:expr | COLLATE collation:name ] ...", |f| {
            let checks = f.named_expressions("constraint_name", "check");
            let (not_null, default) = (f.has("not_null"), f.expression("default").ok());
            Ok(Operation::CreateType { name: f.name("name")?, definition: TypeDefinition::Domain { base: f.ty("type")?, not_null, default, checks } })
        }),
        one("CREATE or_replace:[ OR REPLACE ] { FUNCTION | procedure:PROCEDURE } name arguments [ RETURNS returns:{ TABLE ( { ident arguments_type } ,... ) | arguments_type } ]
             [ LANGUAGE { language:ident | language:string } | TRANSFORM { FOR TYPE type } ,... | WINDOW | %routine_option | AS body [ , string ] ] ... [ { BEGIN ATOMIC | RETURN } code ]", routine),
        one("CREATE or_replace:[ OR REPLACE ] [ CONSTRAINT ] TRIGGER trigger:ident { BEFORE | AFTER | instead:{ INSTEAD OF } } %trigger_event [ OR %trigger_event ] ...
             ON table:name [ FROM name | [ NOT ] DEFERRABLE | INITIALLY { IMMEDIATE | DEFERRED } ] ... [ REFERENCING { { NEW | OLD } { TABLE | ROW } [ AS ] ident } ... ] [ FOR [ EACH ] { ROW | STATEMENT } ]
             [ WHEN ( condition:expr ) ] EXECUTE { FUNCTION | PROCEDURE } function:name ( [ { [ - ] any } ,... ] )", |f| {
            let mut uses: Vec<Ident> = f.idents("column").collect();
            uses.extend(f.expression("condition").into_iter().flat_map(|condition| condition.columns.clone()));
            Ok(Operation::CreateTrigger(Box::new(CreateTrigger {
                name: ObjectName::bare(f.ident("trigger")?),
                table: f.name("table")?,
                function: f.name("function").ok(),
                uses,
                or_replace: f.has("or_replace"),
                if_not_exists: false,
                events: f.trigger_events(),
                instead_of: f.has("instead"),
            })))
        }),
        one("CREATE SCHEMA %if_not_exists { AUTHORIZATION schema_role:ident | schema:ident [ AUTHORIZATION role ] }", |f| {
            Ok(Operation::CreateSchema { name: f.ident("schema").or_else(|_| f.ident("schema_role"))?, if_not_exists: f.has("if_not_exists") })
        }),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

/// CREATE FOREIGN TABLE: a table's definition with the server behind it.
pub(super) fn foreign_table(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    static TAIL: LazyLock<Pattern> = LazyLock::new(|| Pattern::new("SERVER ident [ %options ]"));
    let start = cursor.start();
    cursor.need_words(&["create", "foreign"])?;
    let mut created = table::create(cursor)?;
    created.foreign = true;
    let mut found = Found::new(cursor);
    if !TAIL.fits(cursor, &mut found) {
        return Err(found.unread(cursor));
    }
    Ok(vec![Clause { span: cursor.span_from(start), operation: Operation::CreateTable(Box::new(created)) }])
}

fn routine(f: &mut Found<'_>) -> Result<Operation, Unread> {
    let code = f.code("body").or_else(|_| f.code("code")).unwrap_or_default();
    let volatility = match f.words("volatility").as_deref() {
        Some("IMMUTABLE") => Volatility::Immutable,
        Some("STABLE") => Volatility::Stable,
        _ => Volatility::Volatile,
    };
    let parameters = f.parameters("arguments")?;
    let language = f.ident("language").map(|language| language.as_str().to_owned()).or_else(|_| f.text("language"));
    let ours =
        language.as_ref().map_or(f.has("code"), |language| ["plpgsql", "sql"].iter().any(|ours| language.eq_ignore_ascii_case(ours)));
    // Nothing calls a trigger's function but its trigger.
    let called = !matches!(f.words("returns").as_deref(), Some("TRIGGER" | "EVENT_TRIGGER"));
    let body = match &code.text {
        Some((text, server)) if ours && called => block::body(text, &parameters.types, *server),
        _ => block::Body::default(),
    };
    Ok(Operation::CreateRoutine(Box::new(CreateRoutine {
        name: f.name("name")?,
        or_replace: f.has("or_replace"),
        procedure: f.has("procedure"),
        volatility,
        uses: code.uses,
        does: body.does,
        arguments: parameters.types,
        defaults: parameters.defaults,
        returns: returns(f),
        dynamic: if code.text.is_some() && ours { body.dynamic } else { code.dynamic },
    })))
}

/// The type of the result, or the columns of the table that it returns.
fn returns(f: &Found<'_>) -> String {
    match f.words("returns") {
        Some(table) if table.starts_with("TABLE") => table,
        Some(_) => f.text("arguments_type").unwrap_or_default(),
        None => String::new(),
    }
}
