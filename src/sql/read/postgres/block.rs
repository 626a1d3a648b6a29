//! DO: the block itself, and every static statement inside it as operations of its own.
//!
//! PL/pgSQL is not parsed. Its tokens are cut at semicolons; what stands before a statement (`BEGIN`, `IF … THEN`,
//! `ELSE`, `LOOP`) is stepped over, and a piece that begins with a verb of SQL is read like any other statement.
//! Control flow is not judged: what a branch may do counts as done.

use std::sync::LazyLock;

use sqlparser::tokenizer::Token;

use super::constant;
use crate::schema::operation::{Block, Extent, Opaque};
use crate::schema::{Operation, Server};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::Pattern;
use crate::sql::read::{dispatch, legible, names};
use crate::sql::split::{Legibility, split_body};
use crate::sql::{Clause, Span};

static FORM: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::new("DO [ LANGUAGE { language:ident | language:string } ] body:string [ LANGUAGE { language:ident | language:string } ]")
});

/// Verbs of SQL that can begin a statement of PL/pgSQL.
const VERBS: &[&str] = &[
    "alter",
    "analyze",
    "call",
    "checkpoint",
    "cluster",
    "comment",
    "copy",
    "create",
    "delete",
    "discard",
    "do",
    "drop",
    "explain",
    "grant",
    "import",
    "insert",
    "listen",
    "lock",
    "merge",
    "notify",
    "perform",
    "reassign",
    "refresh",
    "reindex",
    "reset",
    "revoke",
    "security",
    "select",
    "set",
    "truncate",
    "update",
    "vacuum",
    "values",
    "with",
];

/// Blocks within strings within blocks: nobody writes more, and each level is read again from its text.
const DEEPEST: usize = 4;

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    block(cursor, 0)
}

fn block(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Clause>, Unread> {
    let (start, mut found) = (cursor.start(), Found::new(cursor));
    if !FORM.fits(cursor, &mut found) || !cursor.finished() {
        return Err(found.unread(cursor));
    }
    let literal = found.span("body").ok_or_else(|| cursor.unexpected("a body"))?;
    let inner = match found.text("language").or_else(|_| found.ident("language").map(|language| language.as_str().to_owned())) {
        Ok(language) if !language.eq_ignore_ascii_case("plpgsql") => Inner { clauses: Vec::new(), dynamic: true },
        _ => Inner::embedded(cursor.text(literal), &found.text("body")?, literal.start, cursor.server, depth)?,
    };
    let block = Operation::Block(Block { dynamic: inner.dynamic, calls: None });
    let mut clauses = vec![Clause { span: cursor.span_from(start), operation: block }];
    clauses.extend(inner.clauses);
    Ok(clauses)
}

/// What a call of a routine does.
#[derive(Debug, Default)]
pub(in crate::sql::read) struct Body {
    /// Changes of the schema, and of rows. Which rows a condition with parameters means is not known: those are left out.
    pub(in crate::sql::read) does: Vec<Operation>,
    /// Whether it builds statements at run time.
    pub(in crate::sql::read) dynamic: bool,
}

/// Reads the body of a routine with parameters of these types; of one that cannot be read nothing is known.
pub(in crate::sql::read) fn body(text: &str, parameters: &str, server: Server) -> Body {
    let mut inner = Inner::default();
    if inner.body(text, server, 0).is_err() {
        return Body { does: Vec::new(), dynamic: true };
    }
    let does = inner.clauses.into_iter().map(|clause| clause.operation).filter(|operation| match operation {
        Operation::ChangeData(change) => change.extent == Extent::All || parameters.is_empty(),
        Operation::Query { functions, .. } => !functions.is_empty(),
        Operation::SetSetting(_) | Operation::Transaction(_) | Operation::Opaque(_) | Operation::Comment { .. } => false,
        _ => true,
    });
    Body { does: does.collect(), dynamic: inner.dynamic }
}

/// What stands inside a body.
#[derive(Default)]
struct Inner {
    clauses: Vec<Clause>,
    dynamic: bool,
}

impl Inner {
    /// Reads code from a string literal: `raw` as it is written at byte `start`, `text` as the database takes it.
    fn embedded(raw: &str, text: &str, start: usize, server: Server, depth: usize) -> Result<Inner, Unread> {
        if depth > DEEPEST {
            return Err(Unread { reason: "blocks are nested too deeply".to_owned() });
        }
        let mut inner = Inner::default();
        inner.body(text, server, depth)?;
        dispatch::place(&mut inner.clauses, raw, text, start);
        Ok(inner)
    }

    fn body(&mut self, text: &str, server: Server, depth: usize) -> Result<(), Unread> {
        for (span, legibility) in split_body(text, Span::new(0, text.len()), server) {
            match legibility {
                Legibility::Fair | Legibility::Tall => {
                    let mut cursor = Cursor::new(text, span, server)?;
                    let end = cursor.len();
                    self.piece(&mut cursor, end, depth)?;
                }
                Legibility::Unclosed | Legibility::TooComplex => self.clauses.extend(legible(text, span, legibility, server)),
            }
        }
        Ok(())
    }

    /// Reads up to the token `end`: first what introduces a statement, then the statement.
    fn piece(&mut self, cursor: &mut Cursor<'_>, end: usize, depth: usize) -> Result<(), Unread> {
        while cursor.place() < end {
            if cursor.one_of(&["begin", "else", "loop", "exception"]).is_some() {
                continue;
            }
            if cursor.at(1, &Token::Colon) {
                // MySQL's label.
                cursor.rewind(cursor.place() + 2);
            } else if cursor.take(&Token::ShiftLeft) {
                cursor.rewind(cursor.place() + 2);
            } else if cursor.one_of(&["if", "elsif", "elseif", "when", "while", "case"]).is_some() {
                skip_to(cursor, end, &["then", "loop", "do"]);
            } else if cursor.one_of(&["for", "foreach"]).is_some() {
                self.range(cursor, end, depth)?;
            } else if cursor.word("execute") {
                return self.execute(cursor, end, depth);
            } else if VERBS.iter().chain(&["commit", "rollback"]).any(|verb| cursor.at_word(0, verb)) {
                return self.statement(cursor, end, depth);
            } else {
                // An assignment, a declaration, RETURN, RAISE, END …: changes nothing that a schema holds.
                return Ok(());
            }
        }
        Ok(())
    }

    /// `FOR r IN <query or EXECUTE> LOOP`
    fn range(&mut self, cursor: &mut Cursor<'_>, end: usize, depth: usize) -> Result<(), Unread> {
        let body = cursor.place();
        skip_to(cursor, end, &["loop"]);
        let after = cursor.place();
        cursor.rewind(body);
        skip_to(cursor, after, &["in"]);
        if cursor.word("execute") {
            self.execute(cursor, after - 1, depth)?;
        } else if VERBS.iter().any(|verb| cursor.at_word(0, verb)) {
            self.statement(cursor, after - 1, depth)?;
        }
        cursor.rewind(after);
        Ok(())
    }

    fn execute(&mut self, cursor: &mut Cursor<'_>, end: usize, depth: usize) -> Result<(), Unread> {
        let start = cursor.start();
        let text = constant::text(cursor);
        let constant = cursor.place() >= end || ["into", "using"].iter().any(|word| cursor.at_word(0, word));
        match text {
            Some(text) if constant => {
                let literal = cursor.span_from(start);
                let inner = Inner::embedded(cursor.text(literal), &text, literal.start, cursor.server, depth + 1)?;
                self.dynamic |= inner.dynamic;
                self.clauses.extend(inner.clauses);
            }
            _ => self.dynamic = true,
        }
        Ok(())
    }

    fn statement(&mut self, cursor: &mut Cursor<'_>, end: usize, depth: usize) -> Result<(), Unread> {
        let start = cursor.start();
        let reads_only = ["select", "with", "values", "perform"].iter().any(|verb| cursor.at_word(0, verb));
        let nested = cursor.at_word(0, "do");
        cursor.rewind(end);
        let span = cursor.span_from(start);
        if nested {
            let mut inner = Cursor::new(cursor.source(), span, cursor.server)?;
            self.clauses.extend(block(&mut inner, depth + 1)?);
            return Ok(());
        }
        let text = plain(cursor, span);
        let mut clauses = dispatch::statement(&text, Span::new(0, text.len()), cursor.server);
        let changes = || cursor.tokens_from(start).any(|(token, _)| is_one_of(token, &["insert", "update", "delete", "merge"]));
        if let [Clause { operation: operation @ Operation::Opaque(Opaque { .. }), .. }] = &mut clauses[..]
            && reads_only
            && !changes()
        {
            let reads = names::collect(cursor.tokens_from(start).map(|(token, _)| token), cursor.dialect());
            *operation = Operation::Query { reads, functions: Vec::new() };
        }
        self.clauses.extend(clauses.into_iter().map(|clause| Clause {
            span: Span::new(clause.span.start + span.start, clause.span.end + span.start),
            operation: clause.operation,
        }));
        Ok(())
    }
}

/// The statement as SQL knows it, byte for byte as long: PERFORM is SELECT, and `INTO variable` is PL/pgSQL's.
fn plain(cursor: &Cursor<'_>, span: Span) -> String {
    let mut text = cursor.text(span).as_bytes().to_vec();
    let mut blank = |from: usize, to: usize, with: &[u8]| {
        let bytes = &mut text[from - span.start..to - span.start];
        bytes.fill(b' ');
        bytes[..with.len()].copy_from_slice(with);
    };
    let mut tokens = cursor.tokens_within(span).peekable();
    let mut before: Option<&Token> = None;
    while let Some((token, at)) = tokens.next() {
        if before.is_none() && is_one_of(token, &["perform"]) {
            blank(at.start, at.end, b"SELECT");
        }
        let table_follows = before.is_some_and(|before| is_one_of(before, &["insert", "merge", "ignore", "replace"]));
        if is_one_of(token, &["into"]) && !table_follows {
            let mut last = at.end;
            let mut target = false;
            while let Some((_, span)) = tokens.next_if(|(next, _)| match next {
                Token::Word(word) if !target => {
                    target = !word.value.eq_ignore_ascii_case("strict");
                    true
                }
                Token::Comma | Token::Period => {
                    target = false;
                    true
                }
                _ => false,
            }) {
                last = span.end;
            }
            blank(at.start, last, b"");
        }
        before = Some(token);
    }
    String::from_utf8(text).expect("only whole tokens were overwritten, with ASCII")
}

/// Steps behind the first of `words` outside parentheses and CASE expressions, or to `end`.
fn skip_to(cursor: &mut Cursor<'_>, end: usize, words: &[&str]) {
    let mut depth = 0_usize;
    while cursor.place() < end {
        let token = &cursor.parser.peek_token_ref().token;
        let found = depth == 0 && is_one_of(token, words);
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            token if is_one_of(token, &["case"]) => depth += 1,
            token if is_one_of(token, &["end"]) => depth = depth.saturating_sub(1),
            _ => {}
        }
        cursor.parser.advance_token();
        if found {
            return;
        }
    }
}

fn is_one_of(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_none() && words.iter().any(|one| word.value.eq_ignore_ascii_case(one)),
        _ => false,
    }
}
