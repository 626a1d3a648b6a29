//! Names on the command line, as in SQL: `users.name`, `app.users.name`, `"Order Items"."Price"`, `users(email)`.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName};

/// A table and one of its columns: `users.name`.
pub(super) fn column(dialect: Dialect, text: &str) -> Result<(ObjectName, Ident), Failure> {
    let mut parts = parts(dialect, text)?;
    match (parts.pop(), parts.pop(), parts.pop(), parts.pop()) {
        (Some(column), Some(name), schema, None) => Ok((ObjectName { schema, name }, column)),
        _ => Err(wrong(text, "a column with its table, such as users.name")),
    }
}

/// A table: `users` or `app.users`.
pub(super) fn table_name(dialect: Dialect, text: &str) -> Result<ObjectName, Failure> {
    let mut parts = parts(dialect, text)?;
    match (parts.pop(), parts.pop(), parts.pop()) {
        (Some(name), schema, None) => Ok(ObjectName { schema, name }),
        _ => Err(wrong(text, "a table, such as users or app.users")),
    }
}

/// One name.
pub(super) fn ident(dialect: Dialect, text: &str) -> Result<Ident, Failure> {
    match &parts(dialect, text)?[..] {
        [one] => Ok(one.clone()),
        _ => Err(wrong(text, "one name")),
    }
}

/// A table and what stands in parentheses behind it, each part as written: `users(lower(email), id)`.
pub(super) fn table_and_columns(dialect: Dialect, text: &str) -> Result<(ObjectName, Vec<String>), Failure> {
    let form = "a table with columns, such as users(email, created_at)";
    let (table, rest) = text.split_once('(').ok_or_else(|| wrong(text, form))?;
    let inside = rest.trim_end().strip_suffix(')').ok_or_else(|| wrong(text, form))?;
    let (mut columns, mut depth) = (vec![String::new()], 0_i32);
    for c in inside.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        match (c, depth, columns.last_mut()) {
            (',', 0, _) => columns.push(String::new()),
            (c, _, Some(last)) => last.push(c),
            (_, _, None) => {}
        }
    }
    let columns: Vec<String> = columns.into_iter().map(|column| column.trim().to_owned()).collect();
    if depth != 0 || columns.iter().any(String::is_empty) {
        return Err(wrong(text, form));
    }
    Ok((table_name(dialect, table.trim())?, columns))
}

fn wrong(text: &str, form: &str) -> Failure {
    Failure::new(Exit::Usage, format!("`{text}` is not understood: write {form}")).next("migrate new --help")
}

/// The names between dots.
fn parts(dialect: Dialect, text: &str) -> Result<Vec<Ident>, Failure> {
    let quote = if dialect == Dialect::Mysql { '`' } else { '"' };
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, behind) = match rest.strip_prefix(quote) {
            Some(quoted) => {
                let (name, behind) = quoted.split_once(quote).ok_or_else(|| wrong(text, "a name whose quotes are closed"))?;
                (Ident::new(dialect, name, Quoting::Quoted), behind)
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let name = &rest[..end];
                if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                    return Err(wrong(text, "a name, in quotes where it is no plain word"));
                }
                (Ident::new(dialect, name, Quoting::Bare), &rest[end..])
            }
        };
        parts.push(part);
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(parts),
            None => return Err(wrong(text, "names with dots between them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_in_sql() {
        let (table, name) = column(Dialect::Postgres, "App.\"Order Items\".Price").expect("a column");
        assert_eq!((table.to_string(), name.to_string()), ("app.Order Items".to_owned(), "price".to_owned()));
        let (table, columns) = table_and_columns(Dialect::Postgres, "users (lower(email), coalesce(a, b) DESC)").expect("columns");
        assert_eq!((table.to_string(), columns), ("users".to_owned(), vec!["lower(email)".to_owned(), "coalesce(a, b) DESC".to_owned()]));
        for wrong in ["users", "users.", "a b.c", "\"a.b", "a.b.c.d", "users;x.y"] {
            assert!(column(Dialect::Postgres, wrong).is_err(), "{wrong}");
        }
    }
}
