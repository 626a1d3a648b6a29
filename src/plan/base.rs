//! The project against the base of a branch: what the base holds is taken to have run somewhere, so it stays as it is.

use std::collections::BTreeSet;

use crate::lint::PlanFault;
use crate::migration::{Manifest, MigrationId, Migrations, NodeRef};

/// What a branch does to the history that its base holds, each with the script it is about.
pub(super) fn faults(migrations: &Migrations, base: &Manifest) -> Vec<(NodeRef, PlanFault)> {
    let edited_or_gone = base.scripts.iter().filter_map(|(node, digest)| match migrations.script(node) {
        Some(script) if script.digest == *digest => None,
        Some(_) => Some((node.clone(), PlanFault::Edited)),
        None => {
            let renamed = migrations.iter().find(|migration| {
                let same = migration.script(node.phase).is_some_and(|script| script.digest == *digest);
                same && !base.scripts.contains_key(&NodeRef::new(&migration.id, node.phase))
            });
            Some((node.clone(), PlanFault::Removed { renamed_to: renamed.map(|migration| migration.id.to_string()) }))
        }
    });
    edited_or_gone.chain(out_of_order(migrations, base)).collect()
}

/// New migrations that stand before one that the base has, without `after` saying where they belong.
fn out_of_order(migrations: &Migrations, base: &Manifest) -> Vec<(NodeRef, PlanFault)> {
    let known: BTreeSet<&MigrationId> = base.scripts.keys().map(|node| &node.migration).collect();
    let Some((last, newest)) = known.iter().filter_map(|id| Some((migrations.position(id)?, *id))).max() else { return Vec::new() };
    let early = migrations.iter().take(last).filter(|migration| !known.contains(&migration.id));
    let early = early.filter(|migration| migration.settings.after.is_none());
    early
        .filter_map(|migration| {
            Some((NodeRef::new(&migration.id, migration.scripts.first()?.phase), PlanFault::OutOfOrder { newest: newest.to_string() }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing;
    use crate::schema::Dialect;

    fn migrations(files: &[(&str, &str)]) -> Migrations {
        testing::migrations(files, Dialect::Postgres)
    }

    fn told(before: &[(&str, &str)], now: &[(&str, &str)]) -> Vec<String> {
        let base = migrations(before).manifest();
        faults(&migrations(now), &base).into_iter().map(|(node, fault)| format!("{node} {fault:?}")).collect()
    }

    const USERS: (&str, &str) = ("2_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY);");

    #[test]
    fn what_the_base_holds_stays() {
        assert_eq!(told(&[USERS], &[USERS, ("3_a/expand.sql", "CREATE TABLE a (b int);")]), [""; 0]);
        assert_eq!(told(&[USERS], &[(USERS.0, "create table users (id bigint primary key);")]), [""; 0], "its tokens are the same");
        assert_eq!(told(&[USERS], &[(USERS.0, "CREATE TABLE users (id int PRIMARY KEY);")]), ["2_users:expand Edited"]);
        assert_eq!(told(&[USERS], &[]), ["2_users:expand Removed { renamed_to: None }"]);
    }

    #[test]
    fn a_renamed_file_is_told_by_both_names() {
        let found = told(&[USERS], &[("5_users/expand.sql", USERS.1)]);
        assert_eq!(found, ["2_users:expand Removed { renamed_to: Some(\"5_users\") }"]);
    }

    #[test]
    fn a_new_file_comes_last() {
        let early = ("1_early/expand.sql", "CREATE TABLE a (b int);");
        assert_eq!(told(&[USERS], &[early, USERS]), ["1_early:expand OutOfOrder { newest: \"2_users\" }"]);
        let placed = ("1_early/migration.toml", "after = [\"2_users\"]");
        assert_eq!(told(&[USERS], &[early, placed, USERS]), [""; 0]);
    }
}
