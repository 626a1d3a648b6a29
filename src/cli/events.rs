//! `--events`: writes what happens to a file or to standard output, beside whatever else watches the run.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use super::exit::Exit;
use super::failure::Failure;
use super::redact::redact;
use crate::report::events;
use crate::run::{Event, Observer};

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsTo {
    /// Standard output, before the result.
    Output,
    /// A file, to which they are added.
    File(PathBuf),
}

impl FromStr for EventsTo {
    type Err = String;

    fn from_str(text: &str) -> Result<EventsTo, String> {
        match text {
            "" => Err("name a file, or - for standard output".to_owned()),
            "-" => Ok(EventsTo::Output),
            path => Ok(EventsTo::File(PathBuf::from(path))),
        }
    }
}

/// Shows events to whoever watches, and writes each as a line.
pub(super) struct Recorded<'w, O> {
    watcher: &'w mut O,
    to: Option<Box<dyn Write + Send>>,
}

impl<'w, O> Recorded<'w, O> {
    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn open(watcher: &'w mut O, to: Option<&EventsTo>) -> Result<Recorded<'w, O>, Failure> {
        let to: Option<Box<dyn Write + Send>> = match to {
            None => None,
            Some(EventsTo::Output) => Some(Box::new(io::stdout())),
            Some(EventsTo::File(path)) => {
                let file: io::Result<File> = OpenOptions::new().create(true).append(true).open(path);
                let told = |error| Failure::new(Exit::Usage, format!("cannot write events to {}: {error}", path.display()));
                Some(Box::new(file.map_err(told)?))
            }
        };
        Ok(Recorded { watcher, to })
    }
}

impl<O: Observer> Observer for Recorded<'_, O> {
    fn see(&mut self, event: &Event) {
        if let Some(to) = &mut self.to {
            let mut line = events::line(event, Timestamp::now());
            hide(&mut line);
            let line = format!("{line}\n");
            // A line is written whole, so that whoever follows the file never sees half of one.
            if let Err(error) = to.write_all(line.as_bytes()).and_then(|()| to.flush()) {
                tracing::warn!(%error, "events can no longer be written; the run goes on without them");
                self.to = None;
            }
        }
        self.watcher.see(event);
    }
}

/// Takes passwords out of every text, before quotes and escapes are put around it.
fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = redact(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_next_to_a_quote_leaves_a_line_that_can_be_read() {
        let mut line = serde_json::json!({"reason": "host=a password=\"x\" is wrong", "blockers": [{"query": "postgres://a:b@c"}]});
        hide(&mut line);
        let text = line.to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        assert!(text.contains("postgres://a:***@c") && text.contains("password=***"), "{text}");
    }
}
