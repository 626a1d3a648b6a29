//! One small HTTP client for every source: bounded in time and size, follows no redirect, tells no secret.

use std::time::Duration;

use base64::Engine;
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::secret::Secret;
use crate::migration::{Endpoint, Scheme};

/// The largest answer that is read: a list of a few thousand pods.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What is told of an answer that was not expected.
const TOLD: usize = 200;

/// A service that can be asked.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    base: Url,
    headers: Vec<(String, String)>,
    /// The header that carries the secret, and its value.
    shown: Option<(String, Secret)>,
    secret: Option<Secret>,
    /// What else nobody may read: what requests are signed with.
    hidden: Vec<Secret>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is done.
    pub method: Method,
    /// Below the service's address; empty for the address itself.
    pub path: String,
    /// Parameters of the query.
    pub query: Vec<(String, String)>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body and its content type.
    pub body: Option<(String, &'static str)>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Asks with a body. Nothing that is asked here changes anything.
    Post,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Link` header, where there is one.
    pub link: Option<String>,
    /// The body, as text.
    pub body: String,
    /// The address, for messages.
    pub from: String,
}

/// Why there is no answer. No message holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The secret is not where the settings say.
    #[error("{reason}")]
    Secret {
        /// Why.
        reason: String,
    },
    /// `ca_file` cannot be used.
    #[error("`ca_file` {path}: {reason}")]
    Certificates {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The request was not answered.
    #[error("cannot ask {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The answer sends elsewhere.
    #[error("{url} answered {status} and sends elsewhere{to}: redirects are not followed, write the final address")]
    Redirect {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// ` (to …)`, or nothing.
        to: String,
    },
    /// The answer is no success.
    #[error("{url} answered {status}{said}")]
    Status {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of what it said, or nothing.
        said: String,
    },
    /// The answer is not the document that was expected.
    #[error("{url} did not answer with JSON: {reason}")]
    NotJson {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
}

impl Call {
    /// Reads what is at a path below the address.
    pub fn get(path: impl Into<String>) -> Call {
        Call { method: Method::Get, path: path.into(), query: Vec::new(), headers: Vec::new(), body: None }
    }

    /// Asks with a body.
    pub fn post(path: impl Into<String>, body: impl Into<String>, content_type: &'static str) -> Call {
        Call { method: Method::Post, body: Some((body.into(), content_type)), ..Call::get(path) }
    }

    /// With a parameter.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Call {
        self.query.push((key.to_owned(), value.into()));
        self
    }
}

impl Client {
    /// A client for an endpoint; reads its secret and its certificates.
    ///
    /// # Errors
    /// `Secret` and `Certificates`.
    pub fn open(endpoint: &Endpoint) -> Result<Client, HttpError> {
        let secret = match &endpoint.credential {
            Some(credential) => {
                Some((Secret::read(&credential.secret).map_err(|reason| HttpError::Secret { reason })?, &credential.scheme))
            }
            None => None,
        };
        let shown = secret.as_ref().map(|(secret, scheme)| header(secret, scheme));
        Ok(Client {
            agent: agent(endpoint)?,
            base: endpoint.url.clone(),
            headers: endpoint.headers.clone(),
            shown,
            secret: secret.map(|(secret, _)| secret),
            hidden: Vec::new(),
        })
    }

    /// A client that tells nothing of these either.
    #[must_use]
    pub(super) fn hiding(mut self, secrets: impl IntoIterator<Item = Secret>) -> Client {
        self.hidden.extend(secrets);
        self
    }

    /// The address of a call.
    pub fn url(&self, call: &Call) -> Url {
        let mut url = self.base.clone();
        if !call.path.is_empty() {
            let joined = format!("{}/{}", url.path().trim_end_matches('/'), call.path.trim_start_matches('/'));
            url.set_path(&joined);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        url
    }

    /// Sends a request and reads its whole answer, whatever its status, on a thread that may block.
    ///
    /// # Errors
    /// `Unreachable` and `Redirect`.
    pub async fn send(&self, call: Call) -> Result<Answer, HttpError> {
        let client = self.clone();
        let url = client.url(&call);
        let shown = shown(&url);
        let asked = tokio::task::spawn_blocking(move || client.block(&url, &call)).await;
        asked.unwrap_or_else(|error| Err(HttpError::Unreachable { url: shown, reason: error.to_string() }))
    }

    /// As [`Client::send`], for a document that must be there.
    ///
    /// # Errors
    /// As [`Client::send`], `Status` for anything but success, and `NotJson`.
    pub async fn json(&self, call: Call) -> Result<serde_json::Value, HttpError> {
        let answer = self.send(call).await?;
        self.success(&answer)?;
        answer.json()
    }

    /// Whether the answer is a success.
    ///
    /// # Errors
    /// `Status`.
    pub fn success(&self, answer: &Answer) -> Result<(), HttpError> {
        match answer.status {
            200..=299 => Ok(()),
            status => Err(HttpError::Status { url: answer.from.clone(), status, said: self.said(&answer.body) }),
        }
    }

    /// The text without the client's secrets.
    pub fn hide(&self, text: &str) -> String {
        let shown = self.shown.as_ref().map(|(_, value)| value);
        let secrets = self.secret.iter().chain(shown).chain(&self.hidden);
        secrets.fold(text.to_owned(), |text, secret| secret.hide(&text))
    }

    fn said(&self, body: &str) -> String {
        let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = self.hide(&line).chars().take(TOLD).collect();
        if line.is_empty() { String::new() } else { format!(": {line}") }
    }

    fn block(&self, url: &Url, call: &Call) -> Result<Answer, HttpError> {
        let own = self.headers.iter().chain(&call.headers).map(|(name, value)| (name.as_str(), value.as_str()));
        let secret = self.shown.iter().map(|(name, value)| (name.as_str(), value.expose()));
        let headers = own.chain(secret);
        let failed = |error: ureq::Error| HttpError::Unreachable { url: shown(url), reason: self.hide(&error.to_string()) };
        let response = match call.method {
            Method::Get => headers.fold(self.agent.get(url.as_str()), |request, (name, value)| request.header(name, value)).call(),
            Method::Post => {
                let (body, content_type) = call.body.as_ref().map_or(("", "text/plain"), |(body, kind)| (body.as_str(), *kind));
                let request = self.agent.post(url.as_str()).header("Content-Type", content_type);
                headers.fold(request, |request, (name, value)| request.header(name, value)).send(body)
            }
        };
        let mut response = response.map_err(failed)?;
        let status = response.status().as_u16();
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(|text| self.hide(text));
        if (300..400).contains(&status) {
            let to = text("Location").map(|to| format!(" (to {})", to.split('?').next().unwrap_or_default())).unwrap_or_default();
            return Err(HttpError::Redirect { url: shown(url), status, to });
        }
        let link = text("Link");
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(failed)?;
        Ok(Answer { status, link, body: String::from_utf8_lossy(&body).into_owned(), from: shown(url) })
    }
}

impl Answer {
    /// The body as a document.
    ///
    /// # Errors
    /// `NotJson`.
    pub fn json(&self) -> Result<serde_json::Value, HttpError> {
        serde_json::from_str(&self.body).map_err(|error| HttpError::NotJson { url: self.from.clone(), reason: error.to_string() })
    }
}

/// An address as it is told: parameters may hold what nobody should read.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn header(secret: &Secret, scheme: &Scheme) -> (String, Secret) {
    match scheme {
        Scheme::Bearer => ("Authorization".to_owned(), secret.within("Bearer ", str::to_owned)),
        Scheme::Basic(user) => {
            let encode = |secret: &str| base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
            ("Authorization".to_owned(), secret.within("Basic ", encode))
        }
        Scheme::Header(name) => (name.clone(), secret.clone()),
    }
}

fn agent(endpoint: &Endpoint) -> Result<Agent, HttpError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("concertina/", env!("CARGO_PKG_VERSION")))
        // A poll every few seconds should not begin with a handshake.
        .max_idle_age(Duration::from_secs(30))
        .timeout_global(Some(endpoint.timeout));
    let Some(path) = &endpoint.ca_file else { return Ok(config.build().new_agent()) };
    let wrong = |reason: String| HttpError::Certificates { path: path.display().to_string(), reason };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(wrong("holds no certificate".to_owned()));
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build();
    Ok(config.tls_config(tls).build().new_agent())
}
