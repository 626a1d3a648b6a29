//! Statement forms written as the manuals write them, and the walk that holds tokens against them.
//!
//! `ALTER INDEX %if_exists name RENAME TO to:ident` is a form. Upper case is a word of SQL, lower case a slot (what it
//! takes is listed at [`Slot`]), `label:` in front gives a slot another name or notes that a word or group was there,
//! `[ ]` may be missing, `{ | }` is a choice, `...` repeats and `,...` repeats with commas, `%x` is one of [`SHORTHANDS`].
//! The first alternative that fits is taken and not reconsidered, so longer ones come first.

use std::iter::Peekable;
use std::str::SplitWhitespace;

use sqlparser::tokenizer::Token;

use super::found::Found;
use super::slot::Slot;
use crate::schema::Operation;
use crate::schema::operation::{ObjectKind, Verb};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};

/// A compiled synopsis.
#[derive(Debug)]
pub(super) enum Pattern {
    Word(&'static str),
    Sign(Token),
    Slot { label: &'static str, slot: Slot },
    Mark { label: &'static str, of: Box<Pattern> },
    Sequence(Vec<Pattern>),
    Choice(Vec<Pattern>),
    Optional(Box<Pattern>),
    Repeat { of: Box<Pattern>, commas: bool },
}

/// Parts that many forms share.
const SHORTHANDS: &[(&str, &str)] = &[
    ("%privileges", "{ ALL [ PRIVILEGES ] [ parens ] | { word [ SYSTEM ] [ parens ] } ,... }"),
    (
        "%grantable",
        "{ ALL { TABLES | SEQUENCES | FUNCTIONS | PROCEDURES | ROUTINES } IN SCHEMA ident ,...
           | { DATABASE | DOMAIN | FOREIGN DATA WRAPPER | FOREIGN SERVER | LANGUAGE | PARAMETER | SCHEMA | TABLESPACE | TYPE } other:name ,...
           | LARGE OBJECT number ,... | { FUNCTION | PROCEDURE | ROUTINE } { on:name %signature } ,... | SEQUENCE on:name ,... | [ TABLE ] on:name ,... }",
    ),
    ("%default_kind", "{ TABLES | SEQUENCES | FUNCTIONS | ROUTINES | TYPES | SCHEMAS | LARGE OBJECTS }"),
    (
        "%role_option",
        "{ SUPERUSER | NOSUPERUSER | CREATEDB | NOCREATEDB | CREATEROLE | NOCREATEROLE | INHERIT | NOINHERIT | LOGIN | NOLOGIN | REPLICATION
           | NOREPLICATION | BYPASSRLS | NOBYPASSRLS | CONNECTION LIMIT number | [ ENCRYPTED | UNENCRYPTED ] PASSWORD { string | NULL } | VALID UNTIL string }",
    ),
    (
        "%labelled",
        "{ { TABLE | VIEW | MATERIALIZED VIEW | INDEX | SEQUENCE | FOREIGN TABLE } on:name | { TYPE | DOMAIN } type
           | { ACCESS METHOD | COLLATION | CONVERSION | DATABASE | EVENT TRIGGER | EXTENSION | FOREIGN DATA WRAPPER | [ PROCEDURAL ] LANGUAGE | PUBLICATION
             | ROLE | SCHEMA | SERVER | STATISTICS | SUBSCRIPTION | TABLESPACE | TEXT SEARCH { CONFIGURATION | DICTIONARY | PARSER | TEMPLATE } } other:name
           | AGGREGATE other:name %aggregate_signature | { FUNCTION | PROCEDURE | ROUTINE } other:name %signature | CONSTRAINT ident ON [ DOMAIN ] on:name
           | { TRIGGER | POLICY | RULE } ident ON on:name | OPERATOR { CLASS | FAMILY } other:name USING ident | OPERATOR operator parens
           | CAST ( type AS type ) | LARGE OBJECT number | TRANSFORM FOR type LANGUAGE ident }",
    ),
    ("%published", "{ TABLES IN SCHEMA ident | [ TABLE ] [ ONLY ] on:name [ * ] [ %columns ] [ WHERE ( expr ) ] } ,..."),
    (
        "%transaction_mode",
        "{ { ISOLATION LEVEL { SERIALIZABLE | REPEATABLE READ | READ { COMMITTED | UNCOMMITTED } } | READ { WRITE | ONLY } | [ NOT ] DEFERRABLE } [ , ] }",
    ),
    (
        "%mysql_privileges",
        "{ { ALL PRIVILEGES | CREATE { TEMPORARY TABLES | VIEW | ROUTINE | USER | TABLESPACE | ROLE } | DROP ROLE | ALTER ROUTINE | LOCK TABLES | SHOW { VIEW | DATABASES }
           | REPLICATION word [ ADMIN ] | DELETE HISTORY | GRANT OPTION | BINLOG word | word } [ parens ] } ,...",
    ),
    ("%definer", "[ DEFINER = role ]"),
    (
        "%characteristic",
        "{ COMMENT string | LANGUAGE SQL | [ NOT ] DETERMINISTIC | CONTAINS SQL | NO SQL | { READS | MODIFIES } SQL DATA | SQL SECURITY { DEFINER | INVOKER } }",
    ),
    ("%variable_scope", "[ GLOBAL | SESSION | LOCAL | PERSIST | PERSIST_ONLY ]"),
    ("%no_binlog", "[ NO_WRITE_TO_BINLOG | LOCAL ]"),
    ("%copy_option", "{ word [ ( any ,... ) | * | [ - ] any ] }"),
    ("%old_copy_option", "{ BINARY | FREEZE | DELIMITER [ AS ] string | NULL [ AS ] string | CSV | HEADER | QUOTE [ AS ] string | ESCAPE [ AS ] string | FORCE QUOTE { %columns | column:ident ,... | * } | FORCE [ NOT ] NULL { column:ident ,... | * } | ENCODING string }"),
    ("%trigger_event", "{ insert:INSERT | delete:DELETE | truncate:TRUNCATE | update:UPDATE [ OF column:ident ,... ] }"),
    (
        "%setting",
        "{ setting:{ ident [ . ident ] ... } { TO | = } { DEFAULT | value ,... } | zone:{ TIME ZONE } { LOCAL | DEFAULT | INTERVAL any [ parens | any TO any ] | value }
           | setting:{ ident [ . ident ] ... } FROM CURRENT }",
    ),
    (
        "%routine_option",
        "{ CALLED ON NULL INPUT | RETURNS NULL ON NULL INPUT | STRICT | volatility:{ IMMUTABLE | STABLE | VOLATILE } | [ NOT ] LEAKPROOF
           | [ EXTERNAL ] SECURITY { INVOKER | DEFINER } | PARALLEL ident | COST number | ROWS number | SUPPORT name | SET %setting | RESET word }",
    ),
    ("%if_exists", "if_exists:[ IF EXISTS ]"),
    ("%if_not_exists", "if_not_exists:[ IF NOT EXISTS ]"),
    ("%behavior", "[ cascade:CASCADE | RESTRICT ]"),
    ("%relation", "{ only:ONLY table:name | only:ONLY ( table:name ) | table:name [ * ] }"),
    ("%columns", "( column:ident ,... )"),
    ("%parameters", "( { any [ . any ] [ = [ - | + ] any ] } ,... )"),
    ("%signature", "[ arguments ]"),
    ("%aggregate_signature", "{ ( * ) | arguments | ( [ argument ,... ] ORDER BY argument ,... ) }"),
    ("%definition", "( { word [ = definition ] } ,... )"),
    ("%options", "OPTIONS ( { [ ADD | SET ] word string | DROP word } ,... )"),
    (
        "%operator_item",
        "{ OPERATOR number operator [ ( { NONE | type } ,... ) ] [ FOR { SEARCH | ORDER BY other:name } ] | FUNCTION number [ ( type ,... ) ] other:name arguments | STORAGE type }",
    ),
    ("%owner", "OWNER TO role"),
    ("%rename", "RENAME TO to:ident"),
    ("%move", "SET SCHEMA schema:ident"),
    (
        "%sequence_option",
        "{ AS type | INCREMENT [ BY ] number | { MINVALUE | MAXVALUE } number | NO { MINVALUE | MAXVALUE | CYCLE } | CYCLE | CACHE number
           | START [ WITH ] number | restart:RESTART [ [ WITH ] number ] | OWNED BY { unowned:NONE | owner:table_column } | SEQUENCE NAME name | LOGGED | UNLOGGED }",
    ),
];

impl Pattern {
    /// Compiles a synopsis. What is malformed becomes a pattern that never fits, which the tests of each family notice.
    pub(super) fn new(synopsis: &'static str) -> Pattern {
        choice(&mut synopsis.split_whitespace().peekable())
    }

    /// Holds the next tokens against the pattern. On failure the cursor and `found` are as before.
    pub(super) fn fits(&self, cursor: &mut Cursor<'_>, found: &mut Found<'_>) -> bool {
        let (place, kept) = (cursor.place(), found.len());
        let fits = match self {
            Pattern::Word(word) => cursor.word(word) || found.missed(cursor, word),
            Pattern::Sign(token) => cursor.parser.consume_token(token),
            Pattern::Slot { label, slot } => found.fill(cursor, label, *slot),
            Pattern::Mark { label, of } => {
                let start = cursor.start();
                of.fits(cursor, found) && (cursor.place() == place || found.mark(label, cursor.span_from(start)))
            }
            Pattern::Sequence(parts) => parts.iter().all(|part| part.fits(cursor, found)),
            Pattern::Choice(ways) => ways.iter().any(|way| way.fits(cursor, found)),
            Pattern::Optional(part) => {
                part.fits(cursor, found);
                true
            }
            Pattern::Repeat { of, commas } => {
                let (mut last, mut before) = (None, place);
                // A part that fits without taking a token would fit for ever.
                while of.fits(cursor, found) && cursor.place() != before {
                    before = cursor.place();
                    last = Some((before, found.len()));
                    if *commas && !cursor.parser.consume_token(&Token::Comma) {
                        break;
                    }
                }
                last.is_some_and(|(place, kept)| {
                    cursor.rewind(place);
                    found.truncate(kept);
                    true
                })
            }
        };
        if !fits {
            cursor.rewind(place);
            found.truncate(kept);
        }
        fits
    }
}

type Words<'a> = Peekable<SplitWhitespace<'static>>;

fn choice(words: &mut Words<'_>) -> Pattern {
    let mut ways = vec![sequence(words)];
    while words.next_if_eq(&"|").is_some() {
        ways.push(sequence(words));
    }
    if ways.len() > 1 { Pattern::Choice(ways) } else { ways.remove(0) }
}

fn sequence(words: &mut Words<'_>) -> Pattern {
    let mut parts = Vec::new();
    while let Some(word) = words.next_if(|word| !matches!(*word, "|" | "]" | "}")) {
        let part = atom(word, words);
        parts.push(match words.next_if(|word| matches!(*word, "..." | ",...")) {
            Some(repeat) => Pattern::repeat(part, repeat == ",..."),
            None => part,
        });
    }
    if parts.len() == 1 { parts.remove(0) } else { Pattern::Sequence(parts) }
}

impl Pattern {
    fn repeat(of: Pattern, commas: bool) -> Pattern {
        match of {
            Pattern::Optional(of) => Pattern::Optional(Box::new(Pattern::repeat(*of, commas))),
            of => Pattern::Repeat { of: Box::new(of), commas },
        }
    }
}

fn atom(word: &'static str, words: &mut Words<'_>) -> Pattern {
    if let Some((label, word)) = word.split_once(':').filter(|(label, rest)| !label.is_empty() && !rest.is_empty()) {
        return match Slot::named(word) {
            Some(slot) => Pattern::Slot { label, slot },
            None => Pattern::Mark { label, of: Box::new(atom(word, words)) },
        };
    }
    if let Some((_, synopsis)) = SHORTHANDS.iter().find(|(shorthand, _)| *shorthand == word) {
        return Pattern::new(synopsis);
    }
    if let Some(slot) = Slot::named(word) {
        return Pattern::Slot { label: word, slot };
    }
    match word {
        "[" | "{" => {
            let inner = choice(words);
            words.next();
            if word == "[" { Pattern::Optional(Box::new(inner)) } else { inner }
        }
        "(" => Pattern::Sign(Token::LParen),
        ")" => Pattern::Sign(Token::RParen),
        "," => Pattern::Sign(Token::Comma),
        "." => Pattern::Sign(Token::Period),
        "=" => Pattern::Sign(Token::Eq),
        ":=" => Pattern::Sign(Token::Assignment),
        "=>" => Pattern::Sign(Token::RArrow),
        "*" => Pattern::Sign(Token::Mul),
        "-" => Pattern::Sign(Token::Minus),
        "+" => Pattern::Sign(Token::Plus),
        ";" => Pattern::Sign(Token::SemiColon),
        _ if word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') => Pattern::Word(word),
        _ => Pattern::Choice(Vec::new()),
    }
}

/// A form with what it means.
pub(super) struct Form {
    pattern: Pattern,
    build: Build,
}

enum Build {
    One(fn(&mut Found<'_>) -> Result<Operation, Unread>),
    Object(Verb, ObjectKind),
    Each(fn(&mut Found<'_>) -> Result<Vec<Clause>, Unread>),
}

/// A form that is one operation over all its bytes.
pub(super) fn one(synopsis: &'static str, build: fn(&mut Found<'_>) -> Result<Operation, Unread>) -> Form {
    Form { pattern: Pattern::new(synopsis), build: Build::One(build) }
}

/// A form about objects that no lint follows: one operation for each `name`.
pub(super) fn object(verb: Verb, kind: ObjectKind, synopsis: &'static str) -> Form {
    Form { pattern: Pattern::new(synopsis), build: Build::Object(verb, kind) }
}

/// A form that is several operations, each with bytes of its own.
pub(super) fn each(synopsis: &'static str, build: fn(&mut Found<'_>) -> Result<Vec<Clause>, Unread>) -> Form {
    Form { pattern: Pattern::new(synopsis), build: Build::Each(build) }
}

impl Form {
    /// Holds the pattern alone against the next tokens.
    pub(super) fn fits(&self, cursor: &mut Cursor<'_>, found: &mut Found<'_>) -> bool {
        self.pattern.fits(cursor, found)
    }
}

/// The end of a statement.
pub(super) fn statement_end(cursor: &mut Cursor<'_>) -> bool {
    cursor.finished()
}

/// The end of one of several clauses.
pub(super) fn clause_end(cursor: &mut Cursor<'_>) -> bool {
    cursor.parser.peek_token_ref().token == Token::Comma || cursor.finished()
}

/// Reads clauses separated by commas up to the end of the statement.
pub(super) fn list(cursor: &mut Cursor<'_>, forms: &[Form], found: &mut Found<'_>) -> Result<Vec<Clause>, Unread> {
    let mut clauses = read(cursor, forms, found, clause_end)?;
    while cursor.parser.consume_token(&Token::Comma) {
        clauses.extend(read(cursor, forms, found, clause_end)?);
    }
    Ok(clauses)
}

/// Reads the next tokens by the first form that fits and ends where `ends` says a form may end.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    forms: &[Form],
    found: &mut Found<'_>,
    ends: fn(&mut Cursor<'_>) -> bool,
) -> Result<Vec<Clause>, Unread> {
    let (place, start, kept) = (cursor.place(), cursor.start(), found.len());
    for form in forms {
        if form.pattern.fits(cursor, found) {
            if ends(cursor) {
                let span = cursor.span_from(start);
                found.cover(span);
                let clauses = match form.build {
                    Build::One(build) => vec![Clause { span, operation: build(found)? }],
                    Build::Each(build) => build(found)?,
                    Build::Object(verb, kind) => found.objects(verb, kind, span),
                };
                found.truncate(kept);
                return Ok(clauses);
            }
            found.missed(cursor, "the end of the clause");
        }
        cursor.rewind(place);
        found.truncate(kept);
    }
    Err(found.unread(cursor))
}
