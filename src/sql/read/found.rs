//! What a form found in the tokens: names, types and expressions by label, and how far the best attempt came.

use sqlparser::tokenizer::Token;

use super::routine::Code;
use crate::sql::reserved;
use crate::schema::operation::{CreateIndex, NewColumn, NewConstraint, ObjectKind, Verb};
use crate::schema::table::TypeName;
use crate::schema::{Expression, Ident, ObjectName, Operation};
use crate::sql::{Clause, Span};
use crate::sql::cursor::{Cursor, Unread};

/// What can stand at a place of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// `name`: a name, perhaps with its schema.
    Name,
    /// `ident`: one identifier that is no reserved word.
    Ident,
    /// `table_column`: a column behind its table.
    TableColumn,
    /// `word`: any bare word, also a reserved one.
    Word,
    /// `role`: a role, also CURRENT_USER and MySQL's 'user'@'host'.
    Role,
    /// `type`
    Type,
    /// `expr`
    Expression,
    /// `column`: a column definition.
    Column,
    /// `constraint`: a table constraint.
    Constraint,
    /// `string`
    Text,
    /// `number`: perhaps with a sign.
    Number,
    /// `any`: one token that is neither a parenthesis, a comma nor a semicolon.
    Any,
    /// `parens`: balanced parentheses with anything inside.
    Parens,
    /// `query`
    Query,
    /// `value`: what a setting can be set to.
    Setting,
    /// `arguments`: the parameters of a routine; the text is their types.
    Arguments,
    /// `argument`: one parameter of a routine.
    Argument,
    /// `operator`: an operator, perhaps with its schema.
    Operator,
    /// `definition`: what stands behind the equals sign in the list that defines a type or an operator.
    Definition,
    /// `arguments_type`: the type of a parameter or result.
    ArgumentType,
    /// `body`: a string that holds code.
    Body,
    /// `code`: whatever is left, as code.
    Code,
    /// `block`: whatever is left, as code that ends with END.
    Block,
    /// `index`: MySQL's definition of an index inside a table.
    Index,
    /// `table_option`: MySQL's `ENGINE = x` and its kin.
    TableOption,
    /// `bound`: which rows go into a partition.
    Bound,
    /// `partitioning`: what follows MySQL's PARTITION BY.
    Partitioning,
    /// `rest`: whatever is left, at least one token.
    Rest,
}

impl Slot {
    /// The slot that a lower-case word of a synopsis stands for.
    pub(super) fn named(word: &str) -> Option<Slot> {
        Some(match word {
            "name" => Slot::Name,
            "ident" => Slot::Ident,
            "table_column" => Slot::TableColumn,
            "word" => Slot::Word,
            "role" => Slot::Role,
            "type" => Slot::Type,
            "expr" => Slot::Expression,
            "column" => Slot::Column,
            "constraint" => Slot::Constraint,
            "string" => Slot::Text,
            "number" => Slot::Number,
            "any" => Slot::Any,
            "parens" => Slot::Parens,
            "query" => Slot::Query,
            "rest" => Slot::Rest,
            "value" => Slot::Setting,
            "argument" => Slot::Argument,
            "operator" => Slot::Operator,
            "definition" => Slot::Definition,
            "arguments_type" => Slot::ArgumentType,
            "arguments" => Slot::Arguments,
            "body" => Slot::Body,
            "code" => Slot::Code,
            "block" => Slot::Block,
            "index" => Slot::Index,
            "table_option" => Slot::TableOption,
            "bound" => Slot::Bound,
            "partitioning" => Slot::Partitioning,
            _ => return None,
        })
    }
}

/// A part of the statement that a form gave a label.
#[derive(Debug)]
struct Part {
    label: &'static str,
    span: Span,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Mark,
    Name(ObjectName),
    TableColumn((ObjectName, Ident)),
    Ident(Ident),
    Type(TypeName),
    Expression(Expression),
    Column(Box<(NewColumn, Vec<NewConstraint>)>),
    Constraint(Box<(NewConstraint, Option<Ident>)>),
    Text(String),
    Query(Vec<ObjectName>),
    Code(Code),
    Index(Box<CreateIndex>),
}

/// The labelled parts, and the furthest place at which something else was expected.
#[derive(Debug)]
pub(super) struct Found<'a> {
    source: &'a str,
    whole: Span,
    parts: Vec<Part>,
    furthest: usize,
    expected: Vec<&'static str>,
    failure: Option<Unread>,
}

impl<'a> Found<'a> {
    /// Nothing found yet.
    pub(super) fn new(cursor: &Cursor<'a>) -> Found<'a> {
        Found { source: cursor.source(), whole: Span::new(0, 0), parts: Vec::new(), furthest: 0, expected: Vec::new(), failure: None }
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.parts.truncate(len);
    }

    /// Notes that `expected` did not stand at the cursor. Always false.
    pub(super) fn missed(&mut self, cursor: &Cursor<'_>, expected: &'static str) -> bool {
        if self.reaches(cursor.place()) && !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
        false
    }

    fn reaches(&mut self, place: usize) -> bool {
        if place > self.furthest {
            self.furthest = place;
            self.expected.clear();
            self.failure = None;
        }
        place == self.furthest
    }

    /// Why no form fitted: at the furthest place that any reached.
    pub(super) fn unread(&mut self, cursor: &mut Cursor<'_>) -> Unread {
        cursor.rewind(self.furthest);
        match (self.failure.take(), &self.expected[..]) {
            (Some(failure), _) => failure,
            (None, []) => cursor.unexpected("a statement of this kind"),
            (None, [only]) => cursor.unexpected(only),
            (None, several) => cursor.unexpected(&format!("one of {}", several[..several.len().min(6)].join(", "))),
        }
    }

    /// Labels bytes that were read. Always true.
    pub(super) fn mark(&mut self, label: &'static str, span: Span) -> bool {
        self.parts.push(Part { label, span, value: Value::Mark });
        true
    }

    /// Reads what the slot takes.
    pub(super) fn fill(&mut self, cursor: &mut Cursor<'_>, label: &'static str, slot: Slot) -> bool {
        let (place, start) = (cursor.place(), cursor.start());
        match value(cursor, slot, self) {
            Ok(value) => {
                self.parts.push(Part { label, span: cursor.span_from(start), value });
                true
            }
            Err(unread) => {
                if self.reaches(place) {
                    self.failure = Some(unread);
                }
                false
            }
        }
    }

    fn last(&self, label: &str) -> Option<&Part> {
        self.parts.iter().rev().find(|part| part.label == label)
    }

    /// Whether the labelled part was there.
    pub(super) fn has(&self, label: &str) -> bool {
        self.last(label).is_some()
    }

    /// Sets the bytes of the whole form.
    pub(super) fn cover(&mut self, whole: Span) {
        self.whole = whole;
    }

    /// A clause over the whole form.
    pub(super) fn whole(&self, operation: Operation) -> Clause {
        Clause { span: self.whole, operation }
    }

    /// The words of a labelled part, upper case and single blanks between them.
    pub(super) fn words(&self, label: &str) -> Option<String> {
        let text = &self.source[self.span(label)?.range()];
        Some(text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase())
    }

    /// The bytes of a labelled part.
    pub(super) fn span(&self, label: &str) -> Option<Span> {
        self.last(label).map(|part| part.span)
    }

    /// The bytes of all parts of this label.
    pub(super) fn spans<'s>(&'s self, label: &'s str) -> impl Iterator<Item = Span> + 's {
        self.parts.iter().filter(move |part| part.label == label).map(|part| part.span)
    }

    /// The names of this label, in order, with their bytes.
    pub(super) fn names<'s>(&'s self, label: &'s str) -> impl Iterator<Item = (ObjectName, Span)> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Name(name) => Some((name.clone(), part.span)),
            _ => None,
        })
    }

    /// The column definitions of this label, in order, with their bytes.
    pub(super) fn columns<'s>(&'s self, label: &'s str) -> impl Iterator<Item = ((NewColumn, Vec<NewConstraint>), Span)> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Column(column) => Some(((**column).clone(), part.span)),
            _ => None,
        })
    }

    /// Each `setting` with the `value` or `bare` word behind it: its name, the bytes of both, the value without quotes.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&'a str, Span, String)> + '_ {
        let settings = self.parts.iter().filter(|part| part.label == "setting");
        settings.zip(self.parts.iter().filter(|part| matches!(part.label, "value" | "bare"))).map(|(setting, value)| {
            let text = self.source[value.span.range()].trim_matches(['\'', '"']);
            (&self.source[setting.span.range()], setting.span.to(value.span), text.to_owned())
        })
    }

    /// The expressions labelled `expression`, each with the identifier labelled `name` that stands before it.
    pub(super) fn named_expressions(&self, name: &str, expression: &str) -> Vec<(Option<Ident>, Expression)> {
        let mut pairs = Vec::new();
        let mut pending = None;
        for part in &self.parts {
            match &part.value {
                Value::Ident(ident) if part.label == name => pending = Some(ident.clone()),
                Value::Expression(found) if part.label == expression => pairs.push((pending.take(), found.clone())),
                _ => pending = None,
            }
        }
        pairs
    }

    /// One clause for each name of this label, over the name's own bytes.
    pub(super) fn for_each(&self, label: &str, operation: impl Fn(ObjectName) -> Operation) -> Vec<Clause> {
        self.names(label).map(|(name, span)| Clause { span, operation: operation(name) }).collect()
    }

    /// What a form about objects that are only counted amounts to.
    pub(super) fn objects(&self, verb: Verb, kind: ObjectKind, span: Span) -> Vec<Clause> {
        let cascade = self.has("cascade");
        let object = |name, span| Clause { span, operation: Operation::OtherObject { verb, kind, name, cascade } };
        let mut clauses: Vec<Clause> = self.names("name").map(|(name, span)| object(Some(name), span)).collect();
        match &mut clauses[..] {
            [] => clauses.push(object(None, span)),
            [only] => only.span = span,
            [..] => {}
        }
        clauses
    }

    /// The identifiers of this label, in order.
    pub(super) fn idents<'s>(&'s self, label: &'s str) -> impl Iterator<Item = Ident> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Ident(ident) => Some(ident.clone()),
            _ => None,
        })
    }

    /// The strings and other texts of this label, in order.
    pub(super) fn texts<'s>(&'s self, label: &'s str) -> impl Iterator<Item = String> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }
}

macro_rules! accessor {
    ($(#[$doc:meta])* $method:ident, $variant:ident, $ty:ty) => {
        impl Found<'_> {
            $(#[$doc])*
            pub(super) fn $method(&self, label: &str) -> Result<$ty, Unread> {
                match self.last(label).map(|part| &part.value) {
                    Some(Value::$variant(value)) => Ok(value.clone()),
                    _ => Err(Unread { reason: format!("the {label} is missing") }),
                }
            }
        }
    };
}
accessor!(
    /// The last name of this label.
    name, Name, ObjectName
);
accessor!(
    /// The last identifier of this label.
    ident, Ident, Ident
);
accessor!(
    /// The last column behind its table of this label.
    table_column, TableColumn, (ObjectName, Ident)
);
accessor!(
    /// The last type of this label.
    ty, Type, TypeName
);
accessor!(
    /// The last expression of this label.
    expression, Expression, Expression
);
accessor!(
    /// The last column definition of this label.
    column, Column, Box<(NewColumn, Vec<NewConstraint>)>
);
accessor!(
    /// The last constraint of this label.
    constraint, Constraint, Box<(NewConstraint, Option<Ident>)>
);
accessor!(
    /// The last string of this label.
    text, Text, String
);
accessor!(
    /// The last index definition of this label.
    index, Index, Box<CreateIndex>
);
accessor!(
    /// The last code of this label.
    code, Code, Code
);
accessor!(
    /// The relations that the last query of this label reads.
    query, Query, Vec<ObjectName>
);

fn value(cursor: &mut Cursor<'_>, slot: Slot, found: &Found<'_>) -> Result<Value, Unread> {
    Ok(match slot {
        Slot::Name => Value::Name(name(cursor)?),
        Slot::Ident => Value::Ident(ident(cursor)?),
        Slot::TableColumn => Value::TableColumn(table_column(cursor)?),
        Slot::Word => Value::Text(word(cursor)?),
        Slot::Role => Value::Text(role(cursor)?),
        Slot::Type => Value::Type(cursor.data_type()?),
        Slot::Expression => Value::Expression(cursor.expression()?.0),
        Slot::Column => {
            let place = cursor.place();
            ident(cursor)?;
            cursor.rewind(place);
            Value::Column(Box::new(cursor.column_definition()?))
        }
        Slot::Constraint => Value::Constraint(Box::new(cursor.table_constraint()?)),
        Slot::Text => Value::Text(text(cursor)?),
        Slot::Number => Value::Text(number(cursor)?),
        Slot::Any => Value::Text(any(cursor)?),
        Slot::Parens => Value::Text(parens(cursor)?),
        Slot::Query => Value::Query(cursor.query()?.reads),
        Slot::Rest => Value::Text(rest(cursor)?),
        Slot::Setting => Value::Text(setting(cursor)?),
        Slot::Arguments => Value::Text(super::routine::arguments(cursor)?),
        Slot::Argument => Value::Text(super::routine::argument(cursor)?.unwrap_or_default()),
        Slot::Operator => Value::Text(operator(cursor)?),
        Slot::Definition => Value::Text(definition(cursor)?),
        Slot::ArgumentType => Value::Text(super::routine::argument_type(cursor)?),
        Slot::Body => Value::Code(super::routine::body(cursor)?),
        Slot::Block => Value::Code(super::routine::block(cursor)?),
        Slot::Index => Value::Index(Box::new(cursor.mysql_index(&found.name("table")?)?)),
        Slot::TableOption if cursor.mysql_table_option()? => Value::Mark,
        Slot::TableOption => return Err(cursor.unexpected("a table option")),
        Slot::Bound => {
            cursor.partition_bound()?;
            Value::Mark
        }
        Slot::Partitioning => {
            cursor.mysql_partitioning()?;
            Value::Mark
        }
        Slot::Code => Value::Code(super::routine::code(cursor)?),
    })
}

fn ident(cursor: &mut Cursor<'_>) -> Result<Ident, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_some() || !reserved::is_reserved(cursor.dialect(), &word.value) => cursor.ident(),
        Token::SingleQuotedString(_) if cursor.dialect() == crate::schema::Dialect::Sqlite => cursor.ident(),
        _ => Err(cursor.unexpected("a name")),
    }
}

fn name(cursor: &mut Cursor<'_>) -> Result<ObjectName, Unread> {
    let mut name = ObjectName::bare(ident(cursor)?);
    while cursor.parser.consume_token(&Token::Period) {
        // What follows a dot may be any word: `app.order`.
        name = ObjectName { schema: Some(name.name), name: cursor.ident()? };
    }
    Ok(name)
}

fn table_column(cursor: &mut Cursor<'_>) -> Result<(ObjectName, Ident), Unread> {
    let mut parts = vec![ident(cursor)?];
    while cursor.parser.consume_token(&Token::Period) {
        parts.push(cursor.ident()?);
    }
    let column = parts.pop();
    let table = parts.pop().map(|name| ObjectName { schema: parts.pop(), name });
    table.zip(column).ok_or_else(|| cursor.unexpected("a column behind its table"))
}

fn word(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_none() => {
            let word = word.value.clone();
            cursor.parser.advance_token();
            Ok(word)
        }
        _ => Err(cursor.unexpected("a word")),
    }
}

fn role(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let mysql = cursor.dialect() == crate::schema::Dialect::Mysql;
    let special = ["current_user", "current_role", "session_user"].iter().any(|word| cursor.at_word(0, word));
    match &cursor.parser.peek_token_ref().token {
        Token::Word(_) if mysql || special => cursor.parser.advance_token(),
        Token::Word(_) => drop(ident(cursor)?),
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) if mysql => cursor.parser.advance_token(),
        _ => return Err(cursor.unexpected("a role")),
    }
    if mysql {
        host(cursor);
    }
    if cursor.parser.consume_tokens(&[Token::LParen, Token::RParen]) {
        // CURRENT_USER()
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

/// `@'host'` behind a user's name: the tokeniser takes `@` for a letter.
fn host(cursor: &mut Cursor<'_>) {
    let bare = match &cursor.parser.peek_token_ref().token {
        Token::AtSign => true,
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => word.value.len() == 1,
        _ => return,
    };
    cursor.parser.advance_token();
    if bare {
        cursor.parser.advance_token();
    }
    while cursor.take(&Token::Period) {
        cursor.parser.advance_token();
    }
}

fn number(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    if !cursor.take(&Token::Minus) {
        cursor.take(&Token::Plus);
    }
    match &cursor.parser.peek_token_ref().token {
        Token::Number(..) => cursor.parser.advance_token(),
        _ => return Err(cursor.unexpected("a number")),
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

/// A string; the standard joins strings that only line ends separate.
fn text(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let mut text = cursor.string()?;
    loop {
        let end = cursor.span_from(start).end;
        let next = matches!(cursor.parser.peek_token_ref().token, Token::SingleQuotedString(_));
        if !next || !cursor.source()[end..cursor.start()].contains('\n') {
            return Ok(text);
        }
        text += &cursor.string()?;
    }
}

fn setting(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    match &cursor.parser.peek_token_ref().token {
        Token::Word(_) => any(cursor).map(|text| text.trim_matches(['"', '`']).to_owned()),
        Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::EscapedStringLiteral(_) => cursor.string(),
        _ => number(cursor).or_else(|_| any(cursor)),
    }
}

fn any(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    match &cursor.parser.peek_token_ref().token {
        Token::EOF | Token::LParen | Token::RParen | Token::Comma | Token::SemiColon => Err(cursor.unexpected("a value")),
        _ => {
            cursor.parser.advance_token();
            Ok(cursor.text(cursor.span_from(start)).to_owned())
        }
    }
}

fn is_sign(cursor: &Cursor<'_>) -> bool {
    !matches!(
        cursor.parser.peek_token_ref().token,
        Token::EOF | Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_) | Token::LParen | Token::RParen | Token::Comma | Token::SemiColon | Token::Period
    )
}

fn operator(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    while matches!(cursor.parser.peek_token_ref().token, Token::Word(_)) {
        cursor.ident()?;
        cursor.need(&Token::Period)?;
    }
    if !is_sign(cursor) {
        return Err(cursor.unexpected("an operator"));
    }
    while is_sign(cursor) {
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

fn definition(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    let signs = is_sign(cursor) && !cursor.at(0, &Token::Minus) && !cursor.at(0, &Token::Plus);
    while !matches!(cursor.parser.peek_token_ref().token, Token::EOF | Token::Comma | Token::RParen) {
        if cursor.at(0, &Token::LParen) {
            cursor.skip_parentheses()?;
        } else if signs != is_sign(cursor) && cursor.at(0, &Token::Eq) {
            return Err(cursor.unexpected("a value"));
        } else {
            cursor.parser.advance_token();
        }
    }
    if cursor.start() == start { Err(cursor.unexpected("a value")) } else { Ok(cursor.text(cursor.span_from(start)).to_owned()) }
}

fn parens(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    cursor.parser.expect_token(&Token::LParen)?;
    let mut depth = 1;
    while depth > 0 {
        match &cursor.parser.peek_token_ref().token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::EOF => return Err(cursor.unexpected("`)`")),
            _ => {}
        }
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}

fn rest(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    let start = cursor.start();
    if cursor.finished() {
        return Err(cursor.unexpected("more"));
    }
    while !cursor.finished() {
        cursor.parser.advance_token();
    }
    Ok(cursor.text(cursor.span_from(start)).to_owned())
}
