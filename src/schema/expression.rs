//! What replay and lints need to know of an SQL expression, without its syntax tree.

use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::comparison::Demand;
use super::{Ident, ObjectName};

/// An expression reduced to facts: the reader of SQL computes them once. Copies share them, and so do equal ones: a history
/// says `now()` thousands of times.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "ExpressionFacts")]
pub struct Expression(Arc<ExpressionFacts>);

/// What is known of an [`Expression`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ExpressionFacts {
    /// The tokens joined by single blanks: equal texts mean equal expressions.
    pub text: String,
    /// Columns named in it (last part of the name).
    pub columns: Vec<Ident>,
    /// Functions called in it.
    pub functions: Vec<ObjectName>,
    /// What kind of value it yields.
    pub shape: Shape,
    /// Columns that cannot be null where this condition holds: `c IS NOT NULL`, alone or inside AND.
    pub proves_not_null: Vec<Ident>,
    /// What it says, as a condition, about columns compared with constants.
    pub demands: Vec<Demand>,
}

impl From<ExpressionFacts> for Expression {
    fn from(facts: ExpressionFacts) -> Expression {
        RECENT.with_borrow_mut(|recent| {
            let slot = recent.hash.hash_one(&facts.text) as usize % SLOTS;
            match &recent.expressions[slot] {
                Some(held) if *held.0 == facts => held.clone(),
                Some(_) | None => recent.expressions[slot].insert(Expression(Arc::new(facts))).clone(),
            }
        })
    }
}

/// How many expressions are remembered for sharing.
const SLOTS: usize = 1024;

thread_local! {
    static RECENT: RefCell<Recent> = RefCell::new(Recent { hash: RandomState::new(), expressions: vec![None; SLOTS] });
}

/// The expressions that came last, in a table that does not grow.
struct Recent {
    hash: RandomState,
    expressions: Vec<Option<Expression>>,
}

impl Deref for Expression {
    type Target = ExpressionFacts;

    fn deref(&self) -> &ExpressionFacts {
        &self.0
    }
}

impl DerefMut for Expression {
    fn deref_mut(&mut self) -> &mut ExpressionFacts {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The outer form of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Shape {
    /// A literal `NULL`.
    Null,
    /// A literal other than NULL, also with a sign or a cast of a literal.
    Literal,
    /// A condition that always holds, such as `TRUE` or `1 = 1`.
    Tautology,
    /// Anything else.
    Computed,
}

/// How often a function or an expression may change its answer. Decides whether a default rewrites the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Volatility {
    /// Always the same for the same input.
    Immutable,
    /// The same within one statement: `now()`.
    Stable,
    /// Different for every row: `random()`, `nextval()`, `gen_random_uuid()`.
    Volatile,
}
