//! Where the result goes: standard output in the format that was asked for, files (`--report`), and GitHub's own files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use super::globals::{Format, Globals};
use super::redact::{Redacted, redact};
use crate::report::text::{Amount, Style, WIDTH};
use crate::report::{self, CommandName, Report, github, markdown, termination};

/// Arguments of the commands that judge.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Reports {
    /// Write the result to a file as well: `--report sarif=findings.sarif`; repeat for more
    #[arg(long, value_name = "FORMAT=FILE", value_parser = destination)]
    pub report: Vec<Destination>,
}

/// One `--report`.
#[derive(Clone, Debug)]
pub struct Destination {
    format: Format,
    file: PathBuf,
}

fn destination(text: &str) -> Result<Destination, String> {
    let (format, file) = text.split_once('=').ok_or("write FORMAT=FILE, such as sarif=findings.sarif")?;
    let format = <Format as clap::ValueEnum>::from_str(format, false).map_err(|_| format!("there is no format `{format}`"))?;
    if file.is_empty() {
        return Err("name the file behind the `=`".to_owned());
    }
    Ok(Destination { format, file: PathBuf::from(file) })
}

/// Refuses a format that a command does not write.
///
/// # Errors
/// When only the commands that judge write it.
pub(super) fn check(format: Option<Format>, command: CommandName) -> Result<(), Failure> {
    let Some(format) = format.filter(|format| !format.is_for_all() && !judges(command)) else { return Ok(()) };
    let message = format!(
        "`migrate {}` writes text, json, line or spinnaker; `--format {}` goes with lint and plan alone",
        command.as_str(),
        format.name()
    );
    Err(Failure::new(Exit::Usage, message).next(format!("migrate plan --format {}", format.name())))
}

/// Whether a step of a workflow asks for what came of it.
fn runs_in_jobs(command: CommandName) -> bool {
    match command {
        CommandName::Lint
        | CommandName::Plan
        | CommandName::Apply
        | CommandName::Backfill
        | CommandName::Approve
        | CommandName::Mark
        | CommandName::Releases
        | CommandName::Status
        | CommandName::Wait
        | CommandName::Rollback
        | CommandName::Unknown => true,
        CommandName::Init
        | CommandName::New
        | CommandName::Fix
        | CommandName::Stats
        | CommandName::Explain
        | CommandName::Serve
        | CommandName::Completions => false,
    }
}

fn judges(command: CommandName) -> bool {
    matches!(command, CommandName::Lint | CommandName::Plan)
}

/// Writes the report wherever it is wanted.
///
/// # Errors
/// When a file or standard output cannot be written.
pub(super) fn write(report: &mut Report, globals: &Globals, destinations: &[Destination]) -> io::Result<()> {
    let on_github = is_set_to("GITHUB_ACTIONS", "true");
    let asks = globals.format.is_some_and(|format| !format.is_for_all()) || !destinations.is_empty();
    if asks || (on_github && judges(report.command)) {
        let of_globals = globals.project.as_deref().filter(|_| report.folder.is_empty());
        report.folder = folder(of_globals.unwrap_or(Path::new(&report.folder)));
    }
    for Destination { format, file } in destinations {
        if *format == Format::Json {
            let written = File::create(file).and_then(|out| json(report, out));
            written.map_err(|error| named(&error, file))?;
            continue;
        }
        let text = rendered(report, *format, globals)?;
        let text = redact(&text);
        fs::write(file, without_colour(&text)).map_err(|error| named(&error, file))?;
    }
    let format = globals.format.unwrap_or_default();
    print(report, format, globals)?;
    let is_told_github = (format == Format::Github || (globals.format.is_none() && on_github)) && runs_in_jobs(report.command);
    if is_told_github && format != Format::Github {
        let mut out = io::stdout().lock();
        out.write_all(redact(&github::commands(report)).as_bytes())?;
        out.write_all(redact(&github::held(report)).as_bytes())?;
        out.flush()?;
    }
    if is_told_github && judges(report.command) {
        append("GITHUB_STEP_SUMMARY", &redact(&github::summary(report)), github::SUMMARY)?;
    }
    // Whatever standard output holds: a job that reads JSON asks for outputs as well.
    if on_github && runs_in_jobs(report.command) || is_told_github {
        append("GITHUB_OUTPUT", &github::outputs(report), usize::MAX)?;
    }
    Ok(())
}

/// Leaves the outcome where Kubernetes picks it up: in the file that `MIGRATE_TERMINATION_LOG` names, else in the container's
/// termination log where there is one. An empty variable switches it off.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn terminate(report: &Report) -> io::Result<()> {
    let file = match std::env::var_os("MIGRATE_TERMINATION_LOG") {
        Some(named) if named.is_empty() => return Ok(()),
        Some(named) => PathBuf::from(named),
        None if Path::new(termination::FILE).exists() => PathBuf::from(termination::FILE),
        None => return Ok(()),
    };
    fs::write(&file, redact(&termination::render(report)).as_bytes()).map_err(|error| named(&error, &file))
}

/// The result goes to standard output, an error in text to standard error.
fn print(report: &Report, format: Format, globals: &Globals) -> io::Result<()> {
    if format == Format::Json {
        return json(report, io::stdout().lock());
    }
    if format == Format::Text && report.error.is_none() {
        return text(report, globals);
    }
    let text = rendered(report, format, globals)?;
    let text = redact(&text);
    if report.error.is_some() && format != Format::Line {
        // Few formats have a place for it, and their readers are machines.
        let told = rendered(report, Format::Text, globals)?;
        let told = redact(&told);
        let mut err = anstream::stderr().lock();
        err.write_all(told.as_bytes())?;
        err.flush()?;
    }
    if format == Format::Text {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn rendered(report: &Report, format: Format, globals: &Globals) -> io::Result<String> {
    match format {
        Format::Text => Ok(report::text::render(report, &style(globals))),
        Format::Json => report::json::render(report),
        Format::Line => Ok(format!("{}\n", report::line::Line::of(report).render())),
        Format::Spinnaker => Ok(report::spinnaker::render(report)),
        Format::Sarif => report::sarif::render(report).map_err(io::Error::other),
        Format::Github => Ok(format!("{}{}", github::commands(report), github::closing(report))),
        Format::Gitlab => report::gitlab::render(report).map_err(io::Error::other),
        Format::Rdjson => report::rdjson::render(report).map_err(io::Error::other),
        Format::Junit => Ok(report::junit::render(report)),
        Format::Markdown => Ok(markdown::render(report, markdown::COMMENT)),
    }
}

fn style(globals: &Globals) -> Style {
    // Colour is always written and stripped by the stream where nobody wants it.
    colored::control::set_override(true);
    Style { width: width(), amount: if globals.verbose > 0 { Amount::Everything } else { Amount::Usual } }
}

/// The text for people as it is made, piece by piece.
fn text(report: &Report, globals: &Globals) -> io::Result<()> {
    let mut out = Redacted::new(anstream::stdout().lock());
    let mut written = Ok(());
    report::text::write(report, &style(globals), &mut |piece| {
        if written.is_ok() {
            written = out.write_all(piece.as_bytes());
        }
    });
    written?;
    out.finish()
}

/// The document as it is made, piece by piece.
fn json(report: &Report, out: impl Write) -> io::Result<()> {
    let mut out = Redacted::new(out);
    report::json::write(report, &mut out)?;
    out.finish()
}

fn without_colour(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The width of the terminal; 80 columns where there is none.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(WIDTH)
}

fn is_set_to(name: &str, value: &str) -> bool {
    std::env::var(name).is_ok_and(|set| set == value)
}

/// Adds to a file that GitHub names in the environment, as long as it stays below its limit.
fn append(variable: &str, text: &str, limit: usize) -> io::Result<()> {
    let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from) else { return Ok(()) };
    let write = || -> io::Result<()> {
        let mut file: File = OpenOptions::new().create(true).append(true).open(&path)?;
        let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        // Above the limit GitHub takes nothing of it; the annotations and the log have the findings.
        if there.saturating_add(text.len()) > limit {
            return Ok(());
        }
        file.write_all(text.as_bytes())
    };
    write().map_err(|error| named(&error, &path))
}

fn named(error: &io::Error, file: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

/// How the repository calls a folder: relative to the nearest folder above that holds .git, else to what CI checked out.
fn folder(base: &Path) -> String {
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let Ok(base) = fs::canonicalize(base) else { return String::new() };
    let named = || ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let root = base.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
    let root = root.or_else(|| named().filter_map(|folder| fs::canonicalize(folder).ok()).find(|folder| base.starts_with(folder)));
    let inside = root.and_then(|root| base.strip_prefix(root).ok().map(Path::to_owned)).unwrap_or_default();
    inside.to_string_lossy().replace('\\', "/")
}
