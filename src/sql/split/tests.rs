use super::*;

fn server(dialect: Dialect) -> Server {
    Server::oldest(dialect)
}

fn statements(dialect: Dialect, text: &str) -> Vec<&str> {
    let split = split(text, server(dialect));
    assert_tiles(text, &split);
    split.pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Statement(_))).map(|piece| &text[piece.span.range()]).collect()
}

fn problems(dialect: Dialect, text: &str) -> Vec<(&str, ProblemKind)> {
    let split = split(text, server(dialect));
    assert_tiles(text, &split);
    split.problems.into_iter().map(|problem| (&text[problem.span.range()], problem.kind)).collect()
}

fn assert_tiles(text: &str, split: &Split) {
    let joined: String = split.pieces.iter().map(|piece| &text[piece.span.range()]).collect();
    assert_eq!(joined, text);
    for pair in split.pieces.windows(2) {
        assert_eq!(pair[0].span.end, pair[1].span.start);
    }
}

use Dialect::{Mysql, Postgres, Sqlite};

#[test]
fn semicolons_in_quotes_and_comments_end_nothing() {
    for dialect in Dialect::ALL {
        let text = "\u{feff}INSERT INTO t VALUES (';''; x'); -- a; b\r\n/* c; */ SELECT \"x;\"\"y\" /* ; */ FROM t ;;\n\n";
        assert_eq!(statements(dialect, text), ["INSERT INTO t VALUES (';''; x')", "SELECT \"x;\"\"y\" /* ; */ FROM t"], "{dialect}");
    }
}

#[test]
fn each_dialect_has_its_own_quotes() {
    assert_eq!(statements(Postgres, r"SELECT E'a\'; b', U&'x;', 'a\'; SELECT 2"), [r"SELECT E'a\'; b', U&'x;', 'a\'", "SELECT 2"]);
    assert_eq!(statements(Mysql, r#"SELECT 'a\'; b', "c\"; d", `e;`; SELECT 2"#), [r#"SELECT 'a\'; b', "c\"; d", `e;`"#, "SELECT 2"]);
    assert_eq!(statements(Sqlite, "SELECT [a;'b] , `c;`; SELECT 2"), ["SELECT [a;'b] , `c;`", "SELECT 2"]);
    assert_eq!(statements(Postgres, "SELECT a[1], b; SELECT 2").len(), 2);
}

#[test]
fn dollar_quotes_are_postgres_only_and_dollar_is_a_letter() {
    assert_eq!(statements(Postgres, "DO $$ a; $x$ b; $$; SELECT $fn$ ; $$ ; $fn$; SELECT 3").len(), 3);
    assert_eq!(statements(Postgres, "SELECT a$b; SELECT c$b; SELECT $1;").len(), 3);
    assert_eq!(statements(Postgres, "PREPARE p AS SELECT $1, $2; SELECT 1").len(), 2);
    assert_eq!(statements(Mysql, "SELECT $$; SELECT a$$").len(), 2);
}

#[test]
fn comments_nest_in_postgres_only() {
    let text = "/* a /* b */ ; */ SELECT 1; SELECT 2";
    assert_eq!(statements(Postgres, text), ["SELECT 1", "SELECT 2"]);
    assert_eq!(statements(Sqlite, text), ["*/ SELECT 1", "SELECT 2"]);
}

#[test]
fn mysql_wants_a_blank_behind_two_dashes() {
    assert_eq!(statements(Mysql, "SELECT 5--1; SELECT 2 -- x; y\n; SELECT 3 # a;\n--\n;"), ["SELECT 5--1", "SELECT 2", "SELECT 3"]);
    assert_eq!(statements(Postgres, "SELECT 5--1; SELECT 2\n"), ["SELECT 5"]);
}

#[test]
fn atomic_bodies_hold_their_semicolons() {
    let function = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 ELSE 2 END; SELECT 2; END";
    assert_eq!(statements(Postgres, &format!("{function}; SELECT 1;")), [function, "SELECT 1"]);
    assert_eq!(statements(Postgres, "BEGIN; SELECT 1; END; SELECT 2"), ["BEGIN", "SELECT 1", "END", "SELECT 2"]);
}

#[test]
fn rules_hold_semicolons_in_parentheses_and_nothing_else_does() {
    let rule = "CREATE RULE r AS ON UPDATE TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)";
    assert_eq!(statements(Postgres, &format!("{rule}; SELECT 1")), [rule, "SELECT 1"]);
    assert_eq!(statements(Postgres, "CREATE TABLE t (a int; SELECT 1"), ["CREATE TABLE t (a int", "SELECT 1"]);
}

#[test]
fn sqlite_triggers_end_at_an_end_behind_a_semicolon() {
    let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a WHEN CASE WHEN 1 THEN 1 END BEGIN\n  UPDATE a SET x = CASE WHEN y THEN 1 END;\n  DELETE FROM b; END";
    assert_eq!(statements(Sqlite, &format!("{trigger}; SELECT 1;")), [trigger, "SELECT 1"]);
    assert_eq!(statements(Sqlite, "BEGIN; SELECT 1; END; COMMIT").len(), 4);
}

#[test]
fn mysql_bodies_are_followed_without_a_delimiter() {
    for body in [
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.x = IF(NEW.y, 1, 2); IF NEW.z THEN SET NEW.x = 3; ELSE IF a THEN SET b = 1; END IF; END IF; END",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.z THEN SET NEW.x = 3; END IF",
        "CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW SET NEW.x = IF(NEW.y, 1, 2)",
        "CREATE PROCEDURE IF NOT EXISTS p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END; START TRANSACTION; COMMIT; END",
        "CREATE DEFINER=`root`@`localhost` PROCEDURE p(a INT) label: LOOP SELECT 1; LEAVE label; END LOOP label",
        "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN IF(a, 1, 2)",
        "CREATE FUNCTION f(a INT) RETURNS VARCHAR(3) CHARACTER SET utf8 BEGIN RETURN CASE a WHEN 1 THEN IF(a, 2, 3) ELSE 'x' END; END",
        "CREATE PROCEDURE p() BEGIN CASE a WHEN 1 THEN IF b THEN SELECT 1; END IF; ELSE BEGIN END; END CASE; REPEAT SET a = REPEAT('x', 2); UNTIL a > 5 END REPEAT; END",
        "CREATE PROCEDURE p() BEGIN WHILE a DO SET a = 1; END WHILE; DECLARE c CURSOR FOR SELECT start, end FROM t; END",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; END",
        "ALTER EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
        "BEGIN NOT ATOMIC SELECT 1; IF a THEN SELECT 2; END IF; END",
    ] {
        assert_eq!(statements(Mysql, &format!("{body}; SELECT 1; BEGIN; COMMIT")), [body, "SELECT 1", "BEGIN", "COMMIT"]);
    }
}

#[test]
fn a_delimiter_wins_over_the_letters_before_it() {
    let text = "DELIMITER $$\nDROP TRIGGER IF EXISTS t;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1; END$$\nSELECT a$$SELECT 2 $$\nDELIMITER ;\nSELECT 3;";
    assert_eq!(
        statements(Mysql, text),
        [
            "DROP TRIGGER IF EXISTS t",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1; END",
            "SELECT a",
            "SELECT 2",
            "SELECT 3"
        ]
    );
    assert!(problems(Mysql, text).is_empty());
    assert_eq!(statements(Mysql, "delimiter //\r\nSELECT 1//\r\nSELECT 2; //\r\ndelimiter ;\r\n"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(statements(Mysql, "DELIMITER d//\nSELECT 1 d//\nSELECT 2d//"), ["SELECT 1", "SELECT 2"]);
}

#[test]
fn version_gates_follow_the_server() {
    let text = "/*!40101 SET NAMES utf8 */;\n/*!999999 DROP TABLE a */;\n/*M!100100 DROP TABLE b */;\nCREATE TABLE c (id INT) /*!50100 PARTITION BY HASH (id) */;/*!40000 */;";
    let of = |version| {
        let server = Server { dialect: Mysql, version };
        let split = split(text, server);
        assert_tiles(text, &split);
        let count = split.pieces.iter().filter(|piece| matches!(piece.kind, PieceKind::Statement(_))).count();
        (count, split.blanks.len())
    };
    assert_eq!(of(crate::schema::ServerVersion::new(8, 0)), (2, 7));
    assert_eq!(of(crate::schema::ServerVersion::new(10, 11)), (3, 9));
    let newer = split("/*!80016 SELECT 1 */", Server { dialect: Mysql, version: crate::schema::ServerVersion::new(10, 11) });
    assert!(newer.pieces.iter().all(|piece| piece.kind == PieceKind::Trivia), "MariaDB leaves out MySQL's own gates");
}

#[test]
fn bodies_are_cut_at_every_semicolon() {
    let text = "DO $$ BEGIN IF a THEN DROP TABLE t; END IF; END $$";
    let span = Span::new(5, text.len() - 2);
    let found: Vec<_> = split_body(text, span, server(Postgres)).map(|(span, legibility)| (&text[span.range()], legibility)).collect();
    assert_eq!(found, [("BEGIN IF a THEN DROP TABLE t", Legibility::Fair), ("END IF", Legibility::Fair), ("END", Legibility::Fair)]);
}

#[test]
fn breakpoints_end_statements() {
    for dialect in Dialect::ALL {
        assert_eq!(
            statements(dialect, "SELECT 1\n--> statement-breakpoint\nSELECT 2;--> statement-breakpoint\nSELECT 3"),
            ["SELECT 1", "SELECT 2", "SELECT 3"]
        );
    }
}

#[test]
fn client_commands_are_problems() {
    assert_eq!(
        problems(Postgres, "\\set x 1\nSELECT 1 \\gexec\r\nSELECT 2;"),
        [("\\set x 1", ProblemKind::ClientCommand("\\set".to_owned())), ("\\gexec", ProblemKind::ClientCommand("\\gexec".to_owned())),]
    );
    assert_eq!(statements(Postgres, "\\set x 1\nSELECT 1 \\gexec\r\nSELECT 2;"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(problems(Sqlite, ".bail on\nSELECT 1;"), [(".bail on", ProblemKind::ClientCommand(".bail".to_owned()))]);
    assert_eq!(problems(Postgres, "DELIMITER //\n"), [("DELIMITER //", ProblemKind::ClientCommand("DELIMITER".to_owned()))]);
    assert_eq!(problems(Mysql, "source a.sql\nSELECT 1\\G\nSELECT \\N;").len(), 2);
}

#[test]
fn copy_data_is_no_sql() {
    let text = "COPY t (a) FROM STDIN WITH (FORMAT csv); -- rows\n1;'\n2\n\\.\nSELECT 1;";
    assert_eq!(statements(Postgres, text), ["COPY t (a) FROM STDIN WITH (FORMAT csv)", "SELECT 1"]);
    assert_eq!(problems(Postgres, text), [("COPY t (a) FROM STDIN WITH (FORMAT csv)", ProblemKind::CopyData)]);
    assert_eq!(problems(Postgres, "COPY t FROM '/x'; COPY t TO STDOUT; SELECT 1"), []);
}

#[test]
fn templates_are_problems_and_casts_are_not() {
    let found = |dialect, text| -> Vec<String> { problems(dialect, text).into_iter().map(|(text, _)| text.to_owned()).collect() };
    assert_eq!(
        found(Postgres, "CREATE TABLE {{ name }} (a int); DROP TABLE ${x}.b, p_${y}_z, \"${q}\", $%T%$;"),
        ["{{ name }}", "${x}", "{y}", "${q}", "$%T%$"]
    );
    assert_eq!(found(Postgres, "SELECT :v, :'w', :\"x\", a.:y; GRANT ALL ON a TO :role"), [":v", ":'w'", ":\"x\"", ":y", ":role"]);
    assert_eq!(found(Postgres, "SELECT a::int, b[1:n], 'a:b', x := 1, '{{ x }}'").len(), 0);
    assert_eq!(found(Mysql, "SET @a := 1; CREATE PROCEDURE p() l:BEGIN END; SELECT {d '2020-01-01'}; DROP TABLE {$NS}_a").len(), 1);
    assert_eq!(found(Sqlite, "SELECT :a"), [":a"]);
}

#[test]
fn what_is_never_closed_says_so() {
    for (dialect, text, what) in [
        (Postgres, "SELECT 'a;\n", "a string"),
        (Postgres, "SELECT \"a;\n", "a quoted identifier"),
        (Postgres, "DO $a$ b; $$;", "a dollar-quoted string"),
        (Postgres, "SELECT 1 /* /* */", "a comment"),
        (Mysql, "SELECT 1 /*!40000 + 1", "a version comment"),
        (Mysql, r"SELECT 'a\'", "a string"),
        (Sqlite, "SELECT [a", "a quoted identifier"),
    ] {
        let split = split(text, server(dialect));
        assert_tiles(text, &split);
        let kinds: Vec<_> = split.problems.iter().map(|problem| &problem.kind).collect();
        assert_eq!(kinds, [&ProblemKind::Unterminated(what)], "{text}");
    }
}

#[test]
fn depth_and_chains_are_bounded_and_lists_are_not() {
    let complex =
        |dialect, text: &str| problems(dialect, text).iter().filter(|(_, kind)| matches!(kind, ProblemKind::TooComplex(_))).count();
    for dialect in Dialect::ALL {
        let nested = format!("SELECT {}1{};SELECT 1", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(complex(dialect, &nested), 1);
        assert_eq!(statements(dialect, &nested).len(), 2);
        assert_eq!(complex(dialect, &format!("SELECT {}", "CASE ".repeat(1000))), 1);
        assert_eq!(complex(dialect, &format!("SELECT 1 WHERE a{}", " AND a".repeat(30_000))), 1);
        assert_eq!(complex(dialect, &format!("SELECT 1, 2{}", " UNION ALL SELECT 1, 2".repeat(30_000))), 1);
        let between_cases = format!("SELECT 1 WHERE a{}", " AND CASE WHEN 1 THEN 1 END".repeat(30_000));
        assert_eq!(complex(dialect, &between_cases), 1);
        // Nested chains add up.
        let deep = format!("{}a{}", "(".repeat(40), ") AND a AND a AND a AND a AND a".repeat(40));
        assert_eq!(complex(dialect, &format!("SELECT {deep}")), 0);
        let deep = format!("{}a{}", "(".repeat(40), format!("){}", " AND a".repeat(1_000)).repeat(40));
        assert_eq!(complex(dialect, &format!("SELECT {deep}")), 1);

        let rows = format!("INSERT INTO t VALUES {}(1, 'x', -1)", "(1, 'x', -1), ".repeat(100_000));
        assert_eq!(complex(dialect, &rows), 0);
        let list = format!("DELETE FROM t WHERE a IN ({}1)", "-1, ".repeat(100_000));
        assert_eq!(complex(dialect, &list), 0);
        let arms = format!("UPDATE t SET a = CASE b {} END", "WHEN 1 OR 2 THEN -1 ".repeat(10_000));
        assert_eq!(complex(dialect, &arms), 0);
    }
    assert_eq!(complex(Postgres, &format!("SELECT '{}'; SELECT 1", "x".repeat(limits::BYTES))), 1);
    let body = format!("CREATE PROCEDURE p() BEGIN {} END", "SET @a = @a + 1; ".repeat(10_000));
    assert_eq!(complex(Mysql, &body), 0);
    assert_eq!(complex(Postgres, &format!("SELECT 1{}", "::int".repeat(100_000))), 1);
    assert_eq!(complex(Postgres, &format!("CREATE TABLE t (a int{})", "[]".repeat(100_000))), 1);
}
