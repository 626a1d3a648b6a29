//! Expressions → facts.

use sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, UnaryOperator, Value};
use sqlparser::dialect::Precedence;
use sqlparser::tokenizer::Token;

use super::query::Walked;
use super::tautology::always_true;
use crate::schema::expression::{ExpressionFacts, Shape};
use crate::schema::{Dialect, Expression, Ident, ObjectName};
use crate::sql::Span;
use crate::sql::cursor::{Cursor, Unread, grammar};

impl Cursor<'_> {
    /// Reads one expression as a value: `TRUE` is a literal.
    pub(in crate::sql) fn expression(&mut self) -> Result<(Expression, Span), Unread> {
        let start = self.start();
        let tree = self.parser.parse_expr()?;
        let span = self.span_from(start);
        Ok((self.facts(&tree, span)?, span))
    }

    /// Reads one expression as a condition: `TRUE` is a tautology.
    pub(in crate::sql) fn condition(&mut self) -> Result<(Expression, Span), Unread> {
        let start = self.start();
        let tree = self.parser.parse_expr()?;
        let span = self.span_from(start);
        Ok((self.condition_facts(&tree, span)?, span))
    }

    /// Reads a condition in parentheses, which do not belong to its text.
    pub(in crate::sql) fn parenthesised_condition(&mut self) -> Result<(Expression, Span), Unread> {
        self.need(&Token::LParen)?;
        let condition = self.condition()?;
        self.need(&Token::RParen)?;
        Ok(condition)
    }

    /// Reads a value in parentheses, which do not belong to its text.
    pub(in crate::sql) fn parenthesised_expression(&mut self) -> Result<(Expression, Span), Unread> {
        self.need(&Token::LParen)?;
        let value = self.expression()?;
        self.need(&Token::RParen)?;
        Ok(value)
    }

    /// Reads the value of DEFAULT in a column definition: it ends before NOT NULL, CHECK and their kin.
    /// A COLLATE behind it belongs to the column and comes back apart.
    pub(in crate::sql) fn default_value(&mut self) -> Result<(Expression, Option<ObjectName>), Unread> {
        let start = self.start();
        let floor = grammar(self.dialect()).prec_value(Precedence::Is);
        let tree = self.parser.parse_subexpr(floor)?;
        let span = self.span_from(start);
        if self.dialect() == Dialect::Sqlite && !sqlite_default(&tree) {
            return Err(Unread { reason: "SQLite takes only a literal or an expression in parentheses as DEFAULT".to_owned() });
        }
        match &tree {
            Expr::Collate { expr, collation } => {
                let (text, collation) = (self.text(span), self.lower_name(collation)?);
                let end = text.to_ascii_uppercase().rfind("COLLATE").map_or(span.end, |at| start + at);
                let value = self.facts(expr, Span::new(start, end))?;
                Ok((value, Some(collation)))
            }
            _ => Ok((self.facts(&tree, span)?, None)),
        }
    }

    /// The facts of a condition.
    pub(in crate::sql) fn condition_facts(&self, tree: &Expr, span: Span) -> Result<Expression, Unread> {
        self.condition_and_reads(tree, span).map(|(facts, _)| facts)
    }

    /// The facts of a condition, and the relations that its subqueries read.
    pub(super) fn condition_and_reads(&self, tree: &Expr, span: Span) -> Result<(Expression, Vec<ObjectName>), Unread> {
        let (mut facts, reads) = self.facts_and_reads(tree, span)?;
        if facts.shape != Shape::Tautology && always_true(tree) {
            facts.shape = Shape::Tautology;
        }
        Ok((facts, reads))
    }

    /// The facts of an expression over the bytes it was read from.
    pub(in crate::sql) fn facts(&self, tree: &Expr, span: Span) -> Result<Expression, Unread> {
        self.facts_and_reads(tree, span).map(|(facts, _)| facts)
    }

    /// The facts of an expression, and the relations that its subqueries read.
    pub(super) fn facts_and_reads(&self, tree: &Expr, span: Span) -> Result<(Expression, Vec<ObjectName>), Unread> {
        let Walked { found, columns } = self.walk(tree)?;
        let mut proves_not_null = Vec::new();
        self.collect_not_null(tree, &mut proves_not_null);
        let mut demands = Vec::new();
        self.collect_demands(tree, &mut demands);
        let text = self.normalised(tree, span);
        let facts = ExpressionFacts { text, columns, functions: found.functions, shape: shape(tree), proves_not_null, demands };
        Ok((facts.into(), found.reads))
    }

    /// The tokens of a span joined by blanks; bare words in lower case, outer parentheses dropped.
    fn normalised(&self, tree: &Expr, span: Span) -> String {
        let mut outer = 0;
        let mut inner = tree;
        while let Expr::Nested(next) = inner {
            outer += 1;
            inner = next;
        }
        let mut text = String::with_capacity(span.end - span.start);
        let count = self.tokens_within(span).count();
        let kept = self.tokens_within(span).take(count.saturating_sub(outer)).skip(outer);
        for (_, place) in kept {
            if !text.is_empty() {
                text.push(' ');
            }
            let written = self.text(place);
            let start = text.len();
            text.push_str(written);
            let bare = written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80);
            if bare {
                text[start..].make_ascii_lowercase();
            }
        }
        text
    }

    fn collect_not_null(&self, tree: &Expr, found: &mut Vec<Ident>) {
        match tree {
            Expr::Nested(inner) => self.collect_not_null(inner, found),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.collect_not_null(left, found);
                self.collect_not_null(right, found);
            }
            Expr::IsNotNull(inner) => found.extend(self.column_of(inner)),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                if let Expr::IsNull(inner) = unnested(expr) {
                    found.extend(self.column_of(inner));
                }
            }
            _ => {}
        }
    }

    pub(super) fn column_of(&self, tree: &Expr) -> Option<Ident> {
        match unnested(tree) {
            Expr::Identifier(name) => Some(self.lower_ident(name)),
            Expr::CompoundIdentifier(parts) => parts.last().map(|name| self.lower_ident(name)),
            _ => None,
        }
    }
}

/// SQLite's DEFAULT: a literal, a signed number, a word or an expression in parentheses.
fn sqlite_default(tree: &Expr) -> bool {
    match tree {
        Expr::Value(_) | Expr::Nested(_) | Expr::Identifier(_) | Expr::Subquery(_) | Expr::Tuple(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, expr } => sqlite_default(expr),
        Expr::Collate { expr, .. } => sqlite_default(expr),
        Expr::Function(call) => matches!(call.args, FunctionArguments::None),
        _ => false,
    }
}

fn unnested(mut tree: &Expr) -> &Expr {
    while let Expr::Nested(inner) = tree {
        tree = inner;
    }
    tree
}

fn shape(tree: &Expr) -> Shape {
    match tree {
        Expr::Nested(inner) => shape(inner),
        Expr::Value(value) => match value.value {
            Value::Null => Shape::Null,
            Value::Placeholder(_) => Shape::Computed,
            _ => Shape::Literal,
        },
        Expr::TypedString(_) => Shape::Literal,
        Expr::Interval(interval) => shape(&interval.value),
        Expr::Cast { expr, .. } => shape(expr),
        Expr::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, expr } => shape(expr),
        Expr::Array(array) if array.elem.iter().all(|item| matches!(shape(item), Shape::Literal | Shape::Null)) => Shape::Literal,
        _ if always_true(tree) => Shape::Tautology,
        _ => Shape::Computed,
    }
}
