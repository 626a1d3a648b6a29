//! Sources of evidence outside of the markers: each asked as a user's settings say, of a real server where one runs in
//! a test, else of recorded answers of the documented interface.

#[path = "evidence/fake.rs"]
mod fake;
#[path = "evidence/project.rs"]
mod project;
#[path = "evidence/prometheus.rs"]
mod prometheus;
#[path = "evidence/secrets.rs"]
mod secrets;
#[path = "support/mod.rs"]
mod support;
#[path = "evidence/value.rs"]
mod value;
