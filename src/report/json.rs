//! One JSON document per command; docs/schema.json is its schema.

use super::Report;

/// The document, indented, ending in a newline.
///
/// # Errors
/// None in practice: every part of a report is a plain value.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
