//! The step of action.yml, run as GitHub runs it: its variables, its event file, and a server in the place of its API.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use super::formats::project;
use super::root;

/// The comments of a pull request, as GitHub would keep them.
#[derive(Default)]
struct Api {
    comments: Vec<(u64, String)>,
    /// `METHOD path`, in order.
    calls: Vec<String>,
    refuses: bool,
}

/// Serves the API on the loopback for as long as the test lives; returns its address.
fn serve(api: &Arc<Mutex<Api>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let api = Arc::clone(api);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &api);
        }
    });
    address
}

fn answer(mut stream: TcpStream, api: &Mutex<Api>) {
    let mut reader = BufReader::new(stream.try_clone().expect("sockets can be cloned"));
    let (mut first, mut length, mut is_authorized) = (String::new(), 0, false);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        is_authorized |= line == "authorization: bearer s3cret";
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut api = api.lock().expect("no test panicked");
    api.calls.push(format!("{method} {path}"));
    let text = || {
        let body: Value = serde_json::from_slice(&body).expect("a JSON body");
        body["body"].as_str().expect("a comment has a body").to_owned()
    };
    let (status, reply) = if api.refuses || !is_authorized {
        ("403 Forbidden", json!({ "message": "Resource not accessible by integration" }))
    } else {
        match (method.as_str(), path.split('?').next().unwrap_or_default()) {
            ("GET", "/repos/shop/shop/issues/7/comments") => {
                let comments: Vec<Value> = api.comments.iter().map(|(id, body)| json!({ "id": id, "body": body })).collect();
                let page = if path.ends_with("page=1") { comments } else { Vec::new() };
                ("200 OK", Value::Array(page))
            }
            ("POST", "/repos/shop/shop/issues/7/comments") => {
                let id = 100 + api.comments.len() as u64;
                api.comments.push((id, text()));
                ("201 Created", json!({ "id": id }))
            }
            ("PATCH", path) => {
                let id: u64 = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
                let new = text();
                api.comments.iter_mut().filter(|(known, _)| *known == id).for_each(|(_, body)| new.clone_into(body));
                ("200 OK", json!({ "id": id }))
            }
            _ => ("404 Not Found", json!({ "message": "Not Found" })),
        }
    };
    let reply = reply.to_string();
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reply}", reply.len());
}

/// What a step leaves.
struct Step {
    code: i32,
    log: String,
    outputs: String,
    summary: String,
}

fn git(folder: &Path, arguments: &[&str]) {
    let name = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").arg("-C").arg(folder).args(name).args(arguments).output().expect("there is git");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Runs the script in a checkout with these inputs; `event` is what GitHub says about the pull request.
fn run(folder: &Path, api: &str, event: &Value, inputs: &[(&str, &str)]) -> Step {
    let files = tempfile::tempdir().expect("there is room for scratch folders");
    let file = |name: &str| files.path().join(name);
    fs::write(file("event.json"), event.to_string()).expect("the folder is ours");
    let output = Command::new("bash")
        .arg(root().join("ci/action.sh"))
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .env_remove("MIGRATE_DATABASE_URL")
        .env("ACTION_PATH", root())
        .env("INPUT_COMMAND", env!("CARGO_BIN_EXE_migrate"))
        .env("INPUT_TOKEN", "s3cret")
        .env("GITHUB_API_URL", api)
        .env("GITHUB_REPOSITORY", "shop/shop")
        .env("GITHUB_EVENT_PATH", file("event.json"))
        .env("GITHUB_OUTPUT", file("output"))
        .env("GITHUB_STEP_SUMMARY", file("summary"))
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .envs(inputs.iter().copied())
        .output()
        .expect("there is bash");
    let log = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!log.contains("s3cret"), "{log}");
    let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
    Step { code: output.status.code().expect("it was not killed"), log, outputs: read("output"), summary: read("summary") }
}

fn pull_request(from: &str) -> Value {
    json!({ "pull_request": { "number": 7, "head": { "repo": { "full_name": from } }, "base": {} } })
}

/// Whether the programs are there that GitHub's runners have.
#[allow(clippy::print_stderr, reason = "a skip must be seen")]
fn is_possible() -> bool {
    let missing = ["bash", "curl", "jq", "git"].into_iter().find(|program| Command::new(program).arg("--version").output().is_err());
    let Some(missing) = missing else { return true };
    assert!(std::env::var_os("CI").is_none(), "{missing} is missing");
    eprintln!("SKIPPED: the action was not run, {missing} is missing");
    false
}

#[test]
fn the_comment_is_written_once_kept_up_to_date_and_cleared() {
    if !is_possible() {
        return;
    }
    let api = Arc::new(Mutex::new(Api::default()));
    api.lock().expect("it is ours").comments.push((5, "LGTM".to_owned()));
    let address = serve(&api);
    let shop = project("postgres");
    let event = pull_request("shop/shop");
    let comments = || api.lock().expect("no test panicked").comments.clone();

    let step = run(shop.path(), &address, &event, &[("INPUT_SARIF", "findings.sarif")]);
    assert_eq!(step.code, 3, "{}", step.log);
    assert!(step.log.contains("::error file=migrations/3_faults/expand.sql"), "{}", step.log);
    assert!(
        step.outputs.starts_with("has-findings=true\nheld=false\ndigest=") && step.outputs.ends_with("exit-code=3\n"),
        "{}",
        step.outputs
    );
    assert!(step.summary.contains("refused, 2 errors"), "{}", step.summary);
    assert!(fs::read_to_string(shop.path().join("findings.sarif")).is_ok_and(|text| text.contains("\"2.1.0\"")));
    assert!(comments().len() == 2 && comments()[1].1.contains("refused, 2 errors"), "{:?}", comments());

    // The same comment once more, and findings that are let through.
    let step = run(shop.path(), &address, &event, &[("INPUT_FAIL", "false")]);
    assert_eq!((step.code, comments().len()), (0, 2), "{}", step.log);

    // What was wrong is taken back: the comment says so.
    fs::remove_dir_all(shop.path().join("migrations/3_faults")).expect("the folder is ours");
    let step = run(shop.path(), &address, &event, &[]);
    assert_eq!((step.code, comments().len()), (0, 2), "{}", step.log);
    assert!(comments()[1].1.contains("migrate plan: 1 notice") && !comments()[1].1.contains("refused"), "{}", comments()[1].1);
    assert_eq!(comments()[0].1, "LGTM");
}

#[test]
fn nothing_is_said_where_nothing_changes() {
    if !is_possible() {
        return;
    }
    let api = Arc::new(Mutex::new(Api::default()));
    let address = serve(&api);
    let shop = project("postgres");
    git(shop.path(), &["init", "-q"]);
    git(shop.path(), &["add", "-A"]);
    git(shop.path(), &["commit", "-q", "-m", "base"]);
    git(shop.path(), &["checkout", "-q", "-b", "topic"]);
    let head = Command::new("git").arg("-C").arg(shop.path()).args(["rev-parse", "main"]).output().expect("there is git");
    let mut event = pull_request("shop/shop");
    event["pull_request"]["base"]["sha"] = String::from_utf8_lossy(&head.stdout).trim().into();
    // The base holds the faults, so this branch does not answer for them.
    let step = run(shop.path(), &address, &event, &[]);
    assert_eq!(step.code, 0, "{}", step.log);
    assert!(api.lock().expect("no test panicked").comments.is_empty());
    assert!(step.summary.contains("Nothing here changes the schema."), "{}", step.summary);
    // A clean change is told, unless only findings are asked for.
    fs::create_dir_all(shop.path().join("migrations/4_email")).expect("the folder is ours");
    fs::write(shop.path().join("migrations/4_email/expand.sql"), "ALTER TABLE users ADD COLUMN email text;\n").expect("the folder is ours");
    run(shop.path(), &address, &event, &[("INPUT_COMMENT", "findings")]);
    run(shop.path(), &address, &event, &[("INPUT_COMMENT", "never")]);
    assert!(api.lock().expect("no test panicked").comments.is_empty());
    run(shop.path(), &address, &event, &[]);
    let comments = api.lock().expect("no test panicked").comments.clone();
    assert!(comments.len() == 1 && comments[0].1.contains("yes, before the roll-out"), "{comments:?}");
}

#[test]
fn a_fork_a_push_and_a_token_without_rights_do_not_fail_the_check() {
    if !is_possible() {
        return;
    }
    let api = Arc::new(Mutex::new(Api::default()));
    let address = serve(&api);
    let shop = project("postgres");
    fs::remove_dir_all(shop.path().join("migrations/3_faults")).expect("the folder is ours");
    let step = run(shop.path(), &address, &pull_request("stranger/shop"), &[]);
    assert!(step.code == 0 && step.log.contains("::notice title=migrate::no comment") && step.log.contains("fork"), "{}", step.log);
    let step = run(shop.path(), &address, &json!({ "ref": "refs/heads/main" }), &[]);
    assert_eq!(step.code, 0, "{}", step.log);
    assert!(api.lock().expect("no test panicked").calls.is_empty(), "nobody was called");
    api.lock().expect("no test panicked").refuses = true;
    let step = run(shop.path(), &address, &pull_request("shop/shop"), &[]);
    assert!(step.code == 0 && step.log.contains("::warning title=migrate::no comment"), "{}", step.log);
}

#[test]
fn the_program_on_the_path_is_used_if_it_is_ours() {
    if !is_possible() {
        return;
    }
    let shop = project("postgres");
    let migrate = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().expect("a program lies in a folder");
    let path = format!("{}:{}", migrate.display(), std::env::var("PATH").unwrap_or_default());
    let step = run(shop.path(), "http://127.0.0.1:9", &json!({}), &[("INPUT_COMMAND", ""), ("PATH", &path)]);
    assert!(step.code == 3 && step.outputs.contains("exit-code=3"), "{}", step.log);
}

#[test]
fn inputs_are_arguments_and_never_code() {
    if !is_possible() {
        return;
    }
    let shop = project("postgres");
    let event = json!({});
    let evil = "$(touch pwned)`touch pwned`; touch pwned #";
    for input in ["INPUT_PROJECT", "INPUT_BASE", "INPUT_SARIF", "INPUT_COMMENT", "INPUT_FAIL"] {
        let step = run(shop.path(), "http://127.0.0.1:9", &event, &[(input, evil)]);
        assert!(!shop.path().join("pwned").exists(), "{input}: {}", step.log);
    }
    let step = run(shop.path(), "http://127.0.0.1:9", &event, &[("INPUT_BASE", "--help")]);
    assert!(step.code == 2, "{}", step.log);
    // In action.yml, no expression stands in a script.
    let action = fs::read_to_string(root().join("action.yml")).expect("it is there");
    for line in action.lines().filter(|line| line.contains("${{")) {
        let is_value = line.trim_start().starts_with("value: ${{ steps.") || line.trim_start().starts_with("default: ${{ github.token");
        let is_environment = line.trim_start().split(':').next().is_some_and(|name| name == name.to_uppercase());
        assert!(is_value || is_environment, "{line}");
    }
}
