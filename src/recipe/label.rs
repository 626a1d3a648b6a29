//! A label of an enum under another name: a second label, rows rewritten; the old label stays, since old releases write it
//! and no label can be taken out.

use super::Spelled;
use super::phases::{Given, Phases};
use crate::schema::{ObjectName, Phase};

/// Gives a label of an enum another name.
pub fn rename_label(given: &Given<'_>, name: &ObjectName, label: &str, to: &str) -> Phases {
    let dialect = given.dialect();
    let text = |label: &str| format!("'{}'", label.replace('\'', "''"));
    let (old, new) = (text(label), text(to));
    let mut phases = Phases::default();
    phases.add(Phase::Expand, &format!("ALTER TYPE {} ADD VALUE {new};", name.spelled(dialect)));
    let canonical = given.schema.canonical(name);
    let mut updates: Vec<String> = Vec::new();
    for table in given.schema.tables_holding(&canonical.name) {
        for column in &table.columns {
            if column.ty.array == 0 && given.schema.canonical(&column.ty.object_name()) == canonical {
                let (table, column) = (table.name.spelled(dialect), column.name.spelled(dialect));
                updates.push(format!("UPDATE {table} SET {column} = {new} WHERE {column} = {old};"));
            }
        }
    }
    // Tables come in no order.
    updates.sort();
    for update in updates {
        phases.add(Phase::Backfill, &update);
    }
    phases
}
