//! The `migrate` command: one file per command, each with its arguments and one function that returns a typed
//! result. Only this file and `report` write to the terminal.

pub mod apply;
pub mod approve;
pub mod backfill;
mod base;
pub mod breach;
mod cache;
pub mod completions;
mod cutting;
pub mod events;
pub mod exit;
pub mod explain;
pub mod failure;
pub mod fix;
mod gates;
pub mod globals;
pub mod init;
pub mod lint;
pub mod mark;
pub mod new;
pub mod output;
pub mod plan;
mod progress;
mod redact;
pub mod releases;
pub mod rollback;
#[cfg(feature = "serve")]
pub mod serve;
mod session;
mod signal;
mod site;
mod speeds;
pub mod stats;
pub mod status;
pub mod wait;

pub use exit::Exit;
pub use failure::Failure;

use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};

use crate::migration::parse_duration;
use crate::report::view::{FindingView, LevelView};
use crate::report::{CommandName, Outcome, Report};
use crate::schema::Phase;
use globals::{Format, Globals};
use session::Session;

/// Schema migrations that enforce expand-contract: every release works with the schema it meets, before, during and
/// after its own roll-out, and after a roll-back.
#[derive(Parser, Debug)]
#[command(name = "migrate", version, max_term_width = 100, after_help = exit_help())]
#[command(propagate_version = true, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write migrate.toml and the migrations folder
    Init(init::Args),
    /// Write the folder of a new migration with its phases
    New(new::Args),
    /// Rewrite an unsafe migration as phases that break nobody
    Fix(fix::Args),
    /// Judge any SQL files, folders or standard input; needs no project and no database
    Lint(lint::Args),
    /// Show what would run, what it locks, what it breaks and what is held: the check for pull requests. Never writes
    Plan(plan::Args),
    /// Write how large the tables of the database are, for checks that cannot ask it: migrate stats > sizes.json
    Stats(stats::Args),
    /// Run what is pending and allowed in one phase
    Apply(apply::Args),
    /// Approve a contract as it is now, where a gate asks for it
    Approve(approve::Args),
    /// Steer a backfill that runs elsewhere: pause, resume, cancel, pace, status
    Backfill(backfill::Args),
    /// Record what the deploy did: releases started, deployed, rolled back, retired
    Mark(mark::Args),
    /// Show which releases are live, since when, and ready for which contracts
    Releases(releases::Args),
    /// Show what is applied, running and held, and which releases are live
    Status(status::Args),
    /// Block until a phase is done: for init containers and start-up scripts
    Wait(wait::Args),
    /// Undo an open expand, after saying what is lost
    Rollback(rollback::Args),
    /// Print the page of a lint, or the state and gate of one migration
    Explain(explain::Args),
    /// Answer probes, deploy controllers, Prometheus and people over HTTP, with a board of everything that is open
    #[cfg(feature = "serve")]
    Serve(serve::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

impl Command {
    fn name(&self) -> CommandName {
        match self {
            Command::Init(_) => CommandName::Init,
            Command::New(_) => CommandName::New,
            Command::Fix(_) => CommandName::Fix,
            Command::Lint(_) => CommandName::Lint,
            Command::Plan(_) => CommandName::Plan,
            Command::Stats(_) => CommandName::Stats,
            Command::Apply(_) => CommandName::Apply,
            Command::Approve(_) => CommandName::Approve,
            Command::Backfill(_) => CommandName::Backfill,
            Command::Mark(_) => CommandName::Mark,
            Command::Releases(_) => CommandName::Releases,
            Command::Status(_) => CommandName::Status,
            Command::Wait(_) => CommandName::Wait,
            Command::Rollback(_) => CommandName::Rollback,
            Command::Explain(_) => CommandName::Explain,
            #[cfg(feature = "serve")]
            Command::Serve(_) => CommandName::Serve,
            Command::Completions(_) => CommandName::Completions,
        }
    }

    /// Files that the result goes to as well.
    fn destinations(&self) -> &[output::Destination] {
        match self {
            Command::Lint(args) => &args.reports.report,
            Command::Plan(args) => &args.reports.report,
            Command::Init(_)
            | Command::New(_)
            | Command::Stats(_)
            | Command::Apply(_)
            | Command::Approve(_)
            | Command::Backfill(_)
            | Command::Mark(_)
            | Command::Releases(_)
            | Command::Status(_)
            | Command::Wait(_)
            | Command::Rollback(_)
            | Command::Explain(_)
            | Command::Fix(_)
            | Command::Completions(_) => &[],
            #[cfg(feature = "serve")]
            Command::Serve(_) => &[],
        }
    }
}

/// Runs a command line, the name of the program first, and says how the process should exit.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match Cli::try_parse_from(&arguments) {
        Ok(cli) => execute(&cli),
        Err(error) => misused(&error, Format::guess(&arguments)),
    }
}

/// The definition of the command line, for completions and the generated documentation.
pub fn definition() -> clap::Command {
    Cli::command()
}

fn execute(cli: &Cli) -> Exit {
    cli.globals.color.choose();
    let name = cli.command.name();
    if let Err(failure) = output::check(cli.globals.format, name) {
        let globals = Globals { format: None, ..cli.globals.clone() };
        return finish(failure.report(name), &globals, &[]);
    }
    let destinations = cli.command.destinations();
    let session = match Session::open(&cli.globals) {
        Ok(session) => session,
        Err(failure) => return finish(failure.report(name), &cli.globals, destinations),
    };
    let result = session.block_on(dispatch(&cli.command, &session));
    let report = result.unwrap_or_else(|failure| failure.report(name));
    finish(report, &cli.globals, destinations)
}

async fn dispatch(command: &Command, session: &Session) -> Result<Report, Failure> {
    match command {
        Command::Init(args) => init::run(args, session),
        Command::New(args) => new::run(args, session),
        Command::Fix(args) => Box::pin(fix::run(args, session)).await,
        Command::Lint(args) => lint::run(args, session),
        Command::Plan(args) => Box::pin(plan::run(args, session)).await,
        Command::Stats(args) => Box::pin(stats::run(args, session)).await,
        Command::Apply(args) => Box::pin(apply::run(args, session)).await,
        Command::Approve(args) => Box::pin(approve::run(args, session)).await,
        Command::Backfill(args) => Box::pin(backfill::run(args, session)).await,
        Command::Mark(args) => Box::pin(mark::run(args, session)).await,
        Command::Releases(args) => Box::pin(releases::run(args, session)).await,
        Command::Status(args) => Box::pin(status::run(args, session)).await,
        Command::Wait(args) => Box::pin(wait::run(args, session)).await,
        Command::Rollback(args) => Box::pin(rollback::run(args, session)).await,
        Command::Explain(args) => Box::pin(explain::run(args, session)).await,
        #[cfg(feature = "serve")]
        Command::Serve(args) => Box::pin(serve::run(args, session)).await,
        Command::Completions(args) => completions::run(args),
    }
}

/// Writes the report, says the exit code.
fn finish(mut report: Report, globals: &Globals, destinations: &[output::Destination]) -> Exit {
    let exit = Exit::ALL.into_iter().find(|exit| exit.code() == report.exit_code).unwrap_or(Exit::Failure);
    if let Err(error) = output::terminate(&report) {
        // The result is told elsewhere as well: what was done is not undone by a message that got lost.
        let _ = writeln!(anstream::stderr(), "warning: the termination message cannot be written: {error}");
    }
    match output::write(&mut report, globals, destinations) {
        Ok(()) => exit,
        // The reader went away (`| head`): what was done is done.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "error: cannot write the result: {error}");
            if exit == Exit::Done { Exit::Failure } else { exit }
        }
    }
}

/// A command line that clap refuses, or that asks for help.
fn misused(error: &clap::Error, format: Format) -> Exit {
    let is_help = error.exit_code() == 0;
    if !is_help {
        let failure = Failure::new(Exit::Usage, in_one_line(&error.to_string())).next("migrate --help");
        let report = failure.report(CommandName::Unknown);
        if format == Format::Text {
            // Nobody reads a message that cannot be written either.
            let _ = output::terminate(&report);
        } else {
            let globals = Globals { format: Some(format), ..Globals::default() };
            return finish(report, &globals, &[]);
        }
    }
    // Prints help to standard output and errors to standard error.
    let printed = error.print();
    match (is_help, printed) {
        (true, Ok(())) => Exit::Done,
        (true, Err(_)) => Exit::Failure,
        (false, _) => Exit::Usage,
    }
}

/// What clap says of a command line, without the usage behind it: a termination message is read in a table.
fn in_one_line(text: &str) -> String {
    let told = ["\n\nUsage:", "\n\nFor more"].into_iter().fold(text, |text, end| text.split(end).next().unwrap_or(text));
    let lines = told.trim_start_matches("error: ").lines().map(str::trim).filter(|line| !line.is_empty());
    lines.fold(String::new(), |mut line, next| {
        if !line.is_empty() {
            line.push_str(if line.ends_with(':') { " " } else { "; " });
        }
        line + next
    })
}

/// The exit codes, for `--help`.
fn exit_help() -> String {
    let codes = Exit::ALL.map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", codes.join("\n"))
}

/// A phase, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PhaseArg {
    /// Additive; runs before the new release.
    Expand,
    /// Existing rows, in batches.
    Backfill,
    /// Removes what no running release uses any more.
    Contract,
}

impl PhaseArg {
    /// What is done in the phase, as a verb.
    fn verb(self) -> &'static str {
        match self {
            PhaseArg::Expand => "expand",
            PhaseArg::Backfill => "backfill",
            PhaseArg::Contract => "contract",
        }
    }
}

impl From<PhaseArg> for Phase {
    fn from(argument: PhaseArg) -> Phase {
        match argument {
            PhaseArg::Expand => Phase::Expand,
            PhaseArg::Backfill => Phase::Backfill,
            PhaseArg::Contract => Phase::Contract,
        }
    }
}

/// Migrations that the last lines of a report name at most.
const LED_TO: usize = 3;

/// Says which commands write what findings recommend.
fn lead_to_fix(report: &mut Report, target: impl Fn(&FindingView) -> String) {
    let curable = report.findings.iter().filter(|finding| finding.level != LevelView::Notice && !finding.files.is_empty());
    let mut commands: Vec<String> = Vec::new();
    for command in curable.map(|finding| format!("migrate fix {}", target(finding))) {
        if !commands.contains(&command) && commands.len() < LED_TO {
            commands.push(command);
        }
    }
    report.next.extend(commands);
}

/// Refuses where a finding of the report is at level deny.
fn refused_by(report: &mut Report) {
    if report.findings.iter().any(|finding| finding.level == LevelView::Deny) {
        report.outcome = Outcome::Refused;
        report.exit_code = Exit::Findings.code();
    }
}

/// A duration such as `90s`, `10m` or `24h`.
fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write a duration such as 90s, 10m or 24h".to_owned())
}
