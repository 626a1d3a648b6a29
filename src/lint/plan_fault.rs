//! Faults that no script shows by itself: they are seen where scripts are ordered and cut into steps, and told here.

/// What only the plan sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanFault {
    /// Two scripts may run in either order and end differently.
    Unordered {
        /// What both touch: ``column `users.name` ``.
        object: String,
        /// What this script does with it: `drops`, `reads`, ….
        does: &'static str,
        /// The other script: `1_a:contract`.
        other: String,
        /// What that one does with it.
        other_does: &'static str,
        /// Where: `path:line`.
        other_place: String,
    },
    /// The base of the branch holds this script with another content.
    Edited,
    /// The base of the branch holds a script that is not here any more.
    Removed {
        /// The migration that has its content now.
        renamed_to: Option<String>,
    },
    /// A new migration stands before one that the base of the branch holds.
    OutOfOrder {
        /// The last migration of the base.
        newest: String,
    },
    /// A statement of a backfill that cannot be run in batches.
    Uncut {
        /// Why.
        reason: String,
    },
}
