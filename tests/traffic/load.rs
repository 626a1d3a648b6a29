//! Clients that write and read without a pause, and count.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Clients at the same time.
const CLIENTS: usize = 4;

/// Running clients.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<u64>>,
    failed: Arc<Mutex<Vec<String>>>,
}

impl Load {
    /// Starts clients of the service behind this address.
    pub(crate) fn start(address: &str) -> Load {
        let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let clients = (0..CLIENTS).map(|client| {
            let (stop, failed, address) = (Arc::clone(&stop), Arc::clone(&failed), address.to_owned());
            std::thread::spawn(move || run(client, &address, &stop, &failed))
        });
        Load { clients: clients.collect(), stop, failed }
    }

    /// Stops; how many requests there were, and what failed.
    pub(crate) fn stop(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let requests = self.clients.into_iter().map(|client| client.join().expect("a client ends")).sum();
        let failed = self.failed.lock().expect("no client panicked").clone();
        (requests, failed)
    }

    /// Stops, and fails where a request did.
    #[allow(clippy::print_stderr, reason = "the counts are the result")]
    pub(crate) fn end(self, strategy: &str) {
        let (requests, failed) = self.stop();
        eprintln!("{strategy}: {requests} requests, {} failed", failed.len());
        assert!(failed.is_empty(), "{strategy}: {} of {requests} requests failed: {:#?}", failed.len(), &failed[..failed.len().min(10)]);
        assert!(requests > 200, "{strategy}: {requests} requests show nothing");
    }
}

/// Writes a row, changes it, reads it back: what was written last is what is there, whichever release answers.
fn run(client: usize, address: &str, stop: &AtomicBool, failed: &Mutex<Vec<String>>) -> u64 {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10))).build().into();
    let fail = |what: String| failed.lock().expect("no client panicked").push(what);
    let mut requests = 0;
    for round in 0_u64.. {
        let id = client * 1_000_000 + usize::try_from(round % 50).unwrap_or_default();
        let name = format!("c{client}r{round}");
        let at = format!("http://{address}/users?id={id}");
        requests += 2;
        match agent.post(format!("{at}&name={name}")).send_empty() {
            Ok(answer) if answer.status() == 200 => {}
            Ok(answer) => fail(format!("POST {}: {}", answer.status(), text(answer))),
            Err(error) => fail(format!("POST: {error}")),
        }
        match agent.get(&at).call() {
            Ok(answer) if answer.status() == 200 => {
                let found = text(answer);
                if found != name {
                    fail(format!("GET: `{found}` where `{name}` was written"));
                }
            }
            Ok(answer) => fail(format!("GET {}: {}", answer.status(), text(answer))),
            Err(error) => fail(format!("GET: {error}")),
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        // Two cores serve everybody.
        std::thread::sleep(Duration::from_millis(2));
    }
    requests
}

fn text(mut answer: ureq::http::Response<ureq::Body>) -> String {
    answer.body_mut().read_to_string().unwrap_or_default()
}
