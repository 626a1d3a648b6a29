//! What can stop an application at start-up.

use crate::backend::BackendError;
use crate::backend::any::ConnectError;
use crate::migration::MigrationError;
use crate::plan::{PlanError, Refusal};
use crate::run::RunError;

/// Why a call to a [`Migrator`](super::Migrator) failed. No variant ever shows a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The folder, a file in it or the URL is not understood.
    #[error(transparent)]
    Migration(Box<MigrationError>),
    /// No plan can be made of the migrations.
    #[error(transparent)]
    Plan(Box<PlanError>),
    /// The database cannot be reached, or this build has no driver for it.
    #[error(transparent)]
    Connect(Box<ConnectError>),
    /// The database did not answer as it should.
    #[error(transparent)]
    Backend(Box<BackendError>),
    /// The plan may not run.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The run stopped before its end; the next one goes on there.
    #[error(transparent)]
    Run(Box<RunError>),
}

/// `?` on an error that is kept in a box.
macro_rules! boxed {
    ($($error:ident => $variant:ident),*) => { $(
        impl From<$error> for AppError {
            fn from(error: $error) -> AppError {
                AppError::$variant(Box::new(error))
            }
        }
    )* };
}

boxed!(MigrationError => Migration, PlanError => Plan, ConnectError => Connect, BackendError => Backend, Refusal => Refused, RunError => Run);
