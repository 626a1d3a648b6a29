//! The order of scripts: a node per (migration, phase) that has a file, an edge where one must run before another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::migration::{After, Migration, Migrations, NodeRef};
use crate::schema::Phase;

mod reach;

pub(super) use reach::Reach;

/// Which scripts must run before which.
#[derive(Clone, Debug)]
pub struct Graph {
    graph: DiGraph<NodeRef, ()>,
    /// In a topological order; ties by the order of the migrations, then by phase.
    order: Vec<NodeIndex>,
    indices: HashMap<NodeRef, NodeIndex>,
}

/// Scripts that wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order runs in a circle: {}; change `after` in one of their migration.toml", circle(nodes))]
pub struct Cycle {
    /// Each before the next, the last before the first.
    pub nodes: Vec<NodeRef>,
}

fn circle(nodes: &[NodeRef]) -> String {
    let names = nodes.iter().chain(nodes.first()).map(ToString::to_string);
    names.collect::<Vec<_>>().join(" → ")
}

/// The script that stands for a migration where another comes after it or before it: its expand, else its first.
fn entry(migration: &Migration) -> Option<NodeRef> {
    migration.nodes().next()
}

impl Graph {
    /// Reads the order from the migrations: expand before backfill before contract, each migration's first script
    /// after the expand of the previous migration that has one, unless `after` says otherwise.
    ///
    /// # Errors
    /// `Cycle`, naming every script of one circle.
    pub fn new(migrations: &Migrations) -> Result<Graph, Cycle> {
        let mut graph = DiGraph::new();
        let mut indices = HashMap::new();
        for node in migrations.iter().flat_map(Migration::nodes) {
            let index = graph.add_node(node.clone());
            indices.insert(node, index);
        }
        let mut previous: Option<NodeRef> = None;
        for migration in migrations {
            let nodes: Vec<NodeRef> = migration.nodes().collect();
            for pair in nodes.windows(2) {
                graph.update_edge(indices[&pair[0]], indices[&pair[1]], ());
            }
            let Some(first) = nodes.first() else { continue };
            match &migration.settings.after {
                Some(after) => {
                    for entry in after.iter().filter_map(|after| predecessor(migrations, after)) {
                        if let Some(before) = indices.get(&entry) {
                            graph.update_edge(*before, indices[first], ());
                        }
                    }
                }
                None => {
                    if let Some(before) = &previous {
                        graph.update_edge(indices[before], indices[first], ());
                    }
                }
            }
            // A migration without expand holds nothing up: its gate may stay closed for weeks.
            if first.phase == Phase::Expand {
                previous = Some(first.clone());
            }
        }
        let order = sorted(&graph).ok_or_else(|| Cycle { nodes: find_cycle(&graph) })?;
        Ok(Graph { graph, order, indices })
    }

    /// Every script, each after all that it must follow.
    pub fn order(&self) -> impl Iterator<Item = &NodeRef> {
        self.order.iter().map(|index| &self.graph[*index])
    }

    /// The scripts that this one directly follows.
    pub fn before(&self, node: &NodeRef) -> impl Iterator<Item = &NodeRef> {
        let index = self.indices.get(node).copied();
        index.into_iter().flat_map(|index| self.graph.neighbors_directed(index, Direction::Incoming)).map(|index| &self.graph[index])
    }
}

fn predecessor(migrations: &Migrations, after: &After) -> Option<NodeRef> {
    match after {
        After::Node(node) => Some(node.clone()),
        After::Migration(id) => migrations.get(id).and_then(entry),
    }
}

/// Kahn's algorithm. Nodes were added in the order of the migrations and phases, so the smallest index goes first.
fn sorted(graph: &DiGraph<NodeRef, ()>) -> Option<Vec<NodeIndex>> {
    let mut waiting: Vec<usize> = graph.node_indices().map(|node| graph.neighbors_directed(node, Direction::Incoming).count()).collect();
    let mut free: BinaryHeap<Reverse<NodeIndex>> = graph.node_indices().filter(|node| waiting[node.index()] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(graph.node_count());
    while let Some(Reverse(node)) = free.pop() {
        order.push(node);
        for next in graph.neighbors(node) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    (order.len() == graph.node_count()).then_some(order)
}

/// One circle, beginning with its earliest script.
fn find_cycle(graph: &DiGraph<NodeRef, ()>) -> Vec<NodeRef> {
    let components = petgraph::algo::tarjan_scc(graph);
    let looping = |component: &&Vec<NodeIndex>| component.len() > 1 || component.iter().any(|node| graph.contains_edge(*node, *node));
    let Some(component) = components.iter().filter(looping).min_by_key(|component| component.iter().min()) else { return Vec::new() };
    let Some(start) = component.iter().min().copied() else { return Vec::new() };
    // Shortest way back to the start inside the component: breadth first.
    let mut came_from: HashMap<NodeIndex, NodeIndex> = HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.neighbors(node).filter(|next| component.contains(next)) {
            if next == start {
                let mut path = vec![graph[node].clone()];
                let mut at = node;
                while at != start {
                    at = came_from[&at];
                    path.push(graph[at].clone());
                }
                path.reverse();
                return path;
            }
            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
    Vec::new()
}

#[cfg(test)]
pub(super) mod tests;
