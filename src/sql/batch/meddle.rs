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
                .or_else(|| self.updated(body, at)),
            TriggerTiming::After => self.updated(body, at),
        })
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

    /// `SELECT … INTO NEW.column`.
    fn selected(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if !body.is(at, "into") || (at > 0 && body.is(at - 1, "insert")) {
            return None;
        }
        let is_target = |index: &usize| {
            matches!(body.kind(*index), Some(TokenKind::Word | TokenKind::Name | TokenKind::Dot | TokenKind::Comma))
                && !body.is(*index, "from")
        };
        let target = (at + 1..body.tokens.len()).take_while(is_target).find(|index| body.is(*index, "new"))?;
        match body.kind(target + 1) {
            Some(TokenKind::Dot) => name(body, target + 2).filter(|column| self.watches(column)).map(|column| format!("sets {column}")),
            _ => Some("puts another row in the place of the changed one".to_owned()),
        }
    }

    /// `RETURN NULL` leaves the row as it was.
    fn returned(&self, body: &Words<'_>, at: usize) -> Option<String> {
        let row = if self.kind == DataKind::Delete { "old" } else { "new" };
        let is_whole = || matches!(body.kind(at + 2), None | Some(TokenKind::Semicolon));
        let keeps = body.is(at, "return") && !(body.is(at + 1, row) && is_whole());
        keeps.then(|| "may leave the row as it was".to_owned())
    }

    /// `UPDATE table SET column = value`, and SQL that is put together.
    fn updated(&self, body: &Words<'_>, at: usize) -> Option<String> {
        if body.is(at, "execute") {
            let mut text = (at..body.tokens.len()).take_while(|index| body.kind(*index) != Some(TokenKind::Semicolon));
            let changes = text.any(|index| body.kind(index) == Some(TokenKind::Text) && body.text(index).to_lowercase().contains("update"));
            return changes.then(|| "runs an UPDATE that it puts together".to_owned());
        }
        if !body.is(at, "update") {
            return None;
        }
        let mut index = at + 1;
        if body.is(index, "or") {
            index += 2;
        }
        if body.is(index, "only") {
            index += 1;
        }
        while body.kind(index + 1) == Some(TokenKind::Dot) {
            index += 2;
        }
        if name(body, index)? != self.table {
            return None;
        }
        let other = |(column, value): &(String, String)| self.watches(column) && !self.assigns(column, value);
        let changed = assigned(body, index, "new").into_iter().find(other)?;
        Some(format!("sets {} once more", changed.0))
    }

    /// A trigger of SQLite with its head.
    fn in_trigger(&self, words: &Words<'_>) -> Option<String> {
        let begin = words.find(0..words.tokens.len(), 0, &["begin"])?;
        let on = (0..begin).find(|index| words.is(*index, "on"))?;
        let event = match self.kind {
            DataKind::Delete => "delete",
            DataKind::Update | DataKind::Insert | DataKind::InsertSelect | DataKind::Replace | DataKind::Merge | DataKind::Copy => "update",
        };
        let fires = (0..on).rev().find(|index| words.is(*index, event))?;
        if words.is(fires + 1, "of") {
            let mut listed = (fires + 2..on).filter_map(|index| name(words, index));
            if !listed.any(|column| self.assigned.iter().any(|(name, _)| *name == column)) {
                return None;
            }
        }
        (begin..words.tokens.len()).find_map(|at| {
            let ignores = words.is(at, "raise") && words.is(at + 2, "ignore");
            if ignores { Some("may leave the row as it was".to_owned()) } else { self.updated(words, at) }
        })
    }
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
mod tests {
    use super::*;
    use crate::schema::Server;
    use crate::sql::{Span, batch_point};

    fn judged(dialect: Dialect, statement: &str, timing: TriggerTiming, body: &str) -> Option<String> {
        let point = batch_point(statement, Span::new(0, statement.len()), Server::oldest(dialect)).expect("it can be cut");
        let language = if dialect == Dialect::Sqlite { "sqlite" } else { "plpgsql" }.to_owned();
        let trigger = TriggerText { name: "t".to_owned(), timing, language, body: body.to_owned(), arguments: String::new() };
        meddles(statement, &point, dialect, &trigger)
    }

    const FILL: &str = "UPDATE shop.items AS i SET slug = lower(i.name) WHERE i.slug IS NULL AND name IS NOT NULL";

    #[test]
    fn what_leaves_the_condition_alone_is_let_through() {
        for body in [
            "BEGIN NEW.touched_at := now(); NEW.version = OLD.version + 1; RETURN NEW; END",
            "BEGIN NEW.slug := lower(NEW.name); RETURN NEW; END",
            "BEGIN IF NEW.slug = 'x' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END",
            "DECLARE n int; BEGIN SELECT count(*) INTO n FROM other; INSERT INTO log VALUES (NEW.id); UPDATE other SET slug = 1; RETURN NEW; END;",
            "-- NEW.slug := NULL\nBEGIN /* RETURN NULL */ RETURN NEW; END",
        ] {
            assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body), None, "{body}");
        }
        let after = "BEGIN UPDATE items SET version = 1 WHERE id = NEW.id; RETURN NULL; END";
        assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::After, after), None);
    }

    #[test]
    fn what_undoes_it_is_named() {
        for (body, what) in [
            ("BEGIN NEW.slug := NULL; RETURN NEW; END", "trigger t sets slug"),
            ("BEGIN IF true THEN NEW.\"slug\" = upper(NEW.name); END IF; RETURN NEW; END", "trigger t sets slug"),
            ("BEGIN NEW := OLD; RETURN NEW; END", "trigger t puts another row in the place of the changed one"),
            ("BEGIN SELECT x INTO NEW.slug FROM y; RETURN NEW; END", "trigger t sets slug"),
            ("BEGIN IF OLD.locked THEN RETURN NULL; END IF; RETURN NEW; END", "trigger t may leave the row as it was"),
            ("BEGIN RETURN OLD; END", "trigger t may leave the row as it was"),
            ("BEGIN UPDATE shop.items SET a = 1, slug = NULL WHERE id = NEW.id; RETURN NEW; END", "trigger t sets slug once more"),
            (
                "BEGIN EXECUTE format('UPDATE %I SET a = 1', TG_TABLE_NAME); RETURN NEW; END",
                "trigger t runs an UPDATE that it puts together",
            ),
        ] {
            assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body).as_deref(), Some(what), "{body}");
        }
        let soft = "BEGIN UPDATE items SET deleted_at = now() WHERE id = OLD.id; RETURN NULL; END";
        let delete = "DELETE FROM items WHERE expires_at < '2020-01-01'";
        assert_eq!(
            judged(Dialect::Postgres, delete, TriggerTiming::Before, soft).as_deref(),
            Some("trigger t may leave the row as it was")
        );
        assert_eq!(judged(Dialect::Postgres, delete, TriggerTiming::Before, "BEGIN RETURN OLD; END"), None);
    }

    #[test]
    fn triggers_of_sqlite_are_read_with_their_heads() {
        let fill = "UPDATE items SET slug = lower(name) WHERE slug IS NULL";
        for (body, what) in [
            ("CREATE TRIGGER t AFTER UPDATE ON items BEGIN UPDATE items SET at = 1 WHERE id = NEW.id; END", None),
            ("CREATE TRIGGER t AFTER UPDATE OF name ON items BEGIN UPDATE items SET slug = NULL WHERE id = NEW.id; END", None),
            ("CREATE TRIGGER t AFTER INSERT ON items BEGIN UPDATE items SET slug = NULL; END", None),
            (
                "CREATE TRIGGER t AFTER UPDATE OF slug ON items BEGIN UPDATE items SET slug = NULL WHERE id = NEW.id; END",
                Some("trigger t sets slug once more"),
            ),
            (
                "CREATE TRIGGER t BEFORE UPDATE ON items WHEN OLD.locked BEGIN SELECT RAISE(IGNORE); END",
                Some("trigger t may leave the row as it was"),
            ),
        ] {
            assert_eq!(judged(Dialect::Sqlite, fill, TriggerTiming::After, body).as_deref(), what, "{body}");
        }
    }

    #[test]
    fn what_nobody_looks_through_counts_as_meddling() {
        let point = batch_point(FILL, Span::new(0, FILL.len()), Server::oldest(Dialect::Postgres)).expect("it can be cut");
        let judged = |timing, language: &str, body: &str, arguments: &str| {
            let trigger = TriggerText {
                name: "t".to_owned(),
                timing,
                language: language.to_owned(),
                body: body.to_owned(),
                arguments: arguments.to_owned(),
            };
            meddles(FILL, &point, Dialect::Postgres, &trigger)
        };
        assert!(judged(TriggerTiming::Before, "plperl", "return;", "").is_some());
        assert_eq!(judged(TriggerTiming::After, "plperl", "return;", ""), None);
        assert_eq!(judged(TriggerTiming::Before, "c", "moddatetime", "touched_at\\000"), None);
        assert_eq!(judged(TriggerTiming::Before, "c", "moddatetime", "slug\\000").as_deref(), Some("trigger t may set slug"));
    }
}
