//! Columns: which algorithm serves adding, dropping and restating one.

use super::{At, PARENT, conversion};
use crate::dialect::{Algorithm, Conversion, Impact, Lock};
use crate::schema::expression::Shape;
use crate::schema::operation::{AddColumn, ColumnChange, NewColumn, NewConstraint};
use crate::schema::table::{Column, ConstraintKind, Generated, IndexKey, Table, TypeName, Validity, charset};
use crate::schema::{Expression, Ident, KeyChecks, ObjectName, ServerVersion};

/// So many versions of a row can be told apart; the next instant change builds the table anew.
/// Source: MySQL 8.0 manual, 17.12.1 Online DDL Operations (Adding a Column); 9.1 release notes.
pub(in crate::dialect) fn row_version_limit(version: ServerVersion) -> u16 {
    if version >= ServerVersion::new(9, 1) { 255 } else { 64 }
}

impl At<'_> {
    pub(super) fn add_column(self, add: &AddColumn) -> Impact {
        let table = &add.table;
        if add.if_not_exists && self.schema.column(table, &add.column.name).recorded().is_some() {
            return self.by(table, Algorithm::Instant);
        }
        let positioned = add.column.positioned;
        let algorithm = match &add.column.generated {
            Generated::Stored(_) => Algorithm::Copy,
            Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => Algorithm::RebuildShared,
            Generated::No if add.column.default.as_ref().is_some_and(|default| self.computes_per_row(default)) => Algorithm::Copy,
            Generated::No | Generated::Virtual(_) if positioned && self.is_mariadb() && self.shape(table).virtual_column => Algorithm::Copy,
            Generated::No if positioned && !self.is_instant_anywhere() => self.rebuild(table),
            Generated::No => self.come_or_go(table),
            Generated::Virtual(_) => Algorithm::Instant,
        };
        let algorithm =
            add.constraints.iter().fold(algorithm, |algorithm, constraint| algorithm.max(self.beside_column(table, constraint)));
        self.with_parents(self.by(table, algorithm), &add.constraints)
    }

    /// A column that comes or goes without a look at the rows, where nothing on the table forbids it.
    fn come_or_go(self, table: &ObjectName) -> Algorithm {
        let shape = self.shape(table);
        let full = !self.is_mariadb() && shape.row_versions >= row_version_limit(self.version);
        let forbidden = shape.fulltext || full || self.is_mariadb() && shape.indexed_virtual;
        if forbidden { self.rebuild(table) } else { Algorithm::Instant }
    }

    /// What a constraint that comes with a new column asks for.
    fn beside_column(self, table: &ObjectName, constraint: &NewConstraint) -> Algorithm {
        match &constraint.kind {
            // An index cannot be built in the same pass as an instant change.
            ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } | ConstraintKind::PrimaryKey(_) => self.rebuild(table),
            ConstraintKind::ForeignKey(_) if self.schema.key_checks() == KeyChecks::Off => self.rebuild(table),
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => self.checked(constraint),
        }
    }

    /// What a constraint that comes with a restated column asks for.
    fn beside_change(self, constraint: &NewConstraint) -> Algorithm {
        match &constraint.kind {
            ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => Algorithm::Build,
            ConstraintKind::PrimaryKey(_) => Algorithm::Rebuild,
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => self.checked(constraint),
        }
    }

    /// MariaDB takes a CHECK that is written with a column without a look at the rows; MySQL copies them.
    fn checked(self, constraint: &NewConstraint) -> Algorithm {
        match &constraint.kind {
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) if constraint.validity == Validity::NotEnforced || self.is_mariadb() => {
                Algorithm::Instant
            }
            ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::ForeignKey(_)
            | ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => Algorithm::Copy,
        }
    }

    fn with_parents(self, impact: Impact, constraints: &[NewConstraint]) -> Impact {
        constraints.iter().fold(impact, |impact, constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => impact.because(&PARENT).locking(self.name(&key.references), Lock::MetadataBrief),
            ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Exclusion { .. } => impact,
        })
    }

    pub(super) fn drop_column(self, table: &ObjectName, column: &Ident) -> Impact {
        let held = self.schema.column(table, column).recorded();
        let indexed = self.schema.table(table).recorded().map_or(Indexed::No, |table| indexed(table, column));
        let algorithm = match (held.map(|held| &held.generated), indexed) {
            (Some(Generated::Virtual(_)), Indexed::No) => Algorithm::Instant,
            (_, Indexed::WithOthers) => self.rebuild(table),
            (_, Indexed::Alone) if !self.is_mariadb() => self.rebuild(table),
            (_, Indexed::Alone | Indexed::No) if !self.is_instant_anywhere() => self.rebuild(table),
            (_, Indexed::Alone | Indexed::No) => self.come_or_go(table),
        };
        self.by(table, algorithm)
    }

    pub(super) fn alter_column(self, table: &ObjectName, column: &Ident, change: &ColumnChange) -> Impact {
        match change {
            ColumnChange::SetDefault(_) | ColumnChange::DropDefault | ColumnChange::Storage | ColumnChange::Statistics => {
                self.by(table, Algorithm::Instant)
            }
            ColumnChange::SetNotNull | ColumnChange::DropNotNull => self.by(table, self.rebuild(table)),
            ColumnChange::SetType { ty, using: _, collation: _ } => match self.schema.column(table, column).recorded() {
                Some(held) => self.by(table, self.for_type(&held.ty, ty, held.charset())),
                None => self.by(table, Algorithm::Copy).assumed(),
            },
            ColumnChange::SetIdentity(_)
            | ColumnChange::RestartIdentity
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_) => self.by(table, Algorithm::Copy),
            ColumnChange::Redefine { column: new, constraints } => {
                let (of_column, certain) = match self.schema.table(table).recorded().and_then(|table| Some((table, table.column(column)?)))
                {
                    Some((held_by, held)) => (self.for_definition(held_by, held, new), true),
                    None => (Algorithm::Copy, false),
                };
                let algorithm = constraints.iter().fold(of_column, |algorithm, constraint| algorithm.max(self.beside_change(constraint)));
                let impact = self.with_parents(self.by(table, algorithm), constraints);
                if certain { impact } else { impact.assumed() }
            }
        }
    }

    fn for_type(self, from: &TypeName, to: &TypeName, charset: Option<&str>) -> Algorithm {
        match conversion::of_characters(self.version, from, to, charset) {
            Conversion::Free => Algorithm::Instant,
            Conversion::FreeInUtc | Conversion::Rewrite => Algorithm::Copy,
        }
    }

    /// MODIFY and CHANGE: what differs from the old definition decides.
    fn for_definition(self, table: &Table, held: &Column, new: &NewColumn) -> Algorithm {
        let old_set = held.charset().or(table.default_charset());
        let by_type = new.ty.as_ref().map_or(Algorithm::Instant, |ty| self.for_type(&held.ty, ty, old_set));
        let by_characters = if conversion::is_text(&held.ty) { self.for_characters(table, held, new) } else { Algorithm::Instant };
        let by_value = match (&held.generated, &new.generated) {
            (Generated::Stored(_), Generated::Stored(_)) if self.is_mariadb() => Algorithm::Copy,
            (Generated::Stored(old), Generated::Stored(new)) if old.text == new.text => Algorithm::Instant,
            (Generated::Stored(_), _) | (_, Generated::Stored(_)) => Algorithm::Copy,
            // It begins to number itself.
            (Generated::No, Generated::Serial) => Algorithm::Copy,
            _ => Algorithm::Instant,
        };
        let always_filled = numbers_itself(&held.generated) || table.primary_key().contains(&held.name);
        let by_null = match held.not_null != new.not_null && !always_filled {
            false => Algorithm::Instant,
            true if self.is_mariadb() && new.not_null && self.shape(&table.name).stored => Algorithm::Copy,
            true => self.rebuild(&table.name),
        };
        let by_place = if new.positioned && !self.is_mariadb() { self.rebuild(&table.name) } else { Algorithm::Instant };
        [by_type, by_characters, by_value, by_null, by_place].into_iter().max().unwrap_or(Algorithm::Copy)
    }

    /// Another character set converts every row; another collation sorts indexes anew.
    fn for_characters(self, table: &Table, held: &Column, new: &NewColumn) -> Algorithm {
        let of_table = table.default_charset();
        let old_set = held.charset().or(of_table);
        let new_set = charset(&new.details, new.collation.as_ref()).or(of_table);
        if old_set != new_set {
            let widened = (old_set, new_set) == (Some("utf8mb3"), Some("utf8mb4")) && self.is_mariadb();
            return if widened { Algorithm::Instant } else { Algorithm::Copy };
        }
        let name = |collation: &Option<ObjectName>| collation.as_ref().map(|collation| collation.name.as_str().to_ascii_lowercase());
        let effective = |collation| name(collation).or_else(|| table.default_collation().map(str::to_owned));
        match effective(&held.collation) == effective(&new.collation) {
            true => Algorithm::Instant,
            false if !self.is_mariadb() => Algorithm::Copy,
            false => match indexed(table, &held.name) {
                Indexed::No => Algorithm::Instant,
                Indexed::Alone | Indexed::WithOthers => Algorithm::Build,
            },
        }
    }

    /// Whether each row could get another value of a default: those must be written.
    fn computes_per_row(self, default: &Expression) -> bool {
        match default.shape {
            Shape::Null | Shape::Literal | Shape::Tautology => false,
            Shape::Computed if is_now(default) => false,
            // MariaDB evaluates a default once, unless it is UUID() or names a column.
            Shape::Computed if self.is_mariadb() => {
                let once = |name: &str| ONCE_ON_MARIADB.contains(&name);
                !default.columns.is_empty() || !default.functions.iter().all(|function| once(function.name.as_str()))
            }
            Shape::Computed => true,
        }
    }
}

/// Functions that MariaDB evaluates once for all rows; measured on 10.11.
const ONCE_ON_MARIADB: [&str; 9] =
    ["current_timestamp", "now", "current_date", "current_time", "localtime", "localtimestamp", "lower", "upper", "rand"];

/// How a column stands in the indexes of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Indexed {
    No,
    Alone,
    WithOthers,
}

fn indexed(table: &Table, column: &Ident) -> Indexed {
    let holds = |key: &IndexKey| matches!(key, IndexKey::Column(name) if name == column);
    let lengths = table.indexes.iter().filter(|index| index.keys.iter().any(holds)).map(|index| index.keys.len());
    match lengths.max() {
        None => Indexed::No,
        Some(1) => Indexed::Alone,
        Some(_) => Indexed::WithOthers,
    }
}

/// A column that numbers itself is NOT NULL without saying so.
fn numbers_itself(generated: &Generated) -> bool {
    match generated {
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => true,
        Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
    }
}

/// Whether a default is the current time, which is not computed for each row.
fn is_now(default: &Expression) -> bool {
    const NOW: [&str; 5] = ["current_timestamp", "now", "localtime", "localtimestamp", "current_date"];
    match default.functions.is_empty() {
        true => NOW.iter().any(|now| default.text.to_ascii_lowercase().starts_with(now)),
        false => default.columns.is_empty() && default.functions.iter().all(|function| NOW.contains(&function.name.as_str())),
    }
}
