//! A TOML table that is read key by key: every key must be asked for, every fault points into the file.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::MigrationError;
use super::nearest::hint;
use crate::sql::{Place, Source};

/// One file, for messages.
#[derive(Clone, Copy)]
pub(super) struct Document<'t> {
    pub(super) path: &'t str,
    pub(super) text: &'t str,
}

impl<'t> Document<'t> {
    /// Reads the file's root table.
    pub(super) fn parse(self) -> Result<Table<'t>, MigrationError> {
        let root = DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.fault(span, error.message().lines().collect::<Vec<_>>().join(", "))
        })?;
        Ok(Table { document: self, name: String::new(), entries: root.into_inner(), known: Vec::new() })
    }

    /// An error at these bytes.
    pub(super) fn fault(self, span: Range<usize>, message: String) -> MigrationError {
        MigrationError::Settings { path: self.path.to_owned(), place: self.place(span.start), message }
    }

    /// Line and column of a byte.
    pub(super) fn place(self, byte: usize) -> Place {
        Source::new(self.path, self.text).place(byte)
    }
}

/// A table of which some keys were read.
pub(super) struct Table<'t> {
    document: Document<'t>,
    name: String,
    entries: DeTable<'t>,
    known: Vec<&'static str>,
}

/// A value with its place.
pub(super) type At<T> = (T, Range<usize>);

/// A key and its value.
pub(super) type Entry = (At<String>, At<String>);

impl<'t> Table<'t> {
    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.entries.remove(key)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) -> MigrationError {
        let found = value.get_ref().type_str();
        self.document.fault(value.span(), format!("`{}{key}` must be {wanted}, found {found}", self.name))
    }

    /// The file that the table stands in.
    pub(super) fn document(&self) -> Document<'t> {
        self.document
    }

    /// A string.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<At<String>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some((text.to_string(), value.span()))),
            _ => Err(self.wrong(key, &value, "a string")),
        }
    }

    /// A string that must be there.
    pub(super) fn required(&mut self, key: &'static str, at: Range<usize>) -> Result<At<String>, MigrationError> {
        let name = self.name.clone();
        self.text(key)?.ok_or_else(|| self.document.fault(at, format!("`{name}{key}` is missing")))
    }

    /// An array of strings.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Option<Vec<At<String>>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let DeValue::Array(items) = value.get_ref() else { return Err(self.wrong(key, &value, "an array of strings")) };
        let texts = items.iter().map(|item| match item.get_ref() {
            DeValue::String(text) => Ok((text.to_string(), item.span())),
            _ => Err(self.wrong(key, item, "an array of strings")),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Where the value of a key stands, without reading it.
    pub(super) fn at(&self, key: &str) -> Option<Range<usize>> {
        self.entries.get(key).map(Spanned::span)
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, key: &'static str) -> Result<Option<bool>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(truth) => Ok(Some(*truth)),
            _ => Err(self.wrong(key, &value, "true or false")),
        }
    }

    /// A string, or a number as it is written.
    pub(super) fn text_or_number(&mut self, key: &'static str) -> Result<Option<At<String>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some((text.to_string(), value.span()))),
            DeValue::Integer(number) if number.radix() == 10 => Ok(Some((number.as_str().to_owned(), value.span()))),
            DeValue::Float(number) => Ok(Some((number.as_str().to_owned(), value.span()))),
            _ => Err(self.wrong(key, &value, "a string or a number")),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self, key: &'static str) -> Result<Option<u64>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(key, &value, "a whole number"))
    }

    /// A number that is finite and not negative: `0.01`, `3`.
    pub(super) fn decimal(&mut self, key: &'static str) -> Result<Option<f64>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or_else(|| self.wrong(key, &value, "a number that is not negative"))
    }

    /// A string, number or truth value, as text.
    pub(super) fn scalar(&mut self, key: &'static str) -> Result<Option<At<String>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(truth) => truth.to_string(),
            _ => return Err(self.wrong(key, &value, "a string, a number, true or false")),
        };
        Ok(Some((text, value.span())))
    }

    /// A whole number within bounds.
    pub(super) fn within(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Result<Option<u64>, MigrationError> {
        let span = self.entries.get(key).map(Spanned::span);
        let number = self.number(key)?;
        match (number, span) {
            (Some(number), Some(span)) if !bounds.contains(&number) => {
                let message = format!("`{}{key}` is {number}: write {} to {}", self.name, bounds.start(), bounds.end());
                Err(self.document.fault(span, message))
            }
            (number, _) => Ok(number),
        }
    }

    /// A number of bytes: `10000000`, or `"10 MB"`.
    pub(super) fn bytes(&mut self, key: &'static str) -> Result<Option<u64>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(text) => parse_bytes(text),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(key, &value, "a number of bytes such as \"10 MB\""))
    }

    /// A length of time: `24h`, `2s`, `100ms`, `7d`.
    pub(super) fn duration(&mut self, key: &'static str) -> Result<Option<Duration>, MigrationError> {
        let Some((text, span)) = self.text(key)? else { return Ok(None) };
        let example = "write a length of time such as \"24h\", \"2s\" or \"100ms\"";
        parse_duration(&text).map(Some).ok_or_else(|| self.document.fault(span, format!("`{}{key}` is `{text}`: {example}", self.name)))
    }

    /// A day: `2027-01-31`, as a TOML date or as a string.
    pub(super) fn day(&mut self, key: &'static str) -> Result<Option<jiff::civil::Date>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(day) => day.to_string(),
            _ => return Err(self.wrong(key, &value, "a day such as 2027-01-31")),
        };
        let day = text.parse().map_err(|_| self.document.fault(value.span(), format!("`{text}` is no day such as 2027-01-31")))?;
        Ok(Some(day))
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Table<'t>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        if value.get_ref().as_table().is_none() {
            return Err(self.wrong(key, &value, "a table"));
        }
        Ok(self.below(key, value).map(|(table, _)| table))
    }

    /// An array of tables: `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<At<Table<'t>>>, MigrationError> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            return Err(self.document.fault(span, format!("`{}{key}` must be written as [[{key}]]", self.name)));
        };
        let mut tables = Vec::new();
        for item in items {
            let at = item.span();
            let wanted = format!("`{}{key}` must be written as [[{key}]]", self.name);
            tables.push(self.below(key, item).ok_or_else(|| self.document.fault(at, wanted))?);
        }
        Ok(tables)
    }

    /// Every entry as a string, whatever its key: `[lint.levels]`.
    pub(super) fn entries(mut self) -> Result<Vec<Entry>, MigrationError> {
        let entries = std::mem::take(&mut self.entries);
        let mut pairs = Vec::new();
        for (key, value) in entries {
            let DeValue::String(text) = value.get_ref() else { return Err(self.wrong(key.get_ref(), &value, "a string")) };
            pairs.push(((key.get_ref().to_string(), key.span()), (text.to_string(), value.span())));
        }
        Ok(pairs)
    }

    fn below(&self, key: &str, value: Spanned<DeValue<'t>>) -> Option<At<Table<'t>>> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(entries) => {
                let name = format!("{}{key}.", self.name);
                Some((Table { document: self.document, name, entries, known: Vec::new() }, span))
            }
            _ => None,
        }
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(self) -> Result<(), MigrationError> {
        let Some((key, _)) = self.entries.iter().min_by_key(|(key, _)| key.span().start) else { return Ok(()) };
        let word = key.get_ref();
        let hint = hint(word, self.known.iter().copied());
        let known = if hint.is_empty() { format!("; known here: {}", self.known.join(", ")) } else { hint };
        Err(self.document.fault(key.span(), format!("unknown key `{}{word}`{known}", self.name)))
    }
}

/// Reads `10 MB`, `640kB`, `2 GB`: powers of a thousand.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let factor = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

/// Reads `24h`, `2s`, `100ms`, `7d`; a day is 24 hours. `None` for anything else and for negative lengths.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.parse().ok()?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_bytes() {
        assert_eq!(["10 MB", "640kB", "2 GB", "7"].map(parse_bytes), [Some(10_000_000), Some(640_000), Some(2_000_000_000), Some(7)]);
        assert_eq!(["", "MB", "1.5 MB", "3 TB"].map(parse_bytes), [None; 4]);
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(parse_duration("24h"), Some(Duration::from_secs(86_400)));
        assert_eq!(parse_duration("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(parse_duration("7d"), Some(Duration::from_secs(7 * 86_400)));
        assert_eq!(parse_duration("1h 30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(parse_duration("0s"), Some(Duration::ZERO));
        assert_eq!(parse_duration("-1s"), None);
        assert_eq!(parse_duration("24"), None);
        assert_eq!(parse_duration("1 month"), None);
    }
}
