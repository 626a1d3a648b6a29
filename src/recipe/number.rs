//! A column that the database numbers: the one that takes its place goes on counting where it stopped.

use super::Spelled;
use super::carry::Move;
use super::phases::{Given, Refusal};
use super::statement::alter;
use crate::schema::Dialect;
use crate::schema::table::{Column, Generated, Table};

/// No schema keeps how the old counter counts.
const TOLD: &str =
    "-- Had the old counter its own INCREMENT, MINVALUE, MAXVALUE, CACHE or CYCLE? Say it again behind IDENTITY, in parentheses.\n";

/// The statements that hand the counter over, for the transaction in which the old column goes.
pub(super) fn hand_over(given: &Given<'_>, moved: &Move<'_>, table: &Table, column: &Column) -> Result<Vec<String>, Refusal> {
    let dialect = Dialect::Postgres;
    if given.dialect() != dialect {
        return Ok(Vec::new());
    }
    let (alter, new) = (alter(dialect, moved.table), moved.new.spelled(dialect));
    let refuse = |why: &str| Refusal::Impossible(format!("`{}.{}` is numbered by the database, {why}", moved.table, moved.old));
    let numbered = match column.generated {
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => true,
        Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
    };
    if numbered && moved.forward.is_some() {
        return Err(refuse("and new rows would get its numbers without --forward: give the new column its own counter by hand"));
    }
    let kind = match column.generated {
        Generated::IdentityAlways => "ALWAYS",
        Generated::IdentityByDefault => "BY DEFAULT",
        Generated::No | Generated::Serial | Generated::Stored(_) | Generated::Virtual(_) => {
            let mut owned = given.schema.sequences_of(&table.name, moved.old);
            let Some(sequence) = owned.next() else {
                return if numbered { Err(refuse("by a sequence that the migrations do not tell")) } else { Ok(Vec::new()) };
            };
            let name = sequence.name.spelled(dialect);
            let mut statements = Vec::new();
            // The sequence of `serial` counts as far as an integer.
            if moved.ty.is_some_and(|ty| ty.base == "bigint") && column.ty.base != "bigint" {
                statements.push(format!("ALTER SEQUENCE {name} AS bigint;\n"));
            }
            // Owned by the old column, it would go with it.
            statements.push(format!("ALTER SEQUENCE {name} OWNED BY {}.{new};\n", moved.table.spelled(dialect)));
            if numbered {
                statements.push(format!("{alter} ALTER COLUMN {new} SET DEFAULT nextval('{}');\n", name.replace('\'', "''")));
            }
            return Ok(statements);
        }
    };
    if given.views.is_some_and(|views| views.untold.counts(&table.name.name)) {
        return Err(refuse(
            "by a counter with options of its own, which a new one would not have: declare the [[sync]] by hand, and let contract.sql add the identity with them",
        ));
    }
    let counter = |column: &str| {
        let quoted = |text: &str| text.replace('\'', "''");
        format!("pg_get_serial_sequence('{}', '{}')", quoted(&moved.table.spelled(dialect)), quoted(column))
    };
    Ok(vec![
        format!("{TOLD}{alter} ALTER COLUMN {new} ADD GENERATED {kind} AS IDENTITY;\n"),
        format!("SELECT setval({}, nextval({}));\n", counter(moved.new.as_str()), counter(moved.old.as_str())),
    ])
}
