//! Every form of the manuals is read, into the operations and over the bytes that it should be.

use super::dispatch::statement;
use crate::schema::{Dialect, Operation, Server};
use crate::sql::{Clause, Span};

fn read(dialect: Dialect, sql: &str) -> Vec<Clause> {
    statement(sql, Span::new(0, sql.len()), Server::oldest(dialect))
}

fn refusal(clauses: &[Clause]) -> Option<&str> {
    clauses.iter().find_map(|clause| match &clause.operation {
        Operation::Opaque(opaque) => Some(opaque.reason.as_str()),
        _ => None,
    })
}

/// The statements of a probe file: one a line, `--` in front of a comment.
fn probes(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("--"))
}

fn assert_all_read(dialect: Dialect, file: &'static str) {
    let unread: Vec<String> =
        probes(file).filter_map(|sql| refusal(&read(dialect, sql)).map(|reason| format!("{sql}\n    {reason}"))).collect();
    assert!(unread.is_empty(), "{} of {} not read:\n{}", unread.len(), probes(file).count(), unread.join("\n"));
}

fn assert_none_read(dialect: Dialect, file: &'static str) {
    let accepted: Vec<&str> = probes(file).filter(|sql| refusal(&read(dialect, sql)).is_none()).collect();
    assert!(accepted.is_empty(), "read although {dialect} rejects them:\n{}", accepted.join("\n"));
}

/// `Variant | clause text` for each clause.
fn outline(dialect: Dialect, sql: &str) -> Vec<String> {
    read(dialect, sql)
        .iter()
        .map(|clause| {
            let debug = format!("{:?}", clause.operation);
            let variant = debug.split([' ', '(']).next().unwrap_or_default();
            format!("{variant} | {}", &sql[clause.span.range()])
        })
        .collect()
}

#[test]
fn postgres_forms_are_read() {
    assert_all_read(Dialect::Postgres, include_str!("../../../tests/probes/postgres.sql"));
}

#[test]
fn sqlite_forms_are_read() {
    assert_all_read(Dialect::Sqlite, include_str!("../../../tests/probes/sqlite.sql"));
}

#[test]
fn what_sqlite_rejects_is_refused() {
    assert_none_read(Dialect::Sqlite, include_str!("../../../tests/probes/refused/sqlite.sql"));
}

#[test]
fn mysql_forms_are_read() {
    assert_all_read(Dialect::Mysql, include_str!("../../../tests/probes/mysql.sql"));
}

#[test]
fn what_mysql_rejects_is_refused() {
    assert_none_read(Dialect::Mysql, include_str!("../../../tests/probes/refused/mysql.sql"));
}

#[test]
fn what_postgres_rejects_is_refused() {
    assert_none_read(Dialect::Postgres, include_str!("../../../tests/probes/refused/postgres.sql"));
}

#[test]
fn each_clause_has_its_own_bytes() {
    let sql = "ALTER TABLE t ADD COLUMN a int, DROP b CASCADE , ALTER c TYPE text USING c::text, OWNER TO x";
    assert_eq!(
        outline(Dialect::Postgres, sql),
        [
            "AddColumn | ADD COLUMN a int",
            "DropColumn | DROP b CASCADE",
            "AlterColumn | ALTER c TYPE text USING c::text",
            "Access | OWNER TO x"
        ]
    );
    assert_eq!(
        outline(Dialect::Mysql, "ALTER TABLE t ENGINE=InnoDB ROW_FORMAT=DYNAMIC, CHANGE a b INT, ADD (c INT, d INT)"),
        [
            "AlterTable | ENGINE=InnoDB",
            "AlterTable | ROW_FORMAT=DYNAMIC",
            "RenameColumn | CHANGE a b INT",
            "AlterColumn | CHANGE a b INT",
            "AddColumn | c INT",
            "AddColumn | d INT"
        ]
    );
    assert_eq!(outline(Dialect::Postgres, "DROP TABLE IF EXISTS a, s.b CASCADE"), ["DropTable | a", "DropTable | s.b"]);
    assert_eq!(outline(Dialect::Mysql, "RENAME TABLE a TO b, c TO d"), ["RenameTable | a TO b", "RenameTable | c TO d"]);
}

#[test]
fn flags_of_the_dangerous_forms_are_kept() {
    let only = |dialect, sql: &str| read(dialect, sql).remove(0).operation;
    assert!(matches!(
        only(Dialect::Postgres, "DROP INDEX CONCURRENTLY IF EXISTS s.i"),
        Operation::DropIndex { concurrently: true, if_exists: true, cascade: false, .. }
    ));
    assert!(matches!(
        only(Dialect::Postgres, "ALTER TABLE t DETACH PARTITION p CONCURRENTLY"),
        Operation::DetachPartition { concurrently: true, finalize: false, .. }
    ));
    assert!(matches!(
        only(Dialect::Postgres, "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i"),
        Operation::AddConstraint(add) if add.using_index.is_some()
    ));
    assert!(matches!(
        only(Dialect::Postgres, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"),
        Operation::AddConstraint(add) if add.constraint.validity == crate::schema::table::Validity::NotValid
    ));
    assert!(matches!(only(Dialect::Postgres, "REINDEX (CONCURRENTLY) TABLE t"), Operation::Reindex { concurrently: true, .. }));
    assert!(matches!(
        only(Dialect::Postgres, "ALTER TABLE t DISABLE TRIGGER ALL"),
        Operation::AlterTable { change: crate::schema::operation::TableChange::Trigger { name: None, enabled: false }, .. }
    ));
    assert!(matches!(
        only(Dialect::Postgres, "EXPLAIN ANALYZE DELETE FROM t"),
        Operation::ChangeData(change) if change.nested
    ));
    assert!(matches!(only(Dialect::Postgres, "EXPLAIN DELETE FROM t"), Operation::Query { .. }));
}

#[test]
fn do_shows_the_statements_inside_it_at_their_own_bytes() {
    let sql = "DO $x$ BEGIN IF NOT EXISTS (SELECT 1 FROM u) THEN ALTER TABLE t ADD a int; ELSE DROP TABLE v; END IF; EXECUTE 'DROP VIEW w'; END $x$";
    assert_eq!(
        outline(Dialect::Postgres, sql),
        [format!("Block | {sql}"), "AddColumn | ADD a int".to_owned(), "DropTable | v".to_owned(), "DropView | w".to_owned()]
    );
    let dynamic = |sql: &str| match &read(Dialect::Postgres, sql)[0].operation {
        Operation::Block(block) => block.dynamic,
        other => panic!("{other:?}"),
    };
    assert!(!dynamic(sql));
    assert!(dynamic("DO $$ BEGIN EXECUTE format('DROP TABLE %I', x); END $$"));
    assert!(dynamic("DO $$ BEGIN FOR r IN EXECUTE q LOOP NULL; END LOOP; END $$"));
    // Doubled quotes: the clause is the literal as a whole.
    let quoted = "DO 'BEGIN ALTER TABLE t ALTER c SET DEFAULT ''x''; END'";
    assert_eq!(outline(Dialect::Postgres, quoted)[1], format!("AlterColumn | {}", &quoted[3..]));
}
