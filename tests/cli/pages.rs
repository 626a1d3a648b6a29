//! The console blocks of the README and of the documentation are run, each page in its own copy of the example shop.
//! Beside it, in `../shop-1`, lies the checkout of an earlier release of the shop that uses the same database.

use std::path::Path;

use super::{console, copy, folder, root};

/// The only migration that the earlier release knows.
const FIRST: &str = "migrations/20260105090000_shop";

fn check(page: &str) {
    let scratch = folder(&[]);
    let (shop, earlier) = (scratch.path().join("shop"), scratch.path().join("shop-1"));
    let example = root().join("migrations-example/sqlite");
    copy(&example, &shop);
    copy(&example.join(FIRST), &earlier.join(FIRST));
    let project = std::fs::read_to_string(example.join("migrate.toml")).expect("the example is there");
    // The demonstration's two seconds would make the pages depend on the speed of the machine.
    let project = project.replace("soak = \"2s\"", "soak = \"24h\"");
    std::fs::write(shop.join("migrate.toml"), &project).expect("the folder is ours");
    std::fs::write(earlier.join("migrate.toml"), project.replace("sqlite://shop.db", "sqlite://../shop/shop.db"))
        .expect("the folder is ours");
    if let Err(difference) = console::check(&root().join(page), &shop) {
        panic!("{difference}");
    }
}

#[test]
fn readme() {
    check("README.md");
}

#[test]
fn concepts() {
    check("docs/concepts.md");
}

#[test]
fn operating() {
    check("docs/operating.md");
}

#[test]
fn databases() {
    check("docs/databases.md");
}

#[test]
fn adopting() {
    check("docs/adopting.md");
}

#[test]
fn sync() {
    check("docs/sync.md");
}

#[test]
fn recipes() {
    check("docs/recipes.md");
}

#[test]
fn backfill() {
    check("docs/backfill.md");
}

#[test]
fn ci() {
    check("docs/ci.md");
}

#[test]
fn markers() {
    check("docs/markers.md");
}

/// One page for each way to roll out.
#[test]
fn deploy() {
    let mut pages: Vec<_> =
        std::fs::read_dir(root().join("docs/deploy")).expect("it is there").map(|entry| entry.expect("it can be listed").path()).collect();
    pages.sort();
    assert!(pages.len() > 8, "docs/deploy lacks pages");
    for page in pages {
        check(&page.strip_prefix(root()).expect("it lies in the crate").to_string_lossy());
    }
}

/// Behaviour that no page explains, in the same form.
#[test]
fn further_sessions() {
    let mut pages: Vec<_> =
        std::fs::read_dir(root().join("tests/cli")).expect("it is there").map(|entry| entry.expect("it can be listed").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    assert!(!pages.is_empty(), "tests/cli has no sessions");
    for page in pages {
        check(&page.strip_prefix(root()).expect("it lies in the crate").to_string_lossy());
    }
}

#[test]
fn every_page_is_listed_here() {
    let listed = [
        "backfill",
        "concepts",
        "operating",
        "databases",
        "architecture",
        "commands",
        "lints",
        "lints-coverage",
        "ci",
        "adopting",
        "sync",
        "recipes",
        "gates",
        "chunking",
        "serve",
        "markers",
        "benchmarks",
    ];
    for entry in std::fs::read_dir(root().join("docs")).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_page = path.extension() == Some(Path::new("md").as_os_str());
        assert!(!is_page || listed.contains(&stem.as_str()), "docs/{stem}.md has no test");
    }
}
