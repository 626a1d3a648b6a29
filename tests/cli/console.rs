//! Runs the console blocks of a Markdown page and compares what they print with what the page says.
//!
//! A fence ```` ```sql path ```` (any language) writes that file first. In a fence ```` ```console ````, a line `$ command`
//! is run by the shell in the page's scratch folder, with standard error in the same stream; `$ echo $?` tells the exit
//! code of the command before. Times, durations and rates are made equal on both sides, so pages show real ones.
//! `UPDATE_DOCS=1` writes what was printed into the page.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs every block of the page in `scratch`.
///
/// # Errors
/// The difference between the page and what was printed.
pub(crate) fn check(page: &Path, scratch: &Path) -> Result<(), String> {
    let text = fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
    let played = play(&text, scratch);
    if normal(&text) == normal(&played) {
        return Ok(());
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return fs::write(page, played).map_err(|error| error.to_string());
    }
    let (said, printed) = (normal(&text), normal(&played));
    let difference = similar::TextDiff::from_lines(&said, &printed);
    let shown = difference.unified_diff().context_radius(3).header("the page", "what was printed").to_string();
    Err(format!("{} is out of date (UPDATE_DOCS=1 rewrites it):\n{shown}", page.display()))
}

/// The page with what its commands print now.
fn play(text: &str, scratch: &Path) -> String {
    let mut played = String::new();
    let mut lines = text.lines().peekable();
    let mut code = 0;
    while let Some(line) = lines.next() {
        let _ = writeln!(played, "{line}");
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut body: Vec<&str> = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.starts_with("```")) {
            body.push(line);
        }
        if info == "console" {
            for command in body.iter().filter_map(|line| line.strip_prefix("$ ")) {
                let _ = writeln!(played, "$ {command}");
                if command == "echo $?" {
                    let _ = writeln!(played, "{code}");
                    continue;
                }
                let (printed, exit) = run(command, scratch);
                code = exit;
                played.push_str(&printed);
            }
        } else {
            if let Some((_, path)) = info.split_once(' ') {
                let file = scratch.join(path);
                fs::create_dir_all(file.parent().expect("it lies in the scratch folder")).expect("the scratch folder is ours");
                fs::write(file, body.join("\n") + "\n").expect("the scratch folder is ours");
            }
            for line in body {
                let _ = writeln!(played, "{line}");
            }
        }
        played.push_str("```\n");
    }
    played
}

fn run(command: &str, scratch: &Path) -> (String, i32) {
    let migrate = Path::new(env!("CARGO_BIN_EXE_migrate"));
    let folder = migrate.parent().expect("a program lies in a folder");
    let path = std::env::join_paths(
        [folder.to_path_buf()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(scratch)
        .env("PATH", path.expect("PATH can be extended"))
        .env("MIGRATE_ACTOR", "ann@laptop")
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_ACTIONS")
        .env_remove("MIGRATE_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .output()
        .expect("there is a shell");
    let mut printed: String = String::from_utf8_lossy(&output.stdout).lines().map(|line| format!("{}\n", line.trim_end())).collect();
    printed = printed.replace(&*scratch.to_string_lossy(), "/srv/shop");
    (printed, output.status.code().unwrap_or(-1))
}

/// The text with times, distances, durations and rates made equal.
fn normal(text: &str) -> String {
    let mut normal = String::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for at in 0..words.len() {
            let next = words.get(at + 1).map_or("", |word| word.trim_end_matches([',', ')', ';', '.'])).to_owned();
            let word = words[at].trim_start_matches('(').to_owned();
            let is_number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
            if shaped(&word, "0000-00-00")
                || shaped(&word, "00:00:00")
                || shaped(&word, "00000000000000")
                || word.len() > 15 && shaped(&word[..15], "00000000000000_") && line.contains("wrote migration")
            {
                words[at] = "0".to_owned();
            } else if is_number && ["ms", "s", "min", "h", "days", "rows/s"].contains(&next.as_str()) {
                words[at] = if words[at].starts_with('(') { "(0".to_owned() } else { "0".to_owned() };
                let unit = words[at + 1].clone();
                words[at + 1] = unit.replace(&next, "T");
            }
        }
        let _ = writeln!(normal, "{}", words.join(" "));
    }
    normal
}

/// Whether the word has digits where the shape has zeros, and else the same characters.
fn shaped(word: &str, shape: &str) -> bool {
    word.len() == shape.len() && word.bytes().zip(shape.bytes()).all(|(a, b)| if b == b'0' { a.is_ascii_digit() } else { a == b })
}

#[test]
fn times_are_equal_and_other_words_are_not() {
    assert_eq!(
        normal("done in 4 ms (3 s ago) at 2026-11-21 09:30:00 UTC\n"),
        normal("done in 1.2 s (14 min ago) at 2027-01-01 00:00:01 UTC\n")
    );
    assert_ne!(normal("3 rows"), normal("4 rows"));
    assert_ne!(normal("shop@1"), normal("shop@2"));
}
