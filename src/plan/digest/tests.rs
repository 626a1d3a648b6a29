//! What changes a digest, what does not, and what is recognised as the rest of an approved plan.

use super::*;
use crate::plan::Known;
use crate::plan::testing::{ledger, migrations, plan, plan_of};
use crate::schema::Dialect;

const FILES: [(&str, &str); 4] = [
    ("1_users/expand.sql", "CREATE TABLE users (id bigint PRIMARY KEY, name text);"),
    ("2_full/expand.sql", "ALTER TABLE users ADD COLUMN full_name text;"),
    ("2_full/backfill.sql", "UPDATE users SET full_name = name WHERE full_name IS NULL;"),
    ("3_orders/expand.sql", "CREATE TABLE orders (id bigint PRIMARY KEY);"),
];

fn with(ran: &[&str]) -> Plan {
    let migrations = migrations(&FILES, Dialect::Postgres);
    plan_of(&migrations, Known::Ledger(&ledger(&migrations, ran)))
}

#[test]
fn names_content_and_order_count_and_layout_does_not() {
    let digest = plan(&FILES, Known::Nothing).digest();
    let changed = |at: usize, file: (&'static str, &'static str)| {
        let mut files = FILES;
        files[at] = file;
        plan(&files, Known::Nothing).digest()
    };
    assert_eq!(changed(3, ("3_orders/expand.sql", "-- why\ncreate table ORDERS (id bigint\n  PRIMARY KEY)")), digest);
    for other in [
        changed(3, ("3_orders/expand.sql", "CREATE TABLE orders (id int PRIMARY KEY);")),
        changed(3, ("3_order/expand.sql", FILES[3].1)),
        changed(3, ("15_orders/expand.sql", FILES[3].1)),
        plan(&FILES[..3], Known::Nothing).digest(),
    ] {
        assert_ne!(other.of_phase(Phase::Expand), digest.of_phase(Phase::Expand));
        assert_eq!(other.of_phase(Phase::Backfill), digest.of_phase(Phase::Backfill));
    }
}

#[test]
fn a_database_that_ran_nothing_says_the_same_as_the_files() {
    assert_eq!(with(&[]).digest(), plan(&FILES, Known::Nothing).digest());
}

#[test]
fn the_rest_of_an_approved_plan_is_recognised() {
    let approved = with(&["1_users:expand"]).digest();
    for ran in [&["1_users:expand"][..], &["1_users:expand", "2_full:expand"], &["1_users:expand", "2_full:expand", "3_orders:expand"]] {
        assert!(with(ran).is_rest_of(&approved, Phase::Expand), "{ran:?}");
    }
    // More than was approved, and something else before it.
    assert!(!with(&[]).is_rest_of(&approved, Phase::Expand));
    assert!(!with(&["2_full:expand", "1_users:expand"]).is_rest_of(&with(&[]).digest(), Phase::Expand));
    let everything = with(&["1_users:expand", "2_full:expand", "3_orders:expand", "2_full:backfill"]);
    assert!(everything.is_rest_of(&approved, Phase::Backfill));
}

#[test]
fn it_is_read_back_as_it_is_printed() {
    let digest = with(&[]).digest();
    assert_eq!(digest.to_string().len(), 62);
    assert_eq!(digest.to_string().parse(), Ok(digest));
    assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
    for wrong in ["", "abc", "--", &"0".repeat(62), &format!("{digest}-00"), &digest.to_string().replace('-', "_")] {
        assert_eq!(wrong.parse::<PlanDigest>(), Err(NoDigest), "{wrong}");
    }
}
