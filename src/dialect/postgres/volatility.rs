//! How often an expression may change its answer: decides whether a default can be stored once or fills every row.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::dialect::Certainty;
use crate::schema::expression::Shape;
use crate::schema::{Expression, Found, ObjectName, Schema, Volatility};

/// Built-in functions by name.
static BUILT_IN: LazyLock<HashMap<&'static str, Volatility>> = LazyLock::new(|| {
    let mut functions = HashMap::new();
    let mut section = Volatility::Volatile;
    for line in include_str!("functions.txt").lines().filter(|line| !line.starts_with('#')) {
        section = match line {
            "[volatile]" => Volatility::Volatile,
            "[stable]" => Volatility::Stable,
            "[immutable]" => Volatility::Immutable,
            names => {
                functions.extend(names.split_whitespace().map(|name| (name, section)));
                section
            }
        };
    }
    functions
});

/// What is written like a function or without parentheses, and is part of the grammar: none of it is volatile.
const GRAMMAR: [&str; 24] = [
    "array",
    "cast",
    "coalesce",
    "collation",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "extract",
    "greatest",
    "grouping",
    "least",
    "localtime",
    "localtimestamp",
    "nullif",
    "position",
    "row",
    "session_user",
    "substring",
    "system_user",
    "trim",
    "user",
    "xmlelement",
];

/// The volatility of a function that comes with PostgreSQL or one of the extensions that nearly everybody uses.
pub(in crate::dialect) fn of_built_in(name: &str) -> Option<Volatility> {
    BUILT_IN.get(name).copied().or_else(|| GRAMMAR.contains(&name).then_some(Volatility::Stable))
}

/// The volatility of an expression, from the functions that it calls; of unknown ones the worst is assumed.
pub(in crate::dialect) fn of_expression(schema: &Schema, expression: &Expression) -> (Volatility, Certainty) {
    match expression.shape {
        Shape::Null | Shape::Literal | Shape::Tautology => return (Volatility::Immutable, Certainty::Known),
        Shape::Computed => {}
    }
    let mut answer = (Volatility::Immutable, Certainty::Known);
    for function in &expression.functions {
        let (volatility, certainty) = of_function(schema, function);
        if volatility > answer.0 {
            answer = (volatility, certainty);
        }
    }
    answer
}

fn of_function(schema: &Schema, name: &ObjectName) -> (Volatility, Certainty) {
    let in_catalogue = name.schema.as_ref().is_none_or(|schema| schema.as_str() == "pg_catalog");
    if let Found::Known(routine) = schema.routine(name) {
        return (routine.volatility, Certainty::Known);
    }
    match of_built_in(name.name.as_str()) {
        // Extensions may live in any schema; a function of the same name in a schema of one's own is recorded.
        Some(volatility) if in_catalogue || schema.routine(name).recorded().is_none() => (volatility, Certainty::Known),
        Some(_) | None => (Volatility::Volatile, Certainty::WorstCase),
    }
}
