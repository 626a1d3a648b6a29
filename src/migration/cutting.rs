//! How a backfill's table is cut and by how many hands: what `[backfill]` says instead of what is chosen by itself.

use super::MigrationError;
use super::table::Table;

/// `chunking`, `window`, `passes` and `workers`; what is left open is chosen from facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cutting {
    /// `chunking`.
    pub chunking: Option<CutKind>,
    /// `window`, in pages.
    pub window: Option<u32>,
    /// `passes` over a window.
    pub passes: Option<u16>,
    /// `workers`.
    pub workers: Option<u32>,
}

/// A way of cutting by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutKind {
    /// Along a key, in its order.
    Keys,
    /// Along the pages of the table.
    Pages,
    /// Along the pages, every n-th row at a visit.
    Interleaved,
}

impl CutKind {
    /// Every kind.
    pub const ALL: [CutKind; 3] = [CutKind::Keys, CutKind::Pages, CutKind::Interleaved];

    /// The word in migrate.toml.
    pub fn as_str(self) -> &'static str {
        match self {
            CutKind::Keys => "keys",
            CutKind::Pages => "pages",
            CutKind::Interleaved => "interleaved",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<CutKind> {
        CutKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl Cutting {
    /// Reads the keys out of a `[backfill]` table.
    pub(super) fn read(table: &mut Table<'_>) -> Result<Cutting, MigrationError> {
        let chunking = match table.text("chunking")? {
            None => None,
            Some((word, at)) => Some(CutKind::from_name(&word).ok_or_else(|| {
                let names = CutKind::ALL.map(CutKind::as_str).join(", ");
                table.document().fault(at, format!("`{word}` is no way to cut a table: the ways are {names}"))
            })?),
        };
        Ok(Cutting {
            chunking,
            window: table.within("window", 1..=100_000)?.and_then(|number| number.try_into().ok()),
            passes: table.within("passes", 1..=64)?.and_then(|number| number.try_into().ok()),
            workers: table.within("workers", 1..=64)?.and_then(|number| number.try_into().ok()),
        })
    }

    /// What this says, and for what it leaves open what `below` says.
    #[must_use]
    pub fn over(&self, below: &Cutting) -> Cutting {
        Cutting {
            chunking: self.chunking.or(below.chunking),
            window: self.window.or(below.window),
            passes: self.passes.or(below.passes),
            workers: self.workers.or(below.workers),
        }
    }
}
