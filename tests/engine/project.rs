//! A project in a temporary folder, planned and executed as the command does it.

use std::path::Path;

use concertina::backend::{AnyBackend, Backend};
use concertina::migration::Project;
use concertina::plan::survey::Known;
use concertina::plan::{ApprovedPlan, Request, Survey};
use concertina::run::{self, Event, Options, Outcome, RunError, Stop};
use concertina::schema::Phase;
use concertina::schema::size::Sizes;

/// One migration with these scripts.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn new(dialect: &str, scripts: &[(&str, &str, &str)]) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        // Those who look on from a second session are no application to be spared.
        let duty = if dialect == "postgres" { "[backfill]\nduty = \"50%\"\n" } else { "" };
        write(&folder.path().join("migrate.toml"), &format!("dialect = \"{dialect}\"\nmigrations = \"migrations\"\n{duty}"));
        for (migration, phase, sql) in scripts {
            write(&folder.path().join("migrations").join(migration).join(format!("{phase}.sql")), sql);
        }
        Shop { folder }
    }

    /// Writes the migration.toml of a migration.
    #[allow(dead_code, reason = "each test program uses its own part")]
    pub(crate) fn settings(&self, migration: &str, text: &str) {
        write(&self.folder.path().join("migrations").join(migration).join("migration.toml"), text);
    }

    /// What a phase would run now.
    pub(crate) async fn approved(&self, backend: &mut AnyBackend, phase: Phase) -> ApprovedPlan {
        let project = Project::at(self.folder.path()).expect("a project");
        let ledger = backend.ledger().await.expect("a ledger");
        let migrations = project.load(backend.server().dialect).expect("migrations");
        let survey = Survey {
            project: &project,
            migrations: &migrations,
            server: backend.server(),
            known: Known::Ledger(&ledger),
            today: ledger.now.to_zoned(jiff::tz::TimeZone::UTC).date(),
            sizes: &Sizes::unknown(),
        };
        let plan = survey.plan().expect("a plan");
        let findings: Vec<String> = plan.all_findings().map(|finding| format!("{finding:?}")).collect();
        plan.approve(Request::all(phase)).unwrap_or_else(|refusal| panic!("{refusal}: {findings:#?}"))
    }

    /// Runs a phase; what it did and what it told.
    pub(crate) async fn apply(
        &self,
        url: &str,
        phase: Phase,
        options: &Options,
        stop: &Stop,
        mut on_event: impl FnMut(&Event) + Send,
    ) -> Result<Outcome, RunError> {
        let mut backend = AnyBackend::connect(url).await.expect("the database answers");
        let plan = self.approved(&mut backend, phase).await;
        run::execute(plan, &mut backend, &mut on_event, options, stop).await
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    std::fs::write(path, text).expect("a file can be written");
}
