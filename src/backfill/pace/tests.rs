//! The law chunk by chunk.

use proptest::prelude::*;

use super::*;
use crate::migration::Pacing;
use crate::migration::pacing::throttle::{Asked, Signal, Throttle};
use crate::schema::Dialect;

fn numbers(text: &str) -> Numbers {
    text.parse::<Pacing>().expect("a pace").numbers(Dialect::Postgres)
}

fn pace() -> Pace {
    Pace::new(numbers("default"))
}

fn dial(value: f64, at: Duration) -> Dial {
    let throttle = Throttle { signal: Signal::ReplicaLag { replicas: Vec::new(), except: Vec::new() }, limit: 5.0, asked: Asked::ByName };
    let last = Some(crate::backfill::signal::Reading { value, detail: None, at });
    Dial { last, ..Dial::new(&throttle) }
}

#[derive(Clone, Debug)]
enum Happening {
    Finished(u64, Option<u64>),
    Obstructed,
    Looked(f64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (0u64..20_000_000, proptest::option::of(0u64..200_000_000)).prop_map(|(took, log)| Happening::Finished(took, log)),
        1 => Just(Happening::Obstructed),
        2 => (0.0f64..12.0).prop_map(Happening::Looked),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_size_and_share_stay_in_bounds(story in proptest::collection::vec(happening(), 0..200)) {
        let mut pace = pace();
        let mut now = Duration::ZERO;
        for happening in story {
            let (before, share) = (pace.rows(), pace.duty());
            match happening {
                Happening::Finished(micros, log) => {
                    let took = Duration::from_micros(micros);
                    pace.finished(u64::from(before), took, log);
                    now += took + pace.rest();
                    // Half the time or less: never a rest without an end.
                    prop_assert!(pace.rest() <= (took + Duration::from_millis(100)).mul_f64(19.1));
                }
                Happening::Obstructed => {
                    pace.obstructed();
                    prop_assert!(pace.rows() <= (before / 2).max(10));
                }
                Happening::Looked(value) => {
                    let verdict = pace.look(now, &[dial(value, now)]);
                    prop_assert!(value < 5.0 || matches!(verdict, Verdict::Wait(_)));
                    prop_assert!(value < 4.0 || pace.duty() <= share);
                    now += Duration::from_secs(1);
                }
            }
            prop_assert!((10..=50_000).contains(&pace.rows()));
            prop_assert!(f64::from(pace.rows()) <= f64::from(before) * 1.5 + 1.0);
            prop_assert!((0.049..=0.5).contains(&pace.duty()));
        }
    }

    #[test]
    fn on_a_table_of_any_speed_it_settles_at_the_target(rate in 2_000.0f64..400_000.0) {
        let mut pace = pace();
        for _ in 0..60 {
            let rows = pace.rows();
            pace.finished(u64::from(rows), Duration::from_secs_f64(f64::from(rows) / rate), None);
        }
        let duration = f64::from(pace.rows()) / rate;
        prop_assert!((0.08..0.12).contains(&duration), "{duration}");
    }

    #[test]
    fn after_an_obstruction_it_does_not_grow_for_five_chunks(rate in 50_000.0f64..400_000.0) {
        let mut pace = pace();
        pace.obstructed();
        let small = pace.rows();
        for _ in 0..5 {
            pace.finished(u64::from(pace.rows()), Duration::from_secs_f64(f64::from(pace.rows()) / rate), None);
            prop_assert!(pace.rows() <= small);
        }
        pace.finished(u64::from(pace.rows()), Duration::from_secs_f64(f64::from(pace.rows()) / rate), None);
        prop_assert!(pace.rows() > small);
    }

    #[test]
    fn rests_add_up_to_the_share(millis in 3u64..400, percent in 6u32..100) {
        let share = f64::from(percent) / 100.0;
        let mut pace = Pace::new(numbers(&format!("duty={percent}%")));
        let (mut worked, mut rested) = (Duration::ZERO, Duration::ZERO);
        // The last slice may not be paid for yet: it must not count for much.
        while worked < Duration::from_secs(30) {
            let took = Duration::from_millis(millis);
            pace.finished(1, took, None);
            worked += took;
            // Short work is not interrupted by short rests.
            prop_assert!(pace.rest().is_zero() || worked >= Duration::from_millis(100));
            rested += pace.rest();
        }
        let found = worked.as_secs_f64() / (worked + rested).as_secs_f64();
        prop_assert!((found - share).abs() < 0.01, "{found} of {share}");
    }
}

proptest! {
    #[test]
    fn where_commits_are_slow_chunks_grow_until_most_of_the_time_goes_to_rows(millis in 12u32..60, rate in 5_000.0f64..200_000.0) {
        let fixed = f64::from(millis) / 1e3;
        let mut pace = Pace::new(Pacing::default().numbers(Dialect::Sqlite));
        let mut durations = Vec::new();
        for _ in 0..400 {
            let rows = pace.rows();
            let took = fixed + f64::from(rows) / rate;
            pace.finished(u64::from(rows), Duration::from_secs_f64(took), None);
            durations.push(took);
        }
        let settled = &durations[60..];
        let mean = settled.iter().sum::<f64>() / settled.len() as f64;
        prop_assert!(mean >= fixed * 1.5, "{mean} of {fixed}");
        prop_assert!(settled.iter().all(|took| *took <= 0.3), "{settled:?}");
    }
}

#[test]
fn far_too_slow_a_chunk_is_answered_at_once() {
    let mut pace = pace();
    pace.finished(500, Duration::from_secs(5), None);
    assert_eq!(pace.rows(), 10);
    assert!(pace.is_at_floor());
}

#[test]
fn the_short_last_chunk_teaches_nothing() {
    let mut pace = pace();
    pace.finished(3, Duration::from_millis(90), None);
    assert_eq!(pace.rows(), 500);
    assert_eq!(pace.rate(), None);
}

#[test]
fn a_budget_of_log_is_kept() {
    let mut pace = Pace::new(numbers("fast,wal=10MB"));
    let (mut bytes, mut time) = (0, Duration::ZERO);
    for _ in 0..100 {
        let rows = u64::from(pace.rows());
        let took = Duration::from_secs_f64(rows as f64 / 100_000.0);
        pace.finished(rows, took, Some(rows * 800));
        bytes += rows * 800;
        time += took + pace.rest();
    }
    let rate = bytes as f64 / time.as_secs_f64();
    assert!((9e6..10.1e6).contains(&rate), "{rate}");
    assert!(f64::from(pace.rows()) * 800.0 <= 32e6);
}

#[test]
fn one_chunk_never_writes_more_than_a_replica_replays_in_one_go() {
    let mut pace = Pace::new(numbers("fast"));
    for _ in 0..60 {
        let rows = u64::from(pace.rows());
        pace.finished(rows, Duration::from_secs_f64(rows as f64 / 400_000.0), Some(rows * 4_000));
    }
    assert_eq!(pace.rows(), 8_000);
}

#[test]
fn a_stop_ends_only_after_five_calm_seconds() {
    let mut pace = pace();
    let begin = Duration::ZERO;
    let at = |second: u64| begin + Duration::from_secs(second);
    let goes = |pace: &mut Pace, second: u64, value: f64| matches!(pace.look(at(second), &[dial(value, at(second))]), Verdict::Go(_));
    assert!(goes(&mut pace, 0, 1.0));
    assert_eq!(pace.look(at(1), &[dial(6.0, at(1))]), Verdict::Wait("replica-lag 6 s of 5 s".to_owned()));
    assert!(!goes(&mut pace, 2, 4.5));
    assert!(!goes(&mut pace, 3, 3.9));
    assert!(!goes(&mut pace, 7, 3.9));
    assert!(goes(&mut pace, 8, 3.9));
    // One reading above in between begins the wait anew.
    assert!(!goes(&mut pace, 9, 5.0));
    assert!(!goes(&mut pace, 10, 1.0));
    assert!(!goes(&mut pace, 14, 4.1));
    assert!(!goes(&mut pace, 15, 1.0));
    assert!(goes(&mut pace, 20, 1.0));
}

#[test]
fn near_a_limit_it_slows_down_and_says_why_and_comes_back() {
    let mut pace = pace();
    let begin = Duration::ZERO;
    for second in 0..4 {
        let now = begin + Duration::from_secs(second);
        assert_eq!(pace.look(now, &[dial(4.5, now)]), Verdict::Go(Some("replica-lag 4.5 s of 5 s".to_owned())));
    }
    assert!((pace.duty() - 0.5 * 0.7f64.powi(4)).abs() < 1e-9, "{}", pace.duty());
    for second in 4..60 {
        let now = begin + Duration::from_secs(second);
        assert_eq!(pace.look(now, &[dial(1.0, now)]), Verdict::Go(None));
    }
    assert!((pace.duty() - 0.5).abs() < 1e-9);
}

#[test]
fn beside_a_vacuum_it_works_a_quarter_of_the_time() {
    let mut pace = Pace::new(numbers("fast"));
    let now = Duration::ZERO;
    let throttle = Throttle { signal: Signal::Vacuum, limit: 1.0, asked: Asked::ByDefault };
    let on = |value| Dial { last: Some(crate::backfill::signal::Reading { value, detail: None, at: now }), ..Dial::new(&throttle) };
    assert_eq!(pace.look(now, &[on(1.0)]), Verdict::Go(Some("vacuum".to_owned())));
    pace.finished(1, Duration::from_secs(1), None);
    assert_eq!(pace.rest(), Duration::from_secs(3));
    assert_eq!(pace.look(now, &[on(0.0)]), Verdict::Go(None));
    pace.finished(1, Duration::from_secs(1), None);
    assert_eq!(pace.rest(), Duration::ZERO);
}

#[test]
fn four_workers_share_what_the_signals_allow() {
    let mut pace = Pace::new(numbers("fast")).among(4);
    let now = Duration::ZERO;
    let throttle = Throttle { signal: Signal::Vacuum, limit: 1.0, asked: Asked::ByDefault };
    let on = |value| Dial { last: Some(crate::backfill::signal::Reading { value, detail: None, at: now }), ..Dial::new(&throttle) };
    assert!(matches!(pace.look(now, &[on(1.0)]), Verdict::Go(_)));
    assert!((pace.duty() - 0.0625).abs() < 1e-9, "{}", pace.duty());
    // Without a signal that is on nothing is divided.
    assert_eq!(pace.look(now, &[on(0.0)]), Verdict::Go(None));
    assert!((pace.duty() - 1.0).abs() < 1e-9, "{}", pace.duty());
}

#[test]
fn a_vacuum_that_is_asked_for_and_cannot_be_seen_stops_the_work() {
    let unseen = |asked| Dial::new(&Throttle { signal: Signal::Vacuum, limit: 1.0, asked });
    let now = Duration::ZERO;
    assert!(matches!(Pace::new(numbers("fast")).look(now, &[unseen(Asked::ByName)]), Verdict::Wait(_)));
    assert_eq!(Pace::new(numbers("fast")).look(now, &[unseen(Asked::ByDefault)]), Verdict::Go(None));
}

#[test]
fn beside_an_application_and_while_nobody_knows_it_works_a_tenth_of_the_time() {
    let now = Duration::ZERO;
    let throttle = Throttle { signal: Signal::Application, limit: 1.0, asked: Asked::ByDefault };
    let dial = |last: Option<f64>| {
        let last = last.map(|value| crate::backfill::signal::Reading { value, detail: None, at: now });
        Dial { last, ..Dial::new(&throttle) }
    };
    let share = |numbers: Numbers, dial: Dial| {
        let mut pace = Pace::new(numbers);
        assert!(matches!(pace.look(now, &[dial]), Verdict::Go(_)));
        pace.duty()
    };
    for (text, beside, alone) in [("default", 0.1, 0.5), ("gentle", 0.05, 0.25), ("fast", 1.0, 1.0), ("duty=40%", 0.4, 0.4)] {
        assert_eq!(share(numbers(text), dial(Some(3.0))), beside, "{text}");
        assert_eq!(share(numbers(text), dial(None)), beside, "{text}");
        assert_eq!(share(numbers(text), dial(Some(0.0))), alone, "{text}");
    }
    let off = Pacing { throttles: vec![Throttle { asked: Asked::Off, ..throttle.clone() }], ..Pacing::default() };
    assert_eq!(share(off.numbers(Dialect::Postgres), dial(Some(3.0))), 0.5);
    let told = Pace::new(numbers("default")).look(now, &[dial(Some(3.0))]);
    assert_eq!(told, Verdict::Go(Some("application".to_owned())));
}

#[test]
fn another_pace_holds_from_the_next_chunk() {
    let mut pace = pace();
    pace.change(numbers("gentle"));
    pace.finished(1, Duration::from_secs(1), None);
    assert_eq!(pace.rest(), Duration::from_secs(3));
    pace.change(numbers("fast"));
    let now = Duration::ZERO;
    for second in 0..90 {
        pace.look(now + Duration::from_secs(second), &[]);
    }
    assert!((pace.duty() - 1.0).abs() < 1e-9);
}

#[test]
fn on_sqlite_every_chunk_leaves_a_gap_for_other_writers() {
    let mut pace = Pace::new(Pacing::default().numbers(Dialect::Sqlite));
    pace.finished(1, Duration::from_millis(10), None);
    assert_eq!(pace.rest(), Duration::from_millis(30));
}
