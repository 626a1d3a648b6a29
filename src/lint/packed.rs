//! Findings as bytes: a long history has tens of thousands of them, and nobody asks for one before its end.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::{CureFile, Finding, Label};
use super::level::Level;
use super::rules;
use crate::dialect::Cost;
use crate::schema::Phase;
use crate::sql::{Source, Span};

/// Findings, packed: as values they would take twice the room.
#[derive(Clone, Debug, Default)]
pub struct PackedFindings {
    number: usize,
    bytes: Box<[u8]>,
    /// Where they stand: nearly always in one file.
    places: Box<[Place]>,
}

/// A script, as findings name it.
#[derive(Clone, Debug)]
struct Place {
    migration: Arc<str>,
    phase: Phase,
    source: Source,
}

/// A finding on its way into bytes.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The number of its rule.
    rule: usize,
    /// The number of its place.
    place: usize,
    level: Level,
    message: String,
    help: String,
    legal_in: Vec<Phase>,
    cure: Vec<CureFile>,
    span: Span,
    statement: Span,
    replaces: Option<Span>,
    labels: Vec<Label>,
    costs: Vec<Cost>,
}

impl Place {
    fn is_of(&self, finding: &Finding) -> bool {
        self.phase == finding.phase
            && Arc::ptr_eq(&self.migration, &finding.migration)
            && Arc::ptr_eq(&self.source.text, &finding.source.text)
            && Arc::ptr_eq(&self.source.path, &finding.source.path)
    }
}

impl PackedFindings {
    /// Each of them, in the order in which they were packed.
    pub fn iter(&self) -> impl Iterator<Item = Finding> + '_ {
        let mut rest = &*self.bytes;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (line, behind) = postcard::take_from_bytes(rest).expect("the bytes are those that were packed below");
            rest = behind;
            Some(self.unpacked(line))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.number
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.number == 0
    }

    fn unpacked(&self, line: Line) -> Finding {
        let Line { rule, place, level, message, help, legal_in, cure, span, statement, replaces, labels, costs } = line;
        let Place { migration, phase, source } = self.places[place].clone();
        let lint = rules::ALL[rule].id;
        Finding { lint, level, message, help, legal_in, cure, migration, phase, source, span, statement, replaces, labels, costs }
    }
}

impl FromIterator<Finding> for PackedFindings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> PackedFindings {
        let (mut number, mut bytes, mut places) = (0, Vec::new(), Vec::<Place>::new());
        for finding in findings {
            let place = places.iter().position(|place| place.is_of(&finding)).unwrap_or(places.len());
            let Finding { lint, level, message, help, legal_in, cure, migration, phase, source, span, statement, replaces, labels, costs } =
                finding;
            if place == places.len() {
                places.push(Place { migration, phase, source });
            }
            let rule = rules::number(lint).expect("only rules make ids, and all of them are listed");
            let line = Line { rule, place, level, message, help, legal_in, cure, span, statement, replaces, labels, costs };
            bytes = postcard::to_extend(&line, bytes).expect("texts and numbers always go into bytes");
            number += 1;
        }
        PackedFindings { number, bytes: bytes.into(), places: places.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dialect::{self, Work};
    use crate::schema::size::TableSize;
    use crate::schema::{Ident, ObjectName};

    #[test]
    fn what_was_packed_comes_out_the_same_in_the_same_order() {
        let (file, other) = (Source::new("1_a/expand.sql", "ALTER TABLE a DROP b;"), Source::new("1_a/migration.toml", "[[sync]]"));
        let work = Work::Scan(ObjectName::bare(Ident::stored("a")));
        let cost = dialect::cost(&work, TableSize { rows: 1 << 40, bytes: 1 << 50, index_bytes: 7 }, &dialect::Speeds::default())
            .expect("it takes time");
        assert!(cost.most > Duration::from_secs(1));
        let migration: Arc<str> = Arc::from("1_a");
        let plain = |number: usize, source: &Source| Finding {
            lint: rules::ALL[number].id,
            level: Level::Warn,
            message: format!("message {number} é"),
            help: String::new(),
            legal_in: vec![Phase::Contract, Phase::Expand],
            cure: vec![CureFile { path: "p".to_owned(), sql: "SELECT 1;\n".to_owned() }],
            migration: Arc::clone(&migration),
            phase: Phase::Expand,
            source: source.clone(),
            span: Span::new(number, number + 2),
            statement: Span::new(0, 21),
            replaces: number.is_multiple_of(2).then_some(Span::new(0, 21)),
            labels: vec![Label { span: Span::new(1, 2), text: "here".to_owned() }],
            costs: vec![cost.clone()],
        };
        let findings: Vec<Finding> = (0..rules::ALL.len()).map(|number| plain(number, if number == 3 { &other } else { &file })).collect();
        let packed: PackedFindings = findings.iter().cloned().collect();
        assert_eq!((packed.len(), packed.is_empty(), packed.places.len()), (findings.len(), false, 2));
        let unpacked: Vec<Finding> = packed.iter().collect();
        assert_eq!(format!("{unpacked:?}"), format!("{findings:?}"));
        assert_eq!(PackedFindings::default().iter().count(), 0);
    }
}
