//! Four times the text may take four times the work, not sixteen: CPU time of the thread, over shapes that once were slow
//! in some reader of SQL. What other processes do does not count.

use super::targets;

/// CPU time of this thread in nanoseconds.
fn spent() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or_default()
}

/// The quickest of some runs.
fn cost(text: &str) -> u64 {
    let input = text.as_bytes();
    let run = || {
        let begun = spent();
        targets::reader(input);
        targets::lint(input);
        spent() - begun
    };
    (0..3).map(|_| run()).min().unwrap_or_default()
}

/// Texts of so many parts, each with the database's number in front.
fn shapes(parts: usize) -> Vec<(&'static str, String)> {
    let numbered = |make: &dyn Fn(usize) -> String| (0..parts).map(make).collect::<String>();
    let list = |make: &dyn Fn(usize) -> String| (0..parts).map(make).collect::<Vec<_>>().join(", ");
    let mut shapes = vec![
        ("statements", format!("0{}", numbered(&|n| format!("ALTER TABLE users ADD COLUMN c{n} int;\n")))),
        ("clauses", format!("0ALTER TABLE users {}", list(&|n| format!("ADD COLUMN c{n} int DEFAULT {n}")))),
        ("columns", format!("0CREATE TABLE wide ({})", list(&|n| format!("c{n} text NOT NULL")))),
        ("tables", format!("0{}", numbered(&|n| format!("CREATE TABLE t{n} (id bigint PRIMARY KEY REFERENCES users (id));\n")))),
        ("views", format!("0{}", numbered(&|n| format!("CREATE VIEW v{n} AS SELECT id FROM users;\n")))),
        ("indexes", format!("0{}", numbered(&|n| format!("CREATE INDEX i{n} ON users (name);\n")))),
        ("rows", format!("0INSERT INTO users VALUES {}", list(&|n| format!("({n}, 'x', 'y', 1)")))),
        ("one transaction", format!("0BEGIN;\n{}COMMIT;", numbered(&|n| format!("UPDATE users SET age = {n} WHERE id = {n};\n")))),
        ("a block", format!("0DO $$ BEGIN {} END $$", numbered(&|n| format!("ALTER TABLE users ADD c{n} int; ")))),
        ("comments", format!("0{}SELECT 1", "-- a comment\n".repeat(parts))),
        ("a long comment", format!("0/*{}*/ SELECT 1", " x * / ".repeat(parts))),
        ("open comments", format!("0{}", "/* ".repeat(parts))),
        ("quotes", format!("0SELECT {}", list(&|_| "'it''s'".to_owned()))),
        ("an open quote", format!("0SELECT '{}", "x''".repeat(parts))),
        ("dollar quotes", format!("0SELECT {}", list(&|n| format!("$a{n}$ x $a{n}$")))),
        ("open dollars", format!("0SELECT {}", list(&|n| format!("$a{n}$")))),
        ("a chain", format!("0SELECT 1{}", " + 1".repeat(parts))),
        ("conditions", format!("0DELETE FROM users WHERE {}", (0..parts).map(|n| format!("id = {n}")).collect::<Vec<_>>().join(" OR "))),
        ("brackets", format!("0SELECT {}1{}", "(".repeat(parts), ")".repeat(parts))),
        ("open brackets", format!("0CREATE TABLE t {}", "(".repeat(parts))),
        ("semicolons", format!("0{}", ";".repeat(parts))),
        ("allowances", format!("0{}", numbered(&|n| format!("-- migrate: allow(drop-column) reason=\"{n}\"\nSELECT {n};\n")))),
        ("templates", format!("0{}", numbered(&|n| format!("SELECT {{{{ x{n} }}}};\n")))),
        ("words", format!("0{}", "word ".repeat(parts))),
        ("version comments", format!("2{}", numbered(&|n| format!("/*!40101 SET @x{n} = 1 */;\n")))),
        ("delimiters", format!("2{}", numbered(&|_| "DELIMITER //\nSELECT 1//\nDELIMITER ;\n".to_owned()))),
        ("triggers", format!("1{}", numbered(&|n| format!("CREATE TRIGGER g{n} AFTER UPDATE ON users BEGIN SELECT 1; END;\n")))),
    ];
    shapes.push((
        "renames",
        format!(
            "0{}",
            numbered(&|n| format!("ALTER TABLE users RENAME COLUMN name TO n{n}; ALTER TABLE users RENAME COLUMN n{n} TO name;\n"))
        ),
    ));
    shapes
}

#[test]
fn work_grows_with_the_text_and_not_with_its_square() {
    let (small, large) = (shapes(150), shapes(600));
    let mut grown = Vec::new();
    for ((name, small), (_, large)) in small.iter().zip(&large) {
        let (before, after) = (cost(small).max(1), cost(large));
        let times = after as f64 / before as f64;
        // Fixed costs hide in the small one; what is below a fraction of a second at this size hurts nobody.
        if times > 9.0 && after > 30_000_000 {
            grown.push(format!("{name}: four times the text took {times:.1} times the work ({} ms)", after / 1_000_000));
        }
    }
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}
