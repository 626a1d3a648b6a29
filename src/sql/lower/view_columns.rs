//! The output columns of a view, and whether rows can be written through it.

use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor, Visit, Visitor};
use std::ops::ControlFlow;

use crate::schema::Ident;
use crate::schema::operation::{Shown, ViewColumn};
use crate::schema::table::TypeName;
use crate::sql::Span;
use crate::sql::cursor::Cursor;

/// What a view's query shows to the outside.
pub(super) struct Shape {
    pub(super) columns: Option<Vec<ViewColumn>>,
    pub(super) shows: Option<Vec<Shown>>,
    pub(super) simple: bool,
}

/// Functions that fold rows into one: a view with one of them is not written through.
const AGGREGATES: [&str; 22] = [
    "any_value",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "group_concat",
    "json_agg",
    "json_arrayagg",
    "json_object_agg",
    "json_objectagg",
    "jsonb_agg",
    "jsonb_object_agg",
    "max",
    "min",
    "std",
    "string_agg",
    "sum",
    "xmlagg",
];

/// Looks at a view's query; `names` is the view's own column list.
pub(super) fn of(cursor: &Cursor<'_>, query: &Query, names: &[Ident]) -> Shape {
    let complex = || Shape { columns: None, shows: shows(cursor, &query.body, names), simple: false };
    let whole = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none() && query.locks.is_empty();
    let SetExpr::Select(select) = &*query.body else { return complex() };
    if !reads_one_table(select) {
        return complex();
    }
    let grouped = select.distinct.is_some()
        || select.having.is_some()
        || select.into.is_some()
        || !matches!(&select.group_by, GroupByExpr::Expressions(keys, modifiers) if keys.is_empty() && modifiers.is_empty());
    let simple = whole && !grouped && !folds(&select.projection);
    Shape { columns: columns(cursor, select, names), shows: shows(cursor, &query.body, names), simple }
}

fn reads_one_table(select: &Select) -> bool {
    match select.from.as_slice() {
        [only] => only.joins.is_empty() && matches!(only.relation, TableFactor::Table { args: None, sample: None, .. }),
        _ => false,
    }
}

/// Whether an aggregate or a window function stands among the output.
fn folds(projection: &[SelectItem]) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();

        fn pre_visit_expr(&mut self, tree: &Expr) -> ControlFlow<()> {
            match tree {
                Expr::Function(call) => {
                    let name = call.name.to_string().to_ascii_lowercase();
                    if call.over.is_some() || AGGREGATES.contains(&name.as_str()) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    projection.iter().any(|item| item.visit(&mut Finder).is_break())
}

/// The output of a query, column by column; of a set operation that of its first part.
fn shows(cursor: &Cursor<'_>, body: &SetExpr, names: &[Ident]) -> Option<Vec<Shown>> {
    let select = match body {
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { left, .. } => return shows(cursor, left, names),
        SetExpr::Query(query) => return shows(cursor, &query.body, names),
        _ => return None,
    };
    let alone = reads_one_table(select);
    let mut items = Vec::with_capacity(select.projection.len());
    for item in &select.projection {
        let (tree, alias) = match item {
            SelectItem::UnnamedExpr(tree) => (tree, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(cursor.lower_ident(alias))),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), options)
                if alone && options.to_string().is_empty() && names.is_empty() =>
            {
                items.push(Shown::All);
                continue;
            }
            _ => return None,
        };
        let source = plain(cursor, tree);
        let ty = match tree {
            Expr::Cast { data_type, .. } => cast_type(cursor, &data_type.to_string()),
            _ => None,
        };
        let name = names.get(items.len()).cloned().or(alias).or_else(|| source.clone());
        items.push(Shown::One { name, source: source.filter(|_| alone), ty });
    }
    Some(items)
}

/// The type of a cast; types are read from tokens.
fn cast_type(cursor: &Cursor<'_>, text: &str) -> Option<TypeName> {
    Cursor::new(text, Span::new(0, text.len()), cursor.server).ok()?.data_type().ok()
}

/// The column that an expression is.
fn plain(cursor: &Cursor<'_>, tree: &Expr) -> Option<Ident> {
    match tree {
        Expr::Identifier(name) => Some(cursor.lower_ident(name)),
        Expr::CompoundIdentifier(parts) => Some(cursor.lower_ident(parts.last()?)),
        _ => None,
    }
}

fn columns(cursor: &Cursor<'_>, select: &Select, names: &[Ident]) -> Option<Vec<ViewColumn>> {
    if let [SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(_), _)] =
        select.projection.as_slice()
    {
        return names.is_empty().then(|| vec![ViewColumn::All]);
    }
    let mut columns = Vec::with_capacity(select.projection.len());
    for (nth, item) in select.projection.iter().enumerate() {
        let (tree, alias) = match item {
            SelectItem::UnnamedExpr(tree) => (tree, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(cursor.lower_ident(alias))),
            _ => return None,
        };
        let source = plain(cursor, tree)?;
        let name = names.get(nth).cloned().or(alias).unwrap_or_else(|| source.clone());
        columns.push(ViewColumn::Column { source, name });
    }
    Some(columns)
}
