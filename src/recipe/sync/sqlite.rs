//! SQLite: AFTER triggers that update the row once more, each silent for a row that is in step, so that none calls
//! another for ever, whatever `recursive_triggers` says.

use super::{Pair, RowKey};
use crate::migration::Side;
use crate::recipe::Spelled;
use crate::schema::Dialect;

/// The triggers.
pub(super) fn triggers(pair: &Pair) -> Vec<String> {
    let (old, new) = (pair.spelled(&pair.names.old), pair.spelled(&pair.names.new));
    // A trigger lives in the schema of its table, and names the table without it.
    let table = pair.names.table.name.spelled(Dialect::Sqlite);
    let (row, apart) = (row(pair), pair.apart("NEW."));
    let (old_changed, new_changed) = (pair.old_changed(), pair.new_changed());
    let by_old = format!("  UPDATE {table} SET {new} = {} WHERE {row};\n", pair.forward("NEW."));
    let by_new = format!("  UPDATE {table} SET {old} = {} WHERE {row}", pair.backward("NEW."));
    // The row as it is by now; `backward` may make something of NULL that does not lead back to it.
    let settle = format!("  UPDATE {table} SET {new} = {} WHERE {row} AND {};\n", pair.forward(""), pair.apart(""));
    let given = match pair.winner {
        Side::New => String::new(),
        Side::Old => format!(" AND {}", pair.old_left_out("NEW.")),
    };
    let new_given = pair.column("NEW.", &pair.names.new);
    let (when_new, when_old) = match pair.winner {
        Side::New => (format!("{new_changed} AND {apart}"), format!("{old_changed} AND NOT ({new_changed}) AND {apart}")),
        Side::Old => (format!("{new_changed} AND NOT ({old_changed}) AND {apart}"), format!("{old_changed} AND {apart}")),
    };
    let settle_update = if pair.is_plain() { "" } else { &settle };
    let trigger = |suffix: &str, event: &str, when: &str, body: &str| {
        let name = pair.names.beside(&pair.names.named(suffix)).spelled(Dialect::Sqlite);
        format!("CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {when} BEGIN\n{body}END")
    };
    vec![
        trigger("_insert", "INSERT", &apart, &format!("{by_new} AND {new_given} IS NOT NULL{given};\n{settle}")),
        trigger("_new", "UPDATE", &when_new, &format!("{by_new};\n{settle_update}")),
        trigger("_old", "UPDATE", &when_old, &by_old),
    ]
}

/// The condition that finds the row that a trigger is about.
fn row(pair: &Pair) -> String {
    match &pair.row {
        RowKey::Hidden(name) => format!("{name} = NEW.{name}"),
        RowKey::Primary(columns) => {
            let equal = columns.iter().map(|name| format!("{} = {}", pair.spelled(name), pair.column("NEW.", name)));
            equal.collect::<Vec<_>>().join(" AND ")
        }
    }
}
