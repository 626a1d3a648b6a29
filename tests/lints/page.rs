//! The examples of a page.
//!
//! ```text
//! sql given [dialects]                                   the schema before, for the examples that follow
//! sql bad <dialects> <phase> [version=N] [file=NAME] [fails]   marked lines fire the marked lints, others nothing; with
//!                                                        `fails` a real database refuses the script
//! sql good <dialects> <phase> [version=N] [file=NAME]    nothing fires, and it runs on a real database
//! ```
//!
//! Dialects are separated by commas. Fences with the same `file=` that follow one another are the phases of one
//! migration. A line is marked by `-- ^ id, id` at its end, or on a line of its own below it.

use std::str::FromStr;

use concertina::schema::{Dialect, Phase, Server, ServerVersion};

/// A page's examples.
pub(crate) struct Page {
    pub(crate) examples: Vec<Example>,
}

/// Whether an example shows the fault or the way around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Bad,
    Good,
}

/// One example for one database.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// For messages: the page and the line of the fence.
    pub(crate) place: String,
    pub(crate) server: Server,
    pub(crate) verdict: Verdict,
    pub(crate) given: String,
    /// The migration's scripts.
    pub(crate) scripts: Vec<ExampleScript>,
    file: Option<String>,
    /// Whether a real database refuses it.
    pub(crate) fails: bool,
}

/// One script of an example.
#[derive(Clone, Debug)]
pub(crate) struct ExampleScript {
    pub(crate) phase: Phase,
    /// Without the marks.
    pub(crate) sql: String,
    /// Line within the script and the lint that fires there.
    marks: Vec<(usize, String)>,
}

impl Example {
    /// What is to fire: lines counted through all scripts, so that each is told from the others.
    pub(crate) fn marks(&self) -> Vec<(usize, String)> {
        let mut marks: Vec<(usize, String)> = Vec::new();
        for (number, script) in self.scripts.iter().enumerate() {
            marks.extend(script.marks.iter().map(|(line, id)| (number * 1000 + line, id.clone())));
        }
        marks.sort();
        marks
    }

    /// The lint whose page it stands on.
    pub(crate) fn lint(&self) -> &str {
        let name = self.place.strip_prefix("lints/").unwrap_or_default();
        name.split(".md:").next().unwrap_or_default()
    }

    /// Its scripts as text, for messages.
    pub(crate) fn text(&self) -> String {
        self.scripts.iter().map(|script| format!("-- {}.sql\n{}\n", script.phase, script.sql)).collect()
    }

    /// The same schema with other scripts.
    pub(crate) fn with_scripts(&self, place: String, scripts: Vec<(Phase, String)>) -> Example {
        let scripts = scripts.into_iter().map(|(phase, sql)| ExampleScript { phase, sql, marks: Vec::new() }).collect();
        Example { place, scripts, verdict: Verdict::Good, ..self.clone() }
    }
}

impl Page {
    pub(crate) fn read(id: &str, text: &str) -> Page {
        let mut examples: Vec<Example> = Vec::new();
        let mut given: Vec<(Vec<Dialect>, String)> = Vec::new();
        for (line, info, body) in fences(text) {
            let place = format!("lints/{id}.md:{line}");
            let words: Vec<&str> = info.split_whitespace().collect();
            match &words[..] {
                ["sql", "given"] => given = vec![(Dialect::ALL.to_vec(), body)],
                ["sql", "given", names] => {
                    let dialects = dialects(names, &place);
                    given.retain(|(known, _)| known != &dialects);
                    given.push((dialects, body));
                }
                ["sql", verdict, names, phase, options @ ..] => {
                    let verdict = match *verdict {
                        "bad" => Verdict::Bad,
                        "good" => Verdict::Good,
                        other => panic!("{place}: an example is `bad` or `good`, not `{other}`"),
                    };
                    let phase = Phase::from_name(phase).unwrap_or_else(|| panic!("{place}: `{phase}` is no phase"));
                    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
                    let file = option("file").map(str::to_owned);
                    for dialect in dialects(names, &place) {
                        let script = script(phase, &body);
                        let continued = examples.iter_mut().rev().find(|known| known.server.dialect == dialect);
                        match continued.filter(|known| file.is_some() && known.file == file && known.verdict == verdict) {
                            Some(known) => known.scripts.push(script),
                            None => {
                                let version = option("version").map_or(ServerVersion::oldest(dialect), |text| {
                                    ServerVersion::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"))
                                });
                                let given = given.iter().filter(|(dialects, _)| dialects.contains(&dialect)).map(|(_, sql)| sql.as_str());
                                examples.push(Example {
                                    place: format!("{place} ({dialect})"),
                                    server: Server { dialect, version },
                                    verdict,
                                    given: given.collect::<Vec<_>>().join("\n"),
                                    scripts: vec![script],
                                    file: file.clone(),
                                    fails: options.contains(&"fails"),
                                });
                            }
                        }
                    }
                }
                _ => panic!("{place}: `{info}` is no fence of an example"),
            }
        }
        Page { examples }
    }
}

fn dialects(names: &str, place: &str) -> Vec<Dialect> {
    names.split(',').map(|name| Dialect::from_name(name).unwrap_or_else(|| panic!("{place}: `{name}` is no database"))).collect()
}

/// The fenced blocks of a page that hold SQL: the line of the fence, its info string and its body.
fn fences(text: &str) -> Vec<(usize, &str, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, &str, Vec<&str>)> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => {
                let (start, info, body) = open.take().expect("a fence is open here");
                found.push((start, info, body.join("\n")));
            }
            (Some(info), None) if info.starts_with("sql ") => open = Some((number + 1, info, Vec::new())),
            (None, Some((_, _, body))) => body.push(line),
            (Some(_) | None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is never closed");
    found
}

/// Takes the marks out of a script.
fn script(phase: Phase, body: &str) -> ExampleScript {
    let (mut lines, mut marks): (Vec<&str>, Vec<(usize, String)>) = (Vec::new(), Vec::new());
    for line in body.lines() {
        let (kept, ids) = match line.split_once("-- ^ ") {
            Some((kept, ids)) => (kept.trim_end(), ids.split(", ").map(str::to_owned).collect()),
            None => (line, Vec::new()),
        };
        if !kept.is_empty() || ids.is_empty() {
            lines.push(kept);
        }
        marks.extend(ids.into_iter().map(|id: String| (lines.len(), id)));
    }
    ExampleScript { phase, sql: lines.join("\n"), marks }
}
