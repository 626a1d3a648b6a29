//! The recipes: how a change that would break somebody is made in phases that break nobody, as SQL.
//!
//! From names and what the schema knows to the statements of each phase. The cures of findings, `migrate fix` and
//! `migrate new` all write what stands here. Knows no lint, no file and no database.

mod add_check;
mod add_column;
mod add_index;
mod carry;
mod drop_column;
mod expression;
mod key;
mod label;
mod name;
mod number;
mod phases;
mod replace_column;
mod split_table;
pub mod statement;
pub mod sync;
mod table;
mod tighten;
mod untold;
mod view;
pub mod words;

pub use add_check::add_check;
pub use add_column::add_column;
pub use add_index::add_index;
pub use drop_column::drop_column;
pub use expression::pretty;
pub use label::{NewLabels, change_labels, rename_label};
pub use name::{Spelled, derived};
pub use phases::{Given, Phases, Refusal, Wishes};
pub use replace_column::{change_type, redefine, rename_column};
pub use split_table::{Split, split_table};
pub use table::{drop_table, rename_table, swapped_with_view};
pub use tighten::{add_primary_key, fill as fill_empty, set_not_null};
pub use view::Views;

use crate::schema::operation::{ColumnChange, TypeChange};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, Operation};

/// What a comment says above a value that nobody gave.
pub const GUESSED: &str = "put the value that is right for them";

/// The phases that make the same change as some operations of one clause, whose statement reads `sql`; `None` where no
/// recipe is about them.
pub fn instead_of(given: &Given<'_>, sql: &str, operations: &[&Operation], wishes: &Wishes) -> Option<Result<Phases, Refusal>> {
    match operations {
        [Operation::AddColumn(add)] => Some(add_column(given, add, wishes)),
        [Operation::DropColumn { table, column, cascade: false, .. }] => Some(Ok(drop_column(given, table, column))),
        [Operation::RenameColumn { table, column, to }] => Some(rename_column(given, table, column, to, None, wishes)),
        [Operation::AlterType { name, change: TypeChange::RenameLabel { label, to } }] => Some(Ok(rename_label(given, name, label, to))),
        [Operation::RenameTable { table, to }] => Some(rename_table(given, table, to)),
        [Operation::AlterColumn { table, column, change: ColumnChange::SetType { ty, using: None, collation: None } }] => {
            Some(change_type(given, table, column, ty, &ty.to_string(), wishes))
        }
        [Operation::AlterColumn { table, column, change: ColumnChange::SetNotNull }] if wishes.value.is_some() => {
            Some(set_not_null(given, table, column, wishes))
        }
        [Operation::AlterColumn { table, column, change: ColumnChange::Redefine { column: new, constraints } }]
            if constraints.is_empty() =>
        {
            redefine(given, table, column, new, sql, wishes)
        }
        [
            Operation::RenameColumn { column: old, .. },
            Operation::AlterColumn { table, change: ColumnChange::Redefine { column: new, constraints }, .. },
        ] if constraints.is_empty() => redefine(given, table, old, new, sql, wishes),
        [Operation::CreateIndex(index)] if given.dialect() == Dialect::Postgres && !index.concurrently && index.name.is_none() => {
            add_index(given, index, sql).map(Ok)
        }
        [Operation::AddConstraint(add)] if add.using_index.is_none() => match &add.constraint.kind {
            ConstraintKind::PrimaryKey(columns) => Some(add_primary_key(given, &add.table, columns, &add.constraint)),
            // Cures go no further there, since MySQL copies the table for it: right on a small one.
            ConstraintKind::Check(_) if given.dialect() == Dialect::Mysql => {
                let mut phases = Phases::default();
                phases.add(given.tightening(&add.table, &[]), &statement::add_constraint(given.dialect(), &add.table, &add.constraint));
                Some(Ok(phases))
            }
            ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::ForeignKey(_)
            | ConstraintKind::Exclusion { .. } => None,
        },
        _ => None,
    }
}
