//! Concertina: schema migrations that enforce expand-contract.
//!
//! Every release of an application works with the schema that it meets, before, during and after its own roll-out
//! and after a roll-back; what would break that is refused. The command `migrate` checks pull requests and runs in
//! deploy jobs; this library is what an application calls when it starts.
//!
//! ```
//! use concertina::{Migrator, Readiness};
//!
//! # async fn start(folder: &std::path::Path, url: &str) -> Result<(), concertina::AppError> {
//! let migrator = Migrator::from_dir(folder, url)?;
//!
//! // One round trip. Behind: the deploy job did not expand yet. Ahead is fine: that is a roll-back.
//! if let Readiness::Behind { missing } = migrator.readiness().await? {
//!     assert_eq!(missing[0].to_string(), "1_users:expand");
//!     // A service that owns its database may expand by itself.
//!     migrator.expand().await?;
//! }
//! assert_eq!(migrator.readiness().await?, Readiness::Ready { ahead: false });
//!
//! // While this guard lives, no contract takes away what this build still needs.
//! let heartbeat = migrator.heartbeat("api", "2.3.0").await?;
//! heartbeat.drain().await?;
//! # Ok(())
//! # }
//! # let folder = tempfile::tempdir().unwrap();
//! # std::fs::create_dir(folder.path().join("1_users")).unwrap();
//! # std::fs::write(folder.path().join("1_users/expand.sql"), "CREATE TABLE users (id INTEGER PRIMARY KEY);").unwrap();
//! # let database = tempfile::tempdir().unwrap();
//! # let url = format!("sqlite://{}?mode=rwc", database.path().join("app.db").display());
//! # tokio::runtime::Runtime::new().unwrap().block_on(start(folder.path(), &url)).unwrap();
//! ```
//!
//! There is no way to contract from here: the deploy job does that, behind its gate.
//!
//! ```compile_fail
//! # async fn start(migrator: concertina::Migrator) {
//! migrator.contract().await;
//! # }
//! ```

pub mod app;
pub mod backend;
pub mod backfill;
#[cfg(feature = "cli")]
pub mod cli;
pub mod dialect;
pub mod evidence;
pub mod fix;
pub mod ledger;
pub mod lint;
pub mod migration;
pub mod plan;
pub mod recipe;
#[cfg(feature = "cli")]
pub mod report;
pub mod run;
pub mod schema;
#[cfg(feature = "serve")]
pub mod serve;
pub mod sql;

pub use app::{AppError, Events, Heartbeat, Migrator, Readiness};
