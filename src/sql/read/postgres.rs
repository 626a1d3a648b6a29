//! PostgreSQL: which of our readers takes which head.

mod alter;
mod alter_table;
mod drop;

use super::dispatch::Head;
use crate::sql::read::Reader;

/// The reader for a statement's head; `None` leaves it to sqlparser.
pub(super) fn reader(head: &Head) -> Option<Reader> {
    Some(match (head.verb(), head.kind()) {
        ("ALTER", "TABLE" | "FOREIGN") => alter_table::read,
        ("ALTER", "INDEX" | "VIEW" | "MATERIALIZED" | "SEQUENCE" | "TYPE" | "DOMAIN" | "SCHEMA" | "FUNCTION" | "PROCEDURE" | "ROUTINE" | "TRIGGER" | "POLICY") => alter::read,
        ("DROP", _) => drop::read,
        _ => return None,
    })
}
