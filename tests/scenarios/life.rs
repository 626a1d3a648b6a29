//! One migration's life: base, expand, backfill, roll-out, roll-back, roll-out again, contract.

use std::path::Path;
use std::time::Duration;

use crate::application::{Application, Client, Oracle};
use crate::project::Project;

/// What happens to the command while it works.
#[derive(Clone, Copy)]
pub(crate) enum Disturbance {
    /// Nothing.
    None,
    /// It is killed this often per phase, at moments that the seed decides, before it may end.
    Kills { per_command: u32, seed: u64 },
}

/// Rows when the command is killed: enough that chunks are hit.
const ROWS_WHEN_KILLED: i64 = 20_000;

/// Runs a scenario through its whole life.
///
/// `fresh` is a second, empty database: the scripts are executed there by themselves and must end in the same schema.
pub(crate) async fn live(name: &str, dialect: &str, url: &str, fresh: &str, disturbance: Disturbance) {
    let seeded = match disturbance {
        Disturbance::None => None,
        Disturbance::Kills { .. } => Some(ROWS_WHEN_KILLED),
    };
    let project = Project::new(name, dialect, url, seeded);
    let (old_tree, new_tree) = (project.old.clone(), project.new.clone());
    let (old, new) = (project.scenario.old.clone(), project.scenario.new.clone());
    let oracle = Oracle::seeded(project.scenario.seeded, &old);

    project.expect(&old_tree, &["apply", "--phase", "expand"], 0).await;
    project.expect(&old_tree, &["mark", "deployed", "app@1"], 0).await;
    let mut reader = Client::connect(url).await;
    oracle.check(&mut reader, &old, "after the base").await;
    let old_release = Application::start("old", url, &old, &oracle, 100_000);

    project.expect(&new_tree, &["plan"], 0).await;
    project.expect(&new_tree, &["apply", "--phase", "contract"], 5).await;
    project.expect(&new_tree, &["apply", "--phase", "contract", "--if-open"], 0).await;

    apply(&project, &new_tree, "expand", disturbance).await;
    old_release.works("after expand").await;
    oracle.check(&mut reader, &old, "after expand").await;

    apply(&project, &new_tree, "backfill", disturbance).await;
    old_release.works("after backfill").await;
    oracle.check(&mut reader, &old, "after backfill, old release").await;
    oracle.check(&mut reader, &new, "after backfill, new release").await;

    project.expect(&new_tree, &["mark", "started", "app@2"], 0).await;
    let new_release = Application::start("new", url, &new, &oracle, 200_000);
    new_release.works("during the roll-out, new release").await;
    old_release.works("during the roll-out, old release").await;
    let held = project.expect(&new_tree, &["apply", "--phase", "contract"], 5).await;
    assert!(format!("{}{}", held.stdout, held.stderr).contains("app@1"), "the report names who is still old:\n{}", held.stdout);
    oracle.check(&mut reader, &old, "during the roll-out, old release").await;
    oracle.check(&mut reader, &new, "during the roll-out, new release").await;

    project.expect(&new_tree, &["mark", "rolled-back", "app@2"], 0).await;
    new_release.stop().await;
    old_release.works("after the roll-back").await;
    project.expect(&new_tree, &["apply", "--phase", "contract"], 5).await;
    oracle.check(&mut reader, &old, "after the roll-back").await;

    project.expect(&new_tree, &["mark", "started", "app@2"], 0).await;
    let new_release = Application::start("new", url, &new, &oracle, 300_000);
    new_release.works("during the second roll-out").await;
    project.expect(&new_tree, &["mark", "deployed", "app@2"], 0).await;
    old_release.stop().await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    apply(&project, &new_tree, "contract", disturbance).await;
    new_release.works("after contract").await;
    new_release.stop().await;
    oracle.check(&mut reader, &new, "after contract").await;
    project.expect(&new_tree, &["status", "--exit-code"], 0).await;
    if let Some(after) = &project.scenario.after {
        assert!(reader.run(&after.refused).await.is_err(), "`{}` must be refused after contract", after.refused);
    }
    project.expect(&new_tree, &["apply", "--phase", "contract"], 0).await;

    assert_eq!(
        crate::schema::of(url).await,
        crate::schema::after_plain_execution(&new_tree, fresh, project.scenario.plain.get(dialect).map(String::as_str)).await,
        "the schema differs from what the scripts make in an empty database"
    );
}

/// Applies a phase to its end, killed on the way where the scenario says so.
async fn apply(project: &Project, tree: &Path, phase: &str, disturbance: Disturbance) {
    if let Disturbance::Kills { per_command, seed } = disturbance {
        let mut random = fastrand::Rng::with_seed(seed ^ phase.len() as u64);
        for _ in 0..per_command {
            let patience = Duration::from_millis(random.u64(15..220));
            project.kill_after(tree, &["apply", "--phase", phase, "--wait"], patience).await;
        }
    }
    project.expect(tree, &["apply", "--phase", phase, "--wait"], 0).await;
}

/// Two open migrations that touch the same column without an order: named, refused, and cured by an order.
pub(crate) async fn conflict(dialect: &str, url: &str) {
    let project = Project::new("two_open_conflict", dialect, url, None);
    let tree = project.new.clone();
    project.expect(&project.old.clone(), &["apply", "--phase", "expand"], 0).await;
    let refused = project.expect(&tree, &["plan"], 3).await;
    for place in project.scenario.conflict.as_deref().unwrap_or_default().split(' ') {
        let file = place.replace(':', "/");
        assert!(refused.stdout.contains(&file), "both places are named: {file} in\n{}", refused.stdout);
    }
    std::fs::write(tree.join("migrations/0002_no_nick/migration.toml"), "after = [\"0003_slug:backfill\"]\n").expect("an order");
    project.expect(&tree, &["plan"], 0).await;
}
