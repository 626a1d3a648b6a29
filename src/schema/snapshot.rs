//! A schema as bytes: what it has few of in front, then its maps one after the other, to be read as far as they are asked.

use std::sync::Arc;

use super::Dialect;
use super::Schema;
use super::backlinks::Backlinks;
use super::catalogue::KeyChecks;
use super::layered::Layered;
use super::search_path::SearchPath;
use super::table::Knowledge;
use super::words::Words;

/// What is read at once.
type Head = (Dialect, Knowledge, bool, bool, SearchPath, KeyChecks);

impl Schema {
    /// Appends the bytes that [`Schema::thaw`] takes. `None` if it does not go into bytes.
    pub(crate) fn freeze(&self, out: &mut Vec<u8>) -> Option<()> {
        let head: Head = (self.dialect, self.history, self.extended, self.published, self.search_path.clone(), self.key_checks);
        let head = postcard::to_stdvec(&head).ok()?;
        out.extend_from_slice(&u32::try_from(head.len()).ok()?.to_le_bytes());
        out.extend(head);
        self.tables.freeze(out)?;
        self.views.freeze(out)?;
        self.routines.freeze(out)?;
        self.types.freeze(out)?;
        self.sequences.freeze(out)?;
        self.schemas.freeze(out)?;
        self.index_tables.freeze(out)?;
        self.trigger_tables.freeze(out)?;
        self.poisoned.freeze(out)?;
        self.gone.freeze(out)?;
        for links in [&self.referencing, &self.readers, &self.heirs, &self.owned_sequences] {
            links.freeze(out)?;
        }
        self.mentions.freeze(out)?;
        self.trigger_mentions.freeze(out)?;
        self.words.0.freeze(out)?;
        self.bases.0.freeze(out)
    }

    /// The schema that the bytes hold from `at` on. `None` where they are not whole; that they are the bytes which this
    /// program wrote, the caller makes sure of.
    pub(crate) fn thaw(bytes: &Arc<Vec<u8>>, mut at: usize) -> Option<Schema> {
        let length = bytes.get(at..at.checked_add(4)?)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let head = bytes.get(at + 4..(at + 4).checked_add(length)?)?;
        at += 4 + length;
        let (dialect, history, extended, published, search_path, key_checks): Head = postcard::from_bytes(head).ok()?;
        let at = &mut at;
        Some(Schema {
            dialect,
            history,
            extended,
            published,
            search_path,
            key_checks,
            tables: Layered::thaw(bytes, at)?,
            views: Layered::thaw(bytes, at)?,
            routines: Layered::thaw(bytes, at)?,
            types: Layered::thaw(bytes, at)?,
            sequences: Layered::thaw(bytes, at)?,
            schemas: Layered::thaw(bytes, at)?,
            index_tables: Layered::thaw(bytes, at)?,
            trigger_tables: Layered::thaw(bytes, at)?,
            poisoned: Layered::thaw(bytes, at)?,
            gone: Layered::thaw(bytes, at)?,
            referencing: Backlinks::thaw(bytes, at)?,
            readers: Backlinks::thaw(bytes, at)?,
            heirs: Backlinks::thaw(bytes, at)?,
            owned_sequences: Backlinks::thaw(bytes, at)?,
            mentions: Backlinks::thaw(bytes, at)?,
            trigger_mentions: Backlinks::thaw(bytes, at)?,
            words: Words(Backlinks::thaw(bytes, at)?),
            bases: Words(Backlinks::thaw(bytes, at)?),
        })
    }
}
