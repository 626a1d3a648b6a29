//! `-- migrate: …` comments, read from the lexer's comments.

use super::Span;

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The comment's bytes.
    pub span: Span,
    /// What it asks for.
    pub kind: DirectiveKind,
}

/// Kinds of [`Directive`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectiveKind {
    /// `-- migrate: allow(<lint>) reason="…" until=2027-01-31`.
    Allow {
        /// The lint's id as written.
        lint: String,
        /// Why; empty when it was left out (a finding).
        reason: String,
        /// The last day on which it holds, as written.
        until: Option<String>,
    },
}
