//! JUnit: a test case for each file that is well, and one that fails for each finding at level deny. Warnings and notices
//! do not fail a test, so they are what the test printed.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::Report;
use super::view::{FindingView, LevelView};

/// The document, indented, ending in a newline.
pub fn render(report: &Report) -> String {
    let mut cases = String::new();
    let (mut tests, mut failures) = (0, 0);
    let mut by_file: HashMap<&str, Vec<&FindingView>> = HashMap::new();
    for finding in &report.findings {
        by_file.entry(&finding.file).or_default().push(finding);
    }
    for file in files(report) {
        let here = || by_file.get(file).into_iter().flatten().copied();
        let name = escaped(&report.in_repository(file));
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for denied in here().filter(|finding| finding.level == LevelView::Deny) {
            let ordinal = seen.entry(denied.lint).or_default();
            *ordinal += 1;
            failure(denied, *ordinal, &name, &mut cases);
            failures += 1;
            tests += 1;
        }
        let printed: String = here().filter(|finding| finding.level != LevelView::Deny).map(printed).collect();
        // One case for the file itself, so that it is there when nothing is wrong.
        tests += 1;
        if printed.is_empty() {
            let _ = writeln!(cases, "    <testcase classname=\"{name}\" name=\"judged\"/>");
        } else {
            let _ = writeln!(
                cases,
                "    <testcase classname=\"{name}\" name=\"judged\">\n      <system-out>{}</system-out>\n    </testcase>",
                escaped(&printed)
            );
        }
    }
    let command = report.command.as_str();
    let mut errors = 0;
    if let Some(error) = &report.error {
        errors = 1;
        tests += 1;
        let _ = writeln!(
            cases,
            "    <testcase classname=\"migrate\" name=\"{command}\">\n      <error message=\"{}\">{}</error>\n    </testcase>",
            escaped(&error.message),
            escaped(&error.causes.join("\n"))
        );
    }
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"migrate {command}\" {counts}>\n  <testsuite name=\"migrate {command}\" {counts} \
         skipped=\"0\">\n{cases}  </testsuite>\n</testsuites>\n"
    )
}

/// Every file that was judged or has a finding, in order.
fn files(report: &Report) -> Vec<&str> {
    let phases = report.migrations.iter().flat_map(|migration| &migration.phases).map(|phase| phase.file.as_str());
    let mut files: Vec<&str> = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let judged = report.judged.iter().map(String::as_str);
    for file in judged.chain(phases).chain(report.findings.iter().map(|finding| &*finding.file)) {
        if seen.insert(file) {
            files.push(file);
        }
    }
    files
}

fn failure(finding: &FindingView, ordinal: usize, class: &str, cases: &mut String) {
    let number = if ordinal > 1 { format!(" {ordinal}") } else { String::new() };
    let _ = writeln!(
        cases,
        "    <testcase classname=\"{class}\" name=\"{lint}{number}\">\n      <failure type=\"{lint}\" message=\"{}\">{}</failure>\n    </testcase>",
        escaped(&finding.message),
        escaped(&format!("{}:{}:{}\n{}", finding.file, finding.line, finding.column, finding.help)),
        lint = escaped(finding.lint),
    );
}

fn printed(finding: &FindingView) -> String {
    let level = match finding.level {
        LevelView::Notice => "notice",
        LevelView::Warn => "warning",
        LevelView::Deny => "error",
    };
    format!("{}:{}:{}: {level}[{}]: {}\n", finding.file, finding.line, finding.column, finding.lint, finding.message)
}

/// The text with everything escaped that XML gives a meaning to, and without what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '"' => clean.push_str("&quot;"),
            // In an attribute, a line break would be read as a blank.
            '\n' => clean.push_str("&#10;"),
            '\t' => clean.push_str("&#9;"),
            '\r' => clean.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => clean.push('\u{fffd}'),
            c => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escaped("a < b && \"c\"\n\u{1}"), "a &lt; b &amp;&amp; &quot;c&quot;&#10;\u{fffd}");
    }
}
