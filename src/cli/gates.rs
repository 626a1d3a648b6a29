//! Gates as the database's present judges them, to be shown; a run judges them again inside its lease.

use super::failure::Failure;
use crate::backend::{AnyBackend, Backend, BackendError};
use crate::evidence::{self, Answers, Programs, ProofAnswer, Told};
use crate::ledger::Ledger;
use crate::plan::{Gate, GateSpec, Plan, Question};

/// The plan with its gates judged.
///
/// # Errors
/// When the connection breaks while the database is asked for rows that are left.
pub(super) async fn judged(plan: Plan, ledger: &Ledger, backend: &mut AnyBackend, programs: Programs) -> Result<Plan, Failure> {
    let gates = gates(&plan, ledger, backend, programs).await?;
    Ok(plan.with_gates(gates))
}

/// The gate of every contract that did not run.
///
/// # Errors
/// As [`judged`].
pub(super) async fn gates(plan: &Plan, ledger: &Ledger, backend: &mut AnyBackend, programs: Programs) -> Result<Vec<Gate>, Failure> {
    let proofs = proofs(plan, ledger, backend).await?;
    with_proofs(plan, ledger, backend, &proofs, programs).await
}

/// What the database says to the proofs of each gate, in the order of the gates.
///
/// # Errors
/// As [`judged`].
pub(super) async fn proofs(plan: &Plan, ledger: &Ledger, backend: &mut AnyBackend) -> Result<Vec<Vec<ProofAnswer>>, Failure> {
    let mut proofs = Vec::new();
    for spec in plan.gates() {
        proofs.push(answers(spec, ledger, backend).await?);
    }
    Ok(proofs)
}

/// As [`gates`], where [`proofs`] are known.
///
/// # Errors
/// As [`judged`].
pub(super) async fn with_proofs(
    plan: &Plan,
    ledger: &Ledger,
    backend: &mut AnyBackend,
    proofs: &[Vec<ProofAnswer>],
    programs: Programs,
) -> Result<Vec<Gate>, Failure> {
    let mut gates: Vec<Gate> = Vec::new();
    for (spec, proofs) in plan.gates().zip(proofs) {
        let told = inquired(spec, ledger, backend).await?;
        let answers = Answers { proofs: proofs.clone(), verdicts: evidence::consult(spec, ledger, &told, programs).await };
        gates.push(evidence::gate(spec, ledger, &answers));
    }
    Ok(gates)
}

/// What the database tells of those who use it, for the sources that want to know.
async fn inquired(spec: &GateSpec, ledger: &Ledger, backend: &mut AnyBackend) -> Result<Vec<Told>, Failure> {
    let mut told = Vec::with_capacity(spec.vetoes.len());
    for inquiry in evidence::inquiries(spec, ledger) {
        told.push(match inquiry {
            Some(inquiry) => match backend.testify(&inquiry).await {
                Ok(testimony) => Some(Ok(testimony)),
                Err(error @ BackendError::Unreachable { .. }) => return Err(error.into()),
                Err(error) => Some(Err(error.to_string())),
            },
            None => None,
        });
    }
    Ok(told)
}

/// What the database says to each proof. Not asked before the backfill ran: the columns may not be there yet.
async fn answers(spec: &GateSpec, ledger: &Ledger, backend: &mut AnyBackend) -> Result<Vec<ProofAnswer>, Failure> {
    let mut answers = Vec::new();
    if !spec.before.iter().all(|(node, _)| ledger.is_done(node)) {
        return Ok(answers);
    }
    for proof in &spec.proofs {
        let asked = match &proof.question {
            Err(reason) => {
                answers.push(ProofAnswer::Unanswered { reason: reason.clone() });
                continue;
            }
            Ok(Question::Nothing) => Ok(ProofAnswer::NothingLeft),
            Ok(Question::RowsLeft(job)) => match backend.rows_left(job).await {
                Ok(true) => Ok(ProofAnswer::RowsLeft),
                Ok(false) => Ok(ProofAnswer::NothingLeft),
                Err(error) => Err(error),
            },
            Ok(Question::Trigger { table, trigger }) => match backend.has_trigger(table, trigger).await {
                Ok(true) => Ok(ProofAnswer::NothingLeft),
                Ok(false) => Ok(ProofAnswer::TriggerMissing),
                Err(error) => Err(error),
            },
        };
        answers.push(match asked {
            Ok(answer) => answer,
            Err(error @ BackendError::Unreachable { .. }) => return Err(error.into()),
            Err(error) => ProofAnswer::Unanswered { reason: error.to_string() },
        });
    }
    Ok(answers)
}
