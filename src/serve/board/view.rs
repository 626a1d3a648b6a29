//! What the page shows, in its own words. Made from one reading; the template decides nothing.

use axum::http::StatusCode;
use jiff::Timestamp;

use super::card::Card;
use super::moment::{Moment, length};
use super::row::Row;
use super::walk::Walk;
use crate::report::view::{MigrationView, PhaseState};
use crate::report::{ErrorView, Report};
use crate::schema::Phase;
use crate::serve::reading::Reading;
use crate::serve::source::{Place, Side, Snapshot, Waiting};
use crate::serve::status::failed;

/// Migrations that are shown at most: a board is no archive.
const OPEN: usize = 200;

/// Migrations that are done and shown.
const DONE: usize = 30;

/// Findings that are shown at most: `migrate plan` has them all, with their places and cures.
const REFUSALS: usize = 5;

/// The page.
pub(super) struct View {
    /// What it is about.
    pub(super) place: Place,
    /// Class of the headline.
    pub(super) tone: &'static str,
    /// The state in a sentence.
    pub(super) headline: String,
    /// When it was read.
    pub(super) read: Option<Moment>,
    /// Why nothing newer can be read.
    pub(super) trouble: Option<Trouble>,
    /// What the history and the files disagree about.
    pub(super) conflict: Option<Trouble>,
    /// Findings that refuse what could run, in sentences.
    pub(super) refusals: Vec<String>,
    /// How many of them are not shown.
    pub(super) refusals_more: usize,
    /// Commands to type next.
    pub(super) next: Vec<String>,
    /// The run that is at work.
    pub(super) run: Option<Run>,
    /// Migrations with something left to do.
    pub(super) open: Vec<Row>,
    /// How many of them are not shown.
    pub(super) open_more: usize,
    /// The newest that are done.
    pub(super) done: Vec<Row>,
    /// All that are done.
    pub(super) done_count: usize,
    /// Backfills on their way.
    pub(super) walks: Vec<Walk>,
    /// Gates of contracts whose turn has come.
    pub(super) gates: Vec<Card>,
    /// What runs.
    pub(super) services: Vec<Service>,
    /// The version of the server.
    pub(super) version: &'static str,
}

/// Something that went wrong.
pub(super) struct Trouble {
    /// Since when.
    pub(super) since: Option<Moment>,
    /// What.
    pub(super) message: String,
    /// Why.
    pub(super) causes: Vec<String>,
    /// Commands.
    pub(super) next: Vec<String>,
}

/// A run.
pub(super) struct Run {
    /// Who, and what for.
    pub(super) holder: String,
    /// Since when.
    pub(super) since: Moment,
    /// Whether it still says that it lives.
    pub(super) lives: bool,
    /// Until when its lease holds.
    pub(super) until: Moment,
    /// Who waits for whose lock, in sentences.
    pub(super) waits: Vec<String>,
}

/// A service with its releases and instances.
pub(super) struct Service {
    /// Its name.
    pub(super) name: String,
    /// Its releases, the newest first.
    pub(super) releases: Vec<Release>,
}

/// A release.
pub(super) struct Release {
    /// Its name.
    pub(super) name: String,
    /// Whether it is live.
    pub(super) live: bool,
    /// What its last marker says, or that none was written.
    pub(super) word: String,
    /// Since when.
    pub(super) since: Option<Moment>,
    /// Who said so.
    pub(super) actor: String,
    /// Instances, in words.
    pub(super) instances: String,
}

impl View {
    pub(super) fn of(reading: &Reading) -> View {
        // The page's clock is the database's, as far as it is known.
        let wall = Timestamp::now();
        let mut view = match &reading.last {
            Some(snapshot) => View::full(snapshot),
            None => View::empty(reading.place.clone()),
        };
        if let Err(report) = &reading.now {
            let since = reading.failing_since.map(|since| Moment::of(since, wall));
            view.tone = "bad";
            // Asking again helps against the first alone.
            view.headline = match failed(report) {
                StatusCode::SERVICE_UNAVAILABLE => "The database cannot be asked.".to_owned(),
                _ => "The state cannot be read.".to_owned(),
            };
            view.trouble = Some(Trouble::of(report, since));
            view.next.clear();
        }
        view
    }

    fn empty(place: Place) -> View {
        View {
            place,
            tone: "bad",
            headline: String::new(),
            read: None,
            trouble: None,
            conflict: None,
            refusals: Vec::new(),
            refusals_more: 0,
            next: Vec::new(),
            run: None,
            open: Vec::new(),
            open_more: 0,
            done: Vec::new(),
            done_count: 0,
            walks: Vec::new(),
            gates: Vec::new(),
            services: Vec::new(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    fn full(snapshot: &Snapshot) -> View {
        let (ledger, report) = (&snapshot.ledger, &snapshot.report);
        let now = ledger.now;
        let is_done = |migration: &&MigrationView| migration.phases.iter().all(|phase| phase.state == PhaseState::Done);
        let (done, open): (Vec<&MigrationView>, Vec<&MigrationView>) = report.migrations.iter().partition(is_done);
        let (tone, headline) = headline(snapshot, &open);
        let turn = |id: &str| {
            let contract = open.iter().filter(|migration| migration.id == id).flat_map(|migration| &migration.phases);
            contract.filter(|phase| phase.phase == Phase::Contract).any(|phase| phase.state != PhaseState::Blocked)
        };
        View {
            tone,
            headline,
            read: Some(Moment::of(now, now)),
            conflict: report.error.is_some().then(|| Trouble::of(report, None)),
            refusals: snapshot
                .refusals
                .iter()
                .take(REFUSALS)
                .map(|refusal| format!("{}: {} ({})", refusal.node, refusal.message, refusal.lint))
                .collect(),
            refusals_more: snapshot.refusals.len().saturating_sub(REFUSALS),
            // Nobody can run anything beside a run, and after a conflict it says itself what comes next.
            next: if report.error.is_some() || ledger.lease.is_some() || !snapshot.refusals.is_empty() {
                Vec::new()
            } else {
                report.next.clone()
            },
            run: ledger.lease.as_ref().map(|lease| Run {
                holder: lease.holder.clone(),
                since: Moment::of(lease.since, now),
                lives: lease.expires_at > now,
                until: Moment::of(lease.expires_at, now),
                waits: waits(&snapshot.waits),
            }),
            open_more: open.len().saturating_sub(OPEN),
            open: open.iter().take(OPEN).map(|migration| Row::of(migration, now)).collect(),
            done_count: done.len(),
            done: done.iter().rev().take(DONE).map(|migration| Row::of(migration, now)).collect(),
            walks: Walk::all(&report.migrations, ledger).collect(),
            gates: snapshot.gates.iter().filter(|gate| turn(gate.migration.as_str())).map(|gate| Card::of(gate, now)).collect(),
            services: services(report, now),
            ..View::empty(snapshot.place.clone())
        }
    }
}

impl Trouble {
    fn of(report: &Report, since: Option<Moment>) -> Trouble {
        let ErrorView { message, causes, .. } =
            report.error.clone().unwrap_or_else(|| ErrorView { message: "nobody said why".to_owned(), causes: Vec::new(), details: None });
        Trouble { since, message, causes, next: report.next.clone() }
    }
}

/// Who waits for whose lock: the run itself, and how many stand behind it.
fn waits(waits: &[Waiting]) -> Vec<String> {
    let long = |wait: &Waiting| length(std::time::Duration::from_secs_f64(wait.seconds.clamp(0.0, 1e9)));
    let of = |side: Side| waits.iter().filter(move |wait| wait.side == side);
    let mut told: Vec<String> = of(Side::Run).map(|wait| format!("It has waited {} for {}.", long(wait), wait.blockers)).collect();
    let behind = of(Side::Application).count();
    if let Some(first) = of(Side::Application).next() {
        let sessions = if behind == 1 { "1 session waits".to_owned() } else { format!("{behind} sessions wait") };
        told.push(format!("{sessions} behind it, {} for {}.", first.who, long(first)));
    }
    told
}

/// The state in a sentence: what is worst, or what comes next.
fn headline(snapshot: &Snapshot, open: &[&MigrationView]) -> (&'static str, String) {
    if snapshot.report.error.is_some() {
        return ("bad", "The history and the files disagree.".to_owned());
    }
    if snapshot.report.migrations.is_empty() {
        return ("calm", "There are no migrations yet.".to_owned());
    }
    if open.is_empty() {
        return ("good", "Everything is done.".to_owned());
    }
    let phases = || open.iter().flat_map(|migration| &migration.phases);
    let count = |state: PhaseState| phases().filter(|phase| phase.state == state).count();
    let (running, held) = (count(PhaseState::Running), count(PhaseState::Held));
    let can_run = count(PhaseState::Pending) + count(PhaseState::RolledBack);
    let some = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [
        snapshot.ledger.lease.is_some().then(|| "a run is at work".to_owned()),
        some(running, "one phase is under way", "phases are under way").filter(|_| snapshot.ledger.lease.is_none()),
        some(can_run, "one phase can run", "phases can run"),
        some(snapshot.refusals.len(), "one finding refuses it", "findings refuse it").filter(|_| can_run > 0),
        some(held, "one contract is held", "contracts are held"),
    ];
    let told: Vec<String> = parts.into_iter().flatten().collect();
    let tone = if snapshot.ledger.lease.is_some() {
        "busy"
    } else if held > 0 && can_run + running == 0 {
        "held"
    } else {
        "calm"
    };
    let told = told.join(", ");
    let mut letters = told.chars();
    let sentence = letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str()));
    (tone, sentence.unwrap_or_else(|| "Phases wait for others.".to_owned()))
}

/// Services by name, from markers and heartbeats.
fn services(report: &Report, now: Timestamp) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    let mut enter = |service: &str, release: Release| match services.iter_mut().find(|known| known.name == service) {
        Some(known) => known.releases.push(release),
        None => services.push(Service { name: service.to_owned(), releases: vec![release] }),
    };
    for release in &report.releases {
        let word = match (release.live, release.state.as_str()) {
            (false, "deployed" | "started") => "replaced".to_owned(),
            (_, state) => state.replace('-', " "),
        };
        let since = Some(Moment::of(release.since, now));
        let told = instances(report, &release.service, &release.release, now);
        enter(
            &release.service,
            Release { name: release.release.clone(), live: release.live, word, since, actor: release.actor.clone(), instances: told },
        );
    }
    let marked = |service: &str, name: &str| report.releases.iter().any(|release| release.service == service && release.release == name);
    let mut unmarked: Vec<(&str, &str, bool)> = Vec::new();
    for instance in report.instances.iter().filter(|instance| !marked(&instance.service, &instance.release)) {
        match unmarked.iter_mut().find(|(service, name, _)| *service == instance.service && *name == instance.release) {
            Some((_, _, live)) => *live |= instance.live,
            None => unmarked.push((&instance.service, &instance.release, instance.live)),
        }
    }
    for (service, name, live) in unmarked {
        let told = instances(report, service, name, now);
        enter(
            service,
            Release { name: name.to_owned(), live, word: "no marker".to_owned(), since: None, actor: String::new(), instances: told },
        );
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services
}

/// How many instances of a release say that they live, and how many fell silent.
fn instances(report: &Report, service: &str, name: &str, now: Timestamp) -> String {
    let of = || report.instances.iter().filter(|instance| instance.service == service && instance.release == name);
    let (live, silent) = (of().filter(|instance| instance.live).count(), of().filter(|instance| !instance.live).count());
    let seen = of().filter(|instance| !instance.live).map(|instance| instance.last_seen).max();
    let lived = match live {
        0 => String::new(),
        1 => "1 instance".to_owned(),
        _ => format!("{live} instances"),
    };
    let fell = match seen {
        Some(seen) if silent > 0 => format!("{silent} silent for {}", length(now.duration_since(seen).unsigned_abs())),
        Some(_) | None => String::new(),
    };
    [lived, fell].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
