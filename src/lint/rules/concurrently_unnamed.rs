//! concurrently-unnamed: a build that is tried again makes a second index.

use crate::lint::cure::{Spelled, derived};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::IndexKey;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrently-unnamed"),
    doc: include_str!("../../../lints/concurrently-unnamed.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(index) = frame.operation else { return };
    if index.name.is_some() || !index.concurrently || frame.is_new_table(&index.table) {
        return;
    }
    let columns = index.keys.iter().map(|key| match key {
        IndexKey::Column(column) => column.as_str(),
        IndexKey::Expression(_) => "expr",
    });
    let parts = std::iter::once(index.table.name.as_str()).chain(columns).chain(["idx"]);
    let name = derived(frame.dialect(), parts).spelled(frame.dialect());
    findings.push(
        Fault::new("a concurrent build without a name makes another index each time it is tried, and leaves the INVALID ones behind")
            .help(format!("name it, so that an interrupted build can be found again: `CREATE INDEX CONCURRENTLY {name} ON …`")),
    );
}
