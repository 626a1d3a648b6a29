//! Tables as a whole: created, dropped, rewritten, retuned.

use super::partition::is_kept_out;
use super::{At, OPTIONS};
use crate::dialect::{Fact, Impact, Lock, Work};
use crate::schema::operation::{CreateTable, Drop, TableChange};
use crate::schema::table::{ConstraintKind, Persistence};
use crate::schema::{Dependent, ObjectName};

static CREATE: Fact = Fact { claim: "a new table is seen by nobody before the commit", source: "measured on 14–18" };
static CREATE_WITH_KEY: Fact = Fact {
    claim: "a foreign key of a new table holds SHARE ROW EXCLUSIVE on the referenced table: its writers wait until the commit",
    source: "PostgreSQL manual, ALTER TABLE (ADD table_constraint); measured on 14–18",
};
static CREATE_PARTITION: Fact = Fact {
    claim: "CREATE TABLE … PARTITION OF holds ACCESS EXCLUSIVE on the partitioned table and reads its DEFAULT partition",
    source: "PostgreSQL manual, CREATE TABLE (PARTITION OF); measured on 14–18",
};
static CREATE_HEIR: Fact =
    Fact { claim: "INHERITS holds SHARE UPDATE EXCLUSIVE on the parent", source: "MergeAttributes; measured on 14–18" };
static DROP: Fact = Fact {
    claim: "DROP TABLE holds ACCESS EXCLUSIVE on the table and on every table that its foreign keys connect it with",
    source: "PostgreSQL manual, DROP TABLE; measured on 14–18",
};
static REWRITE: Fact = Fact {
    claim: "the table and its indexes are written anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (SET TABLESPACE, SET LOGGED, SET ACCESS METHOD); measured on 14–18",
};
static NOTHING_TO_DO: Fact = Fact { claim: "it is so already: ACCESS EXCLUSIVE for a moment, no rewrite", source: "measured on 14–18" };
static TRIGGERS: Fact = Fact {
    claim: "switching triggers holds SHARE ROW EXCLUSIVE: writers wait",
    source: "PostgreSQL manual, ALTER TABLE (DISABLE/ENABLE TRIGGER); measured on 14–18",
};
static BRIEF: Fact =
    Fact { claim: "ACCESS EXCLUSIVE for a moment; only the catalogue changes", source: "AlterTableGetLockLevel; measured on 14–18" };

impl At<'_> {
    pub(super) fn create_table(self, create: &CreateTable) -> Impact {
        if create.if_not_exists && self.table(&create.name).is_some() {
            return Impact::of(&CREATE);
        }
        let mut impact = Impact::of(&CREATE);
        for constraint in &create.constraints {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                let parent = self.name(&key.references);
                if parent != self.schema.canonical(&create.name) {
                    impact = self.family(impact.because(&CREATE_WITH_KEY), &parent, Lock::ShareRowExclusive);
                }
            }
        }
        if let Some((parent, bound)) = &create.partition_of {
            impact = impact.because(&CREATE_PARTITION).locking(self.name(parent), Lock::AccessExclusive);
            impact = self.inherited_keys(impact, parent);
            let above = self.table(parent);
            if let Some((above, default)) = above.and_then(|above| Some((above, above.default_partition()?))) {
                impact = self.family(impact, default, Lock::AccessExclusive);
                if !self.table(default).is_some_and(|default| is_kept_out(default, above, bound)) {
                    impact = self.work(impact, default, Work::Scan);
                }
            }
        }
        for parent in &create.inherits {
            impact = impact.because(&CREATE_HEIR).locking(self.name(parent), Lock::ShareUpdateExclusive);
        }
        let impact = self.reading(impact, &create.like);
        self.reading(impact, create.as_query.as_deref().unwrap_or_default())
    }

    /// A new partition takes over the foreign keys of its parent, which locks what they reference.
    pub(super) fn inherited_keys(self, impact: Impact, parent: &ObjectName) -> Impact {
        let Some(parent) = self.table(parent) else { return impact };
        parent.foreign_keys().fold(impact, |impact, key| self.family(impact, &key.references, Lock::ShareRowExclusive))
    }

    pub(super) fn drop_table(self, drop: &Drop) -> Impact {
        let name = self.name(&drop.name);
        let Some(table) = self.table(&name) else {
            return match self.schema.table(&name).is_absent() {
                true => Impact::of(&DROP),
                false => Impact::of(&DROP).locking(name, Lock::AccessExclusive).assumed(),
            };
        };
        let mut impact = Impact::of(&DROP).locking(name.clone(), Lock::AccessExclusive);
        let mut going = self.schema.descendants(&name);
        going.insert(0, name.clone());
        for gone in &going {
            impact = impact.locking(gone.clone(), Lock::AccessExclusive);
            for key in self.table(gone).into_iter().flat_map(|gone| gone.foreign_keys()) {
                impact = self.family(impact, &key.references, Lock::AccessExclusive);
            }
        }
        if let Some(parent) = table.partition_parent() {
            impact = impact.locking(parent.clone(), Lock::AccessExclusive);
            if let Some(default) = self.table(parent).and_then(|parent| parent.default_partition()) {
                impact = impact.locking(default.clone(), Lock::AccessExclusive);
            }
        }
        if drop.cascade {
            impact = self.dependents_of(impact, &name);
        }
        impact
    }

    /// CASCADE: views that read a table and tables with a key to it.
    pub(super) fn dependents_of(self, mut impact: Impact, table: &ObjectName) -> Impact {
        for dependent in self.schema.dependents(table, None) {
            match dependent {
                Dependent::View(view) => {
                    impact = self.view_and_above(impact, &view.name);
                }
                Dependent::ForeignKey { table, constraint: _ } => impact = self.family(impact, &table.name, Lock::AccessExclusive),
                Dependent::Constraint(_)
                | Dependent::Index(_)
                | Dependent::GeneratedColumn(_)
                | Dependent::Trigger { .. }
                | Dependent::Routine(_) => {}
            }
        }
        impact
    }

    /// A view that goes, with the views that read it.
    pub(super) fn view_and_above(self, impact: Impact, view: &ObjectName) -> Impact {
        if impact.lock(view).is_some() {
            return impact;
        }
        let impact = impact.locking(view.clone(), Lock::AccessExclusive);
        self.schema.views_reading(view).fold(impact, |impact, above| self.view_and_above(impact, &above.name))
    }

    pub(super) fn alter_table(self, table: &ObjectName, change: &TableChange) -> Impact {
        match change {
            TableChange::Option => Impact::of(&OPTIONS).locking(self.name(table), Lock::ShareUpdateExclusive),
            TableChange::SetTablespace | TableChange::SetEngine | TableChange::Rebuild | TableChange::Charset { convert: _ } => {
                self.rewrite(table)
            }
            TableChange::SetLogged { logged } => {
                let wanted = if *logged { Persistence::Permanent } else { Persistence::Unlogged };
                match self.schema.table(table).known() {
                    Some(known) if known.persistence == wanted => self.exclusive(table, &NOTHING_TO_DO),
                    Some(_) | None => self.rewrite(table),
                }
            }
            TableChange::Inherit { parent, add: true } => {
                self.exclusive(table, &BRIEF).locking(self.name(parent), Lock::ShareUpdateExclusive)
            }
            TableChange::Inherit { parent, add: false } => self.exclusive(table, &BRIEF).locking(self.name(parent), Lock::AccessShare),
            TableChange::Trigger { name: _, enabled: _ } => self.family(Impact::of(&TRIGGERS), table, Lock::ShareRowExclusive),
            TableChange::ReplicaIdentity
            | TableChange::OfType
            | TableChange::Rule { enabled: _ }
            | TableChange::Keys { enabled: _ }
            | TableChange::Partitions { drops_rows: _ }
            | TableChange::Algorithm { .. } => self.exclusive(table, &BRIEF),
        }
    }

    fn rewrite(self, table: &ObjectName) -> Impact {
        let impact = self.exclusive(table, &REWRITE);
        // On a partitioned table these change what later partitions get, not the partitions.
        match self.table(table).is_some_and(|table| table.is_partitioned()) {
            true => impact,
            false => impact.working(Work::Rewrite(self.name(table))),
        }
    }
}
