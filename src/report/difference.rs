//! A cure as a unified difference: what leaves the file of the finding, and what is written instead, file by file.

use super::view::FindingView;

/// The difference; `None` where a finding has no files to write.
pub(super) fn of(finding: &FindingView) -> Option<String> {
    if finding.files.is_empty() {
        return None;
    }
    let own = finding.files.iter().find(|file| *file.path == *finding.file);
    let mut text = changed(finding, own.map(|file| file.sql.as_str())).unwrap_or_default();
    let is_told = !text.is_empty();
    for file in finding.files.iter().filter(|file| !is_told || *file.path != *finding.file) {
        let difference = unified(&file.path, "", &file.sql);
        // The finding's own file is there, although it is not told what of it goes.
        let is_own = *file.path == *finding.file;
        text.push_str(&if is_own { difference.replacen("/dev/null", &format!("a/{}", file.path), 1) } else { difference });
    }
    Some(text)
}

/// What becomes of the file that the finding stands in; `None` where the cure does not take the place of a whole statement.
fn changed(finding: &FindingView, cure: Option<&str>) -> Option<String> {
    let (text, span) = (&finding.source.text, finding.replaces?);
    let (before, rest) = (text.get(..span.start)?, text.get(span.end..)?);
    let now = match cure {
        Some(sql) => format!("{before}{}{rest}", sql.trim().trim_end_matches(';')),
        None => {
            let rest = rest.trim_start_matches(' ').strip_prefix(';').unwrap_or(rest);
            format!("{before}{}", rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')).unwrap_or(rest))
        }
    };
    Some(unified(&finding.file, text, &now))
}

fn unified(path: &str, before: &str, after: &str) -> String {
    let (before, after) = (before.replace("\r\n", "\n"), after.replace("\r\n", "\n"));
    let difference = similar::TextDiff::from_lines(&before, &after);
    let old = if before.is_empty() { "/dev/null".to_owned() } else { format!("a/{path}") };
    let new = if after.trim().is_empty() { "/dev/null".to_owned() } else { format!("b/{path}") };
    difference.unified_diff().context_radius(3).missing_newline_hint(false).header(&old, &new).to_string()
}
