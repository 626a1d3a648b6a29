//! Constraints: which lock, which tables, and whether existing rows are checked.

use super::At;
use crate::dialect::{Fact, Impact, Lock, Work};
use crate::schema::operation::{AddConstraint, ConstraintRef, NewColumn, NewConstraint};
use crate::schema::table::{Constraint, ConstraintKind, ForeignKey, Generated, IndexKey, Table, Validity};
use crate::schema::{Ident, ObjectName};

static CHECK: Fact = Fact {
    claim: "ADD CHECK reads the table under ACCESS EXCLUSIVE, also for a column that is new and empty",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint); measured on 14–18",
};
static CHECK_NOT_VALID: Fact = Fact {
    claim: "ADD CHECK … NOT VALID holds ACCESS EXCLUSIVE for a moment and reads no row",
    source: "PostgreSQL manual, ALTER TABLE (NOT VALID); measured on 14–18",
};
static NOT_NULL: Fact = Fact {
    claim: "ADD NOT NULL reads the table under ACCESS EXCLUSIVE unless a CHECK proves it or it is NOT VALID",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint), since 18; measured on 18",
};
static KEY: Fact = Fact {
    claim: "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables while it compares their rows",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint); measured on 14–18",
};
static KEY_NOT_VALID: Fact = Fact {
    claim: "ADD FOREIGN KEY … NOT VALID holds SHARE ROW EXCLUSIVE on both tables for a moment and reads no row",
    source: "PostgreSQL manual, ALTER TABLE (NOT VALID); measured on 14–18",
};
static UNIQUE: Fact = Fact {
    claim: "a new unique, primary key or exclusion constraint builds its index under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint); measured on 14–18",
};
static UNIQUE_PARTITIONS: Fact = Fact {
    claim: "before 18, a unique constraint of a partitioned table holds SHARE on its partitions while it builds their indexes",
    source: "DefineIndex; measured on 14–17",
};
static UNIQUE_ONLY: Fact = Fact {
    claim: "a unique or primary key constraint of ONLY a partitioned table builds nothing: ACCESS EXCLUSIVE on it for a moment",
    source: "PostgreSQL manual, CREATE INDEX (ONLY) and ALTER TABLE; measured on 14–18",
};
static USING_INDEX: Fact = Fact {
    claim: "a constraint USING INDEX takes over a finished index: ACCESS EXCLUSIVE for a moment",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint_using_index); measured on 14–18",
};
static PRIMARY_NULLABLE: Fact = Fact {
    claim: "a primary key over a nullable column reads the table for NULLs, unless a validated CHECK proves that there are none",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint_using_index); measured on 14–18",
};
static VALIDATE: Fact = Fact {
    claim: "VALIDATE CONSTRAINT reads the table under SHARE UPDATE EXCLUSIVE; a foreign key holds ROW SHARE on the referenced table",
    source: "PostgreSQL manual, ALTER TABLE (VALIDATE CONSTRAINT); measured on 14–18",
};
static DROP: Fact = Fact {
    claim: "DROP CONSTRAINT holds ACCESS EXCLUSIVE for a moment, for a foreign key on both tables",
    source: "AlterTableGetLockLevel; measured on 14–18",
};
static ALTER: Fact = Fact {
    claim: "ALTER CONSTRAINT holds ACCESS EXCLUSIVE for a moment; enforcing a foreign key again checks the rows",
    source: "PostgreSQL manual, ALTER TABLE (ALTER CONSTRAINT); measured on 14–18",
};

impl At<'_> {
    pub(super) fn add_constraint(self, add: &AddConstraint) -> Impact {
        let table = &add.table;
        if let Some(index) = &add.using_index {
            let impact = self.exclusive(table, &USING_INDEX);
            let columns = self.table(table).and_then(|table| Some(plain_columns(&table.index(index)?.keys)));
            return match (&add.constraint.kind, columns) {
                (ConstraintKind::PrimaryKey(_), Some(columns)) => self.key_columns_scan(impact, table, &columns),
                (ConstraintKind::PrimaryKey(_), None) => impact.because(&PRIMARY_NULLABLE).working(Work::Scan(self.name(table))).assumed(),
                (
                    ConstraintKind::Unique { .. }
                    | ConstraintKind::Check(_)
                    | ConstraintKind::NotNull(_)
                    | ConstraintKind::ForeignKey(_)
                    | ConstraintKind::Exclusion { .. },
                    _,
                ) => impact,
            };
        }
        let has_index = match &add.constraint.kind {
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => true,
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => false,
        };
        if add.only && has_index && self.table(table).is_some_and(|table| table.is_partitioned()) {
            return self.exclusive(table, &UNIQUE_ONLY);
        }
        match &add.constraint.kind {
            ConstraintKind::ForeignKey(key) => self.add_key(table, key, add.constraint.validity),
            ConstraintKind::Check(_) => match add.constraint.validity {
                Validity::Valid => self.work(self.exclusive_family(table, &CHECK), table, Work::Scan),
                Validity::NotValid | Validity::NotEnforced => self.exclusive_family(table, &CHECK_NOT_VALID),
            },
            ConstraintKind::NotNull(column) => match add.constraint.validity {
                Validity::Valid => self.scan_unless_proven(self.exclusive_family(table, &NOT_NULL), table, std::slice::from_ref(column)),
                Validity::NotValid | Validity::NotEnforced => self.exclusive_family(table, &NOT_NULL),
            },
            ConstraintKind::PrimaryKey(columns) => {
                // Columns that may hold NULL become NOT NULL on each partition, which takes more than the build does.
                let held = |column: &Ident| self.schema.column(table, column).recorded().is_some_and(|held| held.not_null);
                let locking = if columns.iter().all(held) { self.building(table) } else { self.exclusive_family(table, &UNIQUE) };
                let impact = self.work(locking, table, Work::BuildIndex);
                self.key_columns_scan(impact, table, columns)
            }
            ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => self.work(self.building(table), table, Work::BuildIndex),
        }
    }

    /// The locks under which a constraint builds its index.
    fn building(self, table: &ObjectName) -> Impact {
        let partitioned = self.table(table).is_some_and(|table| table.is_partitioned());
        match partitioned && self.version.major < 18 {
            true => self.exclusive(table, &UNIQUE_PARTITIONS).locking_all(self.schema.descendants(&self.name(table)), Lock::Share),
            false => self.exclusive_family(table, &UNIQUE),
        }
    }

    fn add_key(self, table: &ObjectName, key: &ForeignKey, validity: Validity) -> Impact {
        let fact = if validity == Validity::Valid { &KEY } else { &KEY_NOT_VALID };
        let impact = self.family(Impact::of(fact), table, Lock::ShareRowExclusive);
        let impact = self.family(impact, &key.references, Lock::ShareRowExclusive);
        match validity {
            Validity::Valid => self.work(self.work(impact, table, Work::Scan), &key.references, Work::Scan),
            Validity::NotValid | Validity::NotEnforced => impact,
        }
    }

    /// A constraint written with a new column.
    pub(super) fn inline_constraint(self, impact: Impact, table: &ObjectName, column: &NewColumn, constraint: &NewConstraint) -> Impact {
        match &constraint.kind {
            ConstraintKind::ForeignKey(key) => {
                let impact = self.family(impact.because(&KEY_NOT_VALID), &key.references, Lock::ShareRowExclusive);
                // Without a default every new value is NULL, which references nothing.
                if column.default.is_none() && column.generated == Generated::No {
                    return impact;
                }
                let impact = self.work(impact.because(&KEY), table, Work::Scan);
                self.work(impact, &key.references, Work::Scan)
            }
            ConstraintKind::Check(_) => self.work(impact.because(&CHECK), table, Work::Scan),
            ConstraintKind::NotNull(_) => impact,
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => {
                self.work(impact.because(&UNIQUE), table, Work::BuildIndex)
            }
        }
    }

    fn key_columns_scan(self, impact: Impact, table: &ObjectName, columns: &[Ident]) -> Impact {
        let before = impact.work.len();
        let impact = self.scan_unless_proven(impact, table, columns);
        if impact.work.len() > before { impact.because(&PRIMARY_NULLABLE) } else { impact }
    }

    /// A scan of each table of the family in which one of the columns may hold NULL.
    fn scan_unless_proven(self, impact: Impact, table: &ObjectName, columns: &[Ident]) -> Impact {
        let proven = |name: &ObjectName| {
            let proven_in = |table: &Table| {
                let not_null = |column: &Ident| table.column(column).is_some_and(|held| held.not_null) || table.proves_not_null(column);
                columns.iter().all(not_null)
            };
            self.table(name).is_some_and(proven_in)
        };
        let unproven: Vec<ObjectName> = self.with_rows(table).into_iter().filter(|name| !proven(name)).collect();
        unproven.into_iter().fold(impact, |impact, table| impact.working(Work::Scan(table)))
    }

    pub(super) fn validate_constraint(self, table: &ObjectName, name: &Ident) -> Impact {
        let impact = self.family(Impact::of(&VALIDATE), table, Lock::ShareUpdateExclusive);
        let found = self.schema.table(table).and_then(|table| table.constraint(name));
        let Some(constraint) = found.recorded() else {
            return self.work(impact, table, Work::Scan).assumed();
        };
        match (&constraint.kind, constraint.validity) {
            (_, Validity::Valid | Validity::NotEnforced) => impact,
            (ConstraintKind::ForeignKey(key), Validity::NotValid) => {
                let impact = self.family(impact, &key.references, Lock::RowShare);
                self.work(self.work(impact, table, Work::Scan), &key.references, Work::Scan)
            }
            (
                ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::PrimaryKey(_)
                | ConstraintKind::Unique { .. }
                | ConstraintKind::Exclusion { .. },
                Validity::NotValid,
            ) => self.work(impact, table, Work::Scan),
        }
    }

    pub(super) fn drop_constraint(self, table: &ObjectName, which: &ConstraintRef, cascade: bool) -> Impact {
        let impact = self.exclusive_family(table, &DROP);
        let Some(recorded) = self.table(table) else { return impact.assumed() };
        let Some(constraint) = recorded.constraints.iter().find(|held| held.is(which)) else { return impact };
        match &constraint.kind {
            ConstraintKind::ForeignKey(key) => self.family(impact, &key.references, Lock::AccessExclusive),
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } if cascade => {
                let resting =
                    self.schema.referencing(&recorded.name).filter(|(_, _, key)| recorded.referenced_by(key) == columns.as_slice());
                resting.fold(impact, |impact, (child, _, _)| self.family(impact, &child.name, Lock::AccessExclusive))
            }
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => impact,
        }
    }

    pub(super) fn alter_constraint(self, table: &ObjectName, name: &Ident, enforced: Option<bool>) -> Impact {
        let impact = self.exclusive_family(table, &ALTER);
        let found = self.schema.table(table).and_then(|table| table.constraint(name)).recorded();
        match (found.map(|held| (&held.kind, held.validity)), enforced) {
            (Some((ConstraintKind::ForeignKey(key), Validity::NotEnforced)), Some(true)) => {
                let impact = self.family(impact, &key.references, Lock::ShareRowExclusive);
                self.work(self.work(impact, table, Work::Scan), &key.references, Work::Scan)
            }
            (Some((ConstraintKind::ForeignKey(key), _)), Some(false)) => self.family(impact, &key.references, Lock::AccessExclusive),
            (Some(_) | None, Some(_) | None) => impact,
        }
    }
}

impl Constraint {
    /// Whether a DROP names this constraint.
    pub(in crate::dialect) fn is(&self, which: &ConstraintRef) -> bool {
        match which {
            ConstraintRef::Named(name) | ConstraintRef::ForeignKey(name) | ConstraintRef::Check(name) => self.name.as_ref() == Some(name),
            ConstraintRef::PrimaryKey => matches!(self.kind, ConstraintKind::PrimaryKey(_)),
        }
    }
}

fn plain_columns(keys: &[IndexKey]) -> Vec<Ident> {
    keys.iter().filter_map(|key| key.column().cloned()).collect()
}
