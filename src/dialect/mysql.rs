//! Facts of mysql. Knows no other database.

use super::{Fact, Impact};
use crate::schema::{Operation, Schema, ServerVersion};

static NOTHING: Fact = Fact { claim: "it locks no table", source: "manual" };

/// The impact of an operation on this database.
pub(super) fn impact(version: ServerVersion, operation: &Operation, before: &Schema) -> Impact {
    let _ = (version, operation, before);
    Impact::of(&NOTHING)
}
