//! What a release was built from: every phase file with its digest.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MigrationId, NodeRef};
use crate::schema::Phase;
use crate::sql::Digest;

/// The scripts of a source tree. A release is ready for the contract of M when its manifest holds M's contract
/// with the same digest. As JSON: `{"1_a:expand": "<64 hexadecimal digits>", …}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Digest by script.
    pub scripts: BTreeMap<NodeRef, Digest>,
}

impl Manifest {
    /// Whether the tree held this script with this very content.
    pub fn holds(&self, migration: &MigrationId, phase: Phase, digest: Digest) -> bool {
        self.scripts.get(&NodeRef::new(migration, phase)) == Some(&digest)
    }

    /// The digest of a script that the tree held, whatever its content.
    pub fn digest(&self, migration: &MigrationId, phase: Phase) -> Option<Digest> {
        self.scripts.get(&NodeRef::new(migration, phase)).copied()
    }
}

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.scripts.iter().map(|(node, digest)| (node.to_string(), digest.to_string())))
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Manifest, D::Error> {
        let texts: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
        let mut scripts = BTreeMap::new();
        for (node, digest) in texts {
            let node = node.parse().map_err(D::Error::custom)?;
            let digest = Digest::from_hex(&digest).ok_or_else(|| D::Error::custom(format!("`{digest}` is no digest")))?;
            scripts.insert(node, digest);
        }
        Ok(Manifest { scripts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_through_json() {
        let id = MigrationId::new("1_a");
        let scripts = BTreeMap::from([(NodeRef::new(&id, Phase::Contract), Digest([7; 32]))]);
        let manifest = Manifest { scripts };
        let json = serde_json::to_string(&manifest).expect("a map of strings");
        assert!(json.starts_with("{\"1_a:contract\":\"0707"));
        assert_eq!(serde_json::from_str::<Manifest>(&json).expect("its own form"), manifest);
        assert!(serde_json::from_str::<Manifest>("{\"1_a\":\"07\"}").is_err());
        assert!(manifest.holds(&id, Phase::Contract, Digest([7; 32])));
        assert!(!manifest.holds(&id, Phase::Contract, Digest([8; 32])));
    }
}
