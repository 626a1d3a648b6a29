//! Touches → clashes: pairs of scripts in no stated order that exclude each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::access::Access;
use super::touch::{Bucket, Object, Part, Touch, Toucher, Touches, WideTouch};
use crate::lint::PlanFault;
use crate::migration::NodeRef;
use crate::plan::graph::{Graph, Reach};
use crate::sql::Span;

/// Two scripts that may run in either order and end differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// The earlier one by the order of the migrations.
    pub first: Side,
    /// The later one.
    pub second: Side,
    /// What both touch: ``column `users.name` ``.
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
    pub span: Span,
}

fn as_text<S: serde::Serializer>(node: &NodeRef, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(node)
}

impl Side {
    /// How the lint tells this side of a clash.
    pub(in crate::plan) fn fault(&self, other: &Side, object: &str) -> PlanFault {
        PlanFault::Unordered {
            object: object.to_owned(),
            does: self.does,
            other: other.node.to_string(),
            other_does: other.does,
            other_place: other.place.clone(),
        }
    }
}

/// Finds every pair of scripts that the graph leaves unordered and that do not commute; one clash for each pair.
/// Pairs of which both scripts ran are settled.
pub(in crate::plan) fn clashes(graph: &Graph, touches: &Touches) -> Vec<Clash> {
    search(graph, touches).0
}

/// The clashes, and how many pairs of touches were looked at for them.
pub(super) fn search(graph: &Graph, touches: &Touches) -> (Vec<Clash>, usize) {
    let reach = Reach::new(graph);
    let number = |script: &Toucher| reach.number(&script.node);
    let numbers: Vec<Option<usize>> = touches.scripts.iter().map(number).collect();
    let mut search = Search { touches, reach: &reach, numbers, found: BTreeMap::new(), compared: 0 };
    for (object, bucket) in &touches.objects {
        search.bucket(object, bucket);
    }
    for touch in &touches.anything {
        search.anything(*touch);
    }
    let compared = search.compared;
    (search.found.into_values().map(|found| clash(touches, found)).collect(), compared)
}

/// Two touches that exclude each other.
struct Found {
    first: (Touch, Access),
    second: (Touch, Access),
    /// What both touch, for people.
    object: String,
}

fn clash(touches: &Touches, found: Found) -> Clash {
    let side = |(touch, access): (Touch, Access)| {
        let script = &touches.scripts[touch.script as usize];
        let clause = script.clauses[touch.clause as usize];
        Side { node: script.node.clone(), place: script.place(clause), does: access.verb(), span: clause.span }
    };
    Clash { first: side(found.first), second: side(found.second), object: found.object }
}

struct Search<'a> {
    touches: &'a Touches,
    reach: &'a Reach<'a>,
    /// The graph's number of each script.
    numbers: Vec<Option<usize>>,
    /// By the graph's numbers of both scripts, the earlier first.
    found: BTreeMap<(usize, usize), Found>,
    /// Pairs of touches that were looked at.
    compared: usize,
}

/// Touches of one part in one way, divided by whether their scripts lie on the graph's chain.
#[derive(Default)]
struct Divided {
    /// By link.
    on: Vec<(usize, Touch)>,
    off: Vec<Touch>,
}

/// The touches of one object, divided.
type Parts<'a> = BTreeMap<&'a Part, BTreeMap<Access, Divided>>;

impl Search<'_> {
    fn bucket(&mut self, object: &Object, bucket: &Bucket) {
        let mut parts = Parts::new();
        for (part, ways) in &bucket.parts {
            let excluding: Vec<(Access, Access)> = pairs(ways.keys().copied());
            if excluding.is_empty() && bucket.wide.is_empty() {
                continue;
            }
            let divided: BTreeMap<Access, Divided> = ways.iter().map(|(access, touches)| (*access, self.divide(touches))).collect();
            let describe = || describe(object, part);
            for (left, right) in excluding {
                self.compare(left, &divided[&left], right, &divided[&right], &describe);
                if left != right {
                    self.compare(right, &divided[&right], left, &divided[&left], &describe);
                }
            }
            parts.insert(part, divided);
        }
        for wide in &bucket.wide {
            self.wide(object, bucket, &parts, wide);
        }
    }

    fn divide(&self, touches: &[Touch]) -> Divided {
        let mut divided = Divided::default();
        for touch in touches {
            let Some(number) = self.numbers[touch.script as usize] else { continue };
            match self.reach.link(number) {
                Some(link) => divided.on.push((link, *touch)),
                None => divided.off.push(*touch),
            }
        }
        divided.on.sort_by_key(|(link, _)| *link);
        divided
    }

    /// Scripts off the chain against those on it that lie beside them, and against each other. Two scripts on the
    /// chain are ordered.
    fn compare(&mut self, left: Access, lefts: &Divided, right: Access, rights: &Divided, describe: &impl Fn() -> String) {
        for touch in &lefts.off {
            self.one(*touch, left, right, rights, describe);
        }
    }

    /// One touch against others in one way.
    fn one(&mut self, touch: Touch, access: Access, other: Access, others: &Divided, describe: &impl Fn() -> String) {
        let Some(number) = self.numbers[touch.script as usize] else { return };
        if self.reach.link(number).is_none() {
            let (after, before) = self.reach.beside(number);
            let start = after.map_or(0, |after| others.on.partition_point(|(link, _)| *link <= after));
            let end = before.map_or(others.on.len(), |before| others.on.partition_point(|(link, _)| *link < before));
            for (_, beside) in others.on.get(start..end).unwrap_or_default() {
                self.clash((touch, access), (*beside, other), describe);
            }
        }
        for beside in &others.off {
            self.clash((touch, access), (*beside, other), describe);
        }
    }

    fn wide(&mut self, object: &Object, bucket: &Bucket, parts: &Parts<'_>, wide: &WideTouch) {
        let columns: Vec<&Part> = match &wide.among {
            Some(among) => {
                among.iter().filter_map(|column| parts.get_key_value(&Part::Column(column.clone())).map(|(part, _)| *part)).collect()
            }
            None => parts.keys().copied().filter(|part| matches!(part, Part::Column(_))).collect(),
        };
        for part in columns {
            for (access, touches) in parts[part].iter().filter(|(access, _)| wide.access.excludes_single(**access)) {
                self.one(wide.touch, wide.access, *access, touches, &|| describe(object, part));
            }
        }
        // Of touches of all columns, only writes exclude others: the pairs without one need not be looked at.
        if wide.access != Access::Writes {
            return;
        }
        for other in bucket.wide.iter().filter(|other| wide.access.excludes(other.access)) {
            let overlap = match (&wide.among, &other.among) {
                (Some(mine), Some(theirs)) => !mine.is_disjoint(theirs),
                (None, _) | (_, None) => true,
            };
            if overlap {
                self.clash((wide.touch, wide.access), (other.touch, other.access), &|| {
                    format!("the columns of {}", describe(object, &Part::Whole))
                });
            }
        }
    }

    /// A clause of which nothing is known excludes everything; the first script beside it stands for all.
    fn anything(&mut self, touch: Touch) {
        for (script, number) in (0u32..).zip(self.numbers.clone()) {
            let has_clauses = !self.touches.scripts[script as usize].clauses.is_empty();
            if number.is_some() && has_clauses {
                let other = Touch { script, clause: 0 };
                if self.clash((touch, Access::Alters), (other, Access::Uses), &|| "something that cannot be told from its text".to_owned())
                {
                    return;
                }
            }
        }
    }

    /// Records a clash unless the graph orders the two, both ran, or the pair has one from an earlier place.
    fn clash(&mut self, left: (Touch, Access), right: (Touch, Access), describe: &impl Fn() -> String) -> bool {
        self.compared += 1;
        let scripts = &self.touches.scripts;
        let open = scripts[left.0.script as usize].open || scripts[right.0.script as usize].open;
        let (Some(one), Some(two)) = (self.numbers[left.0.script as usize], self.numbers[right.0.script as usize]) else { return false };
        if !open || self.reach.ordered(one, two) {
            return false;
        }
        let (first, second) = if one < two { (left, right) } else { (right, left) };
        let found = Found { first, second, object: describe() };
        let place = |found: &Found| (found.first.0.clause, found.second.0.clause, found.object.clone());
        let key = (one.min(two), one.max(two));
        match self.found.get(&key) {
            Some(earlier) if place(earlier) <= place(&found) => {}
            Some(_) | None => {
                self.found.insert(key, found);
            }
        }
        true
    }
}

/// The pairs of ways that exclude each other.
fn pairs(ways: impl Iterator<Item = Access> + Clone) -> Vec<(Access, Access)> {
    let others = ways.clone();
    ways.flat_map(|left| others.clone().filter(move |right| left <= *right && left.excludes(*right)).map(move |right| (left, right)))
        .collect()
}

fn describe(object: &Object, part: &Part) -> String {
    let name = match object {
        Object::Relation(name) | Object::Routine(name) | Object::Type(name) | Object::Trigger(name) | Object::Other(_, name) => {
            name.to_string()
        }
        Object::Schema(name) => name.to_string(),
        Object::Bodies => return "what views and triggers name".to_owned(),
    };
    match part {
        Part::Whole => {
            let kind = match object {
                Object::Relation(_) => "",
                Object::Routine(_) => "routine ",
                Object::Type(_) => "type ",
                Object::Trigger(_) => "trigger ",
                Object::Schema(_) => "schema ",
                Object::Other(kind, _) => return format!("{kind} `{name}`"),
                Object::Bodies => "",
            };
            format!("{kind}`{name}`")
        }
        Part::Rows => format!("the rows of `{name}`"),
        Part::Column(column) => format!("column `{name}.{column}`"),
        Part::Default(column) => format!("the default of `{name}.{column}`"),
        Part::Nullability(column) => format!("whether `{name}.{column}` may be null"),
        Part::Storage(column) => format!("the storage of `{name}.{column}`"),
        Part::Named(part) => format!("`{part}` of `{name}`"),
        Part::Options => format!("the settings of `{name}`"),
        Part::Access => format!("the privileges on `{name}`"),
    }
}
