//! The lowest layer of a map: entries within the bytes of a snapshot, each read when it is first asked for.
//!
//! Whoever takes up a long history on top of one new script asks for a handful of its tables.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Ident, ObjectName};

/// Keys with a hash that is the same in every process.
pub(super) trait Stable {
    /// The hash.
    fn stable_hash(&self) -> u64;
}

/// FNV-1a: names are short.
fn fnv(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

impl Stable for Ident {
    fn stable_hash(&self) -> u64 {
        fnv(SEED, self.as_str())
    }
}

impl Stable for ObjectName {
    fn stable_hash(&self) -> u64 {
        let schema = self.schema.as_ref().map_or(SEED, |schema| fnv(SEED, schema.as_str()).wrapping_mul(31));
        fnv(schema, self.name.as_str())
    }
}

/// Bytes of one line of the index: a hash, and where its entry begins.
const LINE: usize = 12;

/// The entries of one map.
#[derive(Debug)]
pub(super) struct Frozen<K, V> {
    bytes: Arc<Vec<u8>>,
    /// Where the index begins; its lines are sorted by hash.
    index: usize,
    /// Where the entries begin.
    entries: usize,
    /// What was asked for.
    read: Box<[Slot<K, V>]>,
}

/// An entry that was read; `None` inside where its bytes say nothing.
type Slot<K, V> = OnceLock<Option<Box<(K, V)>>>;

impl<K: Stable + Eq + DeserializeOwned, V: DeserializeOwned> Frozen<K, V> {
    /// Takes the entries that begin at `at`, and moves `at` behind them. `None` where the bytes are not whole.
    pub(super) fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Frozen<K, V>> {
        let count = usize::try_from(word(bytes, *at)?).ok()?;
        let length = usize::try_from(word(bytes, *at + 4)?).ok()?;
        let index = *at + 8;
        let entries = index.checked_add(count.checked_mul(LINE)?)?;
        let end = entries.checked_add(length)?;
        if end > bytes.len() {
            return None;
        }
        *at = end;
        Some(Frozen { bytes: Arc::clone(bytes), index, entries, read: (0..count).map(|_| OnceLock::new()).collect() })
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let hash = key.stable_hash();
        let (mut low, mut high) = (0, self.read.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.hash(middle) < hash { low = middle + 1 } else { high = middle }
        }
        let same = (low..self.read.len()).take_while(|place| self.hash(*place) == hash);
        same.filter_map(|place| self.entry(place)).find(|(held, _)| held == key).map(|(_, value)| value)
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        (0..self.read.len()).filter_map(|place| self.entry(place)).map(|(key, value)| (key, value))
    }

    pub(super) fn len(&self) -> usize {
        self.read.len()
    }

    fn hash(&self, place: usize) -> u64 {
        let at = self.index + place * LINE;
        self.bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(u64::MAX, u64::from_le_bytes)
    }

    fn entry(&self, place: usize) -> Option<&(K, V)> {
        let read = || {
            let start = usize::try_from(word(&self.bytes, self.index + place * LINE + 8)?).ok()?;
            let bytes = self.bytes.get(self.entries.checked_add(start)?..)?;
            // The bytes are those that this very program wrote: whoever gives them has compared their digest.
            postcard::take_from_bytes(bytes).ok().map(|(entry, _)| Box::new(entry))
        };
        self.read[place].get_or_init(read).as_deref()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// Writes entries in the form that [`Frozen::thaw`] takes. `None` if they do not go into bytes.
pub(super) fn freeze<'a, K: Stable + Serialize + 'a, V: Serialize + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut lines: Vec<(u64, u32)> = Vec::new();
    let mut bytes = Vec::new();
    for (key, value) in entries {
        lines.push((key.stable_hash(), u32::try_from(bytes.len()).ok()?));
        bytes = postcard::to_extend(&(key, value), bytes).ok()?;
    }
    lines.sort_unstable();
    out.extend_from_slice(&u32::try_from(lines.len()).ok()?.to_le_bytes());
    out.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
    for (hash, start) in lines {
        out.extend_from_slice(&hash.to_le_bytes());
        out.extend_from_slice(&start.to_le_bytes());
    }
    out.append(&mut bytes);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn name(text: &str) -> ObjectName {
        ObjectName::bare(Ident::stored(text))
    }

    #[test]
    fn what_was_frozen_is_found_again_and_nothing_else() {
        let map: HashMap<ObjectName, u32> = (0..500).map(|number| (name(&format!("t{number}")), number)).collect();
        let mut bytes = vec![9, 9];
        freeze(map.iter(), &mut bytes).expect("bytes");
        bytes.push(7);
        let (bytes, mut at) = (Arc::new(bytes), 2);
        let frozen: Frozen<ObjectName, u32> = Frozen::thaw(&bytes, &mut at).expect("whole");
        assert_eq!((at, frozen.len()), (bytes.len() - 1, 500));
        assert!(map.iter().all(|(key, value)| frozen.get(key) == Some(value)));
        assert_eq!(frozen.get(&name("t500")), None);
        let elsewhere = ObjectName { schema: Some(Ident::stored("app")), ..name("t1") };
        assert_eq!(frozen.get(&elsewhere), None);
        assert_eq!(frozen.iter().map(|(key, value)| (key.clone(), *value)).collect::<HashMap<_, _>>(), map);
    }

    #[test]
    fn bytes_that_are_not_whole_are_not_taken() {
        let mut bytes = Vec::new();
        freeze([(&name("t"), &1u32), (&name("u"), &2)].into_iter(), &mut bytes).expect("bytes");
        for length in 0..bytes.len() {
            let cut = Arc::new(bytes[..length].to_vec());
            assert!(Frozen::<ObjectName, u32>::thaw(&cut, &mut 0).is_none(), "{length} bytes");
        }
    }
}
