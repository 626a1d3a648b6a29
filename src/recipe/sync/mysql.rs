//! MySQL and MariaDB: BEFORE triggers of one statement each, whose assignments see those before them.

use super::Pair;
use crate::migration::Side;
use crate::recipe::Spelled;
use crate::schema::Dialect;

/// The triggers.
pub(super) fn triggers(pair: &Pair) -> Vec<String> {
    let table = pair.names.table.spelled(Dialect::Mysql);
    let (old, new) = (pair.column("NEW.", &pair.names.old), pair.column("NEW.", &pair.names.new));
    let (apart, old_changed, new_changed) = (pair.apart("NEW."), pair.old_changed(), pair.new_changed());
    let given = match pair.winner {
        Side::New => String::new(),
        Side::Old => format!(" AND {}", pair.old_left_out("NEW.")),
    };
    let alone = match pair.winner {
        Side::New => String::new(),
        Side::Old => format!(" AND NOT ({old_changed})"),
    };
    // What `backward` makes of NULL may not lead back to NULL: then the new side takes the old one's value.
    let any_changed = if pair.is_plain() { old_changed } else { format!("({old_changed} OR {new_changed})") };
    let trigger = |suffix: &str, event: &str, by_new: &str, by_old: &str| {
        let name = pair.names.beside(&pair.names.named(suffix)).spelled(Dialect::Mysql);
        format!(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW SET\n\
             \x20 {old} = IF({by_new}, {}, {old}),\n\
             \x20 {new} = IF({by_old}, {}, {new})",
            pair.backward("NEW."),
            pair.forward("NEW.")
        )
    };
    vec![
        trigger("_insert", "INSERT", &format!("{new} IS NOT NULL{given} AND {apart}"), &apart),
        trigger("_update", "UPDATE", &format!("{new_changed}{alone} AND {apart}"), &format!("{any_changed} AND {apart}")),
    ]
}
