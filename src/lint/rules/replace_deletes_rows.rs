//! replace-deletes-rows: REPLACE deletes the row that is in its way and inserts another.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::DataKind;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("replace-deletes-rows"),
    doc: include_str!("../../../lints/replace-deletes-rows.md"),
    class: Class::Data,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Sqlite, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    if change.kind != DataKind::Replace || frame.is_new_table(&change.table) {
        return;
    }
    let cascades = frame.before.referencing(&change.table).next().is_some();
    let loss = if cascades {
        "what references it goes with it or refuses, and columns that are not named lose their values"
    } else {
        "columns that are not named lose their values"
    };
    let instead = match frame.dialect() {
        Dialect::Mysql => "INSERT INTO … VALUES (…) ON DUPLICATE KEY UPDATE …;",
        Dialect::Sqlite | Dialect::Postgres => "INSERT INTO … VALUES (…) ON CONFLICT (…) DO UPDATE SET …;",
    };
    findings.push(
        Fault::new(format!("REPLACE deletes the row of `{}` that is in its way before it inserts: {loss}", change.table))
            .help(format!("change the row that is there: `{instead}`")),
    );
}
