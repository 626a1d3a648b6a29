//! `migrate explain`: prints the page of a lint, or the state and gate of one migration.

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use crate::lint::{ALL, rule, similar};
use crate::report::{CommandName, Report};

/// Arguments of `migrate explain`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The id of a lint, the name of a migration, or `lints` for a list of all lints
    #[arg(value_name = "LINT|MIGRATION")]
    pub what: String,
}

/// The page of what is asked for.
///
/// # Errors
/// When nothing has that name.
#[expect(clippy::unused_async, reason = "asks a database for migrations")]
pub async fn run(args: &Args, _session: &Session) -> Result<Report, Failure> {
    let mut report = Report::new(CommandName::Explain);
    if args.what == "lints" {
        report.page = Some(ALL.iter().map(|rule| format!("{:<34} {}\n", rule.id.as_str(), rule.summary().replace('\n', " "))).collect());
        return Ok(report);
    }
    if let Some(rule) = rule(&args.what) {
        report.page = Some(rule.doc.to_owned());
        return Ok(report);
    }
    let failure = Failure::new(Exit::Usage, format!("there is neither a lint nor a migration `{}`", args.what));
    Err(match similar(&args.what) {
        Some(lint) => failure.next(format!("migrate explain {lint}")),
        None => failure.next("migrate explain lints"),
    })
}
