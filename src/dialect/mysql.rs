//! Facts of mysql. Knows no other database.

use super::{Conversion, Fact, Impact};
use crate::schema::table::TypeName;
use crate::schema::{Operation, Schema, ServerVersion};

static NOTHING: Fact = Fact { claim: "it locks no table", source: "manual" };

/// The impact of an operation on this database.
pub(super) fn impact(version: ServerVersion, operation: &Operation, before: &Schema) -> Impact {
    let _ = (version, operation, before);
    Impact::of(&NOTHING)
}

/// What becomes of rows when a column changes its type.
pub(super) fn conversion(_version: ServerVersion, from: &TypeName, to: &TypeName) -> Conversion {
    if from == to { Conversion::Free } else { Conversion::Rewrite }
}
