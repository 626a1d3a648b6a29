//! How much of what repeats itself is told: a big folder must not drown the one finding that matters.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Amount, Style, finding, paragraph};
use crate::report::view::{FindingView, LevelView};

/// Findings of one lint that are told with source, help and cure.
const IN_FULL: usize = 3;

/// Findings of one lint that are told at all.
const TOLD: usize = 20;

/// Notices of one lint that are told: they expect nothing of anybody.
const NOTICED: usize = 5;

/// How many findings of one lint at this level are told.
fn most(level: LevelView) -> usize {
    match level {
        LevelView::Notice => NOTICED,
        LevelView::Warn | LevelView::Deny => TOLD,
    }
}

/// What was told so far.
pub(super) struct Quota<'r> {
    pub(super) style: Style,
    told: BTreeMap<(&'r str, LevelView), usize>,
}

impl<'r> Quota<'r> {
    pub(super) fn new(style: Style) -> Quota<'r> {
        Quota { style, told: BTreeMap::new() }
    }

    /// Tells a finding, as much of it as is left for its lint.
    pub(super) fn tell(&mut self, finding: &'r FindingView, text: &mut String) {
        let width = self.style.width;
        let told = self.told.entry((finding.lint, finding.level)).or_default();
        *told += 1;
        let in_full = if finding.level == LevelView::Notice { 0 } else { IN_FULL };
        match (self.style.amount, *told) {
            (Amount::Usual, number) if number > most(finding.level) => {}
            (Amount::Usual, number) if number > in_full => {
                paragraph(text);
                finding::brief(finding, width, text);
            }
            (Amount::Usual | Amount::Everything, _) => {
                paragraph(text);
                finding::render(finding, width, text);
            }
        }
    }

    /// Says what was not told.
    pub(super) fn close(&self, text: &mut String) {
        let left =
            self.told.iter().filter_map(|((lint, level), told)| Some((lint, told.checked_sub(most(*level)).filter(|left| *left > 0)?)));
        for (lint, left) in left.filter(|_| self.style.amount == Amount::Usual) {
            paragraph(text);
            let _ = writeln!(text, "{left} more of {lint} are not listed; -v lists them");
        }
    }
}
