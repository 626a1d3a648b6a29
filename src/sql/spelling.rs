//! Operators that sqlparser does not read, exchanged one token for one before it sees them.
//!
//! Only for its eyes: texts and spans come from the source. What replaces a token tells the same about the columns,
//! functions and relations of the expression.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use crate::schema::Dialect;

/// Exchanges what this dialect's grammar in sqlparser lacks.
pub(super) fn adapt(tokens: &mut [TokenWithSpan], dialect: Dialect) {
    for nth in 0..tokens.len() {
        match (dialect, &tokens[nth].token) {
            (Dialect::Postgres, Token::Word(word))
                if matches!(word.keyword, Keyword::SYMMETRIC | Keyword::ASYMMETRIC)
                    && nth > 0
                    && is(&tokens[nth - 1], Keyword::BETWEEN) =>
            {
                tokens[nth].token = nothing();
            }
            (Dialect::Sqlite | Dialect::Postgres, Token::Word(word))
                if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("isnull") =>
            {
                tokens[nth].token = nothing();
            }
            // `x::text COLLATE "C"`
            (Dialect::Postgres, Token::Word(word))
                if word.keyword == Keyword::COLLATE && nth > 1 && tokens[nth - 2].token == Token::DoubleColon =>
            {
                let schema = tokens.get(nth + 2).is_some_and(|token| token.token == Token::Period);
                let end = (nth + if schema { 4 } else { 2 }).min(tokens.len());
                tokens[nth..end].iter_mut().for_each(|token| token.token = nothing());
            }
            // `(row).*`
            (Dialect::Postgres, Token::RParen) if matches!(tokens.get(nth + 1..nth + 3), Some([dot, star]) if dot.token == Token::Period && star.token == Token::Mul) =>
            {
                tokens[nth + 1..nth + 3].iter_mut().for_each(|token| token.token = nothing());
            }
            (Dialect::Sqlite, Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("indexed") => {
                // A hint: `INDEXED BY i` or `NOT INDEXED`.
                let range = match tokens.get(nth + 1..nth + 3) {
                    Some([by, name]) if is(by, Keyword::BY) && matches!(name.token, Token::Word(_)) => nth..nth + 3,
                    _ if nth > 0 && is(&tokens[nth - 1], Keyword::NOT) => nth - 1..nth + 1,
                    _ => continue,
                };
                tokens[range].iter_mut().for_each(|token| token.token = nothing());
            }
            (Dialect::Sqlite, Token::Word(word)) => sqlite(tokens, nth, word.keyword),
            (Dialect::Sqlite, Token::ShiftLeft | Token::ShiftRight) => tokens[nth].token = Token::Plus,
            (Dialect::Mysql, Token::ExclamationMark) => tokens[nth].token = Token::make_keyword("NOT"),
            (Dialect::Mysql, Token::Word(word)) if word.keyword == Keyword::LOCK => {
                let sentence = [Keyword::IN, Keyword::SHARE, Keyword::MODE];
                let follows =
                    sentence.iter().enumerate().all(|(step, word)| tokens.get(nth + 1 + step).is_some_and(|token| is(token, *word)));
                if follows {
                    tokens[nth..nth + 4].iter_mut().for_each(|token| token.token = nothing());
                }
            }
            _ => {}
        }
    }
}

/// `a IS 5`, `a IS NOT b`; `a IN table`.
fn sqlite(tokens: &mut [TokenWithSpan], nth: usize, keyword: Keyword) {
    let next = |step: usize, words: &[Keyword]| tokens.get(nth + step).is_some_and(|token| words.iter().any(|word| is(token, *word)));
    match keyword {
        Keyword::IS => {
            const READ: [Keyword; 4] = [Keyword::NULL, Keyword::TRUE, Keyword::FALSE, Keyword::DISTINCT];
            let negated = next(1, &[Keyword::NOT]);
            if next(1 + usize::from(negated), &READ) {
                return;
            }
            tokens[nth].token = if negated { nothing() } else { Token::Eq };
            if negated {
                tokens[nth + 1].token = Token::Neq;
            }
        }
        Keyword::IN if nth > 0 => {
            let table = matches!(tokens.get(nth + 1).map(|token| &token.token), Some(Token::Word(_)));
            let operand = !matches!(tokens[nth - 1].token, Token::Word(ref word) if word.keyword == Keyword::NOT);
            if table && operand {
                tokens[nth].token = Token::Eq;
            }
        }
        _ => {}
    }
}

fn is(token: &TokenWithSpan, keyword: Keyword) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == keyword)
}

/// What the parser steps over.
fn nothing() -> Token {
    Token::Whitespace(Whitespace::Space)
}

#[cfg(test)]
mod tests {
    use crate::schema::Server;
    use crate::sql::Span;
    use crate::sql::cursor::{Cursor, Unread};

    use super::*;

    #[test]
    fn operators_are_read_and_shown_as_written() {
        for (dialect, text, normalised) in [
            (Dialect::Sqlite, "a ISNULL AND b IS 5", "a isnull and b is 5"),
            (Dialect::Sqlite, "a IS NOT b OR c IS NOT NULL", "a is not b or c is not null"),
            (Dialect::Sqlite, "a << 2 > b", "a << 2 > b"),
            (Dialect::Sqlite, "a IN t", "a in t"),
            (Dialect::Postgres, "a BETWEEN SYMMETRIC 2 AND 1", "a between symmetric 2 and 1"),
            (Dialect::Mysql, "a AND !b", "a and !b"),
        ] {
            let read = || {
                let mut cursor = Cursor::new(text, Span::new(0, text.len()), Server::oldest(dialect))?;
                let (expression, _) = cursor.condition()?;
                if cursor.finished() { Ok(expression) } else { Err(cursor.unexpected("the end")) }
            };
            let expression = read().unwrap_or_else(|unread: Unread| panic!("{text}: {}", unread.reason));
            assert_eq!(expression.text.replace("! ", "!"), normalised, "{text}");
            assert!(expression.proves_not_null.len() <= 1, "{text}");
        }
    }
}
