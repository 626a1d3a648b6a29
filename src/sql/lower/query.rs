//! Queries: which relations they read and which functions they call.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Expr, Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor};

use crate::schema::{Dialect, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// What a query, or an expression with subqueries, refers to. Each name once.
#[derive(Debug, Default)]
pub(in crate::sql) struct Reads {
    pub(in crate::sql) reads: Vec<ObjectName>,
    pub(in crate::sql) functions: Vec<ObjectName>,
}

impl Reads {
    pub(super) fn merge(&mut self, other: Reads) {
        other.reads.into_iter().for_each(|name| add(&mut self.reads, name));
        other.functions.into_iter().for_each(|name| add(&mut self.functions, name));
    }

    /// Takes out what a WITH clause defined.
    pub(super) fn without(&mut self, defined: &[ObjectName]) {
        self.reads.retain(|name| !defined.contains(name));
    }
}

pub(super) fn add(names: &mut Vec<ObjectName>, name: ObjectName) {
    if !names.contains(&name) {
        names.push(name);
    }
}

impl Cursor<'_> {
    /// Reads a query that changes nothing.
    pub(super) fn query(&mut self) -> Result<Reads, Unread> {
        let tree = self.parser.parse_query()?;
        self.references(&*tree)
    }

    /// The relations and functions in a part of sqlparser's tree.
    pub(in crate::sql) fn references(&self, tree: &impl Visit) -> Result<Reads, Unread> {
        let mut walk = Walk { cursor: self, found: Reads::default(), scopes: Vec::new() };
        match tree.visit(&mut walk) {
            ControlFlow::Continue(()) => Ok(walk.found),
            ControlFlow::Break(reason) => Err(Unread { reason }),
        }
    }
}

/// The names that one WITH clause defines, and how many of them can be seen from where the walk is.
struct Scope {
    query: *const Query,
    names: Vec<(ObjectName, *const Query)>,
    visible: usize,
}

struct Walk<'c, 'a> {
    cursor: &'c Cursor<'a>,
    found: Reads,
    scopes: Vec<Scope>,
}

impl Walk<'_, '_> {
    fn relation(&mut self, name: &ast::ObjectName) -> Result<(), Unread> {
        let name = self.cursor.lower_name(name)?;
        let defined = name.schema.is_none() && self.scopes.iter().any(|scope| scope.names[..scope.visible].iter().any(|(cte, _)| *cte == name));
        if !defined {
            add(&mut self.found.reads, name);
        }
        Ok(())
    }

    fn enter(&mut self, query: &Query) -> Result<(), Unread> {
        // A non-recursive WITH item sees only the items before it: `WITH users AS (SELECT … FROM users)` reads the table.
        if let Some(scope) = self.scopes.last_mut()
            && let Some(nth) = scope.names.iter().position(|(_, body)| std::ptr::eq(*body, query))
            && scope.visible != usize::MAX
        {
            scope.visible = scope.visible.max(nth);
        }
        foreign_query_part(query, self.cursor.dialect())?;
        self.tables(&query.body)?;
        let Some(with) = &query.with else { return Ok(()) };
        let mut names = Vec::with_capacity(with.cte_tables.len());
        for cte in &with.cte_tables {
            names.push((ObjectName::bare(self.cursor.lower_ident(&cte.alias.name)), std::ptr::from_ref(&*cte.query)));
        }
        let visible = if with.recursive { names.len() } else { 0 };
        self.scopes.push(Scope { query, names, visible });
        Ok(())
    }

    fn leave(&mut self, query: &Query) {
        if self.scopes.last().is_some_and(|scope| std::ptr::eq(scope.query, query)) {
            self.scopes.pop();
        }
        if let Some(scope) = self.scopes.last_mut()
            && let Some(nth) = scope.names.iter().position(|(_, body)| std::ptr::eq(*body, query))
        {
            scope.visible = scope.visible.max(nth + 1);
        }
    }

    /// `TABLE name`, which the walk does not show as a relation.
    fn tables(&mut self, body: &SetExpr) -> Result<(), Unread> {
        match body {
            SetExpr::Table(table) => {
                let ast::Table { table_name, schema_name } = &**table;
                let parts = [schema_name, table_name].into_iter().flatten().map(|part| ast::Ident::new(part.as_str()));
                self.relation(&ast::ObjectName::from(parts.collect::<Vec<_>>()))
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.tables(left)?;
                self.tables(right)
            }
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(Unread { reason: "a data change inside a subquery".to_owned() })
            }
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
        }
    }
}

fn flow(result: Result<(), Unread>) -> ControlFlow<String> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(unread) => ControlFlow::Break(unread.reason),
    }
}

impl Visitor for Walk<'_, '_> {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        flow(self.enter(query))
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        self.leave(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        flow(foreign_select_part(select, self.cursor.dialect()))
    }

    fn pre_visit_statement(&mut self, _: &Statement) -> ControlFlow<String> {
        ControlFlow::Break("a data change inside a subquery".to_owned())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Table { name, args: None, .. } => flow(self.relation(name)),
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                if let Ok(name) = self.cursor.lower_name(name) {
                    add(&mut self.found.functions, name);
                }
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, tree: &Expr) -> ControlFlow<String> {
        if let Expr::Function(call) = tree
            && let Ok(name) = self.cursor.lower_name(&call.name)
        {
            add(&mut self.found.functions, name);
        }
        ControlFlow::Continue(())
    }
}

/// Refuses parts of a query that none of our databases knows, but sqlparser reads.
fn foreign_query_part(query: &Query, dialect: Dialect) -> Result<(), Unread> {
    let Query { with: _, body: _, order_by: _, limit_clause: _, fetch, locks, for_clause, settings, format_clause, pipe_operators } = query;
    let foreign = for_clause.is_some()
        || settings.is_some()
        || format_clause.is_some()
        || !pipe_operators.is_empty()
        || dialect == Dialect::Sqlite && (fetch.is_some() || !locks.is_empty());
    if foreign { Err(Unread { reason: format!("a part of the query is not known to {dialect}") }) } else { Ok(()) }
}

/// Refuses parts of a SELECT that none of our databases knows, but sqlparser reads.
fn foreign_select_part(select: &Select, dialect: Dialect) -> Result<(), Unread> {
    let Select {
        select_token: _,
        optimizer_hints: _,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
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
        || dialect != Dialect::Mysql && select_modifiers.is_some();
    if foreign {
        return Err(Unread { reason: format!("a part of the query is not known to {dialect}") });
    }
    if into.is_some() && dialect != Dialect::Postgres {
        return Err(Unread { reason: "SELECT INTO".to_owned() });
    }
    Ok(())
}
