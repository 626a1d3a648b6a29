//! A column under another name, or of another type: a second one beside it, kept equal, until nobody uses the first.

use super::Spelled;
use super::carry::{Move, carry};
use super::derived;
use super::phases::{Given, Phases, Refusal, Wishes};
use super::tighten::fill;
use crate::migration::Sync;
use crate::schema::operation::NewColumn;
use crate::schema::table::TypeName;
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// Gives a column another name.
///
/// # Errors
/// When the type of the column is not known, or something else needs the column under its old name.
pub fn rename_column(
    given: &Given<'_>,
    table: &ObjectName,
    old: &Ident,
    new: &Ident,
    ty: Option<&str>,
    wishes: &Wishes,
) -> Result<Phases, Refusal> {
    if given.column(table, old).is_none() && ty.is_none() {
        return Err(unknown(table, old, "give it with --type"));
    }
    let moved = Move { table, old, new, ty: None, forward: wishes.forward.as_deref(), stated: None };
    let mut phases = replace(given, &moved, None, wishes)?;
    if let Some(ty) = ty {
        phases.syncs.iter_mut().for_each(|sync| sync.ty = Some(ty.to_owned()));
    }
    Ok(phases)
}

/// Gives a column another type, under another name, since the name is what tells old code from new.
///
/// # Errors
/// When something else needs the old column.
pub fn change_type(
    given: &Given<'_>,
    table: &ObjectName,
    old: &Ident,
    to: &TypeName,
    written: &str,
    wishes: &Wishes,
) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let new = typed_name(dialect, old, to, wishes);
    replace(given, &Move { table, old, new: &new, ty: Some(to), forward: wishes.forward.as_deref(), stated: None }, Some(written), wishes)
}

/// States a column again, as MySQL's MODIFY does: another type goes the way of [`change_type`], a NOT NULL waits until old
/// rows are filled. `None` where neither is asked.
pub fn redefine(
    given: &Given<'_>,
    table: &ObjectName,
    old: &Ident,
    stated: &NewColumn,
    sql: &str,
    wishes: &Wishes,
) -> Option<Result<Phases, Refusal>> {
    let known = given.column(table, old)?;
    let ty = stated.ty.as_ref()?;
    if *ty == known.ty && stated.name == *old {
        if !stated.not_null || known.not_null {
            return None;
        }
        let mut phases = Phases::default();
        fill(given, table, old, wishes, &mut phases);
        phases.add(Phase::Contract, &format!("{sql};"));
        return Some(Ok(phases));
    }
    let new = if stated.name == *old { typed_name(given.dialect(), old, ty, wishes) } else { stated.name.clone() };
    let written = ty.to_string();
    let moved = Move { table, old, new: &new, ty: Some(ty), forward: wishes.forward.as_deref(), stated: Some(stated) };
    Some(replace(given, &moved, Some(&written), wishes))
}

/// The old name with the type behind it.
fn typed_name(dialect: Dialect, old: &Ident, to: &TypeName, wishes: &Wishes) -> Ident {
    wishes.new_name.clone().unwrap_or_else(|| {
        let word: String = to.base.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        derived(dialect, [spelled_as_written(dialect, old), word.as_str()])
    })
}

pub(super) fn replace(given: &Given<'_>, moved: &Move<'_>, written: Option<&str>, wishes: &Wishes) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let Move { table, old, new, .. } = moved;
    let taken = given.column(table, new).is_some();
    if taken {
        return Err(Refusal::Impossible(format!("`{table}` has a column `{new}` already")));
    }
    let mut sync = Sync::new(table.spelled(dialect), old.spelled(dialect), new.spelled(dialect));
    sync.ty = written.map(str::to_owned);
    sync.forward.clone_from(&wishes.forward);
    sync.backward.clone_from(&wishes.backward);
    let mut phases = Phases::default();
    phases.syncs.push(sync);
    carry(given, moved, &mut phases)?;
    Ok(phases)
}

fn spelled_as_written(dialect: Dialect, name: &Ident) -> &str {
    match dialect {
        Dialect::Postgres => name.as_str(),
        Dialect::Sqlite | Dialect::Mysql => name.written(),
    }
}

fn unknown(table: &ObjectName, column: &Ident, ask: &str) -> Refusal {
    Refusal::Unknown { what: format!("the type of `{table}.{column}`"), ask: ask.to_owned() }
}
