//! A network between the command and its server that can be cut, fall silent, lose an answer, or lead elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the simple protocol ends a transaction: the last statement of a query and its terminating zero.
const COMMIT: &[u8] = b"COMMIT\0";

/// A listening port and what happens behind it.
pub(crate) struct Proxy {
    port: u16,
    wire: Arc<Wire>,
}

struct Wire {
    target: AtomicU16,
    /// Every so many commits the answer is lost; zero for never.
    lose_every: AtomicU32,
    commits: AtomicU32,
    lost: AtomicU32,
    /// Counts up when all connections are to be cut.
    cut: watch::Sender<u32>,
    /// Whether bytes pass.
    passes: watch::Sender<bool>,
}

impl Proxy {
    /// Leads to a port of this machine.
    pub(crate) async fn to(target: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let wire = Arc::new(Wire {
            target: AtomicU16::new(target),
            lose_every: AtomicU32::new(0),
            commits: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            cut: watch::Sender::new(0),
            passes: watch::Sender::new(true),
        });
        tokio::spawn(listen(listener, Arc::clone(&wire)));
        Proxy { port, wire }
    }

    /// The address of a database behind it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Leads new connections to another port.
    pub(crate) fn lead_to(&self, target: u16) {
        self.wire.target.store(target, Ordering::Release);
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.wire.cut.send_modify(|generation| *generation += 1);
    }

    /// From now on nothing passes, and nobody is told.
    pub(crate) fn fall_silent(&self) {
        self.wire.passes.send_replace(false);
    }

    /// Everything passes again, what waited included.
    pub(crate) fn speak_again(&self) {
        self.wire.passes.send_replace(true);
    }

    /// Every `every`th COMMIT reaches the server, but its answer is lost and the connection cut; zero for never.
    pub(crate) fn lose_answers(&self, every: u32) {
        self.wire.lose_every.store(every, Ordering::Release);
    }

    /// How many answers were lost.
    pub(crate) fn lost(&self) -> u32 {
        self.wire.lost.load(Ordering::Acquire)
    }
}

async fn listen(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((client, _)) = listener.accept().await {
        let wire = Arc::clone(&wire);
        tokio::spawn(async move {
            let mut cut = wire.cut.subscribe();
            let target = wire.target.load(Ordering::Acquire);
            // A server that is down refuses: the client sees its connection closed.
            let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let lose = watch::Sender::new(false);
            tokio::select! {
                _ = cut.changed() => {}
                () = ask(from_client, to_server, &wire, &lose) => {}
                () = answer(from_server, to_client, &wire, lose.subscribe()) => {}
            }
        });
    }
}

async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: &Wire, lose: &watch::Sender<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        pass(wire).await;
        if bytes[..read].windows(COMMIT.len()).any(|window| window == COMMIT) {
            let (every, number) = (wire.lose_every.load(Ordering::Acquire), wire.commits.fetch_add(1, Ordering::AcqRel) + 1);
            if every > 0 && number.is_multiple_of(every) {
                lose.send_replace(true);
            }
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: &Wire, lose: watch::Receiver<bool>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        pass(wire).await;
        if *lose.borrow() {
            wire.lost.fetch_add(1, Ordering::AcqRel);
            return;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn pass(wire: &Wire) {
    // The sender lives as long as the wire.
    let _ = wire.passes.subscribe().wait_for(|passes| *passes).await;
}
