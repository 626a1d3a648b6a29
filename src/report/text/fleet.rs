//! What runs: releases as the markers tell, instances as they tell themselves.

use std::fmt::Write;

use colored::Colorize;

use super::{ago, paragraph};
use crate::report::view::ReleaseView;
use crate::report::{CommandName, Report};

/// Releases and instances.
pub(super) fn render(report: &Report, text: &mut String) {
    if !report.releases.is_empty() {
        paragraph(text);
        let _ = writeln!(text, "{}", "releases".bold());
        for release in &report.releases {
            let name = format!("{}@{}", release.service, release.release);
            let live = if release.live { "live" } else { "gone" };
            let place = release.environment.as_ref().map(|environment| format!("  in {environment}")).unwrap_or_default();
            let _ = writeln!(text, "  {name:<20} {live:<6} {:<12} {}{place}", release.state, ago(release.since, report.now));
            if report.command == CommandName::Releases {
                details(release, text);
            }
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

/// Contracts that a release is told not to be ready for.
const NOT_READY: usize = 3;

/// Where a release comes from, and which contracts it is ready for.
fn details(release: &ReleaseView, text: &mut String) {
    let order = release.order.map(|order| format!("order {order}"));
    let commit = release.commit.as_ref().map(|commit| format!("commit {commit}"));
    let from: Vec<String> = [Some(format!("by {}", release.actor)), commit, order, release.url.clone()].into_iter().flatten().collect();
    let _ = writeln!(text, "    {}", from.join(", "));
    let all = release.contracts.len();
    let ready = release.contracts.iter().filter(|contract| contract.ready).count();
    let _ = match all {
        0 => Ok(()),
        1 if ready == 1 => writeln!(text, "    ready for the contract that is left: {}", release.contracts[0].migration),
        _ if ready == all => writeln!(text, "    ready for all {all} contracts that are left"),
        _ => writeln!(text, "    ready for {ready} of {all} contracts that are left"),
    };
    for contract in release.contracts.iter().filter(|contract| !contract.ready).take(NOT_READY) {
        let _ = writeln!(text, "    not ready for {}: {}", contract.migration, contract.why);
    }
    let more = (all - ready).saturating_sub(NOT_READY);
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
}
