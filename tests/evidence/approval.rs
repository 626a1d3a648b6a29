//! People approve a contract as it is, and no other.

use crate::project::Project;

#[test]
fn an_approval_is_of_this_very_text() {
    let project = Project::held_by("[[contract.gate]]\nkind = \"approval\"\napprovals = 2\n");
    project.expect("approval", "closed", "approved by nobody, 2 are wanted");
    let (_, err, code) = project.raw(&["approve", "2_drop"]);
    assert!(code == 2 && err.contains("--reason"), "{err}");
    let first = project.run(&["approve", "2_drop", "--reason", "looked at it", "--by", "ann"], 0);
    let note = first["notes"][0].as_str().expect("it says so").to_owned();
    assert!(note.starts_with("ann approves the contract of 2_drop"), "{note}");
    // Twice the same person is one person.
    project.run(&["approve", "2_drop", "--reason", "again", "--by", "ann"], 0);
    project.expect("approval", "closed", "approved by ann, 2 are wanted");
    let digest = note.split("(digest ").nth(1).expect("it tells the digest").trim_end_matches(')').to_owned();
    project.run(&["approve", "2_drop", "--reason", "x", "--by", "bob", "--digest", &"0".repeat(64)], 6);
    project.run(&["approve", "2_drop", "--reason", "fine", "--by", "bob", "--digest", &digest], 0);
    project.expect("approval", "open", "");
    // Another text is another contract.
    let contract = "migrations/2_drop/contract.sql";
    let text = std::fs::read_to_string(project.path().join(contract)).expect("it is there");
    project.write(contract, "ALTER TABLE items DROP COLUMN note;\n");
    project.expect("approval", "closed", "earlier approvals were of another text");
    project.write(contract, &text);
    let applied = project.run(&["apply", "--phase", "contract"], 0);
    assert_eq!(applied["outcome"], "applied");
    project.run(&["approve", "2_drop", "--reason", "late"], 1);
}
