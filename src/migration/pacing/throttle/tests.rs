//! Throttles as migrate.toml says them.

use super::*;
use crate::migration::Project;

fn read(text: &str) -> Result<Vec<Throttle>, String> {
    let text = format!("[[backfill.throttle]]\n{text}");
    let project = Project::parse(std::path::Path::new("shop"), &text).map_err(|error| error.to_string())?;
    Ok(project.pacing.throttles)
}

#[test]
fn every_signal_is_read() {
    let limits = |text: &str| read(text).map(|throttles| (throttles[0].name(), throttles[0].limit));
    assert_eq!(limits("kind = \"replica-lag\"\nlimit = \"2s\""), Ok(("replica-lag".to_owned(), 2.0)));
    assert_eq!(limits("kind = \"replica-lag\""), Ok(("replica-lag".to_owned(), 5.0)));
    assert_eq!(limits("kind = \"replica-bytes\"\nlimit = \"64 MB\""), Ok(("replica-bytes".to_owned(), 64e6)));
    assert_eq!(limits("kind = \"active-sessions\"\nlimit = 12"), Ok(("active-sessions".to_owned(), 12.0)));
    assert_eq!(limits("kind = \"dead-tuples\"\nlimit = \"25%\""), Ok(("dead-tuples".to_owned(), 0.25)));
    assert_eq!(limits("kind = \"query\"\nname = \"queue\"\nsql = \"SELECT 1\"\nlimit = 0"), Ok(("query queue".to_owned(), 0.0)));
    assert_eq!(limits("kind = \"hours\"\nonly = \"22:00-06:00 Europe/Berlin\""), Ok(("hours".to_owned(), 1.0)));
    assert_eq!(read("kind = \"horizon\"\noff = true").map(|throttles| throttles[0].asked), Ok(Asked::Off));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let fault = |text: &str| read(text).expect_err("refused");
    assert!(fault("kind = \"replica-lags\"").starts_with("migrate.toml:2:8: `replica-lags` is no signal; did you mean `replica-lag`?"));
    assert!(fault("kind = \"active-sessions\"").contains("needs a `limit`"));
    assert!(fault("kind = \"replica-lag\"\nlimit = \"5 MB\"").starts_with("migrate.toml:3:9: `5 MB` is no limit here"));
    assert!(fault("kind = \"hours\"\nonly = \"at night\"").contains("are no hours"));
    assert!(fault("kind = \"http\"\nurl = \"ftp://a\"").contains("must begin with http:// or https://"));
    let headers = |text: &str| fault(&format!("kind = \"http\"\nurl = \"http://a\"\nheaders = {{ {text} }}"));
    assert!(headers("\"a b\" = \"x\"").starts_with("migrate.toml:4:13: `a b` is no name of a header"));
    assert!(headers("Authorization = \"Bearer x\"").ends_with("`token_env` or `token_file`"));
    assert!(headers("X-A = \"a\\nb\"").contains("the value of `X-A` holds what a header cannot"));
    assert!(fault("kind = \"query\"\nlimit = 1").contains("`backfill.throttle.sql` is missing"));
    assert!(fault("kind = \"vacuum\"\nlimit = 3").contains("has no `limit`"));
    assert!(fault("kind = \"vacuum\"\nlimits = 3").contains("did you mean `limit`?"));
    assert!(fault("limit = 3").contains("`backfill.throttle.kind` is missing"));
    let query = "kind = \"query\"\nsql = \"SELECT 1\"\nlimit = 1\n";
    let twice = fault(&format!("{query}[[backfill.throttle]]\n{query}"));
    assert!(twice.starts_with("migrate.toml:5:1: there is a throttle `query` already: give this one a `name`"), "{twice}");
    let lag = "kind = \"replica-lag\"\n";
    assert!(fault(&format!("{lag}[[backfill.throttle]]\n{lag}limit = \"1s\"")).contains("there is a throttle `replica-lag` already"));
}

#[test]
fn a_replica_shows_no_password() {
    let throttles =
        read("kind = \"replica-lag\"\nreplicas = [\"postgres://a:secret@replica/shop\"]\nreplicas_env = [\"R\"]").expect("valid");
    let shown = format!("{throttles:?}");
    assert!(!shown.contains("secret") && shown.contains("$R"), "{shown}");
}
