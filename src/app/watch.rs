//! The events of a run as a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::run::{Event, Observer};

/// How many events a slow reader may lag behind: a backfill of an hour at ten chunks a second fits in ten readers' lives.
const BACKLOG: usize = 1024;

/// Passes events on to every reader.
#[derive(Clone, Debug)]
pub(super) struct Broadcast(Sender<Event>);

impl Broadcast {
    pub(super) fn new() -> Broadcast {
        Broadcast(channel(BACKLOG).0)
    }

    pub(super) fn subscribe(&self) -> Events {
        let receiver = self.0.subscribe();
        Events(Box::pin(futures::stream::unfold(receiver, next)))
    }
}

impl Observer for Broadcast {
    fn see(&mut self, event: &Event) {
        // Nobody listens: nobody misses it.
        let _ = self.0.send(event.clone());
    }
}

async fn next(mut receiver: Receiver<Event>) -> Option<(Event, Receiver<Event>)> {
    loop {
        match receiver.recv().await {
            Ok(event) => return Some((event, receiver)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// A stream of events; ends when its [`Migrator`](super::Migrator) goes.
pub struct Events(Pin<Box<dyn Stream<Item = Event> + Send>>);

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.as_mut().poll_next(context)
    }
}
