//! A finding with the source it is about, carets below it, and what to do instead.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use colored::Colorize;

use super::wrapped;
use crate::report::view::{Excerpt, FindingView, LevelView};

/// One finding.
pub(super) fn render(finding: &FindingView, width: usize, text: &mut String) {
    let (level, word) = match finding.level {
        LevelView::Notice => (Level::NOTE.with_name("notice"), "notice"),
        LevelView::Warn => (Level::WARNING, "warning"),
        LevelView::Deny => (Level::ERROR, "error"),
    };
    let indent = word.len() + finding.lint.len() + "[]: ".len();
    // A long id leaves too little room beside it: then the message takes the space of a short one.
    let room = width.saturating_sub(indent).max(width / 2);
    let message = wrapped(&finding.message, room, "", "");
    let excerpts: Vec<Excerpt> = finding.excerpts().iter().map(|excerpt| fitting(excerpt, width)).collect();
    let is_shown = excerpts.iter().any(|excerpt| excerpt.primary.is_some());
    let snippets = excerpts.iter().map(|excerpt| snippet(finding, excerpt));
    let group: Group<'_> = level.primary_title(message).id(finding.lint).elements(snippets);
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii).term_width(width);
    text.push_str(&renderer.render(&[group]));
    text.push('\n');
    if !is_shown {
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

/// One finding in two lines: what, and where.
pub(super) fn brief(finding: &FindingView, width: usize, text: &mut String) {
    let word = match finding.level {
        LevelView::Notice => "notice",
        LevelView::Warn => "warning",
        LevelView::Deny => "error",
    };
    let head = format!("{word}[{}]: ", finding.lint);
    let painted = match finding.level {
        LevelView::Notice => word.green().bold(),
        LevelView::Warn => word.yellow().bold(),
        LevelView::Deny => word.red().bold(),
    };
    let message = wrapped(&finding.message, width, &head, "    ");
    let _ = writeln!(text, "{}", message.replacen(word, &painted.to_string(), 1));
    let _ = writeln!(text, " --> {}:{}:{}", finding.file, finding.line, finding.column);
}

fn snippet<'a>(finding: &'a FindingView, excerpt: &'a Excerpt) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let primary = excerpt.primary.clone().map(|bytes| AnnotationKind::Primary.span(bytes));
    let context = excerpt.labels.iter().map(|(bytes, label)| AnnotationKind::Context.span(bytes.clone()).label(label.as_str()));
    Snippet::source(excerpt.text.as_str())
        .line_start(excerpt.first_line)
        .path(&*finding.file)
        .annotations(primary.into_iter().chain(context))
}

/// The excerpt with long lines cut: the first so that its mark stays visible, the others at their end.
fn fitting(excerpt: &Excerpt, width: usize) -> Excerpt {
    let room = width.saturating_sub(excerpt.first_line.to_string().len() + 12);
    let mark = excerpt.primary.as_ref().or(excerpt.labels.first().map(|(range, _)| range)).map_or(0, |range| range.start);
    let mut text = String::new();
    let mut cuts: Vec<Cut> = Vec::new();
    let mut start = 0;
    for line in excerpt.text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let marked = (start..=start + body.len()).contains(&mark).then(|| mark - start);
        let kept = kept(body, marked, room);
        let lead = if kept.start > 0 { "… " } else { "" };
        cuts.push(Cut { from: start + kept.start..start + kept.end, to: text.len() + lead.len() });
        text.push_str(lead);
        text.push_str(&body[kept.clone()]);
        text.push_str(if kept.end < body.len() { " …" } else { "" });
        text.push('\n');
        start += line.len();
    }
    let moved = |range: &Range<usize>| moved(&cuts, range.start)..moved(&cuts, range.end).max(moved(&cuts, range.start));
    Excerpt {
        first_line: excerpt.first_line,
        primary: excerpt.primary.as_ref().map(moved),
        labels: excerpt.labels.iter().map(|(range, label)| (moved(range), label.clone())).collect(),
        text: text.trim_end_matches('\n').to_owned(),
    }
}

/// The bytes of a line that are shown, and where they went.
struct Cut {
    from: Range<usize>,
    to: usize,
}

fn moved(cuts: &[Cut], offset: usize) -> usize {
    let cut = cuts.iter().rfind(|cut| cut.from.start <= offset).or(cuts.first());
    cut.map_or(0, |cut| cut.to + offset.clamp(cut.from.start, cut.from.end) - cut.from.start)
}

/// The part of a line that fits and holds its mark, on character boundaries.
fn kept(line: &str, mark: Option<usize>, room: usize) -> Range<usize> {
    let length = line.chars().count();
    if length <= room {
        return 0..line.len();
    }
    let column = mark.map_or(0, |mark| line[..mark].chars().count());
    // Some words before the mark tell what it is about.
    let first = if column + room / 2 < room { 0 } else { column - room / 4 };
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    byte(first)..byte(first + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, primary: Range<usize>) -> Excerpt {
        Excerpt { text: text.to_owned(), first_line: 1, primary: Some(primary), labels: Vec::new() }
    }

    fn marked(excerpt: &Excerpt) -> &str {
        &excerpt.text[excerpt.primary.clone().unwrap_or_default()]
    }

    #[test]
    fn short_lines_stay_as_they_are() {
        let short = excerpt("ALTER TABLE a\n  DROP b;", 16..22);
        assert_eq!(fitting(&short, 80), short);
    }

    #[test]
    fn a_long_line_is_cut_around_its_mark() {
        let line = format!("ALTER TABLE a {}DROP COLUMN nick, {}", "ADD COLUMN é int, ".repeat(20), "ADD COLUMN c int, ".repeat(9));
        let start = line.find("DROP").expect("it is there");
        let cut = fitting(&excerpt(&line, start..start + "DROP COLUMN nick".len()), 80);
        assert_eq!(marked(&cut), "DROP COLUMN nick");
        assert!(cut.text.chars().count() <= 80 && cut.text.starts_with("… ") && cut.text.ends_with(" …"), "{}", cut.text);
    }

    #[test]
    fn a_mark_that_is_longer_than_the_line_ends_with_it() {
        let line = format!("INSERT INTO a VALUES {}", "(1), ".repeat(100));
        let cut = fitting(&excerpt(&line, 0..line.len()), 80);
        assert!(marked(&cut).starts_with("INSERT") && cut.text.chars().count() <= 80);
    }
}
