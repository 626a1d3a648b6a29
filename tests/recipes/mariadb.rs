//! Cases on MariaDB: the command writes and judges, the client program of the database runs the scripts.

use std::fs;

use crate::cases::Case;
use crate::life::{ROWS, Trees, loud, numbered, run, written};
use crate::support::MariaDbDatabase;

const SHAPE: &str = "
SELECT * FROM (
  SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, ' ', is_nullable, ' ', COALESCE(column_default, '-'), ' ',
                COALESCE(collation_name, '-'), ' ', column_comment) AS fact
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
    let plan = run(&trees.new, &["plan", "--format", "json"], 0)?;
    loud(&trees.new, plan.clone())?;
    let name = trees.name();
    run(&trees.new, &["fix", &name, "--exit-code"], 0)?;
    let plan: serde_json::Value = serde_json::from_str(&plan).map_err(|error| error.to_string())?;
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
        let script = effective(&trees, &name, &plan, phase)?;
        for statement in script.iter().filter(|statement| is_understood(statement)) {
            sent(phase, statement)?;
            // Nobody but new releases is left then, and they write between any two statements. Between the view of a
            // renamed table and the table of that name there is a moment with neither.
            for write in case.new.iter().filter(|_| phase == "contract" && !statement.starts_with("DROP VIEW")) {
                sent(&format!("behind `{statement}`"), write)?;
            }
        }
        let releases: &[&[&str]] = if phase == "contract" { &[case.new] } else { &[case.old, case.new, case.old] };
        for statement in releases.iter().copied().flatten() {
            sent(phase, statement)?;
        }
        // What an old release wrote since the backfill is filled once more, as the gate demands.
        if phase == "backfill" {
            for statement in &script {
                sent(phase, statement)?;
            }
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
    let reached = match case.renamed {
        Some((from, to)) => sorted(&reached.replace(from, to)),
        None => sorted(&reached),
    };
    let goal =
        database.run(&format!("{}{};\n{SHAPE}", case.given, case.original)).map_err(|error| format!("the original itself: {error}"))?;
    let goal = sorted(&goal);
    if reached == goal {
        return Ok(());
    }
    let difference = similar::TextDiff::from_lines(&goal, &reached).unified_diff().context_radius(0).to_string();
    Err(format!("it ends in another schema than the original:\n{difference}\n{}", written(&trees.new)))
}

/// The statements of a phase as `plan` tells them: those of `[[sync]]` in full, the file's own where they stand among them.
fn effective(trees: &Trees, name: &str, plan: &serde_json::Value, phase: &str) -> Result<Vec<String>, String> {
    let folder = trees.new.join("migrations");
    let file = fs::read_to_string(folder.join(name).join(format!("{phase}.sql"))).ok();
    let flat = || fs::read_to_string(folder.join(format!("{name}.sql"))).ok().filter(|_| phase == "expand");
    let file = file.or_else(flat).unwrap_or_default();
    let mut own = statements_of(&file).into_iter();
    let listed = |list: &serde_json::Value| list.as_array().cloned().unwrap_or_default();
    let migrations = listed(&plan["migrations"]);
    let phases = migrations.iter().filter(|migration| migration["id"] == name).flat_map(|migration| listed(&migration["phases"]));
    let planned = phases.filter(|planned| planned["phase"] == phase).flat_map(|planned| listed(&planned["statements"]));
    let statements: Vec<String> =
        planned.filter_map(|statement| statement["text"].as_str().map(str::to_owned).or_else(|| own.next())).collect();
    match own.next() {
        None => Ok(statements),
        Some(missing) => Err(format!("the plan of {phase} does not tell `{missing}`: {statements:#?}")),
    }
}

/// The statements of a file, parted as the client program parts them.
pub(crate) fn statements_of(file: &str) -> Vec<String> {
    let (mut statements, mut delimiter) = (vec![String::new()], ";");
    for line in file.lines().filter(|line| !line.starts_with("--")) {
        if let Some(next) = line.strip_prefix("DELIMITER ") {
            delimiter = next;
            continue;
        }
        let mut parts = line.split(delimiter);
        for (place, part) in parts.by_ref().enumerate() {
            if place > 0 {
                statements.push(String::new());
            }
            if let Some(last) = statements.last_mut() {
                last.push_str(part);
                last.push('\n');
            }
        }
    }
    statements.iter().map(|statement| statement.trim().to_owned()).filter(|statement| !statement.is_empty()).collect()
}

/// MariaDB has no NOT ENFORCED, which states a rule of MySQL and demands nothing.
pub(crate) fn is_understood(statement: &str) -> bool {
    !statement.ends_with("NOT ENFORCED")
}

fn sorted(shape: &str) -> String {
    let mut lines: Vec<&str> = shape.lines().collect();
    lines.sort_unstable();
    lines.iter().map(|line| format!("{line}\n")).collect()
}
