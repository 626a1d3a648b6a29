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

/// The shards of a map: each is made anew on its own, so that a long one is never held twice.
const SHARDS: usize = 8;

/// The entries of one map, each in the shard that its hash tells.
#[derive(Debug)]
pub(super) struct Frozen<K, V> {
    shards: [Arc<Shard<K, V>>; SHARDS],
}

impl<K, V> Clone for Frozen<K, V> {
    fn clone(&self) -> Frozen<K, V> {
        Frozen { shards: self.shards.clone() }
    }
}

/// By the last bits: the buckets of a shard go by the first.
fn shard(hash: u64) -> usize {
    hash as usize % SHARDS
}

impl<K: Stable + Eq + DeserializeOwned, V: DeserializeOwned> Frozen<K, V> {
    fn empty() -> Frozen<K, V> {
        Frozen { shards: std::array::from_fn(|_| Arc::new(Shard::empty())) }
    }

    /// Takes the entries that begin at `at`, and moves `at` behind them. `None` where the bytes are not whole.
    pub(super) fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Frozen<K, V>> {
        let shards: Option<Vec<_>> = (0..SHARDS).map(|_| Shard::thaw(bytes, at).map(Arc::new)).collect();
        Some(Frozen { shards: shards?.try_into().ok()? })
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let hash = key.stable_hash();
        self.shards[shard(hash)].get(hash, key)
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }
}

/// The entries of one shard: for each bucket of hashes its first line, then the lines sorted by hash, then the entries in the
/// same order.
#[derive(Debug)]
struct Shard<K, V> {
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

impl<K: Eq + DeserializeOwned, V: DeserializeOwned> Shard<K, V> {
    fn empty() -> Shard<K, V> {
        Shard { bytes: Arc::default(), buckets: 0, bits: 0, index: 0, entries: 0, end: 0, read: Box::default() }
    }

    /// Takes the entries that begin at `at`, and moves `at` behind them. `None` where the bytes are not whole.
    fn thaw(bytes: &Arc<Vec<u8>>, at: &mut usize) -> Option<Shard<K, V>> {
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
        Some(Shard { bytes: Arc::clone(bytes), buckets, bits, index, entries, end, read })
    }

    fn get(&self, hash: u64, key: &K) -> Option<&V> {
        let at = self.buckets + bucket(hash, self.bits) * WORD;
        let (low, high) = (word(&self.bytes, at)?, word(&self.bytes, at + WORD)?.min(self.read.len()));
        let same = (low..high).filter(|place| self.hash(*place) == hash);
        same.filter_map(|place| self.entry(place)).find(|(held, _)| held == key).map(|(_, value)| value)
    }

    /// Every entry, in no order.
    fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        (0..self.read.len()).filter_map(|place| self.entry(place)).map(|(key, value)| (key, value))
    }

    fn len(&self) -> usize {
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

/// Entries on their way into bytes. Old ones are not copied before they are written.
#[derive(Default)]
struct Draft {
    lines: Vec<Line>,
    bytes: Vec<u8>,
}

/// An entry of a draft. Sorted as the index is: by hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    hash: u64,
    from: From,
    length: u32,
}

/// Where the bytes of an entry are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    /// The entry of this place in what was there.
    Old(u32),
    /// The draft, from this byte on.
    New(u32),
}

impl Draft {
    fn add<K: Serialize, V: Serialize>(&mut self, hash: u64, key: &K, value: &V) -> Option<()> {
        let start = self.bytes.len();
        self.bytes = postcard::to_extend(&(key, value), std::mem::take(&mut self.bytes)).ok()?;
        let length = u32::try_from(self.bytes.len() - start).ok()?;
        self.lines.push(Line { hash, from: From::New(u32::try_from(start).ok()?), length });
        Some(())
    }

    fn keep(&mut self, hash: u64, place: usize, entry: &[u8]) -> Option<()> {
        self.lines.push(Line { hash, from: From::Old(u32::try_from(place).ok()?), length: u32::try_from(entry.len()).ok()? });
        Some(())
    }

    /// `old` tells the bytes of an entry that was there.
    fn write<'o>(mut self, old: impl Fn(usize) -> Option<&'o [u8]>, out: &mut Vec<u8>) -> Option<()> {
        self.lines.sort_unstable();
        let count = self.lines.len();
        let bits = bits(count);
        let mut length = 0_usize;
        for line in &self.lines {
            length = length.checked_add(usize::try_from(line.length).ok()?)?;
        }
        let room = 2 * WORD + ((1_usize << bits) + 1) * WORD + count * LINE + length;
        // Exactly: the bytes of a long history are much, and nothing comes behind them but in a snapshot.
        if out.is_empty() {
            out.reserve_exact(room)
        } else {
            out.reserve(room)
        }
        let mut put = |number: usize| u32::try_from(number).ok().map(|number| out.extend_from_slice(&number.to_le_bytes()));
        put(count)?;
        put(length)?;
        let mut first = 0;
        for number in 0..1_usize << bits {
            while first < count && bucket(self.lines[first].hash, bits) < number {
                first += 1;
            }
            put(first)?;
        }
        put(count)?;
        let mut start = 0_u32;
        for line in &self.lines {
            out.extend_from_slice(&line.hash.to_le_bytes());
            out.extend_from_slice(&start.to_le_bytes());
            start += line.length;
        }
        for line in &self.lines {
            match line.from {
                From::Old(place) => out.extend_from_slice(old(usize::try_from(place).ok()?)?),
                From::New(start) => {
                    let start = usize::try_from(start).ok()?;
                    out.extend_from_slice(self.bytes.get(start..start + usize::try_from(line.length).ok()?)?);
                }
            }
        }
        Some(())
    }
}

/// Writes entries in the form that [`Frozen::thaw`] takes. `None` if they do not go into bytes.
pub(super) fn freeze<'a, K: Stable + Serialize + 'a, V: Serialize + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut drafts: [Draft; SHARDS] = Default::default();
    for (key, value) in entries {
        let hash = key.stable_hash();
        drafts[shard(hash)].add(hash, key, value)?;
    }
    drafts.into_iter().try_for_each(|draft| draft.write(|_| None, out))
}

/// Entries that take the place of old ones, by shards.
struct Over<'a, K, X> {
    map: &'a HashMap<K, X>,
    shards: [Vec<(u64, &'a K, &'a X)>; SHARDS],
    hashes: HashSet<u64>,
}

impl<'a, K: Stable + Eq + Hash, X> Over<'a, K, X> {
    fn of(map: &'a HashMap<K, X>) -> Over<'a, K, X> {
        let mut shards: [Vec<_>; SHARDS] = Default::default();
        for (key, value) in map {
            let hash = key.stable_hash();
            shards[shard(hash)].push((hash, key, value));
        }
        let hashes = shards.iter().flatten().map(|(hash, ..)| *hash).collect();
        Over { map, shards, hashes }
    }

    /// Writes one shard with what comes over it; entries of which nothing is to be held are left out. Old ones that stay are
    /// copied as they are.
    fn write<V>(&self, number: usize, old: Option<&Shard<K, V>>, held: impl Fn(&X) -> Option<&V>, out: &mut Vec<u8>) -> Option<()>
    where
        K: Serialize + DeserializeOwned,
        V: Serialize + DeserializeOwned,
    {
        let mut draft = Draft::default();
        for (old, place) in old.into_iter().flat_map(|old| (0..old.len()).map(move |place| (old, place))) {
            let hash = old.hash(place);
            let is_over = self.hashes.contains(&hash) && old.entry(place).is_some_and(|(key, _)| self.map.contains_key(key));
            if !is_over {
                draft.keep(hash, place, old.raw(place)?)?;
            }
        }
        for (hash, key, value) in &self.shards[number] {
            if let Some(value) = held(value) {
                draft.add(*hash, *key, value)?;
            }
        }
        draft.write(|place| old?.raw(place), out)
    }
}

/// Writes old entries with others over them in the form that [`Frozen::thaw`] takes. `None` if the others do not go into bytes.
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
    let over = Over::of(over);
    (0..SHARDS).try_for_each(|number| over.write(number, old.map(|old| old.shards[number].as_ref()), &held, out))
}

/// Puts others over the entries, shard by shard. `None` if some of them do not go into bytes: then they must stay over the map.
pub(super) fn merge<K, V, X>(frozen: &mut Option<Arc<Frozen<K, V>>>, over: &HashMap<K, X>, held: impl Fn(&X) -> Option<&V>) -> Option<()>
where
    K: Stable + Eq + Hash + Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    let over = Over::of(over);
    let whole = Arc::make_mut(frozen.get_or_insert_with(|| Arc::new(Frozen::empty())));
    for (number, shard) in whole.shards.iter_mut().enumerate() {
        let mut bytes = Vec::new();
        over.write(number, Some(shard), &held, &mut bytes)?;
        *shard = Arc::new(Shard::thaw(&Arc::new(bytes), &mut 0)?);
    }
    Some(())
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
        let mut merged = Some(Arc::new(old));
        merge(&mut merged, &over, Option::as_ref).expect("bytes");
        let new = merged.expect("merged");
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
