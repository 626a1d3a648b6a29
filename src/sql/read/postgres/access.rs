//! Who may do what in PostgreSQL 18: GRANT, REVOKE, default privileges, roles, ownership, policies.

use std::sync::LazyLock;

use crate::schema::expression::Shape;
use crate::schema::operation::{AccessChange, PolicyTerms, Verb};
use crate::schema::{Expression, Ident, ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("GRANT %privileges ON %grantable TO [ GROUP ] role ,... [ WITH GRANT OPTION ] [ GRANTED BY role ]", grant),
        one("GRANT role ,... TO [ GROUP ] role ,... [ WITH { { ADMIN | INHERIT | SET } { OPTION | TRUE | FALSE } } ,... ] [ GRANTED BY role ]", grant),
        one("REVOKE [ GRANT OPTION FOR ] %privileges ON %grantable FROM [ GROUP ] role ,... [ GRANTED BY role ] %behavior", revoke),
        one("REVOKE [ { ADMIN | INHERIT | SET } OPTION FOR ] role ,... FROM [ GROUP ] role ,... [ GRANTED BY role ] %behavior", revoke),
        one("ALTER DEFAULT PRIVILEGES [ FOR { ROLE | USER } role ,... | IN SCHEMA ident ,... ] ... GRANT %privileges ON %default_kind TO [ GROUP ] role ,... [ WITH GRANT OPTION ]", defaults),
        one("ALTER DEFAULT PRIVILEGES [ FOR { ROLE | USER } role ,... | IN SCHEMA ident ,... ] ... REVOKE [ GRANT OPTION FOR ] %privileges ON %default_kind FROM [ GROUP ] role ,... %behavior", defaults),
        one("CREATE { ROLE | USER | GROUP } role [ WITH ] [ %role_option | IN { ROLE | GROUP } role ,... | { ROLE | USER | ADMIN } role ,... | SYSID number ] ...", |_| role(Verb::Create)),
        one("ALTER { ROLE | USER | GROUP } { ALL | role } { RENAME TO role | { ADD | DROP } USER role ,... | [ IN DATABASE ident ] { SET %setting | RESET [ ident . ] word } | [ WITH ] [ %role_option ] ... }",
            |_| role(Verb::Alter)),
        one("REASSIGN OWNED BY role ,... TO role", |_| Ok(Operation::Access(AccessChange::Owner { of: None }))),
        one("CREATE POLICY policy:ident ON name [ AS { PERMISSIVE | restrictive:RESTRICTIVE } ] [ FOR { ALL | command:{ SELECT | INSERT | UPDATE | DELETE } } ] [ TO role ,... ] [ USING ( expr ) ] [ WITH CHECK ( expr ) ]", |f| {
            Ok(Operation::Access(AccessChange::CreatePolicy { name: f.ident("policy")?, table: f.name("name")?, terms: terms(f) }))
        }),
    ]
});

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

fn on(f: &Found<'_>) -> Vec<ObjectName> {
    f.names("on").map(|(name, _)| name).collect()
}

fn grant(f: &mut Found<'_>) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Grant { on: on(f) }))
}

fn revoke(f: &mut Found<'_>) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Revoke { on: on(f) }))
}

fn defaults(_: &mut Found<'_>) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::DefaultPrivileges))
}

fn terms(f: &Found<'_>) -> PolicyTerms {
    let conditions = f.expressions("expr");
    let holds = |condition: &Expression| condition.shape == Shape::Tautology || condition.text.eq_ignore_ascii_case("true");
    let public = f.texts("role").all(|role| role.eq_ignore_ascii_case("public"));
    let open = !f.has("command") && public && !conditions.is_empty() && conditions.iter().all(holds);
    PolicyTerms { restrictive: f.has("restrictive"), open, uses: named(&conditions) }
}

/// Columns and functions that conditions name.
pub(super) fn named(conditions: &[Expression]) -> Vec<Ident> {
    let columns = conditions.iter().flat_map(|condition| condition.columns.iter().cloned());
    columns.chain(conditions.iter().flat_map(|condition| condition.functions.iter().map(|function| function.name.clone()))).collect()
}

fn role(verb: Verb) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Role { verb }))
}
