//! Which releases run: markers that the deploy writes and instances that the application writes.

use jiff::Timestamp;

use crate::migration::Manifest;

/// One build of one service: `api@2.3.0`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Release {
    /// The service.
    pub service: String,
    /// The release.
    pub version: String,
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.service, self.version)
    }
}

/// A deploy marker. Append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Which release.
    pub release: Release,
    /// What happened to it.
    pub kind: MarkerKind,
    /// What it was built from; `None` where the marker did not say (a release without a manifest is not ready).
    pub manifest: Option<Manifest>,
    /// Migrations it was declared ready for by hand.
    pub ready_for: Vec<crate::migration::MigrationId>,
    /// Who wrote it.
    pub actor: String,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// The commit it was built from.
    pub commit: Option<String>,
    /// A link to the deploy.
    pub url: Option<String>,
    /// The environment, where a database serves several or somebody names the one.
    pub environment: Option<String>,
    /// A number that grows with each build, for releases whose names do not tell which is later.
    pub order: Option<u64>,
}

/// What a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// The roll-out began: this release and its predecessor are both live.
    Started,
    /// The roll-out ended: this release alone is live.
    Deployed,
    /// It was taken back: its predecessor is live again.
    RolledBack,
    /// Nothing of it runs any more and nothing took its place.
    Retired,
}

/// A running application that wrote a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Which release it was built as.
    pub release: Release,
    /// Unique per process.
    pub id: String,
    /// What it was built from.
    pub manifest: Manifest,
    /// First heartbeat.
    pub started_at: Timestamp,
    /// Last heartbeat.
    pub last_seen: Timestamp,
    /// How long a heartbeat counts, in seconds.
    pub ttl_seconds: u32,
}
