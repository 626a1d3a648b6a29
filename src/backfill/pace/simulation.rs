//! The law against a simulated server: a replica that replays so fast and no faster, load that slows chunks down, locks in the way.

use std::time::Duration;

use super::*;
use crate::backfill::signal::Reading;
use crate::migration::Pacing;
use crate::migration::pacing::throttle::{Asked, Signal, Throttle};
use crate::schema::Dialect;

/// A server at one moment.
#[derive(Clone, Copy)]
struct Weather {
    /// Rows a second of work.
    speed: f64,
    /// Bytes of log a second that the replica replays.
    replay: f64,
    /// Every how many chunks one meets a lock.
    lock_every: u64,
}

const FAIR: Weather = Weather { speed: 100_000.0, replay: 200e6, lock_every: u64::MAX };

/// Bytes of log per row, as measured with three indexes.
const WEIGHT: f64 = 812.0;

struct World {
    pace: Pace,
    now: Duration,
    /// Log that the replica did not replay yet.
    backlog: f64,
    replay: f64,
    rows: u64,
    chunks: u64,
    waited: Duration,
    dial: Dial,
    read: Option<Duration>,
    longest: Duration,
    most_behind: f64,
}

impl World {
    fn new(pace: &str) -> World {
        let throttle =
            Throttle { signal: Signal::ReplicaLag { replicas: Vec::new(), except: Vec::new() }, limit: 5.0, asked: Asked::ByName };
        World {
            pace: Pace::new(pace.parse::<Pacing>().expect("a pace").numbers(Dialect::Postgres)),
            now: Duration::ZERO,
            backlog: 0.0,
            replay: FAIR.replay,
            rows: 0,
            chunks: 0,
            waited: Duration::ZERO,
            dial: Dial::new(&throttle),
            read: None,
            longest: Duration::ZERO,
            most_behind: 0.0,
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.backlog = (self.backlog - self.replay * time.as_secs_f64()).max(0.0);
    }

    /// Seconds that the replica is behind: as long as it takes to replay what is there.
    fn behind(&self) -> f64 {
        if self.backlog == 0.0 { 0.0 } else { (self.backlog / self.replay).min(3600.0) }
    }

    fn run(&mut self, until: u64, weather: Weather) {
        self.replay = weather.replay.max(1.0);
        self.longest = Duration::ZERO;
        self.most_behind = 0.0;
        while self.now < Duration::from_secs(until) {
            // The signal is read once a second, as the gauge does.
            if self.read.is_none_or(|read| self.now - read >= Duration::from_secs(1)) {
                self.read = Some(self.now);
                self.dial.last = Some(Reading { value: self.behind(), detail: None, at: self.now });
            }
            self.most_behind = self.most_behind.max(self.behind());
            if let Verdict::Wait(_) = self.pace.look(self.now, std::slice::from_ref(&self.dial)) {
                self.waited += Duration::from_secs(1);
                self.pass(Duration::from_secs(1));
                continue;
            }
            self.chunks += 1;
            if self.chunks.is_multiple_of(weather.lock_every) {
                self.pace.obstructed();
                self.pass(Duration::from_millis(400));
                continue;
            }
            let rows = u64::from(self.pace.rows());
            let took = Duration::from_secs_f64(rows as f64 / weather.speed);
            let log = rows as f64 * WEIGHT;
            self.rows += rows;
            self.backlog += log;
            self.longest = self.longest.max(took);
            self.pass(took);
            self.pace.finished(rows, took, Some(log as u64));
            self.pass(self.pace.rest());
        }
    }
}

#[test]
fn in_fair_weather_it_settles_and_keeps_its_share() {
    let mut world = World::new("default");
    world.run(60, FAIR);
    let rate = world.rows as f64 / 60.0;
    assert!((45_000.0..51_000.0).contains(&rate), "{rate}");
    world.run(70, FAIR);
    assert!((90..=115).contains(&world.longest.as_millis()), "{:?}", world.longest);
    assert_eq!(world.waited, Duration::ZERO);
}

#[test]
fn to_a_slow_replica_it_yields_without_ever_losing_it() {
    let mut world = World::new("fast");
    world.run(30, FAIR);
    let before = world.rows;
    // The replica keeps up with a tenth of what the backfill writes.
    let slow = Weather { replay: 8e6, ..FAIR };
    world.run(330, slow);
    let rate = (world.rows - before) as f64 / 300.0;
    let possible = 8e6 / WEIGHT;
    assert!(rate > possible * 0.5, "{rate} of {possible}");
    // A chunk of 250 ms may add up to three seconds of replay after the last look.
    assert!(world.most_behind < 5.0 + 5.0, "{}", world.most_behind);
    assert!(world.waited > Duration::from_secs(5));
    // And it recovers.
    let before = world.rows;
    world.run(480, FAIR);
    let rate = (world.rows - before) as f64 / 150.0;
    assert!(rate > 70_000.0, "{rate}");
}

#[test]
fn while_a_replica_stands_still_nothing_is_written() {
    let mut world = World::new("default");
    world.run(20, FAIR);
    world.run(40, Weather { replay: 0.0, ..FAIR });
    let before = world.rows;
    world.run(640, Weather { replay: 0.0, ..FAIR });
    assert_eq!(world.rows, before);
    world.run(700, FAIR);
    assert!(world.rows > before);
}

#[test]
fn load_makes_chunks_smaller_not_longer() {
    let mut world = World::new("default");
    world.run(30, FAIR);
    let large = world.pace.rows();
    // Everything takes ten times as long from one chunk to the next.
    world.run(31, Weather { speed: 10_000.0, ..FAIR });
    world.run(60, Weather { speed: 10_000.0, ..FAIR });
    assert!(world.longest < Duration::from_millis(150), "{:?}", world.longest);
    assert!(world.pace.rows() < large / 8);
    world.run(120, FAIR);
    assert!(f64::from(world.pace.rows()) > f64::from(large) * 0.9);
}

#[test]
fn in_contention_it_goes_on_with_small_chunks() {
    let mut world = World::new("default");
    world.run(30, FAIR);
    world.run(60, Weather { lock_every: 3, ..FAIR });
    assert!(world.pace.rows() < 500, "{}", world.pace.rows());
    let before = world.rows;
    world.run(90, Weather { lock_every: 3, ..FAIR });
    assert!(world.rows > before);
    world.run(150, FAIR);
    assert!(world.pace.rows() > 9_000, "{}", world.pace.rows());
}

#[test]
fn a_signal_that_falls_silent_stops_it() {
    let mut world = World::new("default");
    world.run(20, FAIR);
    // The gauge is stuck: the clock goes on, the reading does not.
    let read = world.now;
    world.dial.last = Some(Reading { value: 0.0, detail: None, at: read });
    let dials = std::slice::from_ref(&world.dial);
    assert!(matches!(world.pace.look(read + Duration::from_secs(14), dials), Verdict::Go(_)));
    let verdict = world.pace.look(read + Duration::from_secs(16), dials);
    assert_eq!(verdict, Verdict::Wait("replica-lag was not read for 16 s".to_owned()));
}
