//! The ways of touching something, and which two of them exclude each other.

/// How something is touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Access {
    /// Needs it to be there as it is: an index on a column, a foreign key to a table.
    Uses,
    /// Takes every column there is, by `*` or by position.
    Expands,
    /// Reads stored values.
    Reads,
    /// Makes it if it is not there yet, or says it again without harm: CREATE SCHEMA IF NOT EXISTS, GRANT.
    Ensures,
    /// Makes it.
    Creates,
    /// Changes what it is: its type, its name, its definition.
    Alters,
    /// Takes it away.
    Removes,
    /// Takes it away where doing so twice is harmless: REVOKE.
    Withdraws,
    /// Demands something of every value: NOT NULL, CHECK, UNIQUE, a foreign key.
    Constrains,
    /// Changes stored values.
    Writes,
    /// Changes values of rows that are there; which ones, the touches of columns say.
    Updates,
    /// Adds rows.
    Inserts,
    /// Removes rows.
    Deletes,
}

impl Access {
    /// Every way.
    #[cfg(test)]
    pub(super) const ALL: [Access; 13] = [
        Access::Uses,
        Access::Expands,
        Access::Reads,
        Access::Ensures,
        Access::Creates,
        Access::Alters,
        Access::Removes,
        Access::Withdraws,
        Access::Constrains,
        Access::Writes,
        Access::Updates,
        Access::Inserts,
        Access::Deletes,
    ];

    /// Whether two touches of the same part in either order may end differently. Symmetric.
    pub(super) fn excludes(self, other: Access) -> bool {
        match self {
            Access::Creates | Access::Alters | Access::Removes => true,
            Access::Ensures => match other {
                Access::Creates | Access::Alters | Access::Removes | Access::Withdraws => true,
                Access::Uses
                | Access::Expands
                | Access::Reads
                | Access::Ensures
                | Access::Constrains
                | Access::Writes
                | Access::Updates
                | Access::Inserts
                | Access::Deletes => false,
            },
            Access::Withdraws => match other {
                Access::Creates | Access::Alters | Access::Removes | Access::Ensures => true,
                Access::Uses
                | Access::Expands
                | Access::Reads
                | Access::Withdraws
                | Access::Constrains
                | Access::Writes
                | Access::Updates
                | Access::Inserts
                | Access::Deletes => false,
            },
            Access::Uses | Access::Expands => other.redefines(),
            Access::Reads => match other {
                // What is read may have been changed, or not yet.
                Access::Writes | Access::Inserts | Access::Deletes => true,
                Access::Uses
                | Access::Expands
                | Access::Reads
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws
                | Access::Constrains
                | Access::Updates => other.redefines(),
            },
            Access::Constrains => match other {
                // One order fails where the other does not; what is removed no longer stands in the way.
                Access::Writes | Access::Inserts | Access::Deletes => true,
                Access::Uses
                | Access::Expands
                | Access::Reads
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws
                | Access::Constrains
                | Access::Updates => other.redefines(),
            },
            Access::Writes => match other {
                Access::Reads | Access::Constrains | Access::Writes | Access::Inserts => true,
                // A row that goes needs no new value.
                Access::Uses
                | Access::Expands
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws
                | Access::Updates
                | Access::Deletes => other.redefines(),
            },
            // A row that is added later is not updated.
            Access::Updates => match other {
                Access::Inserts => true,
                Access::Uses
                | Access::Expands
                | Access::Reads
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws
                | Access::Constrains
                | Access::Writes
                | Access::Updates
                | Access::Deletes => other.redefines(),
            },
            // Keys may collide, and numbers are given out in the order of arrival.
            Access::Inserts => match other {
                Access::Reads | Access::Constrains | Access::Writes | Access::Updates | Access::Inserts | Access::Deletes => true,
                Access::Uses
                | Access::Expands
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws => other.redefines(),
            },
            Access::Deletes => match other {
                Access::Reads | Access::Constrains | Access::Inserts => true,
                Access::Uses
                | Access::Expands
                | Access::Ensures
                | Access::Creates
                | Access::Alters
                | Access::Removes
                | Access::Withdraws
                | Access::Writes
                | Access::Updates
                | Access::Deletes => other.redefines(),
            },
        }
    }

    /// Whether a touch of all columns and one of a single column may exclude each other. `self` is that of all.
    pub(super) fn excludes_single(self, single: Access) -> bool {
        match (self, single) {
            // A new column is not among those that are relied on, read or written; only `*` would take it.
            (Access::Uses | Access::Reads | Access::Writes | Access::Constrains, Access::Creates) => false,
            (_, single) => self.excludes(single),
        }
    }

    fn redefines(self) -> bool {
        match self {
            Access::Creates | Access::Alters | Access::Removes => true,
            Access::Uses
            | Access::Expands
            | Access::Reads
            | Access::Ensures
            | Access::Withdraws
            | Access::Constrains
            | Access::Writes
            | Access::Updates
            | Access::Inserts
            | Access::Deletes => false,
        }
    }

    /// The verb of a message: `drops`.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Access::Uses => "relies on",
            Access::Expands => "takes whatever is in",
            Access::Reads => "reads",
            Access::Ensures | Access::Creates => "creates",
            Access::Alters => "changes",
            Access::Removes => "drops",
            Access::Withdraws => "withdraws",
            Access::Constrains => "constrains",
            Access::Writes => "writes",
            Access::Updates => "updates",
            Access::Inserts => "adds to",
            Access::Deletes => "deletes from",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluding_is_mutual() {
        for left in Access::ALL {
            for right in Access::ALL {
                assert_eq!(left.excludes(right), right.excludes(left), "{left:?} {right:?}");
            }
        }
    }

    #[test]
    fn the_list_is_complete_and_ordered() {
        assert!(Access::ALL.is_sorted());
        assert_eq!(Access::ALL.len(), Access::Deletes as usize + 1);
    }
}
