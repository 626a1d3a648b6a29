//! Columns: when adding or changing one reads or writes every row.

use super::{At, volatility};
use crate::dialect::{Certainty, Fact, Impact, Lock, Work};
use crate::schema::object::UserTypeKind;
use crate::schema::operation::{AddColumn, ColumnChange, NewColumn};
use crate::schema::table::{Generated, Table, TypeName};
use crate::schema::{Dependent, Expression, Ident, ObjectName, Volatility};

static ADD: Fact = Fact {
    claim: "ADD COLUMN without a default, or with one that is computed once, only changes the catalogue",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static ADD_VOLATILE: Fact = Fact {
    claim: "ADD COLUMN with a volatile default writes every row anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static ADD_STORED: Fact = Fact {
    claim: "ADD COLUMN of a stored generated, identity or serial column writes every row anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static ADD_DOMAIN: Fact = Fact {
    claim: "ADD COLUMN of a domain with constraints writes every row anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static ADD_REQUIRED: Fact = Fact {
    claim: "ADD COLUMN … NOT NULL without a default reads the table under ACCESS EXCLUSIVE, and fails on the first row",
    source: "ATExecAddColumn; measured on 14–18",
};
static DROP: Fact = Fact {
    claim: "DROP COLUMN marks the column in the catalogue; foreign keys on it lock the tables that they reference",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static CATALOGUE: Fact = Fact {
    claim: "defaults, DROP NOT NULL, identity and storage change under ACCESS EXCLUSIVE, held for a moment",
    source: "AlterTableGetLockLevel; measured on 14–18",
};
static NOT_NULL_SCAN: Fact = Fact {
    claim: "SET NOT NULL reads the table under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (SET NOT NULL); measured on 14–18",
};
static NOT_NULL_PROVEN: Fact = Fact {
    claim: "SET NOT NULL reads no row where a validated CHECK or NOT NULL proves that no NULL is there",
    source: "PostgreSQL manual, ALTER TABLE (SET NOT NULL), since 12; measured on 14–18",
};
static EXPRESSION: Fact = Fact {
    claim: "SET EXPRESSION writes a stored column anew in every row, under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (SET EXPRESSION), since 17; measured on 17–18",
};
static STATISTICS: Fact = Fact {
    claim: "statistics targets and planner options of a column hold SHARE UPDATE EXCLUSIVE: reads and writes go on",
    source: "PostgreSQL manual, ALTER TABLE (SET STATISTICS); measured on 14–18",
};

impl<'a> At<'a> {
    pub(super) fn add_column(self, add: &AddColumn) -> Impact {
        let impact = self.exclusive_family(&add.table, &ADD);
        let held = self.schema.column(&add.table, &add.column.name);
        if add.if_not_exists && held.recorded().is_some() {
            return impact;
        }
        let column = &add.column;
        let domain = self.domain(column.ty.as_ref());
        let mut impact = match self.filled_row_by_row(column, domain) {
            Some((fact, certainty)) => {
                let mut impact = self.work(self.exclusive_family(&add.table, fact), &add.table, Work::Rewrite);
                impact.certainty = certainty;
                impact
            }
            None if column.not_null && column.default.is_none() && !domain.is_some_and(Domain::fills) => {
                self.work(self.exclusive_family(&add.table, &ADD_REQUIRED), &add.table, Work::Scan)
            }
            None => impact,
        };
        for constraint in &add.constraints {
            impact = self.inline_constraint(impact, &add.table, column, constraint);
        }
        impact
    }

    /// Why a new column must be computed for every row, if it must.
    fn filled_row_by_row(self, column: &NewColumn, domain: Option<Domain<'a>>) -> Option<(&'static Fact, Certainty)> {
        match &column.generated {
            Generated::Stored(_) | Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => {
                return Some((&ADD_STORED, Certainty::Known));
            }
            Generated::Virtual(_) => return None,
            Generated::No => {}
        }
        if domain.is_some_and(|domain| domain.constrained) {
            return Some((&ADD_DOMAIN, Certainty::Known));
        }
        let default = column.default.as_ref().or_else(|| domain?.default)?;
        match volatility::of_expression(self.schema, default) {
            (Volatility::Volatile, certainty) => Some((&ADD_VOLATILE, certainty)),
            (Volatility::Stable | Volatility::Immutable, _) => None,
        }
    }

    /// The domain that a type names; extensions' types are taken to be none.
    pub(super) fn domain(self, ty: Option<&TypeName>) -> Option<Domain<'a>> {
        let ty = ty.filter(|ty| ty.array == 0)?;
        match &self.schema.type_of(ty)?.kind {
            UserTypeKind::Domain { base, not_null, default, checks } => {
                let below = self.domain(Some(base).filter(|base| *base != ty));
                Some(Domain {
                    constrained: *not_null || !checks.is_empty() || below.is_some_and(|below| below.constrained),
                    default: default.as_ref().or_else(|| below?.default),
                })
            }
            UserTypeKind::Enum(_) | UserTypeKind::Composite | UserTypeKind::Other => None,
        }
    }

    pub(super) fn drop_column(self, table: &ObjectName, column: &Ident, cascade: bool) -> Impact {
        let mut impact = self.exclusive_family(table, &DROP);
        let Some(recorded) = self.table(table) else { return impact };
        for key in recorded.foreign_keys().filter(|key| key.columns.contains(column)) {
            impact = self.family(impact, &key.references, Lock::AccessExclusive);
        }
        if cascade {
            for dependent in self.schema.dependents(table, Some(column)) {
                match dependent {
                    Dependent::View(view) => impact = self.view_and_above(impact, &view.name),
                    Dependent::ForeignKey { table, constraint: _ } => impact = self.family(impact, &table.name, Lock::AccessExclusive),
                    Dependent::Constraint(_)
                    | Dependent::Index(_)
                    | Dependent::GeneratedColumn(_)
                    | Dependent::Trigger { .. }
                    | Dependent::Routine(_) => {}
                }
            }
        }
        impact
    }

    pub(super) fn alter_column(self, table: &ObjectName, column: &Ident, change: &ColumnChange) -> Impact {
        match change {
            ColumnChange::SetType { ty, using, collation } => self.set_type(table, column, ty, using.as_ref(), collation.as_ref()),
            ColumnChange::Redefine { column: new, constraints: _ } => match &new.ty {
                Some(ty) => self.set_type(table, column, ty, None, new.collation.as_ref()),
                None => self.exclusive_family(table, &CATALOGUE),
            },
            ColumnChange::SetNotNull => self.set_not_null(table, column),
            ColumnChange::SetDefault(_)
            | ColumnChange::DropDefault
            | ColumnChange::DropNotNull
            | ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { if_exists: _ }
            | ColumnChange::DropExpression { if_exists: _ }
            | ColumnChange::RestartIdentity
            | ColumnChange::Storage => self.exclusive_family(table, &CATALOGUE),
            ColumnChange::SetExpression(_) => {
                let held = self.schema.column(table, column).recorded();
                match held.map(|held| &held.generated) {
                    Some(Generated::Virtual(_)) => self.exclusive_family(table, &CATALOGUE),
                    Some(_) | None => self.work(self.exclusive_family(table, &EXPRESSION), table, Work::Rewrite),
                }
            }
            ColumnChange::Statistics => self.family(Impact::of(&STATISTICS), table, Lock::ShareUpdateExclusive),
        }
    }

    fn set_not_null(self, table: &ObjectName, column: &Ident) -> Impact {
        let proven = |name: &ObjectName| {
            let found = self.schema.table(name);
            let proven = |table: &Table| table.column(column).is_some_and(|column| column.not_null) || table.proves_not_null(column);
            // What is recorded of an unread table may be stale, but a proof that the replay itself saw counts.
            found.recorded().is_some_and(proven)
        };
        let impact = self.exclusive_family(table, &NOT_NULL_PROVEN);
        let unproven: Vec<ObjectName> = self.with_rows(table).into_iter().filter(|name| !proven(name)).collect();
        if unproven.is_empty() {
            return impact;
        }
        let impact = self.exclusive_family(table, &NOT_NULL_SCAN);
        let impact = if self.schema.column(table, column).known().is_some() { impact } else { impact.assumed() };
        unproven.into_iter().fold(impact, |impact, table| impact.working(Work::Scan(table)))
    }
}

/// What of a domain decides about a new column.
#[derive(Clone, Copy)]
pub(super) struct Domain<'a> {
    pub(super) constrained: bool,
    default: Option<&'a Expression>,
}

impl Domain<'_> {
    fn fills(self) -> bool {
        self.default.is_some()
    }
}
