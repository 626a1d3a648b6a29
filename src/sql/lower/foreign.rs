//! Parts of queries and expressions that sqlparser reads in every dialect, but this database does not know.

use sqlparser::ast::{
    self, BinaryOperator, CastKind, Expr, Join, JoinConstraint, JoinOperator, Query, Select, SelectItem, Value, Values,
    WildcardAdditionalOptions,
};

use crate::schema::Dialect;
use crate::sql::cursor::Unread;
use crate::sql::reserved::is_reserved;

fn known(known: bool, what: &str, dialect: Dialect) -> Result<(), Unread> {
    if known { Ok(()) } else { Err(Unread { reason: format!("{what} is not known to {dialect}") }) }
}

/// Refuses parts of a query that none of our databases knows, but sqlparser reads.
pub(super) fn in_query(query: &Query, dialect: Dialect) -> Result<(), Unread> {
    let Query { with: _, body: _, order_by: _, limit_clause: _, fetch, locks, for_clause, settings, format_clause, pipe_operators } = query;
    let foreign = for_clause.is_some()
        || settings.is_some()
        || format_clause.is_some()
        || !pipe_operators.is_empty()
        || dialect == Dialect::Sqlite && (fetch.is_some() || !locks.is_empty());
    known(!foreign, "a part of the query", dialect)
}

/// Refuses parts of a SELECT that none of our databases knows, but sqlparser reads.
pub(super) fn in_select(select: &Select, dialect: Dialect) -> Result<(), Unread> {
    let Select {
        select_token: _,
        optimizer_hints: _,
        distinct,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let foreign = top.is_some()
        || exclude.is_some()
        || !lateral_views.is_empty()
        || prewhere.is_some()
        || !connect_by.is_empty()
        || !cluster_by.is_empty()
        || !distribute_by.is_empty()
        || !sort_by.is_empty()
        || qualify.is_some()
        || value_table_mode.is_some()
        || !matches!(flavor, ast::SelectFlavor::Standard)
        || dialect != Dialect::Mysql && select_modifiers.is_some()
        || projection.iter().any(has_options)
        || dialect == Dialect::Postgres && from.iter().flat_map(|item| &item.joins).any(lacks_condition)
        || dialect != Dialect::Postgres && (projection.is_empty() || matches!(distinct, Some(ast::Distinct::On(_))));
    known(!foreign, "a part of the query", dialect)?;
    if into.is_some() && dialect == Dialect::Sqlite {
        return Err(Unread { reason: "SELECT INTO".to_owned() });
    }
    Ok(())
}

/// `* EXCLUDE …` and its kin.
fn has_options(item: &SelectItem) -> bool {
    match item {
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => *options != WildcardAdditionalOptions::default(),
        _ => false,
    }
}

/// A join that PostgreSQL wants ON or USING for.
fn lacks_condition(join: &Join) -> bool {
    match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => matches!(constraint, JoinConstraint::None),
        _ => false,
    }
}

/// Refuses `TABLE name`.
pub(super) fn in_table_command(dialect: Dialect) -> Result<(), Unread> {
    known(dialect != Dialect::Sqlite, "TABLE as a query", dialect)
}

/// Refuses MySQL's spellings of VALUES elsewhere.
pub(super) fn in_values(values: &Values, dialect: Dialect) -> Result<(), Unread> {
    let Values { explicit_row, value_keyword, rows: _ } = values;
    known(dialect == Dialect::Mysql || !explicit_row && !value_keyword, "VALUE or ROW", dialect)
}

/// Refuses one node of an expression.
pub(super) fn in_expression(tree: &Expr, dialect: Dialect) -> Result<(), Unread> {
    let postgres = dialect == Dialect::Postgres;
    let mysql = dialect == Dialect::Mysql;
    match tree {
        Expr::Cast { kind, .. } => match kind {
            CastKind::Cast => Ok(()),
            CastKind::DoubleColon => known(postgres, "`::`", dialect),
            CastKind::TryCast | CastKind::SafeCast => known(false, "this cast", dialect),
        },
        Expr::ILike { .. } | Expr::SimilarTo { .. } => known(postgres, "ILIKE or SIMILAR TO", dialect),
        Expr::AtTimeZone { .. } => known(postgres, "AT TIME ZONE", dialect),
        Expr::Array(_) => known(postgres, "an array", dialect),
        Expr::CompoundFieldAccess { .. } => known(postgres, "a subscript", dialect),
        Expr::IsJson { .. } | Expr::IsNormalized { .. } => known(postgres, "IS JSON or IS NORMALIZED", dialect),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => known(dialect != Dialect::Sqlite, "ANY or ALL", dialect),
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => known(postgres, "a grouping set", dialect),
        Expr::RLike { .. } => known(!postgres, "RLIKE or REGEXP", dialect),
        Expr::MatchAgainst { .. } | Expr::MemberOf(_) => known(mysql, "MATCH … AGAINST or MEMBER OF", dialect),
        Expr::JsonAccess { .. }
        | Expr::InUnnest { .. }
        | Expr::Struct { .. }
        | Expr::Named { .. }
        | Expr::Dictionary(_)
        | Expr::Map(_)
        | Expr::OuterJoin(_)
        | Expr::Prior(_)
        | Expr::Lambda(_) => known(false, "a part of an expression", dialect),
        Expr::Identifier(name) => in_name(name, dialect),
        Expr::CompoundIdentifier(parts) => parts.first().map_or(Ok(()), |name| in_name(name, dialect)),
        Expr::Function(call) if dialect == Dialect::Sqlite => match call.name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] => in_name(name, dialect),
            _ => known(false, "a function with a schema", dialect),
        },
        Expr::Function(call) if postgres => match call.name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(name)] if !FUNCTIONS.iter().any(|word| word.eq_ignore_ascii_case(&name.value)) => {
                in_name(name, dialect)
            }
            _ => Ok(()),
        },
        Expr::BinaryOp { op, .. } => in_operator(op, dialect),
        Expr::Value(value) => match &value.value {
            Value::DollarQuotedString(_) | Value::EscapedStringLiteral(_) | Value::UnicodeStringLiteral(_) => {
                known(postgres, "this kind of string", dialect)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Reserved words that stand for a value by themselves, which sqlparser shows as names.
const VALUES: [&str; 12] = [
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

/// PostgreSQL's reserved words that may name a function.
const FUNCTIONS: [&str; 24] = [
    "any",
    "array",
    "authorization",
    "binary",
    "collation",
    "concurrently",
    "cross",
    "freeze",
    "full",
    "ilike",
    "inner",
    "is",
    "isnull",
    "join",
    "left",
    "like",
    "natural",
    "notnull",
    "outer",
    "overlaps",
    "right",
    "similar",
    "tablesample",
    "verbose",
];

/// Refuses a bare reserved word as the name of a column.
fn in_name(name: &ast::Ident, dialect: Dialect) -> Result<(), Unread> {
    let word = name.value.as_str();
    if name.quote_style == Some('\'') && dialect != Dialect::Sqlite {
        return Err(Unread { reason: format!("a string cannot be a name in {dialect}") });
    }
    if name.quote_style.is_some() || !is_reserved(dialect, word) || VALUES.iter().any(|value| value.eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    Err(Unread { reason: format!("`{word}` cannot be a name") })
}

/// Refuses a bare reserved word as the name of a relation in FROM.
pub(super) fn in_relation(name: &ast::ObjectName, dialect: Dialect) -> Result<(), Unread> {
    match name.0.first() {
        Some(ast::ObjectNamePart::Identifier(first)) if !first.value.eq_ignore_ascii_case("dual") => in_name(first, dialect),
        _ => Ok(()),
    }
}

fn in_operator(op: &BinaryOperator, dialect: Dialect) -> Result<(), Unread> {
    match op {
        BinaryOperator::Spaceship | BinaryOperator::Xor | BinaryOperator::MyIntegerDivide => {
            known(dialect == Dialect::Mysql, "this operator", dialect)
        }
        BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGOverlap
        | BinaryOperator::AtArrow
        | BinaryOperator::ArrowAt
        | BinaryOperator::HashArrow
        | BinaryOperator::HashLongArrow
        | BinaryOperator::PGCustomBinaryOperator(_) => known(dialect == Dialect::Postgres, "this operator", dialect),
        BinaryOperator::DuckIntegerDivide | BinaryOperator::Custom(_) => known(dialect == Dialect::Postgres, "this operator", dialect),
        _ => Ok(()),
    }
}
