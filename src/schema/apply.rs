//! Replay: schema + operation → schema.

use super::table::Knowledge;
use super::{Dialect, ObjectName, Operation, Origin, Schema};

/// Why an operation cannot have worked on the schema it met. A replay problem, not a lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The operation needs an object that does not exist.
    Missing {
        /// `table`, `column`, `index`, …
        kind: &'static str,
        /// Its name as written.
        name: ObjectName,
    },
    /// The operation makes an object that exists already.
    Exists {
        /// `table`, `column`, `index`, …
        kind: &'static str,
        /// Its name as written.
        name: ObjectName,
    },
}

impl Schema {
    /// The schema of an empty database (`Known`), or of one whose history is not at hand (`Unknown`).
    pub fn new(dialect: Dialect, history: Knowledge) -> Schema {
        let _ = (dialect, history);
        unimplemented!("replay")
    }

    /// Does to the schema what the operation does to the database.
    ///
    /// A problem leaves the schema as close to the database as can be told: the replay goes on.
    pub fn apply(&mut self, operation: &Operation, origin: &Origin) -> Result<(), Problem> {
        let _ = (operation, origin);
        unimplemented!("replay")
    }
}
