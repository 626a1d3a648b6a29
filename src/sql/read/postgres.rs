//! PostgreSQL: which of our readers takes which head.

mod access;
mod alter;
mod alter_table;
pub(super) mod block;
mod constant;
mod create;
mod drop;
mod other;
mod session;
mod statement;

use super::dispatch::Head;
use crate::sql::read::Reader;

/// The reader for a statement's head; `None` leaves it to sqlparser.
#[rustfmt::skip]
pub(super) fn reader(head: &Head) -> Option<Reader> {
    Some(match (head.verb(), head.kind()) {
        ("ALTER", "TABLE") => alter_table::read,
        ("ALTER", "FOREIGN") if head.next() == "TABLE" => alter_table::read,
        ("ALTER", "MATERIALIZED" | "INDEX" | "VIEW" | "SEQUENCE" | "TYPE" | "DOMAIN" | "SCHEMA" | "FUNCTION" | "PROCEDURE" | "ROUTINE" | "TRIGGER" | "POLICY") => alter::read,
        ("ALTER", "USER") if head.next() == "MAPPING" => other::read,
        ("ALTER", "DEFAULT" | "ROLE" | "USER" | "GROUP") => access::read,
        ("ALTER", "SYSTEM") => session::read,
        ("ALTER", _) | ("IMPORT", _) => other::read,
        ("CREATE", "TABLE" | "INDEX") => return None,
        ("CREATE", "FOREIGN") if head.next() == "TABLE" => create::foreign_table,
        ("CREATE", "VIEW" | "MATERIALIZED") => return None,
        ("CREATE", "SEQUENCE" | "TYPE" | "DOMAIN" | "FUNCTION" | "PROCEDURE" | "TRIGGER" | "SCHEMA") => create::read,
        ("CREATE", "USER") if head.next() == "MAPPING" => other::read,
        ("CREATE", "ROLE" | "USER" | "GROUP" | "POLICY") => access::read,
        ("CREATE", _) => other::read,
        ("DROP", _) => drop::read,
        ("DO", _) => block::read,
        ("EXPLAIN", _) => statement::explain,
        ("COPY" | "CALL" | "EXECUTE" | "DECLARE", _) => statement::read,
        ("GRANT" | "REVOKE" | "REASSIGN", _) => access::read,
        ("SET" | "RESET" | "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" | "LISTEN" | "UNLISTEN" | "NOTIFY" | "CHECKPOINT"
            | "DISCARD" | "LOAD" | "DEALLOCATE" | "VACUUM" | "ANALYZE" | "ANALYSE" | "CLUSTER" | "REINDEX" | "REFRESH" | "LOCK" | "TRUNCATE" | "COMMENT"
            | "SECURITY" | "SHOW" | "FETCH" | "MOVE" | "CLOSE", _) | ("PREPARE", "TRANSACTION") => session::read,
        ("PREPARE", _) => statement::prepare,
        _ => return None,
    })
}
