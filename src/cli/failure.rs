//! What stops a command: an exit code, the error with its causes, and the next command to type.

use std::error::Error;

use super::exit::Exit;
use crate::migration::MigrationError;
use crate::report::{CommandName, ErrorView, Outcome, Report};

/// Why a command did not end well.
#[derive(Debug)]
pub struct Failure {
    /// How the process exits.
    pub exit: Exit,
    /// What went wrong.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// Commands to type next, the likely one first.
    pub next: Vec<String>,
}

impl Failure {
    /// A failure told in one sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), causes: Vec::new(), next: Vec::new() }
    }

    /// An error of a wing below with all its causes; a cause that the message already tells is left out.
    pub fn from_error(exit: Exit, error: &dyn Error) -> Failure {
        let message = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) && !causes.contains(&text) {
                causes.push(text);
            }
            source = cause.source();
        }
        Failure { exit, message, causes, next: Vec::new() }
    }

    /// Names a command that leads on.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Failure {
        self.next.push(command.into());
        self
    }

    /// As the report of the command that failed.
    pub fn report(self, command: CommandName) -> Report {
        let outcome = match self.exit {
            Exit::Findings | Exit::Conflict => Outcome::Refused,
            Exit::Held => Outcome::Held,
            Exit::Done | Exit::Failure | Exit::Usage | Exit::Pending | Exit::Temporary => Outcome::Failed,
        };
        let mut report = Report::new(command);
        report.outcome = outcome;
        report.exit_code = self.exit.code();
        report.error = Some(ErrorView { message: self.message, causes: self.causes });
        report.next = self.next;
        report
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Failure {
        let exit = match error {
            MigrationError::Decode(_) => Exit::Findings,
            _ => Exit::Usage,
        };
        let failure = Failure::from_error(exit, &error);
        match error {
            MigrationError::NoProject { .. } => failure.next("migrate init").next("migrate --project DIR …"),
            _ => failure,
        }
    }
}
