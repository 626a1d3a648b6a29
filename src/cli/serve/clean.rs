//! Takes passwords and control characters out of whatever the server may show. What people wrote into markers, notes, scripts
//! and errors can hold a URL, or what would steer the terminal of whoever reads the answer.

use serde_json::Value;

use crate::cli::redact::redact;
use crate::ledger::Ledger;
use crate::plan::Gate;
use crate::report::Report;
use crate::serve::{Refused, Waiting};

/// Every free text of a report.
pub(super) fn report(report: &mut Report) {
    for note in report.notes.iter_mut().chain(&mut report.next) {
        text(note);
    }
    if let Some(error) = &mut report.error {
        text(&mut error.message);
        error.causes.iter_mut().chain(&mut error.details).for_each(text);
    }
    for gate in &mut report.gates {
        text(&mut gate.reason);
        value(&mut gate.evidence);
        gate.next.iter_mut().for_each(text);
    }
    for phase in report.migrations.iter_mut().flat_map(|migration| &mut migration.phases) {
        phase.actor.iter_mut().for_each(text);
        if let Some(backfill) = phase.progress.as_mut().and_then(|progress| progress.backfill.as_mut()) {
            let said = [&mut backfill.held, &mut backfill.error, &mut backfill.blocker];
            said.into_iter().flatten().for_each(text);
            if let Some(wish) = &mut backfill.wish {
                text(&mut wish.actor);
                wish.reason.iter_mut().for_each(text);
            }
        }
    }
    for release in &mut report.releases {
        text(&mut release.actor);
        release.url.iter_mut().chain(&mut release.commit).for_each(text);
    }
}

/// Every free text of gates.
pub(super) fn gates(gates: &mut [Gate]) {
    for condition in gates.iter_mut().flat_map(|gate| &mut gate.conditions) {
        text(&mut condition.reason);
        value(&mut condition.evidence);
        condition.next.iter_mut().for_each(text);
    }
}

/// Every free text of a ledger.
pub(super) fn ledger(ledger: &mut Ledger) {
    if let Some(lease) = &mut ledger.lease {
        text(&mut lease.holder);
    }
    for script in &mut ledger.scripts {
        text(&mut script.actor);
    }
    for marker in &mut ledger.markers {
        text(&mut marker.actor);
        marker.url.iter_mut().chain(&mut marker.commit).for_each(text);
    }
    for row in &mut ledger.poison {
        text(&mut row.message);
    }
    for control in &mut ledger.controls {
        text(&mut control.actor);
        control.reason.iter_mut().for_each(text);
    }
    for pulse in &mut ledger.pulses {
        text(&mut pulse.worker);
        let said = [&mut pulse.pulse.held, &mut pulse.pulse.error, &mut pulse.pulse.blocker];
        said.into_iter().flatten().for_each(text);
    }
    for record in &mut ledger.approvals {
        text(&mut record.actor);
        text(&mut record.reason);
    }
    for record in &mut ledger.overrides {
        text(&mut record.actor);
        text(&mut record.reason);
    }
}

/// Every free text of waits.
pub(super) fn waits(waits: &mut [Waiting]) {
    for wait in waits {
        text(&mut wait.who);
        text(&mut wait.blockers);
    }
}

/// Every free text of findings that refuse what is pending.
pub(super) fn refusals(refusals: &mut [Refused]) {
    for refusal in refusals {
        text(&mut refusal.message);
    }
}

fn text(text: &mut String) {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(steers) {
        text.retain(|c| !steers(c));
    }
    if let std::borrow::Cow::Owned(clean) = redact(text) {
        *text = clean;
    }
}

fn value(part: &mut Value) {
    match part {
        Value::String(held) => text(held),
        Value::Array(parts) => parts.iter_mut().for_each(value),
        Value::Object(parts) => parts.values_mut().for_each(value),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_control_characters_go() {
        let message = "the default is `postgres://app:s3cret@db/shop`\u{1b}[2J\u{7}\nand more".to_owned();
        let mut refused = [Refused { node: "1_a:expand".to_owned(), lint: "a".to_owned(), message }];
        refusals(&mut refused);
        assert_eq!(refused[0].message, "the default is `postgres://app:***@db/shop`[2J\nand more");
    }
}
