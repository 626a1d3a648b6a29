//! Findings of the lint wing as parts of a report.

use crate::lint::{CureFile, Finding, Level};
use crate::sql::{Source, Span};

use super::view::{Excerpt, FileView, FindingView, LevelView};

/// Lines that an excerpt shows at most; what is longer is cut in the middle by the printer anyway.
const EXCERPT_LINES: usize = 12;

/// Findings as they are reported. Those at level allow are not.
pub fn findings<'a>(found: impl IntoIterator<Item = &'a Finding>) -> Vec<FindingView> {
    found.into_iter().filter_map(finding).collect()
}

fn finding(found: &Finding) -> Option<FindingView> {
    let level = match found.level {
        Level::Allow => return None,
        Level::Notice => LevelView::Notice,
        Level::Warn => LevelView::Warn,
        Level::Deny => LevelView::Deny,
    };
    let span = within(found.span, &found.source);
    let (start, end) = (found.source.place(span.start), found.source.place(span.end));
    let mut excerpt = window(&found.source, span);
    excerpt.primary = Some(inside(&excerpt, &found.source, span));
    let mut related = Vec::new();
    for label in &found.labels {
        let at = within(label.span, &found.source);
        let line = found.source.place(at.start).line;
        let lines = excerpt.first_line..excerpt.first_line + excerpt.text.lines().count().max(1);
        if lines.contains(&line) {
            let bytes = inside(&excerpt, &found.source, at);
            excerpt.labels.push((bytes, label.text.clone()));
        } else {
            let mut other = window(&found.source, at);
            let bytes = inside(&other, &found.source, at);
            other.labels.push((bytes, label.text.clone()));
            related.push(other);
        }
    }
    Some(FindingView {
        lint: found.lint.as_str().to_owned(),
        level,
        message: found.message.clone(),
        help: found.help.clone(),
        legal_in: found.legal_in.clone(),
        migration: Some(found.migration.to_string()),
        phase: Some(found.phase),
        file: found.source.path.to_string(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        files: found.cure.iter().map(|CureFile { path, sql }| FileView { path: path.clone(), sql: sql.clone() }).collect(),
        excerpt: (!excerpt.text.is_empty()).then_some(excerpt),
        related,
    })
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
    use std::sync::Arc;

    use super::*;

    fn source(text: &str) -> Source {
        Source { path: Arc::from("a.sql"), text: Arc::from(text) }
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
