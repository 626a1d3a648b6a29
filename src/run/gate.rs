//! The gate of a contract, judged inside the lease, right before its first statement.

use super::{Event, Halt, Run, overrides};
use crate::backend::{Backend, ScriptStart};
use crate::plan::{ApprovedPlan, ApprovedScript, Gate};

impl<B: Backend> Run<'_, B> {
    /// How the script starts; `None` when its gate holds it.
    pub(super) async fn pass_gate(
        &mut self,
        script: &ApprovedScript,
        plan: &ApprovedPlan,
    ) -> Result<Option<ScriptStart>, Halt> {
        let mut start = ScriptStart {
            node: script.node().clone(),
            digest: script.digest(),
            text: script.source().text.to_string(),
            actor: self.options.holder.actor.clone(),
            evidence: None,
            overrides: Vec::new(),
        };
        let Some(spec) = script.gate() else { return Ok(Some(start)) };
        // Nothing judges gates yet: a gate of which nothing was judged is closed.
        let gate = Gate { migration: spec.migration.clone(), conditions: Vec::new() }.overridden(plan.overrides());
        if !gate.is_open() {
            self.observer.see(&Event::Held { gate: gate.clone() });
            self.held.push(gate);
            return Ok(None);
        }
        start.evidence = Some(gate.evidence().to_string());
        start.overrides = overrides(script, plan, &gate);
        Ok(Some(start))
    }
}
