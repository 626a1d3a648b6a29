//! One finding: what breaks, what to do, and the cure as a difference that can be opened.

use std::fmt::Write;

use super::escape::{block, code, prose};
use crate::report::difference;
use crate::report::view::{FindingView, LevelView};

pub(super) fn render(finding: &FindingView) -> String {
    let level = match finding.level {
        LevelView::Notice => "notice",
        LevelView::Warn => "warning",
        LevelView::Deny => "error",
    };
    let mut text = String::new();
    let place = code(&format!("{}:{}", finding.file, finding.line));
    let _ = writeln!(text, "**{level}** {} at {place}: {}\n", code(finding.lint), prose(&finding.message));
    // A notice asks for nothing.
    if finding.level == LevelView::Notice {
        return text;
    }
    let (help, sql) = finding.help.split_once('\n').unwrap_or((&finding.help, ""));
    if !help.is_empty() {
        let _ = writeln!(text, "{}\n", prose(help));
    }
    let cure = difference::of(finding);
    if cure.is_none() && !sql.is_empty() {
        let _ = writeln!(text, "{}", block("sql", sql));
    }
    let legal: Vec<&str> = finding.legal_in.iter().map(|phase| phase.as_str()).collect();
    if !legal.is_empty() {
        let _ = writeln!(text, "The statement is right in {}.\n", legal.join(" or "));
    }
    if let Some(cure) = cure {
        let _ = writeln!(text, "<details><summary>cure</summary>\n\n{}\n</details>\n", block("diff", &cure));
    }
    text
}
