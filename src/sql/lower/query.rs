//! Queries: which relations they read and which functions they call.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Expr, Query, Select, SetExpr, Statement, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::Token;

use super::foreign;
use crate::schema::name::Quoting;
use crate::schema::{Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::reserved::is_reserved;

/// What a query, or an expression with subqueries, refers to. Each name once.
#[derive(Clone, Debug, Default)]
pub(in crate::sql) struct Reads {
    pub(in crate::sql) reads: Vec<ObjectName>,
    pub(in crate::sql) functions: Vec<ObjectName>,
    /// Words that may name a column, where they were asked for.
    pub(in crate::sql) uses: Vec<Ident>,
}

impl Reads {
    pub(super) fn merge(&mut self, other: Reads) {
        other.reads.into_iter().for_each(|name| add(&mut self.reads, name));
        other.functions.into_iter().for_each(|name| add(&mut self.functions, name));
        self.uses.extend(other.uses);
    }

    /// Takes out what a WITH clause defined.
    pub(super) fn without(&mut self, defined: &[ObjectName]) {
        self.reads.retain(|name| !defined.contains(name));
    }
}

/// Keeps each name once: in the order of appearance, unless there are so many that only sorting is fast enough.
pub(super) fn once<T: Ord>(names: &mut Vec<T>) {
    const FEW: usize = 64;
    if names.len() > FEW {
        names.sort_unstable();
        names.dedup();
        return;
    }
    let mut kept = 0;
    for nth in 0..names.len() {
        if !names[..kept].contains(&names[nth]) {
            names.swap(kept, nth);
            kept += 1;
        }
    }
    names.truncate(kept);
}

pub(super) fn add(names: &mut Vec<ObjectName>, name: ObjectName) {
    if !names.contains(&name) {
        names.push(name);
    }
}

impl Cursor<'_> {
    /// Reads a query that changes nothing.
    pub(in crate::sql) fn query(&mut self) -> Result<Reads, Unread> {
        if let Some(found) = self.table_command()? {
            return Ok(found);
        }
        let tree = self.parser.parse_query()?;
        self.references(&*tree)
    }

    /// `TABLE [ONLY] name [*]` as a whole query, which sqlparser reads with whatever follows it.
    pub(super) fn table_command(&mut self) -> Result<Option<Reads>, Unread> {
        let place = self.place();
        if !self.word("table") {
            return Ok(None);
        }
        foreign::in_table_command(self.dialect())?;
        self.word("only");
        let name = self.relation_name()?;
        self.take(&Token::Mul);
        if ["union", "intersect", "except", "order", "limit", "offset", "fetch", "for"].iter().any(|word| self.at_word(0, word)) {
            self.rewind(place);
            return Ok(None);
        }
        Ok(Some(Reads { reads: vec![name], ..Reads::default() }))
    }

    /// Adds the words since byte `start` that are not reserved: a superset of the columns named there.
    pub(super) fn note_uses(&self, start: usize, uses: &mut Vec<Ident>) {
        for (token, _) in self.tokens_from(start) {
            if let Token::Word(word) = token {
                let bare = word.quote_style.is_none();
                if bare && is_reserved(self.dialect(), &word.value) {
                    continue;
                }
                let quoting = if bare { Quoting::Bare } else { Quoting::Quoted };
                uses.push(Ident::new(self.dialect(), &word.value, quoting));
            }
        }
        uses.sort_unstable();
        uses.dedup();
    }

    /// The relations and functions in a part of sqlparser's tree.
    pub(super) fn references(&self, tree: &impl Visit) -> Result<Reads, Unread> {
        self.walk(tree).map(|walked| walked.found)
    }

    /// Walks a part of sqlparser's tree once and refuses what this database does not know.
    pub(super) fn walk(&self, tree: &impl Visit) -> Result<Walked, Unread> {
        let mut walk = Walk { cursor: self, found: Reads::default(), columns: Vec::new(), scopes: Vec::new() };
        if let ControlFlow::Break(reason) = tree.visit(&mut walk) {
            return Err(Unread { reason });
        }
        let Walk { mut found, mut columns, .. } = walk;
        once(&mut found.reads);
        once(&mut found.functions);
        once(&mut columns);
        Ok(Walked { found, columns })
    }
}

/// What one walk found: names of relations and functions, and columns apart.
pub(super) struct Walked {
    pub(super) found: Reads,
    pub(super) columns: Vec<Ident>,
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
    columns: Vec<Ident>,
    scopes: Vec<Scope>,
}

impl Walk<'_, '_> {
    fn relation(&mut self, name: &ast::ObjectName) -> Result<(), Unread> {
        foreign::in_relation(name, self.cursor.dialect())?;
        let name = self.cursor.lower_name(name)?;
        let defined =
            name.schema.is_none() && self.scopes.iter().any(|scope| scope.names[..scope.visible].iter().any(|(cte, _)| *cte == name));
        if !defined {
            self.found.reads.push(name);
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
        foreign::in_query(query, self.cursor.dialect())?;
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
                foreign::in_table_command(self.cursor.dialect())?;
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
            SetExpr::Values(values) => foreign::in_values(values, self.cursor.dialect()),
            SetExpr::Select(_) | SetExpr::Query(_) => Ok(()),
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
        flow(foreign::in_select(select, self.cursor.dialect()))
    }

    fn pre_visit_statement(&mut self, _: &Statement) -> ControlFlow<String> {
        ControlFlow::Break("a data change inside a subquery".to_owned())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Table { name, args: None, .. } => flow(self.relation(name)),
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                if let Ok(name) = self.cursor.lower_name(name) {
                    self.found.functions.push(name);
                }
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, tree: &Expr) -> ControlFlow<String> {
        match tree {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.columns.extend(self.cursor.column_of(tree)),
            Expr::Function(call) => self.found.functions.extend(self.cursor.lower_name(&call.name)),
            _ => {}
        }
        flow(foreign::in_expression(tree, self.cursor.dialect()))
    }
}
