//! A small HTTP server that answers what a test tells it to, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// When.
    pub(crate) at: jiff::Timestamp,
    /// `GET /path?query`.
    pub(crate) line: String,
    /// Headers by lower-case name.
    pub(crate) headers: HashMap<String, String>,
    /// The body.
    pub(crate) body: String,
}

/// What is answered.
struct Told {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Told>>,
    asked: Mutex<Vec<Asked>>,
}

/// The server; it ends with this value.
pub(crate) struct Fake {
    port: u16,
    shared: Arc<Shared>,
    /// Taken when it goes.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Fake {
    /// Starts a server that knows nothing: everything is 404.
    pub(crate) fn start() -> Fake {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let shared = Arc::new(Shared::default());
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.set_nonblocking(true).expect("it is bound");
        let port = listener.local_addr().expect("it is bound").port();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
            axum::serve(listener, router).await
        });
        Fake { port, shared, runtime: Some(runtime) }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Answers a path (with or without its query), or an action of AWS, so from now on.
    pub(crate) fn answer(&self, path: &str, status: u16, body: &str) {
        self.answer_with(path, status, &[], body);
    }

    /// As [`Fake::answer`], with headers.
    pub(crate) fn answer_with(&self, path: &str, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.shared.answers.lock().expect("no test panics here").insert(path.to_owned(), Told { status, headers, body: body.to_owned() });
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("no test panics here").clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // A test's own runtime may not wait for another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let whole = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let asked_action = parts.headers.get("x-amz-target").and_then(|action| action.to_str().ok()).map(str::to_owned);
    let line = format!("{} {whole}", parts.method);
    let asked = Asked { at: jiff::Timestamp::now(), line, headers: headers.collect(), body: String::from_utf8_lossy(&body).into_owned() };
    shared.asked.lock().expect("no test panics here").push(asked);
    let answers = shared.answers.lock().expect("no test panics here");
    // AWS tells the action in a header.
    let action = asked_action.unwrap_or_default();
    let Some(Told { status, headers, body }) =
        answers.get(&action).or_else(|| answers.get(&whole)).or_else(|| answers.get(parts.uri.path()))
    else {
        return (StatusCode::NOT_FOUND, "nothing here").into_response();
    };
    let mut response = (StatusCode::from_u16(*status).expect("a status"), body.clone()).into_response();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().expect("a name of a header");
        response.headers_mut().insert(name, value.parse().expect("a value of a header"));
    }
    response
}
