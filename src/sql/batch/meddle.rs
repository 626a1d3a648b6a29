//! Whether a trigger gives a row other values than the statement, or keeps it as it was: then the statement's condition may
//! hold for a row that it has been through. What is not understood counts as such.

use std::ops::Range;

use super::BatchPoint;
use super::words::Words;
use crate::schema::name::Quoting;
use crate::schema::operation::DataKind;
use crate::schema::{Dialect, Ident};
use crate::sql::lexer::TokenKind;

/// A row trigger of the statement's table, enabled, for the statement's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerText {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub timing: TriggerTiming,
    /// The language of its function; `sqlite` for a whole CREATE TRIGGER.
    pub language: String,
    /// The function's source, or the trigger's.
    pub body: String,
    /// What the function is called with.
    pub arguments: String,
}

/// When a row trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerTiming {
    /// Before the row is stored: it decides what is stored.
    Before,
    /// After that.
    After,
}

/// Functions in C that come with PostgreSQL and set nothing, or only the columns that they are called with.
const KNOWN: &[&str] = &["suppress_redundant_updates_trigger", "tsvector_update_trigger", "tsvector_update_trigger_column", "moddatetime"];

/// Words that a statement of PL/pgSQL may follow.
const BEFORE_STATEMENTS: &[&str] = &["begin", "then", "else", "loop"];

/// Functions that come with PostgreSQL and change no row.
const HARMLESS: &str = "abs age array_agg array_append array_length array_position array_remove array_to_string avg bool_and bool_or btrim \
    cardinality ceil ceiling char_length clock_timestamp coalesce concat concat_ws count current_setting currval date_part \
    date_trunc decode dense_rank encode every extract first_value floor format gen_random_uuid generate_series greatest hashtext \
    hashtextextended initcap json_agg json_build_array json_build_object json_object_agg jsonb_agg jsonb_build_array \
    jsonb_build_object jsonb_object_agg jsonb_set jsonb_strip_nulls lag last_value lastval lead least left length lower lpad \
    ltrim make_date make_interval make_timestamp max md5 min mod nextval now nullif octet_length pg_advisory_lock \
    pg_advisory_xact_lock pg_backend_pid pg_notify pg_sleep pg_trigger_depth pg_try_advisory_xact_lock plainto_tsquery position \
    power quote_ident quote_literal quote_nullable random rank regexp_match regexp_matches regexp_replace repeat replace reverse \
    right round row_number row_to_json rpad rtrim setval setweight sha256 sign split_part sqrt statement_timestamp string_agg \
    string_to_array strpos substr substring sum to_char to_date to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector \
    transaction_timestamp translate trim trunc txid_current unnest upper websearch_to_tsquery";

/// Words before a parenthesis that is no call.
const BEFORE_PARENTHESES: &str = "all and any array as between bit by case cast char character decimal distinct else elsif except exists filter float from \
    group having if ilike in intersect interval into is join lateral like limit materialized not numeric offset on or over return \
    row select some then time timestamp timestamptz union using values varchar when where while within";

/// Ways to write a row that is there already or not.
const UPSERT: &str = "may change the row by writing it once more";

/// What the trigger does to the columns that the statement's condition reads; `None` where it leaves them as the statement set
/// them.
pub fn meddles(statement: &str, point: &BatchPoint, dialect: Dialect, trigger: &TriggerText) -> Option<String> {
    let told = |what: &str| Some(format!("trigger {} {what}", trigger.name));
    let Ok(words) = Words::of(statement, dialect) else { return told("fires on a statement that was not read") };
    let Ok(body) = Words::of(&trigger.body, dialect) else { return told("was not read") };
    let watch = Watch::of(&words, point);
    match trigger.language.as_str() {
        "plpgsql" => watch.in_function(&body, trigger.timing).and_then(|what| told(&what)),
        "sqlite" => watch.in_trigger(&body).and_then(|what| told(&what)),
        // It may do what it likes with the row only before the row is stored.
        _ if trigger.timing == TriggerTiming::After => None,
        "c" | "internal" if KNOWN.contains(&trigger.body.as_str()) => {
            let named = watch.columns.iter().find(|column| trigger.arguments.contains(column.as_str()));
            named.and_then(|column| told(&format!("may set {column}")))
        }
        language => told(&format!("is written in {language}, which nobody looks through")),
    }
}

/// What a statement's condition rests on.
struct Watch {
    kind: DataKind,
    /// The table's own name.
    table: String,
    /// The names in the condition.
    columns: Vec<String>,
    /// What the statement assigns, each column with its value.
    assigned: Vec<(String, String)>,
}

impl Watch {
    fn of(words: &Words<'_>, point: &BatchPoint) -> Watch {
        let condition = point.condition;
        let inside = |index: &usize| {
            let span = words.tokens[*index].span;
            span.start >= condition.start && span.end <= condition.end
        };
        let columns = (0..words.tokens.len()).filter(inside).filter_map(|index| name(words, index)).collect();
        Watch { kind: point.kind, table: point.driving.name.as_str().to_owned(), columns, assigned: assigned(words, 0, &point.reference) }
    }

    fn watches(&self, column: &str) -> bool {
        self.columns.iter().any(|watched| watched == column)
    }

    /// Whether the statement assigns the very same to the column.
    fn assigns(&self, column: &str, value: &str) -> bool {
        self.assigned.iter().any(|(name, assigned)| name == column && assigned == value)
    }

    /// A function in PL/pgSQL.
    fn in_function(&self, body: &Words<'_>, timing: TriggerTiming) -> Option<String> {
        (0..body.tokens.len()).find_map(|at| match timing {
            TriggerTiming::Before => self
                .set(body, at)
                .or_else(|| self.selected(body, at))
                .or_else(|| self.returned(body, at))
                .or_else(|| self.written(body, at)),
            TriggerTiming::After => self.written(body, at),
        })
    }

    /// What statements within the body do to rows.
    fn written(&self, body: &Words<'_>, at: usize) -> Option<String> {
        self.updated(body, at).or_else(|| self.upserted(body, at)).or_else(|| self.executed(body, at)).or_else(|| called(body, at))
    }

    /// `NEW.column := value` and `NEW := value`.
    fn set(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is(at, "new") {
            return None;
        }
        let begins = at == 0 || body.kind(at - 1) == Some(TokenKind::Semicolon) || body.is_any(at - 1, BEFORE_STATEMENTS);
        let is_set = |index: usize| match body.text(index) {
            ":=" => Some(index + 1),
            ":" if body.text(index + 1) == "=" => Some(index + 2),
            "=" | "[" if begins => Some(index + 1),
            _ => None,
        };
        if body.kind(at + 1) != Some(TokenKind::Dot) {
            return is_set(at + 1).map(|_| "puts another row in the place of the changed one".to_owned());
        }
        let column = name(body, at + 2)?;
        let value = is_set(at + 3)?;
        let end = (value..body.tokens.len()).find(|index| body.kind(*index) == Some(TokenKind::Semicolon)).unwrap_or(body.tokens.len());
        let is_same = self.assigns(&column, &plain(body, value..end, "new"));
        (self.watches(&column) && !is_same).then(|| format!("sets {column}"))
    }

    /// `SELECT … INTO a, NEW.column`.
    fn selected(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is(at, "into") || (at > 0 && body.is_any(at - 1, &["insert", "merge"])) {
            return None;
        }
        targets(body, at + 1).into_iter().filter(|target| body.is(*target, "new")).find_map(|target| match body.kind(target + 1) {
            Some(TokenKind::Dot) => name(body, target + 2).filter(|column| self.watches(column)).map(|column| format!("sets {column}")),
            _ => Some("puts another row in the place of the changed one".to_owned()),
        })
    }

    /// `RETURN NULL` leaves the row as it was.
    fn returned(&self, body: &Words<'_>, at: usize) -> Option<String> {
        let row = if self.kind == DataKind::Delete { "old" } else { "new" };
        let is_whole = || matches!(body.kind(at + 2), None | Some(TokenKind::Semicolon));
        let keeps = body.is(at, "return") && !(body.is(at + 1, row) && is_whole());
        keeps.then(|| "may leave the row as it was".to_owned())
    }

    /// SQL that is put together, or stands in a string.
    fn executed(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is(at, "execute") {
            return None;
        }
        let mut text = (at..body.tokens.len()).take_while(|index| body.kind(*index) != Some(TokenKind::Semicolon));
        if text.any(|index| body.kind(index) == Some(TokenKind::Text) && body.text(index).to_lowercase().contains("update")) {
            return Some("runs an UPDATE that it puts together".to_owned());
        }
        let unread = || Some("runs SQL that it puts together".to_owned());
        let is_whole = matches!(body.kind(at + 2), None | Some(TokenKind::Word | TokenKind::Semicolon));
        let literal = body.text(at + 1).strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).filter(|_| is_whole);
        let Some(statement) = literal.map(|text| text.replace("''", "'")) else { return unread() };
        let Ok(words) = Words::of(&statement, body.dialect) else { return unread() };
        (0..words.tokens.len()).find_map(|at| self.upserted(&words, at).or_else(|| called(&words, at)))
    }

    /// `INSERT … ON CONFLICT DO UPDATE`, `REPLACE` and `MERGE` on the table itself.
    fn upserted(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is_any(at, &["insert", "merge", "replace"]) {
            return None;
        }
        let end = (at..body.tokens.len()).find(|index| body.kind(*index) == Some(TokenKind::Semicolon)).unwrap_or(body.tokens.len());
        let into = if body.is(at + 1, "or") { at + 3 } else { at + 1 };
        if !body.is(into, "into") || table_at(body, into + 1)? != self.table {
            return None;
        }
        let updates = || (at..end).any(|index| body.is(index, "do") && body.is(index + 1, "update"));
        let is_upsert = !body.is(at, "insert") || body.is(at + 2, "replace") || updates();
        is_upsert.then(|| UPSERT.to_owned())
    }

    /// `UPDATE table SET column = value`.
    fn updated(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is(at, "update") {
            return None;
        }
        let index = if body.is(at + 1, "or") { at + 3 } else { at + 1 };
        if table_at(body, index)? != self.table {
            return None;
        }
        if let Some(set) = (index..body.tokens.len()).find(|index| body.is(*index, "set"))
            && body.kind(set + 1) == Some(TokenKind::Open)
        {
            return Some("sets columns of it once more".to_owned());
        }
        let other = |(column, value): &(String, String)| self.watches(column) && !self.assigns(column, value);
        let changed = assigned(body, index, "new").into_iter().find(other)?;
        Some(format!("sets {} once more", changed.0))
    }

    /// A trigger of SQLite with its head.
    fn in_trigger(&self, words: &Words<'_>) -> Option<String> {
        let unread = || Some("was not read".to_owned());
        let Some(begin) = words.find(0..words.tokens.len(), 0, &["begin"]) else { return unread() };
        let Some(on) = (0..begin).find(|index| words.is(*index, "on")) else { return unread() };
        let event = match self.kind {
            DataKind::Delete => "delete",
            DataKind::Update | DataKind::Insert | DataKind::InsertSelect | DataKind::Replace | DataKind::Merge | DataKind::Copy => "update",
        };
        let Some(fires) = (0..on).rev().find(|index| words.is(*index, event)) else {
            let is_other = (0..on).any(|index| words.is_any(index, &["insert", "update", "delete"]));
            return if is_other { None } else { unread() };
        };
        if words.is(fires + 1, "of") {
            let mut listed = (fires + 2..on).filter_map(|index| name(words, index));
            if !listed.any(|column| self.assigned.iter().any(|(name, _)| *name == column)) {
                return None;
            }
        }
        (begin..words.tokens.len()).find_map(|at| {
            let ignores = words.is(at, "raise") && words.is(at + 2, "ignore");
            match ignores {
                true => Some("may leave the row as it was".to_owned()),
                false => self.updated(words, at).or_else(|| self.upserted(words, at)),
            }
        })
    }
}

/// Where the targets behind INTO begin.
fn targets(body: &Words<'_>, from: usize) -> Vec<usize> {
    let is_name = |index: usize| matches!(body.kind(index), Some(TokenKind::Word | TokenKind::Name));
    let mut index = if body.is(from, "strict") { from + 1 } else { from };
    let mut found = Vec::new();
    while is_name(index) {
        found.push(index);
        while body.kind(index + 1) == Some(TokenKind::Dot) {
            index += 2;
        }
        if body.kind(index + 1) != Some(TokenKind::Comma) {
            break;
        }
        index += 2;
    }
    found
}

/// A function that PERFORM, SELECT or CALL calls and that nobody looks through.
fn called(body: &Words<'_>, at: usize) -> Option<String> {
    if !body.is_any(at, &["perform", "select", "call"]) {
        return None;
    }
    let is_call = |index: &usize| body.kind(*index + 1) == Some(TokenKind::Open) && !is_harmless(body, *index);
    let statement = (at + 1..body.tokens.len()).take_while(|index| body.kind(*index) != Some(TokenKind::Semicolon));
    statement.filter(is_call).find_map(|index| name(body, index)).map(|name| format!("calls {name}, which nobody looks through"))
}

/// Whether what stands before a parenthesis changes no row. A function of another schema may be anything.
fn is_harmless(body: &Words<'_>, index: usize) -> bool {
    let is_foreign = index > 0 && body.kind(index - 1) == Some(TokenKind::Dot) && !(index > 1 && body.is(index - 2, "pg_catalog"));
    !is_foreign && HARMLESS.split(' ').chain(BEFORE_PARENTHESES.split(' ')).any(|word| body.is(index, word))
}

/// The table that is named at a place, without its schema.
fn table_at(body: &Words<'_>, at: usize) -> Option<String> {
    let mut index = if body.is(at, "only") { at + 1 } else { at };
    while body.kind(index + 1) == Some(TokenKind::Dot) {
        index += 2;
    }
    name(body, index)
}

/// A name as the database compares it.
fn name(words: &Words<'_>, index: usize) -> Option<String> {
    match words.kind(index) {
        Some(TokenKind::Word) => Some(Ident::new(words.dialect, words.text(index), Quoting::Bare).as_str().to_owned()),
        Some(TokenKind::Name) => super::relation::ident(words, index).ok().map(|name| name.as_str().to_owned()),
        _ => None,
    }
}

/// What the first SET behind a place assigns.
fn assigned(words: &Words<'_>, from: usize, qualifier: &str) -> Vec<(String, String)> {
    let Some(set) = (from..words.tokens.len()).find(|index| words.is(*index, "set")) else { return Vec::new() };
    let depth = words.tokens[set].depth;
    let ends = |index: &usize| {
        let token = &words.tokens[*index];
        token.kind == TokenKind::Semicolon
            || (token.depth == depth && words.is_any(*index, &["where", "from", "returning"]) && !is_distinct(words, *index))
    };
    let end = (set + 1..words.tokens.len()).find(ends).unwrap_or(words.tokens.len());
    let mut found = Vec::new();
    let mut start = set + 1;
    for index in set + 1..=end {
        let is_end = index == end || (words.kind(index) == Some(TokenKind::Comma) && words.tokens[index].depth == depth);
        if !is_end {
            continue;
        }
        let column = if words.kind(start + 1) == Some(TokenKind::Dot) { start + 2 } else { start };
        if let Some(name) = name(words, column)
            && words.text(column + 1) == "="
        {
            found.push((name, plain(words, column + 2..index, qualifier)));
        }
        start = index + 1;
    }
    found
}

/// `IS DISTINCT FROM` ends no list.
fn is_distinct(words: &Words<'_>, index: usize) -> bool {
    index > 0 && words.is(index - 1, "distinct")
}

/// Tokens as they are compared: without the table's name in front of columns.
fn plain(words: &Words<'_>, part: Range<usize>, qualifier: &str) -> String {
    let is_qualifier = |index: usize| {
        let names = |at: usize| words.text(at).eq_ignore_ascii_case(qualifier);
        (words.kind(index + 1) == Some(TokenKind::Dot) && names(index))
            || (index > 0 && words.kind(index) == Some(TokenKind::Dot) && names(index - 1))
    };
    let shown = |index: usize| match words.kind(index) {
        Some(TokenKind::Word) => words.text(index).to_lowercase(),
        _ => words.text(index).to_owned(),
    };
    part.filter(|index| !is_qualifier(*index)).map(shown).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
