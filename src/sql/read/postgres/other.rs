//! CREATE and ALTER of objects that no lint follows one by one, PostgreSQL 18.

use std::sync::LazyLock;

use crate::schema::operation::ObjectKind::{
    AccessMethod, Aggregate, Cast, Collation, Conversion, Database, EventTrigger, Extension, ForeignDataWrapper, Language, LargeObject,
    Operator, OperatorClass, OperatorFamily, Publication, Rule, Server, Statistics, Subscription, Tablespace, TextSearch, Transform,
    UserMapping,
};
use crate::schema::operation::Verb::{Alter, Create};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, object, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        object(Create, AccessMethod, "CREATE ACCESS METHOD name TYPE { TABLE | INDEX } HANDLER handler:name"),
        object(Create, Aggregate, "CREATE [ OR REPLACE ] AGGREGATE name { %aggregate_signature %definition | %definition }"),
        object(Alter, Aggregate, "ALTER AGGREGATE name %aggregate_signature { %rename | %owner | %move }"),
        object(Create, Cast, "CREATE CAST ( type AS type ) { WITH FUNCTION function:name %signature | WITHOUT FUNCTION | WITH INOUT } [ AS { ASSIGNMENT | IMPLICIT } ]"),
        object(Create, Collation, "CREATE COLLATION %if_not_exists name { %definition | FROM from:name }"),
        object(Alter, Collation, "ALTER COLLATION name { REFRESH VERSION | %rename | %owner | %move }"),
        object(Create, Conversion, "CREATE [ DEFAULT ] CONVERSION name FOR string TO string FROM from:name"),
        object(Alter, Conversion, "ALTER CONVERSION name { %rename | %owner | %move }"),
        object(Create, Database, "CREATE DATABASE name [ WITH ] [ { CONNECTION LIMIT | word } [ = ] [ - ] any ] ..."),
        object(Alter, Database, "ALTER DATABASE name { %rename | %owner | SET TABLESPACE ident | REFRESH COLLATION VERSION | SET %setting | RESET [ ident . ] word
            | [ WITH ] { CONNECTION LIMIT [ = ] number | { ALLOW_CONNECTIONS | IS_TEMPLATE } [ = ] any } ... }"),
        object(Create, EventTrigger, "CREATE EVENT TRIGGER name ON ident [ WHEN { ident IN ( string ,... ) } [ AND ident IN ( string ,... ) ] ... ] EXECUTE { FUNCTION | PROCEDURE } function:name ( )"),
        object(Alter, EventTrigger, "ALTER EVENT TRIGGER name { DISABLE | ENABLE [ REPLICA | ALWAYS ] | %owner | %rename }"),
        object(Create, Extension, "CREATE EXTENSION %if_not_exists name [ WITH ] [ SCHEMA ident | { VERSION | FROM } any | CASCADE ] ..."),
        object(Alter, Extension, "ALTER EXTENSION name { UPDATE [ TO any ] | %move | { ADD | DROP } %labelled }"),
        object(Create, ForeignDataWrapper, "CREATE FOREIGN DATA WRAPPER name [ { HANDLER | VALIDATOR } function:name | NO { HANDLER | VALIDATOR } ] ... [ %options ]"),
        object(Alter, ForeignDataWrapper, "ALTER FOREIGN DATA WRAPPER name { %rename | %owner | [ { HANDLER | VALIDATOR } function:name | NO { HANDLER | VALIDATOR } ] ... [ %options ] }"),
        object(Create, Server, "CREATE SERVER %if_not_exists name [ TYPE string ] [ VERSION { string | NULL } ] FOREIGN DATA WRAPPER ident [ %options ]"),
        object(Alter, Server, "ALTER SERVER name { %rename | %owner | [ VERSION { string | NULL } ] [ %options ] }"),
        object(Create, Server, "IMPORT FOREIGN SCHEMA ident [ { LIMIT TO | EXCEPT } parens ] FROM SERVER ident INTO ident [ %options ]"),
        object(Create, UserMapping, "CREATE USER MAPPING %if_not_exists FOR role SERVER ident [ %options ]"),
        object(Alter, UserMapping, "ALTER USER MAPPING FOR role SERVER ident %options"),
        object(Create, Language, "CREATE [ OR REPLACE ] [ TRUSTED ] [ PROCEDURAL ] LANGUAGE name [ HANDLER function:name [ INLINE function:name ] [ VALIDATOR function:name ] ]"),
        object(Alter, Language, "ALTER [ PROCEDURAL ] LANGUAGE name { %rename | %owner }"),
        object(Alter, LargeObject, "ALTER LARGE OBJECT number %owner"),
        object(Create, OperatorClass, "CREATE OPERATOR CLASS name [ DEFAULT ] FOR TYPE type USING ident [ FAMILY family:name ] AS %operator_item ,..."),
        object(Alter, OperatorClass, "ALTER OPERATOR CLASS name USING ident { %rename | %owner | %move }"),
        object(Create, OperatorFamily, "CREATE OPERATOR FAMILY name USING ident"),
        object(Alter, OperatorFamily, "ALTER OPERATOR FAMILY name USING ident { %rename | %owner | %move | ADD %operator_item ,... | DROP { { OPERATOR | FUNCTION } number ( type ,... ) } ,... }"),
        object(Create, Operator, "CREATE OPERATOR operator %definition"),
        object(Alter, Operator, "ALTER OPERATOR operator ( { NONE | type } ,... ) { %owner | %move | SET %definition }"),
        object(Create, Publication, "CREATE PUBLICATION name [ FOR ALL TABLES | FOR %published ] [ WITH %parameters ]"),
        object(Alter, Publication, "ALTER PUBLICATION name { SET %parameters | { ADD | SET | DROP } %published | %rename | %owner }"),
        object(Create, Rule, "CREATE [ OR REPLACE ] RULE rule:ident AS ON { SELECT | INSERT | UPDATE | DELETE } TO table:name [ WHERE expr ] DO [ ALSO | INSTEAD ] rest"),
        object(Alter, Rule, "ALTER RULE rule:ident ON table:name %rename"),
        object(Create, Statistics, "CREATE STATISTICS [ IF NOT EXISTS ] [ name ] [ ( ident ,... ) ] ON { ( expr ) | function:name parens | column:ident } ,... FROM table:name"),
        object(Alter, Statistics, "ALTER STATISTICS %if_exists name { %rename | %owner | %move | SET STATISTICS { number | DEFAULT } }"),
        object(Create, Subscription, "CREATE SUBSCRIPTION name CONNECTION string PUBLICATION ident ,... [ WITH %parameters ]"),
        object(Alter, Subscription, "ALTER SUBSCRIPTION name { CONNECTION string | { SET | ADD | DROP } PUBLICATION ident ,... [ WITH %parameters ] | REFRESH PUBLICATION [ WITH %parameters ]
            | ENABLE | DISABLE | SET %parameters | SKIP %parameters | %rename | %owner }"),
        object(Create, Tablespace, "CREATE TABLESPACE name [ OWNER role ] LOCATION string [ WITH %parameters ]"),
        object(Alter, Tablespace, "ALTER TABLESPACE name { %rename | %owner | { SET | RESET } %parameters }"),
        object(Create, TextSearch, "CREATE TEXT SEARCH { CONFIGURATION | DICTIONARY | PARSER | TEMPLATE } name %definition"),
        object(Alter, TextSearch, "ALTER TEXT SEARCH CONFIGURATION name { { ADD | ALTER } MAPPING FOR ident ,... WITH dictionary:name ,... | ALTER MAPPING [ FOR ident ,... ] REPLACE dictionary:name WITH dictionary:name
            | DROP MAPPING [ IF EXISTS ] FOR ident ,... }"),
        object(Alter, TextSearch, "ALTER TEXT SEARCH { CONFIGURATION | DICTIONARY | PARSER | TEMPLATE } name { %rename | %owner | %move | %definition }"),
        object(Create, Transform, "CREATE [ OR REPLACE ] TRANSFORM FOR type LANGUAGE ident ( { FROM | TO } SQL WITH FUNCTION function:name %signature [ , { FROM | TO } SQL WITH FUNCTION function:name %signature ] )"),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}
