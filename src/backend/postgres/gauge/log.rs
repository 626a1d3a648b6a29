//! What piles up of the write-ahead log: kept for slots, waiting for the archive, flushed by early checkpoints.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Found, Missing, Reader, number};

/// Over how long early checkpoints are counted.
const WINDOW: Duration = Duration::from_secs(600);

/// Before this a rate would say more about the moment than about the server.
const LEAST: Duration = Duration::from_secs(300);

/// Early checkpoints, counted by the server since its start.
#[derive(Debug, Default)]
pub(super) struct Checkpoints(VecDeque<(Instant, f64)>);

impl Reader {
    /// The most log that a slot keeps. One that is about to lose its log counts as over the limit, one that lost it not at all.
    pub(super) async fn slot_retention(&mut self, limit: f64) -> Result<Found, Missing> {
        self.measure(&format!(
            "SELECT CASE WHEN wal_status = 'unreserved' THEN greatest(kept, {limit}) ELSE kept END::text AS value, slot_name::text AS detail \
             FROM (SELECT slot_name, wal_status, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS kept \
               FROM pg_replication_slots WHERE restart_lsn IS NOT NULL AND wal_status <> 'lost' AND NOT temporary) s \
             ORDER BY (wal_status = 'unreserved') DESC, kept DESC LIMIT 1"
        ))
        .await
    }

    /// Segments between the one that was archived last and the one that is written.
    pub(super) async fn archive_queue(&mut self, limit: f64) -> Result<Found, Missing> {
        self.measure(&format!(
            "WITH size AS (SELECT setting::bigint AS bytes FROM pg_settings WHERE name = 'wal_segment_size'), \
             last AS (SELECT last_archived_wal AS name, failed_count, last_failed_wal FROM pg_stat_archiver), \
             place AS (SELECT ('x' || substr(name, 9, 8))::bit(32)::bigint * (4294967296 / bytes) \
                + ('x' || substr(name, 17, 8))::bit(32)::bigint AS archived, failed_count, last_failed_wal \
                FROM last, size WHERE name ~ '^[0-9A-F]{{24}}') \
             SELECT coalesce((SELECT greatest(floor(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') / (SELECT bytes FROM size)) - archived - 1, 0) FROM place), \
                CASE WHEN failed_count > 0 THEN {limit} ELSE 0 END)::text AS value, \
                CASE WHEN failed_count > 0 THEN 'last failed: ' || last_failed_wal END AS detail \
             FROM last WHERE current_setting('archive_mode') <> 'off'"
        ))
        .await
    }

    /// Checkpoints an hour that came because of the amount of log.
    pub(super) async fn early_checkpoints(&mut self) -> Result<Found, Missing> {
        let sql = match self.version() >= 170_000 {
            true => "SELECT num_requested::text AS value, NULL AS detail FROM pg_stat_checkpointer",
            false => "SELECT checkpoints_req::text AS value, NULL AS detail FROM pg_stat_bgwriter",
        };
        let rows = self.ask(sql).await?;
        let counted = rows.first().map(|row| number(row, "value")).transpose()?.unwrap_or_default();
        Ok(Found { value: self.checkpoints.an_hour(Instant::now(), counted), detail: None })
    }

    fn version(&self) -> u32 {
        self.session.as_ref().map_or(140_000, crate::backend::postgres::session::Session::version_number)
    }
}

impl Checkpoints {
    fn an_hour(&mut self, now: Instant, counted: f64) -> f64 {
        self.0.push_back((now, counted));
        while self.0.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
        let Some((at, first)) = self.0.front() else { return 0.0 };
        let time = now.saturating_duration_since(*at).max(LEAST);
        // A restart of the server counts from zero again.
        (counted - first).max(0.0) * 3600.0 / time.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_counted_over_ten_minutes() {
        let mut checkpoints = Checkpoints::default();
        let begin = Instant::now();
        assert_eq!(checkpoints.an_hour(begin, 40.0), 0.0);
        assert_eq!(checkpoints.an_hour(begin + Duration::from_secs(60), 41.0), 12.0);
        assert_eq!(checkpoints.an_hour(begin + Duration::from_secs(600), 50.0), 60.0);
        assert_eq!(checkpoints.an_hour(begin + Duration::from_secs(1300), 50.0), 0.0);
        assert_eq!(checkpoints.an_hour(begin + Duration::from_secs(1301), 2.0), 0.0);
    }
}
