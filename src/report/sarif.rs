//! SARIF 2.1.0, for code scanning: one run, the rules that spoke with their pages, results with fingerprints that survive
//! moved lines, what is allowed as suppressed, and cures as fixes where they replace a statement.

use serde_json::{Value, json};

use super::view::{Excerpt, FindingView, LevelView, ReplacementView};
use super::{Outcome, Report};
use crate::lint::{self, Class, Level, Rule};

/// GitHub refuses a run with more results, and keeps the gravest 5,000.
const RESULTS: usize = 25_000;

/// The name of our fingerprint. Its number grows when the way it is made changes.
const FINGERPRINT: &str = "concertina/v1";

/// The document, indented, ending in a newline.
///
/// # Errors
/// None in practice: every part is a plain value.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&document(report))?;
    text.push('\n');
    Ok(text)
}

fn document(report: &Report) -> Value {
    let mut rules: Vec<&str> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    let allowed = report.allowed.iter().map(|allowed| (&allowed.finding, Some(allowed.reason.as_str())));
    for (finding, reason) in report.worst_first().into_iter().map(|finding| (finding, None)).chain(allowed).take(RESULTS) {
        let index = rules.iter().position(|id| *id == finding.lint).unwrap_or_else(|| {
            rules.push(finding.lint);
            rules.len() - 1
        });
        results.push(result(report, finding, reason, index));
    }
    let rules: Vec<Value> = rules.into_iter().filter_map(lint::rule).map(rule).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Concertina",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "automationDetails": { "id": automation(report) },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(report)],
            "results": results,
        }],
    })
}

/// Keeps the runs of several commands and projects in one repository apart.
fn automation(report: &Report) -> String {
    let command = report.command.as_str();
    if report.folder.is_empty() { format!("migrate {command}/") } else { format!("migrate {command}/{}/", report.folder) }
}

fn invocation(report: &Report) -> Value {
    let mut invocation = json!({
        "executionSuccessful": report.error.is_none() && report.outcome != Outcome::Failed,
        "exitCode": report.exit_code,
    });
    if let Some(error) = &report.error {
        let told: Vec<&str> = std::iter::once(&error.message).chain(&error.causes).map(String::as_str).collect();
        invocation["toolExecutionNotifications"] = json!([{ "level": "error", "message": { "text": told.join("\n") } }]);
    }
    invocation
}

fn rule(rule: &Rule) -> Value {
    let summary = rule.summary().replace('\n', " ");
    let page = rule.doc.split_once('\n').map_or(rule.doc, |(_, page)| page).trim();
    let loudest = [rule.levels.expand, rule.levels.backfill, rule.levels.contract].into_iter().max().unwrap_or(Level::Allow);
    let (level, severity) = match loudest {
        Level::Deny => ("error", "error"),
        Level::Warn => ("warning", "warning"),
        Level::Notice | Level::Allow => ("note", "recommendation"),
    };
    let class = match rule.class {
        Class::OldReleases => "old-releases",
        Class::Waiting => "waiting",
        Class::Data => "data",
        Class::Script => "script",
        Class::Style => "style",
    };
    json!({
        "id": rule.id.as_str(),
        "shortDescription": { "text": summary },
        "fullDescription": { "text": summary },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level },
        "properties": { "tags": ["database", "migration", class], "problem.severity": severity },
    })
}

fn result(report: &Report, finding: &FindingView, reason: Option<&str>, index: usize) -> Value {
    let level = match finding.level {
        LevelView::Notice => "note",
        LevelView::Warn => "warning",
        LevelView::Deny => "error",
    };
    let message = match finding.help.is_empty() {
        true => finding.message.clone(),
        false => format!("{}\n{}", finding.message, finding.help),
    };
    let mut result = json!({
        "ruleId": finding.lint,
        "ruleIndex": index,
        "level": level,
        "message": { "text": message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact(report, &finding.file),
            "region": region(finding.line, finding.column, finding.end_line, finding.end_column),
        } }],
        "partialFingerprints": { FINGERPRINT: finding.fingerprint },
    });
    let excerpts = finding.excerpts();
    let related: Vec<Value> = excerpts.iter().flat_map(|excerpt| related(report, finding, excerpt)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if let Some(reason) = reason {
        result["suppressions"] = json!([{ "kind": "inSource", "status": "accepted", "justification": reason }]);
    }
    if let Some(replacement) = &finding.replacement {
        result["fixes"] = json!([fix(report, finding, replacement)]);
    }
    result
}

/// The other places that an excerpt marks.
fn related<'a>(report: &'a Report, finding: &'a FindingView, excerpt: &'a Excerpt) -> impl Iterator<Item = Value> + 'a {
    excerpt.labels.iter().map(move |(bytes, label)| {
        let line = excerpt.first_line + excerpt.text[..bytes.start].matches('\n').count();
        json!({
            "message": { "text": label },
            "physicalLocation": { "artifactLocation": artifact(report, &finding.file), "region": { "startLine": line } },
        })
    })
}

fn fix(report: &Report, finding: &FindingView, replacement: &ReplacementView) -> Value {
    json!({
        "description": { "text": format!("write the cure of {} in place of the statement", finding.lint) },
        "artifactChanges": [{
            "artifactLocation": artifact(report, &finding.file),
            "replacements": [{
                "deletedRegion": region(replacement.line, replacement.column, replacement.end_line, replacement.end_column),
                "insertedContent": { "text": replacement.text },
            }],
        }],
    })
}

fn region(line: usize, column: usize, end_line: usize, end_column: usize) -> Value {
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

fn artifact(report: &Report, file: &str) -> Value {
    let file = report.in_repository(file);
    if file.starts_with('/') {
        json!({ "uri": format!("file://{}", uri(&file)) })
    } else {
        json!({ "uri": uri(&file), "uriBaseId": "%SRCROOT%" })
    }
}

/// A path with everything escaped that a URI gives a meaning to.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
