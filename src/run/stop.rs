//! Asking a run to stop: it finishes the statement or chunk at hand, records it and gives the lease back.

use tokio::sync::watch;

/// Asks runs to stop.
#[derive(Clone, Debug)]
pub struct Stopper(watch::Sender<bool>);

/// What a run looks at.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// A stopper and what the run looks at.
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Stop(receiver))
    }

    /// Asks to stop. A run that ended meanwhile does not mind.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Nobody will ask.
    pub fn never() -> Stop {
        Stopper::new().1
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Sleeps, but not past the moment when somebody asks.
    pub async fn sleep(&self, pause: std::time::Duration) {
        let mut receiver = self.0.clone();
        let asked = async {
            if receiver.wait_for(|asked| *asked).await.is_err() {
                // The stopper is gone: nobody can ask any more.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked => {}
        }
    }
}
