//! The ways in which MySQL and MariaDB carry out an ALTER, cheapest first.

/// How an ALTER is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// Only metadata.
    Instant,
    /// An index is built in place while writers go on.
    Build,
    /// An index is built in place while writers wait: FULLTEXT and SPATIAL.
    BuildShared,
    /// The table is built anew in place while writers go on.
    Rebuild,
    /// The table is built anew in place while writers wait: a new AUTO_INCREMENT column, MariaDB's tables with a FULLTEXT index.
    RebuildShared,
    /// The table is copied row by row while writers wait.
    Copy,
}
