//! Cases on MariaDB: the command writes and judges, the client program of the database runs the scripts.

use std::fs;

use crate::cases::Case;
use crate::life::{ROWS, Trees, loud, numbered, run, written};
use crate::support::MariaDbDatabase;

const SHAPE: &str = "
SELECT * FROM (
  SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, '-')) AS fact
    FROM information_schema.columns WHERE table_schema = DATABASE()
  UNION ALL
  SELECT CONCAT('index ', table_name, ' ', non_unique, ' ', GROUP_CONCAT(column_name ORDER BY seq_in_index))
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique
  UNION ALL
  SELECT CONCAT('key ', k.table_name, '.', k.column_name, ' ', k.referenced_table_name, ' ', r.delete_rule)
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r USING (constraint_schema, constraint_name)
   WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
  UNION ALL
  SELECT CONCAT('check ', table_name, ' ', check_clause) FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()
  UNION ALL
  SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers WHERE trigger_schema = DATABASE()
) facts ORDER BY fact";

pub(crate) async fn live(case: &Case, database: &MariaDbDatabase<'_>) -> Result<(), String> {
    let trees = Trees::of(case, "mysql", None)?;
    loud(&trees.new, run(&trees.new, &["plan", "--format", "json"], 0)?)?;
    let name = trees.name();
    run(&trees.new, &["fix", &name, "--exit-code"], 0)?;
    let script = |phase: &str| {
        let folder = trees.new.join("migrations").join(&name);
        let text = fs::read_to_string(folder.join(format!("{phase}.sql")));
        let flat = || fs::read_to_string(trees.new.join(format!("migrations/{name}.sql"))).ok().filter(|_| phase == "expand");
        text.ok().or_else(flat).unwrap_or_default()
    };
    let mut session = database.session();
    let mut number = 10_000;
    let mut sent = |when: &str, sql: &str| {
        number += 1;
        let sql = numbered(sql, number);
        session.run(&sql).map_err(|error| format!("{when}: `{sql}`: {error}\n{}", written(&trees.new)))
    };
    sent("the base", case.given)?;
    let seeds: String = (0..ROWS).map(|row| format!("{};\n", numbered(case.seed, row))).collect();
    sent("the rows", &seeds)?;
    for phase in ["expand", "backfill", "contract"] {
        let script = script(phase);
        if !script.trim().is_empty() {
            sent(phase, &script)?;
        }
        let releases: &[&[&str]] = if phase == "contract" { &[case.new] } else { &[case.old, case.new, case.old] };
        for statement in releases.iter().copied().flatten() {
            sent(phase, statement)?;
        }
        // What an old release wrote since the backfill is filled once more, as the gate demands.
        if phase == "backfill" && !script.trim().is_empty() {
            sent(phase, &script)?;
        }
    }
    for (query, expected) in case.checks {
        let found = sent("in the end", query)?;
        if found.trim() != *expected {
            return Err(format!("`{query}` answers {found:?} instead of {expected:?}"));
        }
    }
    let reached = sent("the shape", SHAPE)?;
    database.empty();
    let goal =
        database.run(&format!("{}{};\n{SHAPE}", case.given, case.original)).map_err(|error| format!("the original itself: {error}"))?;
    if reached == goal {
        return Ok(());
    }
    let difference = similar::TextDiff::from_lines(&goal, &reached).unified_diff().context_radius(0).to_string();
    Err(format!("it ends in another schema than the original:\n{difference}\n{}", written(&trees.new)))
}
