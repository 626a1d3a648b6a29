//! `-- migrate: …` comments, read from the lexer's comments.

use super::Span;
use super::statement::{Problem, ProblemKind, Statement};

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

const KNOWN: &str = r#"known: allow(<lint>) reason="…" until=YYYY-MM-DD"#;

/// Whether a comment is for us. dbmate's `-- migrate:up` and `-- migrate:down` are not.
pub(super) fn is_note(comment: &str) -> bool {
    note(comment).is_some()
}

/// What a comment says to us, without its marks.
fn note(comment: &str) -> Option<&str> {
    let inner = match comment.strip_prefix("/*") {
        Some(inner) => inner.strip_suffix("*/").unwrap_or(inner).trim_matches('*'),
        None => comment.trim_start_matches(['-', '#']),
    };
    let note = inner.trim().strip_prefix("migrate:")?;
    let dbmate = ["up", "down"]
        .iter()
        .any(|section| note.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])));
    (!dbmate).then_some(note.trim_start())
}

/// Reads the comments at `notes` and gives each to the statement it is about: the one on whose lines it stands, else
/// the next. Those about the whole file are returned.
pub(super) fn attach(text: &str, notes: &[Span], statements: &mut [Statement], problems: &mut Vec<Problem>) -> Vec<Directive> {
    let mut whole_file = Vec::new();
    for span in notes {
        let found = match read(text, *span) {
            Ok(found) => found,
            Err(what) => {
                problems.push(Problem { span: *span, kind: ProblemKind::Directive(what) });
                continue;
            }
        };
        match place(text, *span, statements) {
            Some(Target::File) => whole_file.extend(found),
            Some(Target::Statement(index)) => statements[index].directives.extend(found),
            None => problems.push(Problem { span: *span, kind: ProblemKind::Directive("no statement follows it".to_owned()) }),
        }
    }
    whole_file
}

enum Target {
    File,
    Statement(usize),
}

fn place(text: &str, span: Span, statements: &[Statement]) -> Option<Target> {
    let next = statements.partition_point(|statement| statement.span.end <= span.start);
    // Behind a statement on its last line, or inside one.
    if let Some(previous) = next.checked_sub(1)
        && !text[statements[previous].span.end..span.start].contains('\n')
    {
        return Some(Target::Statement(previous));
    }
    let follower = statements.get(next)?;
    let between = text.get(span.end..follower.span.start).unwrap_or_default();
    let lines: Vec<&str> = between.split('\n').collect();
    let empty_line = lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty());
    Some(if next == 0 && empty_line { Target::File } else { Target::Statement(next) })
}

/// All directives of one comment: `allow(a, b)` is two.
fn read(text: &str, span: Span) -> Result<Vec<Directive>, String> {
    let note = note(&text[span.range()]).ok_or_else(|| format!("not a directive; {KNOWN}"))?;
    let verb_end = note.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(note.len());
    let (verb, rest) = note.split_at(verb_end);
    if verb != "allow" {
        return Err(format!("unknown directive `{}`; {KNOWN}", note.split_whitespace().next().unwrap_or_default()));
    }
    let (lints, mut rest) = rest
        .trim_start()
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(|| format!("allow needs a lint in parentheses; {KNOWN}"))?;
    let (mut reason, mut until) = (None, None);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (key, value, behind) = option(rest)?;
        let slot = match key {
            "reason" => &mut reason,
            "until" => &mut until,
            _ => return Err(format!("unknown option `{key}`; {KNOWN}")),
        };
        if slot.replace(value).is_some() {
            return Err(format!("`{key}` is given twice"));
        }
        rest = behind;
    }
    if let Some(day) = &until
        && day.parse::<jiff::civil::Date>().is_err()
    {
        return Err(format!("until={day} is not a day such as 2027-01-31"));
    }
    let lints: Vec<&str> = lints.split(',').map(str::trim).collect();
    if lints.iter().any(|lint| lint.is_empty()) {
        return Err(format!("allow needs a lint in parentheses; {KNOWN}"));
    }
    let reason = reason.unwrap_or_default();
    let allow = |lint: &str| DirectiveKind::Allow { lint: lint.to_owned(), reason: reason.clone(), until: until.clone() };
    Ok(lints.into_iter().map(|lint| Directive { span, kind: allow(lint) }).collect())
}

/// `key="value"` or `key=value`, and what comes behind.
fn option(text: &str) -> Result<(&str, String, &str), String> {
    let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.contains(char::is_whitespace)) else {
        let word = text.split_whitespace().next().unwrap_or_default();
        return Err(format!("`{word}` is not understood; {KNOWN}"));
    };
    let Some((quote, quoted)) = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')).map(|quote| (quote, &value[1..])) else {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        return Ok((key, value[..end].to_owned(), &value[end..]));
    };
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            end if end == quote => return Ok((key, content, &quoted[at + 1..])),
            '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    Err(format!("the quote of `{key}` is never closed"))
}

#[cfg(test)]
mod tests;
