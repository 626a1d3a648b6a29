//! A program of the user's: 0 agrees, 1 does not, anything else is not known.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use super::verdict::Verdict;
use crate::migration::MigrationId;
use crate::migration::veto::CommandLine;

/// What is told of its output.
const TOLD: usize = 300;

/// Whether programs are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// They are.
    Run,
    /// They are not: a check of a pull request must not run what the pull request wrote, and whoever asks a server must not set
    /// programs going unless it was told so.
    Skip,
}

/// Judges `kind = "command"`.
pub(super) async fn judge(asked: &CommandLine, migration: &MigrationId, programs: Programs) -> Verdict {
    let name = asked.run.join(" ");
    match programs {
        Programs::Skip => {
            let reason = "its program is not run here: `migrate status` and `migrate apply` run it, and `migrate serve --run-programs`";
            return Verdict::unknown(reason, json!({ "run": asked.run }));
        }
        Programs::Run => {}
    }
    let [program, arguments @ ..] = &asked.run[..] else { return Verdict::unknown("no program is named", json!({})) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.env("MIGRATE_MIGRATION", migration.as_str()).env("MIGRATE_PHASE", "contract");
    if !asked.folder.as_os_str().is_empty() {
        command.current_dir(&asked.folder);
    }
    let output = match tokio::time::timeout(asked.timeout, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Verdict::unknown(format!("`{name}` cannot be run: {error}"), json!({ "run": asked.run })),
        Err(_) => {
            let reason = format!("`{name}` did not end within {}", super::words::length(asked.timeout));
            return Verdict::unknown(reason, json!({ "run": asked.run }));
        }
    };
    let said = [&output.stdout, &output.stderr].into_iter().find_map(|bytes| first_line(bytes));
    let evidence = json!({ "run": asked.run, "exit_code": output.status.code(), "said": said });
    let said = said.map(|line| format!(": {line}")).unwrap_or_default();
    match output.status.code() {
        Some(0) => Verdict::open(format!("`{name}` agrees{said}"), evidence),
        Some(1) => Verdict::closed(format!("`{name}` does not agree{said}"), evidence),
        Some(code) => Verdict::unknown(format!("`{name}` ended with {code}, neither 0 nor 1{said}"), evidence),
        None => Verdict::unknown(format!("`{name}` was killed{said}"), evidence),
    }
}

fn first_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(TOLD).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::GateState;

    async fn of(run: &[&str], programs: Programs) -> Verdict {
        let run = run.iter().map(|word| (*word).to_owned()).collect();
        let asked = CommandLine { run, timeout: Duration::from_millis(500), folder: std::env::temp_dir() };
        judge(&asked, &MigrationId::new("1_a"), programs).await
    }

    #[tokio::test]
    async fn exit_codes_are_three_states() {
        let sh = |script: &'static str| async move { of(&["sh", "-c", script], Programs::Run).await };
        let open = sh("echo fine for $MIGRATE_MIGRATION").await;
        assert_eq!((open.state, open.reason.ends_with("agrees: fine for 1_a")), (GateState::Open, true), "{}", open.reason);
        let closed = sh("echo no >&2; exit 1").await;
        assert_eq!((closed.state, closed.reason.ends_with("does not agree: no")), (GateState::Closed, true));
        for script in ["exit 2", "exit 127", "kill -9 $$", "sleep 5"] {
            assert_eq!(sh(script).await.state, GateState::Unknown, "{script}");
        }
        assert_eq!(of(&["/no/such/program"], Programs::Run).await.state, GateState::Unknown);
        assert_eq!(of(&["true"], Programs::Skip).await.state, GateState::Unknown);
    }
}
