//! How long the work of a plan takes at the speed of the server that it is for: for `migrate plan`.

use std::time::Duration;

use crate::backend::{AnyBackend, Backend, TableSize};
use crate::dialect::speed::{Measure, Measured};
use crate::dialect::{Speeds, Work, cost};
use crate::ledger::{Ledger, Timing};
use crate::plan::{Plan, ScriptState};
use crate::schema::ObjectName;

/// Where work takes less than this at any speed that is assumed, nobody asks how long exactly.
const WORTH_READING: Duration = Duration::from_secs(5);

/// So many tables are read, the largest: the server is the same for the others.
const TABLES: usize = 3;

/// The plan, its times told by what earlier runs took here and by how fast its largest tables are read now.
pub(super) async fn told(plan: Plan, ledger: &Ledger, backend: &mut AnyBackend) -> Plan {
    let mut measured: Vec<Measured> = ledger.timings.iter().filter_map(Timing::measured).collect();
    for table in tables(&plan) {
        // A file that is yet to be made, a connection that just went: the plan is the same without it.
        let Ok(rates) = backend.reading_speed(&table).await.inspect_err(|error| tracing::info!(%error, "no pages were read")) else {
            break;
        };
        measured.extend(rates.into_iter().map(|rate| Measured { work: Work::Scan(table.clone()), rate, by: Measure::Probe }));
    }
    match measured.is_empty() {
        true => plan,
        false => plan.at(Speeds::new(measured)),
    }
}

/// The largest tables that are there and that a statement works on for long.
fn tables(plan: &Plan) -> Vec<ObjectName> {
    let mut found: Vec<(ObjectName, TableSize)> = Vec::new();
    let scripts = plan.scripts.iter().filter(|script| is_ahead(&script.state));
    for work in scripts.flat_map(|script| script.statements.iter()).flat_map(|statement| statement.work.into_vec()) {
        let Some(size) = plan.sizes.counted(work.table()) else { continue };
        let is_long = cost(&work, size, &Speeds::default()).is_some_and(|cost| cost.most >= WORTH_READING);
        if is_long && !found.iter().any(|(table, _)| table == work.table()) {
            found.push((work.table().clone(), size));
        }
    }
    found.sort_by_key(|(_, size)| std::cmp::Reverse(size.bytes));
    found.into_iter().take(TABLES).map(|(table, _)| table).collect()
}

fn is_ahead(state: &ScriptState) -> bool {
    match state {
        ScriptState::Pending | ScriptState::Running { .. } | ScriptState::Blocked { .. } | ScriptState::Held(_) => true,
        ScriptState::Done { .. } | ScriptState::Unchanged => false,
    }
}
