//! A value in a JSON document, and a program: for whatever has no source of its own here.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::migration::endpoint::{Endpoint, Scheme};
use crate::migration::table::Table;
use crate::migration::{Bound, MigrationError};

/// `kind = "http"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpValue {
    /// The document's address.
    pub endpoint: Endpoint,
    /// `pointer`: where in the document, as RFC 6901 writes it: `/status/phase`.
    pub pointer: String,
    /// What must be there.
    pub expected: Expected,
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `equals`: this text, or the number or truth value that it spells.
    Text(String),
    /// `open_when`: a number within this limit.
    Number(Bound),
}

/// `kind = "command"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// `run`: the program and its arguments. No shell is between.
    pub run: Vec<String>,
    /// `timeout`: how long it may take. Default one minute.
    pub timeout: Duration,
    /// The folder that it runs in: the project's.
    pub folder: PathBuf,
}

impl HttpValue {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<HttpValue, MigrationError> {
        let document = table.document();
        let endpoint = Endpoint::read(table, at.clone(), Scheme::Bearer)?;
        let pointer = read_pointer(table, at.clone())?;
        let text = table.scalar("equals")?;
        let limit = table.text("open_when")?;
        let expected = match (text, limit) {
            (Some((text, _)), None) => Expected::Text(text),
            (None, Some((limit, limit_at))) => Expected::Number(limit.parse().map_err(|message| document.fault(limit_at, message))?),
            (Some(_), Some((_, at))) => return Err(document.fault(at, "give either `equals` or `open_when`, not both".to_owned())),
            (None, None) => return Err(document.fault(at, "say what the value must be: `equals` or `open_when`".to_owned())),
        };
        Ok(HttpValue { endpoint, pointer, expected })
    }
}

/// `pointer`, as RFC 6901 writes it: empty for the whole document, else each step behind a slash.
pub(in super::super) fn read_pointer(table: &mut Table<'_>, at: Range<usize>) -> Result<String, MigrationError> {
    let (pointer, pointer_at) = table.required("pointer", at)?;
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(pointer);
    }
    let message = format!("`pointer` is `{pointer}`: write a JSON pointer such as \"/status/phase\"");
    Err(table.document().fault(pointer_at, message))
}

impl CommandLine {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<CommandLine, MigrationError> {
        let document = table.document();
        let run: Vec<String> = table.texts("run")?.unwrap_or_default().into_iter().map(|(word, _)| word).collect();
        if run.first().is_none_or(String::is_empty) {
            return Err(
                document.fault(at, "`run` is missing: the program and its arguments, such as [\"./check\", \"--strict\"]".to_owned())
            );
        }
        let timeout = table.duration("timeout")?.unwrap_or(Duration::from_mins(1));
        Ok(CommandLine { run, timeout, folder: PathBuf::new() })
    }
}
