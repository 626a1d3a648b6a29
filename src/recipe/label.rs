//! Labels of an enum. Another name is a second label with the rows rewritten: the old one stays, since old releases write
//! it and no label can be taken out. Fewer labels are another type, and a column of it.

use super::Spelled;
use super::carry::Move;
use super::phases::{Given, Phases, Refusal, Wishes};
use super::replace_column::replace;
use crate::schema::operation::NewColumn;
use crate::schema::table::{Column, ConstraintKind, Generated, TypeName};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Phase};

/// A column that goes over to an enum with other labels.
#[derive(Debug)]
pub struct NewLabels<'a> {
    /// Its table.
    pub table: &'a ObjectName,
    /// The column.
    pub old: &'a Ident,
    /// The one that takes its place.
    pub new: &'a Ident,
    /// The new type.
    pub ty: &'a TypeName,
    /// The same as it is written in SQL.
    pub written: &'a str,
    /// Its labels.
    pub labels: &'a [String],
    /// How somebody makes the new value of the old one.
    pub using: Option<&'a Expression>,
    /// The default that the column is to have, where another is said.
    pub default: Option<&'a Expression>,
}

/// Gives a column an enum with other labels. A row that holds a label which goes gets what USING says, else the default,
/// else NULL.
///
/// # Errors
/// When nothing tells what such a row is to hold, or a condition over the column may name a label.
pub fn change_labels(given: &Given<'_>, to: &NewLabels<'_>) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let unknown = || Refusal::Unknown {
        what: format!("the type of `{}.{}`", to.table, to.old),
        ask: "run it where the migrations make the column".to_owned(),
    };
    let (table, column) = given.table(to.table).and_then(|table| Some((table, table.column(to.old)?))).ok_or_else(unknown)?;
    let names_it = |expression: &Expression| expression.columns.contains(to.old);
    let conditioned = table.constraints.iter().any(|held| matches!(&held.kind, ConstraintKind::Check(check) if names_it(check)))
        || table.indexes.iter().any(|index| index.predicate.as_ref().is_some_and(names_it));
    if conditioned {
        return Err(Refusal::Impossible(format!("a condition over `{}.{}` may name a label that goes", to.table, to.old)));
    }
    let default = to.default.or(column.default.as_ref());
    let own = given.schema.type_of(&column.ty).ok_or_else(unknown)?;
    let forward = forward(to, column, own.enum_labels().into_iter().flatten().map(|label| label.text.as_str()), default)?;
    let stated = NewColumn {
        name: to.new.clone(),
        ty: Some(to.ty.clone()),
        not_null: column.not_null,
        default: default.map(|default| label_of(default).map_or_else(|| default.clone(), |label| literal(default, &label))),
        generated: Generated::No,
        collation: None,
        positioned: false,
        details: Vec::new(),
    };
    let wishes = Wishes { forward: Some(forward), backward: Some(format!("{}::text", to.new.spelled(dialect))), ..Wishes::default() };
    replace(
        given,
        &Move { table: to.table, old: to.old, new: to.new, ty: Some(to.ty), forward: None, stated: Some(&stated) },
        Some(to.written),
        &wishes,
    )
}

/// The new value, as text, of an old one.
fn forward<'l>(
    to: &NewLabels<'_>,
    column: &Column,
    labels: impl Iterator<Item = &'l str>,
    default: Option<&Expression>,
) -> Result<String, Refusal> {
    let old = to.old.spelled(Dialect::Postgres);
    if let Some(using) = to.using.filter(|using| using.text.to_ascii_lowercase().contains("case ")) {
        return Ok(super::pretty(using));
    }
    let text = |label: &str| format!("'{}'", label.replace('\'', "''"));
    let kept = |label: &str| to.labels.iter().any(|other| other == label);
    let instead = match default.and_then(label_of).filter(|label| kept(label)) {
        Some(label) => text(&label),
        None if !column.not_null => "NULL".to_owned(),
        None => {
            return Err(Refusal::Impossible(format!(
                "nothing tells what rows of `{}` hold in the place of a label that goes: say so with USING CASE … END",
                to.table
            )));
        }
    };
    let gone: Vec<String> = labels.filter(|label| !kept(label)).map(|label| format!(" WHEN {} THEN {instead}", text(label))).collect();
    Ok(format!("CASE {old}::text{} ELSE {old}::text END", gone.concat()))
}

/// The label that a default is.
fn label_of(default: &Expression) -> Option<String> {
    let rest = default.text.strip_prefix('\'')?;
    let (label, rest) = rest.split_once('\'')?;
    (rest.is_empty() || rest.trim_start().starts_with("::")).then(|| label.to_owned())
}

/// The label alone, so that it is of whatever type the column has.
fn literal(default: &Expression, label: &str) -> Expression {
    let mut literal = default.clone();
    literal.text = format!("'{label}'");
    literal
}

/// Gives a label of an enum another name.
pub fn rename_label(given: &Given<'_>, name: &ObjectName, label: &str, to: &str) -> Phases {
    let dialect = given.dialect();
    let text = |label: &str| format!("'{}'", label.replace('\'', "''"));
    let (old, new) = (text(label), text(to));
    let mut phases = Phases::default();
    phases.add(Phase::Expand, &format!("ALTER TYPE {} ADD VALUE {new};", name.spelled(dialect)));
    let canonical = given.schema.canonical(name);
    let mut updates: Vec<String> = Vec::new();
    for table in given.schema.tables_holding(&canonical.name) {
        for column in &table.columns {
            if column.ty.array == 0 && given.schema.canonical(&column.ty.object_name()) == canonical {
                let (table, column) = (table.name.spelled(dialect), column.name.spelled(dialect));
                updates.push(format!("UPDATE {table} SET {column} = {new} WHERE {column} = {old};"));
            }
        }
    }
    // Tables come in no order.
    updates.sort();
    for update in updates {
        phases.add(Phase::Backfill, &update);
    }
    phases
}
