//! Facts of PostgreSQL 14 to 18: locks, scans and rewrites. Knows no other database.
//!
//! The locks follow `AlterTableGetLockLevel` and the manual's section 13.3.1; tests/facts.rs asks the real servers.

mod column;
mod constraint;
mod conversion;
mod index;
mod object;
mod partition;
mod retype;
mod rows;
mod table;
mod volatility;

pub(super) use conversion::of as conversion;
pub(super) use volatility::of_expression as volatility;

use super::{Fact, Impact, Lock, TransactionUse, Work};
use crate::schema::operation::{AccessChange, ObjectKind, Verb};
use crate::schema::table::Table;
use crate::schema::{ObjectName, Operation, Schema, ServerVersion};

/// The impact of an operation on this database.
///
/// From 14 to 18 few answers depend on the version, but for statements that only newer ones know.
pub(super) fn impact(version: ServerVersion, operation: &Operation, before: &Schema) -> Impact {
    let at = At { schema: before, version };
    match operation {
        Operation::CreateTable(create) => at.create_table(create),
        Operation::DropTable(drop) => at.drop_table(drop),
        Operation::RenameTable { table, to: _ } => at.exclusive(table, &RENAME),
        Operation::MoveTable { table, schema: _ } => at.exclusive(table, &RENAME),
        Operation::AddColumn(add) => at.add_column(add),
        Operation::DropColumn { table, column, if_exists: _, cascade } => at.drop_column(table, column, *cascade),
        Operation::RenameColumn { table, column: _, to: _ } => at.exclusive_family(table, &RENAME),
        Operation::AlterColumn { table, column, change } => at.alter_column(table, column, change),
        Operation::AddConstraint(add) => at.add_constraint(add),
        Operation::ValidateConstraint { table, name } => at.validate_constraint(table, name),
        Operation::DropConstraint { table, constraint, if_exists: _, cascade } => at.drop_constraint(table, constraint, *cascade),
        Operation::RenameConstraint { table, name: _, to: _ } => at.exclusive(table, &RENAME),
        Operation::AlterConstraint { table, name, enforced } => at.alter_constraint(table, name, *enforced),
        Operation::AttachPartition { parent, partition, bound } => at.attach_partition(parent, partition, bound),
        Operation::DetachPartition { parent, partition, concurrently, finalize } => {
            at.detach_partition(parent, partition, *concurrently, *finalize)
        }
        Operation::AlterTable { table, change } => at.alter_table(table, change),
        Operation::CreateIndex(create) => at.create_index(create),
        Operation::DropIndex { index, table: _, concurrently, if_exists: _, cascade: _ } => at.drop_index(index, *concurrently),
        Operation::RenameIndex { index: _, table: _, to: _ } => Impact::of(&RENAME_INDEX),
        Operation::AlterIndex { index, table: _, change } => at.alter_index(index, change),
        Operation::Reindex { target, concurrently } => at.reindex(target, *concurrently),
        Operation::CreateView(create) => at.create_view(create),
        Operation::DropView { drop, materialized: _ } => at.drop_view(drop),
        Operation::AlterView { view, change: _ } => at.exclusive(view, &VIEW),
        Operation::RefreshView { view, concurrently } => at.refresh_view(view, *concurrently),
        Operation::CreateRoutine(_) | Operation::DropRoutine { .. } | Operation::AlterRoutine { .. } => Impact::of(&NO_TABLE),
        Operation::CreateTrigger(create) => at.create_trigger(&create.table),
        Operation::DropTrigger { trigger: _, table, if_exists: _, cascade: _ } => match table {
            Some(table) => at.exclusive_family(table, &DROP_TRIGGER),
            None => Impact::of(&DROP_TRIGGER).assumed(),
        },
        Operation::RenameTrigger { trigger: _, table, to: _ } => at.exclusive_family(table, &DROP_TRIGGER),
        Operation::CreateType { .. } | Operation::CreateSchema { .. } | Operation::AlterSchema { .. } => Impact::of(&NO_TABLE),
        Operation::AlterType { name, change } => at.alter_type(name, change),
        Operation::DropType { drop, domain: _ } => at.drop_type(drop),
        Operation::CreateSequence { .. } => Impact::of(&NO_TABLE),
        Operation::AlterSequence { name, change } => at.alter_sequence(name, change),
        Operation::DropSequence(drop) => at.drop_sequence(drop),
        Operation::DropSchema { name, if_exists: _, cascade } => at.drop_schema(name, *cascade),
        Operation::Access(change) => at.change_access(change),
        Operation::OtherObject { verb, kind, name: _, cascade: _ } => other_object(*verb, *kind),
        Operation::Comment { on } => match on {
            Some(table) => Impact::of(&OPTIONS).locking(at.name(table), Lock::ShareUpdateExclusive),
            None => Impact::of(&NO_TABLE),
        },
        Operation::ChangeData(change) => at.change_data(change),
        Operation::Truncate { table, cascade, restart_identity: _ } => at.truncate(table, *cascade),
        Operation::Query { reads, functions: _ } => at.reading(Impact::of(&READ), reads),
        Operation::Transaction(_) | Operation::SetSetting(_) | Operation::Block(_) => Impact::of(&NO_TABLE),
        Operation::LockTable { table, mode, nowait: _ } => at.lock_table(table, mode.as_deref()),
        Operation::Maintenance { kind, table } => at.maintain(*kind, table.as_ref()),
        Operation::Opaque(opaque) => {
            let known = opaque.names.iter().filter(|name| before.table(name).recorded().is_some());
            known.fold(Impact::of(&UNREAD), |impact, table| impact.locking(at.name(table), Lock::AccessExclusive)).assumed()
        }
    }
}

/// A server with this schema.
#[derive(Clone, Copy)]
struct At<'a> {
    schema: &'a Schema,
    version: ServerVersion,
}

static RENAME: Fact = Fact {
    claim: "a rename or move holds ACCESS EXCLUSIVE for a moment and touches no row",
    source: "PostgreSQL manual, ALTER TABLE; measured on 14–18",
};
static RENAME_INDEX: Fact = Fact {
    claim: "renaming an index locks the index against other DDL only",
    source: "PostgreSQL manual, ALTER INDEX (SHARE UPDATE EXCLUSIVE on the index since 12)",
};
static VIEW: Fact = Fact { claim: "a change of a view holds ACCESS EXCLUSIVE on the view for a moment", source: "measured on 14–18" };
static DROP_TRIGGER: Fact =
    Fact { claim: "dropping or renaming a trigger holds ACCESS EXCLUSIVE on its table for a moment", source: "measured on 14–18" };
static OPTIONS: Fact = Fact {
    claim: "storage parameters, statistics targets and comments hold SHARE UPDATE EXCLUSIVE: reads and writes go on",
    source: "PostgreSQL manual, ALTER TABLE (storage parameters); measured on 14–18",
};
static NO_TABLE: Fact = Fact { claim: "no existing table is locked", source: "measured on 14–18" };
static READ: Fact = Fact {
    claim: "a query holds ACCESS SHARE: only ACCESS EXCLUSIVE conflicts with it",
    source: "PostgreSQL manual, 13.3.1 Table-Level Locks",
};
static UNREAD: Fact =
    Fact { claim: "what an unread statement does is not known; ACCESS EXCLUSIVE on what it names is assumed", source: "assumption" };
static OUTSIDE: Fact = Fact {
    claim: "the server refuses it inside a transaction block",
    source: "PostgreSQL manual, pages of the commands (PreventInTransactionBlock)",
};
static ACCESS: Fact = Fact {
    claim: "row security, policies and owners change under ACCESS EXCLUSIVE, held for a moment",
    source: "PostgreSQL manual, ALTER TABLE and CREATE POLICY; measured on 14–18",
};

impl<'a> At<'a> {
    /// The canonical name.
    fn name(self, written: &ObjectName) -> ObjectName {
        self.schema.canonical(written)
    }

    /// The table, if it is recorded.
    fn table(self, written: &ObjectName) -> Option<&'a Table> {
        self.schema.table(written).recorded()
    }

    /// ACCESS EXCLUSIVE on one relation and nothing else.
    fn exclusive(self, table: &ObjectName, fact: &'static Fact) -> Impact {
        Impact::of(fact).locking(self.name(table), Lock::AccessExclusive)
    }

    /// ACCESS EXCLUSIVE on a table and all below it.
    fn exclusive_family(self, table: &ObjectName, fact: &'static Fact) -> Impact {
        self.family(Impact::of(fact), table, Lock::AccessExclusive)
    }

    /// One lock on a table, its partitions and its heirs.
    fn family(self, impact: Impact, table: &ObjectName, lock: Lock) -> Impact {
        let canonical = self.name(table);
        let below = self.schema.descendants(&canonical);
        below.into_iter().fold(impact.locking(canonical, lock), |impact, child| impact.locking(child, lock))
    }

    /// The tables among these that hold rows: partitioned tables do not.
    fn with_rows(self, table: &ObjectName) -> Vec<ObjectName> {
        let canonical = self.name(table);
        let mut all = self.schema.descendants(&canonical);
        all.insert(0, canonical);
        all.retain(|name| self.table(name).is_none_or(|table| !table.is_partitioned()));
        all
    }

    /// Work on every table of a family that holds rows.
    fn work(self, impact: Impact, table: &ObjectName, work: fn(ObjectName) -> Work) -> Impact {
        self.with_rows(table).into_iter().fold(impact, |impact, table| impact.working(work(table)))
    }

    /// ACCESS SHARE on what is read.
    fn reading(self, impact: Impact, reads: &[ObjectName]) -> Impact {
        reads.iter().fold(impact, |impact, table| impact.locking(self.name(table), Lock::AccessShare))
    }

    fn change_access(self, change: &AccessChange) -> Impact {
        match change {
            AccessChange::Grant { on: _ }
            | AccessChange::Revoke { on: _ }
            | AccessChange::DefaultPrivileges
            | AccessChange::Role { verb: _ } => Impact::of(&NO_TABLE),
            AccessChange::RowSecurity { table, .. }
            | AccessChange::CreatePolicy { table, .. }
            | AccessChange::AlterPolicy { table, .. }
            | AccessChange::DropPolicy { table, .. } => self.exclusive(table, &ACCESS),
            AccessChange::Owner { of } => match of {
                Some(name) if self.table(name).is_some() || self.schema.view(name).recorded().is_some() => self.exclusive(name, &ACCESS),
                Some(_) | None => Impact::of(&NO_TABLE),
            },
        }
    }
}

/// Databases, tablespaces and subscriptions stand outside transactions; the rest locks no table.
fn other_object(verb: Verb, kind: ObjectKind) -> Impact {
    match (kind, verb) {
        (ObjectKind::Database | ObjectKind::Tablespace, Verb::Create | Verb::Drop)
        | (ObjectKind::Subscription, Verb::Create | Verb::Drop) => Impact::of(&OUTSIDE).in_transaction(TransactionUse::Forbidden),
        (
            ObjectKind::Database
            | ObjectKind::Tablespace
            | ObjectKind::Subscription
            | ObjectKind::AccessMethod
            | ObjectKind::Aggregate
            | ObjectKind::Cast
            | ObjectKind::Collation
            | ObjectKind::Conversion
            | ObjectKind::Event
            | ObjectKind::EventTrigger
            | ObjectKind::Extension
            | ObjectKind::ForeignDataWrapper
            | ObjectKind::Language
            | ObjectKind::LargeObject
            | ObjectKind::Operator
            | ObjectKind::OperatorClass
            | ObjectKind::OperatorFamily
            | ObjectKind::Publication
            | ObjectKind::Rule
            | ObjectKind::Server
            | ObjectKind::Statistics
            | ObjectKind::TextSearch
            | ObjectKind::Transform
            | ObjectKind::UserMapping,
            Verb::Create | Verb::Alter | Verb::Drop,
        ) => Impact::of(&NO_TABLE),
    }
}
