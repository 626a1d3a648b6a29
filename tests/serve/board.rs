//! The board in a real Chromium: whole without JavaScript, fresh with it, silent on its console, and what it shows is escaped.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::answers::project;
use super::server::{Server, run};
use super::support;

/// A project whose names would be markup if anything forgot to escape them.
const PROJECT: &[(&str, &str)] = &[
    ("migrate.toml", "dialect = \"sqlite\"\nservices = [\"api\"]\n[database]\nurl = \"sqlite://shop.db?mode=rwc\"\n"),
    ("migrations/1_users/expand.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n"),
    ("migrations/2_nick/expand.sql", "ALTER TABLE users ADD COLUMN nick TEXT;\n"),
    ("migrations/2_nick/backfill.sql", "UPDATE users SET nick = name WHERE nick IS NULL;\n"),
    ("migrations/2_nick/contract.sql", "ALTER TABLE users DROP COLUMN name;\n"),
];

const HOSTILE: &str = "<img src=x onerror=alert(1)>";

#[test]
fn the_page_is_whole_without_a_script_and_everything_in_it_is_escaped() {
    let folder = project(PROJECT);
    let shop = folder.path();
    let server = Server::start(shop, &[]);
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for part in ["2 phases can run", "migrate apply --phase expand", "<noscript><meta http-equiv=\"refresh\"", "scope=\"row\""] {
        assert!(page.body.contains(part), "{part} is not in {}", page.body);
    }
    assert!(!page.body.contains(" style=") && !page.body.contains("<style") && !page.body.contains("<script>"), "the policy forbids it");
    run(shop, &["apply", "--phase", "expand", "-q"]);
    run(shop, &["mark", "deployed", &format!("api@{HOSTILE}"), "--actor", HOSTILE, "-q"]);
    let page = server.until("/", |page| page.body.contains("onerror"));
    assert!(!page.body.contains("<img src=x"), "{}", page.body);
    assert!(page.body.contains("&#60;img src=x onerror=alert(1)&#62;") || page.body.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for asset in ["board.css", "board.js", "mark.svg"] {
        let asset = server.get(&format!("/assets/{asset}"));
        assert_eq!((asset.status, asset.header("cache-control")), (200, "public, max-age=31536000, immutable"));
    }
    assert_eq!(server.get("/assets/..%2f..%2fCargo.toml").status, 404);
}

#[test]
fn a_database_that_cannot_be_asked_is_told_on_the_page() {
    let folder = project(&[
        ("migrate.toml", "dialect = \"postgres\"\n"),
        ("migrations/1_a/expand.sql", "CREATE TABLE a (id bigint PRIMARY KEY);\n"),
    ]);
    // Nobody listens on port 1.
    let server = Server::start(folder.path(), &["--database-url", "postgres://app:s3cret@127.0.0.1:1/shop"]);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("The database cannot be asked.") && page.body.contains("banner bad"), "{}", page.body);
    assert!(!page.body.contains("s3cret") && !server.get("/v1/status").body.contains("s3cret"));
}

#[test]
fn edited_history_is_told_on_the_page_and_holds_every_gate() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let server = Server::start(shop, &[]);
    assert_eq!(server.get("/v1/status").json()["exit_code"], 0);
    std::fs::write(shop.join("migrations/1_users/expand.sql"), "CREATE TABLE users (id INTEGER PRIMARY KEY, label TEXT);\n").expect("ours");
    let status = server.until("/v1/status", |answer| answer.json()["exit_code"] == 6);
    assert_eq!(status.json()["outcome"], "refused");
    assert!(server.get("/").body.contains("The history and the files disagree."));
    assert_eq!(server.get("/v1/gates/2_nick").status, 412);
}

#[test]
fn findings_that_would_refuse_what_is_pending_are_told() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let server = Server::start(shop, &[]);
    assert!(!server.get("/").body.contains("What is pending would be refused"));
    std::fs::create_dir_all(shop.join("migrations/3_drop")).expect("ours");
    std::fs::write(shop.join("migrations/3_drop/expand.sql"), "ALTER TABLE users DROP COLUMN name;\n").expect("ours");
    let page = server.until("/", |page| page.body.contains("What is pending would be refused")).body;
    assert!(page.contains("3_drop:expand") && page.contains("migrate plan"), "{page}");
    assert!(!page.contains("id=\"t-next\""), "nothing that is refused is recommended: {page}");
    assert!(server.get("/metrics").body.lines().any(|line| line.starts_with("concertina_refusals ") && !line.ends_with(" 0.0")));
}

/// Chromium without anything that asks for the network.
fn chromium(profile: &Path, arguments: &[&str]) -> Option<(String, String)> {
    let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path);
    let Some(program) = program else {
        support::skip("chromium", "it is not on PATH");
        return None;
    };
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("chromium starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{err}");
    Some((out, err))
}

fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// What a page said on its console.
fn console(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("CONSOLE") || line.contains("Content Security Policy")).collect()
}

#[test]
fn a_browser_shows_it_and_has_nothing_to_complain_about() {
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    let server = Server::start(shop, &[]);
    let profile = tempfile::tempdir().expect("there is room for scratch folders");
    let url = format!("{}/", server.base);

    // With its script: the copy buttons appear, and the page takes in what changed after it was loaded.
    let Some((dom, log)) = chromium(profile.path(), &["--virtual-time-budget=6000", "--dump-dom", &url]) else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert!(dom.contains("One phase can run, one contract is held."), "{dom}");
    let button = dom.split("class=\"copy\"").nth(1).and_then(|rest| rest.split('>').next()).expect("there is a command to copy");
    assert!(!button.contains("hidden"), "the script did not run: {button}");

    // Without scripts: the same, but for the buttons.
    let silent = tempfile::tempdir().expect("there is room for scratch folders");
    std::fs::create_dir(silent.path().join("Default")).expect("the folder is ours");
    let no_scripts = r#"{"profile":{"default_content_setting_values":{"javascript":2}}}"#;
    std::fs::write(silent.path().join("Default/Preferences"), no_scripts).expect("the folder is ours");
    let Some((dom, log)) = chromium(silent.path(), &["--dump-dom", &url]) else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert!(dom.contains("One phase can run, one contract is held.") && dom.contains("2_nick"), "{dom}");
    let button = dom.split("class=\"copy\"").nth(1).and_then(|rest| rest.split('>').next()).expect("there is a command to copy");
    assert!(button.contains("hidden"), "the script ran: {button}");

    // Painted: text and shades, wide in the dark and narrow without any script.
    let dark = "--blink-settings=preferredColorScheme=0";
    for (profile, size, setting) in [(profile.path(), "1280,1400", dark), (silent.path(), "390,1600", "--no-pings")] {
        let picture = profile.join("board.png");
        let (size, told) = (format!("--window-size={size}"), format!("--screenshot={}", picture.display()));
        let Some((_, log)) = chromium(profile, &[&size, setting, &told, &url]) else { return };
        assert_eq!(console(&log), Vec::<&str>::new());
        let bytes = std::fs::read(&picture).expect("there is a picture");
        // One colour of this size packs into less than ten kilobytes.
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 25_000, "{} bytes", bytes.len());
    }
}

/// What axe-core finds on a page in one scheme of colours, as JSON.
fn axe(axe: &str, page: &str, style: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("there is room for scratch folders");
    let (head, rest) = page.split_once("<link rel=\"stylesheet\"").expect("it has a style");
    // Everything in one file, without what reloads it: the rules are for what stands there.
    let (_, rest) = rest.split_once("</script>").expect("it has a script");
    let (body, _) = rest.split_once("</body>").expect("it has a body");
    let head: String = head.lines().filter(|line| !line.contains("http-equiv")).collect();
    let ask = "axe.run(document).then(r => { const p = document.createElement('pre'); p.id = 'axe'; \
        p.textContent = JSON.stringify(r.violations.map(v => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])); document.body.append(p) })";
    let file = folder.path().join("page.html");
    let text = format!("{head}<style>{style}</style>{body}<script>{axe}</script><script>{ask}</script></body></html>");
    std::fs::write(&file, text).expect("the folder is ours");
    let url = format!("file://{}", file.display());
    let (dom, _) = chromium(&folder.path().join("profile"), &["--virtual-time-budget=9000", "--dump-dom", &url])?;
    let told = dom.split("<pre id=\"axe\">").nth(1).and_then(|rest| rest.split("</pre>").next());
    Some(told.unwrap_or_else(|| panic!("axe did not run: {dom}")).to_owned())
}

#[test]
fn accessibility_rules_find_nothing_in_the_light_and_in_the_dark() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/node_modules/axe-core/axe.min.js");
    let Ok(script) = std::fs::read_to_string(file) else {
        support::skip("axe", "`npm ci` was not run in tests/servers");
        return;
    };
    let folder = project(PROJECT);
    let shop = folder.path();
    run(shop, &["apply", "--phase", "expand", "-q"]);
    run(shop, &["mark", "deployed", "api@1", "-q"]);
    let server = Server::start(shop, &[]);
    let page = server.until("/", |page| page.body.contains("2_nick")).body;
    let style = page.split("href=\"/assets/board.css").nth(1).and_then(|rest| rest.split('"').next()).expect("it has a style");
    let light = server.get(&format!("/assets/board.css{style}")).body;
    let dark = light.replace("(prefers-color-scheme: dark)", "all");
    assert_ne!(light, dark);
    for style in [light, dark] {
        let Some(found) = axe(&script, &page, &style) else { return };
        assert_eq!(found, "[]");
    }
    // And they do find what is wrong.
    let grey = "body { color: #ccc; background: #fff }";
    let Some(found) = axe(&script, &page, grey) else { return };
    assert!(found.contains("color-contrast"), "{found}");
}

#[test]
fn an_open_page_takes_in_what_changes() {
    let folder = project(PROJECT);
    let shop = folder.path().to_owned();
    let server = Server::start(&shop, &[]);
    let profile = tempfile::tempdir().expect("there is room for scratch folders");
    // The browser's clock stands still while it waits for an answer: the change comes before its second look.
    let looks = AtomicU32::new(0);
    let on_the_way = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/", on_the_way.local_addr().expect("it has an address"));
    let ended = AtomicBool::new(false);
    let told = std::thread::scope(|scope| {
        scope.spawn(|| {
            for browser in on_the_way.incoming().flatten() {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                let (shop, looks, port) = (&shop, &looks, server.port());
                scope.spawn(move || {
                    pass_on(browser, port, || {
                        if looks.fetch_add(1, Ordering::AcqRel) == 1 {
                            run(shop, &["apply", "--phase", "expand", "-q"]);
                            std::thread::sleep(Duration::from_millis(1100));
                        }
                    });
                });
            }
        });
        let told = chromium(profile.path(), &["--virtual-time-budget=9000", "--dump-dom", &url]);
        ended.store(true, Ordering::Release);
        drop(TcpStream::connect(on_the_way.local_addr().expect("it has an address")));
        told
    });
    let Some((dom, log)) = told else { return };
    assert_eq!(console(&log), Vec::<&str>::new());
    assert!(looks.load(Ordering::Acquire) > 1, "it looked once");
    assert!(dom.contains("One phase can run, one contract is held."), "it still shows the beginning: {dom}");
}

/// One request to the server on another port and its answer back; before a look at the board something may happen.
fn pass_on(mut browser: TcpStream, port: u16, before_a_look: impl Fn()) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match browser.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).expect("a request is text");
    if request.starts_with("GET / ") {
        before_a_look();
    }
    // So that the answer ends with its connection.
    let request = request.replace("Connection: keep-alive", "Connection: close");
    let mut server = TcpStream::connect(("127.0.0.1", port)).expect("the server is there");
    server.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).expect("it answers");
    // The browser may be gone.
    let _ = browser.write_all(&answer);
}
