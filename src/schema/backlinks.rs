//! Who points at an object, so that a rename or a drop finds its dependents without a walk over the schema.
//!
//! Layers, as in `layered`: an object that thousands point at is not copied for one pointer more.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::ObjectName;
use super::frozen::{Frozen, Stable, freeze, freeze_over, merge};
use super::layered::{PART, WORTH_FREEZING};

/// For each target, the objects that point at it.
#[derive(Clone, Debug)]
pub(super) struct Backlinks<K: Eq + Hash = ObjectName> {
    frozen: Option<Arc<Frozen<K, Sources>>>,
    settled: Arc<HashMap<K, Sources>>,
    /// What came and went since.
    since: HashMap<K, Change>,
}

/// Nearly every target has one: a set would take ten times its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Sources {
    One(ObjectName),
    /// None at all where a snapshot says otherwise.
    Several(BTreeSet<ObjectName>),
}

/// What changed about one target.
#[derive(Clone, Debug, Default)]
struct Change {
    /// Sources that the layers below do not have.
    came: BTreeSet<ObjectName>,
    /// Sources that the layers below have.
    went: BTreeSet<ObjectName>,
}

/// As in `layered`.
const WORTH_A_COPY: usize = 4;

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize> Backlinks<K> {
    pub(super) fn new() -> Backlinks<K> {
        Backlinks { frozen: None, settled: Arc::default(), since: HashMap::new() }
    }

    /// The links that the bytes hold from `at` on, as in [`Frozen::thaw`].
    pub(super) fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Backlinks<K>> {
        let frozen = Frozen::thaw(bytes, at)?;
        Some(Backlinks { frozen: (frozen.len() > 0).then(|| Arc::new(frozen)), ..Backlinks::new() })
    }

    /// The sources without what this copy did.
    fn below(&self, target: &K) -> Option<&Sources> {
        self.settled.get(target).or_else(|| self.frozen.as_ref()?.get(target))
    }

    pub(super) fn add(&mut self, target: &K, source: &ObjectName) {
        let held = self.below(target).is_some_and(|sources| sources.contains(source));
        match (self.since.get_mut(target), held) {
            (Some(change), true) => {
                change.went.remove(source);
            }
            (Some(change), false) => {
                change.came.insert(source.clone());
            }
            (None, true) => {}
            (None, false) => {
                let change = Change { came: BTreeSet::from([source.clone()]), went: BTreeSet::new() };
                self.since.insert(target.clone(), change);
            }
        }
    }

    pub(super) fn remove(&mut self, target: &K, source: &ObjectName) {
        if self.below(target).is_some_and(|sources| sources.contains(source)) {
            self.since.entry(target.clone()).or_default().went.insert(source.clone());
        } else if let Some(change) = self.since.get_mut(target) {
            change.came.remove(source);
        }
    }

    /// The objects that point at the target, in the order of their names.
    pub(super) fn of(&self, target: &K) -> impl Iterator<Item = &ObjectName> {
        let (one, several) = match self.below(target) {
            Some(Sources::One(one)) => (Some(one), None),
            Some(Sources::Several(several)) => (None, Some(several)),
            None => (None, None),
        };
        let change = if self.since.is_empty() { None } else { self.since.get(target) };
        let old = one.into_iter().chain(several.into_iter().flatten());
        let mut old = old.filter(move |source| change.is_none_or(|change| !change.went.contains(*source))).peekable();
        let mut new = change.into_iter().flat_map(|change| &change.came).peekable();
        std::iter::from_fn(move || match (old.peek(), new.peek()) {
            (Some(held), Some(came)) if came < held => new.next(),
            (Some(_), _) => old.next(),
            (None, _) => new.next(),
        })
    }

    /// As `of`, copied: for callers that change the schema meanwhile.
    pub(super) fn copied(&self, target: &K) -> Vec<ObjectName> {
        self.of(target).cloned().collect()
    }

    /// How many targets the upper layer is about.
    pub(super) fn unsettled(&self) -> usize {
        self.since.len()
    }

    /// Makes one layer of the two.
    pub(super) fn settle(&mut self) {
        if self.since.is_empty() {
            return;
        }
        let worth_a_copy = self.since.len() * WORTH_A_COPY > self.settled.len();
        let settled = match Arc::get_mut(&mut self.settled) {
            Some(alone) => alone,
            None if worth_a_copy => Arc::make_mut(&mut self.settled),
            None => return,
        };
        for (target, Change { came, went }) in self.since.drain() {
            let below = settled.remove(&target).or_else(|| self.frozen.as_ref()?.get(&target).cloned());
            let mut sources = below.map(Sources::into_set).unwrap_or_default();
            for source in &went {
                sources.remove(source);
            }
            sources.extend(came);
            if !sources.is_empty() || self.frozen.as_ref().is_some_and(|frozen| frozen.get(&target).is_some()) {
                settled.insert(target, Sources::of(sources));
            }
        }
        let frozen = self.frozen.as_ref().map_or(0, |frozen| frozen.len());
        if settled.len() >= WORTH_FREEZING.max(frozen / PART) && merge(&mut self.frozen, settled, Sources::held).is_some() {
            self.settled = Arc::default();
        }
    }

    /// Every target that has sources, with all of them, in no order.
    fn whole(&self) -> HashMap<&K, BTreeSet<&ObjectName>> {
        let frozen = self.frozen.iter().flat_map(|frozen| frozen.iter()).map(|(target, _)| target);
        let targets = frozen.chain(self.settled.keys()).chain(self.since.keys());
        let mut whole: HashMap<&K, BTreeSet<&ObjectName>> = targets.map(|target| (target, self.of(target).collect())).collect();
        whole.retain(|_, sources| !sources.is_empty());
        whole
    }
}

impl Sources {
    /// One form for one content.
    fn of(mut sources: BTreeSet<ObjectName>) -> Sources {
        match (sources.len(), sources.pop_first()) {
            (1, Some(one)) => Sources::One(one),
            (_, first) => {
                sources.extend(first);
                Sources::Several(sources)
            }
        }
    }

    /// Itself, unless it is empty.
    fn held(&self) -> Option<&Sources> {
        match self {
            Sources::Several(several) if several.is_empty() => None,
            Sources::One(_) | Sources::Several(_) => Some(self),
        }
    }

    fn into_set(self) -> BTreeSet<ObjectName> {
        match self {
            Sources::One(one) => BTreeSet::from([one]),
            Sources::Several(several) => several,
        }
    }

    fn contains(&self, source: &ObjectName) -> bool {
        match self {
            Sources::One(one) => one == source,
            Sources::Several(several) => several.contains(source),
        }
    }
}

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize> Backlinks<K> {
    /// Appends the bytes that [`Backlinks::thaw`] takes. `None` if they do not go into bytes.
    pub(super) fn freeze(&self, out: &mut Vec<u8>) -> Option<()> {
        if self.since.is_empty() {
            return freeze_over(self.frozen.as_deref(), &self.settled, Sources::held, out);
        }
        let whole = self.whole();
        let entries: Vec<(&K, Sources)> =
            whole.into_iter().map(|(target, sources)| (target, Sources::of(sources.into_iter().cloned().collect()))).collect();
        freeze(entries.iter().map(|(target, sources)| (*target, sources)), out)
    }
}

impl<K: Stable + Eq + Hash + Clone + DeserializeOwned + Serialize> PartialEq for Backlinks<K> {
    fn eq(&self, other: &Backlinks<K>) -> bool {
        self.whole() == other.whole()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::schema::Ident;

    fn name(number: u8) -> ObjectName {
        ObjectName::bare(Ident::stored(&format!("o{number}")))
    }

    proptest! {
        #[test]
        fn it_holds_what_plain_sets_hold_and_copies_keep_theirs(steps in prop::collection::vec((0..5u8, 0..3u8, 0..5u8), 0..80)) {
            let (mut links, mut plain): (Backlinks, BTreeMap<u8, BTreeSet<u8>>) = (Backlinks::new(), BTreeMap::new());
            let mut kept = Vec::new();
            for (what, target, source) in steps {
                match what {
                    0 => {
                        links.add(&name(target), &name(source));
                        plain.entry(target).or_default().insert(source);
                    }
                    1 => {
                        links.remove(&name(target), &name(source));
                        plain.entry(target).or_default().remove(&source);
                    }
                    2 => links.settle(),
                    3 => {
                        let mut bytes = Vec::new();
                        links.freeze(&mut bytes).expect("they go into bytes");
                        let thawed = Backlinks::thaw(&Arc::new(bytes), &mut 0).expect("the bytes are whole");
                        prop_assert_eq!(&thawed, &links);
                        links = thawed;
                    }
                    _ => kept.push((links.clone(), plain.clone())),
                }
                kept.truncate(3);
                for (links, plain) in kept.iter().chain([&(links.clone(), plain.clone())]) {
                    for target in 0..3 {
                        let expected: Vec<ObjectName> = plain.get(&target).into_iter().flatten().map(|source| name(*source)).collect();
                        prop_assert_eq!(links.copied(&name(target)), expected);
                    }
                }
            }
        }
    }
}
