//! New tables: as written, or after the columns of others.

use std::collections::HashSet;
use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use crate::schema::operation::{CreateTable, NewColumn};
use crate::schema::table::{Column, Constraint, ConstraintKind, Generated, Knowledge, Partitioning, Persistence, Table, TypeName};
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_table(&mut self, create: &CreateTable, origin: &Origin) -> Applied {
        let name = match create.persistence {
            Persistence::Temporary => self.name_for_temporary(&create.name),
            Persistence::Permanent | Persistence::Unlogged => self.name_for_new(&create.name),
        };
        if let Some(settled) = self.meet_existing(&name, create, origin) {
            return settled;
        }
        let unseen = create.if_not_exists && self.may_exist_unseen(&name);
        let origin = &if unseen { Origin::unseen() } else { origin.clone() };
        let mut table =
            Table { name: name.clone(), origin: origin.clone(), persistence: create.persistence, ..Table::unseen(name.clone()) };
        table.charset.clone_from(&create.charset);
        table.without_rowid = create.without_rowid;
        table.strict = create.strict;
        table.knowledge = if unseen || create.as_query.is_some() { Knowledge::Unknown } else { Knowledge::Known };
        let mut inherited = Vec::new();
        for parent in &create.inherits {
            let parent = self.reach_table(parent)?;
            inherited.extend(self.inherit_columns(&mut table, &parent));
            table.inherits.push(parent);
        }
        if let Some((parent, _bound)) = &create.partition_of {
            let parent = self.reach_table(parent)?;
            self.inherit_columns(&mut table, &parent);
            table.partitioning = Partitioning::PartitionOf(parent);
        }
        for source in &create.like {
            self.copy_columns(&mut table, source, origin)?;
        }
        let columns = create.columns.iter().map(|column| column.as_column(origin));
        if table.columns.is_empty() && are_many_and_different(&create.columns) {
            table.columns.extend(columns);
        } else {
            columns.for_each(|column| table.define(column));
        }
        if let Some((strategy, columns)) = &create.partition_by {
            let parent = table.partition_parent().cloned();
            table.partitioning = Partitioning::Partitioned {
                strategy: strategy.clone(),
                columns: columns.clone(),
                partitions: Vec::new(),
                default: None,
                parent,
            };
        }
        self.install(table, create, inherited, origin)
    }

    /// What a CREATE TABLE meets under its name; `None` when it can go on.
    fn meet_existing(&mut self, name: &ObjectName, create: &CreateTable, origin: &Origin) -> Option<Applied> {
        if !self.is_relation(name) {
            return None;
        }
        if create.if_not_exists {
            return Some(Ok(()));
        }
        let Some(existing) = self.tables.get(name) else { return Some(Err(exists("table", &create.name))) };
        // A stale table went away unseen; a temporary one with the session of its migration.
        let passed = existing.persistence == Persistence::Temporary && !existing.origin.same_migration(origin);
        if existing.knowledge == Knowledge::Known && !passed {
            return Some(Err(exists("table", &create.name)));
        }
        self.remove_table(name);
        None
    }

    /// Records a new table, then what comes with it: sequences, parents, constraints, indexes.
    fn install(&mut self, table: Table, create: &CreateTable, inherited: Vec<Constraint>, origin: &Origin) -> Applied {
        let name = table.name.clone();
        self.note_made(&name);
        let serial: Vec<Ident> = table.columns.iter().filter(|column| column.has_sequence()).map(|column| column.name.clone()).collect();
        let parents = table.inherits.clone();
        let parent = table.partition_parent().cloned();
        self.tables.insert(name.clone(), Arc::new(table));
        if self.dialect == Dialect::Postgres {
            for column in &serial {
                self.make_owned_sequence(&name, column, origin);
            }
        }
        for parent in &parents {
            self.heirs.add(parent, &name);
        }
        // What cannot be placed makes the whole statement fail in the database; here the table stays, for what follows.
        let mut applied = Ok(());
        for constraint in &create.constraints {
            applied = applied.and(self.place_written(&name, constraint, origin));
        }
        if let Some(table) = self.table_mut(&name) {
            for held in inherited {
                if !table.constraints.contains(&held) {
                    table.constraints.push(held);
                }
            }
        }
        for index in &create.indexes {
            applied = applied.and(self.create_index(index, origin));
        }
        if let Some(parent) = parent {
            self.link_partition(&parent, &name, create.partition_of.as_ref().is_some_and(|(_, bound)| bound.is_default()), origin);
        }
        applied
    }

    /// Adds the columns of a parent; yields the constraints that an heir takes over.
    fn inherit_columns(&self, table: &mut Table, parent: &ObjectName) -> Vec<Constraint> {
        let Some(parent) = self.tables.get(parent) else { return Vec::new() };
        if parent.knowledge == Knowledge::Unknown {
            table.knowledge = Knowledge::Unknown;
        }
        for column in &parent.columns {
            if table.column(&column.name).is_none() {
                table.columns.push(Column { origin: table.origin.clone(), ..column.clone() });
            }
        }
        let handed = parent.constraints.iter().filter(|held| matches!(held.kind, ConstraintKind::Check(_) | ConstraintKind::NotNull(_)));
        handed.map(|held| Constraint { origin: table.origin.clone(), ..held.clone() }).collect()
    }

    /// LIKE: the columns. PostgreSQL's INCLUDING options are not followed, so the rest stays unknown there.
    fn copy_columns(&mut self, table: &mut Table, source: &ObjectName, origin: &Origin) -> Applied {
        let source = self.reach_table(source)?;
        let Some(source) = self.tables.get(&source) else { return Ok(()) };
        for column in &source.columns {
            let mut copy = Column { origin: origin.clone(), ..column.clone() };
            if self.dialect == Dialect::Postgres {
                copy.default = None;
                copy.generated = Generated::No;
            }
            table.define(copy);
        }
        match self.dialect {
            Dialect::Postgres | Dialect::Sqlite => table.knowledge = Knowledge::Unknown,
            Dialect::Mysql => {
                table.knowledge = table.knowledge.max(source.knowledge);
                let keys = source.constraints.iter().filter(|held| !matches!(held.kind, ConstraintKind::ForeignKey(_)));
                table.constraints.extend(keys.map(|held| Constraint { origin: origin.clone(), ..held.clone() }));
                table.indexes.extend(source.indexes.iter().cloned());
            }
        }
        Ok(())
    }
}

/// Columns of a table that are compared one by one to find equal names; more are hashed.
const FEW: usize = 32;

fn are_many_and_different(columns: &[NewColumn]) -> bool {
    columns.len() > FEW && columns.iter().map(|column| &column.name).collect::<HashSet<_>>().len() == columns.len()
}

impl Table {
    /// Adds a column, or lets it take the place of an inherited one.
    fn define(&mut self, column: Column) {
        match self.columns.iter_mut().find(|held| held.name == column.name) {
            Some(held) => {
                // Written again over an inherited one: what is written wins, what is not stays.
                let not_null = held.not_null || column.not_null;
                let ty = if column.ty.base.is_empty() { held.ty.clone() } else { column.ty.clone() };
                let default = column.default.clone().or_else(|| held.default.clone());
                *held = Column { ty, not_null, default, ..column };
            }
            None => self.columns.push(column),
        }
    }
}

impl NewColumn {
    /// The column as the schema records it.
    pub(super) fn as_column(&self, origin: &Origin) -> Column {
        let identity = match self.generated {
            Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => true,
            Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
        };
        Column {
            name: self.name.clone(),
            ty: self.ty.clone().unwrap_or_else(|| TypeName::plain("")),
            not_null: self.not_null || identity,
            default: self.default.clone(),
            generated: self.generated.clone(),
            collation: self.collation.clone(),
            details: self.details.clone(),
            origin: origin.clone(),
        }
    }
}

impl Column {
    /// Whether PostgreSQL keeps a sequence for it.
    pub(super) fn has_sequence(&self) -> bool {
        match self.generated {
            Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => true,
            Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
        }
    }
}
