//! Ranges: the parts of a job that workers hold one at a time, and where they are in them. Values only.

use serde::{Deserialize, Serialize};

use super::{Chunking, KeyValue};

/// A part of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its number within the job; never used again, so that what an earlier walk left behind is recognised.
    pub number: u32,
    /// The partition that is walked, its name quoted for SQL; `None` for the job's own table.
    pub relation: Option<String>,
    /// Where it begins: behind this key, or with this page; `None` for the first row.
    pub lo: Option<Place>,
    /// Where it ends: with this key, or before this page.
    pub hi: Place,
    /// Up to where it was handled; `None` before the first chunk.
    pub position: Option<Place>,
}

impl Range {
    /// Behind which place the next chunk begins.
    pub fn after(&self) -> Option<&Place> {
        self.position.as_ref().or(self.lo.as_ref())
    }
}

/// A place in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// A row, by its key.
    Key(KeyValue),
    /// A page, and how often it was visited.
    Page(PagePlace),
}

/// A page of a table that is walked in windows: `pass` passes over the window that begins here are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagePlace {
    /// The first page of the window.
    pub page: u32,
    /// Passes done.
    #[serde(default)]
    pub pass: u16,
    /// Pages of the window that is under way; zero between two windows.
    #[serde(default)]
    pub window: u32,
    /// Parts of the pass that is under way that are done.
    #[serde(default)]
    pub part: u32,
}

/// A range that a worker holds until it gives it back, finishes it, or lets its time run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The range.
    pub range: Range,
    /// How the job is cut.
    pub chunking: Chunking,
    /// Rises with every claim: what an earlier holder does is refused by it.
    pub token: i64,
}

/// What a worker gets when it asks for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// A range to work on.
    Range(Claim),
    /// None is free; this many are in other hands.
    Elsewhere(u32),
    /// All are done.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backfill::KeyPart;

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        let places = [
            (Place::Key(KeyValue(vec![KeyPart::Text("it's [1]".into()), KeyPart::Integer(-3)])), r#"[{"text":"it's [1]"},{"integer":-3}]"#),
            (Place::Page(PagePlace { page: 7, pass: 2, window: 512, part: 1 }), r#"{"page":7,"pass":2,"window":512,"part":1}"#),
        ];
        for (place, text) in places {
            assert_eq!(serde_json::to_string(&place).expect("a place is JSON"), text);
            assert_eq!(serde_json::from_str::<Place>(text).expect("it is read"), place);
        }
    }
}
