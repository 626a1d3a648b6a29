//! The gate of a contract, judged inside the lease, right before its first statement.

use super::{Event, Halt, Run, overrides};
use crate::backend::{Backend, BackendError, ScriptStart};
use crate::evidence::{self, Answers, Programs, ProofAnswer, Told};
use crate::ledger::Ledger;
use crate::plan::{ApprovedPlan, ApprovedScript, GateSpec, Question};

impl<B: Backend> Run<'_, B> {
    /// How the script starts; `None` when its gate holds it.
    pub(super) async fn pass_gate(&mut self, script: &ApprovedScript, plan: &ApprovedPlan) -> Result<Option<ScriptStart>, Halt> {
        let mut start = ScriptStart {
            node: script.node().clone(),
            digest: script.digest(),
            text: script.source().written().to_owned(),
            actor: self.options.holder.actor.clone(),
            evidence: None,
            overrides: Vec::new(),
        };
        let Some(spec) = script.gate() else { return Ok(Some(start)) };
        // The slow ones first: what the database says must be of this very moment.
        let verdicts = match spec.vetoes.is_empty() {
            true => Vec::new(),
            false => {
                let ledger = self.read_ledger().await?;
                let told = self.inquire(spec, &ledger).await?;
                evidence::consult(spec, &ledger, &told, Programs::Run).await
            }
        };
        let answers = Answers { proofs: self.ask(spec).await?, verdicts };
        let ledger = self.read_ledger().await?;
        let gate = evidence::gate(spec, &ledger, &answers).overridden(plan.overrides());
        if !gate.is_open() {
            self.observer.see(&Event::Held { gate: gate.clone() });
            self.held.push(gate);
            return Ok(None);
        }
        start.evidence = Some(gate.evidence().to_string());
        start.overrides = overrides(script, plan, &gate);
        Ok(Some(start))
    }

    /// Asks the database what sources want to know of those who use it.
    async fn inquire(&mut self, spec: &GateSpec, ledger: &Ledger) -> Result<Vec<Told>, Halt> {
        let mut told = Vec::with_capacity(spec.vetoes.len());
        for inquiry in evidence::inquiries(spec, ledger) {
            told.push(match inquiry {
                Some(inquiry) => match self.backend.testify(&inquiry).await {
                    Ok(testimony) => Some(Ok(testimony)),
                    Err(error @ BackendError::Unreachable { .. }) => return Err(Halt::Failed(error)),
                    Err(error) => Some(Err(error.to_string())),
                },
                None => None,
            });
        }
        Ok(told)
    }

    /// Asks the database for rows that the backfill left.
    async fn ask(&mut self, spec: &GateSpec) -> Result<Vec<ProofAnswer>, Halt> {
        let mut answers = Vec::with_capacity(spec.proofs.len());
        for proof in &spec.proofs {
            let asked = match &proof.question {
                Ok(Question::Nothing) => Ok(ProofAnswer::NothingLeft),
                Ok(Question::RowsLeft(job)) => self.backend.rows_left(job).await.map(rows),
                Ok(Question::Trigger { table, trigger }) => self.backend.has_trigger(table, trigger).await.map(guard),
                Err(reason) => {
                    answers.push(ProofAnswer::Unanswered { reason: reason.clone() });
                    continue;
                }
            };
            answers.push(match asked {
                Ok(answer) => answer,
                // A contract that goes on may have removed what the proof asks for: the gate knows what that means.
                Err(error @ BackendError::Statement { .. }) => ProofAnswer::Unanswered { reason: error.to_string() },
                Err(error) => return Err(Halt::Failed(error)),
            });
        }
        Ok(answers)
    }
}

fn rows(left: bool) -> ProofAnswer {
    if left { ProofAnswer::RowsLeft } else { ProofAnswer::NothingLeft }
}

fn guard(works: bool) -> ProofAnswer {
    if works { ProofAnswer::NothingLeft } else { ProofAnswer::TriggerMissing }
}
