//! SELECT, VALUES and TABLE as statements.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Query, SelectInto, SelectItem, SetExpr, Value};
use sqlparser::tokenizer::Token;

use super::{table, whole};
use crate::schema::operation::{CreateTable, Setting};
use crate::schema::table::Persistence;
use crate::schema::{Dialect, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};

/// Reads a query; PostgreSQL's SELECT INTO makes a table.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Clause, Unread> {
    let start = cursor.start();
    if !["select", "values", "table"].iter().any(|word| cursor.at_word(0, word)) && !cursor.at(0, &Token::LParen) {
        return Err(cursor.unexpected("a statement that is known"));
    }
    if let Some(found) = cursor.table_command()? {
        return Ok(whole(cursor, start, Operation::Query { reads: found.reads, functions: found.functions }));
    }
    let tree = cursor.parser.parse_query()?;
    let found = cursor.references(&*tree)?;
    if cursor.dialect() == Dialect::Mysql {
        cursor.words(&["lock", "in", "share", "mode"]);
    }
    let operation = match into(cursor, &tree)? {
        Some(mut made) => {
            made.as_query = Some(found.reads);
            Operation::CreateTable(Box::new(made))
        }
        None if let Some(setting) = set_config(cursor.dialect(), &tree) => Operation::SetSetting(setting),
        None => Operation::Query { reads: found.reads, functions: found.functions },
    };
    Ok(whole(cursor, start, operation))
}

/// `SELECT set_config('name', 'value', local)` of PostgreSQL: SET by another name.
fn set_config(dialect: Dialect, tree: &Query) -> Option<Setting> {
    let SetExpr::Select(select) = &*tree.body else { return None };
    let [SelectItem::UnnamedExpr(Expr::Function(call))] = &select.projection[..] else { return None };
    let named = call.name.0.last().and_then(|part| part.as_ident()).is_some_and(|name| name.value.eq_ignore_ascii_case("set_config"));
    let FunctionArguments::List(list) = &call.args else { return None };
    let literals: Vec<&Value> = list.args.iter().filter_map(literal).collect();
    match &literals[..] {
        [Value::SingleQuotedString(name), Value::SingleQuotedString(value), Value::Boolean(local)]
            if dialect == Dialect::Postgres && named =>
        {
            Some(Setting { name: name.to_ascii_lowercase(), values: vec![value.clone()], local: *local })
        }
        _ => None,
    }
}

fn literal(argument: &FunctionArg) -> Option<&Value> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => Some(&value.value),
        _ => None,
    }
}

/// The table of SELECT INTO.
fn into(cursor: &Cursor<'_>, tree: &Query) -> Result<Option<CreateTable>, Unread> {
    let mut body = &*tree.body;
    while let SetExpr::SetOperation { left, .. } = body {
        body = left;
    }
    let SetExpr::Select(select) = body else { return Ok(None) };
    let Some(SelectInto { temporary, unlogged, table: _, targets }) = &select.into else { return Ok(None) };
    if cursor.dialect() == Dialect::Mysql {
        // INTO @variable makes no table.
        return Ok(None);
    }
    let name = match targets.as_slice() {
        [Expr::Identifier(name)] => ObjectName::from(vec![name.clone()]),
        [Expr::CompoundIdentifier(parts)] => ObjectName::from(parts.clone()),
        _ => return Err(Unread { reason: "SELECT INTO something that is no table".to_owned() }),
    };
    let mut made = table::blank(cursor.lower_name(&name)?);
    made.persistence = match (temporary, unlogged) {
        (true, _) => Persistence::Temporary,
        (false, true) => Persistence::Unlogged,
        (false, false) => Persistence::Permanent,
    };
    Ok(Some(made))
}
