//! What runs: releases as the markers tell, instances as they tell themselves.

use std::fmt::Write;

use colored::Colorize;

use super::{ago, paragraph};
use crate::report::Report;

/// Releases and instances.
pub(super) fn render(report: &Report, text: &mut String) {
    if !report.releases.is_empty() {
        paragraph(text);
        let _ = writeln!(text, "{}", "releases".bold());
        for release in &report.releases {
            let name = format!("{}@{}", release.service, release.release);
            let live = if release.live { "live" } else { "gone" };
            let _ = writeln!(text, "  {name:<20} {live:<6} {:<12} {}", release.state, ago(release.since, report.now));
        }
    }
    if !report.instances.is_empty() {
        paragraph(text);
        let _ = writeln!(text, "{}", "instances".bold());
        for instance in &report.instances {
            let name = format!("{}@{}", instance.service, instance.release);
            let state = if instance.live { "live" } else { "gone" };
            let _ = writeln!(text, "  {name:<20} {state:<6} {:<12} {}", "seen", ago(instance.last_seen, report.now));
        }
    }
}
