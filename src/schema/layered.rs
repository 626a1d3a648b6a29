//! A map whose copies cost what changed since they were one map, not what they hold.
//!
//! Layers: what this copy did, on top of what was there when the map was last settled, which all copies share, on top of
//! what a snapshot holds, which is read when it is asked for. A replay settles after each script, when it holds no other
//! copy, so that the first layer stays small.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ObjectName;
use super::frozen::{Frozen, Stable, freeze, freeze_over, merge};

/// Objects of one kind by their canonical names.
pub(super) type Objects<T> = Layered<ObjectName, Arc<T>>;

/// A map in layers. `None` is what went.
#[derive(Clone, Debug)]
pub(super) struct Layered<K, V> {
    frozen: Option<Arc<Frozen<K, V>>>,
    settled: Arc<HashMap<K, Option<V>>>,
    since: HashMap<K, Option<V>>,
    /// How many entries there are in all.
    held: usize,
}

/// Entries that are worth being frozen, and by which part they must make more of what is frozen: so each entry is copied a
/// dozen times at most, however long a history is, and few are held as values.
pub(super) const WORTH_FREEZING: usize = if cfg!(test) { 6 } else { 1024 };
pub(super) const PART: usize = if cfg!(test) { 2 } else { 8 };

/// A shared layer is copied when what changed has grown to this part of it: then copies cost no more than changes.
const WORTH_A_COPY: usize = 4;

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize, V: Clone + DeserializeOwned + Serialize> Layered<K, V> {
    pub(super) fn new() -> Layered<K, V> {
        Layered { frozen: None, settled: Arc::default(), since: HashMap::new(), held: 0 }
    }

    /// The map that the bytes hold from `at` on, as in [`Frozen::thaw`].
    pub(super) fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Layered<K, V>> {
        let frozen = Frozen::thaw(bytes, at)?;
        Some(Layered { held: frozen.len(), frozen: (frozen.len() > 0).then(|| Arc::new(frozen)), ..Layered::new() })
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        match self.changed(key) {
            Some(changed) => changed.as_ref(),
            None => self.below(key),
        }
    }

    pub(super) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        // Looked up first: what is not there leaves no trace.
        if self.changed(key).is_none() {
            let value = self.below(key)?.clone();
            self.since.insert(key.clone(), Some(value));
        }
        self.since.get_mut(key)?.as_mut()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.held += usize::from(!self.contains_key(&key));
        self.since.insert(key, Some(value));
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = match self.below(key).cloned() {
            Some(value) => self.since.insert(key.clone(), None).unwrap_or(Some(value)),
            None => self.since.remove(key).flatten(),
        };
        self.held -= usize::from(removed.is_some());
        removed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let frozen = self.frozen.iter().flat_map(|frozen| frozen.iter()).filter(|(key, _)| !self.settled.contains_key(*key));
        let settled = self.settled.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let below = frozen.chain(settled).filter(|(key, _)| self.changed(key).is_none());
        below.chain(self.since.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// How many entries a copy copies.
    pub(super) fn unsettled(&self) -> usize {
        self.since.len()
    }

    /// Whether the entry came, changed or went since the map was settled.
    pub(super) fn is_unsettled(&self, key: &K) -> bool {
        self.changed(key).is_some()
    }

    /// What came or changed since the map was settled, in no order.
    pub(super) fn unsettled_values(&self) -> impl Iterator<Item = &V> {
        self.since.values().filter_map(Option::as_ref)
    }

    /// Makes later copies cheap, after a last touch of each value that changed.
    pub(super) fn settle(&mut self, touch: fn(&mut V)) {
        if self.since.is_empty() {
            return;
        }
        let worth_a_copy = self.since.len() * WORTH_A_COPY > self.settled.len();
        let settled = match Arc::get_mut(&mut self.settled) {
            Some(alone) => alone,
            None if worth_a_copy => Arc::make_mut(&mut self.settled),
            None => return,
        };
        for (key, mut value) in self.since.drain() {
            if let Some(value) = &mut value {
                touch(value);
            }
            if value.is_some() || self.frozen.as_ref().is_some_and(|frozen| frozen.get(&key).is_some()) {
                settled.insert(key, value);
            } else {
                settled.remove(&key);
            }
        }
        self.since.shrink_to(KEPT);
        let frozen = self.frozen.as_ref().map_or(0, |frozen| frozen.len());
        if settled.len() >= WORTH_FREEZING.max(frozen / PART) && merge(&mut self.frozen, settled, Option::as_ref).is_some() {
            self.settled = Arc::default();
        }
    }

    /// What this copy did to the entry.
    fn changed(&self, key: &K) -> Option<&Option<V>> {
        // Most maps have not changed at all, and a hash of a name is not free.
        if self.since.is_empty() { None } else { self.since.get(key) }
    }

    /// The entry without what this copy did.
    fn below(&self, key: &K) -> Option<&V> {
        match self.settled.get(key) {
            Some(settled) => settled.as_ref(),
            None => self.frozen.as_ref()?.get(key),
        }
    }
}

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize, V: Clone + DeserializeOwned + Serialize> Layered<K, V> {
    /// Appends the bytes that [`Layered::thaw`] takes. `None` if it does not go into bytes.
    pub(super) fn freeze(&self, out: &mut Vec<u8>) -> Option<()> {
        match self.since.is_empty() {
            true => freeze_over(self.frozen.as_deref(), &self.settled, Option::as_ref, out),
            false => freeze(self.iter(), out),
        }
    }
}

/// Room that a settled map keeps for the changes of the next script.
const KEPT: usize = 64;

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize, V: Clone + DeserializeOwned + Serialize + PartialEq> PartialEq
    for Layered<K, V>
{
    fn eq(&self, other: &Layered<K, V>) -> bool {
        self.held == other.held && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// What is done to a map.
    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u32),
        Change(u8, u32),
        Remove(u8),
        Settle,
        /// Keeps a copy to the end.
        Copy,
        /// Goes on with what a snapshot holds.
        Freeze,
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = 0..12u8;
        prop_oneof![
            (key.clone(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
            (key.clone(), any::<u32>()).prop_map(|(key, value)| Step::Change(key, value)),
            key.prop_map(Step::Remove),
            Just(Step::Settle),
            Just(Step::Copy),
            Just(Step::Freeze),
        ]
    }

    impl Stable for u8 {
        fn stable_hash(&self) -> u64 {
            // Some keys share a hash.
            u64::from(self / 3)
        }
    }

    fn thawed(map: &Layered<u8, u32>) -> Layered<u8, u32> {
        let mut bytes = Vec::new();
        map.freeze(&mut bytes).expect("it goes into bytes");
        Layered::thaw(&Arc::new(bytes), &mut 0).expect("the bytes are whole")
    }

    fn content(map: &Layered<u8, u32>) -> BTreeMap<u8, u32> {
        map.iter().map(|(key, value)| (*key, *value)).collect()
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_map_holds_and_copies_keep_theirs(steps in prop::collection::vec(step(), 0..60)) {
            let (mut map, mut plain) = (Layered::new(), BTreeMap::new());
            let mut kept = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        map.insert(key, value);
                        plain.insert(key, value);
                    }
                    Step::Change(key, value) => {
                        let (one, other) = (map.get_mut(&key), plain.get_mut(&key));
                        prop_assert_eq!(&one, &other);
                        one.into_iter().chain(other).for_each(|held| *held = value);
                    }
                    Step::Remove(key) => prop_assert_eq!(map.remove(&key), plain.remove(&key)),
                    Step::Settle => map.settle(|_| {}),
                    Step::Copy => kept.push((map.clone(), plain.clone())),
                    Step::Freeze => map = thawed(&map),
                }
                prop_assert_eq!(content(&map), plain.clone());
                prop_assert_eq!(map.is_empty(), plain.is_empty());
                prop_assert!((0..12).all(|key| map.get(&key) == plain.get(&key)));
            }
            for (copy, then) in &kept {
                prop_assert_eq!(&content(copy), then);
                prop_assert_eq!(*copy == map, *then == plain);
            }
        }
    }
}
