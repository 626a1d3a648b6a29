//! Equal names share their letters: a history says `id` and `created_at` thousands of times.
//!
//! Remembers the names that came last, in a table that does not grow; a name that fell out of it is merely not shared.

use std::cell::RefCell;

use arcstr::ArcStr;

/// How many names are remembered. A power of two; more than most schemas have columns of different names.
const SLOTS: usize = 4096;

thread_local! {
    static RECENT: RefCell<Vec<Option<ArcStr>>> = RefCell::new(vec![None; SLOTS]);
}

/// The letters of a name, those of an equal one where it is remembered.
pub(super) fn text(name: &str) -> ArcStr {
    RECENT.with_borrow_mut(|recent| {
        let slot = &mut recent[slot(name)];
        match slot {
            Some(held) if *held == name => held.clone(),
            Some(_) | None => slot.insert(ArcStr::from(name)).clone(),
        }
    })
}

/// FNV-1a: names are short.
fn slot(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 32)) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_their_letters_and_different_ones_keep_theirs() {
        let (one, two) = (text("created_at"), text("created_at"));
        assert!(ArcStr::ptr_eq(&one, &two));
        let names: Vec<String> = (0..3 * SLOTS).map(|number| format!("column_{number}")).collect();
        assert!(names.iter().all(|name| text(name) == name.as_str()));
    }
}
