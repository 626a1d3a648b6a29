//! What reading a file yields: statements, their clauses, and what is wrong with the text.

use super::{Directive, Source, Span};
use crate::schema::Operation;

/// One file, read.
#[derive(Clone, Debug)]
pub struct Script {
    /// The text that every span points into.
    pub source: Source,
    /// In the order of the file.
    pub statements: Vec<Statement>,
    /// What is wrong with the text itself. Each blocks.
    pub problems: Vec<Problem>,
    /// Directives before the first statement that end with an empty line: they are about the whole file.
    pub directives: Vec<Directive>,
}

/// One statement, from its first token to its last, without the terminator.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its bytes.
    pub span: Span,
    /// What it does, in the order in which the database does it. Never empty.
    pub clauses: Vec<Clause>,
    /// `-- migrate: …` comments directly above it or on its lines.
    pub directives: Vec<Directive>,
}

/// One operation with the bytes it was read from: `DROP COLUMN nick` inside a longer ALTER TABLE.
#[derive(Clone, Debug)]
pub struct Clause {
    /// The clause's own bytes; the whole statement's where it has one operation only.
    pub span: Span,
    /// What it does.
    pub operation: Operation,
}

/// Something wrong with the text rather than with what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// What.
    pub kind: ProblemKind,
}

/// Kinds of [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A quote, dollar quote or comment that is never closed; the text says which.
    Unterminated(&'static str),
    /// A psql meta-command, SQLite dot-command, or `DELIMITER` outside MySQL: the server does not know it.
    ClientCommand(String),
    /// COPY … FROM STDIN with its data.
    CopyData,
    /// `{{ x }}`, `${x}`, `:VAR`: a template that nobody filled in.
    Template(String),
    /// Larger, deeper or longer than the reader's limits; the text says which limit.
    TooComplex(String),
    /// A `-- migrate:` comment that is not understood.
    Directive(String),
    /// BEGIN without COMMIT or the reverse.
    UnbalancedTransaction(&'static str),
}

impl Statement {
    /// Whether it is a DO block: the clauses behind the first stand in its body, on branches that may not be taken.
    pub fn is_block(&self) -> bool {
        self.clauses.first().is_some_and(|first| matches!(first.operation, Operation::Block(_)))
    }
}

impl Script {
    /// Whether the statement does nothing where its table does not exist: ALTER TABLE IF EXISTS.
    pub fn spares_absent_table(&self, statement: &Statement) -> bool {
        let words: Vec<String> = self.text(statement.span).split_whitespace().take(7).map(str::to_ascii_lowercase).collect();
        let alters = words.first().is_some_and(|word| word == "alter");
        alters && words.windows(3).any(|words| words == ["table", "if", "exists"])
    }

    /// The source text of a span.
    pub fn text(&self, span: Span) -> &str {
        &self.source.text[span.range()]
    }
}
