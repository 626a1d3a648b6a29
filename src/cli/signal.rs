//! The first SIGTERM or SIGINT asks the run to stop at its next safe point; the second ends the process at once.

use std::io::Write;

use crate::run::{Stop, Stopper};

use super::exit::Exit;

/// What runs look at. Listens until the process ends.
pub(super) fn listen() -> Stop {
    let (stopper, stop) = Stopper::new();
    tokio::spawn(async move {
        if asked().await.is_err() {
            // Without a handler the system's own holds: the process ends at the first signal, which is safe too.
            return;
        }
        stopper.stop();
        // Nobody to tell when standard error is closed.
        let _ = writeln!(anstream::stderr(), "asked to stop: finishing the statement or chunk at hand; again to stop at once");
        if asked().await.is_ok() {
            at_once();
        }
    });
    stop
}

/// Comes back at the first SIGTERM or SIGINT; the second ends the process at once.
#[cfg(feature = "serve")]
pub(super) async fn first() {
    if asked().await.is_err() {
        // Without a handler the system's own holds.
        std::future::pending::<()>().await;
    }
    tokio::spawn(async {
        if asked().await.is_ok() {
            at_once();
        }
    });
}

/// Ends the process: what is not committed is rolled back by the database, what is recorded is resumed by the next run.
#[expect(clippy::exit, reason = "the second signal asks for exactly this")]
fn at_once() -> ! {
    std::process::exit(i32::from(Exit::Temporary.code()))
}

/// Comes back when somebody asks to stop.
#[cfg(unix)]
async fn asked() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Comes back when somebody asks to stop.
#[cfg(not(unix))]
async fn asked() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
