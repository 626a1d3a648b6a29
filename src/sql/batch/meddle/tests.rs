//! What triggers make of a changed row, by their text.

use super::*;
use crate::schema::Server;
use crate::sql::{Span, batch_point};

fn judged(dialect: Dialect, statement: &str, timing: TriggerTiming, body: &str) -> Option<String> {
    let point = batch_point(statement, Span::new(0, statement.len()), Server::oldest(dialect)).expect("it can be cut");
    let language = if dialect == Dialect::Sqlite { "sqlite" } else { "plpgsql" }.to_owned();
    let trigger = TriggerText { name: "t".to_owned(), timing, language, body: body.to_owned(), arguments: String::new() };
    meddles(statement, &point, dialect, &trigger)
}

const FILL: &str = "UPDATE shop.items AS i SET slug = lower(i.name) WHERE i.slug IS NULL AND name IS NOT NULL";

#[test]
fn what_leaves_the_condition_alone_is_let_through() {
    for body in [
        "BEGIN NEW.touched_at := now(); NEW.version = OLD.version + 1; RETURN NEW; END",
        "BEGIN NEW.slug := lower(NEW.name); RETURN NEW; END",
        "BEGIN IF NEW.slug = 'x' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END",
        "DECLARE n int; BEGIN SELECT count(*) INTO n FROM other; INSERT INTO log VALUES (NEW.id); UPDATE other SET slug = 1; RETURN NEW; END;",
        "-- NEW.slug := NULL\nBEGIN /* RETURN NULL */ RETURN NEW; END",
    ] {
        assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body), None, "{body}");
    }
    let after = "BEGIN UPDATE items SET version = 1 WHERE id = NEW.id; RETURN NULL; END";
    assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::After, after), None);
}

#[test]
fn what_undoes_it_is_named() {
    for (body, what) in [
        ("BEGIN NEW.slug := NULL; RETURN NEW; END", "trigger t sets slug"),
        ("BEGIN IF true THEN NEW.\"slug\" = upper(NEW.name); END IF; RETURN NEW; END", "trigger t sets slug"),
        ("BEGIN NEW := OLD; RETURN NEW; END", "trigger t puts another row in the place of the changed one"),
        ("BEGIN SELECT x INTO NEW.slug FROM y; RETURN NEW; END", "trigger t sets slug"),
        ("BEGIN IF OLD.locked THEN RETURN NULL; END IF; RETURN NEW; END", "trigger t may leave the row as it was"),
        ("BEGIN RETURN OLD; END", "trigger t may leave the row as it was"),
        ("BEGIN UPDATE shop.items SET a = 1, slug = NULL WHERE id = NEW.id; RETURN NEW; END", "trigger t sets slug once more"),
        ("BEGIN EXECUTE format('UPDATE %I SET a = 1', TG_TABLE_NAME); RETURN NEW; END", "trigger t runs an UPDATE that it puts together"),
    ] {
        assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body).as_deref(), Some(what), "{body}");
    }
    let soft = "BEGIN UPDATE items SET deleted_at = now() WHERE id = OLD.id; RETURN NULL; END";
    let delete = "DELETE FROM items WHERE expires_at < '2020-01-01'";
    assert_eq!(judged(Dialect::Postgres, delete, TriggerTiming::Before, soft).as_deref(), Some("trigger t may leave the row as it was"));
    assert_eq!(judged(Dialect::Postgres, delete, TriggerTiming::Before, "BEGIN RETURN OLD; END"), None);
}

#[test]
fn what_is_not_understood_counts() {
    for (body, what) in [
        ("BEGIN SELECT x, y INTO NEW.other, NEW.slug FROM z; RETURN NEW; END", "trigger t sets slug"),
        ("BEGIN SELECT x, y INTO STRICT n, NEW.slug FROM z; RETURN NEW; END", "trigger t sets slug"),
        ("BEGIN EXECUTE build(NEW.id); RETURN NEW; END", "trigger t runs SQL that it puts together"),
        ("BEGIN EXECUTE 'INSERT INTO ' || t; RETURN NEW; END", "trigger t runs SQL that it puts together"),
        ("BEGIN EXECUTE 'SELECT refresh(1)'; RETURN NEW; END", "trigger t calls refresh, which nobody looks through"),
        ("BEGIN PERFORM shop.refresh(NEW.id); RETURN NEW; END", "trigger t calls refresh, which nobody looks through"),
        ("BEGIN SELECT lower(f(NEW.id)) INTO n; RETURN NEW; END", "trigger t calls f, which nobody looks through"),
        ("BEGIN PERFORM shop.lower(NEW.id); RETURN NEW; END", "trigger t calls lower, which nobody looks through"),
        (
            "BEGIN INSERT INTO shop.items (id) VALUES (NEW.id) ON CONFLICT (id) DO UPDATE SET slug = NULL; RETURN NEW; END",
            "trigger t may change the row by writing it once more",
        ),
        (
            "BEGIN MERGE INTO items USING y ON true WHEN MATCHED THEN DELETE; RETURN NEW; END",
            "trigger t may change the row by writing it once more",
        ),
        ("BEGIN UPDATE items SET (a, slug) = (1, 2); RETURN NEW; END", "trigger t sets columns of it once more"),
    ] {
        assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body).as_deref(), Some(what), "{body}");
    }
    for body in [
        "BEGIN PERFORM pg_notify('changed', NEW.id::text); RETURN NEW; END",
        "BEGIN EXECUTE 'INSERT INTO log VALUES ($1)' USING NEW.id; RETURN NEW; END",
        "BEGIN INSERT INTO other (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET slug = NULL; RETURN NEW; END",
        "BEGIN INSERT INTO items (id) VALUES (1) ON CONFLICT DO NOTHING; RETURN NEW; END",
        "BEGIN SELECT count(*) INTO n FROM z WHERE NEW.slug = x; RETURN NEW; END",
        "BEGIN SELECT x INTO NEW.other FROM z; RETURN NEW; END",
    ] {
        assert_eq!(judged(Dialect::Postgres, FILL, TriggerTiming::Before, body), None, "{body}");
    }
}

#[test]
fn a_head_of_sqlite_that_is_not_read_counts() {
    let fill = "UPDATE items SET slug = lower(name) WHERE slug IS NULL";
    for body in ["CREATE TRIGGER t AFTER UPDATE ON items", "CREATE TRIGGER t items BEGIN SELECT 1; END"] {
        assert_eq!(judged(Dialect::Sqlite, fill, TriggerTiming::After, body).as_deref(), Some("trigger t was not read"), "{body}");
    }
}

#[test]
fn triggers_of_sqlite_are_read_with_their_heads() {
    let fill = "UPDATE items SET slug = lower(name) WHERE slug IS NULL";
    for (body, what) in [
        ("CREATE TRIGGER t AFTER UPDATE ON items BEGIN UPDATE items SET at = 1 WHERE id = NEW.id; END", None),
        ("CREATE TRIGGER t AFTER UPDATE OF name ON items BEGIN UPDATE items SET slug = NULL WHERE id = NEW.id; END", None),
        ("CREATE TRIGGER t AFTER INSERT ON items BEGIN UPDATE items SET slug = NULL; END", None),
        (
            "CREATE TRIGGER t AFTER UPDATE OF slug ON items BEGIN UPDATE items SET slug = NULL WHERE id = NEW.id; END",
            Some("trigger t sets slug once more"),
        ),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON items WHEN OLD.locked BEGIN SELECT RAISE(IGNORE); END",
            Some("trigger t may leave the row as it was"),
        ),
    ] {
        assert_eq!(judged(Dialect::Sqlite, fill, TriggerTiming::After, body).as_deref(), what, "{body}");
    }
}

#[test]
fn what_nobody_looks_through_counts_as_meddling() {
    let point = batch_point(FILL, Span::new(0, FILL.len()), Server::oldest(Dialect::Postgres)).expect("it can be cut");
    let judged = |timing, language: &str, body: &str, arguments: &str| {
        let trigger = TriggerText {
            name: "t".to_owned(),
            timing,
            language: language.to_owned(),
            body: body.to_owned(),
            arguments: arguments.to_owned(),
        };
        meddles(FILL, &point, Dialect::Postgres, &trigger)
    };
    assert!(judged(TriggerTiming::Before, "plperl", "return;", "").is_some());
    assert_eq!(judged(TriggerTiming::After, "plperl", "return;", ""), None);
    assert_eq!(judged(TriggerTiming::Before, "c", "moddatetime", "touched_at\\000"), None);
    assert_eq!(judged(TriggerTiming::Before, "c", "moddatetime", "slug\\000").as_deref(), Some("trigger t may set slug"));
}
