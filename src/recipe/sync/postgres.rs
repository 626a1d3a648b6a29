//! PostgreSQL: one BEFORE trigger that sets the row's values before it is stored, so that nothing runs twice.

use super::Pair;
use crate::migration::Side;
use crate::recipe::Spelled;
use crate::schema::Dialect;

/// The function and its trigger.
pub(super) fn triggers(pair: &Pair) -> Vec<String> {
    let (function, table) = (pair.names.function(), pair.names.table.spelled(Dialect::Postgres));
    let body = body(pair);
    let mut quote = "$$".to_owned();
    while body.contains(&quote) {
        quote = format!("$sync{}$", quote.len());
    }
    let name = pair.names.named("").spelled(Dialect::Postgres);
    vec![
        format!("CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {quote}\n{body}{quote}"),
        format!("CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"),
    ]
}

fn body(pair: &Pair) -> String {
    let (old, new) = (pair.column("NEW.", &pair.names.old), pair.column("NEW.", &pair.names.new));
    let (apart, old_changed, new_changed) = (pair.apart("NEW."), pair.old_changed(), pair.new_changed());
    let inserted = match pair.winner {
        Side::New => format!("{new} IS NOT NULL"),
        Side::Old => format!("{new} IS NOT NULL AND {}", pair.old_left_out("NEW.")),
    };
    // The side that is asked first wins where both changed.
    let ((first, first_counts), (second, second_counts)) = match pair.winner {
        Side::New => ((new_changed, true), (old_changed, false)),
        Side::Old => ((old_changed, false), (new_changed, true)),
    };
    format!(
        "DECLARE\n\
         \x20 new_counts boolean;\n\
         BEGIN\n\
         \x20 IF TG_OP = 'INSERT' THEN\n\
         \x20   new_counts := {inserted};\n\
         \x20 ELSIF {first} THEN\n\
         \x20   new_counts := {first_counts};\n\
         \x20 ELSIF {second} THEN\n\
         \x20   new_counts := {second_counts};\n\
         \x20 ELSE\n\
         \x20   RETURN NEW;\n\
         \x20 END IF;\n\
         \x20 IF new_counts AND {apart} THEN\n\
         \x20   {old} := {};\n\
         \x20 END IF;\n\
         \x20 IF {apart} THEN\n\
         \x20   {new} := {};\n\
         \x20 END IF;\n\
         \x20 RETURN NEW;\n\
         END ",
        pair.backward("NEW."),
        pair.forward("NEW.")
    )
}
