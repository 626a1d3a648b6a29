//! GitLab's Code Quality report: an array of findings, each with a fingerprint that is its own and survives moved lines.

use serde_json::{Value, json};

use super::Report;
use super::found::hash;
use super::view::{FindingView, LevelView};

/// The document, indented, ending in a newline.
///
/// # Errors
/// None in practice: every part is a plain value.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let findings: Vec<Value> = report.worst_first().into_iter().map(|finding| one(report, finding)).collect();
    let mut text = serde_json::to_string_pretty(&findings)?;
    text.push('\n');
    Ok(text)
}

fn one(report: &Report, finding: &FindingView) -> Value {
    let severity = match finding.level {
        LevelView::Notice => "info",
        LevelView::Warn => "minor",
        LevelView::Deny => "critical",
    };
    let path = report.in_repository(&finding.file);
    json!({
        "description": format!("{} ({})", finding.message, finding.lint),
        "check_name": finding.lint,
        // Reports of several projects in one repository are merged.
        "fingerprint": hash(&[&path, &finding.fingerprint]),
        "severity": severity,
        "location": { "path": path, "lines": { "begin": finding.line, "end": finding.end_line } },
    })
}
