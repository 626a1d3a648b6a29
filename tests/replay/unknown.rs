//! What the replay says of objects that it did not see in full: unknown, never a guess.

use concertina::schema::operation::Opaque;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Found, Ident, ObjectName, Operation, Origin, Phase, Problem, Schema, Server};
use concertina::sql::{self, Source};

fn name(text: &str) -> ObjectName {
    match text.split_once('.') {
        Some((schema, name)) => ObjectName { schema: Some(Ident::stored(schema)), name: Ident::stored(name) },
        None => ObjectName::bare(Ident::stored(text)),
    }
}

fn origin(migration: &str) -> Origin {
    Origin { migration: migration.into(), phase: Phase::Expand, transaction: 1 }
}

/// Applies a script; yields the problems.
fn apply(schema: &mut Schema, script: &str, origin: &Origin) -> Vec<Problem> {
    let read = sql::read(&Source::new("script.sql", script), Server::oldest(schema.dialect()));
    let clauses = read.statements.iter().flat_map(|statement| &statement.clauses);
    clauses.filter_map(|clause| schema.apply(&clause.operation, origin).err()).collect()
}

/// A statement that nobody can read and that names these.
fn unread(schema: &mut Schema, names: &[&str]) {
    let opaque = Opaque { reason: "unread".to_owned(), names: names.iter().map(|text| name(text)).collect() };
    assert_eq!(schema.apply(&Operation::Opaque(opaque), &origin("m")), Ok(()));
}

fn after(history: Knowledge, script: &str) -> (Schema, Vec<Problem>) {
    let mut schema = Schema::new(Dialect::Postgres, history);
    let problems = apply(&mut schema, script, &origin("m"));
    (schema, problems)
}

#[test]
fn an_unread_statement_makes_exactly_what_it_names_unknown() {
    let (mut schema, problems) = after(
        Knowledge::Known,
        "CREATE TABLE t (a integer); CREATE TABLE u (a integer); CREATE INDEX i ON u (a); CREATE TYPE e AS ENUM ('a');",
    );
    assert_eq!(problems, []);
    unread(&mut schema, &["t", "e", "w"]);
    assert!(matches!(schema.user_type(&name("e")), Found::Stale(_)));
    assert!(matches!(schema.table(&name("t")), Found::Stale(_)));
    assert!(matches!(schema.column(&name("t"), &Ident::stored("b")), Found::Unknown));
    assert!(matches!(schema.column(&name("t"), &Ident::stored("a")), Found::Stale(_)));
    assert!(matches!(schema.table(&name("u")), Found::Known(_)));
    assert!(matches!(schema.column(&name("u"), &Ident::stored("b")), Found::Absent));
    assert!(matches!(schema.table(&name("w")), Found::Unknown), "a name that is not recorded may have been made");
    assert!(matches!(schema.table(&name("v")), Found::Absent));
    unread(&mut schema, &["i"]);
    assert!(matches!(schema.table(&name("u")), Found::Stale(_)), "an index is part of its table");
}

#[test]
fn making_or_dropping_an_object_says_again_what_it_is() {
    let (mut schema, _) = after(Knowledge::Known, "CREATE TABLE t (a integer);");
    unread(&mut schema, &["t", "w"]);
    assert_eq!(apply(&mut schema, "CREATE TABLE t (b text); DROP TABLE w;", &origin("n")), []);
    let table = schema.table(&name("t")).known().expect("a plain CREATE TABLE can only work where nothing is");
    assert_eq!(table.columns.len(), 1);
    assert_eq!(table.origin, origin("n"));
    assert!(schema.table(&name("w")).is_absent());
}

#[test]
fn problems_are_only_told_where_they_are_certain() {
    let script = "ALTER TABLE t ADD COLUMN b text; DROP INDEX i; ALTER TABLE t DROP CONSTRAINT k; DROP VIEW v; INSERT INTO w VALUES (1);";
    let (_, certain) = after(Knowledge::Known, script);
    assert_eq!(certain.len(), 5, "{certain:?}");
    let (_, unsure) = after(Knowledge::Unknown, script);
    assert_eq!(unsure, []);
}

#[test]
fn a_database_with_a_past_keeps_what_the_replay_saw_itself() {
    let (schema, problems) = after(
        Knowledge::Unknown,
        "ALTER TABLE t ADD COLUMN b text; ALTER TABLE t ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; \
         CREATE TABLE n (a integer); DROP TABLE o;",
    );
    assert_eq!(problems, []);
    let old = schema.table(&name("t")).recorded().expect("it was changed, so it exists");
    assert!(old.origin.is_unseen(), "nobody knows who made it");
    assert!(old.proves_not_null(&Ident::stored("c")));
    let new = schema.column(&name("t"), &Ident::stored("b")).recorded().expect("the replay saw it come");
    assert!(new.origin.same_script(&origin("m")));
    assert!(matches!(schema.column(&name("t"), &Ident::stored("z")), Found::Unknown));
    assert!(matches!(schema.table(&name("n")), Found::Known(_)));
    assert!(schema.table(&name("o")).is_absent(), "it was dropped");
    assert!(matches!(schema.table(&name("p")), Found::Unknown));
}

#[test]
fn if_not_exists_makes_nothing_new_where_it_may_find_something() {
    let script = "CREATE TABLE IF NOT EXISTS t (a integer); ALTER TABLE o ADD COLUMN IF NOT EXISTS b text;";
    let (schema, _) = after(Knowledge::Unknown, script);
    assert!(schema.table(&name("t")).recorded().expect("recorded").origin.is_unseen());
    assert!(schema.column(&name("o"), &Ident::stored("b")).recorded().expect("recorded").origin.is_unseen());
    let (schema, _) = after(Knowledge::Known, "CREATE TABLE IF NOT EXISTS t (a integer);");
    assert!(schema.table(&name("t")).known().expect("nothing was there").origin.same_script(&origin("m")));
}

#[test]
fn statements_built_at_run_time_leave_no_certainty_about_absence() {
    let (schema, problems) = after(
        Knowledge::Known,
        "CREATE TABLE t (a integer); DO $$ DECLARE n text := 'x'; BEGIN EXECUTE format('CREATE TABLE %I (a integer)', n); END $$; DROP TABLE x;",
    );
    assert_eq!(problems, []);
    assert!(matches!(schema.table(&name("t")), Found::Known(_)));
    assert!(matches!(schema.table(&name("y")), Found::Unknown));
}

#[test]
fn objects_of_schemas_that_nobody_made_may_exist() {
    let (schema, problems) = after(
        Knowledge::Known,
        "CREATE TABLE t (id uuid REFERENCES auth.users (id)); CREATE SCHEMA app; ALTER TABLE cron.job ADD COLUMN x integer; ALTER TABLE app.missing ADD COLUMN x integer;",
    );
    assert_eq!(problems, [Problem::Missing { kind: "table", name: name("app.missing") }]);
    assert!(matches!(schema.table(&name("auth.users")), Found::Unknown));
    assert!(schema.table(&name("app.other")).is_absent());
}

#[test]
fn names_are_found_along_the_search_path() {
    let (schema, problems) = after(
        Knowledge::Known,
        "CREATE SCHEMA app; CREATE TABLE t (a integer); SET search_path = app, public; CREATE TABLE u (b integer); ALTER TABLE t ADD COLUMN c integer;",
    );
    assert_eq!(problems, []);
    assert_eq!(schema.canonical(&name("u")), name("app.u"));
    assert_eq!(schema.canonical(&name("t")), name("t"));
    assert_eq!(schema.canonical(&name("public.t")), name("t"));
    assert!(matches!(schema.column(&name("t"), &Ident::stored("c")), Found::Known(_)));
}

#[test]
fn mysql_shortens_keys_names_foreign_keys_and_loses_what_modify_does_not_restate() {
    let mut schema = Schema::new(Dialect::Mysql, Knowledge::Known);
    let script = "CREATE TABLE p (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY ab (a, b)); \
        CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, p_id INT NOT NULL DEFAULT 5, v VARCHAR(10), FOREIGN KEY (p_id) REFERENCES p (id)); \
        ALTER TABLE p DROP COLUMN a; ALTER TABLE c MODIFY p_id BIGINT; ALTER TABLE c CHANGE v w VARCHAR(20) NOT NULL; CREATE UNIQUE INDEX u ON c (w); DROP INDEX u ON c;";
    assert_eq!(apply(&mut schema, script, &origin("m")), []);
    let parent = schema.table(&name("p")).known().expect("known");
    assert_eq!(parent.index(&Ident::stored("ab")).expect("the rest of the key stays").keys.len(), 1);
    let child = schema.table(&name("c")).known().expect("known");
    assert!(child.constraint(&Ident::stored("c_ibfk_1")).is_some());
    assert!(child.index(&Ident::stored("p_id")).is_some(), "a foreign key brings its index");
    let column = child.column(&Ident::stored("p_id")).expect("still there");
    assert!(!column.not_null && column.default.is_none(), "MODIFY did not restate them");
    let renamed = child.column(&Ident::stored("w")).expect("CHANGE renames");
    assert!(renamed.not_null && renamed.ty.modifiers == [20]);
    assert!(child.index(&Ident::stored("u")).is_none());
}
