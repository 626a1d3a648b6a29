//! `migrate stats`: how large the tables of a database are, as a file for checks that cannot ask it.

use std::path::Path;

use super::failure::Failure;
use super::session::Session;
use super::site::{Site, connect, ledger};
use crate::backend::{Backend, Care};
use crate::migration::{Project, Stats};
use crate::plan::Known;
use crate::report::{CommandName, Report};
use crate::schema::size::Sizes;

/// Arguments of `migrate stats`.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Counts the tables. Never writes.
///
/// # Errors
/// When the project cannot be read or the database cannot be asked.
pub async fn run(_args: &Args, session: &Session) -> Result<Report, Failure> {
    let project = session.project_if_any()?;
    let url = session.database_url(&project.clone().unwrap_or_else(|| Project::bare(Path::new("."))))?;
    let mut backend = connect(url.as_ref()).await?;
    let ledger = ledger(&mut backend).await?;
    let server = backend.server();
    let ran = match project {
        Some(_) => Site::find(session)?.survey(server, Known::Ledger(&ledger), &Sizes::unknown()).ran(),
        None => None,
    };
    let tables = backend.count(Care::Exact).await?;
    backend.close().await;
    let mut report = Report::new(CommandName::Stats);
    report.stats = Some(Stats::new(server.dialect, server.version.to_string(), ledger.now, ran.as_deref(), tables));
    Ok(report)
}
