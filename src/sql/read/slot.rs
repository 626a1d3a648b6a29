//! What can stand at a place of a form, and how each of them is read.

mod token;

use super::found::Found;
use super::routine::{self, Code, Parameters};
use crate::schema::bound::PartitionBound;
use crate::schema::operation::{CreateIndex, NewColumn, NewConstraint};
use crate::schema::table::TypeName;
use crate::schema::{Expression, Ident, ObjectName};
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

/// What a slot took.
#[derive(Debug)]
pub(super) enum Value {
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
    Parameters(Parameters),
    Index(Box<CreateIndex>),
    Bound(PartitionBound),
}

/// Reads what the slot takes.
pub(super) fn value(cursor: &mut Cursor<'_>, slot: Slot, found: &Found<'_>) -> Result<Value, Unread> {
    Ok(match slot {
        Slot::Name => Value::Name(token::name(cursor)?),
        Slot::Ident => Value::Ident(token::ident(cursor)?),
        Slot::TableColumn => Value::TableColumn(token::table_column(cursor)?),
        Slot::Word => Value::Text(token::word(cursor)?),
        Slot::Role => Value::Text(token::role(cursor)?),
        Slot::Type => Value::Type(cursor.data_type()?),
        Slot::Expression => Value::Expression(cursor.expression()?.0),
        Slot::Column => {
            let place = cursor.place();
            token::ident(cursor)?;
            cursor.rewind(place);
            Value::Column(Box::new(cursor.column_definition()?))
        }
        Slot::Constraint => Value::Constraint(Box::new(cursor.table_constraint()?)),
        Slot::Text => Value::Text(token::text(cursor)?),
        Slot::Number => Value::Text(token::number(cursor)?),
        Slot::Any => Value::Text(token::any(cursor)?),
        Slot::Parens => Value::Text(token::parens(cursor)?),
        Slot::Query => Value::Query(cursor.query()?.reads),
        Slot::Rest => Value::Text(token::rest(cursor)?),
        Slot::Setting => Value::Text(token::setting(cursor)?),
        Slot::Arguments => Value::Parameters(routine::arguments(cursor)?),
        Slot::Argument => Value::Text(routine::argument(cursor)?.0.unwrap_or_default()),
        Slot::Operator => Value::Text(token::operator(cursor)?),
        Slot::Definition => Value::Text(token::definition(cursor)?),
        Slot::ArgumentType => Value::Text(routine::argument_type(cursor)?),
        Slot::Body => Value::Code(routine::body(cursor)?),
        Slot::Block => Value::Code(routine::block(cursor)?),
        Slot::Index => Value::Index(Box::new(cursor.mysql_index(&found.name("table")?)?)),
        Slot::TableOption if cursor.mysql_table_option()? => Value::Mark,
        Slot::TableOption => return Err(cursor.unexpected("a table option")),
        Slot::Bound => Value::Bound(cursor.partition_bound()?),
        Slot::Partitioning => {
            cursor.mysql_partitioning()?;
            Value::Mark
        }
        Slot::Code => Value::Code(routine::code(cursor)?),
    })
}
