//! What a terminal shows while a run is at work: a bar with what is left, how fast it goes, and what holds it back.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words::{Walk, how_far};
use crate::backend::Build;

/// The lines at the bottom of the terminal.
pub(super) struct Bars {
    all: MultiProgress,
    bar: ProgressBar,
    pace: ProgressBar,
    /// There only while something holds the run back.
    held: Option<ProgressBar>,
}

impl Bars {
    /// Nothing is shown yet.
    pub(super) fn new() -> Bars {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        let bar = all.add(ProgressBar::new(0).with_style(style("{bar:24} {percent:>3} %  {wide_msg}")));
        let pace = all.add(ProgressBar::new(0).with_style(style("  {wide_msg}")));
        Bars { all, bar, pace, held: None }
    }

    /// How far a backfill is.
    pub(super) fn walk(&mut self, walk: &Walk<'_>) {
        self.wake();
        self.bar.set_length(walk.estimated.unwrap_or(walk.walked).max(walk.walked).max(1));
        self.bar.set_position(walk.walked);
        self.bar.set_message(walk.how_far());
        self.pace.set_message(walk.how_fast());
        match &walk.pace.held {
            Some(reason) => self.hold(&format!("slowed by {reason}")),
            None => self.let_go(),
        }
    }

    /// How far an index build is.
    pub(super) fn build(&mut self, build: &Build) {
        self.wake();
        self.bar.set_length(build.total.max(build.done).max(1));
        self.bar.set_position(build.done);
        self.bar.set_message(build.stage.clone());
        self.pace.set_message(how_far(build));
    }

    /// The run stands still.
    pub(super) fn stand_still(&mut self, reason: &str) {
        self.wake();
        self.pace.set_message("stands still");
        self.hold(reason);
    }

    /// What was taken away is shown again, without what it said then.
    fn wake(&self) {
        for bar in [&self.bar, &self.pace] {
            if bar.is_finished() {
                bar.reset();
                bar.set_message("");
            }
        }
    }

    /// Writes something above.
    pub(super) fn suspend(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    /// Takes all of it away.
    pub(super) fn clear(&mut self) {
        self.let_go();
        for bar in [&self.bar, &self.pace] {
            bar.finish_and_clear();
        }
    }

    fn hold(&mut self, reason: &str) {
        let held = self.held.get_or_insert_with(|| {
            let held = ProgressBar::new(0).with_style(style("  {wide_msg}"));
            self.all.insert_after(&self.pace, held)
        });
        held.set_message(reason.to_owned());
    }

    fn let_go(&mut self) {
        if let Some(held) = self.held.take() {
            held.finish_and_clear();
            self.all.remove(&held);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}
