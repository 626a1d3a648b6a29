//! Findings of the lint wing as parts of a report.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::dialect::Cost;
use crate::lint::{Allowed, CureFile, Finding, Level};
use crate::schema::Dialect;
use crate::sql::{Digest, Source, Span};

use super::Report;
use super::planned::seconds;
use super::view::{AllowedView, Excerpt, FileView, FindingView, LevelView, ReplacementView};

/// Lines that an excerpt shows at most; what is longer is cut in the middle by the printer anyway.
const EXCERPT_LINES: usize = 12;

/// Enters everything that was found into a report, once: equal faults are counted. Those at level allow are left out.
pub fn enter(report: &mut Report, found: impl IntoIterator<Item = Finding>, allowed: impl IntoIterator<Item = Allowed>, dialect: Dialect) {
    report.findings.extend(found.into_iter().filter_map(|found| finding(found, dialect)));
    let answered = allowed.into_iter().filter_map(|Allowed { finding: found, reason }| {
        let finding = finding(found, dialect)?;
        Some(AllowedView { finding, reason })
    });
    report.allowed.extend(answered);
    number(report);
}

/// Tells equal statements of a file apart by their order, so that every fingerprint is one finding's alone.
fn number(report: &mut Report) {
    let allowed = report.allowed.iter_mut().map(|allowed| &mut allowed.finding);
    let mut all: Vec<&mut FindingView> = report.findings.iter_mut().chain(allowed).collect();
    all.sort_by(|one, other| (&one.fingerprint, one.line, one.column).cmp(&(&other.fingerprint, other.line, other.column)));
    for same in all.chunk_by_mut(|one, other| one.fingerprint == other.fingerprint) {
        let first = same[0].fingerprint.clone();
        for (ordinal, finding) in same.iter_mut().enumerate().skip(1) {
            finding.fingerprint = hash(&[&first, &ordinal.to_string()]);
        }
    }
}

/// The first 32 hexadecimal digits of SHA-256 over some texts.
pub(super) fn hash(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\0"));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn finding(found: Finding, dialect: Dialect) -> Option<FindingView> {
    let level = match found.level {
        Level::Allow => return None,
        Level::Notice => LevelView::Notice,
        Level::Warn => LevelView::Warn,
        Level::Deny => LevelView::Deny,
    };
    let span = within(found.span, &found.source);
    let (start, end) = (found.source.place(span.start), found.source.place(span.end));
    Some(FindingView {
        lint: found.lint.as_str(),
        level,
        fingerprint: hash(&[found.lint.as_str(), &found.source.path, &statement(&found, dialect)]),
        replacement: replacement(&found).map(Box::new),
        message: costing(found.message, &found.costs),
        help: found.help,
        legal_in: found.legal_in,
        migration: Some(found.migration),
        phase: Some(found.phase),
        file: Arc::clone(&found.source.path),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start_byte: byte_column(&found.source, span.start),
        end_byte: byte_column(&found.source, span.end),
        span,
        source: found.source,
        replaces: found.replaces,
        files: found.cure.into_iter().map(|CureFile { path, sql }| FileView { path, sql }).collect(),
        costs: found.costs.iter().map(seconds).collect(),
        labels: found.labels,
    })
}

impl FindingView {
    /// The source around it, and around other places of the same file that belong to it and stand farther away.
    pub fn excerpts(&self) -> Vec<Excerpt> {
        let mut excerpt = window(&self.source, self.span);
        excerpt.primary = Some(inside(&excerpt, &self.source, self.span));
        let lines = excerpt.first_line..excerpt.first_line + excerpt.text.lines().count().max(1);
        let mut related = Vec::new();
        for label in &self.labels {
            let at = within(label.span, &self.source);
            if lines.contains(&self.source.place(at.start).line) {
                let bytes = inside(&excerpt, &self.source, at);
                excerpt.labels.push((bytes, label.text.clone()));
            } else {
                let mut other = window(&self.source, at);
                let bytes = inside(&other, &self.source, at);
                other.labels.push((bytes, label.text.clone()));
                related.push(other);
            }
        }
        let own = (!excerpt.text.is_empty()).then_some(excerpt);
        own.into_iter().chain(related).collect()
    }
}

/// The statement's tokens, as a digest: moved lines and new comments do not count.
fn statement(found: &Finding, dialect: Dialect) -> String {
    let span = within(found.statement, &found.source);
    Digest::of(&found.source.text[span.range()], dialect).to_string()
}

/// The cure as a text in place of the statement, where it is nothing else.
fn replacement(found: &Finding) -> Option<ReplacementView> {
    let ([file], Some(span)) = (&found.cure[..], found.replaces) else { return None };
    if file.path != *found.source.path {
        return None;
    }
    let (start, end) = (found.source.place(span.start), found.source.place(span.end));
    Some(ReplacementView {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        // The terminator of the statement stays.
        text: file.sql.trim().trim_end_matches(';').to_owned(),
        start_byte: byte_column(&found.source, span.start),
        end_byte: byte_column(&found.source, span.end),
    })
}

fn byte_column(source: &Source, offset: usize) -> usize {
    offset - source.text[..offset].rfind('\n').map_or(0, |at| at + 1) + 1
}

/// What breaks and whom, and how long the longest wait lasts where the size of the table is known.
fn costing(message: String, costs: &[Cost]) -> String {
    match costs.first() {
        Some(cost) => format!("{message}; {cost}"),
        None => message,
    }
}

/// The span, kept inside the text and on character boundaries.
fn within(span: Span, source: &Source) -> Span {
    let text = &source.text;
    let start = floor(text, span.start.min(text.len()));
    Span::new(start, floor(text, span.end.clamp(start, text.len())))
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The whole lines that hold the span, at most [`EXCERPT_LINES`].
fn window(source: &Source, span: Span) -> Excerpt {
    let text = &source.text;
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let mut end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    if let Some((cut, _)) = text[start..end].match_indices('\n').nth(EXCERPT_LINES - 1) {
        end = start + cut;
    }
    Excerpt { text: text[start..end].to_owned(), first_line: source.place(start).line, primary: None, labels: Vec::new() }
}

/// The span counted within an excerpt that begins on one of its lines.
fn inside(excerpt: &Excerpt, source: &Source, span: Span) -> std::ops::Range<usize> {
    let text = &source.text;
    let mut start = 0;
    for _ in 1..excerpt.first_line {
        start += text[start..].find('\n').map_or(0, |at| at + 1);
    }
    let length = excerpt.text.len();
    span.start.saturating_sub(start).min(length)..span.end.saturating_sub(start).min(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("a.sql", text)
    }

    #[test]
    fn an_excerpt_holds_whole_lines_and_counts_within_them() {
        let source = source("-- one\nALTER TABLE a\n  DROP b;\n-- four\n");
        let span = Span::new(23, 29);
        let excerpt = window(&source, span);
        assert_eq!((excerpt.text.as_str(), excerpt.first_line), ("  DROP b;", 3));
        assert_eq!(&excerpt.text[inside(&excerpt, &source, span)], "DROP b");
    }

    #[test]
    fn a_span_that_cuts_a_character_or_leaves_the_text_is_moved_inside() {
        let source = source("é");
        assert_eq!(within(Span::new(1, 99), &source), Span::new(0, 2));
    }

    #[test]
    fn a_long_statement_is_shown_by_its_beginning() {
        let text = "x\n".repeat(50);
        let excerpt = window(&source(&text), Span::new(0, text.len()));
        assert_eq!(excerpt.text.lines().count(), EXCERPT_LINES);
    }
}
