//! The fuzz targets on a stable compiler: seeds and mutations of them, always the same. `FUZZ_SECONDS=600` goes on for so long.
//!
//! `cargo fuzz` (see fuzz/Cargo.toml) runs the same targets guided by coverage.

#![allow(clippy::print_stdout, reason = "a long run says how far it came")]

#[path = "fuzzing/growth.rs"]
mod growth;
#[path = "fuzzing/mutate.rs"]
mod mutate;
#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

/// Inputs of a run that nobody asked to be longer: a few seconds.
const INPUTS: u64 = 1_500;

/// No input may take longer: they are at most some kilobytes long.
const SLOW: Duration = Duration::from_secs(10);

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

#[test]
fn no_input_breaks_the_reader_or_a_rule() {
    let seeds = seeds();
    assert!(seeds.len() > 8, "the corpus is gone");
    let limit = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let first: u64 = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_default();
    let begun = Instant::now();
    let mut number = first;
    loop {
        let input = if number < seeds.len() as u64 { seeds[number as usize].clone() } else { mutate::input(&seeds, number) };
        let started = Instant::now();
        let run = std::panic::catch_unwind(|| {
            targets::splitter(&input);
            targets::reader(&input);
            targets::lint(&input);
        });
        let text = String::from_utf8_lossy(&input);
        assert!(run.is_ok(), "input {number} (FUZZ_SEED={number}) breaks it: {text:?}");
        assert!(started.elapsed() < SLOW, "input {number} (FUZZ_SEED={number}) took {:?}: {text:?}", started.elapsed());
        number += 1;
        let is_over = limit.map_or(number - first >= INPUTS, |limit| begun.elapsed() >= limit);
        if is_over {
            break;
        }
    }
    println!("{} inputs in {:?}", number - first, begun.elapsed());
}
