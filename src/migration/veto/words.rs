//! What a gate asks for, as people read it.

use std::fmt;

use super::{Ask, Expected};

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ask::Prometheus(asked) => write!(f, "Prometheus must answer {} to `{}`", asked.open_when, asked.query),
            Ask::ErrorRate(asked) => {
                write!(
                    f,
                    "{} must not fail more than {} % more of its requests than the release before",
                    asked.service,
                    asked.max_increase.0 * 100.0
                )
            }
            Ask::Latency(asked) => {
                write!(f, "{} must not take more than {} times as long as the release before", asked.service, asked.max_ratio.0)
            }
            Ask::Http(asked) => match &asked.expected {
                Expected::Text(text) => write!(f, "`{}` of {} must be `{text}`", asked.pointer, address(&asked.endpoint.url)),
                Expected::Number(limit) => write!(f, "`{}` of {} must be {limit}", asked.pointer, address(&asked.endpoint.url)),
            },
            Ask::Command(asked) => write!(f, "`{}` must agree", asked.run.join(" ")),
        }
    }
}

/// An address without its parameters: they may hold what nobody should read.
fn address(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
