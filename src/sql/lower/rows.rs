//! Which rows a data change touches: WHERE, LIMIT, RETURNING, assignments and the extent of a SELECT.

use sqlparser::ast::{Expr, LimitClause, Query, Select, SetExpr, TableFactor, TableWithJoins, Value};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::query::Reads;
use crate::schema::expression::Shape;
use crate::schema::operation::Extent;
use crate::schema::{Dialect, Expression, Ident};
use crate::sql::Span;
use crate::sql::cursor::{Cursor, Unread};

/// The end of UPDATE and DELETE.
pub(super) struct Which {
    pub(super) condition: Option<Expression>,
    pub(super) extent: Extent,
}

impl Cursor<'_> {
    /// `[WHERE …] [RETURNING …] [ORDER BY …] [LIMIT …]`, as far as the dialect has them.
    pub(super) fn which_rows(&mut self, found: &mut Reads) -> Result<Which, Unread> {
        let mut which = self.filter(found)?;
        let dialect = self.dialect();
        if dialect != Dialect::Mysql {
            self.returning(found)?;
        }
        if dialect != Dialect::Postgres {
            if self.words(&["order", "by"]) {
                let start = self.start();
                let keys = self.parser.parse_comma_separated(Parser::parse_order_by_expr)?;
                self.note_uses(start, &mut found.uses);
                found.merge(self.references(&keys)?);
            }
            if self.word("limit") {
                which.extent = self.limit()?;
            }
            if dialect == Dialect::Mysql {
                self.returning(found)?;
            }
        }
        Ok(which)
    }

    fn filter(&mut self, found: &mut Reads) -> Result<Which, Unread> {
        if !self.word("where") {
            return Ok(Which { condition: None, extent: Extent::All });
        }
        if self.dialect() == Dialect::Postgres && self.words(&["current", "of"]) {
            self.ident()?;
            return Ok(Which { condition: None, extent: Extent::Rows(1) });
        }
        let condition = self.searched(found)?;
        let extent = if condition.shape == Shape::Tautology { Extent::All } else { Extent::Condition };
        Ok(Which { condition: Some(condition), extent })
    }

    /// A condition; what its subqueries read is added.
    pub(super) fn searched(&mut self, found: &mut Reads) -> Result<Expression, Unread> {
        let start = self.start();
        let tree = self.parser.parse_expr()?;
        let span = self.span_from(start);
        self.note_uses(start, &mut found.uses);
        let (condition, reads) = self.condition_and_reads(&tree, span)?;
        found.merge(Reads { reads, functions: condition.functions.clone(), uses: Vec::new() });
        Ok(condition)
    }

    /// A value; what its subqueries read is added.
    pub(super) fn value(&mut self, found: &mut Reads) -> Result<(), Unread> {
        // Most values of most inserts are single literals: no tree is built for those.
        let literal = matches!(self.parser.peek_token_ref().token, Token::Number(..) | Token::SingleQuotedString(_));
        if literal && matches!(self.parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen) {
            self.parser.advance_token();
            return Ok(());
        }
        if self.dialect() == Dialect::Sqlite && self.at_word(0, "default") {
            return Err(self.unexpected("a value"));
        }
        let start = self.start();
        let tree = self.parser.parse_expr()?;
        if !matches!(tree, Expr::Value(_)) {
            found.merge(self.references(&tree)?);
            self.note_uses(start, &mut found.uses);
        }
        Ok(())
    }

    fn limit(&mut self) -> Result<Extent, Unread> {
        let mut tree = self.parser.parse_expr()?;
        if self.take(&Token::Comma) {
            tree = self.parser.parse_expr()?;
        } else if self.word("offset") {
            self.parser.parse_expr()?;
        }
        Ok(literal_count(&tree).map_or(Extent::Condition, Extent::Rows))
    }

    /// RETURNING, if it stands here.
    pub(super) fn returning(&mut self, found: &mut Reads) -> Result<(), Unread> {
        if !self.word("returning") {
            return Ok(());
        }
        if self.dialect() == Dialect::Postgres && self.at_word(0, "with") && self.at(1, &Token::LParen) {
            self.word("with");
            self.list(|cursor| {
                if cursor.one_of(&["old", "new"]).is_none() {
                    return Err(cursor.unexpected("OLD or NEW"));
                }
                cursor.need_words(&["as"])?;
                cursor.ident()
            })?;
        }
        let start = self.start();
        let items = self.parser.parse_comma_separated(Parser::parse_select_item)?;
        found.merge(self.references(&items)?);
        self.note_uses(start, &mut found.uses);
        Ok(())
    }

    /// `column = value, (column, …) = (…), …`: the columns, each with the name before it if one was written.
    pub(super) fn assignments(&mut self, found: &mut Reads) -> Result<Vec<(Option<Ident>, Ident)>, Unread> {
        let mut assigned = Vec::new();
        loop {
            if self.dialect() != Dialect::Mysql && self.at(0, &Token::LParen) {
                assigned.extend(self.list(Cursor::assigned)?);
            } else {
                assigned.push(self.assigned()?);
            }
            if !(self.dialect() == Dialect::Mysql && self.take(&Token::Assignment)) {
                self.need(&Token::Eq)?;
            }
            self.value(found)?;
            if !self.take(&Token::Comma) {
                return Ok(assigned);
            }
        }
    }

    /// The target of an assignment: `column`, MySQL's `table.column`, PostgreSQL's `column.field` and `column[1]`.
    fn assigned(&mut self) -> Result<(Option<Ident>, Ident), Unread> {
        let mut names = vec![self.column_name()?];
        if self.dialect() == Dialect::Postgres {
            self.column_part()?;
            return Ok((None, names.swap_remove(0)));
        }
        while self.take(&Token::Period) {
            names.push(self.ident()?);
        }
        let column = names.pop().ok_or_else(|| self.unexpected("a column"))?;
        Ok((names.pop(), column))
    }

    /// PostgreSQL's `.field`, `[1]` and `[1:2]` behind a column that is assigned to in part.
    pub(super) fn column_part(&mut self) -> Result<(), Unread> {
        loop {
            if self.take(&Token::Period) {
                self.ident()?;
            } else if self.take(&Token::LBracket) {
                while !self.take(&Token::RBracket) {
                    if !self.take(&Token::Colon) {
                        self.parser.parse_expr()?;
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    /// FROM or USING items.
    pub(super) fn sources(&mut self, found: &mut Reads) -> Result<Vec<TableWithJoins>, Unread> {
        let start = self.start();
        let tables = self.parser.parse_comma_separated(Parser::parse_table_and_joins)?;
        self.note_uses(start, &mut found.uses);
        found.merge(self.references(&tables)?);
        Ok(tables)
    }

    /// Which rows a SELECT yields, and its condition where it has one.
    pub(super) fn selected(&self, query: &Query, span: Span) -> Result<(Extent, Option<Expression>), Unread> {
        let mut condition = None;
        let mut extent = self.extent(&query.body, span, &mut condition)?;
        let limit = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit: Some(limit), .. }) => literal_count(limit),
            _ => None,
        };
        if let (Some(rows), Extent::All | Extent::Condition) = (limit, extent) {
            extent = Extent::Rows(rows);
        }
        Ok((extent, condition))
    }

    fn extent(&self, body: &SetExpr, span: Span, condition: &mut Option<Expression>) -> Result<Extent, Unread> {
        Ok(match body {
            SetExpr::Select(select) => return self.select_extent(select, span, condition),
            SetExpr::Query(query) => self.selected(query, span)?.0,
            SetExpr::SetOperation { left, right, .. } => {
                // Each side has a condition of its own, so the whole has none that could be shown.
                match (self.extent(left, span, &mut None)?, self.extent(right, span, &mut None)?) {
                    (Extent::Rows(left), Extent::Rows(right)) => Extent::Rows(left + right),
                    (Extent::All, _) | (_, Extent::All) => Extent::All,
                    _ => Extent::Condition,
                }
            }
            SetExpr::Values(values) => Extent::Rows(values.rows.len()),
            _ => Extent::All,
        })
    }

    fn select_extent(&self, select: &Select, span: Span, condition: &mut Option<Expression>) -> Result<Extent, Unread> {
        let facts = select
            .selection
            .as_ref()
            .map(|tree| self.condition_facts(tree, self.where_span(span).unwrap_or(Span::new(span.end, span.end))))
            .transpose()?;
        let filtered = facts.as_ref().is_some_and(|facts| facts.shape != Shape::Tautology);
        *condition = facts;
        Ok(match select.from.as_slice() {
            [] => Extent::Rows(1),
            _ if filtered => Extent::Condition,
            [TableWithJoins { relation: TableFactor::Derived { subquery, .. }, joins }] if joins.is_empty() => {
                self.selected(subquery, span)?.0
            }
            _ => Extent::All,
        })
    }

    /// The bytes of the only WHERE outside parentheses, without the word.
    fn where_span(&self, span: Span) -> Option<Span> {
        const ENDS: [&str; 13] =
            ["group", "having", "order", "limit", "offset", "fetch", "for", "window", "union", "intersect", "except", "on", "returning"];
        let mut depth = 0_usize;
        let mut inside = false;
        let mut condition: Option<Span> = None;
        for (token, place) in self.tokens_within(span) {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::Word(word) if depth == 0 && word.quote_style.is_none() => {
                    if word.value.eq_ignore_ascii_case("where") {
                        if condition.is_some() {
                            return None;
                        }
                        inside = true;
                        continue;
                    }
                    if ENDS.iter().any(|end| word.value.eq_ignore_ascii_case(end)) {
                        inside = false;
                    }
                }
                _ => {}
            }
            if inside {
                condition = Some(condition.map_or(place, |span| span.to(place)));
            }
        }
        condition
    }
}

fn literal_count(tree: &Expr) -> Option<usize> {
    match tree {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}
