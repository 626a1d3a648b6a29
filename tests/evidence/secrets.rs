//! Secrets reach the service and nothing else.

use crate::fake::Fake;
use crate::project::Project;

const SECRET: &str = "s3cr3t-t0ken";

#[test]
fn a_token_is_sent_and_never_told() {
    let fake = Fake::start();
    for (more, header, value) in [
        ("token_env = \"API_TOKEN\"", "authorization", format!("Bearer {SECRET}")),
        ("token_env = \"API_TOKEN\"\nheader = \"X-API-Key\"", "x-api-key", SECRET.to_owned()),
        ("token_env = \"API_TOKEN\"\nuser = \"ann\"", "authorization", "Basic YW5uOnMzY3IzdC10MGtlbg==".to_owned()),
        ("token_file = \"token\"", "authorization", format!("Bearer {SECRET}")),
    ] {
        let gate = format!("[[contract.gate]]\nkind = \"http\"\nurl = \"{}/x\"\npointer = \"/a\"\nequals = 1\n{more}\n", fake.url());
        let project = Project::held_by(&gate).with("API_TOKEN", SECRET);
        project.write("token", &format!("{SECRET}\n"));
        // A service that repeats what it was shown.
        for (status, body) in [(401, format!("not allowed: {value}")), (200, format!(r#"{{"a":"{SECRET}"}}"#))] {
            fake.answer("/x", status, &body);
            for arguments in [&["status", "-vv"][..], &["status", "--format", "json"], &["plan"], &["apply", "--phase", "contract", "-vv"]]
            {
                let (out, err, _) = project.raw(arguments);
                for text in [&out, &err] {
                    assert!(!text.contains(SECRET) && !text.contains("YW5uOnMz"), "{arguments:?}\n{text}");
                }
            }
        }
        let asked = fake.asked().pop().expect("it was asked");
        assert_eq!(asked.headers.get(header), Some(&value));
        assert!(asked.body.is_empty());
    }
}

#[test]
fn a_missing_secret_is_told_by_its_place() {
    let gate =
        |more: &str| format!("[[contract.gate]]\nkind = \"http\"\nurl = \"http://127.0.0.1:1\"\npointer = \"/a\"\nequals = 1\n{more}\n");
    Project::held_by(&gate("token_env = \"NO_SUCH_TOKEN\"")).expect("http", "unknown", "NO_SUCH_TOKEN is not set");
    Project::held_by(&gate("token_file = \"no-such-file\"")).expect("http", "unknown", "no-such-file");
    Project::held_by(&gate("ca_file = \"no-such-ca\"")).expect("http", "unknown", "`ca_file`");
}
