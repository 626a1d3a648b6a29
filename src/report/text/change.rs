//! Files that would change, as a unified difference.

use colored::Colorize;

use super::{line, paragraph};
use crate::report::Report;

/// Every difference, coloured, in the form that `git apply` takes.
pub(super) fn render(report: &Report, text: &mut String) {
    for change in &report.changes {
        paragraph(text);
        for changed in change.difference.lines() {
            let painted = match changed.as_bytes() {
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => changed.bold(),
                [b'@', ..] => changed.cyan(),
                [b'+', ..] => changed.green(),
                [b'-', ..] => changed.red(),
                _ => changed.normal(),
            };
            line(text, &painted.to_string());
        }
    }
    if !report.changes.is_empty() {
        paragraph(text);
    }
}
