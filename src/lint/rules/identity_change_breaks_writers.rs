//! identity-change-breaks-writers: running releases write the column in a way that is refused from this moment.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::table::{Column, Generated};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("identity-change-breaks-writers"),
    doc: include_str!("../../../lints/identity-change-breaks-writers.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (old, column, new) in frame.remade_columns() {
        let what = match (&column.generated, &new.generated) {
            (Generated::Stored(_) | Generated::Virtual(_), Generated::No) => {
                "is computed no more: rows of running releases, which do not write it, get NULL"
            }
            (Generated::No, Generated::Stored(_) | Generated::Virtual(_)) => {
                "is computed from now on: the inserts of every running release that writes it fail"
            }
            (
                Generated::Stored(_) | Generated::Virtual(_),
                Generated::Stored(_) | Generated::Virtual(_) | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial,
            )
            | (Generated::No, Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial)
            | (Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial, _) => continue,
        };
        findings.push(Fault::new(format!("`{}.{}` {what}", old.name, column.name)).help(anew_in_contract(&old.name)));
    }
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    if !frame.is_old_column(table, column) {
        return;
    }
    let held = frame.column(table, column).map(|held| &held.generated);
    // What the transaction leaves is worked out for the few changes that depend on it: that costs as much as a copy of the catalogue.
    if !matches!(change, ColumnChange::SetIdentity(_) | ColumnChange::DropIdentity { .. } | ColumnChange::DropExpression { .. }) {
        return;
    }
    let schema = frame.at_commit();
    let after = schema.column(table, column).recorded();
    let what = match change {
        ColumnChange::SetIdentity(Generated::IdentityAlways)
            if held != Some(&Generated::IdentityAlways) && after.is_none_or(|after| after.generated == Generated::IdentityAlways) =>
        {
            "refuses the inserts of every running release that writes it"
        }
        ColumnChange::DropIdentity { if_exists } if !(is_filled(after) || *if_exists && held == Some(&Generated::No)) => {
            "is filled by nobody: the inserts of every running release that leaves it out fail"
        }
        ColumnChange::DropExpression { if_exists } if !(*if_exists && held == Some(&Generated::No)) => {
            "is computed no more: rows of running releases, which do not write it, get NULL"
        }
        _ => return,
    };
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!("`{table}.{column}` {what}"))
            .help(format!("release code that writes the column the new way, then change it in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

fn is_filled(column: Option<&Column>) -> bool {
    column.is_some_and(|column| column.generated != Generated::No || recipe::fills(column.default.as_ref()))
}
