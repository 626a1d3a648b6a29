//! What holds for every answer: under which name the server may be called, and headers that keep browsers from doing
//! more with an answer than to show it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// Nothing from elsewhere, nothing inline, no forms, no frames.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Names under which the server may be called.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Hosts {
    /// Any: whoever reaches it may ask.
    #[default]
    Any,
    /// The names of this machine and these: a page of another site that was made to resolve to this machine is refused.
    Local(Vec<String>),
}

impl Hosts {
    /// Whether a request for this `Host` is answered.
    fn admits(&self, host: Option<&str>) -> bool {
        let names = match self {
            Hosts::Any => return true,
            Hosts::Local(names) => names,
        };
        let Some(host) = host else { return false };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) | None => host,
        };
        let is_local = name.eq_ignore_ascii_case("localhost") || is_loopback(name);
        is_local || names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether a name is an address of this machine alone; one of version 6 stands in brackets, and may hold one of version 4.
fn is_loopback(name: &str) -> bool {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback()),
        None => name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// Refuses other names and adds the headers.
pub(super) async fn guard(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).or_else(|| request.uri().host());
    let mut response = if hosts.admits(host) {
        next.run(request).await
    } else {
        let host = host.unwrap_or("no name").to_owned();
        let detail = format!("this server answers to the names of its own machine, not to {host}");
        Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).next("migrate serve --host <NAME>").into_response()
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_made_to_resolve_here_is_refused() {
        let hosts = Hosts::Local(vec!["board.example.org".to_owned()]);
        for host in [
            "localhost",
            "localhost:7432",
            "127.0.0.1:7432",
            "127.8.0.1",
            "[::1]:7432",
            "[::1]",
            "[::ffff:127.0.0.1]:7432",
            "Board.example.org:80",
        ] {
            assert!(hosts.admits(Some(host)), "{host}");
        }
        for host in [
            "evil.example.org",
            "127.0.0.1.evil.example.org",
            "localhost.evil.example.org:7432",
            "",
            "[::2]:7432",
            "[::ffff:10.0.0.1]",
            "10.0.0.1",
        ] {
            assert!(!hosts.admits(Some(host)), "{host}");
        }
        assert!(!hosts.admits(None));
        assert!(Hosts::Any.admits(Some("evil.example.org")) && Hosts::Any.admits(None));
    }
}
