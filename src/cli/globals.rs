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

    /// How the result is written to standard output
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,

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
    /// The format that a command line asks for even where the rest of it cannot be understood.
    pub(super) fn guess(arguments: &[OsString]) -> Format {
        let asks = arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
            || arguments.iter().any(|argument| argument == "--format=json");
        if asks { Format::Json } else { Format::Text }
    }
}
