//! Passwords never appear, whatever is wrong with the connection and however much is said.

use super::{folder, migrate_with, shop};

const SECRET: &str = "s3cr3t-pa55";

/// URLs that fail in different places: parsing, name, port, protocol, file.
fn urls() -> Vec<String> {
    vec![
        format!("postgres://app:{SECRET}@127.0.0.1:1/shop"),
        format!("postgres://app:{SECRET}@no-such-host.invalid/shop"),
        format!("postgres://app:{SECRET}@127.0.0.1:notaport/shop"),
        format!("postgres://app:{SECRET}@[::1/shop"),
        format!("postgres://127.0.0.1:1/shop?user=app&password={SECRET}"),
        format!("postgresql://app:x@{SECRET}/{SECRET}@127.0.0.1:1/shop"),
        format!("mysql://app:{SECRET}@127.0.0.1:1/shop"),
        format!("oracle://app:{SECRET}@db/shop"),
        SECRET.to_owned(),
        format!("app:{SECRET}@db/shop"),
    ]
}

#[test]
fn no_output_holds_a_password() {
    let project =
        folder(&[("migrate.toml", "services = [\"api\"]\n"), ("migrations/1_a/expand.sql", "CREATE TABLE a (id bigint PRIMARY KEY);\n")]);
    let commands: [&[&str]; 7] = [
        &["plan"],
        &["apply", "--phase", "expand"],
        &["status"],
        &["mark", "deployed", "api@1"],
        &["wait", "--phase", "expand", "--timeout", "0s"],
        &["rollback", "1_a", "--yes"],
        &["explain", "1_a"],
    ];
    for url in urls() {
        for command in commands {
            let formats: &[&str] = if command == ["plan"] { &["sarif", "github", "gitlab", "rdjson", "junit", "markdown"] } else { &[] };
            let formats = formats.iter().map(|format| vec!["--format", format]);
            for extra in [vec!["-vv"], vec!["--format", "json"]].into_iter().chain(formats) {
                let by_flag = [command, &extra, &["--database-url", &url]].concat();
                let by_variable = [command, &extra].concat();
                for (arguments, variables) in [(by_flag, vec![]), (by_variable, vec![("DATABASE_URL", url.as_str())])] {
                    let ran = migrate_with(project.path(), &arguments, &variables);
                    assert_ne!(ran.code, 0, "{arguments:?} cannot have worked: {}", ran.out);
                    for text in [&ran.out, &ran.err] {
                        assert!(!text.contains(SECRET), "{arguments:?} told the password:\n{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_password_in_the_project_file_is_not_told_either() {
    let shop = shop();
    let file = format!("dialect = \"postgres\"\n[database]\nurl = \"postgres://app:{SECRET}@127.0.0.1:1/shop\"\n");
    std::fs::write(shop.path().join("migrate.toml"), &file).expect("the folder is ours");
    let ran = migrate_with(shop.path(), &["status", "-vv"], &[]);
    assert!(ran.code != 0 && !ran.err.contains(SECRET) && !ran.out.contains(SECRET), "{}{}", ran.out, ran.err);
    std::fs::write(shop.path().join("migrate.toml"), file.replace("dialect =", "dialekt =")).expect("the folder is ours");
    let ran = migrate_with(shop.path(), &["status", "-vv"], &[]);
    assert!(ran.code == 2 && !ran.err.contains(SECRET), "{}", ran.err);
}

#[test]
fn help_does_not_print_the_environment() {
    let scratch = folder(&[]);
    let url = format!("postgres://app:{SECRET}@db/shop");
    let ran = migrate_with(scratch.path(), &["--help"], &[("DATABASE_URL", &url), ("MIGRATE_DATABASE_URL", &url)]);
    assert!(ran.code == 0 && !ran.out.contains(SECRET));
}
