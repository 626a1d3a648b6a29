//! A text woven of a script's file and of SQL that the tool writes for what migration.toml declares: each byte leads
//! back to a file that people know.

use std::ops::Range;
use std::sync::Arc;

use super::source::{Place, Source, Span};

/// Where the parts of a woven text come from.
#[derive(Debug)]
pub(super) struct Woven {
    /// In the order of the text.
    threads: Vec<Thread>,
    /// What people wrote.
    written: Arc<str>,
}

/// A part of a woven text.
#[derive(Debug)]
struct Thread {
    /// Its first byte in the woven text.
    start: usize,
    source: Source,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Bytes of a file, from this one on.
    Taken(usize),
    /// SQL that these bytes of a file stand for.
    Declared(Span),
}

/// Weaves a text.
#[derive(Debug)]
pub(crate) struct Loom {
    path: Arc<str>,
    text: String,
    threads: Vec<Thread>,
}

impl Loom {
    /// Begins a text that goes by this path.
    pub(crate) fn new(path: &Arc<str>) -> Loom {
        Loom { path: Arc::clone(path), text: String::new(), threads: Vec::new() }
    }

    /// Adds SQL that these bytes of a file stand for.
    pub(crate) fn declare(&mut self, sql: &str, source: &Source, span: Span) {
        self.add(sql, source, Kind::Declared(span));
    }

    /// Adds bytes of a file as they are, without a byte order mark in the midst of the text.
    pub(crate) fn take(&mut self, source: &Source, bytes: Range<usize>) {
        let text = &source.text[bytes.clone()];
        let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.add(plain, source, Kind::Taken(bytes.end - plain.len()));
    }

    fn add(&mut self, sql: &str, source: &Source, kind: Kind) {
        if !sql.is_empty() {
            self.threads.push(Thread { start: self.text.len(), source: source.clone(), kind });
            self.text.push_str(sql);
        }
    }

    /// The text. `written` is what people wrote for it.
    pub(crate) fn finish(self, written: &str) -> Source {
        let woven = Woven { threads: self.threads, written: Arc::from(written) };
        Source { woven: Some(Arc::new(woven)), ..Source::new(self.path, self.text) }
    }
}

impl Woven {
    fn thread(&self, offset: usize) -> Option<&Thread> {
        self.threads.iter().take_while(|thread| thread.start <= offset).last()
    }
}

impl Source {
    /// The file that these bytes come from, and where they stand in it: what people are told.
    pub fn told(&self, span: Span) -> (Source, Span) {
        match self.woven.as_ref().and_then(|woven| woven.thread(span.start)) {
            None => (self.clone(), span),
            Some(thread) => {
                let span = match thread.kind {
                    Kind::Declared(declared) => declared,
                    Kind::Taken(from) => {
                        let at = |offset: usize| (from + offset.saturating_sub(thread.start)).min(thread.source.text.len());
                        Span::new(at(span.start), at(span.end))
                    }
                };
                (thread.source.clone(), span)
            }
        }
    }

    /// The file and the place in it that a byte comes from.
    pub fn locate(&self, offset: usize) -> (Arc<str>, Place) {
        let (source, span) = self.told(Span::new(offset, offset));
        let place = source.place(span.start);
        (source.path, place)
    }

    /// `path:line` of a byte.
    pub fn line(&self, offset: usize) -> String {
        let (path, place) = self.locate(offset);
        format!("{path}:{}", place.line)
    }

    /// Whether the tool wrote this byte for something that is declared.
    pub fn is_declared(&self, offset: usize) -> bool {
        let thread = self.woven.as_ref().and_then(|woven| woven.thread(offset));
        thread.is_some_and(|thread| matches!(thread.kind, Kind::Declared(_)))
    }

    /// What people wrote: the text itself, unless it is woven.
    pub fn written(&self) -> &str {
        self.woven.as_ref().map_or(&self.text, |woven| &woven.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_leads_back_to_its_file() {
        let settings = Source::new("m/migration.toml", "after = []\n[[sync]]\n");
        let file = Source::new("m/expand.sql", "\u{feff}-- one\nSELECT 1;\nSELECT 2;\n");
        let mut loom = Loom::new(&file.path);
        loom.declare("BEGIN;\n", &settings, Span::new(11, 19));
        loom.take(&file, 0..20);
        loom.declare("COMMIT;\n", &settings, Span::new(11, 19));
        loom.take(&file, 20..file.text.len());
        let woven = loom.finish("what people wrote");
        assert_eq!(&*woven.text, "BEGIN;\n-- one\nSELECT 1;\nCOMMIT;\nSELECT 2;\n");
        let line = |needle: &str| woven.line(woven.text.find(needle).expect("there"));
        assert_eq!(
            [line("BEGIN"), line("SELECT 1"), line("COMMIT"), line("SELECT 2")],
            ["m/migration.toml:2", "m/expand.sql:2", "m/migration.toml:2", "m/expand.sql:3"]
        );
        let at = woven.text.find("SELECT 2").expect("there");
        let (source, span) = woven.told(Span::new(at, at + 8));
        assert_eq!(&source.text[span.range()], "SELECT 2");
        assert!(!woven.is_declared(at) && woven.is_declared(0));
        assert_eq!((woven.written(), file.written()), ("what people wrote", &*file.text));
    }
}
