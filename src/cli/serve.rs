//! `migrate serve`: answers probes, controllers and people over HTTP until it is asked to stop.

mod bench;
mod clean;
mod reader;

use std::env::VarError;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;
use super::signal;
use super::site::Site;
use crate::evidence::Programs;
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

    /// Run the programs of gates of kind `command`, when somebody asks for a gate; without it such a gate is unknown here
    #[arg(long)]
    pub run_programs: bool,

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
    let listener = TcpListener::bind(args.listen).await.map_err(|error| deaf(args.listen, &error))?;
    let address = listener.local_addr().map_err(|error| deaf(args.listen, &error))?;
    // An address of version 4 may be written as one of version 6.
    let is_local = address.ip().to_canonical().is_loopback();
    session.say(&format!("listening on http://{address}, for {url}"));
    session.say(match (is_local, token.is_some()) {
        (true, true) => "this machine may read, and write markers with the token",
        (true, false) => "this machine may read; nobody may write",
        (false, true) => "whoever reaches this address may read, and write markers with the token",
        (false, false) => "whoever reaches this address may read; nobody may write",
    });
    let hosts = if is_local { Hosts::Local(args.host.clone()) } else { Hosts::Any };
    let programs = if args.run_programs { Programs::Run } else { Programs::Skip };
    let reader = Arc::new(Reader::new(site, url, programs));
    let served = serve(listener, reader, Settings { token, hosts }, signal::first()).await;
    served.map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let mut report = Report::new(CommandName::Serve);
    report.notes.push("stopped, as asked".to_owned());
    Ok(report)
}

/// It cannot listen there, and where it could.
fn deaf(address: SocketAddr, error: &io::Error) -> Failure {
    let port = address.port();
    let elsewhere = match error.kind() {
        // Ports below 1024 are for who is privileged.
        ErrorKind::PermissionDenied => SocketAddr::new(address.ip(), port.saturating_add(8000)),
        // No address of this machine.
        ErrorKind::AddrNotAvailable => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
        // Whatever port is free; it says which one.
        _ => SocketAddr::new(address.ip(), 0),
    };
    Failure::new(Exit::Failure, format!("cannot listen on {address}: {error}")).next(format!("migrate serve --listen {elsewhere}"))
}

/// The token: from a file or the environment, never from the command line, where every user of the machine sees it.
fn token(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    let (text, source) = match file {
        Some(file) => {
            let source = format!("--token-file {}", file.display());
            let text = std::fs::read_to_string(file).map_err(|error| tokenless(&source, &error, Some(file)))?;
            (text, source)
        }
        None => match std::env::var(TOKEN) {
            Ok(text) if !text.is_empty() => (text, TOKEN.to_owned()),
            Ok(_) | Err(VarError::NotPresent) => return Ok(None),
            // Its own message would show it.
            Err(VarError::NotUnicode(_)) => return Err(tokenless(TOKEN, &"it is no UTF-8 text", None)),
        },
    };
    Token::new(&text).map(Some).map_err(|error| tokenless(&source, &error, file))
}

/// The token is of no use, and how a good one is made.
fn tokenless(source: &str, reason: &dyn Display, file: Option<&Path>) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("{source}: {reason}"));
    match file.map(Path::display) {
        Some(file) => {
            failure.next(format!("(umask 077; openssl rand -hex 32 > {file})")).next(format!("migrate serve --token-file {file}"))
        }
        None => failure.next(format!("{TOKEN}=$(openssl rand -hex 32) migrate serve")),
    }
}
