//! change-default: rows that running releases insert without the column get another value.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ColumnChange, TypeChange};
use crate::schema::table::{Column, Generated};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-default"),
    doc: include_str!("../../../lints/change-default.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::AlterType, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (old, column, new) in frame.remade_columns() {
        let (Some(was), Some(is)) = (&column.default, &new.default) else { continue };
        if recipe::fills(Some(was)) && recipe::fills(Some(is)) && was.text != is.text {
            let fault = Fault::new(format!(
                "rows that running releases insert without `{}.{}` get `{}` in place of `{}`, which they do not expect",
                old.name, column.name, is.text, was.text
            ));
            findings.push(fault.help(anew_in_contract(&old.name)));
        }
    }
    if let Operation::AlterType { name, change: TypeChange::Default(Some(default)) } = frame.operation {
        return of_domain(frame, name, default, findings);
    }
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    let default = match change {
        ColumnChange::SetDefault(default) => Some(default),
        ColumnChange::Redefine { column: new, .. } => new.default.as_ref().filter(|_| recipe::fills(before(frame, table, column))),
        _ => None,
    };
    let Some(default) = default.filter(|default| recipe::fills(Some(default))) else { return };
    if !frame.is_old_column(table, column) || before(frame, table, column).is_some_and(|held| held.text == default.text) {
        return;
    }
    let held = frame.column(table, column);
    // Without the column an insert failed: nobody who runs leaves it out.
    if held.is_some_and(|held| held.not_null && held.default.is_none() && held.generated == Generated::No) {
        return;
    }
    let was = match before(frame, table, column) {
        Some(held) => format!("`{}`", held.text),
        None => "NULL".to_owned(),
    };
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!(
            "rows that running releases insert without `{table}.{column}` get `{}` in place of {was}, which they do not expect",
            default.text
        ))
        .help(format!("let new code write the value itself, and change the default in contract.sql: `{sql}`"))
        .cure(Phase::Contract, sql),
    );
}

/// The default of a domain is that of every column of it that has none of its own.
fn of_domain(frame: &Frame<'_>, domain: &ObjectName, default: &Expression, findings: &mut Findings) {
    let name = frame.before.canonical(domain);
    for table in frame.before.tables_with_type(&name).into_iter().filter(|table| frame.is_old_table(table)) {
        let columns = frame.table(&table).map(|table| &table.columns[..]).unwrap_or_default();
        let takes = |column: &&Column| column.default.is_none() && frame.before.type_of(&column.ty).is_some_and(|held| held.name == name);
        let Some(column) = columns.iter().find(takes).filter(|_| recipe::fills(Some(default))) else { continue };
        let sql = format!("{};", frame.sql());
        let fault = Fault::new(format!(
            "rows that running releases insert without `{table}.{}` get `{}`, the default of its domain, which they do not expect",
            column.name, default.text
        ));
        findings.push(
            fault
                .help(format!("let new code write the value itself, and change the default in contract.sql: `{sql}`"))
                .cure(Phase::Contract, sql),
        );
        return;
    }
}

fn before<'a>(frame: &Frame<'a>, table: &ObjectName, column: &Ident) -> Option<&'a Expression> {
    frame.column(table, column)?.default.as_ref().filter(|held| recipe::fills(Some(held)))
}
