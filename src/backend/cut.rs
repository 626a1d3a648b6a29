//! Asking a backend to cut off the statement at work, so that nothing of it stays.

use tokio::sync::watch;

/// Asks for it.
#[derive(Debug)]
pub struct Knife(watch::Sender<bool>);

/// What a backend listens to while a statement is at work.
#[derive(Clone, Debug)]
pub struct Cut(watch::Receiver<bool>);

impl Knife {
    /// A knife and what the backend listens to.
    pub fn new() -> (Knife, Cut) {
        let (sender, receiver) = watch::channel(false);
        (Knife(sender), Cut(receiver))
    }

    /// Asks to cut the statement off. One that ended meanwhile does not mind.
    pub fn cut(&self) {
        self.0.send_replace(true);
    }
}

impl Cut {
    /// Nobody will ask.
    pub fn never() -> Cut {
        Knife::new().1
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back when somebody asks; never, once nobody can.
    pub async fn asked(&self) {
        if self.0.clone().wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
