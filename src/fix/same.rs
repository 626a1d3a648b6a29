//! Whether two migrations end in the same schema, as far as a replay can tell. Names of constraints and indexes, the
//! order of columns and who made what do not count.

use std::collections::BTreeSet;

use super::judge::Judged;
use crate::recipe::sync::{Names, names};
use crate::schema::object::UserTypeKind;
use crate::schema::table::{ConstraintKind, Generated, IndexKey, Table};
use crate::schema::{Expression, Ident, Schema, Server};

/// The first thing in which the schemas differ.
pub(super) fn difference(goal: &Judged, reached: &Judged) -> Option<String> {
    difference_but(goal, reached, &[])
}

/// The first thing in which the schemas differ, where what the goal has under some names is to stand under others.
pub(super) fn difference_but(goal: &Judged, reached: &Judged, moved: &[(&Ident, &Ident)]) -> Option<String> {
    let reached = renamed(facts(&reached.end), goal, reached);
    let settled = |fact: String| moved.iter().fold(fact, |fact, (from, to)| swapped(&fact, from.as_str(), to.as_str()));
    let goal: BTreeSet<String> = facts(&goal.end).into_iter().map(settled).collect();
    let missing = goal.iter().find(|fact| !reached.contains(*fact)).map(|fact| format!("without {fact}"));
    // A label that rows hold cannot be taken out of an enum without writing the table anew: it stays.
    let more = |fact: &&String| !goal.contains(*fact) && !fact.starts_with("label ");
    missing.or_else(|| reached.iter().find(more).map(|fact| format!("with {fact}")))
}

/// The facts with the old name of a column that got another one together with another type: the original kept it.
fn renamed(facts: BTreeSet<String>, goal: &Judged, reached: &Judged) -> BTreeSet<String> {
    let dialect = reached.end.dialect();
    let server = Server::oldest(dialect);
    let names = reached.syncs.iter().filter_map(|sync| names(sync, server).ok());
    let keeps = |names: &Names| goal.end.column(&names.table, &names.old).recorded().is_some();
    let moved: Vec<Names> = names.filter(keeps).collect();
    let swap = |fact: String| {
        let mut fact = fact;
        for names in &moved {
            if fact.contains(names.table.name.as_str()) {
                fact = swapped(&fact, names.new.as_str(), names.old.as_str());
            }
        }
        fact
    };
    facts.into_iter().map(swap).collect()
}

/// The text with one word in the place of another.
fn swapped(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut swapped, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(from) {
        let end = at + from.len();
        let alone = !rest[..at].ends_with(is_word) && !rest[end..].starts_with(is_word);
        swapped.push_str(&rest[..at]);
        swapped.push_str(if alone { to } else { from });
        rest = &rest[end..];
    }
    swapped + rest
}

fn facts(schema: &Schema) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for table in schema.tables() {
        of_table(schema, table, &mut facts);
    }
    facts.extend(schema.views().map(|view| format!("view {}", view.name)));
    facts.extend(schema.routines().map(|routine| format!("function {}", routine.name)));
    for user_type in schema.user_types() {
        facts.insert(format!("type {}", user_type.name));
        match &user_type.kind {
            UserTypeKind::Enum(labels) => {
                facts.extend(labels.iter().map(|label| format!("label '{}' of {}", label.text, user_type.name)));
            }
            UserTypeKind::Domain { .. } | UserTypeKind::Composite | UserTypeKind::Other => {}
        }
    }
    facts
}

fn of_table(schema: &Schema, table: &Table, facts: &mut BTreeSet<String>) {
    let name = &table.name;
    facts.insert(format!("table {name} {:?} {:?}", table.persistence, table.partitioning));
    for column in &table.columns {
        let numbered = column.default.as_ref().is_some_and(|default| default.text.starts_with("nextval ("));
        let default =
            column.default.as_ref().filter(|_| !numbered).map_or_else(String::new, |default| format!(" default {}", default.text));
        let generated = match &column.generated {
            Generated::No if numbered => " serial".to_owned(),
            Generated::No => String::new(),
            // What `serial` stands for.
            Generated::Serial => " serial".to_owned(),
            Generated::IdentityAlways | Generated::IdentityByDefault => " identity".to_owned(),
            Generated::Stored(expression) | Generated::Virtual(expression) => format!(" generated {}", expression.text),
        };
        let not_null = if column.not_null { " not null" } else { "" };
        facts.insert(format!("column {name}.{} {}{not_null}{default}{generated}", column.name, column.ty));
    }
    for constraint in &table.constraints {
        let what = match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => format!("primary key {columns:?}"),
            // An index does the same, and some databases have nothing else.
            ConstraintKind::Unique { .. } | ConstraintKind::NotNull(_) => continue,
            ConstraintKind::Check(check) => format!("check {}", bare(check)),
            ConstraintKind::ForeignKey(key) => {
                let referenced = schema.table(&key.references).recorded();
                let columns = referenced.map_or(&key.referenced_columns[..], |referenced| referenced.referenced_by(key));
                format!("foreign key {:?} of {} {columns:?}", key.columns, key.references)
            }
            ConstraintKind::Exclusion { columns } => format!("exclusion {columns:?}"),
        };
        facts.insert(format!("{what} on {name} {:?}", constraint.validity));
    }
    for index in &table.indexes {
        let keys: Vec<String> = index.keys.iter().map(key).collect();
        let unique = if index.unique { "unique index" } else { "index" };
        let predicate = index.predicate.as_ref().map(bare);
        facts.insert(format!("{unique} on {name} ({}) {predicate:?} {} valid: {}", keys.join(", "), index.method, index.valid));
    }
    facts.extend(table.triggers.iter().map(|trigger| format!("trigger {} on {name} enabled: {}", trigger.name, trigger.enabled)));
}

fn key(key: &IndexKey) -> String {
    match key {
        IndexKey::Column(name) => name.to_string(),
        IndexKey::Expression(expression) => bare(expression),
    }
}

/// The expression without parentheses around it.
fn bare(expression: &Expression) -> String {
    let mut text = expression.text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let mut depth = 0_i32;
        let closes = inner.chars().all(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth >= 0
        });
        if !closes {
            break;
        }
        text = inner.trim();
    }
    text.to_owned()
}
