//! `migrate serve`: answers probes, controllers and people over HTTP until it is asked to stop.

mod bench;
mod clean;
mod reader;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::signal;
use super::site::Site;
use crate::report::{CommandName, Report};
use crate::serve::{Hosts, Settings, Token, serve};
use reader::Reader;

/// The variable that holds the token.
const TOKEN: &str = "MIGRATE_SERVE_TOKEN";

/// Arguments of `migrate serve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where to listen; everybody who reaches an address beyond this machine may read
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7432", env = "MIGRATE_SERVE_LISTEN")]
    pub listen: SocketAddr,

    /// A further name under which it may be called while it listens on this machine alone: that of a proxy; repeat for more
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,

    /// A file that holds the bearer token of those who may write markers [default: $MIGRATE_SERVE_TOKEN; without one nobody may]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Serves until a signal asks to stop, then finishes the requests at hand.
///
/// # Errors
/// When the project cannot be read, nobody names a database, or the address cannot be had. A database that is down is
/// no error: it is what the answers say.
pub async fn run(args: &Args, session: &Session) -> Result<Report, Failure> {
    let site = Site::find(session)?;
    let Some(url) = site.url.clone() else {
        // Says how to name a database.
        site.connect().await?;
        return Err(Failure::new(Exit::Usage, "no database is named").next("migrate serve --database-url <URL>"));
    };
    let token = token(args.token_file.as_deref())?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Failure::from_error(Exit::Failure, &error).next(format!("migrate serve --listen {}:0", args.listen.ip())))?;
    let address = listener.local_addr().map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let is_local = address.ip().is_loopback();
    session.say(&format!("listening on http://{address}, for {url}"));
    session.say(match (is_local, token.is_some()) {
        (true, true) => "this machine may read, and write markers with the token",
        (true, false) => "this machine may read; nobody may write",
        (false, true) => "whoever reaches this address may read, and write markers with the token",
        (false, false) => "whoever reaches this address may read; nobody may write",
    });
    let hosts = if is_local { Hosts::Local(args.host.clone()) } else { Hosts::Any };
    let reader = Arc::new(Reader::new(site, url));
    let served = serve(listener, reader, Settings { token, hosts }, signal::first()).await;
    served.map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let mut report = Report::new(CommandName::Serve);
    report.notes.push("stopped, as asked".to_owned());
    Ok(report)
}

/// The token: from a file or the environment, never from the command line, where every user of the machine sees it.
fn token(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    let (text, source) = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::new(Exit::Usage, format!("--token-file {}: {error}", file.display())))?;
            (text, file.display().to_string())
        }
        None => match std::env::var(TOKEN) {
            Ok(text) if !text.is_empty() => (text, TOKEN.to_owned()),
            Ok(_) | Err(_) => return Ok(None),
        },
    };
    Token::new(&text).map(Some).map_err(|error| Failure::new(Exit::Usage, format!("{source}: {error}")))
}
