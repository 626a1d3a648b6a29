//! The exit codes: frozen, documented in docs/commands.md, tested in tests/cli.rs.

use std::process::ExitCode;

/// What a run of `migrate` tells its caller. The numbers are an interface and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Something failed for good.
    Failure = 1,
    /// The command line, migrate.toml or a migration.toml is wrong.
    Usage = 2,
    /// There are findings at level deny.
    Findings = 3,
    /// Something is pending (only with `--exit-code`).
    Pending = 4,
    /// A gate holds the contract back.
    Held = 5,
    /// The history in the database and the files disagree, or a newer version wrote the ledger.
    Conflict = 6,
    /// Try again: somebody else runs, a lock was not obtained, the connection broke, or the run was interrupted
    /// at a safe point.
    Temporary = 75,
}

impl Exit {
    /// All of them, by number.
    pub const ALL: [Exit; 8] =
        [Exit::Done, Exit::Failure, Exit::Usage, Exit::Findings, Exit::Pending, Exit::Held, Exit::Conflict, Exit::Temporary];

    /// The number that the process exits with.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in a few words.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done, or nothing to do",
            Exit::Failure => "failure",
            Exit::Usage => "wrong usage or configuration",
            Exit::Findings => "findings at level deny: nothing was run",
            Exit::Pending => "something is pending (only with --exit-code)",
            Exit::Held => "a gate holds the contract back (0 with --if-open)",
            Exit::Conflict => "history conflict: edited or missing file, or a newer ledger",
            Exit::Temporary => "temporary: try again (lease busy, lock not obtained, connection lost, interrupted)",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
