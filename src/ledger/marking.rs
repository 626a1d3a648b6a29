//! What a new marker does to those that are there: nothing where it says what the last one said, and nothing at all where
//! it is not clear which environment it is about.

use std::collections::BTreeSet;

use super::{Ledger, Marker};

/// What becomes of a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marking {
    /// It is written.
    Written,
    /// The last marker of the service says the same.
    Known,
    /// It is not written.
    Misplaced(Misplaced),
}

/// Why a marker is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misplaced {
    /// Others name their environment.
    #[error("the markers of this database name their environment ({}), and this one does not", list(.named))]
    Unnamed {
        /// Environments that markers name.
        named: Vec<String>,
    },
    /// A second environment that nobody announced.
    #[error("the markers of this database are those of {}, and this one is of {environment}: most likely it is the wrong database", list(.named))]
    Second {
        /// The environment of the marker.
        environment: String,
        /// Environments that markers name.
        named: Vec<String>,
    },
    /// migrate.toml lists environments, and this is none of them.
    #[error("{environment} is not among the environments of migrate.toml ({})", list(.declared))]
    Undeclared {
        /// The environment of the marker.
        environment: String,
        /// Those of migrate.toml.
        declared: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    names.join(", ")
}

/// Environments that markers name.
pub fn named(markers: &[Marker]) -> BTreeSet<&str> {
    markers.iter().filter_map(|marker| marker.environment.as_deref()).collect()
}

/// Judges a marker by those that are there. `declared` are the environments of migrate.toml: a database that serves several
/// must list them.
pub fn judge(ledger: &Ledger, marker: &Marker, declared: &[String]) -> Marking {
    let known = named(&ledger.markers);
    let owned = || known.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
    if let Some(environment) = &marker.environment {
        if !declared.is_empty() && !declared.contains(environment) {
            return Marking::Misplaced(Misplaced::Undeclared { environment: environment.clone(), declared: declared.to_vec() });
        }
        if declared.is_empty() && !known.is_empty() && !known.contains(environment.as_str()) {
            return Marking::Misplaced(Misplaced::Second { environment: environment.clone(), named: owned() });
        }
    } else if !known.is_empty() {
        return Marking::Misplaced(Misplaced::Unnamed { named: owned() });
    } else if declared.len() > 1 {
        return Marking::Misplaced(Misplaced::Unnamed { named: declared.to_vec() });
    }
    // A marker without a name belongs to the only environment there is.
    let several = known.iter().copied().chain(marker.environment.as_deref()).collect::<BTreeSet<&str>>().len() > 1;
    let here = |other: &&Marker| other.release.service == marker.release.service && (!several || other.environment == marker.environment);
    match ledger.markers.iter().rfind(here) {
        Some(last) if says_the_same(last, marker) => Marking::Known,
        Some(_) | None => Marking::Written,
    }
}

/// Whether a marker adds nothing to the last one: who wrote it, when and from where does not count.
fn says_the_same(last: &Marker, marker: &Marker) -> bool {
    let adds_manifest = marker.manifest.is_some() && marker.manifest != last.manifest;
    let adds_order = marker.order.is_some() && marker.order != last.order;
    let adds_readiness = marker.ready_for.iter().any(|id| !last.ready_for.contains(id));
    let names_environment = marker.environment.is_some() && last.environment.is_none();
    last.release == marker.release && last.kind == marker.kind && !adds_manifest && !adds_order && !adds_readiness && !names_environment
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::{MarkerKind, Release};
    use crate::migration::{Manifest, MigrationId};
    use MarkerKind::{Deployed, Started};

    fn marker(kind: MarkerKind, version: &str, environment: Option<&str>) -> Marker {
        Marker {
            release: Release { service: "api".into(), version: version.into() },
            kind,
            manifest: None,
            ready_for: Vec::new(),
            actor: "ci".into(),
            at: Timestamp::UNIX_EPOCH,
            commit: None,
            url: None,
            environment: environment.map(str::to_owned),
            order: None,
        }
    }

    fn judged(before: &[Marker], marker: &Marker, declared: &[&str]) -> Marking {
        let mut ledger = Ledger::empty(Timestamp::UNIX_EPOCH);
        ledger.markers = before.to_vec();
        let declared: Vec<String> = declared.iter().map(|name| (*name).to_owned()).collect();
        judge(&ledger, marker, &declared)
    }

    #[test]
    fn the_same_again_is_known() {
        let started = marker(Started, "2", None);
        assert_eq!(judged(&[], &started, &[]), Marking::Written);
        assert_eq!(judged(std::slice::from_ref(&started), &started, &[]), Marking::Known);
        assert_eq!(judged(std::slice::from_ref(&started), &marker(Deployed, "2", None), &[]), Marking::Written);
        // Back to a release that was deployed before is news.
        let history = [marker(Deployed, "1", None), marker(Deployed, "2", None)];
        assert_eq!(judged(&history, &marker(Deployed, "1", None), &[]), Marking::Written);
        let other = Marker { commit: Some("f3a9c1e".into()), actor: "ann".into(), ..started.clone() };
        assert_eq!(judged(std::slice::from_ref(&started), &other, &[]), Marking::Known);
    }

    #[test]
    fn what_a_marker_adds_is_written() {
        let first = marker(Deployed, "2", None);
        let before = std::slice::from_ref(&first);
        let built = Marker { manifest: Some(Manifest::default()), ..first.clone() };
        let ordered = Marker { order: Some(7), ..first.clone() };
        let ready = Marker { ready_for: vec![MigrationId::new("1_a")], ..first.clone() };
        let named = Marker { environment: Some("production".into()), ..first.clone() };
        for marker in [built, ordered, ready, named] {
            assert_eq!(judged(before, &marker, &[]), Marking::Written, "{marker:?}");
            assert_eq!(judged(&[first.clone(), marker.clone()], &marker, &[]), Marking::Known, "{marker:?}");
        }
    }

    #[test]
    fn several_environments_must_be_listed() {
        let production = marker(Deployed, "1", Some("production"));
        let staging = marker(Deployed, "1", Some("staging"));
        let before = std::slice::from_ref(&production);
        assert!(matches!(judged(before, &staging, &[]), Marking::Misplaced(Misplaced::Second { .. })));
        assert!(matches!(judged(before, &marker(Deployed, "1", None), &[]), Marking::Misplaced(Misplaced::Unnamed { .. })));
        assert_eq!(judged(before, &staging, &["production", "staging"]), Marking::Written);
        assert!(matches!(judged(before, &staging, &["production"]), Marking::Misplaced(Misplaced::Undeclared { .. })));
        assert!(matches!(judged(&[], &marker(Deployed, "1", None), &["a", "b"]), Marking::Misplaced(Misplaced::Unnamed { .. })));
        // Each environment has a last marker of its own.
        let both = [production.clone(), staging.clone()];
        assert_eq!(judged(&both, &production, &["production", "staging"]), Marking::Known);
    }
}
