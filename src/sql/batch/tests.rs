use proptest::prelude::*;
use sqlparser::parser::Parser;

use super::*;
use crate::schema::Dialect;
use crate::sql::cursor::grammar;
use crate::sql::lexer::{Gates, Lexer};
use Dialect::{Mysql, Postgres, Sqlite};

fn point(dialect: Dialect, text: &str) -> Result<BatchPoint, CannotCut> {
    // Somewhere in a file: spans count from the statement.
    let file = format!("SELECT 'ä';\n{text};");
    let start = file.len() - text.len() - 1;
    batch_point(&file, Span::new(start, start + text.len()), Server::oldest(dialect))
}

#[track_caller]
fn found(dialect: Dialect, text: &str) -> (String, String, String, String) {
    let point = point(dialect, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let spliced = point.with_range(text, "k > 1 OR k < 0");
    (point.driving.to_string(), point.reference.clone(), spliced, point.proof_sql(text))
}

#[track_caller]
fn assert_found(dialect: Dialect, text: &str, driving: &str, reference: &str, spliced: &str, proof: &str) {
    assert_eq!(found(dialect, text), (driving.to_owned(), reference.to_owned(), spliced.to_owned(), proof.to_owned()));
}

#[test]
fn updates_are_cut_at_their_condition() {
    for dialect in Dialect::ALL {
        assert_found(
            dialect,
            "UPDATE users SET a = (SELECT b FROM c WHERE d LIMIT 1) WHERE a IS NULL OR a = ''",
            "users",
            "users",
            "UPDATE users SET a = (SELECT b FROM c WHERE d LIMIT 1) WHERE (a IS NULL OR a = '') AND (k > 1 OR k < 0)",
            "SELECT 1 FROM users WHERE (a IS NULL OR a = '')",
        );
    }
    assert_found(
        Postgres,
        "UPDATE ONLY app.\"Users\" AS u SET a = b.x FROM b JOIN c ON b.i = c.i WHERE u.i = b.i AND u.a IS DISTINCT FROM b.x RETURNING u.i",
        "app.Users",
        "u",
        "UPDATE ONLY app.\"Users\" AS u SET a = b.x FROM b JOIN c ON b.i = c.i WHERE (u.i = b.i AND u.a IS DISTINCT FROM b.x) AND (k > 1 OR k < 0) RETURNING u.i",
        "SELECT 1 FROM ONLY app.\"Users\" AS u, b JOIN c ON b.i = c.i WHERE (u.i = b.i AND u.a IS DISTINCT FROM b.x)",
    );
    assert_found(
        Sqlite,
        "UPDATE OR IGNORE [us ers] SET a = s.b FROM s WHERE s.i = [us ers].i AND offset IS NULL",
        "us ers",
        "[us ers]",
        "UPDATE OR IGNORE [us ers] SET a = s.b FROM s WHERE (s.i = [us ers].i AND offset IS NULL) AND (k > 1 OR k < 0)",
        "SELECT 1 FROM [us ers], s WHERE (s.i = [us ers].i AND offset IS NULL)",
    );
    assert_found(
        Mysql,
        "UPDATE a LEFT JOIN `b` x ON a.i = x.i SET x.v = a.v, `b`.w = 1 WHERE x.v IS NULL",
        "b",
        "x",
        "UPDATE a LEFT JOIN `b` x ON a.i = x.i SET x.v = a.v, `b`.w = 1 WHERE (x.v IS NULL) AND (k > 1 OR k < 0)",
        "SELECT 1 FROM a LEFT JOIN `b` x ON a.i = x.i WHERE (x.v IS NULL)",
    );
}

#[test]
fn deletes_are_cut_too() {
    assert_found(
        Postgres,
        "DELETE FROM a USING b WHERE a.i = b.i RETURNING *",
        "a",
        "a",
        "DELETE FROM a USING b WHERE (a.i = b.i) AND (k > 1 OR k < 0) RETURNING *",
        "SELECT 1 FROM a, b WHERE (a.i = b.i)",
    );
    for text in ["DELETE x FROM a AS x JOIN b ON a.i = b.i WHERE b.z", "DELETE QUICK FROM x USING a AS x JOIN b ON a.i = b.i WHERE b.z"] {
        let (driving, reference, _, proof) = found(Mysql, text);
        assert_eq!((&*driving, &*reference, &*proof), ("a", "x", "SELECT 1 FROM a AS x JOIN b ON a.i = b.i WHERE (b.z)"));
    }
    assert_eq!(point(Mysql, "DELETE a, b FROM a JOIN b WHERE a.i = b.i"), Err(CannotCut::SeveralTables));
    assert_eq!(point(Mysql, "UPDATE a, b SET v = 1 WHERE a.i = b.i"), Err(CannotCut::SeveralTables));
    assert_eq!(point(Mysql, "UPDATE a, b SET a.v = 1, b.v = 2 WHERE a.i = b.i"), Err(CannotCut::SeveralTables));
}

#[test]
fn inserts_are_cut_in_their_select() {
    for dialect in Dialect::ALL {
        assert_found(
            dialect,
            "INSERT INTO t (a, b) SELECT s.a, coalesce(s.b, 0) FROM app.s s JOIN u ON u.i = s.i WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.i = s.i LIMIT 1)",
            "app.s",
            "s",
            "INSERT INTO t (a, b) SELECT s.a, coalesce(s.b, 0) FROM app.s s JOIN u ON u.i = s.i WHERE (NOT EXISTS (SELECT 1 FROM t WHERE t.i = s.i LIMIT 1)) AND (k > 1 OR k < 0)",
            "SELECT 1 FROM (SELECT 1) AS one WHERE EXISTS (SELECT s.a, coalesce(s.b, 0) FROM app.s s JOIN u ON u.i = s.i WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.i = s.i LIMIT 1))",
        );
    }
    let (_, _, spliced, proof) =
        found(Postgres, "INSERT INTO t (SELECT a FROM s WHERE x) ON CONFLICT (a) DO UPDATE SET b = 1 WHERE t.b IS NULL");
    assert_eq!(
        spliced,
        "INSERT INTO t (SELECT a FROM s WHERE (x) AND (k > 1 OR k < 0)) ON CONFLICT (a) DO UPDATE SET b = 1 WHERE t.b IS NULL"
    );
    assert_eq!(proof, "SELECT 1 FROM (SELECT 1) AS one WHERE EXISTS (SELECT a FROM s WHERE x)");
    let (_, _, spliced, _) = found(Mysql, "INSERT IGNORE INTO t SELECT a FROM s WHERE x ON DUPLICATE KEY UPDATE a = 1");
    assert_eq!(spliced, "INSERT IGNORE INTO t SELECT a FROM s WHERE (x) AND (k > 1 OR k < 0) ON DUPLICATE KEY UPDATE a = 1");
    let (_, _, spliced, _) = found(Sqlite, "INSERT OR REPLACE INTO t SELECT max(a, b) FROM s WHERE x");
    assert_eq!(spliced, "INSERT OR REPLACE INTO t SELECT max(a, b) FROM s WHERE (x) AND (k > 1 OR k < 0)");
}

#[test]
fn queries_in_front_may_be_read_but_not_walked() {
    assert_found(
        Postgres,
        "WITH x AS (SELECT i, sum(v) AS v FROM y GROUP BY i) UPDATE t SET v = x.v FROM x WHERE x.i = t.i AND t.v IS NULL",
        "t",
        "t",
        "WITH x AS (SELECT i, sum(v) AS v FROM y GROUP BY i) UPDATE t SET v = x.v FROM x WHERE (x.i = t.i AND t.v IS NULL) AND (k > 1 OR k < 0)",
        "WITH x AS (SELECT i, sum(v) AS v FROM y GROUP BY i) SELECT 1 FROM t, x WHERE (x.i = t.i AND t.v IS NULL)",
    );
    let walked = CannotCut::NoTable { what: "the WITH query x".to_owned() };
    assert_eq!(point(Postgres, "WITH w AS (SELECT 1), x (i) AS (SELECT 2) INSERT INTO t SELECT i FROM x WHERE i > 0"), Err(walked.clone()));
    assert_eq!(point(Sqlite, "INSERT INTO t WITH x AS (SELECT 2) SELECT i FROM x WHERE i > 0"), Err(walked));
    assert!(point(Postgres, "WITH x AS (SELECT 1 AS i) INSERT INTO t SELECT s.i FROM s JOIN x USING (i) WHERE s.j").is_ok());
}

#[test]
fn what_means_other_rows_in_parts_is_refused() {
    let shape = |what: &str| Err(CannotCut::Shape { what: what.to_owned() });
    for (dialect, text, what) in [
        (Mysql, "UPDATE t SET a = 1 WHERE b LIMIT 10", "LIMIT"),
        (Sqlite, "DELETE FROM t WHERE b ORDER BY c LIMIT 1", "ORDER BY"),
        (Postgres, "INSERT INTO t SELECT DISTINCT a FROM s WHERE b", "DISTINCT"),
        (Postgres, "INSERT INTO t SELECT a FROM s WHERE b GROUP BY a", "GROUP BY"),
        (Postgres, "INSERT INTO t SELECT a FROM s WHERE b HAVING c", "HAVING"),
        (Postgres, "INSERT INTO t SELECT a FROM s WHERE b UNION ALL SELECT 1", "UNION"),
        (Postgres, "INSERT INTO t SELECT a FROM s UNION SELECT b FROM r WHERE b", "UNION"),
        (Postgres, "INSERT INTO t SELECT a FROM s LIMIT 5", "LIMIT"),
        (Postgres, "INSERT INTO t (SELECT a FROM s WHERE b) LIMIT 5", "LIMIT"),
        (Postgres, "INSERT INTO t SELECT count(*) FROM s WHERE b", "the aggregate count"),
        (Sqlite, "INSERT INTO t SELECT max(a) FROM s WHERE b", "the aggregate max"),
        (Postgres, "INSERT INTO t SELECT rank() OVER (ORDER BY a) FROM s WHERE b", "a window"),
        (Postgres, "INSERT INTO t SELECT a FROM s RIGHT JOIN r ON s.i = r.i WHERE b", "RIGHT JOIN"),
        (Postgres, "WITH x AS (DELETE FROM s RETURNING *) INSERT INTO t SELECT a FROM r WHERE b", "a WITH query that changes data"),
        (Postgres, "WITH x AS (SELECT i FROM t LIMIT 9) UPDATE t SET a = 1 FROM x WHERE x.i = t.i", "LIMIT in a subquery"),
        (Postgres, "UPDATE t SET a = 1 WHERE i IN (SELECT i FROM t WHERE a IS NULL LIMIT 9)", "LIMIT in a subquery"),
        (Mysql, "UPDATE t SET a = 1 WHERE i IN (SELECT i FROM (SELECT i FROM t LIMIT 9) x)", "LIMIT in a subquery"),
        (Postgres, "UPDATE t SET a = x.r FROM (SELECT i, row_number() OVER () r FROM t) x WHERE x.i = t.i", "a window in a subquery"),
        (Postgres, "DELETE FROM t WHERE CURRENT OF c", "WHERE CURRENT OF a cursor"),
    ] {
        assert_eq!(point(dialect, text), shape(what), "{text}");
    }
    assert!(
        point(Postgres, "UPDATE t SET a = x.v FROM s CROSS JOIN LATERAL (SELECT v FROM r WHERE r.i = s.i LIMIT 1) x WHERE s.i = t.i")
            .is_ok()
    );
}

#[test]
fn a_condition_must_leave_finished_rows_out() {
    for text in [
        "UPDATE t SET a = 1",
        "UPDATE t SET a = 1 WHERE TRUE",
        "UPDATE t SET a = 1 WHERE 1 = 1 AND NOT (FALSE)",
        "UPDATE t SET a = 1 WHERE a IS NULL OR 1 = 1",
        "DELETE FROM t RETURNING a",
        "INSERT INTO t SELECT a FROM s",
        "INSERT INTO t SELECT a FROM s ON CONFLICT DO NOTHING",
    ] {
        assert_eq!(point(Postgres, text), Err(CannotCut::NoPredicate), "{text}");
    }
}

#[test]
fn other_statements_are_refused() {
    for text in [
        "SELECT 1",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t DEFAULT VALUES",
        "MERGE INTO t USING s ON a WHEN MATCHED THEN DELETE",
        "WITH x AS (SELECT 1) SELECT 2",
        "EXPLAIN UPDATE t SET a = 1",
        "DROP TABLE t",
        "",
    ] {
        assert_eq!(point(Postgres, text), Err(CannotCut::NotData), "{text}");
    }
    for (text, what) in [
        ("INSERT INTO t SELECT a FROM (SELECT 1) x WHERE a", "a subquery"),
        ("INSERT INTO t SELECT a FROM generate_series(1, 2) a WHERE a > 0", "the function generate_series"),
        ("INSERT INTO t SELECT 1 WHERE x", "a SELECT without FROM"),
    ] {
        assert_eq!(point(Postgres, text), Err(CannotCut::NoTable { what: what.to_owned() }), "{text}");
    }
    for text in [
        "UPDATE t SET a = (1 WHERE b",
        "UPDATE t SET a = 'x WHERE b",
        "UPDATE 'x' SET a = 1 WHERE b",
        "UPDATE t SET a = 1) WHERE b",
        "UPDATE t SET a = 1 WHERE",
    ] {
        assert!(matches!(point(Postgres, text), Err(CannotCut::Unread { .. })), "{text}");
    }
    assert!(matches!(point(Mysql, "UPDATE t SET a = 1 /*!40000 WHERE b */"), Err(CannotCut::Unread { .. })));
}

#[test]
fn comments_swallow_nothing() {
    let text = "UPDATE t -- WHERE x\nSET a = 1 /* WHERE y */\nWHERE a IS NULL -- never done\n  OR b -- last\n";
    assert_found(
        Postgres,
        text.trim_end(),
        "t",
        "t",
        "UPDATE t -- WHERE x\nSET a = 1 /* WHERE y */\nWHERE (a IS NULL -- never done\n  OR b) AND (k > 1 OR k < 0) -- last",
        "SELECT 1 FROM t WHERE (a IS NULL -- never done\n  OR b)",
    );
}

/// Parts of statements that every dialect parses.
fn statement() -> impl Strategy<Value = String> {
    let condition = prop_oneof![
        Just("a IS NULL"),
        Just("a IS NULL OR b = 'x;'"),
        Just("t.a <> 1 -- it's\n AND b"),
        Just("NOT EXISTS (SELECT 1 FROM s WHERE s.i = b LIMIT 1)"),
        Just("a IN (1, 2) /* WHERE */ OR (b OR c)"),
        Just("CASE WHEN a THEN b ELSE c END = 1"),
        Just("a BETWEEN 1 AND 2"),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("b"),
        Just("(SELECT max(x) FROM s WHERE s.i = t.i)"),
        Just("CASE WHEN b THEN 'WHERE' ELSE c END"),
        Just("coalesce(a, b)")
    ];
    let blank = prop_oneof![Just(" "), Just("\n"), Just(" /* c */ "), Just(" -- c WHERE\n")];
    let form = prop_oneof![
        Just("UPDATE t SET a = {v}, b = {v} WHERE {c}"),
        Just("DELETE FROM t WHERE {c}"),
        Just("INSERT INTO r (a, b) SELECT {v}, t.b FROM t WHERE {c}"),
        Just("INSERT INTO r SELECT {v} FROM t JOIN s ON t.i = s.i LEFT JOIN q ON q.i = s.i WHERE {c}"),
    ];
    (form, value, condition, blank)
        .prop_map(|(form, value, condition, blank)| form.replace(' ', blank).replace("{v}", value).replace("{c}", condition))
}

fn tokens(text: &str, dialect: Dialect) -> Vec<&str> {
    Lexer::new(text, dialect, Gates::All).filter(|token| !token.is_trivia()).map(|token| &text[token.span.range()]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spliced_statement_is_the_statement_and_the_range(text in statement(), dialect in proptest::sample::select(&Dialect::ALL[..])) {
        let point = point(dialect, &text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(&point.reference, "t");
        let spliced = point.with_range(&text, "TRUE");
        for sql in [&spliced, &point.proof_sql(&text)] {
            let parsed = Parser::parse_sql(grammar(dialect), sql);
            prop_assert!(matches!(parsed.as_deref(), Ok([_])), "{}: {:?}", sql, parsed);
        }
        let condition = &text[point.condition.range()];
        let (before, after) = (tokens(&text[..point.condition.start], dialect), tokens(&text[point.condition.end..], dialect));
        let expected: Vec<&str> = [before, vec!["("], tokens(condition, dialect), vec![")", "AND", "(", "TRUE", ")"], after].concat();
        prop_assert_eq!(tokens(&spliced, dialect), expected);
    }

    /// Any text at all: an answer, no panic, and spans that can be spliced.
    #[test]
    fn finding_is_total(words in proptest::collection::vec(proptest::sample::select(&["UPDATE", "DELETE", "INSERT", "INTO", "FROM", "USING", "SET", "WHERE", "SELECT", "WITH", "x", "t", "AS", "(", ")", ",", "=", ".", "'q'", "\"n\"", "JOIN", "ON", "OR", "LIMIT", "[", "`", "--", "ONLY", "*"][..]), 0..14), dialect in proptest::sample::select(&Dialect::ALL[..])) {
        let text = words.join(" ");
        if let Ok(point) = batch_point(&text, Span::new(0, text.len()), Server::oldest(dialect)) {
            let _ = point.with_range(&text, "TRUE");
            let _ = point.proof_sql(&text);
        }
    }
}
