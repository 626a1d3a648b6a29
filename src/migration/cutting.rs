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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Settings;

    fn read(backfill: &str) -> Result<Cutting, String> {
        let text = format!("[backfill]\n{backfill}\n");
        Settings::parse("migration.toml", &text).map(|settings| settings.cutting).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_said_here_goes_before_what_the_project_says() {
        let here = read("chunking = \"interleaved\"\npasses = 4").expect("it is read");
        let project = read("chunking = \"keys\"\nwindow = 100\nworkers = 3").expect("it is read");
        let both = here.over(&project);
        assert_eq!(both, Cutting { chunking: Some(CutKind::Interleaved), window: Some(100), passes: Some(4), workers: Some(3) });
        assert_eq!(Cutting::default().over(&project), project);
    }

    #[test]
    fn what_cannot_be_meant_is_an_error_with_its_place() {
        for (text, why) in [
            ("chunking = \"rows\"", "the ways are keys, pages, interleaved"),
            ("passes = 0", "write 1 to 64"),
            ("window = 1000000", "write 1 to 100000"),
            ("workers = 65", "write 1 to 64"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(why) && error.contains("migration.toml:2"), "{error}");
        }
    }
}
