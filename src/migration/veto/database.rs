//! What the database itself tells of those who use it, and people who approve.

use std::ops::Range;
use std::time::Duration;

use crate::migration::MigrationError;
use crate::migration::table::Table;

/// `kind = "statements"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementsAsk {
    /// `except_roles`: whose statements do not count: the role that migrates.
    pub except_roles: Vec<String>,
}

/// `kind = "use"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseAsk {
    /// `replicas_env`: variables that hold the URLs of standbys, which count their own reads.
    pub replicas: Vec<String>,
    /// `unused_for`: how long nothing may have been read. Without it the soak of the contract.
    pub unused_for: Option<Duration>,
}

/// `kind = "approval"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalAsk {
    /// `approvals`: how many people must approve. Default one.
    pub approvals: u64,
}

impl StatementsAsk {
    pub(super) fn read(table: &mut Table<'_>) -> Result<StatementsAsk, MigrationError> {
        let roles = table.texts("except_roles")?.unwrap_or_default();
        Ok(StatementsAsk { except_roles: roles.into_iter().map(|(role, _)| role).collect() })
    }
}

impl UseAsk {
    pub(super) fn read(table: &mut Table<'_>) -> Result<UseAsk, MigrationError> {
        let document = table.document();
        let mut replicas = Vec::new();
        for (name, at) in table.texts("replicas_env")?.unwrap_or_default() {
            // Whoever writes a URL here by mistake must not find its password in an error message.
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
                let message = "`replicas_env` lists names of environment variables: capitals, digits and `_`".to_owned();
                return Err(document.fault(at, message));
            }
            replicas.push(name);
        }
        Ok(UseAsk { replicas, unused_for: table.duration("unused_for")? })
    }
}

impl ApprovalAsk {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<ApprovalAsk, MigrationError> {
        match table.number("approvals")?.unwrap_or(1) {
            0 => Err(table.document().fault(at, "`approvals` must be at least 1".to_owned())),
            approvals => Ok(ApprovalAsk { approvals }),
        }
    }
}
