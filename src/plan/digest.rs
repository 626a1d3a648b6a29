//! The digest of a plan: whoever approved what `migrate plan` showed can demand that `migrate apply` runs that and nothing else.
//!
//! It has a part for each phase, because a deploy runs the phases one after the other. A part is a chain from the last
//! script to the first, so that what is left of an approved plan is recognised when its beginning has run.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::{Plan, PlannedScript, ScriptState};
use crate::schema::Phase;

/// Bytes of a part that are shown: 80 bits, beyond what anybody can search for a second plan.
const SHOWN: usize = 10;

/// What the chain of an empty phase is.
const END: &[u8] = b"concertina plan 1";

/// Over the scripts that a plan would run: their names, their content and their order, phase by phase.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PlanDigest([[u8; SHOWN]; 3]);

/// A text that is no digest of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the digest as `migrate plan` prints it: three groups of 20 hexadecimal digits, with `-` between them")]
pub struct NoDigest;

/// The chain of some scripts, extended at its front.
#[derive(Clone)]
struct Chain([u8; 32]);

impl Chain {
    fn empty() -> Chain {
        Chain(Sha256::digest(END).into())
    }

    fn of<'a>(scripts: impl DoubleEndedIterator<Item = &'a PlannedScript>) -> Chain {
        scripts.rfold(Chain::empty(), |chain, script| chain.behind(script))
    }

    /// The chain that begins with this script and goes on with what was there.
    fn behind(self, script: &PlannedScript) -> Chain {
        let name = script.node.migration.as_str();
        let mut hash = Sha256::new();
        hash.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(name);
        hash.update(script.digest.0);
        hash.update(self.0);
        Chain(hash.finalize().into())
    }

    fn shown(&self) -> [u8; SHOWN] {
        let mut shown = [0; SHOWN];
        shown.copy_from_slice(&self.0[..SHOWN]);
        shown
    }
}

impl Plan {
    /// The digest of what is left to run.
    pub fn digest(&self) -> PlanDigest {
        PlanDigest(Phase::ALL.map(|phase| Chain::of(self.left(phase)).shown()))
    }

    /// Whether what is left to run in a phase is what the digest was made of, or the rest of it when its beginning ran.
    pub fn is_rest_of(&self, approved: &PlanDigest, phase: Phase) -> bool {
        let wanted = approved.part(phase);
        let mut chain = Chain::of(self.left(phase));
        if chain.shown() == wanted {
            return true;
        }
        for done in self.scripts.iter().rev().filter(|script| script.node.phase == phase && script.state.is_done()) {
            chain = chain.behind(done);
            if chain.shown() == wanted {
                return true;
            }
        }
        false
    }

    fn left(&self, phase: Phase) -> impl DoubleEndedIterator<Item = &PlannedScript> {
        self.scripts.iter().filter(move |script| script.node.phase == phase && is_left(&script.state))
    }
}

fn is_left(state: &ScriptState) -> bool {
    match state {
        ScriptState::Done { .. } | ScriptState::Unchanged => false,
        ScriptState::Running { .. } | ScriptState::Pending | ScriptState::Blocked { .. } | ScriptState::Held(_) => true,
    }
}

impl PlanDigest {
    fn part(&self, phase: Phase) -> [u8; SHOWN] {
        match phase {
            Phase::Expand => self.0[0],
            Phase::Backfill => self.0[1],
            Phase::Contract => self.0[2],
        }
    }

    /// The part of one phase, in hexadecimal digits.
    pub fn of_phase(&self, phase: Phase) -> String {
        self.part(phase).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [expand, backfill, contract] = Phase::ALL.map(|phase| self.of_phase(phase));
        write!(f, "{expand}-{backfill}-{contract}")
    }
}

impl fmt::Debug for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for PlanDigest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<PlanDigest, NoDigest> {
        let mut parts = [[0; SHOWN]; 3];
        let mut groups = text.trim().split('-');
        for part in &mut parts {
            let group = groups.next().filter(|group| group.len() == SHOWN * 2 && group.is_ascii()).ok_or(NoDigest)?;
            for (index, byte) in part.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&group[index * 2..index * 2 + 2], 16).map_err(|_| NoDigest)?;
            }
        }
        if groups.next().is_some() { Err(NoDigest) } else { Ok(PlanDigest(parts)) }
    }
}

#[cfg(test)]
mod tests;
