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
            Ask::Unleash(asked) | Ask::LaunchDarkly(asked) | Ask::Flagsmith(asked) | Ask::Ofrep(asked) => {
                write!(f, "flag {} must serve {} to everybody", asked.flag, asked.serves)
            }
            Ask::Kubernetes(asked) => {
                write!(f, "every pod of {} {}/{} must be of its newest kind", asked.kind.as_str(), asked.namespace, asked.name)
            }
            Ask::Ecs(asked) => write!(f, "every task of service {} in cluster {} must be of its definition", asked.service, asked.cluster),
            Ask::ApplicationNames => f.write_str("no session may bear the name of a release that is not ready"),
            Ask::Statements(_) => f.write_str("no recorded statement may name what it drops"),
            Ask::Use(_) => f.write_str("what it drops must not have been read"),
            Ask::Approval(asked) if asked.approvals == 1 => f.write_str("somebody must approve it"),
            Ask::Approval(asked) => write!(f, "{} people must approve it", asked.approvals),
            Ask::TargetGroup(asked) => write!(f, "target group {} must be {}", asked.arn, asked.wanted.as_str()),
        }
    }
}

/// An address without its parameters: they may hold what nobody should read.
fn address(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
