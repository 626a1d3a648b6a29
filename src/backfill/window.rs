//! Windows of pages: which pages the next chunk goes over, and where the range is after it. Pure.
//!
//! A pass over a window takes two chunks, one half each. What a chunk replaced can be pruned once every snapshot has ended
//! that was taken while it ran: those of other workers' chunks, and of short transactions of the application. While one half
//! is worked on, they end; so the next pass over the other half finds its space.

use std::ops::Range;

use super::PagePlace;

/// Chunks of a pass.
const PARTS: u32 = 2;

/// One chunk of a pass over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its pages; none at the end of the range.
    pub pages: Range<u32>,
    /// Which of the passes, from zero.
    pub pass: u16,
    /// About how many rows it goes over.
    pub rows: u64,
    /// About how many rows are done with it: none before the last pass, so that each counts once however often a window
    /// begins again.
    pub walked: u64,
    /// Where the range is after it.
    pub after: PagePlace,
    /// Whether the range ends with it.
    pub is_last: bool,
}

/// The next chunk of a range that is at `at` and ends before page `end`, of about `rows` rows: `widest` pages at most,
/// `density` rows to a page. A window that turns out too large begins again as a smaller one: rows that were changed do
/// not fit the statement's condition any more.
pub fn next_pass(at: PagePlace, end: u32, rows: u32, widest: u32, passes: u16, density: u32) -> Pass {
    let passes = passes.max(1);
    // With one pass there is nothing to come back to.
    let parts = if passes == 1 { 1 } else { PARTS };
    let wanted = (u64::from(rows) * u64::from(passes) / u64::from(density.max(1))).clamp(1, u64::from(widest.max(1)));
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).saturating_mul(parts);
    let goes_on = at.window > 0 && at.pass < passes && u64::from(wanted) * 2 > u64::from(at.window);
    let (window, pass, part) = if goes_on { (at.window, at.pass, at.part.min(parts - 1)) } else { (wanted, 0, 0) };
    let stop = at.page.saturating_add(window).min(end);
    let half = (stop.saturating_sub(at.page)).div_ceil(parts);
    let start = at.page.saturating_add(half * part).min(stop);
    let pages = start..start.saturating_add(half).min(stop);
    let is_pass_done = pages.end >= stop;
    let is_through = is_pass_done && pass + 1 == passes;
    let after = match (is_pass_done, is_through) {
        (_, true) => PagePlace { page: stop.max(at.page), ..PagePlace::default() },
        (true, false) => PagePlace { page: at.page, pass: pass + 1, window, part: 0 },
        (false, false) => PagePlace { page: at.page, pass, window, part: part + 1 },
    };
    let rows = (u64::from(density) * pages.len() as u64).div_ceil(u64::from(passes));
    // Counted when the window is left behind: until then it may begin again as a smaller one.
    let walked = if is_through { u64::from(density) * u64::from(stop.saturating_sub(at.page)) } else { 0 };
    Pass { is_last: stop >= end && is_through, rows, walked, pages, pass, after }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: PagePlace = PagePlace { page: 0, pass: 0, window: 0, part: 0 };

    proptest! {
        #[test]
        fn every_page_gets_every_pass_whatever_the_sizes(
            end in 1u32..3000, passes in 1u16..12, density in 1u32..200, widest in 1u32..1200,
            sizes in proptest::collection::vec(1u32..50_000, 1..40),
        ) {
            let mut done = vec![0u32; end as usize];
            let (mut at, mut walked) = (START, 0);
            for turn in 0..200_000 {
                let pass = next_pass(at, end, sizes[turn % sizes.len()], widest, passes, density);
                for page in pass.pages.clone() {
                    done[page as usize] |= 1 << pass.pass;
                }
                at = pass.after;
                walked += pass.walked;
                if pass.is_last {
                    prop_assert_eq!(walked, u64::from(end) * u64::from(density));
                    prop_assert!(done.iter().all(|page| *page == (1 << passes) - 1), "{:?}", done.iter().position(|page| *page != (1 << passes) - 1));
                    return Ok(());
                }
            }
            prop_assert!(false, "it does not end");
        }
    }

    #[test]
    fn a_pass_over_a_window_takes_two_chunks() {
        let first = next_pass(START, 10_000, 6000, 820, 8, 60);
        assert_eq!((first.pages.clone(), first.pass), (0..800, 0));
        let second = next_pass(first.after, 10_000, 6000, 820, 8, 60);
        assert_eq!((second.pages.clone(), second.pass), (800..1600, 0));
        let third = next_pass(second.after, 10_000, 6000, 820, 8, 60);
        assert_eq!((third.pages, third.pass), (0..800, 1));
        // One pass: nothing to come back to.
        let plain = next_pass(START, 10_000, 6000, 820, 1, 60);
        assert_eq!((plain.pages, plain.after), (0..100, PagePlace { page: 100, ..START }));
    }

    #[test]
    fn a_window_that_is_too_large_begins_again_as_a_smaller_one() {
        let first = next_pass(START, 10_000, 6000, 820, 8, 60);
        let smaller = next_pass(first.after, 10_000, 3000, 820, 8, 60);
        assert_eq!((smaller.pages, smaller.pass), (0..400, 0));
    }

    #[test]
    fn an_empty_range_ends_at_once() {
        let pass = next_pass(PagePlace { page: 9, ..START }, 9, 100, 10, 1, 10);
        assert!(pass.is_last && pass.pages.is_empty());
    }
}
