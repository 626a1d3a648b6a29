//! Progress on standard error: a bar on a terminal, else a line every few seconds. The result is not its business.

mod rate;

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::redact::redact;
use super::session::Session;
use crate::report::text;
use crate::run::{Event, Observer};
use rate::Rate;

/// How often a line is written where no terminal can show a bar: often enough that nobody takes it for dead.
const EVERY: Duration = Duration::from_secs(5);

/// Shows the events of a run.
pub(super) struct Progress {
    show: Show,
    rate: Rate,
    last: Option<Instant>,
}

enum Show {
    /// `--quiet`.
    Nothing,
    /// A log.
    Lines,
    /// A terminal.
    Bar(ProgressBar),
}

impl Progress {
    /// As the session's standard error allows.
    pub(super) fn new(session: &Session) -> Progress {
        let show = match (session.globals.quiet, session.is_watched()) {
            (true, _) => Show::Nothing,
            (false, false) => Show::Lines,
            (false, true) => Show::Bar(bar()),
        };
        Progress { show, rate: Rate::default(), last: None }
    }

    /// A line of its own.
    fn line(&self, line: &str) {
        let line = redact(line);
        match &self.show {
            Show::Nothing => {}
            Show::Lines => write_line(&line),
            Show::Bar(bar) => bar.suspend(|| write_line(&line)),
        }
    }

    /// A line that replaces itself on a terminal and comes every few seconds elsewhere.
    fn pulse(&mut self, line: &str, position: u64, length: Option<u64>) {
        match &self.show {
            Show::Nothing => {}
            Show::Bar(bar) => {
                bar.set_length(length.unwrap_or(position).max(position).max(1));
                bar.set_position(position);
                bar.set_message(line.to_owned());
            }
            Show::Lines => {
                if self.last.is_none_or(|last| last.elapsed() >= EVERY) {
                    // The first chunk is no news: the line that announced the step stands right above.
                    if self.last.is_some() {
                        write_line(&redact(line));
                    }
                    self.last = Some(Instant::now());
                }
            }
        }
    }
}

impl Observer for Progress {
    fn see(&mut self, event: &Event) {
        match event {
            Event::ChunkFinished { node, changed, walked, estimated, .. } => {
                self.rate.add(Instant::now(), *walked);
                let line = format!("{node}: {}", self.rate.tell(*walked, *changed, *estimated));
                self.pulse(&line, *walked, *estimated);
            }
            Event::Building { node, stage, done, total } => {
                let share = if *total > 0 { format!(" {} %", done * 100 / total) } else { String::new() };
                self.pulse(&format!("{node}: {stage}{share}"), *done, (*total > 0).then_some(*total));
            }
            Event::StepStarted { .. } | Event::WalkingAgain { .. } => {
                self.rate = Rate::default();
                self.last = None;
                self.tell(event);
            }
            Event::StepFinished { .. } | Event::ScriptFinished { .. } | Event::Held { .. } => {
                if let Show::Bar(bar) = &self.show {
                    bar.finish_and_clear();
                    bar.reset();
                }
                self.tell(event);
            }
            _ => self.tell(event),
        }
    }
}

impl Progress {
    fn tell(&self, event: &Event) {
        if let Some(line) = text::event(event) {
            self.line(&line);
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} % {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar
}

fn write_line(line: &str) {
    // Nobody to tell when standard error is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}
