//! Sources of evidence outside of the markers: each asked as a user's settings say, of a real server where one runs in
//! a test, else of recorded answers of the documented interface.

#[path = "evidence/abort.rs"]
mod abort;
#[path = "evidence/approval.rs"]
mod approval;
#[path = "evidence/aws.rs"]
mod aws;
#[path = "evidence/cut.rs"]
mod cut;
#[path = "evidence/database.rs"]
mod database;
#[path = "evidence/fake.rs"]
mod fake;
#[path = "evidence/flags.rs"]
mod flags;
#[path = "evidence/half_undone.rs"]
mod half_undone;
#[path = "evidence/kubernetes.rs"]
mod kubernetes;
#[path = "evidence/project.rs"]
mod project;
#[path = "evidence/prometheus.rs"]
mod prometheus;
#[path = "evidence/rollback.rs"]
mod rollback;
#[path = "evidence/secrets.rs"]
mod secrets;
#[path = "support/mod.rs"]
mod support;
#[path = "evidence/tls.rs"]
mod tls;
#[path = "evidence/value.rs"]
mod value;
