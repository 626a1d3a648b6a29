//! Whole migrations through the engine: what is written is silent, ends in the same schema and is not changed again.

use super::*;
use crate::lint::{Judge, Placed, Policy};
use crate::schema::table::Knowledge;
use crate::schema::{Dialect, Server, ServerVersion};
use crate::sql::{self, Source};

const SHOP: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80) NOT NULL, nick text, age integer, email text, code text NOT NULL);\n\
    CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total integer NOT NULL);\n\
    CREATE INDEX users_nick ON users (nick);\n";

fn past(dialect: Dialect, given: &str) -> Replay {
    let server = Server { dialect, version: ServerVersion::oldest(dialect) };
    let mut past = Replay::new(server, Knowledge::Known, Policy::of(jiff::civil::date(2026, 11, 21)));
    let script = sql::read(&Source::new("1_base.sql", given), server);
    past.script(Placed { migration: &MigrationId::new("1_base"), phase: Phase::Expand, script: &script, allowances: &[] }, Judge::No);
    past
}

fn fixed(dialect: Dialect, text: &str) -> Fixed {
    fixed_in(dialect, SHOP, text)
}

fn fixed_in(dialect: Dialect, given: &str, text: &str) -> Fixed {
    let past = past(dialect, given);
    let migration = MigrationId::new("2_change");
    let paths = Phase::ALL.map(|phase| format!("2_change/{phase}.sql"));
    let mut views = Views::default();
    views.follow(&sql::read(&Source::new("1_base.sql", given), past.server()), dialect);
    let case = Case {
        past: &past,
        views: &views,
        migration: &migration,
        paths,
        settings_path: "2_change/migration.toml".to_owned(),
        wishes: Wishes::default(),
        allowances: &[],
    };
    let fixed = fix(&case, Draft::new([(Phase::Expand, text.to_owned())], String::new()));
    let again = fix(&case, fixed.draft.clone());
    for phase in Phase::ALL {
        assert_eq!(again.draft.text(phase), fixed.draft.text(phase), "a second fix changes the first");
    }
    fixed
}

#[track_caller]
fn check(text: &str, expand: &str, backfill: &str, contract: &str) {
    let fixed = fixed(Dialect::Postgres, text);
    let left: Vec<_> = fixed.left.iter().map(|left| (left.finding.lint, &left.reason)).collect();
    assert!(left.is_empty(), "{left:?}");
    let texts = Phase::ALL.map(|phase| fixed.draft.text(phase));
    assert_eq!(texts, [expand, backfill, contract]);
}

#[test]
fn what_is_safe_keeps_its_text() {
    let text = "-- why\nCREATE   TABLE notes (id bigint PRIMARY KEY); -- odd\n\nALTER TABLE users ADD bio text\n";
    check(text, text, "", "");
}

#[test]
fn a_clause_leaves_its_list() {
    check(
        "ALTER TABLE users ADD a int, DROP COLUMN nick, ADD b int;\n",
        "ALTER TABLE users ADD a int;\nALTER TABLE users ADD b int;\n",
        "",
        "ALTER TABLE users DROP COLUMN nick;\n",
    );
}

#[test]
fn a_transaction_stays_where_nothing_needs_to_leave_it() {
    check(
        "BEGIN;\nALTER TABLE users ADD a int;\n\n-- unused\nDROP TABLE orders;\n\nCREATE TABLE b (c int);\nCOMMIT;\n",
        "BEGIN;\nALTER TABLE users ADD a int;\n\nCREATE TABLE b (c int);\nCOMMIT;\n",
        "",
        "-- unused\nDROP TABLE orders;\n",
    );
}

#[test]
fn a_transaction_is_dissolved_where_something_must() {
    check(
        "BEGIN;\nSET LOCAL lock_timeout = '1s';\nCREATE TABLE b (c int);\nCREATE INDEX orders_user ON orders (user_id);\nCOMMIT;\n",
        "CREATE TABLE b (c int);\nCREATE INDEX CONCURRENTLY orders_user ON orders (user_id);\n",
        "",
        "",
    );
}

#[test]
fn what_builds_on_a_backfill_follows_it() {
    check(
        "ALTER TABLE users ADD plan text DEFAULT 'free';\nUPDATE users SET plan = 'old' WHERE plan IS NULL;\nALTER TABLE users ALTER plan SET NOT NULL;\n",
        "ALTER TABLE users ADD plan text DEFAULT 'free';\n",
        "UPDATE users SET plan = 'old' WHERE plan IS NULL;\n",
        "ALTER TABLE users ADD CONSTRAINT users_plan_not_null CHECK (plan IS NOT NULL) NOT VALID;\n\
         ALTER TABLE users VALIDATE CONSTRAINT users_plan_not_null;\n\
         ALTER TABLE users ALTER COLUMN plan SET NOT NULL;\n\
         ALTER TABLE users DROP CONSTRAINT users_plan_not_null;\n",
    );
}

#[test]
fn a_validation_that_the_cure_does_is_not_done_twice() {
    check(
        "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT adult;\n",
        "",
        "",
        "ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 17) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT adult;\n",
    );
}

#[test]
fn a_required_column_goes_in_two_phases() {
    check(
        "ALTER TABLE users DROP COLUMN code;\n",
        "ALTER TABLE users ALTER COLUMN code DROP NOT NULL;\n",
        "",
        "ALTER TABLE users DROP COLUMN code;\n",
    );
}

#[test]
fn a_column_brings_its_constraints_each_to_its_phase() {
    check(
        "ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE CHECK (token <> '00000000-0000-0000-0000-000000000000');\n",
        "ALTER TABLE users ADD COLUMN token uuid;\n\
         ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();\n\
         CREATE UNIQUE INDEX CONCURRENTLY users_token_key ON users (token);\n\
         ALTER TABLE users ADD CONSTRAINT users_token_key UNIQUE USING INDEX users_token_key;\n\
         ALTER TABLE users ADD CONSTRAINT users_token_check CHECK (token <> '00000000-0000-0000-0000-000000000000') NOT VALID;\n\
         ALTER TABLE users VALIDATE CONSTRAINT users_token_check;\n",
        "UPDATE users SET token = gen_random_uuid() WHERE token IS NULL;\n",
        "ALTER TABLE users ADD CONSTRAINT users_token_not_null CHECK (token IS NOT NULL) NOT VALID;\n\
         ALTER TABLE users VALIDATE CONSTRAINT users_token_not_null;\n\
         ALTER TABLE users ALTER COLUMN token SET NOT NULL;\n\
         ALTER TABLE users DROP CONSTRAINT users_token_not_null;\n",
    );
}

#[test]
fn a_renamed_column_takes_along_what_it_has() {
    let text = "ALTER TABLE users RENAME COLUMN nick TO handle;\n";
    let fixed = fixed(Dialect::Postgres, text);
    assert_eq!(fixed.draft.settings(), "[[sync]]\ntable = \"users\"\nold = \"nick\"\nnew = \"handle\"\n");
    assert_eq!(fixed.draft.text(Phase::Expand), "CREATE INDEX CONCURRENTLY users_handle ON users (handle);\n");
    assert_eq!(fixed.draft.text(Phase::Contract), "ALTER TABLE users DROP COLUMN nick;\n");
}

#[test]
fn a_column_of_another_type_goes_by_another_name() {
    let fixed = fixed(Dialect::Postgres, "ALTER TABLE users ALTER COLUMN age TYPE bigint;\n");
    assert!(fixed.left.is_empty());
    assert_eq!(fixed.draft.settings(), "[[sync]]\ntable = \"users\"\nold = \"age\"\nnew = \"age_bigint\"\ntype = \"bigint\"\n");
    assert_eq!(Phase::ALL.map(|phase| fixed.draft.text(phase)), ["", "", "ALTER TABLE users DROP COLUMN age;\n"]);
}

#[test]
fn a_redefinition_is_read_for_what_it_changes() {
    let text = "ALTER TABLE users CHANGE nick handle varchar(40) NOT NULL DEFAULT 'x', MODIFY email varchar(200) NOT NULL;\n";
    let shop = SHOP.replace("text", "varchar(100)");
    let fixed = fixed_in(Dialect::Mysql, &shop, text);
    assert!(fixed.left.is_empty(), "{:?}", fixed.left);
    assert!(fixed.draft.settings().contains("new = \"handle\"\ntype = \"character varying(40)\""), "{}", fixed.draft.settings());
    assert!(fixed.draft.settings().contains("new = \"email_character\""), "{}", fixed.draft.settings());
}

#[test]
fn a_renamed_table_is_served_by_a_view() {
    check(
        "BEGIN;\nALTER TABLE users RENAME TO people;\nALTER TABLE people ADD bio text;\nCOMMIT;\n",
        "BEGIN;\nALTER TABLE users RENAME TO people;\nCREATE VIEW users AS SELECT * FROM people;\nCOMMIT;\nALTER TABLE people ADD bio text;\n",
        "",
        "DROP VIEW users;\n",
    );
}

#[test]
fn what_somebody_answers_for_stays() {
    let text = "-- migrate: allow(drop-table) reason=\"an import of one night\"\nDROP TABLE orders;\n";
    check(text, text, "", "");
}

#[test]
fn what_cannot_be_fixed_is_left_with_its_reason() {
    let text = "DO $$ BEGIN DROP TABLE orders; ALTER TABLE users DROP COLUMN nick; END $$;\nTHIS IS NO SQL;\n";
    let fixed = fixed(Dialect::Postgres, text);
    assert_eq!(fixed.draft.text(Phase::Expand), text);
    let reasons: Vec<&str> = fixed.left.iter().map(|left| left.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("cannot be cut")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("no files")), "{reasons:?}");
}

/// The reason why a change stays as it is.
fn refusal(given: &str, text: &str) -> String {
    let fixed = fixed_in(Dialect::Postgres, given, text);
    assert_eq!(fixed.draft.text(Phase::Expand), text);
    fixed.left.first().map(|left| left.reason.clone()).unwrap_or_default()
}

#[test]
fn a_column_that_something_stands_on_is_refused_with_what_to_do() {
    let given = "CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer GENERATED ALWAYS AS (a + 1) STORED, c integer, d integer);\n\
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.c := 1; RETURN NEW; END $$;\n\
        CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();\n\
        CREATE MATERIALIZED VIEW m AS SELECT d FROM t;\n";
    for (column, reason) in [
        ("a", "`t.a` is what `b` is computed from"),
        ("c", "let contract.sql replace it by one that names `n`"),
        ("d", "which stores rows"),
    ] {
        let told = refusal(given, &format!("ALTER TABLE t RENAME COLUMN {column} TO n;\n"));
        assert!(told.contains(reason), "{told}");
    }
}

#[test]
fn a_view_that_means_another_column_is_left() {
    let given = "CREATE TABLE t (id integer PRIMARY KEY, a integer);\n";
    for (view, reason) in [
        ("SELECT a AS n FROM t", "which names `n` already"),
        ("SELECT *, 1 FROM t", "names of its columns are not told"),
        ("SELECT a + 1 FROM t", "names of its columns are not told"),
        ("SELECT x.a FROM t x JOIN elsewhere e ON e.id = x.id", "whose columns are not known"),
    ] {
        let told = refusal(&format!("{given}CREATE VIEW v AS {view};\n"), "ALTER TABLE t RENAME COLUMN a TO n;\n");
        assert!(told.contains(reason), "{view}: {told}");
    }
}

const FAMILY: &str = "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, age integer);\n\
    CREATE TABLE posts (id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE);\n";

#[test]
fn a_rebuild_that_relaxes_stays_in_one_transaction() {
    let text = "-- loose\nPRAGMA foreign_keys=OFF;\nCREATE TABLE new_users (id integer PRIMARY KEY, name text, age integer); -- odd\n\
        INSERT INTO new_users SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE new_users RENAME TO users;\nPRAGMA foreign_keys=ON;\n";
    let fixed = fixed_in(Dialect::Sqlite, FAMILY, text);
    let expected = "-- loose\nPRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE new_users (id integer PRIMARY KEY, name text, age integer); -- odd\n\
        INSERT INTO new_users SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE new_users RENAME TO users;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n";
    assert_eq!(Phase::ALL.map(|phase| fixed.draft.text(phase)), [expected, "", ""]);
}

#[test]
fn a_rebuild_that_renames_first_is_turned_round() {
    let text = "BEGIN;\nPRAGMA foreign_keys=OFF;\nALTER TABLE users RENAME TO users_old;\n\
        CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, age integer NOT NULL);\n\
        INSERT INTO users SELECT id, name, coalesce(age, 0) FROM users_old;\nDROP TABLE users_old;\nCOMMIT;\n";
    let fixed = fixed_in(Dialect::Sqlite, FAMILY, text);
    let expected = "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE users_new (id integer PRIMARY KEY, name text NOT NULL, age integer NOT NULL);\n\
        INSERT INTO users_new SELECT id, name, coalesce(age, 0) FROM users;\nDROP TABLE users;\n\
        ALTER TABLE users_new RENAME TO users;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n";
    assert_eq!(Phase::ALL.map(|phase| fixed.draft.text(phase)), ["", "", expected]);
    assert!(fixed.left.is_empty(), "{:?}", fixed.left);
}

#[test]
fn a_rebuild_that_takes_and_adds_comes_in_two() {
    let text = "BEGIN;\nCREATE TABLE u (id integer PRIMARY KEY, name text NOT NULL, bio text, code text NOT NULL DEFAULT 'x', kind text NOT NULL);\n\
        INSERT INTO u (id, kind, name) SELECT id, 'k' || id, name FROM users;\nDROP TABLE users;\nALTER TABLE u RENAME TO users;\nCOMMIT;\n";
    let fixed = fixed_in(Dialect::Sqlite, FAMILY, text);
    let expand = "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users ADD COLUMN code text DEFAULT 'x' NOT NULL;\n\
        ALTER TABLE users ADD COLUMN kind text;\n";
    let contract = "PRAGMA foreign_keys = OFF;\nBEGIN;\n\
        CREATE TABLE u (id integer PRIMARY KEY, name text NOT NULL, bio text, code text NOT NULL DEFAULT 'x', kind text NOT NULL);\n\
        INSERT INTO u (id, name, bio, code, kind) SELECT id, name, bio, code, kind FROM users;\nDROP TABLE users;\n\
        ALTER TABLE u RENAME TO users;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n";
    let texts = Phase::ALL.map(|phase| fixed.draft.text(phase));
    assert_eq!(texts, [expand, "UPDATE users SET kind = 'k' || id WHERE kind IS NULL;\n", contract]);
    assert!(fixed.left.is_empty(), "{:?}", fixed.left);
}

#[test]
fn a_rebuild_whose_copy_is_not_read_is_left() {
    let text = "BEGIN;\nCREATE TABLE u (id integer PRIMARY KEY, name text NOT NULL, bio text);\nINSERT INTO u SELECT DISTINCT id, name, '' FROM users;\n\
        DROP TABLE users;\nALTER TABLE u RENAME TO users;\nCOMMIT;\n";
    assert_eq!(fixed_in(Dialect::Sqlite, FAMILY, text).draft.text(Phase::Expand), text);
}

#[test]
fn a_right_rebuild_is_not_touched() {
    let text = "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE u (id integer PRIMARY KEY, name text, age integer);\nINSERT INTO u SELECT * FROM users;\n\
        DROP TABLE users;\nALTER TABLE u RENAME TO users;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n";
    assert_eq!(fixed_in(Dialect::Sqlite, FAMILY, text).draft.text(Phase::Expand), text);
}
