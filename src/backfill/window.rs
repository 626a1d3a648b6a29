//! Windows of pages: which pages the next pass goes over, and where the range is after it. Pure.

use std::ops::Range;

use super::PagePlace;

/// One pass over a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Its pages; none at the end of the range.
    pub pages: Range<u32>,
    /// Which of the passes, from zero.
    pub pass: u16,
    /// About how many rows it goes over.
    pub rows: u64,
    /// Where the range is after it.
    pub after: PagePlace,
    /// Whether the range ends with it.
    pub is_last: bool,
}

/// The next pass of a range that is at `at` and ends before page `end`, of about `rows` rows: `widest` pages at most,
/// `density` rows to a page. A window that turns out too large begins again as a smaller one: rows that were changed do
/// not fit the statement's condition any more.
pub fn next_pass(at: PagePlace, end: u32, rows: u32, widest: u32, passes: u16, density: u32) -> Pass {
    let passes = passes.max(1);
    let wanted = (u64::from(rows) * u64::from(passes) / u64::from(density.max(1))).clamp(1, u64::from(widest.max(1)));
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let goes_on = at.window > 0 && at.pass < passes && u64::from(wanted) * 2 > u64::from(at.window);
    let (window, pass) = if goes_on { (at.window, at.pass) } else { (wanted, 0) };
    let stop = at.page.saturating_add(window).min(end);
    let pages = at.page.min(stop)..stop;
    let is_through = pass + 1 == passes;
    let after = match is_through {
        true => PagePlace { page: pages.end, pass: 0, window: 0 },
        false => PagePlace { page: at.page, pass: pass + 1, window },
    };
    let rows = (u64::from(density) * pages.len() as u64).div_ceil(u64::from(passes));
    Pass { is_last: pages.end >= end && is_through, rows, pages, pass, after }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: PagePlace = PagePlace { page: 0, pass: 0, window: 0 };

    proptest! {
        #[test]
        fn every_page_gets_every_pass_whatever_the_sizes(
            end in 1u32..3000, passes in 1u16..12, density in 1u32..200, widest in 1u32..1200,
            sizes in proptest::collection::vec(1u32..50_000, 1..40),
        ) {
            let mut done = vec![0u32; end as usize];
            let mut at = START;
            for turn in 0..100_000 {
                let pass = next_pass(at, end, sizes[turn % sizes.len()], widest, passes, density);
                prop_assert!(pass.pages.len() <= widest as usize);
                for page in pass.pages.clone() {
                    done[page as usize] |= 1 << pass.pass;
                }
                at = pass.after;
                if pass.is_last {
                    prop_assert!(done.iter().all(|page| *page == (1 << passes) - 1), "{:?}", done.iter().position(|page| *page != (1 << passes) - 1));
                    return Ok(());
                }
            }
            prop_assert!(false, "it does not end");
        }
    }

    #[test]
    fn a_window_that_is_too_large_begins_again_as_a_smaller_one() {
        let first = next_pass(START, 10_000, 6000, 820, 8, 60);
        assert_eq!((first.pages.clone(), first.pass, first.after), (0..800, 0, PagePlace { page: 0, pass: 1, window: 800 }));
        let again = next_pass(first.after, 10_000, 6000, 820, 8, 60);
        assert_eq!((again.pages, again.pass), (0..800, 1));
        let smaller = next_pass(first.after, 10_000, 3000, 820, 8, 60);
        assert_eq!((smaller.pages, smaller.pass), (0..400, 0));
    }

    #[test]
    fn an_empty_range_ends_at_once() {
        let pass = next_pass(PagePlace { page: 9, pass: 0, window: 0 }, 9, 100, 10, 1, 10);
        assert!(pass.is_last && pass.pages.is_empty());
    }
}
