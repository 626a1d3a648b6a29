//! Markers → which releases are live, since when, and when each was live for the last time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ledger::{Marker, MarkerKind};

/// A release of a service, or what ran before the first marker: nobody knows what that was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// What ran before markers were written, or what a roll-back without a known predecessor went back to.
    Unknown,
    /// This release.
    Release(String),
}

/// Something that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// What.
    pub who: Who,
    /// Since when; `None` for what ran before the first marker.
    pub since: Option<Timestamp>,
}

/// One service as its markers tell it.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// What is live now.
    pub live: Vec<Live>,
    /// When each release was live for the last time, for those that are not any more.
    pub gone: BTreeMap<Who, Timestamp>,
    /// Releases that were deployed and neither rolled back nor retired, oldest first: what a roll-back goes back to.
    deployed: Vec<String>,
}

/// Every service that ever wrote a marker.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// By name.
    pub services: BTreeMap<String, Service>,
}

impl Fleet {
    /// Reads the markers, oldest first.
    pub fn of(markers: &[Marker]) -> Fleet {
        let mut sorted: Vec<&Marker> = markers.iter().collect();
        // Stable: markers of the same instant stay in the order in which they were written.
        sorted.sort_by_key(|marker| marker.at);
        let mut fleet = Fleet::default();
        for marker in sorted {
            let service = fleet
                .services
                .entry(marker.release.service.clone())
                .or_insert_with(|| Service { live: vec![Live { who: Who::Unknown, since: None }], ..Service::default() });
            service.mark(marker);
        }
        fleet
    }
}

impl Service {
    fn mark(&mut self, marker: &Marker) {
        let version = &marker.release.version;
        let who = Who::Release(version.clone());
        match marker.kind {
            MarkerKind::Started => self.arrive(who, marker.at),
            MarkerKind::Deployed => {
                self.deployed.retain(|earlier| earlier != version);
                self.deployed.push(version.clone());
                self.arrive(who.clone(), marker.at);
                self.leave(marker.at, |live| *live != who);
            }
            MarkerKind::RolledBack => {
                self.deployed.retain(|earlier| earlier != version);
                self.leave(marker.at, |live| *live == who);
                if self.live.is_empty() {
                    let back = self.deployed.last().map_or(Who::Unknown, |earlier| Who::Release(earlier.clone()));
                    self.arrive(back, marker.at);
                }
            }
            MarkerKind::Retired => {
                self.deployed.retain(|earlier| earlier != version);
                self.leave(marker.at, |live| *live == who);
            }
        }
    }

    fn arrive(&mut self, who: Who, at: Timestamp) {
        if self.live.iter().all(|live| live.who != who) {
            self.gone.remove(&who);
            self.live.push(Live { who, since: Some(at) });
        }
    }

    fn leave(&mut self, at: Timestamp, goes: impl Fn(&Who) -> bool) {
        let (gone, stays) = std::mem::take(&mut self.live).into_iter().partition(|live| goes(&live.who));
        self.live = stays;
        let gone: Vec<Live> = gone;
        self.gone.extend(gone.into_iter().map(|live| (live.who, at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Release;

    fn marker(kind: MarkerKind, version: &str, second: i64) -> Marker {
        Marker {
            release: Release { service: "api".into(), version: version.into() },
            kind,
            manifest: None,
            ready_for: Vec::new(),
            actor: "ci".into(),
            at: Timestamp::from_second(second).expect("in range"),
            commit: None,
            url: None,
        }
    }

    fn live(markers: &[(MarkerKind, &str)]) -> Vec<String> {
        let markers: Vec<Marker> = markers.iter().zip(1..).map(|((kind, version), second)| marker(*kind, version, second)).collect();
        let fleet = Fleet::of(&markers);
        let name = |live: &Live| match &live.who {
            Who::Unknown => "?".to_owned(),
            Who::Release(version) => version.clone(),
        };
        fleet.services["api"].live.iter().map(name).collect()
    }

    use MarkerKind::{Deployed, Retired, RolledBack, Started};

    #[test]
    fn a_roll_out_keeps_the_predecessor_live_until_it_ends() {
        assert_eq!(live(&[(Started, "1")]), ["?", "1"]);
        assert_eq!(live(&[(Deployed, "1")]), ["1"]);
        assert_eq!(live(&[(Deployed, "1"), (Started, "2")]), ["1", "2"]);
        assert_eq!(live(&[(Deployed, "1"), (Started, "2"), (Deployed, "2")]), ["2"]);
        assert_eq!(live(&[(Deployed, "1"), (Started, "2"), (Started, "3"), (Deployed, "3")]), ["3"]);
    }

    #[test]
    fn a_roll_back_brings_the_predecessor_back() {
        assert_eq!(live(&[(Deployed, "1"), (Started, "2"), (RolledBack, "2")]), ["1"]);
        assert_eq!(live(&[(Deployed, "1"), (Deployed, "2"), (RolledBack, "2")]), ["1"]);
        assert_eq!(live(&[(Deployed, "1"), (Deployed, "2"), (Deployed, "3"), (RolledBack, "3"), (RolledBack, "2")]), ["1"]);
        assert_eq!(live(&[(Deployed, "1"), (RolledBack, "1")]), ["?"]);
        assert_eq!(live(&[(Deployed, "1"), (Deployed, "2"), (Deployed, "1")]), ["1"]);
    }

    #[test]
    fn retired_releases_are_gone_and_nobody_goes_back_to_them() {
        assert_eq!(live(&[(Deployed, "1"), (Retired, "1")]), Vec::<String>::new());
        assert_eq!(live(&[(Deployed, "1"), (Deployed, "2"), (Retired, "1"), (RolledBack, "2")]), ["?"]);
    }

    #[test]
    fn remembers_when_a_release_was_live_last() {
        let markers = [marker(Deployed, "1", 10), marker(Started, "2", 20), marker(Deployed, "2", 30)];
        let fleet = Fleet::of(&markers);
        let gone = &fleet.services["api"].gone;
        assert_eq!(gone[&Who::Release("1".into())].as_second(), 30);
        assert_eq!(gone[&Who::Unknown].as_second(), 10);

        let back = Fleet::of(&[&markers[..], &[marker(RolledBack, "2", 40)]].concat());
        assert!(!back.services["api"].gone.contains_key(&Who::Release("1".into())));
        assert_eq!(
            back.services["api"].live,
            [Live { who: Who::Release("1".into()), since: Some(Timestamp::from_second(40).expect("in range")) }]
        );
    }
}
