//! A file → its statements, read: the splitter's pieces through the readers, with problems and directives.
//!
//! `read/` holds the dispatch by head words and one file per family of statements that sqlparser cannot read or reads
//! without spans.

pub(super) mod dispatch;
mod found;
#[cfg(test)]
mod hostile;
mod mysql;
mod names;
mod postgres;
#[cfg(test)]
mod probes;
mod routine;
mod slot;
mod sqlite;
mod synopsis;
mod transactions;

use std::borrow::Cow;

use super::cursor::{Cursor, Unread};
use super::directive;
use super::split::limits::TALL_STACK;
use super::split::{self, Legibility, PieceKind};
use super::{Clause, Script, Source, Span, Statement};
use crate::schema::Server;
use crate::schema::operation::{Opaque, Operation};

/// Reads a file. Total: whatever is not understood is in the result as a problem or an `Opaque` operation.
pub fn read(source: &Source, server: Server) -> Script {
    let split = split::split(&source.text, server);
    let readable = without(&source.text, &split.blanks);
    let mut statements = Vec::new();
    for piece in &split.pieces {
        if let PieceKind::Statement(legibility) = piece.kind {
            let clauses = legible(&readable, piece.span, legibility, server);
            statements.push(Statement { span: piece.span, clauses, directives: Vec::new() });
        }
    }
    let mut problems = split.problems;
    transactions::check(&statements, &mut problems);
    let directives = directive::attach(&source.text, &split.notes, &mut statements, &mut problems);
    problems.sort_by_key(|problem| problem.span);
    Script { source: source.clone(), statements, problems, directives }
}

/// Reads one statement of a file or of a body, however it can be read.
pub(super) fn legible(text: &str, span: Span, legibility: Legibility, server: Server) -> Vec<Clause> {
    match legibility {
        Legibility::Fair => dispatch::statement(text, span, server),
        Legibility::Tall => tall(text, span, server),
        Legibility::Unclosed => unread(span, "a quote or comment in it is never closed"),
        Legibility::TooComplex => unread(span, "it is too complex to judge"),
    }
}

/// Reads a statement whose syntax tree needs more stack than a thread usually has.
fn tall(text: &str, span: Span, server: Server) -> Vec<Clause> {
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(TALL_STACK);
        match reader.spawn_scoped(scope, || dispatch::statement(text, span, server)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => unread(span, &format!("no thread could be started to read it: {error}")),
        }
    })
}

/// The text with blanks in place of the marks of version gates: every other byte stays where it is.
fn without<'a>(text: &'a str, marks: &[Span]) -> Cow<'a, str> {
    if marks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut readable = String::with_capacity(text.len());
    let mut copied = 0;
    for mark in marks {
        readable.push_str(&text[copied..mark.start]);
        readable.extend(std::iter::repeat_n(' ', mark.end - mark.start));
        copied = mark.end;
    }
    readable.push_str(&text[copied..]);
    Cow::Owned(readable)
}

fn unread(span: Span, reason: &str) -> Vec<Clause> {
    vec![Clause { span, operation: Operation::Opaque(Opaque { reason: reason.to_owned(), names: Vec::new() }) }]
}

/// One of our own readers: consumes the whole statement or says why it cannot.
pub(super) type Reader = fn(&mut Cursor<'_>) -> Result<Vec<Clause>, Unread>;
