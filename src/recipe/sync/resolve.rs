//! A declared sync against the schema that it meets: names, types and expressions that fit, or the place in
//! migration.toml where they do not.

use super::{Derivation, Equality, Names, Pair, RowKey, types};
use crate::dialect::{self, Certainty};
use crate::migration::nearest::hint;
use crate::migration::{MigrationError, Side, Sync, SyncKey};
use crate::schema::expression::Shape;
use crate::schema::table::{Column, Generated, Table};
use crate::schema::{Dialect, Found, Ident, ObjectName, Schema, Server, Volatility};
use crate::sql::{Value, read_name, read_value};

/// The clock and chance, by the names of all dialects: what they make of a row is not the same a moment later.
const RESTLESS: [&str; 27] = [
    "clock_timestamp",
    "curdate",
    "current_date",
    "current_time",
    "current_timestamp",
    "curtime",
    "gen_random_uuid",
    "localtime",
    "localtimestamp",
    "nextval",
    "now",
    "rand",
    "random",
    "randomblob",
    "statement_timestamp",
    "sysdate",
    "timeofday",
    "transaction_timestamp",
    "txid_current",
    "unix_timestamp",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "uuid",
    "uuid_short",
    "uuidv4",
    "uuidv7",
];

/// Functions that make one value of many rows.
const AGGREGATES: [&str; 12] =
    ["array_agg", "avg", "bool_and", "bool_or", "count", "group_concat", "json_agg", "jsonb_agg", "string_agg", "sum", "total", "xmlagg"];

/// The names of a sync.
///
/// # Errors
/// `Settings` where one is no name.
pub fn names(sync: &Sync, server: Server) -> Result<Names, MigrationError> {
    let column = |key: SyncKey, text: &str| {
        let name = read_name(text, server).map_err(|reason| sync.fault(key, reason))?;
        match name.schema {
            None => Ok(name.name),
            Some(_) => Err(sync.fault(key, format!("`{text}` is no column of the table: write its name alone"))),
        }
    };
    let table = read_name(&sync.table, server).map_err(|reason| sync.fault(SyncKey::Table, reason))?;
    let (old, new) = (column(SyncKey::Old, &sync.old)?, column(SyncKey::New, &sync.new)?);
    if old == new {
        return Err(sync.fault(SyncKey::New, format!("`{new}` is the old column itself: give the new one a name of its own")));
    }
    Ok(Names { dialect: server.dialect, table, old, new })
}

/// The pair that a sync declares, on the schema that it meets.
///
/// Where the schema does not know the table, what the user says is believed.
///
/// # Errors
/// `Settings` with the place where the two do not fit.
pub fn resolve(sync: &Sync, schema: &Schema, server: Server) -> Result<Pair, MigrationError> {
    let names = names(sync, server)?;
    let table = table(sync, &names.table, schema)?;
    let old = old_column(sync, &names, table)?;
    let declared = match &sync.ty {
        Some(text) => Some(types::read(text, server).map_err(|reason| sync.fault(SyncKey::Type, reason))?),
        None => None,
    };
    let old_type = old.map(|column| &column.ty);
    let new_type = declared.as_ref().or(old_type);
    let forward = value(sync, SyncKey::Forward, sync.forward.as_deref(), &names, table.trusted, schema, server)?;
    let backward = value(sync, SyncKey::Backward, sync.backward.as_deref(), &names, table.trusted, schema, server)?;
    let mut pair = Pair::plain(names, old_type, new_type);
    if forward.is_some() || backward.is_some() {
        // What an expression yields may have another type or more digits than its column keeps.
        let cast = |value: Option<Value>, ty| Derivation { value, cast: Option::and_then(ty, |ty| types::cast(server.dialect, ty)) };
        pair.forward = cast(forward, new_type);
        pair.backward = cast(backward, old_type);
    }
    pair.winner = sync.winner;
    let collation = old.and_then(|column| column.collation.as_ref());
    pair.new_type = match (&sync.ty, old_type) {
        (Some(text), _) => Some(text.trim().to_owned()),
        (None, Some(ty)) => Some(types::collated(server.dialect, ty, collation)),
        (None, None) => None,
    };
    if let Some(table) = table.recorded {
        pair.row = row_key(table, server.dialect);
        let others = table
            .columns
            .iter()
            .map(|column| (column.name.clone(), types::equality(server.dialect, Some(&column.ty), column.collation.as_ref())));
        let new = types::equality(server.dialect, new_type, collation.filter(|_| sync.ty.is_none()));
        let new = (pair.names.new.clone(), new);
        pair.equality = std::iter::once(new).chain(others).filter(|(_, equality)| *equality != Equality::Plain).collect();
    }
    if let (Side::Old, Some(column)) = (sync.winner, old) {
        pair.old_default = old_default(sync, column)?;
    }
    Ok(pair)
}

/// What the schema holds of a table.
#[derive(Clone, Copy)]
struct Recorded<'s> {
    /// Trusted or not.
    recorded: Option<&'s Table>,
    /// Only where absence proves something.
    trusted: Option<&'s Table>,
}

fn table<'s>(sync: &Sync, name: &ObjectName, schema: &'s Schema) -> Result<Recorded<'s>, MigrationError> {
    match schema.table(name) {
        Found::Known(table) => Ok(Recorded { recorded: Some(table), trusted: Some(table) }),
        Found::Stale(table) => Ok(Recorded { recorded: Some(table), trusted: None }),
        Found::Unknown => Ok(Recorded { recorded: None, trusted: None }),
        Found::Absent => {
            let known = schema.tables().map(|table| table.name.name.as_str());
            let message = match schema.view(name).recorded() {
                Some(_) => format!("`{name}` is a view: a sync needs the table behind it"),
                None => format!("there is no table `{name}` before this migration{}", hint(name.name.as_str(), known)),
            };
            Err(sync.fault(SyncKey::Table, message))
        }
    }
}

fn old_column<'s>(sync: &Sync, names: &Names, table: Recorded<'s>) -> Result<Option<&'s Column>, MigrationError> {
    let found = table.recorded.and_then(|table| table.column(&names.old));
    match (found, table.trusted) {
        (None, Some(known)) => {
            let columns = known.columns.iter().map(|column| column.name.as_str());
            let hint = hint(names.old.as_str(), columns);
            Err(sync.fault(SyncKey::Old, format!("`{}` has no column `{}`{hint}", names.table, names.old)))
        }
        (Some(Column { generated: Generated::Stored(_) | Generated::Virtual(_), .. }), _) => Err(sync
            .fault(SyncKey::Old, format!("`{}.{}` is computed: nobody writes it, so nothing is to be kept equal", names.table, names.old))),
        (found, _) => Ok(found),
    }
}

/// Reads `forward` or `backward`.
fn value(
    sync: &Sync,
    key: SyncKey,
    text: Option<&str>,
    names: &Names,
    table: Option<&Table>,
    schema: &Schema,
    server: Server,
) -> Result<Option<Value>, MigrationError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = |reason: String| sync.fault(key, reason);
    let value = read_value(text, server).map_err(wrong)?;
    let (own, other) = match key {
        SyncKey::Backward => (&names.old, &names.new),
        SyncKey::Forward | SyncKey::Table | SyncKey::Old | SyncKey::New | SyncKey::Type => (&names.new, &names.old),
    };
    if value.facts.columns.contains(own) {
        return Err(wrong(format!("it reads `{own}`, the very column that it is to fill")));
    }
    if value.columns().is_empty() {
        return Err(wrong(format!("it reads no column: begin with `{other}`")));
    }
    for function in &value.facts.functions {
        let name = function.name.as_str();
        if AGGREGATES.contains(&name) {
            return Err(wrong(format!("`{name}` makes one value of many rows: it must be a value of the row itself")));
        }
        if RESTLESS.contains(&name) {
            return Err(wrong(restless(name)));
        }
    }
    if server.dialect == Dialect::Sqlite && text.to_ascii_lowercase().contains("'now'") {
        return Err(wrong(restless("'now'")));
    }
    if dialect::volatility(schema, &value.facts) == (Volatility::Volatile, Certainty::Known) {
        let calls = value.facts.functions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(wrong(format!("it is volatile ({calls}): declare the function IMMUTABLE if it always answers the same")));
    }
    if let Some(table) = table {
        for name in value.columns().into_iter().filter(|name| *name != &names.new) {
            match table.column(name) {
                None => {
                    let hint = hint(name.as_str(), table.columns.iter().map(|column| column.name.as_str()));
                    return Err(wrong(format!("`{}` has no column `{name}`{hint}", table.name)));
                }
                // They are computed after BEFORE triggers ran.
                Some(Column { generated: Generated::Stored(_) | Generated::Virtual(_), .. }) if server.dialect != Dialect::Sqlite => {
                    return Err(wrong(format!("`{name}` is computed, and triggers run before that: write its expression instead")));
                }
                Some(_) => {}
            }
        }
    }
    Ok(Some(value))
}

fn restless(what: &str) -> String {
    format!("`{what}` does not always answer the same, so nobody could tell whether a row is in step")
}

/// The value of the old column in an INSERT that leaves it out.
fn old_default(sync: &Sync, old: &Column) -> Result<Option<String>, MigrationError> {
    match &old.default {
        None => Ok(None),
        Some(default) => match default.shape {
            Shape::Null => Ok(None),
            Shape::Literal | Shape::Tautology => Ok(Some(default.text.clone())),
            Shape::Computed => {
                let message = format!(
                    "`winner = \"old\"` does not go with DEFAULT {} of `{}`: an INSERT that leaves the column out could not be told from one that gives it",
                    default.text, old.name
                );
                Err(sync.fault(SyncKey::Old, message))
            }
        },
    }
}

fn row_key(table: &Table, dialect: Dialect) -> RowKey {
    if table.without_rowid {
        return RowKey::Primary(table.primary_key().to_vec());
    }
    // A column of that name hides the row number.
    let taken = |name: &&str| table.column(&Ident::new(dialect, name, crate::schema::name::Quoting::Bare)).is_some();
    RowKey::Hidden(["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name)).unwrap_or("rowid"))
}
