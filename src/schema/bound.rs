//! Which rows a partition takes.

use super::Ident;
use super::comparison::{Comparison, Constant, Relation};

/// What stands behind FOR VALUES, or DEFAULT.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PartitionBound {
    /// Whatever no other partition takes.
    Default,
    /// FROM (…) TO (…): an edge for each column of the key.
    Range {
        /// The first row that belongs to it.
        from: Vec<Edge>,
        /// The first row behind it.
        to: Vec<Edge>,
    },
    /// IN (…).
    List(Vec<Edge>),
    /// WITH (MODULUS, REMAINDER).
    Hash,
}

/// One value of a bound.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Edge {
    /// MINVALUE or MAXVALUE.
    Open,
    /// NULL, in a list.
    Null,
    /// A constant.
    At {
        /// Which.
        constant: Constant,
        /// As written, cast included: `'2026-01-01'::date`.
        sql: String,
    },
    /// An expression that is computed when the statement runs.
    Computed,
}

impl PartitionBound {
    /// Whether it is the DEFAULT partition.
    pub fn is_default(&self) -> bool {
        *self == PartitionBound::Default
    }

    /// What every row of the partition satisfies, for a key of this one column; `None` where comparisons cannot say it.
    pub fn demands(&self, key: &Ident) -> Option<Vec<Comparison>> {
        let compared = |edge: &Edge, relation: Relation| match edge {
            Edge::Open => Some(None),
            Edge::At { constant, sql: _ } => Some(Some(Comparison { column: key.clone(), relation, constants: vec![constant.clone()] })),
            Edge::Null | Edge::Computed => None,
        };
        match self {
            PartitionBound::Range { from, to } => match (&from[..], &to[..]) {
                ([from], [to]) => {
                    let edges = [compared(from, Relation::GreaterOrEqual)?, compared(to, Relation::Less)?];
                    Some(edges.into_iter().flatten().collect())
                }
                (_, _) => None,
            },
            PartitionBound::List(values) => {
                let constants: Option<Vec<Constant>> = values
                    .iter()
                    .map(|value| match value {
                        Edge::At { constant, sql: _ } => Some(constant.clone()),
                        Edge::Open | Edge::Null | Edge::Computed => None,
                    })
                    .collect();
                Some(vec![Comparison { column: key.clone(), relation: Relation::OneOf, constants: constants? }])
            }
            PartitionBound::Default | PartitionBound::Hash => None,
        }
    }
}
