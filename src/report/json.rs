//! One JSON document per command; docs/schema.json is its schema.

use std::io::{self, Write};

use super::Report;

/// Writes the document, indented, ending in a newline. A long one is never held as a whole.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &Report, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The document as a text.
///
/// # Errors
/// None in practice: every part of a report is a plain value.
pub fn render(report: &Report) -> io::Result<String> {
    let mut text = Vec::new();
    write(report, &mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}
