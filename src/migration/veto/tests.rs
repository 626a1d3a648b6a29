//! What settings of gates are understood, and what is said of those that are not.

use super::*;
use crate::migration::endpoint::{Scheme, SecretSource};
use crate::migration::{Project, Settings};

fn vetoes(text: &str) -> Vec<Veto> {
    Settings::parse("m/migration.toml", text).expect("valid").vetoes
}

fn fault(text: &str) -> String {
    Settings::parse("m/migration.toml", text).expect_err("must be refused").to_string()
}

const PROMETHEUS: &str = "[[contract.gate]]\nkind = \"prometheus\"\nurl = \"http://prom:9090/base\"\nquery = \"sum(reads)\"\n";

#[test]
fn reads_a_query_with_everything() {
    let text = format!(
        "{PROMETHEUS}name = \"old-reads\"\nopen_when = \"== 0\"\nwindow = \"30m\"\nliveness = \"up\"\ntoken_env = \"PROM\"\n\
         headers = {{ \"X-Scope-OrgID\" = \"shop\" }}\nca_file = \"ca.pem\"\ntimeout = \"3s\"\n"
    );
    let [veto] = &vetoes(&text)[..] else { panic!("there is one") };
    assert_eq!((veto.name.as_str(), veto.kind()), ("old-reads", VetoKind::Prometheus));
    let Ask::Prometheus(asked) = &veto.clone().rooted(Path::new("/srv/shop")).ask else { panic!("it asks Prometheus") };
    assert_eq!(asked.endpoint.url.as_str(), "http://prom:9090/base");
    assert_eq!(asked.endpoint.ca_file.as_deref(), Some(Path::new("/srv/shop/ca.pem")));
    assert_eq!(asked.endpoint.headers, [("X-Scope-OrgID".to_owned(), "shop".to_owned())]);
    let credential = asked.endpoint.credential.as_ref().expect("it has a token");
    assert_eq!((&credential.secret, &credential.scheme), (&SecretSource::Variable("PROM".into()), &Scheme::Bearer));
    assert_eq!(asked.window.map(|window| window.step.as_secs()), Some(60));
}

#[test]
fn the_project_file_has_gates_for_every_contract() {
    let text = format!("{PROMETHEUS}open_when = \"< 1\"\n");
    assert_eq!(Project::parse(Path::new("."), &text).expect("valid").vetoes, vetoes(&text));
}

#[test]
fn faults_point_into_the_file() {
    assert!(fault(PROMETHEUS).contains(":1:1: `contract.gate.open_when` is missing"), "{}", fault(PROMETHEUS));
    let with = |more: &str| fault(&format!("{PROMETHEUS}open_when = \"< 1\"\n{more}"));
    assert!(with("quer = 1").contains(":6:1: unknown key `contract.gate.quer`; did you mean `query`?"), "{}", with("quer = 1"));
    assert!(with("name = \"soak\"").contains("means another condition"));
    assert!(with("token_env = \"A\"\ntoken_file = \"b\"").contains("not both"));
    assert!(with("user = \"me\"").contains("needs `token_env` or `token_file`"));
    assert!(fault("[[contract.gate]]\nkind = \"prometeus\"").contains("did you mean `prometheus`?"));
    assert!(fault(&format!("{PROMETHEUS}open_when = \"1\"")).contains("`1` is no limit"));
    let twice = format!("{PROMETHEUS}open_when = \"< 1\"\n{PROMETHEUS}open_when = \"< 1\"\n");
    assert!(fault(&twice).contains("there is a gate `prometheus` already"));
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let open = "query = \"a\"\nopen_when = \"< 1\"\n";
    let told = fault(&format!("[[contract.gate]]\nkind = \"prometheus\"\nurl = \"http://me:s3cret@prom\"\n{open}"));
    assert!(told.contains("holds credentials") && !told.contains("s3cret"), "{told}");
    let told = fault(&format!("{PROMETHEUS}open_when = \"< 1\"\ntoken_env = \"s3cret-token\"\n"));
    assert!(told.contains("name of an environment variable") && !told.contains("s3cret"), "{told}");
}

#[test]
fn a_query_that_invents_its_answer_needs_a_sign_of_life() {
    let text = "[[contract.gate]]\nkind = \"prometheus\"\nurl = \"http://prom\"\nquery = \"sum(rate(e[5m])) or vector (0)\"\nopen_when = \"== 0\"\n";
    assert!(fault(text).contains("add `liveness`"), "{}", fault(text));
    assert_eq!(vetoes(&format!("{text}liveness = \"up\"")).len(), 1);
}

/// Every block of the page on gates is read as a migrate.toml.
#[test]
fn the_page_on_gates_is_understood() {
    let page = include_str!("../../../docs/gates.md");
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 3);
    let mut shown: Vec<VetoKind> = Vec::new();
    for block in blocks {
        let project = Project::parse(Path::new("."), block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        shown.extend(project.vetoes.iter().map(Veto::kind));
    }
    for kind in VetoKind::ALL {
        assert!(shown.contains(&kind), "docs/gates.md shows no {kind}");
    }
}

/// Every block of the page on feature flags is read as the settings of a migration, with all that it may be asked.
#[test]
fn the_page_on_flags_is_understood() {
    let page = include_str!("../../../docs/deploy/flags.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown: Vec<VetoKind> = blocks.flat_map(vetoes).map(|veto| veto.kind()).collect();
    assert_eq!(shown, [VetoKind::Unleash, VetoKind::LaunchDarkly, VetoKind::Flagsmith, VetoKind::Ofrep]);
}

#[test]
fn values_and_programs() {
    let http = "[[contract.gate]]\nkind = \"http\"\nurl = \"https://ok\"\npointer = \"/a\"\n";
    let expected = |more: &str| match &vetoes(&format!("{http}{more}"))[0].ask {
        Ask::Http(asked) => asked.expected.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(expected("equals = \"yes\""), Expected::Text("yes".into()));
    assert_eq!(expected("equals = true"), Expected::Text("true".into()));
    assert_eq!(expected("equals = 3"), Expected::Text("3".into()));
    assert!(fault(http).contains("`equals` or `open_when`"));
    assert!(fault("[[contract.gate]]\nkind = \"command\"").contains("`run` is missing"));
    assert_eq!(vetoes("[[contract.gate]]\nkind = \"command\"\nrun = [\"./ok\"]\n")[0].name, "command");
}
