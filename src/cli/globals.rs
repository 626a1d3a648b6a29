//! Arguments that every command takes, and what they resolve to.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// Options that go with every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// The folder that holds migrate.toml [default: found upward from the working directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,

    /// The database [default: $MIGRATE_DATABASE_URL, else $DATABASE_URL, else migrate.toml]
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// How the result is written to standard output [default: text, in GitHub Actions with annotations]
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    pub format: Option<Format>,

    /// Read and replay everything anew, and keep nothing of it
    #[arg(long, global = true)]
    pub no_cache: bool,

    /// When to colour: auto asks the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,

    /// Say less: no progress on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more on standard error; twice for the database conversation
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Formats of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document; its schema is docs/schema.json.
    Json,
    /// The outcome in one line of JSON; its schema is docs/line.schema.json.
    Line,
    /// That line as Spinnaker reads it from the log of a job.
    Spinnaker,
    /// SARIF 2.1.0, for code scanning (lint, plan).
    Sarif,
    /// Workflow commands, a job summary and step outputs for GitHub Actions (lint, plan).
    Github,
    /// GitLab's Code Quality report (lint, plan).
    Gitlab,
    /// Reviewdog's diagnostics, with suggestions (lint, plan).
    Rdjson,
    /// JUnit XML (lint, plan).
    Junit,
    /// A comment for a pull request (lint, plan).
    Markdown,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When standard output is a terminal and the environment does not object.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes the choice hold for everything that is written through anstream.
    pub fn choose(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

impl Format {
    /// Whether every command writes it.
    pub(super) fn is_for_all(self) -> bool {
        match self {
            Format::Text | Format::Json | Format::Line | Format::Spinnaker => true,
            Format::Sarif | Format::Github | Format::Gitlab | Format::Rdjson | Format::Junit | Format::Markdown => false,
        }
    }

    /// Its name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Line => "line",
            Format::Spinnaker => "spinnaker",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Rdjson => "rdjson",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
        }
    }

    /// The format that a command line asks for even where the rest of it cannot be understood.
    pub(super) fn guess(arguments: &[OsString]) -> Format {
        let asks = |name: &str| {
            arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == name)
                || arguments.iter().any(|argument| argument.to_str() == Some(&format!("--format={name}")))
        };
        [Format::Json, Format::Line, Format::Spinnaker].into_iter().find(|format| asks(format.name())).unwrap_or_default()
    }
}
