use super::*;
use Dialect::{Mysql, Postgres, Sqlite};

fn tokens(dialect: Dialect, text: &str) -> Vec<(TokenKind, &str)> {
    let server = Server::oldest(dialect);
    let tokens: Vec<Token> = Lexer::new(text, dialect, Gates::For(server)).collect();
    let mut end = 0;
    for token in &tokens {
        assert_eq!(token.span.start, end, "tokens lie end to end: {text}");
        end = token.span.end;
    }
    assert_eq!(end, text.len());
    tokens.into_iter().filter(|token| token.kind != TokenKind::Blank).map(|token| (token.kind, &text[token.span.range()])).collect()
}

fn texts(dialect: Dialect, text: &str) -> Vec<&str> {
    tokens(dialect, text).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn operators_go_as_far_as_the_dialect_takes_them() {
    assert_eq!(
        texts(Postgres, "a=-1 b<>-c d->>'e' f::g h:=1 @-i j||k"),
        ["a", "=", "-", "1", "b", "<>", "-", "c", "d", "->>", "'e'", "f", "::", "g", "h", ":=", "1", "@-", "i", "j", "||", "k"]
    );
    assert_eq!(texts(Postgres, "a+--b\n*/*c*/d"), ["a", "+", "--b", "*", "/*c*/", "d"]);
    assert_eq!(texts(Mysql, "a<=>b-1->>c&&d"), ["a", "<=>", "b", "-", "1", "->>", "c", "&&", "d"]);
    assert_eq!(texts(Sqlite, "a==b<<-1"), ["a", "==", "b", "<<", "-", "1"]);
}

#[test]
fn numbers_keep_their_exponent_and_not_a_range() {
    assert_eq!(
        texts(Postgres, "1.5e-3 1e+2 0xE-1 1..10 2. .5 1_000"),
        ["1.5e-3", "1e+2", "0xE", "-", "1", "1", ".", ".", "10", "2.", ".", "5", "1_000"]
    );
    assert_eq!(texts(Mysql, "1e-3 1e - 3 1a$b"), ["1e-3", "1e", "-", "3", "1a$b"]);
}

#[test]
fn prefixes_belong_to_their_string() {
    assert_eq!(
        texts(Postgres, r"E'\'' e 'x' U&'a' U&x N'b' X'00' b'1' xe'y'"),
        [r"E'\''", "e", "'x'", "U&'a'", "U", "&", "x", "N'b'", "X'00'", "b'1'", "xe", "'y'"]
    );
    assert_eq!(
        texts(Mysql, r#"N'\'' @'x' @@global.y _utf8'z' `a``b` "c""d""#),
        [r"N'\''", "@", "'x'", "@@global", ".", "y", "_utf8", "'z'", "`a``b`", "\"c\"\"d\""]
    );
    assert_eq!(texts(Sqlite, "x'00' [a'b] `c` @v $w ?1"), ["x'00'", "[a'b]", "`c`", "@v", "$w", "?", "1"]);
}

#[test]
fn dollars() {
    assert_eq!(texts(Postgres, "$$ a $b$ $$ $ä_1$x$$y$ä_1$ $1 a$b$c $9$"), ["$$ a $b$ $$", "$ä_1$x$$y$ä_1$", "$1", "a$b$c", "$9", "$"]);
    assert_eq!(tokens(Postgres, "$a $b")[0], (TokenKind::Operator, "$"));
}

#[test]
fn a_no_break_space_is_a_letter_and_a_mark_in_front_is_none() {
    assert_eq!(texts(Postgres, "\u{feff}a\u{a0}b"), ["a\u{a0}b"]);
    assert_eq!(texts(Postgres, "a \u{feff}b"), ["a", "\u{feff}b"]);
    assert_eq!(texts(Sqlite, "a \u{feff}b"), ["a", "b"]);
}

#[test]
fn comments_end_where_the_dialect_says() {
    assert_eq!(texts(Postgres, "--a\rb"), ["--a", "b"]);
    assert_eq!(texts(Sqlite, "--a\rb\nc"), ["--a\rb", "c"]);
    assert_eq!(texts(Mysql, "--\u{1}a\n--b"), ["--\u{1}a", "-", "-", "b"]);
    assert_eq!(
        texts(Mysql, "/*!99999 a /* b */ c */ d /*!40000 e /* f */ g */ h"),
        ["/*!99999 a /* b */ c */", "d", "/*!40000", "e", "/* f */", "g", "*/", "h"]
    );
    assert_eq!(texts(Mysql, "/*!12 a */"), ["/*!", "12", "a", "*/"]);
}
