//! `migrate approve`: records that somebody has seen a contract as it is now and agrees that it runs.

use super::exit::Exit;
use super::failure::Failure;
use super::session::{Session, actor};
use super::site::{Site, ledger};
use crate::backend::Backend;
use crate::ledger::ApprovalRecord;
use crate::plan::Known;
use crate::report::{CommandName, Outcome, Report};
use crate::schema::size::Sizes;
use crate::sql::Digest;

/// Arguments of `migrate approve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The migration whose contract is approved, by its name or a part that no other has
    pub migration: String,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// Who approves (default: $MIGRATE_ACTOR, the CI user, user and host)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,

    /// Only if the contract still has this digest: what was looked at
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub digest: Option<Digest>,
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text.trim()).ok_or_else(|| "a digest has 64 hexadecimal digits: copy it from `migrate explain`".to_owned())
}

/// Records the approval.
///
/// # Errors
/// When the migration has no open contract, it is another one than was looked at, or the database cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::new(Exit::Usage, "--reason must say why: it is kept with the approval"));
    }
    let site = Site::find(session)?;
    let migration = site.migration(&args.migration)?;
    let mut backend = site.connect().await?;
    let ledger = ledger(&mut backend).await?;
    let plan = site.plan(backend.server(), Known::Ledger(&ledger), &Sizes::unknown())?;
    if let Some(failure) = site.conflict(&mut backend, &plan.history).await {
        return Err(failure);
    }
    let Some(spec) = plan.gates().find(|spec| spec.migration == migration.id) else {
        return Err(Failure::new(Exit::Failure, format!("{} has no contract that is still to run", migration.id)).next("migrate status"));
    };
    let digest = spec.digest();
    if args.digest.is_some_and(|seen| seen != digest) {
        let message = format!("the contract of {} is not what was looked at: its digest is {digest}", migration.id);
        return Err(Failure::new(Exit::Conflict, message).next(format!("migrate explain {}", migration.id)));
    }
    let actor = actor(args.by.as_deref());
    let record = ApprovalRecord {
        migration: migration.id.clone(),
        digest,
        reason: args.reason.clone(),
        actor: actor.clone(),
        // The database writes its own clock.
        at: ledger.now,
    };
    backend.approve(&record).await?;
    backend.close().await;
    let mut report = Report::new(CommandName::Approve);
    report.outcome = Outcome::Applied;
    report.notes.push(format!("{actor} approves the contract of {} (digest {digest})", migration.id));
    if !spec.vetoes.iter().any(|veto| veto.kind() == crate::migration::VetoKind::Approval) {
        report.notes.push("no gate of it asks for an approval: `[[contract.gate]] kind = \"approval\"` does".to_owned());
    }
    report.next.push("migrate apply --phase contract --if-open".to_owned());
    Ok(report)
}
