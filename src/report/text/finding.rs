//! A finding with the source it is about, carets below it, and what to do instead.

use std::fmt::Write;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use colored::Colorize;

use super::wrapped;
use crate::report::view::{Excerpt, FindingView, LevelView};

/// One finding.
pub(super) fn render(finding: &FindingView, width: usize, text: &mut String) {
    let (level, word) = match finding.level {
        LevelView::Warn => (Level::WARNING, "warning"),
        LevelView::Deny => (Level::ERROR, "error"),
    };
    let indent = word.len() + finding.lint.len() + "[]: ".len();
    // A long id leaves too little room beside it: then the message takes the space of a short one.
    let room = width.saturating_sub(indent).max(width / 2);
    let message = wrapped(&finding.message, room, "", "");
    let excerpts = [&finding.excerpt].into_iter().flatten().chain(&finding.related);
    let snippets = excerpts.map(|excerpt| snippet(finding, excerpt));
    let group: Group<'_> = level.primary_title(message).id(finding.lint.as_str()).elements(snippets);
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii).term_width(width);
    text.push_str(&renderer.render(&[group]));
    text.push('\n');
    if finding.excerpt.is_none() {
        let _ = writeln!(text, " --> {}:{}:{}", finding.file, finding.line, finding.column);
    }
    if !finding.help.is_empty() {
        let help = wrapped(&finding.help, width, "  help: ", "        ");
        let _ = writeln!(text, "{}", help.replacen("help:", &"help:".cyan().bold().to_string(), 1));
    }
    for file in &finding.files {
        let _ = writeln!(text, "  {} {}", "write".cyan().bold(), file.path.bold());
        for line in file.sql.trim_end().lines() {
            let _ = writeln!(text, "      {line}");
        }
    }
    let legal: Vec<&str> = finding.legal_in.iter().map(|phase| phase.as_str()).collect();
    if !legal.is_empty() {
        let _ = writeln!(text, "  {} this statement is right in {}", "note:".bold(), legal.join(" or "));
    }
    let _ = writeln!(text, "  {} migrate explain {}", "more:".bold(), finding.lint);
}

fn snippet<'a>(finding: &'a FindingView, excerpt: &'a Excerpt) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let primary = excerpt.primary.clone().map(|bytes| AnnotationKind::Primary.span(bytes));
    let context = excerpt.labels.iter().map(|(bytes, label)| AnnotationKind::Context.span(bytes.clone()).label(label.as_str()));
    Snippet::source(excerpt.text.as_str())
        .line_start(excerpt.first_line)
        .path(finding.file.as_str())
        .annotations(primary.into_iter().chain(context))
}
