//! Conditions → what they say about columns compared with constants, and the bounds of partitions.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use crate::schema::bound::Edge;
use crate::schema::comparison::{Comparison, Constant, Demand, Relation};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// What holds for the columns of a row wherever the condition holds.
    pub(super) fn collect_demands(&self, tree: &Expr, found: &mut Vec<Demand>) {
        match tree {
            Expr::Nested(inner) => self.collect_demands(inner, found),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.collect_demands(left, found);
                self.collect_demands(right, found);
            }
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
                let mut arms = Vec::new();
                if self.excluded_by(tree, &mut arms).is_some() && !arms.is_empty() {
                    found.push(Demand::Excludes(arms));
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                let mut inner = Vec::new();
                if self.comparisons(expr, &mut inner).is_some() && !inner.is_empty() {
                    found.push(Demand::Excludes(inner));
                }
            }
            Expr::InList { expr, list, negated: true } => {
                found.extend(self.listed(expr, list).map(|listed| Demand::Excludes(vec![listed])));
            }
            Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } => {
                let compared = self.listed(left, std::slice::from_ref(right)).or_else(|| self.listed(right, std::slice::from_ref(left)));
                found.extend(compared.map(|compared| Demand::Excludes(vec![compared])));
            }
            _ => {
                let mut held = Vec::new();
                if self.comparisons(tree, &mut held).is_some() {
                    found.extend(held.into_iter().map(Demand::Holds));
                }
            }
        }
    }

    /// The comparisons that a condition is made of, joined by AND; `None` where anything else is part of it.
    fn comparisons(&self, tree: &Expr, found: &mut Vec<Comparison>) -> Option<()> {
        match tree {
            Expr::Nested(inner) => self.comparisons(inner, found),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.comparisons(left, found)?;
                self.comparisons(right, found)
            }
            Expr::IsNotNull(_) => Some(()),
            Expr::Between { expr, negated: false, low, high } => {
                let column = self.column_of(expr)?;
                for (edge, relation) in [(low, Relation::GreaterOrEqual), (high, Relation::LessOrEqual)] {
                    found.push(Comparison { column: column.clone(), relation, constants: vec![self.constant(edge)?] });
                }
                Some(())
            }
            Expr::InList { expr, list, negated: false } => {
                found.push(self.listed(expr, list)?);
                Some(())
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                let Expr::Array(array) = uncast(right) else { return None };
                found.push(self.listed(left, &array.elem)?);
                Some(())
            }
            Expr::BinaryOp { left, op, right } => {
                let relation = relation(op)?;
                let compared = match (self.column_of(left), self.column_of(right)) {
                    (Some(column), None) => Comparison { column, relation, constants: vec![self.constant(right)?] },
                    (None, Some(column)) => Comparison { column, relation: relation.turned(), constants: vec![self.constant(left)?] },
                    (Some(_), Some(_)) | (None, None) => return None,
                };
                found.push(compared);
                Some(())
            }
            _ => None,
        }
    }

    /// The comparisons of which not all hold where one arm of an OR does: each arm, turned into its opposite.
    fn excluded_by(&self, tree: &Expr, found: &mut Vec<Comparison>) -> Option<()> {
        match tree {
            Expr::Nested(inner) => self.excluded_by(inner, found),
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                self.excluded_by(left, found)?;
                self.excluded_by(right, found)
            }
            Expr::IsNull(_) => Some(()),
            _ => {
                let mut arm = Vec::new();
                self.comparisons(tree, &mut arm)?;
                let [only] = <[Comparison; 1]>::try_from(arm).ok()?;
                let relation = only.relation.negated()?;
                found.push(Comparison { relation, ..only });
                Some(())
            }
        }
    }

    fn listed(&self, column: &Expr, list: &[Expr]) -> Option<Comparison> {
        let constants: Option<Vec<Constant>> = list.iter().map(|item| self.constant(item)).collect();
        Some(Comparison { column: self.column_of(column)?, relation: Relation::OneOf, constants: constants? })
    }

    fn constant(&self, tree: &Expr) -> Option<Constant> {
        let value = match uncast(tree) {
            Expr::Value(value) => literal(&value.value)?,
            Expr::TypedString(typed) => literal(&typed.value.value)?,
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match uncast(expr) {
                Expr::Value(value) => format!("-{}", literal(&value.value)?),
                _ => return None,
            },
            _ => return None,
        };
        Some(Constant(value))
    }

    /// One value of a partition's bound.
    pub(super) fn partition_edge(&mut self) -> Result<Edge, Unread> {
        let start = self.start();
        let tree = self.parser.parse_expr()?;
        let sql = self.text(self.span_from(start)).to_owned();
        Ok(match &tree {
            Expr::Identifier(word) if word.value.eq_ignore_ascii_case("minvalue") || word.value.eq_ignore_ascii_case("maxvalue") => {
                Edge::Open
            }
            Expr::Value(value) if value.value == Value::Null => Edge::Null,
            _ => self.constant(&tree).map_or(Edge::Computed, |constant| Edge::At { constant, sql }),
        })
    }
}

/// The expression without its parentheses and casts.
fn uncast(mut tree: &Expr) -> &Expr {
    loop {
        tree = match tree {
            Expr::Nested(inner) => inner,
            Expr::Cast { expr, .. } => expr,
            _ => return tree,
        };
    }
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Number(digits, _) => Some(digits.to_string()),
        Value::SingleQuotedString(text) => Some(text.clone()),
        Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

fn relation(op: &BinaryOperator) -> Option<Relation> {
    match op {
        BinaryOperator::Lt => Some(Relation::Less),
        BinaryOperator::LtEq => Some(Relation::LessOrEqual),
        BinaryOperator::GtEq => Some(Relation::GreaterOrEqual),
        BinaryOperator::Gt => Some(Relation::Greater),
        BinaryOperator::Eq => Some(Relation::OneOf),
        _ => None,
    }
}
