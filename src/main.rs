//! The `migrate` command: parses arguments, runs one command, becomes an exit code.

use std::process::ExitCode;

/// A history is replayed through very many small allocations: with the allocator of the C library they take a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    concertina::cli::run(std::env::args_os()).into()
}
