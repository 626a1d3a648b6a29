//! The exchanges of docs/serve.md: each is asked of a real server, in the order of the page.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::server::{Server, TOKEN, run};

/// A request and what the page says of its answer.
#[derive(Debug)]
struct Exchange {
    line: usize,
    method: String,
    path: String,
    token: bool,
    body: Option<Value>,
    status: u16,
    answer: String,
}

/// The ```http blocks: request line, headers, perhaps a body; an empty line; status line; body.
fn exchanges(page: &str) -> Vec<Exchange> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line != "```http" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let end = block.iter().position(|line| line.is_empty()).expect("an empty line ends the request");
        let (method, path) = block[0].split_once(' ').expect("method and path");
        let body = block[1..end].iter().find(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect("a body is JSON"));
        let status = block[end + 1].split(' ').next().and_then(|status| status.parse().ok()).expect("a status");
        found.push(Exchange {
            line: number + 2,
            method: method.to_owned(),
            path: path.to_owned(),
            token: block[1..end].iter().any(|line| line.starts_with("Authorization: Bearer")),
            body,
            status,
            answer: block[end + 2..].join("\n"),
        });
    }
    found
}

/// Whether an answer is what the page shows: `…` stands for anything, and an object may have more than is shown.
fn fits(shown: &Value, is: &Value) -> bool {
    match (shown, is) {
        (Value::String(shown), _) if shown == "…" => true,
        (Value::String(shown), Value::String(is)) => match shown.strip_suffix('…') {
            Some(start) => is.starts_with(start),
            None => shown == is,
        },
        (Value::Object(shown), Value::Object(is)) => shown.iter().all(|(key, shown)| is.get(key).is_some_and(|is| fits(shown, is))),
        (Value::Array(shown), Value::Array(is)) => shown.len() == is.len() && shown.iter().zip(is).all(|(shown, is)| fits(shown, is)),
        (shown, is) => shown == is,
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder is ours");
    for entry in fs::read_dir(from).expect("the example is there") {
        let path = entry.expect("it can be listed").path();
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).expect("the folder is ours") }
    }
}

#[test]
fn the_exchanges_of_the_page_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("there is room for scratch folders");
    let shop = folder.path();
    copy(&root.join("migrations-example/sqlite"), shop);
    let settings = fs::read_to_string(shop.join("migrate.toml")).expect("the example is there");
    // The demonstration's two seconds would make the page depend on the speed of the machine.
    fs::write(shop.join("migrate.toml"), settings.replace("soak = \"2s\"", "soak = \"24h\"")).expect("the folder is ours");
    run(shop, &["apply", "--phase", "expand", "-q"]);
    run(shop, &["mark", "started", "shop@2.3.0", "-q"]);
    let server = Server::start(shop, &[]);
    let page = fs::read_to_string(root.join("docs/serve.md")).expect("the page is there");
    let exchanges = exchanges(&page);
    assert!(exchanges.len() >= 5, "the page has {} exchanges", exchanges.len());
    for exchange in exchanges {
        let bearer = format!("Bearer {TOKEN}");
        let headers: Vec<(&str, &str)> = if exchange.token { vec![("authorization", &bearer)] } else { Vec::new() };
        let answer = match exchange.method.as_str() {
            "GET" => server.get_with(&exchange.path, &headers),
            "POST" => server.post(&exchange.path, exchange.body.as_ref().expect("a POST has a body"), &headers),
            method => panic!("docs/serve.md:{}: {method}", exchange.line),
        };
        assert_eq!(answer.status, exchange.status, "docs/serve.md:{}: {}", exchange.line, answer.body);
        match serde_json::from_str::<Value>(&exchange.answer) {
            Ok(shown) => assert!(fits(&shown, &answer.json()), "docs/serve.md:{}: the answer is\n{}", exchange.line, answer.body),
            Err(_) => {
                let start = exchange.answer.trim_end().trim_end_matches('…');
                assert!(answer.body.starts_with(start), "docs/serve.md:{}: the answer is\n{}", exchange.line, answer.body);
            }
        }
    }
}
