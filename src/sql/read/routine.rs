//! Parameters and bodies of routines: what they are told apart by, and which names their code uses.

use sqlparser::tokenizer::Token;

use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, Server};
use crate::sql::Span;
use crate::sql::cursor::{Cursor, Unread};

/// What is known of code that runs later.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    /// Every word and quoted name in it: a superset of the names used.
    pub(super) uses: Vec<Ident>,
    /// Whether it builds statements at run time.
    pub(super) dynamic: bool,
    /// The code itself, and whom it is for.
    pub(super) text: Option<(String, Server)>,
}

impl Code {
    /// The facts of tokens.
    pub(super) fn of<'t>(tokens: impl Iterator<Item = &'t Token>, dialect: Dialect) -> Code {
        let mut code = Code::default();
        for token in tokens {
            if let Token::Word(word) = token {
                let quoting = if word.quote_style.is_some() { Quoting::Quoted } else { Quoting::Bare };
                let ident = Ident::new(dialect, &word.value, quoting);
                code.dynamic |= quoting == Quoting::Bare && matches!(ident.as_str(), "execute" | "prepare");
                code.uses.push(ident);
            }
        }
        code.uses.sort_unstable();
        code.uses.dedup();
        code
    }

    /// The facts of text that no grammar of ours need cover, such as Python: words by their letters.
    fn of_text(text: &str, server: Server) -> Code {
        match Cursor::new(text, Span::new(0, text.len()), server) {
            Ok(cursor) => Code::of(cursor.tokens(), server.dialect),
            Err(_) => {
                let mut uses: Vec<Ident> = text
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .filter(|word| !word.is_empty())
                    .map(|word| Ident::new(server.dialect, word, Quoting::Bare))
                    .collect();
                uses.sort_unstable();
                uses.dedup();
                Code { uses, dynamic: true, text: None }
            }
        }
    }
}

/// A string or dollar-quoted body.
pub(super) fn body(cursor: &mut Cursor<'_>) -> Result<Code, Unread> {
    let text = cursor.string()?;
    let code = Code::of_text(&text, cursor.server);
    Ok(Code { text: Some((text, cursor.server)), ..code })
}

/// What a routine is called with.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    /// The types of the input parameters, joined by commas.
    pub(super) types: String,
    /// How many of them may be left out.
    pub(super) defaults: usize,
}

/// Everything that is left, as code.
pub(super) fn code(cursor: &mut Cursor<'_>) -> Result<Code, Unread> {
    let start = cursor.start();
    if cursor.finished() {
        return Err(cursor.unexpected("a body"));
    }
    while !cursor.finished() {
        cursor.parser.advance_token();
    }
    let text = cursor.text(cursor.span_from(start)).to_owned();
    let code = Code::of(cursor.tokens_from(start).map(|(token, _)| token), cursor.dialect());
    Ok(Code { text: Some((text, cursor.server)), ..code })
}

/// Everything that is left, as code that END closes.
pub(super) fn block(cursor: &mut Cursor<'_>) -> Result<Code, Unread> {
    let code = code(cursor)?;
    let last = cursor.len() - 1;
    cursor.rewind(last);
    cursor.need_words(&["end"])?;
    Ok(code)
}

/// The parameter list of a routine, parentheses included.
pub(super) fn arguments(cursor: &mut Cursor<'_>) -> Result<Parameters, Unread> {
    cursor.need(&Token::LParen)?;
    let (mut types, mut defaults) = (Vec::new(), 0);
    if cursor.take(&Token::RParen) {
        return Ok(Parameters::default());
    }
    loop {
        let (ty, optional) = argument(cursor)?;
        types.extend(ty);
        defaults += usize::from(optional == Argument::Optional);
        if !cursor.take(&Token::Comma) {
            break;
        }
    }
    cursor.need(&Token::RParen)?;
    Ok(Parameters { types: types.join(","), defaults })
}

/// `[mode] [name] type [DEFAULT expression]`, the mode also behind the name; the type of an input parameter.
pub(super) fn argument(cursor: &mut Cursor<'_>) -> Result<(Option<String>, Argument), Unread> {
    let mut mode = cursor.one_of(MODES);
    let place = cursor.place();
    let ty = match argument_type(cursor) {
        Ok(ty) if ends(cursor) => ty,
        _ => {
            cursor.rewind(place);
            cursor.parser.advance_token();
            mode = mode.or_else(|| cursor.one_of(MODES));
            argument_type(cursor)?
        }
    };
    let mut argument = Argument::Required;
    if cursor.word("default") || cursor.take(&Token::Eq) || cursor.take(&Token::Assignment) {
        cursor.expression()?;
        argument = Argument::Optional;
    }
    Ok(((mode != Some("out")).then_some(ty), argument))
}

/// Whether a call must give an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Required,
    Optional,
}

const MODES: &[&str] = &["in", "out", "inout", "variadic"];

/// The type of a parameter or a result.
pub(super) fn argument_type(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    cursor.word("setof");
    let ty = cursor.data_type()?;
    if cursor.dialect() == Dialect::Mysql {
        while cursor.words(&["character", "set"]) || cursor.one_of(&["charset", "collate"]).is_some() {
            cursor.parser.advance_token();
        }
    }
    if cursor.take(&Token::Mod) {
        cursor.need_words(&["type"])?;
        return Ok(cursor.text(cursor.span_from(start)).to_ascii_lowercase());
    }
    Ok(ty.to_string())
}

fn ends(cursor: &Cursor<'_>) -> bool {
    [Token::Comma, Token::RParen, Token::Eq, Token::Assignment].iter().any(|token| cursor.at(0, token))
        || ["default", "order"].iter().any(|word| cursor.at_word(0, word))
}
