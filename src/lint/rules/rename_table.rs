//! rename-table: the old name is gone while running releases still use it.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::swapped_with_view;
use crate::schema::operation::{CreateView, TriggerEvent, ViewColumn};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase};
use crate::sql::Clause;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("rename-table"),
    doc: include_str!("../../../lints/rename-table.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &["sqlite-rebuild-rename-first"],
    check: Check::Of(&[OperationKind::RenameTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RenameTable { table, to } = frame.operation else { return };
    let other_kind =
        frame.is_view(table) || frame.before.sequence(table).recorded().is_some() || frame.before.index(table, None).recorded().is_some();
    if other_kind || frame.is_new_table(table) || is_served_by_view(frame, table, to) || takes_the_place_of_a_view(frame, table, to) {
        return;
    }
    let dialect = frame.dialect();
    let (old, new) = (table.spelled(dialect), to.spelled(dialect));
    let fault = Fault::new(format!("renaming `{table}` breaks every running release that uses the old name"));
    findings.push(match dialect {
        Dialect::Postgres => {
            let view = ObjectName { schema: table.schema.clone(), name: to.clone() }.spelled(dialect);
            let sql = format!("BEGIN;\nALTER TABLE {old} RENAME TO {new};\nCREATE VIEW {old} AS SELECT * FROM {view};\nCOMMIT;\n");
            fault
                .help(format!(
                    "leave an updatable view under the old name, in the same transaction: `CREATE VIEW {old} AS SELECT * FROM {view};`"
                ))
                .cure(Phase::Expand, sql)
                .cure(Phase::Contract, format!("DROP VIEW {old};\n"))
        }
        Dialect::Sqlite | Dialect::Mysql => {
            let view = format!("CREATE VIEW {new} AS SELECT * FROM {old};");
            // BEGIN would promise what MySQL does not do.
            let swap = match dialect {
                Dialect::Mysql => swapped_with_view(table, to),
                Dialect::Postgres | Dialect::Sqlite => format!("BEGIN;\nDROP VIEW {new};\nALTER TABLE {old} RENAME TO {new};\nCOMMIT;\n"),
            };
            fault
                .help(format!("keep the table, let new releases read a view of the new name, and swap in contract.sql: `{view}`"))
                .cure(Phase::Expand, view)
                .cure(Phase::Contract, swap)
        }
    });
}

/// Whether the same transaction puts a view under the old name through which old releases read and write every column.
fn is_served_by_view(frame: &Frame<'_>, table: &ObjectName, to: &Ident) -> bool {
    let writable = match frame.dialect() {
        Dialect::Postgres => true,
        Dialect::Sqlite => is_written_by_triggers(frame, table),
        // DDL commits by itself here: for a moment the old name would be gone.
        Dialect::Mysql => false,
    };
    if !writable {
        return false;
    }
    let columns = frame.table(table).map(|table| &table.columns[..]).unwrap_or_default();
    let covers = |view: &CreateView| match &view.columns {
        None => false,
        Some(items) => {
            let has = |name: &Ident| {
                items.iter().any(|item| matches!(item, ViewColumn::Column { source, name: shown } if source == name && shown == name))
            };
            items.contains(&ViewColumn::All) || (!columns.is_empty() && columns.iter().all(|column| has(&column.name)))
        }
    };
    frame.later().any(|clause| match &clause.operation {
        Operation::CreateView(view) => {
            let same_place = view.name.name == table.name && frame.before.canonical(&view.name) == frame.before.canonical(table);
            let of_it = matches!(&view.reads[..], [read] if read.name == *to);
            same_place
                && of_it
                && (view.simple || frame.dialect() == Dialect::Sqlite)
                && !view.materialized
                && !view.temporary
                && covers(view)
        }
        _ => false,
    })
}

/// Whether triggers of the same transaction carry every kind of write through the view.
fn is_written_by_triggers(frame: &Frame<'_>, view: &ObjectName) -> bool {
    let carries = |event: &TriggerEvent| {
        frame.later().any(|clause| {
            matches!(&clause.operation, Operation::CreateTrigger(trigger)
                if trigger.instead_of && trigger.table == *view && trigger.events.contains(event))
        })
    };
    [TriggerEvent::Insert, TriggerEvent::Update, TriggerEvent::Delete].iter().all(carries)
}

/// Whether new releases already use a view of the new name, which an earlier statement of this transaction dropped.
fn takes_the_place_of_a_view(frame: &Frame<'_>, table: &ObjectName, to: &Ident) -> bool {
    let same_statement = frame.statement.clauses.iter().take_while(|clause| !std::ptr::eq(*clause, frame.clause));
    let is_old = |view: &ObjectName| view.name == *to && view.schema == table.schema;
    let is_moved = |clause: &Clause| matches!(&clause.operation, Operation::RenameTable { table: view, .. } if is_old(view));
    let is_dropped = |clause: &Clause| matches!(&clause.operation, Operation::DropView { drop, .. } if is_old(&drop.name));
    // In MySQL no transaction holds DDL together: the statement before must do.
    let of_script = (frame.dialect() == Dialect::Mysql).then(|| frame.earlier_in_script().take(1));
    let of_transaction = frame.transaction.statements[..frame.transaction.position].iter().flat_map(|statement| &statement.clauses);
    frame.phase() == Phase::Contract
        && (same_statement.into_iter().any(is_moved) || of_transaction.chain(of_script.into_iter().flatten()).any(is_dropped))
}
