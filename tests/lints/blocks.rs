//! DO blocks, routines, guards and transactions: what runs is judged where it stands, and what does not happen is not.

use concertina::lint::{Judge, Placed, Policy, Replay};
use concertina::migration::MigrationId;
use concertina::schema::table::Knowledge;
use concertina::schema::{Dialect, Phase, Server};
use concertina::sql::{self, Source};

const TODAY: jiff::civil::Date = jiff::civil::Date::constant(2026, 11, 21);
const USERS: &str = "CREATE TABLE users (id bigint PRIMARY KEY, name varchar(80), nick varchar(40));
    CREATE TABLE orders (id bigint PRIMARY KEY, total integer);
    CREATE TYPE mood AS ENUM ('fine');";

/// What is found, each with the first line of the text that it points at.
fn found(dialect: Dialect, given: &str, phase: Phase, text: &str) -> Vec<(String, String)> {
    let server = Server::oldest(dialect);
    let mut replay = Replay::new(server, Knowledge::Known, Policy::of(TODAY));
    let read = |path: &str, text: &str| sql::read(&Source::new(path, text), server);
    let given = read("m/1/expand.sql", given);
    replay.script(Placed { migration: &MigrationId::new("1"), phase: Phase::Expand, script: &given, allowances: &[] }, Judge::No);
    let script = read("m/2/expand.sql", text);
    let report = replay.script(Placed { migration: &MigrationId::new("2"), phase, script: &script, allowances: &[] }, Judge::Yes);
    let findings = report.findings.into_iter();
    findings
        .map(|finding| {
            let at = &text[finding.span.range()];
            (finding.lint.to_string(), at.lines().next().unwrap_or_default().to_owned())
        })
        .collect()
}

fn expand(text: &str) -> Vec<(String, String)> {
    found(Dialect::Postgres, USERS, Phase::Expand, text)
}

fn ids(text: &str) -> Vec<String> {
    expand(text).into_iter().map(|(lint, _)| lint).collect()
}

fn pair(lint: &str, at: &str) -> (String, String) {
    (lint.to_owned(), at.to_owned())
}

#[test]
fn static_statements_of_a_block_are_judged_where_they_stand() {
    let text = "DO $body$
DECLARE
  n integer := 0;
  r record;
BEGIN
  IF n = 0 THEN
    ALTER TABLE users DROP COLUMN nick;
  ELSIF n = 1 THEN
    NULL;
  ELSE
    BEGIN
      CREATE INDEX users_name ON users (name);
    EXCEPTION WHEN duplicate_table THEN
      RAISE NOTICE 'there';
    END;
  END IF;
  FOR r IN SELECT id FROM users LOOP
    DELETE FROM orders WHERE total = r.id;
  END LOOP;
  EXECUTE 'DROP TABLE orders';
END $body$;";
    assert_eq!(
        expand(text),
        [
            pair("drop-column", "DROP COLUMN nick"),
            pair("create-index-blocks-writes", "CREATE INDEX users_name ON users (name)"),
            pair("slow-statement-under-lock", "CREATE INDEX users_name ON users (name)"),
            pair("backfill-outside-backfill-phase", "DELETE FROM orders WHERE total = r.id"),
            pair("slow-statement-under-lock", "DELETE FROM orders WHERE total = r.id"),
            pair("access-exclusive-on-many-tables", "orders"),
            pair("drop-table", "orders"),
        ]
    );
}

#[test]
fn a_guard_is_believed() {
    for text in [
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('fine'); END IF; END $$;",
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('fine'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM information_schema.columns WHERE column_name = 'nick') THEN
           ALTER TABLE users ADD COLUMN nick varchar(40) NOT NULL; END IF; END $$;",
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_class WHERE relname = 'gone') THEN DROP TABLE gone; END IF; END $$;",
        "DO $$ BEGIN IF to_regclass('gone') IS NOT NULL THEN ALTER TABLE gone DROP COLUMN a; CREATE INDEX i ON gone (b); END IF; END $$;",
        "ALTER TABLE IF EXISTS gone DROP COLUMN a, ALTER COLUMN b TYPE text;",
        "ALTER TABLE IF EXISTS ONLY public.gone ADD COLUMN a integer NOT NULL;",
        "DROP TABLE IF EXISTS gone;",
    ] {
        assert_eq!(expand(text), [], "{text}");
    }
    assert_eq!(ids("ALTER TABLE gone ADD COLUMN a integer;"), ["replay-mismatch"]);
    assert_eq!(ids("ALTER TABLE IF EXISTS users DROP COLUMN nick;"), ["drop-column"]);
    let taken =
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'size') THEN CREATE TYPE size AS ENUM ('s'); END IF; END $$;
        CREATE TABLE shirts (id bigint PRIMARY KEY, size size NOT NULL DEFAULT 's'); ALTER TYPE size ADD VALUE 'm';";
    assert_eq!(expand(taken), []);
}

#[test]
fn a_constant_is_read_and_what_is_built_is_told() {
    assert_eq!(ids("DO $$ BEGIN EXECUTE 'ALTER TABLE users DROP COLUMN nick'; END $$;"), ["drop-column"]);
    assert_eq!(ids("DO $$ BEGIN EXECUTE $q$ALTER TABLE users DROP COLUMN nick$q$; END $$;"), ["drop-column"]);
    assert_eq!(ids("DO $$ BEGIN EXECUTE 'ALTER TABLE users ' || 'DROP COLUMN nick'; END $$;"), ["drop-column"]);
    assert_eq!(ids("DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN %I', 'users', 'nick'); END $$;"), ["drop-column"]);
    assert_eq!(ids("DO $$ BEGIN EXECUTE format('ALTER TABLE %1$I DROP COLUMN %2$s', 'users', 'nick'); END $$;"), ["drop-column"]);
    assert_eq!(ids("DO $$ DECLARE t text := 'users'; BEGIN EXECUTE 'DROP TABLE ' || t; END $$;"), ["dynamic-sql-unanalysed"]);
    assert_eq!(ids("DO $$ DECLARE t text := 'users'; BEGIN EXECUTE format('DROP TABLE %I', t); END $$;"), ["dynamic-sql-unanalysed"]);
    assert_eq!(ids("DO LANGUAGE plpython3u $$ plpy.execute('DROP TABLE users') $$;"), ["dynamic-sql-unanalysed"]);
    assert_eq!(ids("CALL upgrade();"), ["dynamic-sql-unanalysed"]);
}

#[test]
fn a_definition_runs_nothing_and_a_call_runs_the_body() {
    let define = "CREATE FUNCTION upgrade() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE users DROP COLUMN nick; END $$;";
    assert_eq!(expand(define), []);
    assert_eq!(expand(&format!("{define} SELECT upgrade();")), [pair("drop-column", "SELECT upgrade()")]);
    assert_eq!(expand(&format!("{define} DO $$ BEGIN PERFORM upgrade(); END $$;")), [pair("drop-column", "PERFORM upgrade()")]);
    let nested = format!("{define} CREATE PROCEDURE all_of_it() LANGUAGE plpgsql AS $$ BEGIN PERFORM upgrade(); END $$; CALL all_of_it();");
    assert_eq!(ids(&nested), ["drop-column"]);
    let plain = "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM users; TRUNCATE orders'; SELECT wipe();";
    assert!(ids(plain).contains(&"unbounded-dml".to_owned()), "{:?}", ids(plain));
    let dynamic = "CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$;";
    assert_eq!(expand(dynamic), []);
    assert_eq!(ids(&format!("{dynamic} SELECT f('users');")), ["dynamic-sql-unanalysed"]);
    let fill = |parameters: &str, condition: &str| {
        format!(
            "CREATE FUNCTION g({parameters}) RETURNS void LANGUAGE sql AS 'UPDATE users SET nick = name WHERE {condition}'; SELECT g();"
        )
    };
    assert_eq!(ids(&fill("", "nick IS NULL")), ["backfill-outside-backfill-phase"]);
    assert_eq!(ids(&fill("which bigint DEFAULT 1", "id = which")), [""; 0]);
    let trigger = "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.nick := NEW.name; RETURN NEW; END $$;
        CREATE TRIGGER fill BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fill();";
    assert!(expand(trigger).iter().all(|(lint, _)| lint == "create-trigger-blocks-writes"), "{:?}", expand(trigger));
}

#[test]
fn the_body_of_a_procedure_of_mysql_is_read() {
    let judged = |text: &str| found(Dialect::Mysql, "CREATE TABLE users (id bigint PRIMARY KEY, nick varchar(40));", Phase::Expand, text);
    let define = "DELIMITER //
CREATE PROCEDURE upgrade()
BEGIN
  DECLARE n INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
  again: WHILE n < 1 DO
    IF n = 0 THEN
      ALTER TABLE users DROP COLUMN nick;
    END IF;
    SET n = n + 1;
  END WHILE;
END //
DELIMITER ;
";
    assert_eq!(judged(define), []);
    assert_eq!(judged(&format!("{define}CALL upgrade();")), [pair("drop-column", "CALL upgrade()")]);
    let dynamic = "CREATE PROCEDURE run(q text) BEGIN SET @q = q; PREPARE s FROM @q; EXECUTE s; END;";
    assert_eq!(judged(dynamic), []);
    assert_eq!(
        judged(&format!("{dynamic}\nCALL run('DROP TABLE users');")),
        [pair("dynamic-sql-unanalysed", "CALL run('DROP TABLE users')")]
    );
}

#[test]
fn what_a_call_does_stays_done() {
    let text = "CREATE PROCEDURE make() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE made (id bigint PRIMARY KEY, a integer); END $$;
        CALL make(); CREATE INDEX made_a ON made (a); ALTER TABLE made DROP COLUMN a; DROP TABLE made;";
    assert_eq!(expand(text), []);
}

#[test]
fn what_is_rolled_back_is_undone() {
    let text = "BEGIN; CREATE TABLE trial (id bigint PRIMARY KEY); ROLLBACK; CREATE TABLE trial (id bigint PRIMARY KEY); DROP TABLE trial;";
    assert_eq!(ids(text), ["transaction-control"]);
    let gone = "BEGIN; DROP TABLE users; ROLLBACK; ALTER TABLE users ADD COLUMN age integer;";
    assert_eq!(ids(gone), ["drop-table", "transaction-control", "wildcard-result-shape"]);
}

#[test]
fn rows_from_the_client_are_told_once() {
    assert_eq!(ids("COPY users (id, name) FROM STDIN;\n1\tx\n\\.\n"), ["client-meta-command"]);
}

#[test]
fn a_few_rows_may_be_changed_in_expand() {
    for text in [
        "INSERT INTO users (id, name) VALUES (1, 'system'), (2, 'guest') ON CONFLICT DO NOTHING;",
        "UPDATE users SET nick = 'x' WHERE users.id = 5;",
        "UPDATE users u SET nick = 'x' WHERE u.id IN (1, 2, 3) AND nick IS NULL;",
        "DELETE FROM users WHERE id = 7;",
        "INSERT INTO orders (id, total) SELECT id, 1 FROM users WHERE id = 3;",
        "INSERT INTO orders (id, total) SELECT x, 1 FROM (VALUES (1), (2)) AS v(x) WHERE NOT EXISTS (SELECT FROM orders WHERE id = x);",
    ] {
        assert_eq!(expand(text), [], "{text}");
    }
    for text in [
        "UPDATE users SET nick = 'x' WHERE nick = 'y';",
        "DELETE FROM users WHERE id > 7;",
        "INSERT INTO orders (id, total) SELECT id, 1 FROM users;",
        "UPDATE users SET nick = 'x' WHERE id IN (SELECT id FROM orders);",
    ] {
        assert_eq!(ids(text), ["backfill-outside-backfill-phase"], "{text}");
    }
}
