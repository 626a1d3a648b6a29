//! The account that a server runs under: PostgreSQL refuses root.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

/// Whom commands of a server run as: `None` is the account of the tests.
static ACCOUNT: LazyLock<Option<&'static str>> = LazyLock::new(|| {
    let id = |arguments: &[&str]| {
        Command::new("id").args(arguments).stderr(Stdio::null()).output().ok().filter(|output| output.status.success())
    };
    let root = id(&["-u"]).is_some_and(|output| output.stdout.trim_ascii() == b"0");
    root.then(|| if id(&["-u", "postgres"]).is_some() { "postgres" } else { "nobody" })
});

/// A command of a server, under the account that it accepts.
pub(crate) fn command(program: &Path) -> Command {
    match *ACCOUNT {
        Some(account) => {
            let mut command = Command::new("runuser");
            command.args(["-u", account, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Gives a folder to the server's account.
pub(crate) fn hand_over(folder: &Path) -> Result<(), String> {
    match *ACCOUNT {
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
