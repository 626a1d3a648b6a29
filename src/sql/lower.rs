//! sqlparser's trees → our values: the parts (types, expressions, columns, constraints) and whole statements.

mod column;
mod constraint;
mod expression;
mod types;
