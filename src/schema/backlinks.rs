//! Who points at an object, so that a rename or a drop finds its dependents without a walk over the schema.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::ObjectName;

/// For each target, the objects that point at it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Backlinks<K: Eq + Hash = ObjectName> {
    sources: HashMap<K, Sources>,
}

/// Nearly every target has one: a set would take ten times its room.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Sources {
    One(ObjectName),
    Several(BTreeSet<ObjectName>),
}

impl<K: Eq + Hash + Clone> Backlinks<K> {
    pub(super) fn new() -> Backlinks<K> {
        Backlinks { sources: HashMap::new() }
    }

    pub(super) fn add(&mut self, target: &K, source: &ObjectName) {
        match self.sources.get_mut(target) {
            Some(Sources::Several(sources)) => {
                sources.insert(source.clone());
            }
            Some(Sources::One(one)) if one == source => {}
            Some(sources) => {
                if let Sources::One(one) = sources {
                    *sources = Sources::Several(BTreeSet::from([one.clone(), source.clone()]));
                }
            }
            None => {
                self.sources.insert(target.clone(), Sources::One(source.clone()));
            }
        }
    }

    pub(super) fn remove(&mut self, target: &K, source: &ObjectName) {
        let Some(sources) = self.sources.get_mut(target) else { return };
        let left = match sources {
            Sources::One(one) if one == source => None,
            Sources::One(_) => return,
            Sources::Several(several) => {
                several.remove(source);
                match several.len() {
                    0 => None,
                    // One form for one content: schemas are compared.
                    1 => several.pop_first(),
                    _ => return,
                }
            }
        };
        match left {
            Some(one) => *sources = Sources::One(one),
            None => {
                self.sources.remove(target);
            }
        }
    }

    /// The objects that point at the target, in the order of their names.
    pub(super) fn of(&self, target: &K) -> impl Iterator<Item = &ObjectName> {
        let (one, several) = match self.sources.get(target) {
            Some(Sources::One(one)) => (Some(one), None),
            Some(Sources::Several(several)) => (None, Some(several)),
            None => (None, None),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// As `of`, copied: for callers that change the schema meanwhile.
    pub(super) fn copied(&self, target: &K) -> Vec<ObjectName> {
        self.of(target).cloned().collect()
    }
}
