//! The query of a view: what it reads, which columns it hands through, whether rows can be written through it.

use sqlparser::ast::{Distinct, Expr, GroupByExpr, Ident as Word, Query, Select, SelectItem, SetExpr, TableFactor, WildcardAdditionalOptions};

use super::routine::Code;
use crate::schema::operation::ViewColumn;
use crate::schema::{Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// What is known of a view's query.
#[derive(Clone, Debug)]
pub(super) struct ViewQuery {
    /// Relations read.
    pub(super) reads: Vec<ObjectName>,
    /// Every identifier in it.
    pub(super) uses: Vec<Ident>,
    /// The columns handed through; `None` when some are computed.
    pub(super) columns: Option<Vec<ViewColumn>>,
    /// Whether the database lets rows be written through it.
    pub(super) simple: bool,
}

impl ViewQuery {
    /// Reads the query that stands here.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<ViewQuery, Unread> {
        let start = cursor.start();
        let query = cursor.parser.parse_query()?;
        let reads = cursor.references(&*query)?.reads;
        let uses = Code::of(cursor.tokens_from(start).map(|(token, _)| token), cursor.dialect()).uses;
        let select = simple(&query);
        let columns = select
            .and_then(|select| columns(cursor, select))
            .filter(|columns| columns.len() == 1 || !columns.contains(&ViewColumn::All));
        Ok(ViewQuery { reads, uses, columns, simple: select.is_some() })
    }

    /// The columns under the names of the view's own list.
    pub(super) fn renamed(mut self, names: &[Ident]) -> ViewQuery {
        if !names.is_empty() {
            self.columns = self.columns.filter(|columns| columns.len() >= names.len()).and_then(|columns| {
                let mut names = names.iter();
                columns
                    .into_iter()
                    .map(|column| match (column, names.next()) {
                        (ViewColumn::Column { source, .. }, Some(name)) => Some(ViewColumn::Column { source, name: name.clone() }),
                        (column @ ViewColumn::Column { .. }, None) => Some(column),
                        // The list behind the view's name says nothing of which column `*` puts where.
                        (ViewColumn::All, _) => None,
                    })
                    .collect()
            });
        }
        self
    }
}

/// The SELECT when it reads one table and changes neither the number nor the meaning of its rows.
fn simple(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = &*query.body else { return None };
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(expressions, modifiers) => !expressions.is_empty() || !modifiers.is_empty(),
    };
    let distinct = matches!(select.distinct, Some(Distinct::Distinct | Distinct::On(_)));
    let bare = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none() && query.locks.is_empty();
    let one_table = matches!(&select.from[..], [from] if from.joins.is_empty() && matches!(from.relation, TableFactor::Table { args: None, .. }));
    (bare && one_table && !grouped && !distinct && select.having.is_none() && select.into.is_none()).then_some(&**select)
}

fn columns(cursor: &Cursor<'_>, select: &Select) -> Option<Vec<ViewColumn>> {
    select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) if *options == WildcardAdditionalOptions::default() => {
                Some(ViewColumn::All)
            }
            SelectItem::UnnamedExpr(expression) => plain(expression).map(|name| column(cursor, name, name)),
            SelectItem::ExprWithAlias { expr, alias } => plain(expr).map(|name| column(cursor, name, alias)),
            _ => None,
        })
        .collect()
}

fn plain(expression: &Expr) -> Option<&Word> {
    match expression {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

fn column(cursor: &Cursor<'_>, source: &Word, name: &Word) -> ViewColumn {
    ViewColumn::Column { source: cursor.lower_ident(source), name: cursor.lower_ident(name) }
}
