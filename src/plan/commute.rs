//! Which pairs of scripts that the graph leaves unordered do not commute.

use serde::Serialize;

use crate::migration::NodeRef;

/// Two scripts that may run in either order and end differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// The earlier one by the order of the migrations.
    pub first: Side,
    /// The later one.
    pub second: Side,
    /// What both touch: `column users.name`.
    pub object: String,
}

/// One side of a clash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The script.
    #[serde(serialize_with = "as_text")]
    pub node: NodeRef,
    /// `path:line`.
    pub place: String,
    /// What it does with the object: `drops`, `reads`, ….
    pub does: &'static str,
    /// The clause, as bytes of the script.
    #[serde(skip)]
    pub span: crate::sql::Span,
}

impl Side {
    /// How the lint tells this side of a clash.
    pub(super) fn fault(&self, other: &Side, object: &str) -> crate::lint::PlanFault {
        crate::lint::PlanFault::Unordered {
            object: object.to_owned(),
            does: self.does,
            other: other.node.to_string(),
            other_does: other.does,
            other_place: other.place.clone(),
        }
    }
}

/// What the scripts touch.
#[derive(Debug)]
pub(super) struct Touches {}

impl Touches {
    pub(super) fn new(_: crate::schema::Dialect) -> Touches {
        Touches {}
    }
    pub(super) fn add(&mut self, _: &NodeRef, _: &crate::sql::Script, _: crate::lint::Judge) {}
}

pub(super) fn clashes(_: &super::Graph, _: &Touches) -> Vec<Clash> {
    Vec::new()
}

fn as_text<S: serde::Serializer>(node: &NodeRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(node)
}
