//! Who may do what in PostgreSQL 18: GRANT, REVOKE, default privileges, roles, ownership, policies.

use std::sync::LazyLock;

use crate::schema::operation::{AccessChange, Verb};
use crate::schema::{ObjectName, Operation};
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
        one("ALTER DEFAULT PRIVILEGES [ FOR { ROLE | USER } role ,... | IN SCHEMA ident ,... ] ... GRANT %privileges ON %default_kind TO [ GROUP ] role ,... [ WITH GRANT OPTION ]", grant),
        one("ALTER DEFAULT PRIVILEGES [ FOR { ROLE | USER } role ,... | IN SCHEMA ident ,... ] ... REVOKE [ GRANT OPTION FOR ] %privileges ON %default_kind FROM [ GROUP ] role ,... %behavior", revoke),
        one("CREATE { ROLE | USER | GROUP } role [ WITH ] [ %role_option | IN { ROLE | GROUP } role ,... | { ROLE | USER | ADMIN } role ,... | SYSID number ] ...", |_| role(Verb::Create)),
        one("ALTER { ROLE | USER | GROUP } { ALL | role } { RENAME TO role | { ADD | DROP } USER role ,... | [ IN DATABASE ident ] { SET %setting | RESET [ ident . ] word } | [ WITH ] [ %role_option ] ... }",
            |_| role(Verb::Alter)),
        one("REASSIGN OWNED BY role ,... TO role", |_| Ok(Operation::Access(AccessChange::Owner { of: None }))),
        one("CREATE POLICY policy:ident ON name [ AS { PERMISSIVE | restrictive:RESTRICTIVE } ] [ FOR { ALL | SELECT | INSERT | UPDATE | DELETE } ] [ TO role ,... ] [ USING ( expr ) ] [ WITH CHECK ( expr ) ]", |f| {
            let restrictive = f.has("restrictive");
            Ok(Operation::Access(AccessChange::CreatePolicy { name: f.ident("policy")?, table: f.name("name")?, restrictive }))
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

fn role(verb: Verb) -> Result<Operation, Unread> {
    Ok(Operation::Access(AccessChange::Role { verb }))
}
