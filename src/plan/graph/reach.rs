//! Whether one script comes before another, answered in constant time for the chain of expands that nearly every
//! script hangs on.

use std::collections::HashSet;

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use super::Graph;
use crate::migration::NodeRef;

/// Answers questions about order.
///
/// The longest path of the graph is the *chain*. For each node the last chain node before it and the first one
/// behind it are known; a way that touches the chain is found by comparing those, any other by a walk over the few
/// nodes off the chain.
#[derive(Debug)]
pub(in crate::plan) struct Reach<'g> {
    graph: &'g Graph,
    /// Place in the topological order.
    rank: Vec<usize>,
    /// Place on the chain.
    link: Vec<Option<usize>>,
    /// The last link at or before the node.
    last_before: Vec<Option<usize>>,
    /// The first link at or behind the node.
    first_behind: Vec<Option<usize>>,
}

impl<'g> Reach<'g> {
    /// Prepares the answers: linear in the graph.
    pub(in crate::plan) fn new(graph: &'g Graph) -> Reach<'g> {
        let size = graph.graph.node_count();
        let mut rank = vec![0; size];
        for (place, node) in graph.order.iter().enumerate() {
            rank[node.index()] = place;
        }
        let mut link = vec![None; size];
        for (place, node) in chain(graph).into_iter().enumerate() {
            link[node.index()] = Some(place);
        }
        let mut last_before = link.clone();
        for node in &graph.order {
            for before in graph.graph.neighbors_directed(*node, Direction::Incoming) {
                last_before[node.index()] = last_before[node.index()].max(last_before[before.index()]);
            }
        }
        let mut first_behind = link.clone();
        for node in graph.order.iter().rev() {
            for behind in graph.graph.neighbors(*node) {
                first_behind[node.index()] = earlier(first_behind[node.index()], first_behind[behind.index()]);
            }
        }
        Reach { graph, rank, link, last_before, first_behind }
    }

    /// The scripts that are not ordered against some other one, where one of the two is still open.
    pub(in crate::plan) fn beside_open(&self, is_open: impl Fn(&NodeRef) -> bool) -> HashSet<NodeRef> {
        let size = self.graph.graph.node_count();
        let open: Vec<bool> = self.graph.graph.node_indices().map(|node| is_open(&self.graph.graph[node])).collect();
        let off: Vec<usize> = (0..size).filter(|node| self.link[*node].is_none()).collect();
        let mut chain: Vec<(usize, usize)> = (0..size).filter_map(|node| Some((self.link[node]?, node))).collect();
        chain.sort_unstable();
        // How many open links stand before each link.
        let mut before = vec![0_usize; chain.len() + 1];
        for (place, (_, node)) in chain.iter().enumerate() {
            before[place + 1] = before[place] + usize::from(open[*node]);
        }
        // Where ranges of links beside a script off the chain begin (+1) and end (-1): of any such script, and of open ones.
        let mut of_any = vec![0_isize; chain.len() + 1];
        let mut of_open = vec![0_isize; chain.len() + 1];
        let mut beside: HashSet<usize> = HashSet::new();
        let any_off_is_open = off.iter().any(|node| open[*node]);
        for &node in &off {
            let (after, until) = self.beside(node);
            let (start, end) = (after.map_or(0, |after| after + 1), until.unwrap_or(chain.len()));
            if start < end {
                of_any[start] += 1;
                of_any[end] -= 1;
                if open[node] {
                    of_open[start] += 1;
                    of_open[end] -= 1;
                }
            }
            let open_links = before[end.max(start)] - before[start];
            if any_off_is_open || open_links > 0 {
                beside.insert(node);
            }
        }
        let (mut any, mut opened) = (0, 0);
        for (place, (_, node)) in chain.iter().enumerate() {
            any += of_any[place];
            opened += of_open[place];
            if opened > 0 || (any > 0 && open[*node]) {
                beside.insert(*node);
            }
        }
        beside.into_iter().map(|node| self.graph.graph[NodeIndex::new(node)].clone()).collect()
    }

    /// The number of a script; numbers follow the order.
    pub(in crate::plan) fn number(&self, node: &NodeRef) -> Option<usize> {
        self.graph.indices.get(node).map(|index| index.index())
    }

    /// The place of a script on the chain.
    pub(in crate::plan) fn link(&self, number: usize) -> Option<usize> {
        self.link[number]
    }

    /// The links that are not ordered against a script: from the first to the second, both excluded.
    pub(in crate::plan) fn beside(&self, number: usize) -> (Option<usize>, Option<usize>) {
        (self.last_before[number], self.first_behind[number])
    }

    /// Whether the graph says which of the two comes first.
    pub(in crate::plan) fn ordered(&self, left: usize, right: usize) -> bool {
        left == right || self.reaches(left, right) || self.reaches(right, left)
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        if self.rank[from] > self.rank[to] {
            return false;
        }
        match (self.link[from], self.link[to]) {
            (Some(from), _) => self.last_before[to] >= Some(from),
            (None, Some(to)) => self.first_behind[from].is_some_and(|first| first <= to),
            (None, None) => {
                let over_chain = matches!((self.first_behind[from], self.last_before[to]), (Some(first), Some(last)) if first <= last);
                over_chain || self.reaches_beside(from, to)
            }
        }
    }

    /// A walk that leaves the chain alone.
    fn reaches_beside(&self, from: usize, to: usize) -> bool {
        let mut seen = HashSet::from([from]);
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            if node == to {
                return true;
            }
            for next in self.graph.graph.neighbors(NodeIndex::new(node)).map(NodeIndex::index) {
                if self.link[next].is_none() && self.rank[next] <= self.rank[to] && seen.insert(next) {
                    stack.push(next);
                }
            }
        }
        false
    }
}

fn earlier(left: Option<usize>, right: Option<usize>) -> Option<usize> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (one, None) | (None, one) => one,
    }
}

/// The longest path.
fn chain(graph: &Graph) -> Vec<NodeIndex> {
    let size = graph.graph.node_count();
    let mut length = vec![1usize; size];
    let mut previous: Vec<Option<NodeIndex>> = vec![None; size];
    for node in &graph.order {
        for before in graph.graph.neighbors_directed(*node, Direction::Incoming) {
            if length[before.index()] + 1 > length[node.index()] {
                length[node.index()] = length[before.index()] + 1;
                previous[node.index()] = Some(before);
            }
        }
    }
    let mut chain: Vec<NodeIndex> = Vec::new();
    let mut at = graph.order.iter().copied().max_by_key(|node| (length[node.index()], std::cmp::Reverse(*node)));
    while let Some(node) = at {
        chain.push(node);
        at = previous[node.index()];
    }
    chain.reverse();
    chain
}
