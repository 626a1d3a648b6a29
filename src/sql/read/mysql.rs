//! MySQL 8 and MariaDB 10.6 and newer: which of our readers takes which head.

mod alter_table;
mod create;
mod object;
mod session;

use super::dispatch::Head;
use crate::sql::read::Reader;

/// The reader for a statement's head; `None` leaves it to sqlparser.
#[rustfmt::skip]
pub(super) fn reader(head: &Head) -> Option<Reader> {
    Some(match (head.verb(), head.kind()) {
        ("CREATE", "TABLE" | "INDEX" | "VIEW") | ("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "SELECT" | "WITH" | "VALUES" | "", _) => return None,
        ("ALTER", "TABLE" | "IGNORE" | "ONLINE") => alter_table::read,
        ("ALTER", "VIEW") => object::alter_view,
        ("CREATE", "TRIGGER" | "FUNCTION" | "PROCEDURE" | "AGGREGATE" | "EVENT" | "SEQUENCE") => create::read,
        ("EXPLAIN" | "DESCRIBE" | "DESC", _) => session::explain,
        ("PREPARE", _) => session::prepare,
        ("ALTER" | "CREATE" | "DROP" | "RENAME" | "GRANT" | "REVOKE" | "TRUNCATE", _) if (head.verb(), head.kind()) != ("DROP", "PREPARE") => object::read,
        _ => session::read,
    })
}
