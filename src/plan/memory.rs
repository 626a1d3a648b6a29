//! Replays that were made before: where a history is only followed, its end can be taken up instead of its beginning.
//!
//! A key says everything that a replay up to a script depends on: the version of this tool, the server, the runner, and
//! name, phase and every byte of each script so far, in order. Policies do not change what a followed script leaves.

use super::Survey;
use crate::lint::Judge;
use crate::migration::{Migration, NodeRef, ScriptFile};
use crate::schema::Phase;
use crate::sql::Digest;

/// The form of snapshots. A change of the schema's types changes it.
const FORMAT: u32 = 1;

/// Scripts after the last known one that make a new snapshot worth its room.
const WORTH_KEEPING: usize = 64;

/// Where snapshots are kept.
pub trait Memory {
    /// The snapshot of the last of these keys that is known, with the key's place.
    fn recall(&self, keys: &[Digest]) -> Option<(usize, Vec<u8>)>;

    /// Keeps a snapshot. What cannot be kept is made again the next time.
    fn keep(&self, key: Digest, snapshot: Vec<u8>);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct Forgetful;

impl Memory for Forgetful {
    fn recall(&self, _: &[Digest]) -> Option<(usize, Vec<u8>)> {
        None
    }

    fn keep(&self, _: Digest, _: Vec<u8>) {}
}

impl super::survey::Work<'_> {
    /// Takes up the longest beginning of the order that a snapshot holds; what it left out is followed, and kept where
    /// that is worth it. Says how many scripts are behind it.
    pub(super) fn take_up(&mut self, order: &[NodeRef], memory: &dyn Memory) -> Result<usize, super::PlanError> {
        let keys = self.keys(order);
        let mut done = 0;
        if let Some((place, snapshot)) = memory.recall(&keys)
            && place < keys.len()
            && self.replay.resume(&snapshot)
        {
            done = place + 1;
            for node in &order[..done] {
                self.pass(node);
            }
        }
        for node in &order[done..keys.len()] {
            self.script(node)?;
        }
        if let Some(last) = keys.last().filter(|_| keys.len() - done >= WORTH_KEEPING)
            && let Some(snapshot) = self.replay.snapshot()
        {
            memory.keep(*last, snapshot);
        }
        Ok(keys.len())
    }

    /// The keys of the scripts at the beginning of the order of which nothing is asked but what they leave.
    fn keys(&self, order: &[NodeRef]) -> Vec<Digest> {
        let Survey { migrations, server, project, .. } = self.survey;
        let mut key = Digest::of_bytes(
            format!("{FORMAT} {} {server:?} {:?} {:?}", env!("CARGO_PKG_VERSION"), project.runner, migrations.knowledge()).as_bytes(),
        );
        let mut keys = Vec::new();
        for node in order {
            let (Some(migration), Some(file)) = (migrations.get(&node.migration), migrations.script(node)) else { break };
            if !self.is_only_followed(node, migration) {
                break;
            }
            key = next(key, node, file);
            keys.push(key);
        }
        keys
    }

    fn is_only_followed(&self, node: &NodeRef, migration: &Migration) -> bool {
        let open_contract =
            migration.script(Phase::Contract).is_some() && !self.past.is_done(&NodeRef::new(&migration.id, Phase::Contract));
        self.past.judge(node) == Judge::No
            && !self.past.is_old_and_pending(node)
            && !self.beside.contains(node)
            && !(node.phase == Phase::Backfill && open_contract)
    }
}

/// The key with one script more. Lengths make the boundaries part of it.
fn next(key: Digest, node: &NodeRef, file: &ScriptFile) -> Digest {
    let id = node.migration.as_str();
    let mut bytes = Vec::with_capacity(160 + id.len() + file.declared.len());
    bytes.extend_from_slice(&key.0);
    for part in [id, node.phase.as_str(), &file.path, &file.declared, &format!("{:?}", file.part())] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(&file.content.0);
    Digest::of_bytes(&bytes)
}
