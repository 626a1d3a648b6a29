//! How far replicas are behind: not as they say, but by what the primary had written and they have not replayed.
//!
//! `replay_lag` forgets a replica whose replay stands still, and a replica that lost its primary believes that it is up to date.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Found, Missing, PATIENCE, Reader, number};
use crate::backend::BackendError;
use crate::backend::postgres::session::{Session, text, value};
use crate::migration::DatabaseUrl;
use crate::migration::pacing::throttle::ReplicaAddress;

/// How long the primary's past is remembered: who is further behind is at least that far behind.
const MEMORY: Duration = Duration::from_secs(3600);

/// The primary's past, and connections to replicas that it does not know.
#[derive(Default)]
pub(super) struct Replicas {
    /// How much log the primary had written at these times.
    past: VecDeque<(Instant, f64)>,
    sessions: HashMap<String, Session>,
}

/// A replica and how far it replayed.
struct Standing {
    name: String,
    replayed: f64,
}

impl Reader {
    /// Seconds since the primary wrote what the slowest replica has not replayed.
    pub(super) async fn replica_lag(&mut self, addresses: &[ReplicaAddress], except: &[String]) -> Result<Found, Missing> {
        let (written, mut standing) = self.standing(except).await?;
        let now = Instant::now();
        self.replicas.remember(now, written);
        for address in addresses {
            standing.push(self.replicas.ask(address).await?);
        }
        let behind = standing.into_iter().map(|replica| (self.replicas.behind(now, replica.replayed), replica.name));
        let slowest = behind.max_by_key(|(time, _)| *time);
        Ok(match slowest {
            Some((time, name)) => Found { value: time.as_secs_f64(), detail: Some(name) },
            None => Found { value: 0.0, detail: None },
        })
    }

    /// Bytes of log that the slowest replica has not replayed.
    pub(super) async fn replica_bytes(&mut self, except: &[String]) -> Result<Found, Missing> {
        let (written, standing) = self.standing(except).await?;
        let slowest = standing.into_iter().min_by(|a, b| a.replayed.total_cmp(&b.replayed));
        Ok(match slowest {
            Some(replica) => Found { value: (written - replica.replayed).max(0.0), detail: Some(replica.name) },
            None => Found { value: 0.0, detail: None },
        })
    }

    /// How much the primary has written, and what its replicas say that they replayed (who only receives: wrote).
    async fn standing(&mut self, except: &[String]) -> Result<(f64, Vec<Standing>), Missing> {
        let rows = self
            .ask(
                "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text AS written, r.name, \
                   pg_wal_lsn_diff(r.replayed, '0/0')::text AS replayed FROM (VALUES (1)) AS one \
                 LEFT JOIN LATERAL (SELECT coalesce(nullif(application_name, ''), 'pid ' || pid) AS name, \
                   coalesce(replay_lsn, flush_lsn, write_lsn) AS replayed \
                   FROM pg_stat_replication WHERE coalesce(state, '') NOT IN ('backup', 'startup')) r ON true",
            )
            .await?;
        let mut written = 0.0;
        let mut standing = Vec::new();
        for row in &rows {
            written = number(row, "written")?;
            let Some(name) = text(row, "name")? else { continue };
            if except.contains(&name) {
                continue;
            }
            match text(row, "replayed")? {
                Some(_) => standing.push(Standing { name, replayed: number(row, "replayed")? }),
                None => return Err(Missing::Ever("this role does not see how far replicas are: GRANT pg_monitor TO it".to_owned())),
            }
        }
        Ok((written, standing))
    }
}

impl Replicas {
    fn remember(&mut self, now: Instant, written: f64) {
        // What was written first says since when somebody is behind: equal readings add nothing.
        if self.past.back().is_none_or(|(_, last)| *last < written) {
            self.past.push_back((now, written));
        }
        while self.past.len() > 1 && self.past.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > MEMORY) {
            self.past.pop_front();
        }
    }

    /// How long ago the primary first had written more than this.
    fn behind(&self, now: Instant, replayed: f64) -> Duration {
        let missed = self.past.iter().find(|(_, written)| *written > replayed);
        missed.map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(*at))
    }

    /// Asks a replica itself.
    async fn ask(&mut self, address: &ReplicaAddress) -> Result<Standing, BackendError> {
        let url = resolve(address)?;
        let name = url.to_string();
        let asked = match self.sessions.remove(&name) {
            Some(session) => Ok(session),
            None => Session::connect(&url).await,
        };
        let mut session = asked?;
        let sql = "SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::text AS replayed";
        let rows = session.begin_reading(&PATIENCE, sql).await;
        session.roll_back().await?;
        let rows = rows?;
        self.sessions.insert(name.clone(), session);
        let row = rows.first().ok_or_else(|| BackendError::Damaged { reason: format!("{name} gave no answer") })?;
        match text(row, "replayed")? {
            Some(_) => Ok(Standing { name, replayed: value(row, "replayed")?.parse().unwrap_or_default() }),
            None => Err(BackendError::Unsuitable { reason: format!("{name} is no replica") }),
        }
    }
}

fn resolve(address: &ReplicaAddress) -> Result<DatabaseUrl, BackendError> {
    let unsuitable = |reason: String| BackendError::Unsuitable { reason };
    match address {
        ReplicaAddress::Url(url) => Ok(url.clone()),
        ReplicaAddress::Variable(name) => {
            let text =
                std::env::var(name).map_err(|_| unsuitable(format!("the variable {name}, which holds a replica's URL, is not set")))?;
            DatabaseUrl::parse(&text).map_err(|error| unsuitable(format!("{name}: {error}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_late_as_the_first_byte_that_it_misses() {
        let mut replicas = Replicas::default();
        let begin = Instant::now();
        let at = |second| begin + Duration::from_secs(second);
        for (second, written) in [(0, 100.0), (1, 200.0), (2, 200.0), (3, 300.0)] {
            replicas.remember(at(second), written);
        }
        assert_eq!(replicas.behind(at(4), 300.0), Duration::ZERO);
        assert_eq!(replicas.behind(at(4), 299.0), Duration::from_secs(1));
        assert_eq!(replicas.behind(at(4), 150.0), Duration::from_secs(3));
        // An idle primary does not make a replica that stands still look better.
        replicas.remember(at(60), 300.0);
        assert_eq!(replicas.behind(at(60), 150.0), Duration::from_secs(59));
        assert_eq!(replicas.behind(at(60), 300.0), Duration::ZERO);
    }
}
