//! A disk that is full in the middle of a backfill: the run stops with the cause and goes on when there is space.

use crate::application::Client;
use crate::stock::Stock;
use crate::support;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_on_postgres() {
    for major in [14, 18] {
        let Some(cluster) = support::postgres(major) else { continue };
        let Some(disk) = support::tmpfs(2_400) else { return };
        let database = cluster.database();
        let stock = Stock::new(&database.url, 20_000).await;
        let space = format!("tiny_{}", database.name());
        let folder = disk.folder("space");
        database.run(&format!("CREATE TABLESPACE {space} LOCATION '{}'", folder.display())).await;
        database.run(&format!("ALTER TABLE stock SET TABLESPACE {space}; ALTER TABLE fills SET TABLESPACE {space}")).await;
        let ran = stock.workshop.expect(&["apply", "--phase", "backfill"], 1).await;
        assert!(ran.said().contains("No space left on device"), "the cause is told\n{}", ran.said());
        let filled = Client::connect(&database.url).await.rows("SELECT count(*) FROM fills").await.expect("the list");
        assert_ne!(filled[0][0], "0", "the disk was full from the start: nothing was shown");
        let held = stock.workshop.run(&["status"]).await;
        assert!(held.said().contains("0001_stock"), "{}", held.said());
        disk.grow_to(100_000);
        stock.finish().await;
        stock.check_all().await;
        drop(stock);
        database.run("DROP TABLE stock, fills").await;
        database.run(&format!("DROP TABLESPACE {space}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_on_sqlite() {
    let Some(disk) = support::tmpfs(10_000) else { return };
    let file = disk.path().join("shop.db");
    let stock = Stock::new(&format!("sqlite://{}?mode=rwc", file.display()), 20_000).await;
    // Somebody else's file takes what is left but a little.
    let ballast = disk.path().join("ballast");
    let free = free_kibibytes(disk.path());
    std::fs::write(&ballast, vec![1; (free.saturating_sub(600)) * 1024]).expect("there is space for it");
    let ran = stock.workshop.run(&["apply", "--phase", "backfill"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("full"), "the cause is told\n{}", ran.said());
    std::fs::remove_file(&ballast).expect("space again");
    disk.grow_to(100_000);
    stock.finish().await;
    stock.check_all().await;
}

fn free_kibibytes(folder: &std::path::Path) -> usize {
    let output = std::process::Command::new("df").args(["--output=avail", "-k"]).arg(folder).output().expect("df runs");
    String::from_utf8_lossy(&output.stdout).lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("df tells what is free")
}
