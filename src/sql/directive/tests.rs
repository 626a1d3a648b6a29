use super::*;
use crate::schema::{Dialect, Server};
use crate::sql::{Source, read};

fn allow(lint: &str, reason: &str, until: Option<&str>) -> DirectiveKind {
    DirectiveKind::Allow { lint: lint.to_owned(), reason: reason.to_owned(), until: until.map(str::to_owned) }
}

fn script(text: &str) -> crate::sql::Script {
    read(&Source::new("a.sql", text), Server::oldest(Dialect::Postgres))
}

fn kinds(directives: &[Directive]) -> Vec<DirectiveKind> {
    directives.iter().map(|directive| directive.kind.clone()).collect()
}

#[test]
fn a_directive_belongs_to_the_statement_below_or_on_its_lines() {
    let script = script(concat!(
        "-- migrate: allow(a) reason=\"whole file\"\n-- more\n\n",
        "-- migrate: allow(b) reason=\"say \\\"why\\\"\" until=2027-01-31\nSELECT 1; -- migrate: allow(c, d)\n\n",
        "/* migrate: allow(e)\n   reason='x' */\n\nSELECT 2 /* migrate: allow(f) */ , 3;\nSELECT '-- migrate: allow(g)';\n",
    ));
    assert_eq!(script.problems, []);
    assert_eq!(kinds(&script.directives), [allow("a", "whole file", None)]);
    let found: Vec<_> = script.statements.iter().map(|statement| kinds(&statement.directives)).collect();
    assert_eq!(
        found,
        [
            vec![allow("b", "say \"why\"", Some("2027-01-31")), allow("c", "", None), allow("d", "", None)],
            vec![allow("e", "x", None), allow("f", "", None)],
            vec![],
        ]
    );
}

#[test]
fn what_is_not_understood_says_why() {
    for (note, expected) in [
        ("alow(x)", "unknown directive `alow(x)`; known: allow(<lint>) reason=\"…\" until=YYYY-MM-DD"),
        ("allow x", "allow needs a lint in parentheses; known: allow(<lint>) reason=\"…\" until=YYYY-MM-DD"),
        ("allow(x,)", "allow needs a lint in parentheses; known: allow(<lint>) reason=\"…\" until=YYYY-MM-DD"),
        ("allow(x) because=\"y\"", "unknown option `because`; known: allow(<lint>) reason=\"…\" until=YYYY-MM-DD"),
        ("allow(x) reason \"y\"", "`reason` is not understood; known: allow(<lint>) reason=\"…\" until=YYYY-MM-DD"),
        ("allow(x) reason=\"y", "the quote of `reason` is never closed"),
        ("allow(x) reason=y reason=z", "`reason` is given twice"),
        ("allow(x) until=2027-02-30", "until=2027-02-30 is not a day such as 2027-01-31"),
    ] {
        let script = script(&format!("-- migrate: {note}\nSELECT 1"));
        let kinds: Vec<_> = script.problems.iter().map(|problem| &problem.kind).collect();
        assert_eq!(kinds, [&ProblemKind::Directive(expected.to_owned())]);
    }
    let last = script("SELECT 1;\n-- migrate: allow(x)\n");
    assert_eq!(last.problems[0].kind, ProblemKind::Directive("no statement follows it".to_owned()));
}

#[test]
fn sections_of_other_tools_are_not_ours() {
    assert_eq!(script("-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nSELECT 2;").problems, []);
}
