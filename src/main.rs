//! The `migrate` command: parses arguments, runs one command, becomes an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    concertina::cli::run(std::env::args_os()).into()
}
