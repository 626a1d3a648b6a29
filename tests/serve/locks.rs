//! Who waits for whose lock while a run is at work, on the oldest and the newest PostgreSQL.

use std::process::Stdio;
use std::time::Duration;

use sqlx::Executor;

use super::answers::{metric, project};
use super::server::{Server, migrate, run};
use super::support;

#[test]
fn a_run_that_waits_and_who_waits_behind_it_are_seen() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let database = cluster.database();
        let folder = project(&[
            ("migrate.toml", "dialect = \"postgres\"\n[locks]\ntimeout = \"8s\"\n"),
            ("migrations/1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n"),
        ]);
        let shop = folder.path();
        let url = ["--database-url", database.url.as_str()];
        run(shop, &[&url[..], &["apply", "--phase", "expand", "-q"]].concat());
        let server = Server::start(shop, &url);
        assert_eq!(metric(&server.get("/metrics").body, "concertina_lock_waits{waiter=\"run\"}"), None, "nobody is at work");

        // The application reads in a long transaction; the next expand waits for it, and a reader behind that.
        let mut holder = runtime.block_on(database.connect());
        runtime.block_on(holder.execute("BEGIN; SELECT count(*) FROM users")).expect("the table is there");
        std::fs::create_dir_all(shop.join("migrations/2_nick")).expect("ours");
        std::fs::write(shop.join("migrations/2_nick/expand.sql"), "ALTER TABLE users ADD COLUMN nick text;\n").expect("ours");
        let mut expanding = migrate(shop, &[&url[..], &["apply", "--phase", "expand", "-q"]].concat());
        let mut expanding = expanding.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command was built");
        let waits =
            |answer: &super::server::Answer, waiter: &str| metric(&answer.body, &format!("concertina_lock_waits{{waiter=\"{waiter}\"}}"));
        server.until("/metrics", |answer| waits(answer, "run") == Some(1.0));
        let reader = runtime.spawn({
            let reading = database.url.clone();
            async move {
                let mut session = <sqlx::PgConnection as sqlx::Connection>::connect(&reading).await.expect("it connects");
                session.execute("SELECT count(*) FROM users").await.map(|_| ())
            }
        });
        let seen = server.until("/metrics", |answer| waits(answer, "application") == Some(1.0));
        let longest = metric(&seen.body, "concertina_lock_wait_longest_seconds{waiter=\"run\"}").expect("it is told");
        assert!((0.0..8.5).contains(&longest), "{longest}");
        let page = server.get("/").body;
        assert!(
            page.contains("A run is at work") && page.contains("It has waited") && page.contains("1 session waits behind it"),
            "{page}"
        );
        assert!(page.contains("(idle in transaction)"), "{page}");

        runtime.block_on(holder.execute("COMMIT")).expect("it ends");
        assert!(expanding.wait().expect("it can be waited for").success());
        runtime.block_on(reader).expect("it ends").expect("it reads");
        server.until("/metrics", |answer| waits(answer, "run").is_none());
        std::thread::sleep(Duration::from_millis(10));
    }
}
