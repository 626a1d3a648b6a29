//! Whether a statement's own condition is false for a row that it has changed. Only then may a row be met twice: when it
//! moved to a page that is still to come. What is not understood counts as unproven.

use std::ops::Range;

use super::BatchPoint;
use super::words::Words;
use crate::schema::name::Quoting;
use crate::schema::operation::DataKind;
use crate::schema::table::{Table, TypeName};
use crate::schema::{Dialect, Ident};
use crate::sql::lexer::TokenKind;

/// What is known of rows that a statement has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// They do not fit its condition any more, by this part of it.
    Proven {
        /// The part, as written.
        by: String,
    },
    /// They may fit it again.
    Unproven {
        /// What would have to be known.
        reason: String,
        /// What a second walk would do to them.
        again: Again,
    },
}

/// What a statement does to a row that it changed before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It gives it the same values, or finds its own work and leaves it.
    Same,
    /// It gives this column another value each time: it is made of itself, or of another that is assigned.
    AddsUp {
        /// As written.
        column: String,
    },
    /// Nobody can tell.
    Unknown,
}

/// Functions that are NULL only for a NULL argument, and give the same for the same arguments.
const STRICT: &[&str] = &[
    "lower",
    "upper",
    "trim",
    "btrim",
    "ltrim",
    "rtrim",
    "length",
    "char_length",
    "md5",
    "abs",
    "round",
    "floor",
    "ceil",
    "replace",
    "substr",
    "left",
    "right",
    "split_part",
    "reverse",
    "initcap",
];

/// A function that gives the same for the same arguments, but NULL where a pattern is not found.
const SEARCHING: &str = "substring";

/// Words that are neither a column nor a function.
const PLAIN: &[&str] =
    &["null", "true", "false", "is", "not", "and", "or", "as", "from", "distinct", "case", "when", "then", "else", "end"];

/// What may follow the first word of a type.
const TYPE_SUFFIXES: &[&str] = &["varying", "precision", "with", "without", "time", "zone"];

/// Types whose literals differ where their letters and digits do.
const TEXTS: &[&str] = &["text", "character varying", "varchar"];

/// Functions and keywords that are never NULL, and give something else each time.
const NEVER_NULL: &[&str] =
    &["now", "gen_random_uuid", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "random", "uuidv7", "uuidv4"];

/// What the statement writes where: judged by what the replay knows of its table.
pub fn exclusion(statement: &str, point: &BatchPoint, dialect: Dialect, table: Option<&Table>) -> Exclusion {
    match point.kind {
        DataKind::Delete => return Exclusion::Proven { by: "a deleted row is gone".to_owned() },
        DataKind::Update => {}
        DataKind::Insert | DataKind::InsertSelect | DataKind::Replace | DataKind::Merge | DataKind::Copy => {
            let reason = "it writes into another table than the one whose rows it reads".to_owned();
            return Exclusion::Unproven { reason, again: again_into(statement, point.kind, dialect) };
        }
    }
    let Some(table) = table else { return unproven("the columns of its table are not known") };
    if dialect == Dialect::Mysql || point.with.is_some() {
        return unproven("only a plain UPDATE is looked through");
    }
    let Ok(words) = Words::of(statement, dialect) else { return unproven("it was not read") };
    let reader = Reader { words: &words, table, reference: &point.reference };
    let Some(assigned) = reader.assigned(point) else { return unproven("SET is more than a list of column = value") };
    let condition = reader.tokens(point.condition.start, point.condition.end);
    let Some(parts) = reader.conjuncts(condition) else {
        let reason = "its WHERE is no list of conditions joined by AND".to_owned();
        return Exclusion::Unproven { reason, again: reader.again(&assigned) };
    };
    let not_null: Vec<Ident> = parts.iter().filter_map(|part| reader.is_not_null(part.clone())).collect();
    match parts.iter().find(|part| reader.excludes((*part).clone(), &assigned, &not_null)) {
        Some(part) => Exclusion::Proven { by: statement[words.span(part.clone()).range()].to_owned() },
        None => Exclusion::Unproven {
            reason: "no part of its WHERE is known to be false for a row once SET has run".to_owned(),
            again: reader.again(&assigned),
        },
    }
}

fn unproven(reason: &str) -> Exclusion {
    Exclusion::Unproven { reason: reason.to_owned(), again: Again::Unknown }
}

/// What a second run puts into another table: nothing where it passes over what is there.
fn again_into(statement: &str, kind: DataKind, dialect: Dialect) -> Again {
    let Ok(words) = Words::of(statement, dialect) else { return Again::Unknown };
    let says = |list: &[&str]| (0..words.tokens.len()).any(|at| list.iter().enumerate().all(|(index, word)| words.is(at + index, word)));
    let passes_over =
        says(&["do", "nothing"]) || says(&["insert", "or", "ignore"]) || says(&["insert", "ignore"]) || says(&["not", "exists"]);
    match kind {
        DataKind::Insert | DataKind::InsertSelect if passes_over => Again::Same,
        DataKind::Insert
        | DataKind::InsertSelect
        | DataKind::Update
        | DataKind::Delete
        | DataKind::Replace
        | DataKind::Merge
        | DataKind::Copy => Again::Unknown,
    }
}

struct Reader<'a> {
    words: &'a Words<'a>,
    table: &'a Table,
    reference: &'a str,
}

impl Reader<'_> {
    /// The tokens between two bytes.
    fn tokens(&self, start: usize, end: usize) -> Range<usize> {
        let inside = |token: &super::words::Token| token.span.start >= start && token.span.end <= end;
        let first = self.words.tokens.iter().position(inside).unwrap_or(0);
        first..first + self.words.tokens[first..].iter().take_while(|token| inside(token)).count()
    }

    /// The columns that SET assigns, each with its value.
    fn assigned(&self, point: &BatchPoint) -> Option<Vec<(Ident, Range<usize>)>> {
        let words = self.words;
        let place = words.tokens.iter().position(|token| token.span.start >= point.condition.start)? - 1;
        let set = words.find(0..place, 0, &["set"])?;
        let end = words.find(set + 1..place, 0, &["from"]).unwrap_or(place);
        self.split(set + 1..end, |index| words.kind(index) == Some(TokenKind::Comma))
            .into_iter()
            .map(|part| {
                let (column, behind) = self.column(part.clone())?;
                (words.text(behind) == "=" && behind + 1 < part.end).then_some((column, behind + 1..part.end))
            })
            .collect()
    }

    /// What these assignments do to a row that has them already: one that reads a column that is assigned adds up.
    fn again(&self, assigned: &[(Ident, Range<usize>)]) -> Again {
        let reads = |value: &Range<usize>| {
            value
                .clone()
                .any(|index| self.column(index..value.end).is_some_and(|(name, _)| assigned.iter().any(|(other, _)| *other == name)))
        };
        match assigned.iter().find(|(_, value)| reads(value)) {
            Some((column, _)) => Again::AddsUp { column: column.written().to_owned() },
            None => Again::Same,
        }
    }

    /// The parts of a condition that AND joins, each without its own parentheses.
    fn conjuncts(&self, condition: Range<usize>) -> Option<Vec<Range<usize>>> {
        let condition = self.bare(condition);
        let depth = self.words.tokens.get(condition.start)?.depth;
        let here = |index: usize, list: &[&str]| self.words.tokens[index].depth == depth && self.words.is_any(index, list);
        if condition.clone().any(|index| here(index, &["or", "between"])) {
            return None;
        }
        Some(self.split(condition, |index| self.words.is(index, "and")).into_iter().map(|part| self.bare(part)).collect())
    }

    /// Cuts at the tokens of the outermost depth for which `at` holds.
    fn split(&self, part: Range<usize>, at: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
        let depth = part.clone().map(|index| self.words.tokens[index].depth).min().unwrap_or_default();
        let mut parts = Vec::new();
        let mut start = part.start;
        for index in part.clone() {
            if self.words.tokens[index].depth == depth && at(index) {
                parts.push(start..index);
                start = index + 1;
            }
        }
        parts.push(start..part.end);
        parts
    }

    /// Without the parentheses that enclose the whole.
    fn bare(&self, part: Range<usize>) -> Range<usize> {
        let encloses = self.words.kind(part.start) == Some(TokenKind::Open) && self.words.behind(part.start) == part.end;
        if encloses && part.len() > 2 { self.bare(part.start + 1..part.end - 1) } else { part }
    }

    /// A column of the table at the beginning of `part`, and the token behind it.
    fn column(&self, part: Range<usize>) -> Option<(Ident, usize)> {
        let words = self.words;
        let at = match words.kind(part.start + 1) {
            Some(TokenKind::Dot) if words.text(part.start).eq_ignore_ascii_case(self.reference) => part.start + 2,
            _ => part.start,
        };
        if at >= part.end {
            return None;
        }
        let name = match words.kind(at) {
            Some(TokenKind::Word) => Ident::new(words.dialect, words.text(at), Quoting::Bare),
            Some(TokenKind::Name) => super::relation::ident(words, at).ok()?,
            _ => return None,
        };
        self.table.column(&name).map(|column| (column.name.clone(), at + 1))
    }

    /// `column IS NOT NULL`.
    fn is_not_null(&self, part: Range<usize>) -> Option<Ident> {
        let (column, behind) = self.column(part.clone())?;
        let rest = ["is", "not", "null"].iter().enumerate().all(|(index, word)| self.words.is(behind + index, word));
        (rest && part.end == behind + 3).then_some(column)
    }

    /// Whether this part of the condition is false once the columns hold what is assigned.
    fn excludes(&self, part: Range<usize>, assigned: &[(Ident, Range<usize>)], not_null: &[Ident]) -> bool {
        let Some((column, behind)) = self.column(part.clone()) else { return false };
        let Some((_, value)) = assigned.iter().find(|(name, _)| *name == column) else { return false };
        let value = self.bare(value.clone());
        let words = self.words;
        let rest = behind..part.end;
        if rest.len() == 2 && words.is(behind, "is") && words.is(behind + 1, "null") {
            return self.never_null(value, not_null);
        }
        // `a::text IS DISTINCT FROM b::text`, for types without equality.
        let as_text = |at: usize| words.text(at) == "::" && words.is(at + 1, "text");
        let (behind, end) = match as_text(behind) && part.end > 2 && as_text(part.end - 2) {
            true => (behind + 2, part.end - 2),
            false => (behind, part.end),
        };
        let differs = match (words.is(behind, "is"), words.dialect) {
            (true, _) if words.is(behind + 1, "distinct") && words.is(behind + 2, "from") => Some(behind + 3),
            (true, Dialect::Sqlite) if words.is(behind + 1, "not") => Some(behind + 2),
            _ => None,
        };
        if let Some(start) = differs {
            let other = self.bare(start..end);
            return self.same(&other, &value) && self.is_repeatable(other.clone(), assigned) && self.is_kept(&column, other);
        }
        let literal = rest.len() == 2 && value.len() == 1;
        match words.text(behind) {
            "=" if literal => self.holds_literal(&column, value.start) && self.are_apart(behind + 1, value.start),
            "<>" | "!=" if literal => self.holds_literal(&column, value.start) && words.text(behind + 1) == words.text(value.start),
            _ => false,
        }
    }

    fn is_literal(&self, index: usize) -> bool {
        matches!(self.words.kind(index), Some(TokenKind::Text | TokenKind::Number)) || self.words.is_any(index, &["true", "false"])
    }

    /// Whether a column of this type holds just what this literal says, and two that differ are different values.
    fn holds_literal(&self, column: &Ident, literal: usize) -> bool {
        let Some(ty) = self.table.column(column).map(|column| &column.ty) else { return false };
        let is = |names: &[&str]| ty.array == 0 && names.iter().any(|name| ty.base.eq_ignore_ascii_case(name));
        match self.words.kind(literal) {
            Some(TokenKind::Text) => is(TEXTS),
            Some(TokenKind::Number) => self.is_whole(literal) && is(&["integer", "bigint", "smallint", "int"]),
            _ => self.words.is_any(literal, &["true", "false"]) && is(&["boolean"]),
        }
    }

    /// Whether two literals are different values under any collation.
    fn are_apart(&self, a: usize, b: usize) -> bool {
        let (words, a_kind) = (self.words, self.words.kind(a));
        if !self.is_literal(a) || !self.is_literal(b) || a_kind != words.kind(b) {
            return false;
        }
        match a_kind {
            Some(TokenKind::Number) => match (words.text(a).parse::<i64>(), words.text(b).parse::<i64>()) {
                (Ok(a), Ok(b)) => a != b,
                _ => false,
            },
            _ => {
                let plain = |index: usize| words.text(index).chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
                words.text(a).is_ascii() && words.text(b).is_ascii() && plain(a) != plain(b)
            }
        }
    }

    /// Whether two pieces say the same, token by token.
    fn same(&self, a: &Range<usize>, b: &Range<usize>) -> bool {
        let words = self.words;
        let plain = |part: &Range<usize>| -> Vec<String> {
            let qualifier = |index: &usize| {
                let before_dot = words.kind(index + 1) == Some(TokenKind::Dot) && words.text(*index).eq_ignore_ascii_case(self.reference);
                before_dot || (words.kind(*index) == Some(TokenKind::Dot) && words.text(index - 1).eq_ignore_ascii_case(self.reference))
            };
            let shown = |index: usize| match words.kind(index) {
                Some(TokenKind::Word) => words.text(index).to_lowercase(),
                _ => words.text(index).to_owned(),
            };
            part.clone().filter(|index| !qualifier(index)).map(shown).collect()
        };
        plain(a) == plain(b)
    }

    /// Whether an expression gives the same again after the statement: it reads no column that is assigned, and calls
    /// nothing that could give something else.
    fn is_repeatable(&self, part: Range<usize>, assigned: &[(Ident, Range<usize>)]) -> bool {
        let words = self.words;
        part.clone().all(|index| match words.kind(index) {
            Some(TokenKind::Word | TokenKind::Name) => {
                let called = words.kind(index + 1) == Some(TokenKind::Open) && index + 1 < part.end;
                let known = words.is_any(index, STRICT) || words.is_any(index, &[SEARCHING, "cast", "coalesce", "nullif", "concat"]);
                let column = self.column(index..part.end).map(|(name, _)| name);
                let moving = words.text(index).to_lowercase().starts_with("current_")
                    || words.is_any(index, &["localtime", "localtimestamp", "select", "session_user", "user"]);
                let foreign = words.kind(index + 1) == Some(TokenKind::Dot) && !words.text(index).eq_ignore_ascii_case(self.reference);
                match column {
                    Some(name) if !called => !assigned.iter().any(|(other, _)| *other == name),
                    // A bare name that is no column of this table may be one of another in FROM.
                    _ => !moving && !foreign && (known || self.is_type(index) || (!called && words.is_any(index, PLAIN))),
                }
            }
            Some(TokenKind::Parameter) => false,
            _ => true,
        })
    }

    /// `numeric(10, 2)` behind AS or `::`.
    fn is_type(&self, index: usize) -> bool {
        let before = |word: &str| index > 0 && self.words.is(index - 1, word);
        index > 0 && (before("as") || before("character") || self.words.text(index - 1) == "::" || self.words.is_any(index, TYPE_SUFFIXES))
    }

    /// Whether the column holds exactly what is assigned to it: its type changes nothing of it.
    fn is_kept(&self, column: &Ident, value: Range<usize>) -> bool {
        let Some(ty) = self.table.column(column).map(|column| &column.ty) else { return false };
        if let Some((source, behind)) = self.column(value.clone())
            && behind == value.end
        {
            return self.table.column(&source).is_some_and(|source| source.ty == *ty);
        }
        if ty.base == "text" && ty.modifiers.is_empty() && ty.array == 0 {
            return true;
        }
        let words = self.words;
        let written = |part: Range<usize>| part.map(|index| words.text(index).to_lowercase()).collect::<String>();
        let cast = words.is(value.start, "cast") && words.behind(value.start + 1) == value.end;
        let target = value.clone().rev().find(|index| words.is(*index, "as"));
        match target {
            Some(target) if cast => {
                let own = ty.to_string().to_lowercase().replace(' ', "");
                let found = written(target + 1..value.end - 1).replace("varchar", "charactervarying");
                own == found
            }
            _ => {
                value.len() == 1 && matches!(ty.base.as_str(), "boolean" | "integer" | "bigint" | "smallint") && self.is_whole(value.start)
            }
        }
    }

    fn is_whole(&self, index: usize) -> bool {
        self.words.text(index).parse::<i64>().is_ok() || self.words.is_any(index, &["true", "false"])
    }

    /// Whether an expression is never NULL.
    fn never_null(&self, value: Range<usize>, not_null: &[Ident]) -> bool {
        let value = self.bare(value);
        let words = self.words;
        if value.is_empty() {
            return false;
        }
        if value.len() == 1 && self.is_literal(value.start) {
            return true;
        }
        if let Some((column, behind)) = self.column(value.clone())
            && behind == value.end
        {
            return not_null.contains(&column) || self.table.column(&column).is_some_and(|column| column.not_null);
        }
        if words.is_any(value.start, &["current_timestamp", "current_date"]) && value.len() == 1 {
            return true;
        }
        let arguments = || self.split(value.start + 2..value.end - 1, |index| words.kind(index) == Some(TokenKind::Comma));
        let called = words.kind(value.start + 1) == Some(TokenKind::Open) && words.behind(value.start + 1) == value.end;
        if called && value.len() > 3 {
            if words.is(value.start, "coalesce") {
                return arguments().into_iter().any(|argument| self.never_null(argument, not_null));
            }
            if words.is(value.start, "cast") {
                let end = (value.start + 2..value.end).rev().find(|index| words.is(*index, "as"));
                return end.is_some_and(|end| self.never_null(value.start + 2..end, not_null));
            }
            let bounds = words.dialect == Dialect::Postgres && words.is_any(value.start, &["lower", "upper"]);
            return words.is_any(value.start, STRICT)
                && arguments()
                    .into_iter()
                    .all(|argument| self.never_null(argument.clone(), not_null) && (!bounds || self.is_text(argument)));
        }
        if called && words.is_any(value.start, NEVER_NULL) {
            return true;
        }
        // The same as `split` takes: a parenthesis at the beginning belongs to what it encloses.
        let depth = value.clone().map(|index| words.tokens[index].depth).min().unwrap_or_default();
        let joins = |index: usize| match words.text(index) {
            "||" | "+" | "-" | "*" => true,
            // SQLite gives NULL for a division by zero, where PostgreSQL stops with an error.
            "/" | "%" => words.dialect == Dialect::Postgres,
            _ => false,
        };
        if value.clone().any(|index| words.tokens[index].depth == depth && words.kind(index) == Some(TokenKind::Operator) && joins(index)) {
            return self.split(value, joins).into_iter().all(|part| self.never_null(part, not_null));
        }
        match value.clone().find(|index| words.tokens[*index].depth == depth && words.text(*index) == "::") {
            Some(cast) if (cast + 2..value.end).all(|index| self.is_part_of_type(index)) => {
                self.is_cast_whole(value.start..cast) && self.never_null(value.start..cast, not_null)
            }
            _ => false,
        }
    }

    fn is_part_of_type(&self, index: usize) -> bool {
        let is_symbol = matches!(self.words.kind(index), Some(TokenKind::Open | TokenKind::Close | TokenKind::Number | TokenKind::Comma));
        is_symbol || self.words.is_any(index, TYPE_SUFFIXES)
    }

    /// Whether a cast of this gives NULL for NULL alone; since PostgreSQL 18 it does so for the `null` of JSON, too.
    fn is_cast_whole(&self, source: Range<usize>) -> bool {
        let column = self.column(source.clone()).filter(|(_, behind)| *behind == source.end);
        let ty = column.and_then(|(name, _)| self.table.column(&name)).map(|column| column.ty.base.as_str());
        !ty.is_some_and(|base| ["json", "jsonb"].contains(&base))
    }

    /// Whether `lower` and `upper` of this are those of text: those of a range are its bounds, and it may have none.
    fn is_text(&self, part: Range<usize>) -> bool {
        let (part, words) = (self.bare(part), self.words);
        if part.len() == 1 && words.kind(part.start) == Some(TokenKind::Text) || words.is(part.end - 1, "text") {
            return true;
        }
        match self.column(part.clone()) {
            Some((name, behind)) if behind == part.end => self.table.column(&name).is_some_and(|column| is_of_text(&column.ty)),
            _ => words.is_any(part.start, STRICT) && words.behind(part.start + 1) == part.end,
        }
    }
}

fn is_of_text(ty: &TypeName) -> bool {
    ty.array == 0 && TEXTS.iter().any(|name| ty.base.eq_ignore_ascii_case(name))
}
