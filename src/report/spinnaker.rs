//! The line that Spinnaker reads from the log of a Run Job stage: its JSON becomes part of the context of the pipeline.

use super::Report;
use super::line::Line;

/// The line, below the key `migrate`: Spinnaker's own context has an `outcome`, too.
pub fn render(report: &Report) -> String {
    format!("SPINNAKER_CONFIG_JSON={{\"migrate\":{}}}\n", Line::of(report).render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::CommandName;

    #[test]
    fn one_line_that_begins_with_the_word_spinnaker_looks_for() {
        let mut report = Report::new(CommandName::Apply);
        report.next = vec!["two\nlines".to_owned()];
        let text = render(&report);
        let json = text.strip_prefix("SPINNAKER_CONFIG_JSON=").and_then(|rest| rest.strip_suffix('\n')).expect("the form");
        let read: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
        assert!(!json.contains('\n') && read["migrate"]["command"] == "apply", "{json}");
    }
}
