//! Progress on standard error: a bar on a terminal, else a line every few seconds. The result is not its business.

mod rate;

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::redact::redact;
use super::session::Session;
use crate::migration::NodeRef;
use crate::report::text;
use crate::report::view::RowsView;
use crate::run::{Event, Observer};
use rate::Rate;

/// How often a line is written where no terminal can show a bar: often enough that nobody takes it for dead.
const EVERY: Duration = Duration::from_secs(5);

/// Shows the events of a run.
pub(super) struct Progress {
    show: Show,
    rate: Rate,
    last: Option<Instant>,
    /// Rows of each backfill so far.
    rows: Vec<(NodeRef, RowsView)>,
    /// Rows of the step at work.
    step: Option<RowsView>,
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
        Progress { show, rate: Rate::default(), last: None, rows: Vec::new(), step: None }
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
                self.step = Some(RowsView { changed: *changed, walked: *walked, estimated: *estimated });
                self.rate.add(Instant::now(), *walked);
                let line = format!("{node}: {}", self.rate.tell(*walked, *changed, *estimated));
                self.pulse(&line, *walked, *estimated);
            }
            Event::JobFinished { changed, walked, estimated, .. } if *walked > 0 => {
                self.step = Some(RowsView { changed: *changed, walked: *walked, estimated: *estimated });
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
            Event::StepFinished { node, took, .. } => {
                self.clear();
                match self.step.take() {
                    Some(rows) => {
                        self.line(&format!("  done in {}, {} rows walked, {} changed", text::precise(*took), rows.walked, rows.changed));
                        self.count(node, rows);
                    }
                    None => self.tell(event),
                }
            }
            Event::ScriptFinished { .. } | Event::Held { .. } => {
                self.clear();
                self.tell(event);
            }
            _ => self.tell(event),
        }
    }
}

impl Progress {
    /// The rows that a backfill walked and changed in this run; `None` for other scripts.
    pub(super) fn rows(&self, node: &NodeRef) -> Option<RowsView> {
        self.rows.iter().find(|(of, _)| of == node).map(|(_, rows)| *rows)
    }

    fn count(&mut self, node: &NodeRef, rows: RowsView) {
        match self.rows.iter_mut().find(|(of, _)| of == node) {
            Some((_, sum)) => {
                sum.changed += rows.changed;
                sum.walked += rows.walked;
                sum.estimated = sum.estimated.zip(rows.estimated).map(|(a, b)| a + b);
            }
            None => self.rows.push((node.clone(), rows)),
        }
    }

    fn clear(&self) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_and_clear();
            bar.reset();
        }
    }

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
