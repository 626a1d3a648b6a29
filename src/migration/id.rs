//! Names of migrations and of their phases.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::nearest::hint;
use crate::schema::Phase;

/// The name of a migration: `20261121093000_users_full_name`. Migrations are ordered by their version where the
/// name begins with one (`9_a` before `10_b`), then by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MigrationId(Arc<str>);

impl From<String> for MigrationId {
    fn from(name: String) -> MigrationId {
        MigrationId(Arc::from(name))
    }
}

impl From<MigrationId> for String {
    fn from(id: MigrationId) -> String {
        id.0.as_ref().to_owned()
    }
}

impl MigrationId {
    /// A name as it stands in the folder.
    pub fn new(name: &str) -> MigrationId {
        MigrationId(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The version that the name begins with, as written: `20261121093000`, `2020-01-01-000000`, Flyway's `1_2`.
    pub fn version(&self) -> Option<&str> {
        let name: &str = &self.0;
        if let Some((version, _)) = flyway(name) {
            return Some(version);
        }
        let end = name.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.').unwrap_or(name.len());
        let version = name[..end].trim_end_matches(['-', '.']);
        version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
    }

    /// Compares the versions number by number; `None` unless both names begin with one.
    pub fn compare_versions(&self, other: &MigrationId) -> Option<Ordering> {
        let (mine, theirs) = (self.version()?, other.version()?);
        let (mut mine, mut theirs) = (numbers(mine), numbers(theirs));
        loop {
            let (left, right) = match (mine.next(), theirs.next()) {
                (None, None) => return Some(Ordering::Equal),
                (left, right) => (left.unwrap_or_default(), right.unwrap_or_default()),
            };
            // Without leading zeros the longer number is the larger one, however many digits it has.
            match left.len().cmp(&right.len()).then_with(|| left.cmp(right)) {
                Ordering::Equal => {}
                unequal => return Some(unequal),
            }
        }
    }
}

/// `V1_2__name` → `1_2` and `name`.
fn flyway(name: &str) -> Option<(&str, &str)> {
    let (version, rest) = name.strip_prefix('V')?.split_once("__")?;
    let valid = version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    valid.then_some((version, rest))
}

/// The numbers of a version, without leading zeros.
fn numbers(version: &str) -> impl Iterator<Item = &str> {
    version.split(['-', '.', '_']).map(|number| number.trim_start_matches('0'))
}

impl Ord for MigrationId {
    fn cmp(&self, other: &MigrationId) -> Ordering {
        let by_version = match (self.version().is_some(), other.version().is_some()) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) | (false, false) => self.compare_versions(other).unwrap_or(Ordering::Equal),
        };
        by_version.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for MigrationId {
    fn partial_cmp(&self, other: &MigrationId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for MigrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One phase of one migration: a node of the graph. Written `id:phase`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeRef {
    /// The migration.
    pub migration: MigrationId,
    /// Its phase.
    pub phase: Phase,
}

impl NodeRef {
    /// A phase of a migration.
    pub fn new(migration: &MigrationId, phase: Phase) -> NodeRef {
        NodeRef { migration: migration.clone(), phase }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.migration, self.phase)
    }
}

impl FromStr for NodeRef {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeRef, String> {
        match NodeText::parse(text)? {
            NodeText::Node(node) => Ok(node),
            NodeText::Migration(id) => Err(format!("`{id}` names no phase: write `{id}:expand`, `{id}:backfill` or `{id}:contract`")),
        }
    }
}

/// `id` or `id:phase`, as people write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeText {
    /// `20261121093000_users_full_name`.
    Migration(MigrationId),
    /// `20261121093000_users_full_name:contract`.
    Node(NodeRef),
}

impl NodeText {
    /// Reads either form.
    ///
    /// # Errors
    /// What is wrong with it, as a clause: an empty name, or a word after the colon that is no phase.
    pub fn parse(text: &str) -> Result<NodeText, String> {
        let (id, phase) = match text.rsplit_once(':') {
            Some((id, phase)) => (id.trim(), Some(phase.trim())),
            None => (text.trim(), None),
        };
        if id.is_empty() {
            return Err(format!("`{text}` names no migration"));
        }
        let Some(word) = phase else { return Ok(NodeText::Migration(MigrationId::new(id))) };
        match Phase::from_name(word) {
            Some(phase) => Ok(NodeText::Node(NodeRef { migration: MigrationId::new(id), phase })),
            None => Err(format!("`{word}` is no phase{}", hint(word, Phase::ALL.map(Phase::as_str)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(names: &[&str]) -> Vec<String> {
        let mut ids: Vec<MigrationId> = names.iter().map(|name| MigrationId::new(name)).collect();
        ids.sort();
        ids.into_iter().map(String::from).collect()
    }

    #[test]
    fn orders_by_number_first() {
        assert_eq!(sorted(&["10_b", "9_a", "010_a"]), ["9_a", "010_a", "10_b"]);
        assert_eq!(sorted(&["V10__x", "V2__y", "V2_1__z"]), ["V2__y", "V2_1__z", "V10__x"]);
        assert_eq!(sorted(&["2020-01-02-000000_b", "2020-01-01-120000_a"]), ["2020-01-01-120000_a", "2020-01-02-000000_b"]);
        assert_eq!(sorted(&["users", "1_a", "accounts"]), ["1_a", "accounts", "users"]);
        assert_eq!(sorted(&["99999999999999999999999_b", "9_a"]), ["9_a", "99999999999999999999999_b"]);
    }

    #[test]
    fn versions() {
        assert_eq!(MigrationId::new("20261121093000_users").version(), Some("20261121093000"));
        assert_eq!(MigrationId::new("V1_2__users").version(), Some("1_2"));
        assert_eq!(MigrationId::new("01-users").version(), Some("01"));
        assert_eq!(MigrationId::new("Vacuum__users").version(), None);
        assert_eq!(MigrationId::new("users").version(), None);
        let same = MigrationId::new("1_a").compare_versions(&MigrationId::new("001_b"));
        assert_eq!(same, Some(Ordering::Equal));
    }

    #[test]
    fn node_references() {
        let node: NodeRef = "1_a:contract".parse().expect("valid");
        assert_eq!(node.to_string(), "1_a:contract");
        assert!("1_a".parse::<NodeRef>().is_err());
        assert_eq!(NodeText::parse("1_a"), Ok(NodeText::Migration(MigrationId::new("1_a"))));
        assert_eq!(NodeText::parse("1_a:expnad"), Err("`expnad` is no phase; did you mean `expand`?".to_owned()));
        assert!(NodeText::parse(":expand").is_err());
    }
}
