//! `migrate fix`: shows, or writes, an unsafe migration as phases that break nobody.

pub(super) mod target;
pub(super) mod write;

use super::exit::Exit;
use super::failure::Failure;
use super::init::DialectArg;
use super::refused_by;
use super::session::Session;
use crate::fix::{Change, Draft, Fixed, changes, fix};
use crate::report::found::enter;
use crate::report::view::{ChangeView, FindingView};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::ServerVersion;
use target::Target;

/// Arguments of `migrate fix`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A migration, by its name or a part that no other has; or a file or folder, in a project or not
    #[arg(value_name = "MIGRATION|FILE")]
    pub target: String,

    /// Write the files instead of showing the difference
    #[arg(long)]
    pub write: bool,

    /// Refuse to write what this commit holds [default: the main branch of the remote, where git knows it]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,

    /// Exit with 4 when something would change
    #[arg(long, conflicts_with = "write")]
    pub exit_code: bool,

    /// The database that a file without project is for [default: migrate.toml, else postgres]
    #[arg(long, value_enum)]
    pub dialect: Option<DialectArg>,

    /// The release of the database [default: migrate.toml, else the oldest supported]
    #[arg(long, value_name = "VERSION")]
    pub server_version: Option<ServerVersion>,
}

const EXAMPLES: &str = "Examples:\n  \
    migrate fix 20260701_drop_nick            the difference, as `git apply` takes it\n  \
    migrate fix migrations/7_add.sql --write  a flat file keeps its name and its expand part; other phases go to 7_add/\n  \
    migrate fix old/change.sql --dialect mysql";

/// Rewrites one migration.
///
/// # Errors
/// When the target is not found or no text, and when it may not be written any more.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let target = Target::find(args, session)?;
    let original = target.draft.clone();
    let fixed = fix(&target.case(), original.clone());
    let changes = changes(&target.home, &original, &fixed.draft);
    let mut report = Report::new(CommandName::Fix);
    if args.write && !changes.is_empty() {
        target.refuse_history(args, session).await?;
        write::all(&target.root, &changes)?;
        report.outcome = Outcome::Applied;
        report.files = changes.iter().filter(|change| change.after.is_some()).map(|change| change.path.clone()).collect();
    } else {
        report.changes = changes.iter().map(view).collect();
    }
    enter(&mut report, fixed.left.iter().map(|left| left.finding.clone()), [], target.case().past.schema().dialect());
    tell(&mut report, &fixed, &changes, &original);
    if !changes.is_empty() && args.write {
        report.next.push("migrate plan".to_owned());
    } else if !changes.is_empty() {
        report.next.push(format!("migrate fix {} --write", args.target));
    }
    refused_by(&mut report);
    if args.exit_code && report.exit_code == 0 && !changes.is_empty() {
        report.exit_code = Exit::Pending.code();
    }
    Ok(report)
}

fn view(change: &Change) -> ChangeView {
    ChangeView { path: change.path.clone(), content: change.after.clone(), difference: change.difference() }
}

fn tell(report: &mut Report, fixed: &Fixed, changes: &[Change], original: &Draft) {
    for (view, left) in report.findings.iter_mut().zip(&fixed.left) {
        left_as_it_is(view, &left.reason);
    }
    if !fixed.done.is_empty() && !changes.is_empty() {
        report.notes.push(format!("silenced: {}", fixed.done.join(", ")));
    }
    for change in changes.iter().filter(|change| change.after.is_none()) {
        let undoes = original != &fixed.draft && (change.path.ends_with("down.sql") || change.path.ends_with("rollback.sql"));
        report.notes.push(match undoes {
            true => format!("{} undid what is no longer done; `migrate rollback` derives the way back", change.path),
            false => format!("{} goes: its statements stand in other files now", change.path),
        });
    }
    if changes.is_empty() && fixed.left.is_empty() {
        report.notes.push("nothing to fix".to_owned());
    }
}

fn left_as_it_is(view: &mut FindingView, reason: &str) {
    view.files.clear();
    view.message = format!("{}; left as it is: {reason}", view.message);
}
