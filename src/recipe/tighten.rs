//! NOT NULL and PRIMARY KEY on rows that exist: old rows are filled first, and a validated CHECK proves it.

use super::add_column::primary_key;
use super::expression::pretty;
use super::phases::{Given, Phases, Refusal, Wishes};
use super::statement::{alter, fills, restated, rules_behind, sample_value, set_not_null as statements};
use super::{GUESSED, Spelled};
use crate::schema::operation::NewConstraint;
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Makes a column NOT NULL.
///
/// # Errors
/// On SQLite, which cannot tighten a table that exists, and where MySQL must be told a type that is not known.
pub fn set_not_null(given: &Given<'_>, table: &ObjectName, column: &Ident, wishes: &Wishes) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let known = given.column(table, column);
    let name = column.spelled(dialect);
    match (dialect, known) {
        (Dialect::Sqlite, _) => {
            return Err(Refusal::Impossible(format!(
                "SQLite adds no NOT NULL to `{table}.{column}`: only a table made anew has it (`migrate explain not-null-breaks-old-writers`)"
            )));
        }
        (Dialect::Mysql, None) => {
            return Err(Refusal::Unknown {
                what: format!("the type of `{table}.{column}`"),
                ask: "MySQL wants the whole column stated: write MODIFY COLUMN by hand".to_owned(),
            });
        }
        (Dialect::Postgres | Dialect::Mysql, _) => {}
    }
    let mut phases = Phases::default();
    fill(given, table, column, wishes, &mut phases);
    match (dialect, known) {
        (Dialect::Mysql, Some(known)) => {
            let stated = restated(known, &known.ty, known.default.as_ref().filter(|default| fills(Some(default))));
            let rules = given.table(table).filter(|_| given.server.version.is_mariadb());
            let rules: Vec<String> = rules.into_iter().flat_map(|table| rules_behind(table, column)).map(pretty).collect();
            let rules = checked(&rules);
            phases.add(Phase::Contract, &format!("{} MODIFY COLUMN {name} {stated}{rules};", alter(dialect, table)));
        }
        _ => phases.add(Phase::Contract, &statements(dialect, table, column, known.map(|known| &known.ty))),
    }
    Ok(phases)
}

/// CHECK for all of the rules that stand behind a column, each on its own.
fn checked(rules: &[String]) -> String {
    match rules {
        [] => String::new(),
        [rule] => format!(" CHECK ({rule})"),
        [..] => format!(" CHECK (({}))", rules.join(") AND (")),
    }
}

/// Fills the rows that have no value: with the one that is asked for, else with the column's default.
pub fn fill(given: &Given<'_>, table: &ObjectName, column: &Ident, wishes: &Wishes, phases: &mut Phases) {
    let (dialect, known) = (given.dialect(), given.column(table, column));
    let name = column.spelled(dialect);
    let default = known.and_then(|known| known.default.as_ref()).filter(|default| fills(Some(default))).map(pretty);
    let value = wishes.value.clone().or(default);
    if value.is_none() {
        phases.add(Phase::Backfill, &format!("-- For rows that have none: {GUESSED}.\n"));
    }
    let value = value.unwrap_or_else(|| sample_value(known.map(|known| &known.ty)).to_owned());
    phases.add(Phase::Backfill, &format!("UPDATE {} SET {name} = {value} WHERE {name} IS NULL;", table.spelled(dialect)));
}

/// Gives a table its primary key.
///
/// # Errors
/// On SQLite.
pub fn add_primary_key(given: &Given<'_>, table: &ObjectName, columns: &[Ident], constraint: &NewConstraint) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    if dialect == Dialect::Sqlite {
        return Err(Refusal::Impossible(format!("SQLite adds no key to `{table}`: only a table made anew has one")));
    }
    let phase = given.tightening(table, columns);
    let mut phases = Phases::default();
    for column in columns.iter().filter(|column| given.column(table, column).is_none_or(|known| !known.not_null)) {
        let ty = given.column(table, column).map(|known| &known.ty);
        phases.add(phase, &statements(dialect, table, column, ty));
    }
    phases.add(phase, &primary_key(dialect, table, columns, constraint));
    Ok(phases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_joined_each_on_its_own() {
        let rules = ["a > 0 OR b".to_owned(), "a < 9".to_owned()];
        assert_eq!(checked(&[]), "");
        assert_eq!(checked(&rules[..1]), " CHECK (a > 0 OR b)");
        assert_eq!(checked(&rules), " CHECK ((a > 0 OR b) AND (a < 9))");
    }
}
