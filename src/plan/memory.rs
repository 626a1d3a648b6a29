//! Replays that were made before: where a history is only followed, its end can be taken up instead of its beginning.
//!
//! A key says everything that a replay up to a script depends on: the version of this tool, the server, the runner, and
//! name, phase and every byte of each script so far, in order. Policies do not change what a followed script leaves.

use std::sync::Arc;

use super::steps::Steps;
use super::survey::Kept;
use super::{Plan, PlanError, Survey};
use crate::lint::{Judge, ScriptReport};
use crate::migration::{Migration, NodeRef, ScriptFile};
use crate::schema::Phase;
use crate::sql::{Digest, Script, Source};

/// The form of snapshots. A change of the schema's types changes it.
const FORMAT: u32 = 3;

/// Scripts after the last known one that make a new snapshot worth its room.
const WORTH_KEEPING: usize = 64;

/// Where snapshots are kept.
pub trait Memory {
    /// The snapshot of the last of these keys that is known, with the key's place: every byte as it was kept.
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

impl Survey<'_> {
    /// Makes the plan.
    ///
    /// # Errors
    /// `Cycle`, `Levels`, or a script that cannot be read.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        self.plan_with(&Forgetful)
    }
}

impl super::survey::Work<'_> {
    /// Takes up the longest beginning of the order that a snapshot holds; what it left out is followed, and kept where
    /// that is worth it. Says how many scripts are behind it.
    pub(super) fn take_up(&mut self, order: &[NodeRef], memory: &dyn Memory) -> Result<usize, PlanError> {
        let keys = self.keys(order);
        let mut done = 0;
        if let Some((place, snapshot)) = memory.recall(&keys)
            && place < keys.len()
            && self.replay.resume(snapshot)
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

    /// Enters a script whose effect was taken up.
    fn pass(&mut self, node: &NodeRef) {
        let migrations = self.survey.migrations;
        let (Some(migration), Some(file)) = (migrations.get(&node.migration), migrations.script(node)) else { return };
        self.replay.pass(&migration.id, node.phase, &file.path, &migration.settings.allowances);
        let source = Source::new(Arc::clone(&file.path), "");
        let script = Script { source, statements: Vec::new(), problems: Vec::new(), directives: Vec::new() };
        let kept = Kept { judge: Judge::No, is_late: false, runs: false };
        self.scripts.push(self.planned(node, file, kept, &script, ScriptReport::default(), Steps::default()));
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
            || migration.script(Phase::Contract).is_some() && !self.past.is_done(&NodeRef::new(&migration.id, Phase::Contract));
        let proves = node.phase == Phase::Backfill && open_contract();
        self.past.judge(node) == Judge::No && !self.past.is_old_and_pending(node) && !self.beside.contains(node) && !proves
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::migration::Manifest;
    use crate::plan::Known;
    use crate::plan::testing::{TODAY, migrations, project};
    use crate::schema::size::Sizes;
    use crate::schema::{Dialect, Server};

    /// Keeps snapshots in memory, and counts how often one was of use.
    #[derive(Default)]
    struct Kept {
        snapshots: RefCell<Vec<(Digest, Vec<u8>)>>,
        recalled: RefCell<usize>,
    }

    impl Memory for Kept {
        fn recall(&self, keys: &[Digest]) -> Option<(usize, Vec<u8>)> {
            let snapshots = self.snapshots.borrow();
            let found = keys.iter().enumerate().rev().find_map(|(place, key)| {
                let (_, snapshot) = snapshots.iter().find(|(known, _)| known == key)?;
                Some((place, snapshot.clone()))
            });
            *self.recalled.borrow_mut() += usize::from(found.is_some());
            found
        }

        fn keep(&self, key: Digest, snapshot: Vec<u8>) {
            self.snapshots.borrow_mut().push((key, snapshot));
        }
    }

    fn history() -> Vec<(String, String)> {
        let script = |number: usize| match number % 5 {
            0 => format!("CREATE TABLE t{number} (id bigint PRIMARY KEY, \"Name\" text CHECK (length(\"Name\") > {number}), u uuid);"),
            1 => format!(
                "ALTER TABLE t{} ADD COLUMN c{number} varchar(20) DEFAULT 'x', ADD CONSTRAINT k{number} UNIQUE (id, u);",
                number - 1
            ),
            2 => format!("CREATE INDEX i{number} ON t{} (lower(\"Name\")) WHERE u IS NOT NULL;", number - 2),
            3 => format!("CREATE VIEW v{number} AS SELECT id FROM t{};\nCREATE TYPE e{number} AS ENUM ('a', 'b');", number - 3),
            _ => format!(
                "CREATE FUNCTION f{number}() RETURNS int LANGUAGE sql AS $$ SELECT {number} $$;\nALTER TABLE t{} RENAME TO r{number};",
                number - 4
            ),
        };
        (0..80).map(|number| (format!("{number:03}_m/expand.sql"), script(number))).collect()
    }

    /// The plan of the last script on top of the others, in full.
    fn planned(files: &[(String, String)], version: Server, memory: &dyn Memory) -> String {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, sql)| (path.as_str(), sql.as_str())).collect();
        let all = migrations(&files, Dialect::Postgres);
        let base = migrations(&files[..files.len() - 1], Dialect::Postgres);
        let manifest: Manifest = base.manifest();
        let known = Known::Base(&manifest);
        let survey = Survey { project: &project(), migrations: &all, server: version, known, today: TODAY, sizes: &Sizes::unknown() };
        let plan: Plan = survey.plan_with(memory).expect("a plan");
        format!("{plan:?}")
    }

    #[test]
    fn a_plan_is_the_same_with_what_is_remembered_and_without() {
        let (old, new) =
            (Server::oldest(Dialect::Postgres), Server { version: "17".parse().expect("a version"), ..Server::oldest(Dialect::Postgres) });
        let memory = Kept::default();
        let mut files = history();
        let last = (
            "999_last/expand.sql".to_owned(),
            "ALTER TABLE r4 DROP COLUMN c1;\nDROP VIEW v8;\nCREATE INDEX i ON t75 (id);\nSELECT nothing;".to_owned(),
        );
        files.push(last);
        let check =
            |files: &[(String, String)], server: Server| assert_eq!(planned(files, server, &memory), planned(files, server, &Forgetful));
        check(&files, old);
        assert_eq!((memory.snapshots.borrow().len(), *memory.recalled.borrow()), (1, 0));
        check(&files, old);
        assert_eq!((memory.snapshots.borrow().len(), *memory.recalled.borrow()), (1, 1));
        check(&files, new);
        assert_eq!((memory.snapshots.borrow().len(), *memory.recalled.borrow()), (2, 1), "another server is another history");
        // Edits anywhere, also of what no token shows, a swap of two names, and a file less.
        for place in [0, 37, 78] {
            let mut edited = files.clone();
            edited[place].1.push_str("\nCREATE TABLE extra (id int);");
            check(&edited, old);
            edited[place].1 = files[place].1.replace("CREATE", "create");
            check(&edited, old);
        }
        let mut swapped = files.clone();
        let (one, two) = (swapped[41].1.clone(), swapped[66].1.clone());
        (swapped[41].1, swapped[66].1) = (two, one);
        check(&swapped, old);
        files.remove(50);
        check(&files, old);
        // One file more on top of what is known.
        let recalled = *memory.recalled.borrow();
        files.insert(79, ("998_more/expand.sql".to_owned(), "ALTER TABLE t75 ADD COLUMN more int;".to_owned()));
        check(&files, old);
        assert_eq!(*memory.recalled.borrow(), recalled + 1);
    }

    #[test]
    fn a_broken_snapshot_is_no_snapshot() {
        let memory = Kept::default();
        let files = history();
        let expected = planned(&files, Server::oldest(Dialect::Postgres), &memory);
        for (_, snapshot) in memory.snapshots.borrow_mut().iter_mut() {
            snapshot.truncate(snapshot.len() / 2);
        }
        assert_eq!(planned(&files, Server::oldest(Dialect::Postgres), &memory), expected);
    }
}
