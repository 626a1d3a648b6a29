//! change-type-rebuilds-index: an index is built again under a lock that stops reads and writes.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::IndexKey;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-type-rebuilds-index"),
    doc: include_str!("../../../lints/change-type-rebuilds-index.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &["change-column-type", "narrow-type-breaks-old-writers"],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(change) = frame.type_change() else { return };
    let (table, column) = (change.table, change.column);
    let builds = frame.impact.index_builds().next().is_some() && frame.impact.rewrites().next().is_none();
    if !builds || frame.is_new_table(table) {
        return;
    }
    let dialect = frame.dialect();
    let concerned = frame.table(table).map(|table| &table.indexes[..]).unwrap_or_default().iter().filter(|index| {
        let by_expression = index.keys.iter().any(|key| match key {
            IndexKey::Expression(expression) => expression.columns.contains(column),
            IndexKey::Column(_) => false,
        });
        by_expression || index.predicate.as_ref().is_some_and(|predicate| predicate.columns.contains(column))
    });
    let names: Vec<String> = concerned.filter_map(|index| index.name.as_ref()).map(|name| name.spelled(dialect)).collect();
    let told = if names.is_empty() { "an index".to_owned() } else { format!("`{}`", names.join("`, `")) };
    let drops: String = names.iter().map(|name| format!("DROP INDEX CONCURRENTLY {name};\n")).collect();
    let sql = format!("{drops}{};\n", frame.sql());
    findings.push(
        Fault::new(format!(
            "changing `{table}.{column}` to {} builds {told} again, and reads and writes of `{table}` wait meanwhile",
            change.to
        ))
        .on(table)
        .help(format!("drop the index CONCURRENTLY, change the type, and build it again CONCURRENTLY:\n{}", sql.trim_end()))
        .cure(frame.phase(), sql),
    );
}
