//! The accounts that servers run under: none of them takes root.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Whom commands of PostgreSQL run as: `None` is the account of the tests.
static ACCOUNT: LazyLock<Option<&'static str>> = LazyLock::new(|| other_than_root("postgres"));

/// Whom commands of MariaDB run as: `None` is the account of the tests.
static MARIADB: LazyLock<Option<&'static str>> = LazyLock::new(|| other_than_root("mysql"));

/// Under root, the account of this name, or `nobody` where it does not exist.
fn other_than_root(name: &'static str) -> Option<&'static str> {
    let id = |arguments: &[&str]| {
        Command::new("id").args(arguments).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())
    };
    let root = id(&["-u"]).is_some_and(|output| output.stdout.trim_ascii() == b"0");
    root.then(|| if id(&["-u", name]).is_some() { name } else { "nobody" })
}

/// A command of a PostgreSQL server, under the account that it accepts.
pub(crate) fn command(program: &Path) -> Command {
    under(*ACCOUNT, program)
}

/// A command of a MariaDB server, under its account.
pub(crate) fn mariadb_command(program: &Path) -> Command {
    under(*MARIADB, program)
}

fn under(account: Option<&str>, program: &Path) -> Command {
    match account {
        Some(account) => {
            let mut command = Command::new("runuser");
            command.args(["-u", account, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Gives a folder to the account of PostgreSQL.
pub(crate) fn hand_over(folder: &Path) -> Result<(), String> {
    hand_to(*ACCOUNT, folder)
}

/// Gives a folder to the account of MariaDB.
pub(crate) fn mariadb_hand_over(folder: &Path) -> Result<(), String> {
    hand_to(*MARIADB, folder)
}

fn hand_to(account: Option<&str>, folder: &Path) -> Result<(), String> {
    match account {
        Some(account) => run(Command::new("chown").arg(account).arg(folder)).map(drop),
        None => Ok(()),
    }
}

/// Runs a command to its end; the error holds what it printed.
pub(crate) fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}: {}", output.status, String::from_utf8_lossy(&printed).trim()))
}
