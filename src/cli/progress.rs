//! Progress on standard error: bars on a terminal, else a line every few seconds. The result is not its business.

mod bars;
mod words;

use std::io::Write;
use std::time::{Duration, Instant};

use super::redact::redact;
use super::session::Session;
use crate::migration::NodeRef;
use crate::report::text;
use crate::report::view::RowsView;
use crate::run::{Event, Observer};
use bars::Bars;
use words::Walk;

/// How often a line is written where no terminal can show a bar: often enough that nobody takes it for dead.
const EVERY: Duration = Duration::from_secs(5);

/// Shows the events of a run.
pub(super) struct Progress {
    show: Show,
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
    Bars(Bars),
}

impl Progress {
    /// As the session's standard error allows.
    pub(super) fn new(session: &Session) -> Progress {
        let show = match (session.globals.quiet, session.is_watched()) {
            (true, _) => Show::Nothing,
            (false, false) => Show::Lines,
            (false, true) => Show::Bars(Bars::new()),
        };
        Progress { show, last: None, rows: Vec::new(), step: None }
    }

    /// A line of its own.
    fn line(&self, line: &str) {
        let line = redact(line);
        match &self.show {
            Show::Nothing => {}
            Show::Lines => write_line(&line),
            Show::Bars(bars) => bars.suspend(|| write_line(&line)),
        }
    }

    /// How far a backfill is: redrawn on a terminal, a line every few seconds elsewhere.
    fn walk(&mut self, node: &NodeRef, walk: &Walk<'_>) {
        match &mut self.show {
            Show::Nothing => {}
            Show::Bars(bars) => bars.walk(walk),
            Show::Lines => {
                let line = format!("{node}: {}", walk.line());
                self.pulse(&line);
            }
        }
    }

    /// A line every few seconds.
    fn pulse(&mut self, line: &str) {
        if self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            // The first chunk is no news: the line that announced the step stands right above.
            if self.last.is_some() {
                write_line(&redact(line));
            }
            self.last = Some(Instant::now());
        }
    }
}

impl Observer for Progress {
    fn see(&mut self, event: &Event) {
        match event {
            Event::ChunkFinished { node, changed, walked, estimated, took, pulse, .. } => {
                self.step = Some(RowsView { changed: *changed, walked: *walked, estimated: *estimated });
                self.walk(node, &Walk { walked: *walked, changed: *changed, estimated: *estimated, took: *took, pace: pulse });
            }
            Event::JobFinished { changed, walked, estimated, .. } if *walked > 0 => {
                self.step = Some(RowsView { changed: *changed, walked: *walked, estimated: *estimated });
            }
            Event::Building { node, build } => match &mut self.show {
                Show::Nothing => {}
                Show::Bars(bars) => bars.build(build),
                Show::Lines => self.pulse(&format!("{node}: {}, {}", build.stage, words::how_far(build))),
            },
            Event::Throttled { reason, .. } | Event::Paused { reason, .. } if matches!(self.show, Show::Bars(_)) => {
                if let Show::Bars(bars) = &mut self.show {
                    bars.stand_still(reason);
                }
                self.tell(event);
            }
            Event::StepStarted { .. } | Event::WalkingAgain { .. } => {
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
            Event::ScriptFinished { .. } | Event::Held { .. } | Event::Stopping => {
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

    fn clear(&mut self) {
        if let Show::Bars(bars) = &mut self.show {
            bars.clear();
        }
    }

    fn tell(&self, event: &Event) {
        if let Some(line) = text::event(event) {
            self.line(&line);
        }
    }
}

fn write_line(line: &str) {
    // Nobody to tell when standard error is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}
