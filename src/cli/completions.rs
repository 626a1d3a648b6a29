//! `migrate completions`: prints completions for a shell.

use clap_complete::Shell;

use super::failure::Failure;
use crate::report::{CommandName, Report};

/// Arguments of `migrate completions`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The completions as a page.
///
/// # Errors
/// None.
pub fn run(args: &Args) -> Result<Report, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "migrate", &mut script);
    let mut report = Report::new(CommandName::Completions);
    report.page = Some(String::from_utf8_lossy(&script).into_owned());
    Ok(report)
}
