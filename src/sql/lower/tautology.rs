//! Conditions that hold for every row, as far as their own text shows: `TRUE`, `1 = 1`, `id = id`, `name LIKE '%'`.

use std::cmp::Ordering;

use sqlparser::ast::{BinaryOperator, DataType, Expr, Query, SetExpr, UnaryOperator, Value};

/// Whether the condition holds for every row. NULL in a column that is compared with itself is not thought of.
pub(super) fn always_true(tree: &Expr) -> bool {
    match tree {
        Expr::Nested(inner) => always_true(inner),
        Expr::Value(value) => match &value.value {
            Value::Boolean(value) => *value,
            Value::Number(text, _) => text.parse::<f64>().is_ok_and(|number| number != 0.0),
            _ => false,
        },
        Expr::Cast { expr, data_type: DataType::Boolean | DataType::Bool, .. } => always_true(expr) || is_true_word(expr),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And => always_true(left) && always_true(right),
            BinaryOperator::Or => always_true(left) || always_true(right),
            op => compared(left, op, right) == Some(true),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => always_false(expr),
        Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => always_true(inner),
        Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => always_false(inner),
        Expr::IsNotNull(inner) => literal(inner).is_some_and(|value| *value != Value::Null),
        Expr::IsNull(inner) => literal(inner) == Some(&Value::Null),
        Expr::Like { negated: false, pattern, .. } | Expr::ILike { negated: false, pattern, .. } => {
            matches!(literal(pattern), Some(Value::SingleQuotedString(text)) if !text.is_empty() && text.bytes().all(|byte| byte == b'%'))
        }
        Expr::Exists { subquery, negated: false } => yields_a_row(subquery),
        _ => false,
    }
}

fn always_false(tree: &Expr) -> bool {
    match tree {
        Expr::Nested(inner) => always_false(inner),
        Expr::Value(value) => match &value.value {
            Value::Boolean(value) => !*value,
            Value::Number(text, _) => text.parse::<f64>().is_ok_and(|number| number == 0.0),
            _ => false,
        },
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => always_false(left) || always_false(right),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => always_false(left) && always_false(right),
        Expr::BinaryOp { left, op, right } => compared(left, op, right) == Some(false),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => always_true(expr),
        Expr::IsNull(inner) => literal(inner).is_some_and(|value| *value != Value::Null),
        Expr::IsNotNull(inner) => literal(inner) == Some(&Value::Null),
        _ => false,
    }
}

/// What a comparison of two literals, or of a column with itself, says.
fn compared(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<bool> {
    let order = match (literal(left), literal(right)) {
        (Some(Value::Number(left, _)), Some(Value::Number(right, _))) => {
            left.parse::<f64>().ok()?.partial_cmp(&right.parse::<f64>().ok()?)?
        }
        (Some(Value::Null), _) | (_, Some(Value::Null)) => return None,
        (Some(left), Some(right)) if left == right => Ordering::Equal,
        // Collations decide which of two texts is the greater, not whether they are the same bytes.
        (Some(Value::SingleQuotedString(_)), Some(Value::SingleQuotedString(_))) if *op == BinaryOperator::NotEq => Ordering::Less,
        (None, None) if is_column(left) && unnested(left) == unnested(right) => Ordering::Equal,
        _ => return None,
    };
    match op {
        BinaryOperator::Eq | BinaryOperator::Spaceship => Some(order.is_eq()),
        BinaryOperator::NotEq => Some(order.is_ne()),
        BinaryOperator::Lt => Some(order.is_lt()),
        BinaryOperator::LtEq => Some(order.is_le()),
        BinaryOperator::Gt => Some(order.is_gt()),
        BinaryOperator::GtEq => Some(order.is_ge()),
        _ => None,
    }
}

/// Whether a subquery yields a row whatever the tables hold: it reads none.
fn yields_a_row(query: &Query) -> bool {
    match &*query.body {
        SetExpr::Select(select) => {
            select.from.is_empty()
                && select.having.is_none()
                && select.selection.as_ref().is_none_or(always_true)
                && query.limit_clause.is_none()
        }
        _ => false,
    }
}

fn is_column(tree: &Expr) -> bool {
    matches!(unnested(tree), Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// PostgreSQL's spellings of true as text.
fn is_true_word(tree: &Expr) -> bool {
    match literal(tree) {
        Some(Value::SingleQuotedString(text)) => {
            ["t", "true", "y", "yes", "on", "1"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}

fn literal(tree: &Expr) -> Option<&Value> {
    match unnested(tree) {
        Expr::Value(value) => Some(&value.value),
        _ => None,
    }
}

fn unnested(mut tree: &Expr) -> &Expr {
    while let Expr::Nested(inner) = tree {
        tree = inner;
    }
    tree
}

#[cfg(test)]
mod tests {
    use crate::schema::operation::Extent;
    use crate::schema::{Dialect, Operation};
    use crate::sql::lower::probes::read;

    #[test]
    fn a_condition_that_holds_for_every_row_is_none() {
        for (condition, extent) in [
            ("TRUE", Extent::All),
            ("1 = 1", Extent::All),
            ("1 <> 0", Extent::All),
            ("(2 > 1) AND 'a' = 'a'", Extent::All),
            ("a = a", Extent::All),
            ("t.a >= t.a OR b = 2", Extent::All),
            ("NOT FALSE", Extent::All),
            ("NOT (1 = 0)", Extent::All),
            ("'t'::boolean", Extent::All),
            ("true IS TRUE", Extent::All),
            ("1 IS NOT NULL", Extent::All),
            ("name LIKE '%'", Extent::All),
            ("EXISTS (SELECT 1)", Extent::All),
            ("EXISTS (SELECT 1 FROM o)", Extent::Condition),
            ("a <> a", Extent::Condition),
            ("1 = 2", Extent::Condition),
            ("a = b", Extent::Condition),
            ("t.a = o.a", Extent::Condition),
            ("name LIKE '%x'", Extent::Condition),
            ("TRUE AND a = 1", Extent::Condition),
            ("a IS NOT NULL", Extent::Condition),
        ] {
            match read(Dialect::Postgres, &format!("DELETE FROM t WHERE {condition}")).as_deref() {
                Ok([clause]) => match &clause.operation {
                    Operation::ChangeData(change) => assert_eq!(change.extent, extent, "{condition}"),
                    other => panic!("{condition}: {other:?}"),
                },
                other => panic!("{condition}: {other:?}"),
            }
        }
    }
}
