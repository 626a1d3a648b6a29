//! The Reviewdog Diagnostic Format: comments in a review, with the cure as a suggestion where it replaces a statement.
//! Columns count bytes, and the end is one past the last.

use serde_json::{Value, json};

use super::Report;
use super::view::{FindingView, LevelView};

/// The document, indented, ending in a newline.
///
/// # Errors
/// None in practice: every part is a plain value.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let diagnostics: Vec<Value> = report.worst_first().into_iter().map(|finding| one(report, finding)).collect();
    let document = json!({ "source": { "name": format!("migrate {}", report.command.as_str()) }, "diagnostics": diagnostics });
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn one(report: &Report, finding: &FindingView) -> Value {
    let severity = match finding.level {
        LevelView::Notice => "INFO",
        LevelView::Warn => "WARNING",
        LevelView::Deny => "ERROR",
    };
    let message = match finding.help.is_empty() {
        true => finding.message.clone(),
        false => format!("{}\n\n{}", finding.message, finding.help),
    };
    let mut one = json!({
        "message": message,
        "severity": severity,
        "code": { "value": finding.lint },
        "location": {
            "path": report.in_repository(&finding.file),
            "range": range((finding.line, finding.start_byte), (finding.end_line, finding.end_byte)),
        },
    });
    if let Some(replacement) = &finding.replacement {
        let range = range((replacement.line, replacement.start_byte), (replacement.end_line, replacement.end_byte));
        one["suggestions"] = json!([{ "range": range, "text": replacement.text }]);
    }
    one
}

fn range(start: (usize, usize), end: (usize, usize)) -> Value {
    json!({ "start": { "line": start.0, "column": start.1 }, "end": { "line": end.0, "column": end.1 } })
}
