//! What stops a command: an exit code, the error with its causes, and the next command to type.

use std::error::Error;

use super::exit::Exit;
use crate::backend::BackendError;
use crate::backend::any::ConnectError;
use crate::migration::MigrationError;
use crate::plan::PlanError;
use crate::report::{CommandName, ErrorView, Outcome, Report};
use crate::run::RunError;
use crate::schema::Phase;

/// Why a command did not end well.
#[derive(Debug)]
pub struct Failure {
    /// How the process exits.
    pub exit: Exit,
    /// What went wrong.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// Text to be shown as it is: a difference.
    pub details: Option<String>,
    /// Commands to type next, the likely one first.
    pub next: Vec<String>,
}

impl Failure {
    /// A failure told in one sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), causes: Vec::new(), details: None, next: Vec::new() }
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
        Failure { exit, message, causes, details: None, next: Vec::new() }
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
        self.enter(&mut report);
        report
    }

    /// Adds what went wrong to a report that has more to tell.
    pub fn enter(self, report: &mut Report) {
        report.exit_code = self.exit.code();
        report.error = Some(ErrorView { message: self.message, causes: self.causes, details: self.details });
        report.next = self.next;
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

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        match error {
            PlanError::Migration(error) => error.into(),
            PlanError::Cycle(error) => Failure::from_error(Exit::Usage, &error),
            PlanError::Levels(_) => Failure::from_error(Exit::Usage, &error).next("migrate explain lints"),
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Failure {
        match error {
            ConnectError::Backend(error) => error.into(),
            ConnectError::Target(error) => Failure::from_error(Exit::Usage, &error).next("migrate status --database-url <URL>"),
        }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Failure {
        let exit = match &error {
            BackendError::NewerLedger { .. } => Exit::Conflict,
            error if error.is_temporary() => Exit::Temporary,
            _ => Exit::Failure,
        };
        let failure = Failure::from_error(exit, &error);
        match error {
            BackendError::LeaseBusy { .. } => failure.next("migrate apply --wait …").next("migrate status"),
            BackendError::NewerLedger { .. } => failure.next("migrate --version: use the version that wrote it, or a newer one"),
            _ => failure,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        let applied = error.applied().to_vec();
        let mut failure = match error {
            RunError::Backend { source, node: Some(node), .. } if node.phase == Phase::Expand && !source.is_temporary() => {
                let failure = Failure::from(source);
                // Who finds the fault in the script itself may change it only when nothing of it is left.
                if failure.next.is_empty() {
                    failure.next("migrate status").next(format!("migrate rollback {}", node.migration))
                } else {
                    failure
                }
            }
            RunError::Backend { source, .. } => Failure::from(source),
            RunError::RowsRemain { .. } => Failure::from_error(Exit::Failure, &error),
            RunError::Incomplete { .. } => Failure::from_error(Exit::Failure, &error)
                .next("migrate status")
                .next("migrate apply --phase backfill, once those rows are mended: it takes them up again"),
            RunError::Breached { ref node, .. } => {
                let failure = Failure::from_error(Exit::Temporary, &error).next(format!("migrate apply --phase {}", node.phase));
                match node.phase {
                    Phase::Expand => failure.next(format!("migrate rollback {}", node.migration)),
                    Phase::Backfill | Phase::Contract => failure,
                }
            }
            RunError::Unanswered { ref node, .. } => {
                Failure::from_error(Exit::Temporary, &error).next(format!("migrate apply --phase {}", node.phase))
            }
            RunError::Overtaken { .. } => Failure::from_error(Exit::Conflict, &error).next("migrate plan"),
        };
        if !applied.is_empty() {
            let names: Vec<String> = applied.iter().map(ToString::to_string).collect();
            failure.causes.push(format!("before that, {} ran to the end and stays", names.join(", ")));
        }
        if failure.next.is_empty() {
            failure.next.push("migrate status".to_owned());
        }
        failure
    }
}
