//! A table of SQLite made anew with one more demand on its rows, in contract. Its text is put together from the statements
//! that made it, and used only where a replay of it gives the table that the migrations end in.

mod text;

pub use text::Texts;

use crate::recipe::{Given, Phases, Refusal, Spelled, Wishes, fill_empty};
use crate::schema::table::{Generated, Knowledge, Table};
use crate::schema::{Dialect, Ident, ObjectName, Origin, Phase, Schema};
use crate::sql::{self, Source};
use text::{Kind, Made, Other};

/// What the new table demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// A value in this column.
    NotNull(Ident),
    /// A constraint, as it is written in a table.
    Constraint(String),
}

/// Makes a column NOT NULL.
///
/// # Errors
/// When the texts that made the table, or what hangs on it, are not all at hand.
pub fn set_not_null(given: &Given<'_>, texts: &Texts, table: &ObjectName, column: &Ident, wishes: &Wishes) -> Result<Phases, Refusal> {
    let mut phases = Phases::default();
    fill_empty(given, table, column, wishes, &mut phases);
    phases.add(Phase::Contract, &remake(given, texts, table, &Demand::NotNull(column.clone()), &[])?);
    Ok(phases)
}

/// Adds a constraint; `indexes` come with it.
///
/// # Errors
/// As [`set_not_null`].
pub fn add_constraint(
    given: &Given<'_>,
    texts: &Texts,
    table: &ObjectName,
    constraint: &str,
    indexes: &[String],
) -> Result<Phases, Refusal> {
    let mut phases = Phases::default();
    phases.add(Phase::Contract, &remake(given, texts, table, &Demand::Constraint(constraint.to_owned()), indexes)?);
    Ok(phases)
}

/// The statements that put a stricter table in the place of the old one.
fn remake(given: &Given<'_>, texts: &Texts, table: &ObjectName, demand: &Demand, indexes: &[String]) -> Result<String, Refusal> {
    let dialect = Dialect::Sqlite;
    let old = given.table(table).filter(|old| old.knowledge == Knowledge::Known).ok_or_else(|| unknown(table))?;
    let made = texts.table(&old.name.name).ok_or_else(|| unknown(table))?;
    if !is_as_replayed(given, old, made) {
        return Err(by_hand(table, "the statements that made it do not tell its columns and constraints as they are now"));
    }
    let around = around(given, texts, old)?;
    let name = old.name.spelled(dialect);
    let copy = Ident::stored(&format!("{}_new", old.name.name.written())).spelled(dialect);
    let columns = old.columns.iter().filter(|column| match column.generated {
        Generated::Stored(_) | Generated::Virtual(_) => false,
        Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => true,
    });
    let columns: Vec<String> = columns.map(|column| column.name.spelled(dialect)).collect();
    let columns = columns.join(", ");
    let mut script = String::from("PRAGMA foreign_keys = OFF;\nBEGIN;\n");
    for other in around.iter().rev().filter(|other| !other.goes_with(&old.name.name)) {
        script.push_str(&format!("DROP {} {};\n", other.kind.word(), other.name.spelled(dialect)));
    }
    script.push_str(&format!("CREATE TABLE {copy} {};\n", made.with(demand)));
    script.push_str(&format!("INSERT INTO {copy} ({columns}) SELECT {columns} FROM {name};\n"));
    if made.numbers_for_ever() {
        let own = format!("SELECT seq FROM sqlite_sequence WHERE name = '{}'", old.name.name.written());
        script.push_str(&format!("UPDATE sqlite_sequence SET seq = ({own}) WHERE name = '{}_new';\n", old.name.name.written()));
    }
    script.push_str(&format!("DROP TABLE {name};\nALTER TABLE {copy} RENAME TO {name};\n"));
    for text in around.iter().map(|other| &other.text).chain(indexes) {
        script.push_str(&format!("{text};\n"));
    }
    script.push_str("COMMIT;\nPRAGMA foreign_keys = ON;\n");
    Ok(script)
}

/// Whether the text makes the table that the replay knows.
fn is_as_replayed(given: &Given<'_>, old: &Table, made: &Made) -> bool {
    let text = format!("CREATE TABLE {} {}", old.name.spelled(Dialect::Sqlite), made.body());
    let script = sql::read(&Source::new("table", text), given.server);
    let mut schema = Schema::new(Dialect::Sqlite, Knowledge::Known);
    let origin = Origin { migration: old.origin.migration.clone(), phase: Phase::Expand, transaction: 0 };
    for clause in script.statements.iter().flat_map(|statement| &statement.clauses) {
        if schema.apply(&clause.operation, &origin).is_err() {
            return false;
        }
    }
    let Some(new) = schema.table(&old.name).recorded() else { return false };
    let columns = old.columns.len() == new.columns.len()
        && old.columns.iter().zip(&new.columns).all(|(old, new)| {
            (&old.name, &old.ty, old.not_null, &old.default, &old.generated, &old.collation)
                == (&new.name, &new.ty, new.not_null, &new.default, &new.generated, &new.collation)
        });
    let kinds = |table: &Table| table.constraints.iter().map(|held| held.kind.clone()).collect::<Vec<_>>();
    let (mut held, wanted) = (kinds(new), kinds(old));
    let same = wanted.iter().all(|kind| held.iter().position(|other| other == kind).map(|at| held.swap_remove(at)).is_some());
    columns && same && held.is_empty() && (old.without_rowid, old.strict) == (new.without_rowid, new.strict)
}

/// What goes with the table or stands in the way of the rename, in the order in which it was made.
fn around<'a>(given: &Given<'_>, texts: &'a Texts, old: &Table) -> Result<Vec<&'a Other>, Refusal> {
    let mut wanted: Vec<(Kind, &Ident)> = Vec::new();
    let named = old.indexes.iter().filter(|index| !index.backs_constraint);
    wanted.extend(named.filter_map(|index| Some((Kind::Index, index.name.as_ref()?))));
    wanted.extend(old.triggers.iter().map(|trigger| (Kind::Trigger, &trigger.name)));
    // A view of a view is read again with the rest.
    let mut relations = vec![&old.name];
    let mut at = 0;
    while let Some(relation) = relations.get(at).copied() {
        at += 1;
        for view in given.schema.views_reading(relation).filter(|view| !relations.contains(&&view.name)).collect::<Vec<_>>() {
            relations.push(&view.name);
            wanted.push((Kind::View, &view.name.name));
        }
        let triggers = given.schema.triggers_mentioning(&relation.name).map(|trigger| (Kind::Trigger, &trigger.name));
        wanted.extend(triggers);
    }
    // Triggers on views go with them.
    let views: Vec<&Ident> = wanted.iter().filter(|(kind, _)| *kind == Kind::View).map(|(_, name)| *name).collect();
    let on_views = texts.others.iter().filter(|other| other.of.as_ref().is_some_and(|of| views.contains(&of)));
    wanted.extend(on_views.map(|other| (other.kind, &other.name)));
    wanted.sort();
    wanted.dedup();
    for (kind, name) in &wanted {
        let known = texts.others.iter().find(|other| other.kind == *kind && other.name == **name);
        if known.is_none_or(|other| other.stale) {
            let why = format!("the text of {} `{name}` as it is now is not told by the migrations", kind.word().to_lowercase());
            return Err(by_hand(&old.name, &why));
        }
    }
    Ok(texts.others.iter().filter(|other| wanted.contains(&(other.kind, &other.name))).collect())
}

fn unknown(table: &ObjectName) -> Refusal {
    Refusal::Unknown {
        what: format!("the text of `{table}`"),
        ask: "SQLite adds this to a table that is made anew only: write the new table by hand, and `migrate fix` puts it in order"
            .to_owned(),
    }
}

fn by_hand(table: &ObjectName, why: &str) -> Refusal {
    Refusal::Impossible(format!(
        "SQLite adds this only to a table that is made anew, and {why}: write the statements that make `{table}` anew by hand, and `migrate fix` puts them in order"
    ))
}
