//! Columns: which algorithm serves adding, dropping and restating one.

use super::algorithm::Algorithm;
use super::{At, PARENT, conversion};
use crate::dialect::{Conversion, Impact, Lock, Work};
use crate::schema::expression::Shape;
use crate::schema::operation::{AddColumn, ColumnChange, NewColumn, NewConstraint};
use crate::schema::table::{Column, ConstraintKind, Generated, TypeName, Validity};
use crate::schema::{Expression, Ident, ObjectName};

impl At<'_> {
    pub(super) fn add_column(self, add: &AddColumn) -> Impact {
        if add.if_not_exists && self.schema.column(&add.table, &add.column.name).recorded().is_some() {
            return self.by(&add.table, Algorithm::Instant);
        }
        let algorithm = match &add.column.generated {
            Generated::Stored(_) => Algorithm::Copy,
            Generated::Virtual(_) => Algorithm::Instant,
            Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => Algorithm::RebuildShared,
            Generated::No if add.column.default.as_ref().is_some_and(is_expression) => Algorithm::Copy,
            Generated::No if add.column.positioned && !self.is_instant_anywhere() => Algorithm::Rebuild,
            Generated::No => Algorithm::Instant,
        };
        add.constraints.iter().fold(self.by(&add.table, algorithm), |impact, constraint| self.inline(impact, &add.table, constraint))
    }

    /// A constraint written with a column.
    fn inline(self, impact: Impact, table: &ObjectName, constraint: &NewConstraint) -> Impact {
        let name = self.name(table);
        match &constraint.kind {
            ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
                impact.because(Algorithm::Build.fact()).working(Work::BuildIndex(name))
            }
            ConstraintKind::PrimaryKey(_) => impact.because(Algorithm::Rebuild.fact()).working(Work::Rewrite(name)),
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) if constraint.validity == Validity::NotEnforced => impact,
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => copied(impact, name),
            // MySQL reads the clause and does nothing; MariaDB makes the key.
            ConstraintKind::ForeignKey(key) if self.is_mariadb() => {
                copied(impact, name).because(&PARENT).locking(self.name(&key.references), Lock::MetadataBrief)
            }
            ConstraintKind::ForeignKey(_) => impact,
        }
    }

    pub(super) fn drop_column(self, table: &ObjectName) -> Impact {
        self.by(table, if self.is_instant_anywhere() { Algorithm::Instant } else { Algorithm::Rebuild })
    }

    pub(super) fn alter_column(self, table: &ObjectName, column: &Ident, change: &ColumnChange) -> Impact {
        match change {
            ColumnChange::SetDefault(_)
            | ColumnChange::DropDefault
            | ColumnChange::RestartIdentity
            | ColumnChange::Storage
            | ColumnChange::Statistics => self.by(table, Algorithm::Instant),
            ColumnChange::SetNotNull | ColumnChange::DropNotNull => self.by(table, Algorithm::Rebuild),
            ColumnChange::SetType { ty, using: _, collation: _ } => match self.schema.column(table, column).recorded() {
                Some(held) => self.by(table, self.for_type(&held.ty, ty)),
                None => self.by(table, Algorithm::Copy).assumed(),
            },
            ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_) => self.by(table, Algorithm::Copy),
            ColumnChange::Redefine { column: new, constraints } => {
                let impact = match self.schema.column(table, column).recorded() {
                    Some(held) => self.by(table, self.for_definition(held, new)),
                    None => self.by(table, Algorithm::Copy).assumed(),
                };
                constraints.iter().fold(impact, |impact, constraint| self.inline(impact, table, constraint))
            }
        }
    }

    fn for_type(self, from: &TypeName, to: &TypeName) -> Algorithm {
        match conversion::of(self.version, from, to) {
            Conversion::Free => Algorithm::Instant,
            Conversion::FreeInUtc | Conversion::Rewrite => Algorithm::Copy,
        }
    }

    /// MODIFY and CHANGE: what differs from the old definition decides.
    fn for_definition(self, held: &Column, new: &NewColumn) -> Algorithm {
        let by_type = new.ty.as_ref().map_or(Algorithm::Instant, |ty| self.for_type(&held.ty, ty));
        let stored = |generated: &Generated| matches!(generated, Generated::Stored(_));
        let copies = by_type == Algorithm::Copy || held.collation != new.collation || stored(&held.generated) != stored(&new.generated);
        let numbers_itself = held.not_null && is_self_numbering(held);
        let rebuilds = (held.not_null != new.not_null && !numbers_itself) || (new.positioned && !self.is_instant_anywhere());
        match (copies, rebuilds) {
            (true, _) => Algorithm::Copy,
            (false, true) => Algorithm::Rebuild,
            (false, false) => Algorithm::Instant,
        }
    }
}

/// A column that numbers itself is NOT NULL without saying so.
fn is_self_numbering(held: &Column) -> bool {
    match held.generated {
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => true,
        Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
    }
}

fn copied(impact: Impact, table: ObjectName) -> Impact {
    impact.because(Algorithm::Copy.fact()).locking(table.clone(), Lock::MetadataShared).working(Work::Rewrite(table))
}

/// Whether a default is computed, other than the current time.
fn is_expression(default: &Expression) -> bool {
    const NOW: [&str; 5] = ["current_timestamp", "now", "localtime", "localtimestamp", "current_date"];
    match default.shape {
        Shape::Null | Shape::Literal | Shape::Tautology => false,
        Shape::Computed => {
            !default.functions.is_empty() && !default.functions.iter().all(|function| NOW.contains(&function.name.as_str()))
                || (default.functions.is_empty() && !NOW.iter().any(|now| default.text.to_ascii_lowercase().starts_with(now)))
        }
    }
}
