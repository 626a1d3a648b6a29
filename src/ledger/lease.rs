//! The run lock: a row with an owner, a fencing token and an expiry.

use jiff::Timestamp;

/// Who asks for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// `user@host`.
    pub actor: String,
    /// The process.
    pub pid: u32,
    /// What it is about to do: `apply --phase expand`.
    pub purpose: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} pid {}: {}", self.actor, self.pid, self.purpose)
    }
}

/// The right to write. Obtained from a backend only; every write proves it by its token.
#[derive(Debug)]
pub struct Lease {
    token: i64,
}

impl Lease {
    /// Made by a backend that just took the lease with this fencing token.
    pub(crate) fn new(token: i64) -> Lease {
        Lease { token }
    }

    /// The fencing token: grows by one with every new holder.
    pub fn token(&self) -> i64 {
        self.token
    }
}

/// The lease row as somebody else sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRecord {
    /// Who holds it: `user@host pid 12: apply --phase expand`.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless it is renewed.
    pub expires_at: Timestamp,
}
