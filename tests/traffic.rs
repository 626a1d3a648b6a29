//! Two releases under load behind a real HAProxy: rolling, blue-green, canary and flag order, out, back, and out again with
//! the contract at the end. No request may fail at any point, and each reads what it wrote, whichever release answers.
//!
//! `MIGRATE_TEST_TRAFFIC_SECONDS` is how long each step is watched; a moment without it.

#[path = "traffic/balancer.rs"]
mod balancer;
#[path = "rollout/instance.rs"]
#[allow(dead_code, reason = "only a part of it is used here")]
mod instance;
#[path = "traffic/load.rs"]
mod load;
#[path = "faults/workshop.rs"]
#[allow(dead_code, reason = "only a part of the workshop is used here")]
mod workshop;

mod support;

use std::time::Duration;

use balancer::Balancer;
use instance::Instance;
use load::Load;
use workshop::Workshop;

/// The service behind its balancer, with the checkouts of its releases.
struct Shop {
    url: String,
    balancer: Balancer,
    /// Built before the change.
    old: Workshop,
    /// Built with the change and its contract.
    new: Workshop,
}

/// The column that a build reads and writes.
const OLD: &[(&str, &str)] = &[("USERS_COLUMN", "name")];
const NEW: &[(&str, &str)] = &[("USERS_COLUMN", "full_name")];

impl Shop {
    /// Release 1 is deployed, with two instances behind the balancer.
    async fn open(url: &str, balancer: Balancer) -> (Shop, Vec<Instance>) {
        let shop = Shop {
            url: url.to_owned(),
            balancer,
            old: Workshop::for_services("postgres", url, &["api"]),
            new: Workshop::for_services("postgres", url, &["api"]),
        };
        for tree in [&shop.old, &shop.new] {
            base(tree);
        }
        rename(&shop.new);
        contract(&shop.new);
        shop.old.expect(&["apply", "--phase", "expand"], 0).await;
        shop.old.expect(&["mark", "deployed", "api@1"], 0).await;
        let instances = vec![shop.start(&shop.old, "1", OLD), shop.start(&shop.old, "1", OLD)];
        for instance in &instances {
            shop.serve(instance);
        }
        (shop, instances)
    }

    /// A ready instance that gets no traffic yet.
    fn start(&self, tree: &Workshop, release: &str, build: &[(&str, &str)]) -> Instance {
        let instance = Instance::start_as(tree, &self.url, release, build);
        instance.await_readyz(200, release);
        instance
    }

    /// Gives an instance its share.
    fn serve(&self, instance: &Instance) {
        self.balancer.add(instance.address(), 100);
    }

    /// Takes an instance out: no new request, those under way end, then the process.
    fn stop(&self, instance: Instance) {
        self.balancer.remove(instance.address());
        instance.drain();
    }

    /// Replaces instances one by one.
    async fn replace(&self, running: Vec<Instance>, tree: &Workshop, release: &str, build: &[(&str, &str)]) -> Vec<Instance> {
        let mut fresh = Vec::new();
        for old in running {
            let instance = self.start(tree, release, build);
            self.serve(&instance);
            watch().await;
            self.stop(old);
            fresh.push(instance);
        }
        fresh
    }

    /// The contract of the new release, once its soak is over.
    async fn contract(&self) {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        self.new.expect(&["apply", "--phase", "contract"], 0).await;
        watch().await;
    }
}

fn base(tree: &Workshop) {
    tree.write("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);\n");
}

/// `name` becomes `full_name`; both are written while both are read.
fn rename(tree: &Workshop) {
    tree.write(
        "2_full_name/expand.sql",
        "BEGIN;
ALTER TABLE users ADD COLUMN full_name text;
CREATE FUNCTION users_keep_names_equal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.full_name := coalesce(NEW.full_name, NEW.name);
    NEW.name := coalesce(NEW.name, NEW.full_name);
  ELSIF NEW.full_name IS DISTINCT FROM OLD.full_name THEN
    NEW.name := NEW.full_name;
  ELSIF NEW.name IS DISTINCT FROM OLD.name THEN
    NEW.full_name := NEW.name;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER users_keep_names_equal BEFORE INSERT OR UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION users_keep_names_equal();
COMMIT;
",
    );
    tree.write("2_full_name/backfill.sql", "UPDATE users SET full_name = name WHERE full_name IS NULL;\n");
}

fn contract(tree: &Workshop) {
    tree.write(
        "2_full_name/contract.sql",
        "BEGIN;
DROP TRIGGER users_keep_names_equal ON users;
DROP FUNCTION users_keep_names_equal();
ALTER TABLE users DROP COLUMN name;
COMMIT;
",
    );
}

/// Lets the load run for a while.
async fn watch() {
    let seconds = std::env::var("MIGRATE_TEST_TRAFFIC_SECONDS").ok().and_then(|text| text.parse().ok());
    tokio::time::sleep(seconds.map_or(Duration::from_millis(150), Duration::from_secs_f64)).await;
}

/// The database and the balancer, where both are installed.
fn ready() -> Option<(&'static support::Cluster, Balancer)> {
    let cluster = support::postgres(18)?;
    Some((cluster, Balancer::start()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling() {
    let Some((cluster, balancer)) = ready() else { return };
    let database = cluster.database();
    let (shop, old) = Shop::open(&database.url, balancer).await;
    let load = Load::start(shop.balancer.address());
    watch().await;
    shop.new.expect(&["apply", "--phase", "expand"], 0).await;
    shop.new.expect(&["mark", "started", "api@2"], 0).await;
    let new = shop.replace(old, &shop.new, "2", NEW).await;
    shop.new.expect(&["mark", "deployed", "api@2"], 0).await;

    // Back, one by one, on the expanded schema; and the gate closes by itself.
    let old = shop.replace(new, &shop.old, "1", OLD).await;
    shop.new.expect(&["mark", "rolled-back", "api@2"], 0).await;
    shop.new.expect(&["apply", "--phase", "backfill"], 0).await;
    shop.new.expect(&["apply", "--phase", "contract"], 5).await;

    shop.new.expect(&["mark", "started", "api@2"], 0).await;
    let new = shop.replace(old, &shop.new, "2", NEW).await;
    shop.new.expect(&["mark", "deployed", "api@2"], 0).await;
    shop.contract().await;
    load.end("rolling");
    new.into_iter().for_each(|instance| shop.stop(instance));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blue_green() {
    let Some((cluster, balancer)) = ready() else { return };
    let database = cluster.database();
    let (shop, blue) = Shop::open(&database.url, balancer).await;
    let load = Load::start(shop.balancer.address());
    watch().await;
    shop.new.expect(&["apply", "--phase", "expand"], 0).await;
    shop.new.expect(&["mark", "started", "api@2"], 0).await;
    let green = vec![shop.start(&shop.new, "2", NEW), shop.start(&shop.new, "2", NEW)];
    // Green's own tests, without traffic, write already.
    for (number, instance) in green.iter().enumerate() {
        let id = 9_000_000 + number;
        assert_eq!(instance.post(&format!("/users?id={id}&name=green")), Some(200));
    }
    let to = |from: &[Instance], to: &[Instance]| {
        to.iter().for_each(|instance| shop.serve(instance));
        from.iter().for_each(|instance| shop.balancer.remove(instance.address()));
    };
    to(&blue, &green);
    watch().await;
    shop.new.expect(&["apply", "--phase", "backfill"], 0).await;
    // The switch is not the end of blue: it is there without traffic, and the contract is held.
    shop.new.expect(&["apply", "--phase", "contract"], 5).await;
    to(&green, &blue);
    watch().await;
    to(&blue, &green);
    watch().await;
    blue.into_iter().for_each(Instance::drain);
    shop.new.expect(&["mark", "deployed", "api@2"], 0).await;
    shop.contract().await;
    load.end("blue-green");
    green.into_iter().for_each(|instance| shop.stop(instance));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canary() {
    let Some((cluster, balancer)) = ready() else { return };
    let database = cluster.database();
    let (shop, stable) = Shop::open(&database.url, balancer).await;
    let load = Load::start(shop.balancer.address());
    watch().await;
    shop.new.expect(&["apply", "--phase", "expand"], 0).await;
    for aborted in [true, false] {
        shop.new.expect(&["mark", "started", "api@2"], 0).await;
        let canary = shop.start(&shop.new, "2", NEW);
        // A tenth, then half; two stable instances have 100 each.
        shop.balancer.add(canary.address(), 22);
        watch().await;
        shop.balancer.weigh(canary.address(), 200);
        watch().await;
        shop.new.expect(&["apply", "--phase", "contract"], 5).await;
        if aborted {
            shop.stop(canary);
            shop.new.expect(&["mark", "rolled-back", "api@2"], 0).await;
            shop.new.expect(&["apply", "--phase", "backfill"], 0).await;
            shop.new.expect(&["apply", "--phase", "contract"], 5).await;
            continue;
        }
        let second = shop.start(&shop.new, "2", NEW);
        shop.serve(&second);
        for old in &stable {
            shop.balancer.remove(old.address());
        }
        watch().await;
        // Promoted, and yet the old instances are there.
        shop.new.expect(&["mark", "deployed", "api@2"], 0).await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        shop.new.expect(&["apply", "--phase", "contract"], 5).await;
        stable.into_iter().for_each(Instance::drain);
        shop.contract().await;
        load.end("canary");
        for instance in [canary, second] {
            shop.stop(instance);
        }
        return;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flag() {
    let Some((cluster, balancer)) = ready() else { return };
    let database = cluster.database();
    let (shop, old) = Shop::open(&database.url, balancer).await;
    // Release 2 holds both paths and no contract: its off-path needs the old column.
    let both = Workshop::for_services("postgres", &database.url, &["api"]);
    base(&both);
    rename(&both);
    let file = both.path().join("flag");
    let flag = |text: &str| std::fs::write(&file, text).expect("the folder is ours");
    flag("off");
    let path = file.to_string_lossy().into_owned();
    let dark: &[(&str, &str)] = &[("USERS_COLUMN", "name"), ("USERS_COLUMN_BEHIND_FLAG", "full_name"), ("FLAG", &path)];

    let load = Load::start(shop.balancer.address());
    watch().await;
    both.expect(&["apply", "--phase", "expand"], 0).await;
    both.expect(&["mark", "started", "api@2"], 0).await;
    let instances = shop.replace(old, &both, "2", dark).await;
    both.expect(&["mark", "deployed", "api@2"], 0).await;
    both.expect(&["apply", "--phase", "backfill"], 0).await;
    for text in ["on", "off", "on"] {
        flag(text);
        watch().await;
    }
    tokio::time::sleep(Duration::from_millis(1200)).await;
    // The flag is on for everyone, and the release that could turn it off is live.
    shop.new.expect(&["apply", "--phase", "contract"], 5).await;
    shop.new.expect(&["mark", "started", "api@3"], 0).await;
    let instances = shop.replace(instances, &shop.new, "3", NEW).await;
    shop.new.expect(&["mark", "deployed", "api@3"], 0).await;
    shop.contract().await;
    load.end("flag");
    instances.into_iter().for_each(|instance| shop.stop(instance));
}

/// What the counts are worth: a contract that somebody forces while the old release serves is seen at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_too_early_fails_requests() {
    let Some((cluster, balancer)) = ready() else { return };
    let database = cluster.database();
    let (shop, old) = Shop::open(&database.url, balancer).await;
    let load = Load::start(shop.balancer.address());
    shop.new.expect(&["apply", "--phase", "expand"], 0).await;
    shop.new.expect(&["apply", "--phase", "backfill"], 0).await;
    shop.new.expect(&["apply", "--phase", "contract"], 5).await;
    let forced = ["markers", "instances", "soak"].iter().flat_map(|kind| ["--override-gate", kind]);
    let line: Vec<&str> = ["apply", "--phase", "contract", "--reason", "to see it fail"].into_iter().chain(forced).collect();
    shop.new.expect(&line, 0).await;
    watch().await;
    let (requests, failed) = load.stop();
    assert!(failed.iter().any(|what| what.contains("500")), "{requests} requests, and nothing failed");
    old.into_iter().for_each(|instance| shop.stop(instance));
}
