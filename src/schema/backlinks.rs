//! Who points at an object, so that a rename or a drop finds its dependents without a walk over the schema.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::ObjectName;

/// For each target, the objects that point at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backlinks<K: Eq + Hash = ObjectName> {
    sources: HashMap<K, BTreeSet<ObjectName>>,
}

impl<K: Eq + Hash + Clone> Backlinks<K> {
    pub(super) fn new() -> Backlinks<K> {
        Backlinks { sources: HashMap::new() }
    }

    pub(super) fn add(&mut self, target: &K, source: &ObjectName) {
        match self.sources.get_mut(target) {
            Some(sources) => {
                sources.insert(source.clone());
            }
            None => {
                self.sources.insert(target.clone(), BTreeSet::from([source.clone()]));
            }
        }
    }

    pub(super) fn remove(&mut self, target: &K, source: &ObjectName) {
        if let Some(sources) = self.sources.get_mut(target) {
            sources.remove(source);
            if sources.is_empty() {
                self.sources.remove(target);
            }
        }
    }

    /// The objects that point at the target, in the order of their names.
    pub(super) fn of(&self, target: &K) -> impl Iterator<Item = &ObjectName> {
        self.sources.get(target).into_iter().flatten()
    }

    /// As `of`, copied: for callers that change the schema meanwhile.
    pub(super) fn copied(&self, target: &K) -> Vec<ObjectName> {
        self.of(target).cloned().collect()
    }
}
