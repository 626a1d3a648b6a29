//! Facts of MySQL 8 and MariaDB 10.6: which algorithm serves an ALTER, and who waits for it. Knows no other database.
//!
//! Sources: the manuals' pages on online DDL (MySQL 8.0, 17.12.1 Online DDL Operations; MariaDB, InnoDB Online DDL).

mod algorithm;
mod column;
mod conversion;

pub(super) use column::row_version_limit;
pub(super) use conversion::of as conversion;

use super::{Algorithm, Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::operation::{
    AccessChange, AddConstraint, ConstraintRef, CreateIndex, CreateTable, MaintenanceKind, ReindexTarget, TableChange,
};
use crate::schema::table::{Column, ConstraintKind, Generated, IndexKey, Persistence, Validity};
use crate::schema::{Ident, KeyChecks, ObjectName, Operation, Schema, ServerVersion};

static IMPLICIT: Fact = Fact {
    claim: "DDL ends the open transaction, so nothing before it can be rolled back",
    source: "MySQL 8.0 manual, 15.3.3 Statements That Cause an Implicit Commit",
};
static METADATA: Fact = Fact {
    claim: "DDL waits for every transaction that has used the table, and whoever comes later waits behind it",
    source: "MySQL 8.0 manual, 10.11.4 Metadata Locking",
};
static NO_TABLE: Fact = Fact { claim: "no existing table is locked", source: "MySQL 8.0 manual, 10.11.4 Metadata Locking" };
static PARENT: Fact = Fact {
    claim: "a foreign key also takes a metadata lock on the table that it references",
    source: "MySQL 8.0 manual, 10.11.4 Metadata Locking",
};
static ROWS: Fact = Fact {
    claim: "a data change locks the rows that it touches until the transaction ends",
    source: "MySQL 8.0 manual, 17.7.3 Locks Set by Different SQL Statements in InnoDB",
};
static LOCK_TABLES: Fact = Fact { claim: "LOCK TABLES holds until UNLOCK TABLES", source: "MySQL 8.0 manual, 15.3.6 LOCK TABLES" };
static UNREAD: Fact =
    Fact { claim: "what an unread statement does is not known; a copy of what it names is assumed", source: "assumption" };

/// The impact of an operation on this database.
pub(super) fn impact(version: ServerVersion, operation: &Operation, before: &Schema) -> Impact {
    let at = At { version, schema: before };
    match operation {
        Operation::CreateTable(create) => at.create_table(create),
        Operation::DropTable(drop) => at.brief(&drop.name),
        Operation::RenameTable { table, to: _ } | Operation::MoveTable { table, schema: _ } => at.brief(table),
        Operation::AddColumn(add) => at.add_column(add),
        Operation::DropColumn { table, column, .. } => at.drop_column(table, column),
        Operation::RenameColumn { table, column: _, to: _ } => at.by(table, Algorithm::Instant),
        Operation::AlterColumn { table, column, change } => at.alter_column(table, column, change),
        Operation::AddConstraint(add) => at.add_constraint(add),
        Operation::DropConstraint { table, constraint, if_exists: _, cascade: _ } => at.drop_constraint(table, constraint),
        Operation::ValidateConstraint { table, name: _ } => at.by(table, Algorithm::Copy).assumed(),
        Operation::RenameConstraint { table, name: _, to: _ } => at.by(table, Algorithm::Instant),
        Operation::AlterConstraint { table, name: _, enforced } => match enforced {
            Some(true) => at.by(table, Algorithm::Copy),
            Some(false) | None => at.by(table, Algorithm::Instant),
        },
        Operation::AttachPartition { parent, partition, bound: _ } | Operation::DetachPartition { parent, partition, .. } => {
            at.by(parent, Algorithm::Copy).locking(at.name(partition), Lock::MetadataBrief).assumed()
        }
        Operation::AlterTable { table, change } => at.alter_table(table, change),
        Operation::CreateIndex(create) => at.create_index(create),
        Operation::DropIndex { index: _, table, .. }
        | Operation::RenameIndex { index: _, table, to: _ }
        | Operation::AlterIndex { index: _, table, change: _ } => match table {
            Some(table) => at.by(table, Algorithm::Instant),
            None => at.ddl(Impact::of(&METADATA)).assumed(),
        },
        Operation::Reindex { target, concurrently: _ } => match target {
            ReindexTarget::Table(table) | ReindexTarget::Index(table) => at.by(table, at.rebuild(table)),
            ReindexTarget::Wider => at.ddl(Impact::of(&METADATA)).assumed(),
        },
        Operation::CreateTrigger(create) => at.brief(&create.table),
        Operation::RenameTrigger { table, .. } => at.brief(table),
        Operation::DropTrigger { trigger: _, table, .. } => match table {
            Some(table) => at.brief(table),
            None => at.ddl(Impact::of(&METADATA)),
        },
        Operation::CreateView(_)
        | Operation::DropView { .. }
        | Operation::AlterView { .. }
        | Operation::RefreshView { .. }
        | Operation::CreateRoutine(_)
        | Operation::DropRoutine { .. }
        | Operation::AlterRoutine { .. }
        | Operation::CreateType { .. }
        | Operation::AlterType { .. }
        | Operation::DropType { .. }
        | Operation::CreateSequence { .. }
        | Operation::AlterSequence { .. }
        | Operation::DropSequence(_)
        | Operation::CreateSchema { .. }
        | Operation::AlterSchema { .. }
        | Operation::DropSchema { .. }
        | Operation::OtherObject { .. } => at.ddl(Impact::of(&NO_TABLE)),
        Operation::Access(change) => match change {
            AccessChange::Grant { .. }
            | AccessChange::Revoke { .. }
            | AccessChange::DefaultPrivileges
            | AccessChange::RowSecurity { .. }
            | AccessChange::CreatePolicy { .. }
            | AccessChange::AlterPolicy { .. }
            | AccessChange::DropPolicy { .. }
            | AccessChange::Owner { .. }
            | AccessChange::Role { .. } => at.ddl(Impact::of(&NO_TABLE)),
        },
        Operation::Comment { on: _ }
        | Operation::Query { .. }
        | Operation::Transaction(_)
        | Operation::SetSetting(_)
        | Operation::Block(_) => Impact::of(&NO_TABLE),
        Operation::ChangeData(change) => Impact::of(&ROWS).working(Work::Rows(at.name(&change.table))),
        Operation::Truncate { table, .. } => at.brief(table),
        Operation::LockTable { table, mode, nowait: _ } => {
            let read = mode.as_deref().is_some_and(|mode| mode.to_ascii_uppercase().starts_with("READ"));
            let lock = if read { Lock::MetadataShared } else { Lock::MetadataExclusive };
            at.ddl(Impact::of(&LOCK_TABLES).locking(at.name(table), lock))
        }
        Operation::Maintenance { kind, table } => at.maintain(*kind, table.as_ref()),
        Operation::Opaque(opaque) => {
            let known = opaque.names.iter().filter(|name| before.table(name).recorded().is_some());
            known.fold(Impact::of(&UNREAD), |impact, table| impact.locking(at.name(table), Lock::MetadataShared)).assumed()
        }
    }
}

/// From here on ADD and DROP COLUMN are instant at any place.
const INSTANT_ANYWHERE: ServerVersion = ServerVersion::new(8, 0).patched(29);

/// What rules out cheaper ways of changing a table.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a table has or has not")]
struct Shape {
    fulltext: bool,
    stored: bool,
    virtual_column: bool,
    indexed_virtual: bool,
    row_versions: u16,
}

/// A server of this version with this schema.
#[derive(Clone, Copy)]
struct At<'a> {
    version: ServerVersion,
    schema: &'a Schema,
}

impl At<'_> {
    fn name(self, written: &ObjectName) -> ObjectName {
        self.schema.canonical(written)
    }

    fn is_mariadb(self) -> bool {
        self.version.is_mariadb()
    }

    /// Whether columns come and go instantly at any place.
    /// Source: MySQL 8.0 manual, 17.12.1 Online DDL Operations (Column Operations); MariaDB, Instant ADD COLUMN, DROP COLUMN.
    fn is_instant_anywhere(self) -> bool {
        self.is_mariadb() || self.version >= INSTANT_ANYWHERE
    }

    /// How a table is built anew in place, where it can be.
    fn rebuild(self, table: &ObjectName) -> Algorithm {
        let shape = self.shape(table);
        match (shape.fulltext, self.is_mariadb()) {
            // MySQL 8.0 manual, 17.12.6 Online DDL Limitations; 15.1.9 ALTER TABLE: FORCE uses COPY for tables with FULLTEXT indexes.
            (true, false) => Algorithm::Copy,
            (true, true) => Algorithm::RebuildShared,
            (false, true) if shape.indexed_virtual => Algorithm::RebuildShared,
            (false, _) => Algorithm::Rebuild,
        }
    }

    /// What a recorded table holds that rules out cheaper ways.
    fn shape(self, table: &ObjectName) -> Shape {
        let Some(table) = self.schema.table(table).recorded() else { return Shape::default() };
        let is_virtual = |column: &Column| matches!(column.generated, Generated::Virtual(_));
        let computed = |name: &Ident| table.column(name).is_some_and(is_virtual);
        let keyed = |key: &IndexKey| match key {
            IndexKey::Column(name) => computed(name),
            IndexKey::Expression(_) => false,
        };
        Shape {
            fulltext: table.indexes.iter().any(|index| index.method == "fulltext"),
            stored: table.columns.iter().any(|column| matches!(column.generated, Generated::Stored(_))),
            virtual_column: table.columns.iter().any(is_virtual),
            indexed_virtual: table.indexes.iter().any(|index| index.keys.iter().any(keyed)),
            row_versions: table.row_versions.number,
        }
    }

    fn ddl(self, impact: Impact) -> Impact {
        impact.because(&IMPLICIT).in_transaction(TransactionUse::CommitsImplicitly)
    }

    /// A metadata lock for a moment.
    fn brief(self, table: &ObjectName) -> Impact {
        self.ddl(Impact::of(&METADATA).locking(self.name(table), Lock::MetadataBrief))
    }

    /// An ALTER that this algorithm serves.
    fn by(self, table: &ObjectName, algorithm: Algorithm) -> Impact {
        let name = self.name(table);
        let impact = Impact::of(algorithm.fact()).because(&METADATA).locking(name.clone(), algorithm.lock()).carried_out(algorithm);
        self.ddl(algorithm.work(name).into_iter().fold(impact, Impact::working))
    }

    fn create_table(self, create: &CreateTable) -> Impact {
        if create.persistence == Persistence::Temporary {
            // The only DDL that leaves the transaction open.
            return Impact::of(&NO_TABLE);
        }
        let keys = create.constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some(&key.references),
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => None,
        });
        let impact =
            keys.fold(Impact::of(&NO_TABLE), |impact, parent| impact.because(&PARENT).locking(self.name(parent), Lock::MetadataBrief));
        self.ddl(impact)
    }

    fn add_constraint(self, add: &AddConstraint) -> Impact {
        let unenforced = add.constraint.validity == Validity::NotEnforced;
        match &add.constraint.kind {
            ConstraintKind::PrimaryKey(_) => self.by(&add.table, self.rebuild(&add.table)),
            ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => self.by(&add.table, Algorithm::Build),
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) if unenforced => self.by(&add.table, Algorithm::Instant),
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => self.by(&add.table, Algorithm::Copy),
            ConstraintKind::ForeignKey(key) => {
                // Without an index on its columns the key brings one.
                let unchecked = self.schema.key_checks() == KeyChecks::Off;
                let algorithm = if unchecked { Algorithm::Build } else { Algorithm::Copy };
                self.by(&add.table, algorithm).because(&PARENT).locking(self.name(&key.references), Lock::MetadataBrief)
            }
        }
    }

    fn drop_constraint(self, table: &ObjectName, which: &ConstraintRef) -> Impact {
        match which {
            ConstraintRef::PrimaryKey => self.by(table, Algorithm::Copy),
            ConstraintRef::Named(_) | ConstraintRef::ForeignKey(_) | ConstraintRef::Check(_) => self.by(table, Algorithm::Instant),
        }
    }

    fn create_index(self, create: &CreateIndex) -> Impact {
        let by_kind = match create.method.as_str() {
            "fulltext" | "spatial" => Algorithm::BuildShared,
            _ => Algorithm::Build,
        };
        let algorithm = match create.algorithm.as_deref() {
            Some("COPY") => Algorithm::Copy,
            Some(_) | None => by_kind,
        };
        self.asked(self.by(&create.table, algorithm), &create.table, create.lock.as_deref())
    }

    /// LOCK= as written can only be stronger than what the algorithm needs.
    fn asked(self, impact: Impact, table: &ObjectName, lock: Option<&str>) -> Impact {
        match lock {
            Some("SHARED") => impact.locking(self.name(table), Lock::MetadataShared),
            Some("EXCLUSIVE") => impact.locking(self.name(table), Lock::MetadataExclusive),
            Some(_) | None => impact,
        }
    }

    fn alter_table(self, table: &ObjectName, change: &TableChange) -> Impact {
        match change {
            TableChange::Option
            | TableChange::ReplicaIdentity
            | TableChange::OfType
            | TableChange::Inherit { .. }
            | TableChange::Trigger { .. }
            | TableChange::Rule { .. }
            | TableChange::Keys { .. }
            | TableChange::Charset { convert: false } => self.by(table, Algorithm::Instant),
            // Nothing is to be converted where no column holds characters.
            TableChange::Charset { convert: true } if self.holds_no_text(table) => self.by(table, Algorithm::Instant),
            TableChange::SetEngine | TableChange::Charset { convert: true } | TableChange::SetLogged { .. } => {
                self.by(table, Algorithm::Copy)
            }
            TableChange::SetTablespace | TableChange::Rebuild => self.by(table, self.rebuild(table)),
            TableChange::Partitions { drops_rows: true } => self.by(table, Algorithm::Instant),
            TableChange::Partitions { drops_rows: false } => self.by(table, Algorithm::Copy).assumed(),
            // What is written applies to the other clauses of the statement.
            TableChange::Algorithm { algorithm, lock } => {
                let by = if algorithm.as_deref() == Some("COPY") { Algorithm::Copy } else { Algorithm::Instant };
                self.asked(self.by(table, by), table, lock.as_deref())
            }
        }
    }

    fn holds_no_text(self, table: &ObjectName) -> bool {
        self.schema.table(table).known().is_some_and(|table| !table.columns.iter().any(|column| conversion::is_text(&column.ty)))
    }

    fn maintain(self, kind: MaintenanceKind, table: Option<&ObjectName>) -> Impact {
        match (kind, table) {
            (MaintenanceKind::VacuumFull | MaintenanceKind::Vacuum | MaintenanceKind::Cluster, Some(table)) => {
                self.by(table, self.rebuild(table))
            }
            (MaintenanceKind::Analyze, Some(table)) => self.brief(table),
            (MaintenanceKind::Server | MaintenanceKind::Session, _) => Impact::of(&NO_TABLE),
            (MaintenanceKind::VacuumFull | MaintenanceKind::Vacuum | MaintenanceKind::Cluster | MaintenanceKind::Analyze, None) => {
                self.ddl(Impact::of(&METADATA)).assumed()
            }
        }
    }
}
