//! The `migrate` command: parses arguments, runs one command, becomes an exit code.

use std::process::ExitCode;

/// A history is replayed through very many small allocations: with the allocator of the C library they take a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for pages of two megabytes, which the kernel clears as a whole: dear for a process that lives for a
    // second. Where they cannot be switched off, all is well, too.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    concertina::cli::run(std::env::args_os()).into()
}
