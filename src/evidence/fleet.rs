//! Markers → which releases are live, since when, and when each was live for the last time.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::version::compare;
use crate::ledger::marking::named;
use crate::ledger::{Marker, MarkerKind};
use crate::migration::AtLeast;

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
    /// Its name.
    pub name: String,
    /// Where, in a database of several environments.
    pub environment: Option<String>,
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
    /// By name; in a database of several environments each environment has its own: `api in staging`.
    pub services: BTreeMap<String, Service>,
    /// The orders of releases, by service and release.
    orders: BTreeMap<(String, String), u64>,
}

impl Fleet {
    /// Reads the markers, oldest first.
    pub fn of(markers: &[Marker]) -> Fleet {
        let mut sorted: Vec<&Marker> = markers.iter().collect();
        // Stable: markers of the same instant stay in the order in which they were written.
        sorted.sort_by_key(|marker| marker.at);
        let mut fleet = Fleet::default();
        let several = named(markers).len() > 1;
        // What was marked before anybody named an environment belongs to the first that was named.
        let first = sorted.iter().find_map(|marker| marker.environment.clone());
        for marker in sorted {
            let environment = marker.environment.clone().or_else(|| first.clone()).filter(|_| several);
            let name = &marker.release.service;
            let label = environment.as_ref().map_or_else(|| name.clone(), |environment| format!("{name} in {environment}"));
            let service = fleet.services.entry(label).or_insert_with(|| Service {
                name: name.clone(),
                environment,
                live: vec![Live { who: Who::Unknown, since: None }],
                ..Service::default()
            });
            service.mark(marker);
            if let Some(order) = marker.order {
                fleet.orders.insert((name.clone(), marker.release.version.clone()), order);
            }
        }
        fleet
    }

    /// A service, in every environment where it was marked.
    pub fn of_service<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Service)> {
        self.services.iter().filter(move |(_, service)| service.name == name).map(|(label, service)| (label.as_str(), service))
    }

    /// Whether a release is the required one or a later one; `None` where neither names nor orders tell.
    pub fn compare(&self, service: &str, version: &str, at_least: &AtLeast) -> Option<Ordering> {
        let order = |version: &str| self.orders.get(&(service.to_owned(), version.to_owned())).copied();
        match at_least {
            AtLeast::Order(wanted) => Some(order(version)?.cmp(wanted)),
            AtLeast::Release(wanted) => compare(version, wanted).or_else(|| Some(order(version)?.cmp(&order(wanted)?))),
        }
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
            environment: None,
            order: None,
        }
    }

    #[test]
    fn each_environment_has_its_own_releases() {
        let of = |marker: Marker, environment: &str| Marker { environment: Some(environment.to_owned()), ..marker };
        let before = marker(Deployed, "1", 1);
        let production = of(marker(Deployed, "2", 2), "production");
        // One environment: what was marked before it was named belongs to it.
        assert_eq!(Fleet::of(&[before.clone(), production.clone()]).services.keys().collect::<Vec<_>>(), ["api"]);
        let staging = of(marker(Deployed, "3", 3), "staging");
        let fleet = Fleet::of(&[before, production, staging]);
        let live: Vec<(&str, &Who)> = fleet.of_service("api").map(|(label, service)| (label, &service.live[0].who)).collect();
        let release = |version: &str| Who::Release(version.to_owned());
        assert_eq!(live, [("api in production", &release("2")), ("api in staging", &release("3"))]);
    }

    #[test]
    fn orders_tell_where_names_do_not() {
        let built = |version: &str, order: u64| Marker { order: Some(order), ..marker(Deployed, version, 1) };
        let fleet = Fleet::of(&[built("f3a9c1e", 7), built("0b1c2d3", 9), marker(Deployed, "77aa001", 2)]);
        let compared = |version: &str, at_least: AtLeast| fleet.compare("api", version, &at_least);
        assert_eq!(compared("0b1c2d3", AtLeast::from("f3a9c1e")), Some(Ordering::Greater));
        assert_eq!(compared("f3a9c1e", AtLeast::from("0b1c2d3")), Some(Ordering::Less));
        assert_eq!(compared("0b1c2d3", AtLeast::Order(9)), Some(Ordering::Equal));
        assert_eq!(compared("77aa001", AtLeast::Order(9)), None, "a release without an order is not known to be late enough");
        assert_eq!(compared("1.2", AtLeast::from("1.10")), Some(Ordering::Less));
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
