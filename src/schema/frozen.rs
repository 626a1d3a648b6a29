//! The lowest layer of a map: entries as bytes, each read when it is asked for.
//!
//! Whoever takes up a long history on top of one new script asks for a handful of its tables; and what a history made long
//! ago takes a quarter of the room as bytes.

use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use foldhash::{HashMap, HashSet};
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

/// Spreads what the last letters change over all bits (the end of MurmurHash3).
fn spread(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

impl Stable for Ident {
    fn stable_hash(&self) -> u64 {
        spread(fnv(SEED, self.as_str()))
    }
}

impl Stable for ObjectName {
    fn stable_hash(&self) -> u64 {
        let schema = self.schema.as_ref().map_or(SEED, |schema| fnv(SEED, schema.as_str()).wrapping_mul(31));
        spread(fnv(schema, self.name.as_str()))
    }
}

/// Bytes of one line of the index: a hash, and where its entry begins.
const LINE: usize = 12;

/// Bytes of a number.
const WORD: usize = 4;

/// The entries of one map: for each bucket of hashes its first line, then the lines sorted by hash, then the entries in the
/// same order.
#[derive(Debug)]
pub(super) struct Frozen<K, V> {
    bytes: Arc<Vec<u8>>,
    /// Where the buckets begin; there are `1 << bits`, and one more that tells the end.
    buckets: usize,
    bits: u32,
    /// Where the lines begin.
    index: usize,
    /// Where the entries begin and end.
    entries: usize,
    end: usize,
    /// What was asked for.
    read: Box<[Slot<K, V>]>,
}

/// An entry that was read; `None` inside where its bytes say nothing.
type Slot<K, V> = OnceLock<Option<Box<(K, V)>>>;

/// As many buckets as entries, about.
fn bits(count: usize) -> u32 {
    usize::BITS - count.leading_zeros()
}

fn bucket(hash: u64, bits: u32) -> usize {
    hash.checked_shr(u64::BITS - bits).and_then(|bucket| usize::try_from(bucket).ok()).unwrap_or_default()
}

impl<K: Stable + Eq + DeserializeOwned, V: DeserializeOwned> Frozen<K, V> {
    /// Takes the entries that begin at `at`, and moves `at` behind them. `None` where the bytes are not whole.
    pub(super) fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Frozen<K, V>> {
        let count = word(bytes, *at)?;
        let length = word(bytes, at.checked_add(WORD)?)?;
        let bits = bits(count);
        let buckets = *at + 2 * WORD;
        let index = buckets.checked_add(1_usize.checked_shl(bits)?.checked_add(1)?.checked_mul(WORD)?)?;
        let entries = index.checked_add(count.checked_mul(LINE)?)?;
        let end = entries.checked_add(length)?;
        if end > bytes.len() {
            return None;
        }
        *at = end;
        let read = (0..count).map(|_| OnceLock::new()).collect();
        Some(Frozen { bytes: Arc::clone(bytes), buckets, bits, index, entries, end, read })
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let hash = key.stable_hash();
        let at = self.buckets + bucket(hash, self.bits) * WORD;
        let (low, high) = (word(&self.bytes, at)?, word(&self.bytes, at + WORD)?.min(self.read.len()));
        let same = (low..high).filter(|place| self.hash(*place) == hash);
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

    /// The bytes of an entry.
    fn raw(&self, place: usize) -> Option<&[u8]> {
        let start = |place: usize| word(&self.bytes, self.index + place * LINE + 8)?.checked_add(self.entries);
        let end = if place + 1 < self.read.len() { start(place + 1)? } else { self.end };
        self.bytes.get(start(place)?..end)
    }

    fn entry(&self, place: usize) -> Option<&(K, V)> {
        // The bytes are those that this very program wrote: whoever gives them has compared their digest.
        let read = || postcard::from_bytes(self.raw(place)?).ok().map(Box::new);
        self.read[place].get_or_init(read).as_deref()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at.checked_add(WORD)?)?.try_into().ok().map(u32::from_le_bytes)?;
    usize::try_from(word).ok()
}

/// Entries on their way into bytes.
#[derive(Default)]
struct Draft {
    /// Hash, first byte, length.
    lines: Vec<(u64, u32, u32)>,
    bytes: Vec<u8>,
}

impl Draft {
    fn add<K: Stable + Serialize, V: Serialize>(&mut self, key: &K, value: &V) -> Option<()> {
        let start = self.bytes.len();
        self.bytes = postcard::to_extend(&(key, value), std::mem::take(&mut self.bytes)).ok()?;
        self.line(key.stable_hash(), start)
    }

    fn copy(&mut self, hash: u64, entry: &[u8]) -> Option<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(entry);
        self.line(hash, start)
    }

    fn line(&mut self, hash: u64, start: usize) -> Option<()> {
        let length = u32::try_from(self.bytes.len() - start).ok()?;
        self.lines.push((hash, u32::try_from(start).ok()?, length));
        Some(())
    }

    fn write(mut self, out: &mut Vec<u8>) -> Option<()> {
        self.lines.sort_unstable();
        let count = self.lines.len();
        let bits = bits(count);
        let mut put = |number: usize| u32::try_from(number).ok().map(|number| out.extend_from_slice(&number.to_le_bytes()));
        put(count)?;
        put(self.bytes.len())?;
        let mut first = 0;
        for number in 0..1_usize << bits {
            while first < count && bucket(self.lines[first].0, bits) < number {
                first += 1;
            }
            put(first)?;
        }
        put(count)?;
        let mut start = 0_u32;
        for (hash, _, length) in &self.lines {
            out.extend_from_slice(&hash.to_le_bytes());
            out.extend_from_slice(&start.to_le_bytes());
            start += length;
        }
        for (_, start, length) in &self.lines {
            let (start, length) = (usize::try_from(*start).ok()?, usize::try_from(*length).ok()?);
            out.extend_from_slice(&self.bytes[start..start + length]);
        }
        Some(())
    }
}

/// Writes entries in the form that [`Frozen::thaw`] takes. `None` if they do not go into bytes.
pub(super) fn freeze<'a, K: Stable + Serialize + 'a, V: Serialize + 'a>(
    mut entries: impl Iterator<Item = (&'a K, &'a V)>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut draft = Draft::default();
    entries.try_for_each(|(key, value)| draft.add(key, value))?;
    draft.write(out)
}

/// Writes old entries with others over them; those of which nothing is to be held are left out. Old ones that stay are
/// copied as they are. `None` if the others do not go into bytes.
pub(super) fn freeze_over<K, V, X>(
    old: Option<&Frozen<K, V>>,
    over: &HashMap<K, X>,
    held: impl Fn(&X) -> Option<&V>,
    out: &mut Vec<u8>,
) -> Option<()>
where
    K: Stable + Eq + Hash + Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    let mut draft = Draft::default();
    let hashes: HashSet<u64> = over.keys().map(Stable::stable_hash).collect();
    for (old, place) in old.into_iter().flat_map(|old| (0..old.len()).map(move |place| (old, place))) {
        let hash = old.hash(place);
        let is_over = hashes.contains(&hash) && old.entry(place).is_some_and(|(key, _)| over.contains_key(key));
        if !is_over {
            draft.copy(hash, old.raw(place)?)?;
        }
    }
    for (key, value) in over {
        if let Some(value) = held(value) {
            draft.add(key, value)?;
        }
    }
    draft.write(out)
}

/// As [`freeze_over`], to be read at once.
pub(super) fn merged<K, V, X>(old: Option<&Frozen<K, V>>, over: &HashMap<K, X>, held: impl Fn(&X) -> Option<&V>) -> Option<Frozen<K, V>>
where
    K: Stable + Eq + Hash + Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    let mut bytes = Vec::new();
    freeze_over(old, over, held, &mut bytes)?;
    bytes.shrink_to_fit();
    Frozen::thaw(&Arc::new(bytes), &mut 0)
}

#[cfg(test)]
mod tests {
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
    fn others_take_the_place_of_old_entries() {
        let mut bytes = Vec::new();
        let names: Vec<ObjectName> = (0..40).map(|number| name(&format!("t{number}"))).collect();
        freeze(names.iter().zip(&(0..40).collect::<Vec<u32>>()), &mut bytes).expect("bytes");
        let old: Frozen<ObjectName, u32> = Frozen::thaw(&Arc::new(bytes), &mut 0).expect("whole");
        let over: HashMap<ObjectName, Option<u32>> =
            [(name("t3"), Some(300)), (name("t4"), None), (name("new"), Some(1))].into_iter().collect();
        let new = merged(Some(&old), &over, Option::as_ref).expect("bytes");
        assert_eq!(new.len(), 40);
        assert_eq!([3, 4, 5].map(|number| new.get(&names[number]).copied()), [Some(300), None, Some(5)]);
        assert_eq!(new.get(&name("new")), Some(&1));
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
