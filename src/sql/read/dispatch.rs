//! Statement → reader, by its head words. Total: what no reader understands is `Opaque`.

use sqlparser::tokenizer::Token;

use super::{mysql, names, postgres, sqlite};
use crate::schema::operation::{Opaque, Operation};
use crate::schema::{Dialect, Server};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::{Clause, Span, lower};

/// Reads the statement at `span`. Never empty.
pub(in crate::sql) fn statement(source: &str, span: Span, server: Server) -> Vec<Clause> {
    let mut cursor = match Cursor::new(source, span, server) {
        Ok(cursor) => cursor,
        Err(unread) => return vec![opaque(span, unread, Vec::new())],
    };
    match read(&mut cursor) {
        Ok(clauses) if !clauses.is_empty() => clauses,
        Ok(_) => vec![opaque(span, Unread { reason: "the statement does nothing that could be told".to_owned() }, Vec::new())],
        Err(unread) => {
            let names = names::collect(cursor.tokens(), server.dialect);
            vec![opaque(span, unread, names)]
        }
    }
}

/// Reads a statement inside a string literal: `raw` as it is written at byte `start`, `text` as the database takes it.
pub(super) fn embedded(raw: &str, text: &str, start: usize, server: Server) -> Vec<Clause> {
    let mut clauses = statement(text, Span::new(0, text.len()), server);
    place(&mut clauses, raw, text, start);
    clauses
}

/// Moves spans within `text` to where the literal stands. They stay exact where it has the text verbatim; behind
/// doubled quotes they become the literal as a whole.
pub(super) fn place(clauses: &mut [Clause], raw: &str, text: &str, start: usize) {
    let verbatim = raw.find(text);
    for clause in clauses {
        clause.span = match verbatim {
            Some(offset) => Span::new(start + offset + clause.span.start, start + offset + clause.span.end),
            None => Span::new(start, start + raw.len()),
        };
    }
}

/// Reads the statement that begins at the cursor and takes all that is left.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let head = Head::of(cursor);
    let reader = match cursor.dialect() {
        Dialect::Postgres => postgres::reader(&head),
        Dialect::Sqlite => sqlite::reader(&head),
        Dialect::Mysql => mysql::reader(&head),
    };
    let clauses = reader.unwrap_or(lower::statement)(cursor)?;
    if !cursor.finished() {
        return Err(cursor.unexpected("the end of the statement"));
    }
    Ok(clauses)
}

/// The first word of a statement, and the word that names what it is about, upper case.
pub(super) struct Head {
    verb: String,
    kind: String,
    next: String,
}

impl Head {
    fn of(cursor: &Cursor<'_>) -> Head {
        let word = |nth| match &cursor.parser.peek_nth_token_ref(nth).token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            _ => String::new(),
        };
        let verb = word(0);
        let mut nth = 1;
        if verb == "CREATE" {
            while MODIFIERS.contains(&word(nth).as_str()) {
                nth += 1;
            }
        }
        if matches!(word(nth).as_str(), "DEFINER" | "ALGORITHM" | "SQL") {
            // MySQL's `DEFINER = 'a'@'b'` and its kin stand before the kind.
            let behind = (nth..nth + 20).find(|nth| ["VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"].contains(&word(*nth).as_str()));
            nth = behind.unwrap_or(nth);
        }
        Head { verb, kind: word(nth), next: word(nth + 1) }
    }

    pub(super) fn verb(&self) -> &str {
        &self.verb
    }

    /// The word behind the kind.
    pub(super) fn next(&self) -> &str {
        &self.next
    }

    pub(super) fn kind(&self) -> &str {
        &self.kind
    }
}

/// What may stand between CREATE and the kind of object.
const MODIFIERS: &[&str] = &[
    "OR",
    "REPLACE",
    "TEMP",
    "TEMPORARY",
    "GLOBAL",
    "LOCAL",
    "UNLOGGED",
    "RECURSIVE",
    "UNIQUE",
    "FULLTEXT",
    "SPATIAL",
    "DEFAULT",
    "CONSTRAINT",
    "TRUSTED",
    "PROCEDURAL",
];

fn opaque(span: Span, unread: Unread, names: Vec<crate::schema::ObjectName>) -> Clause {
    Clause { span, operation: Operation::Opaque(Opaque { reason: unread.reason, names }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque_names(sql: &str) -> Vec<String> {
        let clauses = statement(sql, Span::new(0, sql.len()), Server::oldest(Dialect::Postgres));
        match &clauses[..] {
            [Clause { operation: Operation::Opaque(opaque), .. }] => opaque.names.iter().map(ToString::to_string).collect(),
            other => panic!("{sql} was read: {other:?}"),
        }
    }

    #[test]
    fn an_opaque_statement_names_what_it_may_touch() {
        assert_eq!(opaque_names("FROBNICATE TABLE IF EXISTS \"A\".b, c ON d REFERENCES e.f (g)"), ["A.b", "c", "d", "e.f"]);
    }

    #[test]
    fn text_that_is_no_sql_is_opaque() {
        assert!(opaque_names("'never closed").is_empty());
    }
}
