//! Views, triggers, types, sequences and schemas: which tables they lock.

use super::{At, NO_TABLE, VIEW};
use crate::dialect::{Fact, Impact, Lock, Work};
use crate::schema::operation::{CreateView, Drop, SequenceChange, TypeChange};
use crate::schema::table::Validity;
use crate::schema::{Ident, ObjectName};

static CREATE_VIEW: Fact = Fact { claim: "a new view holds ACCESS SHARE on what it reads", source: "measured on 14–18" };
static REFRESH: Fact = Fact {
    claim: "REFRESH MATERIALIZED VIEW fills the view anew under ACCESS EXCLUSIVE: its readers wait",
    source: "PostgreSQL manual, REFRESH MATERIALIZED VIEW; measured on 14–18",
};
static REFRESH_CONCURRENTLY: Fact = Fact {
    claim: "REFRESH MATERIALIZED VIEW CONCURRENTLY holds EXCLUSIVE on the view: readers go on; it needs a unique index",
    source: "PostgreSQL manual, REFRESH MATERIALIZED VIEW; measured on 14–18",
};
static CREATE_TRIGGER: Fact = Fact {
    claim: "CREATE TRIGGER holds SHARE ROW EXCLUSIVE: writers wait for a moment",
    source: "PostgreSQL manual, 13.3.1 Table-Level Locks; measured on 14–18",
};
static LABEL: Fact =
    Fact { claim: "changing the labels of an enum locks no table", source: "PostgreSQL manual, ALTER TYPE; measured on 14–18" };
static DOMAIN: Fact = Fact {
    claim: "a new or validated constraint of a domain reads every table with a column of it, holding SHARE: writers wait",
    source: "PostgreSQL manual, ALTER DOMAIN; measured on 14–18",
};
static SEQUENCE: Fact = Fact {
    claim: "ALTER SEQUENCE holds SHARE ROW EXCLUSIVE on the sequence: nextval waits",
    source: "PostgreSQL manual, ALTER SEQUENCE (Notes); measured on 14–18",
};
static DROP_CASCADE: Fact = Fact {
    claim: "CASCADE locks every table that holds a dependent object, ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, 5.15 Dependency Tracking; measured on 14–18",
};

impl At<'_> {
    pub(super) fn create_view(self, create: &CreateView) -> Impact {
        let impact = self.reading(Impact::of(&CREATE_VIEW), &create.reads);
        if create.or_replace && self.schema.view(&create.name).recorded().is_some() {
            return impact.because(&VIEW).locking(self.name(&create.name), Lock::AccessExclusive);
        }
        impact
    }

    pub(super) fn drop_view(self, drop: &Drop) -> Impact {
        let name = self.name(&drop.name);
        match (self.schema.view(&name).recorded(), drop.cascade) {
            (Some(_), true) => self.view_and_above(Impact::of(&VIEW), &name),
            (None, _) if self.schema.view(&name).is_absent() => Impact::of(&VIEW),
            (Some(_) | None, _) => Impact::of(&VIEW).locking(name, Lock::AccessExclusive),
        }
    }

    pub(super) fn refresh_view(self, view: &ObjectName, concurrently: bool) -> Impact {
        let name = self.name(view);
        let impact = match concurrently {
            true => Impact::of(&REFRESH_CONCURRENTLY).locking(name.clone(), Lock::Exclusive).working(Work::Rows(name)),
            false => Impact::of(&REFRESH).locking(name.clone(), Lock::AccessExclusive).working(Work::Rewrite(name)),
        };
        match self.schema.view(view).recorded() {
            Some(found) => self.reading(impact, &found.reads),
            None => impact,
        }
    }

    pub(super) fn create_trigger(self, table: &ObjectName) -> Impact {
        match self.table(table).is_some_and(|table| table.is_partitioned()) {
            true => self.family(Impact::of(&CREATE_TRIGGER), table, Lock::ShareRowExclusive),
            false => Impact::of(&CREATE_TRIGGER).locking(self.name(table), Lock::ShareRowExclusive),
        }
    }

    pub(super) fn alter_type(self, name: &ObjectName, change: &TypeChange) -> Impact {
        match change {
            TypeChange::AddLabel { .. } | TypeChange::RenameLabel { .. } => Impact::of(&LABEL),
            TypeChange::AddCheck { validity: Validity::Valid, .. } | TypeChange::SetNotNull | TypeChange::Validate(_) => {
                self.over_domain(name)
            }
            TypeChange::AddCheck { validity: Validity::NotValid | Validity::NotEnforced, .. }
            | TypeChange::Attribute
            | TypeChange::Rename(_)
            | TypeChange::Move(_)
            | TypeChange::Relax { .. }
            | TypeChange::Default(_)
            | TypeChange::Other => Impact::of(&NO_TABLE),
        }
    }

    fn over_domain(self, domain: &ObjectName) -> Impact {
        let tables = self.schema.tables_with_type(&self.name(domain));
        let impact = tables.into_iter().fold(Impact::of(&DOMAIN), |impact, table| match self.table(&table) {
            Some(found) if found.is_partitioned() => impact,
            Some(_) | None => impact.locking(table.clone(), Lock::Share).working(Work::Scan(table)),
        });
        match self.schema.user_type(domain).known() {
            Some(_) => impact,
            None => impact.assumed(),
        }
    }

    pub(super) fn drop_type(self, drop: &Drop) -> Impact {
        if !drop.cascade {
            return Impact::of(&NO_TABLE);
        }
        let tables = self.schema.tables_with_type(&self.name(&drop.name));
        tables.into_iter().fold(Impact::of(&DROP_CASCADE), |impact, table| impact.locking(table, Lock::AccessExclusive))
    }

    pub(super) fn alter_sequence(self, sequence: &ObjectName, change: &SequenceChange) -> Impact {
        let lock = match change {
            SequenceChange::Rename(_) | SequenceChange::Move(_) => Lock::AccessExclusive,
            SequenceChange::OwnedBy(_) | SequenceChange::Restart | SequenceChange::Option => Lock::ShareRowExclusive,
        };
        Impact::of(&SEQUENCE).locking(self.name(sequence), lock)
    }

    pub(super) fn drop_sequence(self, drop: &Drop) -> Impact {
        let name = self.name(&drop.name);
        let owner = self.schema.sequence(&name).recorded().and_then(|sequence| sequence.owned_by.clone());
        let impact = Impact::of(&DROP_CASCADE).locking(name, Lock::AccessExclusive);
        match owner {
            Some((table, _)) if drop.cascade => impact.locking(table, Lock::AccessExclusive),
            Some(_) | None => impact,
        }
    }

    pub(super) fn drop_schema(self, schema: &Ident, cascade: bool) -> Impact {
        if !cascade {
            return Impact::of(&NO_TABLE);
        }
        let inside = |name: &ObjectName| self.schema.lives_in(name, schema);
        let mut tables: Vec<ObjectName> = self.schema.tables().map(|table| table.name.clone()).filter(inside).collect();
        tables.sort();
        tables.into_iter().fold(Impact::of(&DROP_CASCADE), |impact, table| {
            let below = Drop { name: table, if_exists: true, cascade: true };
            self.drop_table(&below).locks.into_iter().fold(impact, |impact, held| impact.locking(held.table, held.lock))
        })
    }
}
