//! Whatever the text, the pieces are the text, and formatting is no edit.

use proptest::prelude::*;

use super::{PieceKind, Split, split};
use crate::schema::{Dialect, Server, ServerVersion};
use crate::sql::digest::Digest;
use crate::sql::lexer::{Gates, Lexer, Token, TokenKind};
use crate::sql::{Source, read};

/// Everything that opens, closes, escapes or ends something in some dialect.
const FRAGMENTS: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "{{",
    "}}",
    "${x}",
    "$$",
    "$a$",
    "$",
    "$1",
    "\\",
    "\\.",
    "\\'",
    "E'",
    "U&'",
    "N'",
    ";",
    ";;",
    ",",
    ".",
    ":",
    "::",
    ":=",
    ":x",
    "--",
    "-- x",
    "--> statement-breakpoint",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*!40101 ",
    "/*!99999 ",
    "/*M!100100 ",
    "/* migrate: x */",
    "-- migrate: allow(a) reason=\"b\"\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    " ",
    "\u{feff}",
    "\u{a0}",
    "\u{e4}",
    "\u{1f600}",
    "+",
    "-",
    "*",
    "/",
    "<",
    "=",
    "|",
    "@",
    "@@",
    "!",
    "?",
    "0",
    "1.5",
    "1e-3",
    "0x",
    "a",
    "b",
    "e",
    "CREATE ",
    "OR REPLACE ",
    "TABLE ",
    "FUNCTION ",
    "PROCEDURE ",
    "TRIGGER ",
    "EVENT ",
    "RULE ",
    "DEFINER=",
    "BEGIN ",
    "ATOMIC ",
    "NOT ",
    "END",
    "END;",
    "CASE ",
    "WHEN ",
    "THEN ",
    "ELSE ",
    "IF ",
    "LOOP ",
    "WHILE ",
    "REPEAT ",
    "DO ",
    "FOR ",
    "FROM ",
    "STDIN",
    "COPY ",
    "SET ",
    "SELECT ",
    "UPDATE t SET a = 1 WHERE b IS NULL;",
    "DELIMITER $$\n",
    "DELIMITER //\n",
    "DELIMITER ;\n",
    "//",
    "END$$\n",
    ".bail on\n",
    "source ",
    "AND ",
    "UNION ",
];

fn sql() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::collection::vec(proptest::sample::select(FRAGMENTS), 0..60).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

fn server() -> impl Strategy<Value = Server> {
    prop_oneof![
        proptest::sample::select(&Dialect::ALL[..]).prop_map(Server::oldest),
        Just(Server { dialect: Dialect::Mysql, version: ServerVersion::new(10, 11) }),
    ]
}

fn assert_tiles(text: &str, split: &Split) {
    let mut end = 0;
    for piece in &split.pieces {
        assert_eq!(piece.span.start, end);
        assert!(piece.span.end > end, "no piece is empty");
        end = piece.span.end;
        let _ = &text[piece.span.range()];
    }
    assert_eq!(end, text.len());
}

/// The tokens that a database would see.
fn tokens(text: &str, dialect: Dialect) -> Vec<Token> {
    Lexer::new(text, dialect, Gates::All).filter(|token| !token.is_trivia()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_joined_are_the_file(text in sql(), server in server()) {
        let split = split(&text, server);
        assert_tiles(&text, &split);
        for problem in &split.problems {
            let _ = &text[problem.span.range()];
        }
    }

    /// No byte that is neither blank nor comment lies outside a statement, a terminator or a client's line.
    #[test]
    fn trivia_is_trivial(text in sql(), server in server()) {
        for piece in split(&text, server).pieces {
            if piece.kind == PieceKind::Trivia {
                let piece = &text[piece.span.range()];
                let blank = |token: &Token| token.is_trivia() || matches!(token.kind, TokenKind::Gate | TokenKind::GateEnd);
                prop_assert!(Lexer::new(piece, server.dialect, Gates::For(server)).all(|token| blank(&token)), "{:?}", piece);
            }
        }
    }

    #[test]
    fn reading_is_total(text in sql(), server in server()) {
        let script = read(&Source::new("p.sql", text.as_str()), server);
        for statement in &script.statements {
            prop_assert!(!statement.clauses.is_empty());
            let _ = script.text(statement.span);
            for clause in &statement.clauses {
                let _ = script.text(clause.span);
            }
        }
    }

    /// Comments and blanks put between tokens do not change the digest, however they are written.
    #[test]
    fn formatting_is_no_edit(text in sql(), dialect in proptest::sample::select(&Dialect::ALL[..]), noise in proptest::sample::select(&[" ", "\n", "\r\n\t", " /* c */ ", " -- c\n"][..])) {
        let mut spaced = String::from(noise);
        for token in tokens(&text, dialect) {
            if token.kind == TokenKind::Unclosed("a comment") {
                return Ok(());
            }
            spaced.push_str(&text[token.span.range()]);
            // What is never closed would swallow the noise.
            if !matches!(token.kind, TokenKind::Unclosed(_)) {
                spaced.push_str(noise);
            }
        }
        prop_assert_eq!(Digest::of(&spaced, dialect), Digest::of(&text, dialect), "{:?}", spaced);
    }

    /// Any token left out, put in or exchanged does, a semicolon among semicolons aside.
    #[test]
    fn every_token_counts(text in sql(), dialect in proptest::sample::select(&Dialect::ALL[..]), nth in any::<prop::sample::Index>(), other in proptest::sample::select(&["", " x1 ", " 'x1' ", " 77 ", " , "][..])) {
        let tokens = tokens(&text, dialect);
        prop_assume!(!tokens.is_empty());
        let token = tokens[nth.index(tokens.len())];
        let harmless = matches!(token.kind, TokenKind::Semicolon | TokenKind::Breakpoint | TokenKind::Unclosed(_));
        prop_assume!(!harmless && text[token.span.range()] != *other.trim());
        let edited = format!("{} {other} {}", &text[..token.span.start], &text[token.span.end..]);
        prop_assert_ne!(Digest::of(&edited, dialect), Digest::of(&text, dialect), "{:?}", edited);
    }
}
