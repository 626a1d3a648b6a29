//! Orders, circles, and reachability against a plain search.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::migration::{MigrationId, NodeRef, ScriptFile, ScriptText, Settings};
use crate::sql::{Digest, Source};

/// `1_a` with its phases as letters (`ebc`) and what it comes after.
pub(in crate::plan) fn migration(id: &str, phases: &str, after: Option<&[&str]>) -> Migration {
    let letters = [('e', Phase::Expand), ('b', Phase::Backfill), ('c', Phase::Contract)];
    let script = |&(_, phase): &(char, Phase)| {
        let path: Arc<str> = format!("{id}/{phase}.sql").into();
        ScriptFile {
            phase,
            path: Arc::clone(&path),
            digest: Digest([0; 32]),
            content: Digest([0; 32]),
            text: ScriptText::Embedded(Source::new(path, "")),
            declared: Arc::from(""),
        }
    };
    let scripts = letters.iter().filter(|(letter, _)| phases.contains(*letter)).map(script).collect();
    let reference = |text: &&str| match text.parse() {
        Ok(node) => After::Node(node),
        Err(_) => After::Migration(MigrationId::new(text)),
    };
    let after = after.map(|list| list.iter().map(reference).collect());
    Migration { id: MigrationId::new(id), scripts, rollback: None, settings: Settings { after, ..Settings::default() }.into() }
}

fn graph(list: Vec<Migration>) -> Result<Graph, Cycle> {
    Graph::new(&Migrations::new(list).expect("versions differ"))
}

fn order(list: Vec<Migration>) -> Vec<String> {
    graph(list).expect("no cycle").order().map(ToString::to_string).collect()
}

#[test]
fn by_name_then_phase() {
    let list = vec![migration("1_a", "ebc", None), migration("2_b", "ec", None), migration("10_c", "e", None)];
    assert_eq!(order(list), ["1_a:expand", "1_a:backfill", "1_a:contract", "2_b:expand", "2_b:contract", "10_c:expand"]);
}

#[test]
fn after_replaces_the_order_by_name() {
    let list = vec![migration("1_a", "ec", Some(&["2_b:contract"])), migration("2_b", "ec", Some(&[]))];
    assert_eq!(order(list), ["2_b:expand", "2_b:contract", "1_a:expand", "1_a:contract"]);
}

#[test]
fn a_migration_without_expand_is_entered_at_its_first_script() {
    let list = vec![migration("1_a", "e", None), migration("2_b", "c", None), migration("3_c", "e", Some(&["2_b"]))];
    let graph = graph(list).expect("no cycle");
    let before = |text: &str| graph.before(&text.parse().expect("valid")).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(before("2_b:contract"), ["1_a:expand"]);
    assert_eq!(before("3_c:expand"), ["2_b:contract"]);
}

#[test]
fn a_contract_alone_holds_up_no_later_expand() {
    let graph = graph(vec![migration("1_a", "e", None), migration("2_b", "c", None), migration("3_c", "e", None)]).expect("no cycle");
    let before: Vec<String> = graph.before(&"3_c:expand".parse().expect("valid")).map(ToString::to_string).collect();
    assert_eq!(before, ["1_a:expand"]);
}

#[test]
fn cycles_are_named_in_full() {
    let list = vec![migration("1_a", "ec", Some(&["2_b:contract"])), migration("2_b", "ec", Some(&["1_a"]))];
    let cycle = graph(list).expect_err("a circle");
    let names: Vec<String> = cycle.nodes.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["1_a:expand", "2_b:expand", "2_b:contract"]);
    assert!(cycle.to_string().contains("1_a:expand → 2_b:expand → 2_b:contract → 1_a:expand"));
}

#[test]
fn ten_thousand_migrations_are_no_matter() {
    let list: Vec<Migration> = (0..10_000).map(|number| migration(&format!("{number:06}_m"), "ebc", None)).collect();
    let graph = graph(list).expect("no cycle");
    let reach = Reach::new(&graph);
    let number = |text: &str| reach.number(&text.parse().expect("valid")).expect("there");
    assert!(reach.ordered(number("000001_m:expand"), number("009999_m:contract")));
    assert!(!reach.ordered(number("000001_m:contract"), number("009999_m:contract")));
    assert!(!reach.ordered(number("000001_m:contract"), number("000002_m:expand")));
}

proptest! {
    /// Reach answers as a plain search does.
    #[test]
    fn reach_agrees_with_a_search(shape in proptest::collection::vec((1u8..8, proptest::option::of(proptest::collection::vec((0usize..12, 0usize..4), 0..3))), 1..12)) {
        let count = shape.len();
        let id = |number: usize| format!("{number:02}_m");
        let list: Vec<Migration> = shape.iter().enumerate().map(|(number, (phases, after))| {
            let letters: String = [(1, 'e'), (2, 'b'), (4, 'c')].iter().filter(|(bit, _)| phases & bit != 0).map(|(_, letter)| *letter).collect();
            // Only backward references: no cycles.
            let after: Option<Vec<String>> = after.as_ref().map(|list| list.iter().filter(|(to, _)| to % count < number).map(|(to, phase)| {
                let to = to % count;
                match phase { 0 => id(to), 1 => format!("{}:expand", id(to)), 2 => format!("{}:backfill", id(to)), _ => format!("{}:contract", id(to)) }
            }).collect());
            let after: Option<Vec<&str>> = after.as_ref().map(|list| list.iter().map(String::as_str).collect());
            migration(&id(number), &letters, after.as_deref())
        }).collect();
        let graph = graph(list).expect("backward references only");
        let reach = Reach::new(&graph);
        for left in graph.graph.node_indices() {
            for right in graph.graph.node_indices() {
                let path = |from, to| petgraph::algo::has_path_connecting(&graph.graph, from, to, None);
                let expected = path(left, right) || path(right, left);
                prop_assert_eq!(reach.ordered(left.index(), right.index()), expected, "{} {}", graph.graph[left], graph.graph[right]);
            }
        }
        // What is left out of the search for clashes has no partner there; every second script is open.
        let is_open = |node: &NodeRef| graph.indices[node].index().is_multiple_of(2);
        let beside = reach.beside_open(is_open);
        for left in graph.graph.node_indices().filter(|node| !beside.contains(&graph.graph[*node])) {
            for right in graph.graph.node_indices() {
                let settled = !is_open(&graph.graph[left]) && !is_open(&graph.graph[right]);
                prop_assert!(settled || reach.ordered(left.index(), right.index()), "{} {}", graph.graph[left], graph.graph[right]);
            }
        }
    }
}
