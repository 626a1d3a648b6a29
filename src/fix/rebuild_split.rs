//! A table made anew with columns that new releases need and without something that old ones have: the columns are added
//! in expand and filled in backfill, and the copy in contract takes along what was written to them meanwhile.

use std::collections::BTreeMap;

use super::judge::Judged;
use super::rebuild::Rebuild;
use crate::recipe::statement::bare_column;
use crate::recipe::words::words;
use crate::recipe::{Spelled, pretty};
use crate::schema::expression::Shape;
use crate::schema::operation::NewColumn;
use crate::schema::table::{Column, Generated, Table};
use crate::schema::{Dialect, Ident};
use crate::sql::Script;

/// What comes before the rebuild, and the copies as they have to be then, by the number of their statements.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub(super) expand: String,
    pub(super) backfill: String,
    pub(super) copies: BTreeMap<usize, String>,
}

/// `None` where a column cannot come before the rest, or the copy is not read that far.
pub(super) fn split(judged: &Judged, script: &Script, rebuilds: &[Rebuild]) -> Option<Split> {
    let mut split = Split::default();
    for rebuild in rebuilds {
        let Some(old) = judged.start.table(&rebuild.table).recorded() else { continue };
        let new = judged.end.table(&rebuild.table).recorded()?;
        let added: Vec<&Column> = new.columns.iter().filter(|column| old.column(&column.name).is_none()).collect();
        if added.is_empty() {
            continue;
        }
        let mut copy = Copy::read(script.text(script.statements.get(rebuild.copy)?.span), new)?;
        for column in added {
            split.add(old, column, copy.take(&column.name)?)?;
            copy.put(column);
        }
        split.copies.insert(rebuild.copy, copy.text());
    }
    Some(split)
}

impl Split {
    /// A column that old releases do not know, with the value that the copy gave to rows that exist.
    fn add(&mut self, old: &Table, column: &Column, value: Option<String>) -> Option<()> {
        let dialect = Dialect::Sqlite;
        if column.generated != Generated::No {
            return None;
        }
        let constant = match &column.default {
            None => None,
            Some(default) => match default.shape {
                Shape::Null => None,
                Shape::Literal | Shape::Tautology => Some(pretty(default)),
                // SQLite adds no column with it.
                Shape::Computed => return None,
            },
        };
        let (table, name) = (old.name.spelled(dialect), column.name.spelled(dialect));
        let bare = NewColumn {
            name: column.name.clone(),
            ty: Some(column.ty.clone()),
            not_null: false,
            default: None,
            generated: Generated::No,
            collation: column.collation.clone(),
            positioned: false,
            details: Vec::new(),
        };
        let default = constant.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
        let required = if column.not_null && constant.is_some() { " NOT NULL" } else { "" };
        self.expand.push_str(&format!("ALTER TABLE {table} ADD COLUMN {}{default}{required};\n", bare_column(dialect, &bare)));
        let value = value.filter(|value| !value.eq_ignore_ascii_case("null") && constant.as_ref() != Some(value));
        match value {
            Some(value) if required.is_empty() => {
                self.backfill.push_str(&format!("UPDATE {table} SET {name} = {value} WHERE {name} IS NULL;\n"));
                Some(())
            }
            // Nobody tells whether such a row has its value by default or by choice.
            Some(_) => None,
            None if column.not_null && constant.is_none() => None,
            None => Some(()),
        }
    }
}

/// `INSERT INTO copy (…) SELECT … FROM table`, in pieces.
struct Copy<'a> {
    head: &'a str,
    columns: Vec<String>,
    values: Vec<String>,
    tail: &'a str,
    names: Vec<Ident>,
}

impl<'a> Copy<'a> {
    fn read(text: &'a str, new: &Table) -> Option<Copy<'a>> {
        let is = |token: &str, word: &str| token.eq_ignore_ascii_case(word);
        let tokens: Vec<(usize, &str)> = words(text).collect();
        let select = tokens.iter().position(|(_, token)| is(token, "select"))?;
        let into = tokens.iter().position(|(_, token)| is(token, "into"))?;
        let open = tokens[..select].iter().position(|(_, token)| *token == "(");
        let (values, from) = items(text, &tokens, select + 1, |token| is(token, "from"))?;
        let (columns, head) = match open {
            Some(open) => {
                let (columns, close) = items(text, &tokens, open + 1, |token| token == ")")?;
                (close + 1 == select).then_some((columns, &text[..tokens[open].0]))?
            }
            None => (new.columns.iter().map(|column| column.name.spelled(Dialect::Sqlite)).collect(), &text[..tokens[select].0]),
        };
        let first = tokens.get(select + 1)?.1;
        let plain = into < select && !is(first, "distinct") && !is(first, "all") && values.iter().all(|value| !value.ends_with('*'));
        // One row for one row: nothing is read beside the table, nothing joined or grouped.
        let alone = !tokens[from..]
            .iter()
            .any(|(_, token)| *token == "," || ["join", "group", "union", "limit"].iter().any(|word| is(token, word)));
        let names = columns.iter().map(|column| Ident::stored(&column.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase())).collect();
        (plain && alone && columns.len() == values.len()).then_some(Copy { head, columns, values, tail: &text[tokens[from].0..], names })
    }

    /// Takes a column out, with the value that it was given; `Some(None)` where it was given none.
    fn take(&mut self, column: &Ident) -> Option<Option<String>> {
        let Some(at) = self.names.iter().position(|name| name.as_str() == column.as_str()) else { return Some(None) };
        self.names.remove(at);
        self.columns.remove(at);
        let value = self.values.remove(at);
        // An alias is no part of the value.
        let aliased = words(&value).any(|(_, token)| token.eq_ignore_ascii_case("as")) && !value.to_ascii_lowercase().contains("cast");
        (!aliased).then_some(Some(value))
    }

    /// Puts a column in that has its value already.
    fn put(&mut self, column: &Column) {
        let name = column.name.spelled(Dialect::Sqlite);
        self.names.push(column.name.clone());
        self.values.push(name.clone());
        self.columns.push(name);
    }

    fn text(&self) -> String {
        format!("{} ({}) SELECT {} {}", self.head.trim_end(), self.columns.join(", "), self.values.join(", "), self.tail)
    }
}

/// The items of a list that begins at a token and ends before the one that `is_end` knows, which is returned by its number.
fn items(text: &str, tokens: &[(usize, &str)], from: usize, is_end: impl Fn(&str) -> bool) -> Option<(Vec<String>, usize)> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0_usize, from);
    for (number, (at, token)) in tokens.iter().enumerate().skip(from) {
        let ends = depth == 0 && is_end(token);
        if ends || (depth == 0 && *token == ",") {
            items.push(text[tokens.get(start)?.0..*at].trim().to_owned());
            start = number + 1;
        }
        match *token {
            _ if ends => return Some((items, number)),
            "(" => depth += 1,
            ")" => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}
