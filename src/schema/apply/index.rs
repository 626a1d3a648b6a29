//! Indexes: on tables and materialised views, with partitions' indexes below those of their parents.

use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use crate::schema::operation::{CreateIndex, IndexChange, ReindexTarget};
use crate::schema::table::{ConstraintKind, Index, IndexKey, Table};
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_index(&mut self, create: &CreateIndex, origin: &Origin) -> Applied {
        let relation = self.canonical(&create.table);
        if self.views.contains_key(&relation) {
            return self.create_view_index(&relation, create, origin);
        }
        let canonical = self.reach_table(&create.table)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if let Some(name) = &create.name
            && self.is_index_name_taken(table, name)
        {
            return if create.if_not_exists { Ok(()) } else { taken(table, name) };
        }
        for key in &create.keys {
            if let IndexKey::Column(column) = key
                && table.column(column).is_none()
                && !(self.dialect == Dialect::Sqlite && column.as_str() == "rowid")
            {
                table.unless_unseen("column", column)?;
            }
        }
        let mut index = Index::new(create, origin);
        index.name = create.name.clone().or_else(|| self.index_name(&canonical, &create.keys));
        index.valid = !(create.only && table.is_partitioned() && !table.partitions().is_empty());
        self.place_index(&canonical, index);
        if !create.only {
            self.hand_down_index(&canonical, create, origin);
        }
        Ok(())
    }

    /// Puts an index on a recorded table and makes its name known.
    pub(super) fn place_index(&mut self, canonical: &ObjectName, index: Index) {
        if let (Some(name), false) = (&index.name, self.dialect == Dialect::Mysql) {
            let name = Schema::beside(canonical, name);
            self.note_made(&name);
            self.index_tables.insert(name, canonical.clone());
        }
        if let Some(table) = self.table_mut(canonical) {
            table.indexes.push(index);
        }
    }

    fn create_view_index(&mut self, canonical: &ObjectName, create: &CreateIndex, origin: &Origin) -> Applied {
        let mut index = Index::new(create, origin);
        index.name = create.name.clone().or_else(|| self.index_name(canonical, &create.keys));
        if let Some(name) = &index.name {
            let name = Schema::beside(canonical, name);
            if self.is_relation(&name) {
                return if create.if_not_exists { Ok(()) } else { Err(exists("index", &name)) };
            }
            self.note_made(&name);
            self.index_tables.insert(name, canonical.clone());
        }
        if let Some(view) = self.views.get_mut(canonical) {
            Arc::make_mut(view).indexes.push(index);
        }
        Ok(())
    }

    fn is_index_name_taken(&self, table: &Table, name: &Ident) -> bool {
        match self.dialect {
            Dialect::Postgres | Dialect::Sqlite => self.is_relation(&Schema::beside(&table.name, name)),
            Dialect::Mysql => table.index(name).is_some(),
        }
    }

    /// The canonical name of the relation that carries an index; `None` where the index may exist unseen.
    fn carrier(&mut self, index: &ObjectName, table: Option<&ObjectName>) -> Result<Option<ObjectName>, super::Problem> {
        if let Some(table) = table {
            let canonical = self.reach_table(table)?;
            let Some(found) = self.tables.get(&canonical) else { return Ok(None) };
            if found.index(&index.name).is_none() {
                found.unless_unseen("index", &index.name)?;
                return Ok(None);
            }
            return Ok(Some(canonical));
        }
        let name = self.canonical(index);
        match self.index_tables.get(&name) {
            Some(carrier) => Ok(Some(carrier.clone())),
            None if self.dialect == Dialect::Mysql => Ok(None),
            None => self.unless_unseen(&name, "index", index).map(|()| None),
        }
    }

    pub(super) fn drop_index(&mut self, index: &ObjectName, table: Option<&ObjectName>, if_exists: bool) -> Applied {
        let carrier = match self.carrier(index, table) {
            Ok(carrier) => carrier,
            Err(_) if if_exists => None,
            Err(problem) => return Err(problem),
        };
        let Some(carrier) = carrier else {
            if table.is_none() {
                let name = self.canonical(index);
                self.note_gone(&name);
            }
            return Ok(());
        };
        if let Some(view) = self.views.get_mut(&carrier) {
            Arc::make_mut(view).indexes.retain(|held| held.name.as_ref() != Some(&index.name));
            self.index_tables.remove(&Schema::beside(&carrier, &index.name));
            return Ok(());
        }
        self.remove_index(&carrier, &index.name);
        Ok(())
    }

    /// Takes an index off a table; in MySQL the key that it is goes with it.
    fn remove_index(&mut self, canonical: &ObjectName, name: &Ident) {
        let dialect = self.dialect;
        let Some(table) = self.table_mut(canonical) else { return };
        let Some(position) = table.indexes.iter().position(|held| held.name.as_ref() == Some(name)) else { return };
        if table.indexes[position].backs_constraint {
            if dialect != Dialect::Mysql {
                // Refused by the database: the constraint needs it.
                return;
            }
            let key = |kind: &ConstraintKind| matches!(kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. });
            table.constraints.retain(|held| held.name.as_ref() != Some(name) || !key(&held.kind));
        }
        let index = table.indexes.remove(position);
        let partitions = table.partitions().to_vec();
        self.index_tables.remove(&Schema::beside(canonical, name));
        for partition in partitions {
            let twin = self.tables.get(&partition).and_then(|table| table.indexes.iter().find(|held| held.covers_like(&index)));
            if let Some(name) = twin.and_then(|twin| twin.name.clone()) {
                self.remove_index(&partition, &name);
            }
        }
    }

    pub(super) fn rename_index(&mut self, index: &ObjectName, table: Option<&ObjectName>, to: &Ident) -> Applied {
        let name = self.canonical(index);
        if table.is_none() && self.tables.contains_key(&name) {
            // PostgreSQL lets ALTER INDEX rename any relation.
            return self.rename_table(index, to);
        }
        let Some(carrier) = self.carrier(index, table)? else { return Ok(()) };
        if let Some(found) = self.tables.get(&carrier)
            && self.is_index_name_taken(found, to)
        {
            return taken(found, to);
        }
        if self.dialect != Dialect::Mysql {
            self.index_tables.remove(&Schema::beside(&carrier, &index.name));
            self.index_tables.insert(Schema::beside(&carrier, to), carrier.clone());
        }
        if let Some(view) = self.views.get_mut(&carrier) {
            for held in Arc::make_mut(view).indexes.iter_mut().filter(|held| held.name.as_ref() == Some(&index.name)) {
                held.name = Some(to.clone());
            }
        }
        if let Some(table) = self.table_mut(&carrier) {
            for held in table.indexes.iter_mut().filter(|held| held.name.as_ref() == Some(&index.name)) {
                held.name = Some(to.clone());
                if held.backs_constraint {
                    let owner = table.constraints.iter_mut().find(|constraint| constraint.name.as_ref() == Some(&index.name));
                    if let Some(owner) = owner {
                        owner.name = Some(to.clone());
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn alter_index(&mut self, index: &ObjectName, table: Option<&ObjectName>, change: &IndexChange) -> Applied {
        let carrier = self.carrier(index, table)?;
        match change {
            IndexChange::Attach { child } => {
                self.carrier(child, None)?;
                if let Some(carrier) = carrier {
                    self.attach_index(&carrier, &index.name);
                }
                Ok(())
            }
            IndexChange::Option | IndexChange::SetTablespace | IndexChange::Visibility { visible: _ } => Ok(()),
        }
    }

    /// An index made ON ONLY a partitioned table becomes valid once every partition has its like.
    fn attach_index(&mut self, canonical: &ObjectName, name: &Ident) {
        let Some(table) = self.tables.get(canonical) else { return };
        let Some(index) = table.index(name) else { return };
        let complete = table.partitions().iter().all(|partition| {
            self.tables.get(partition).is_some_and(|partition| partition.indexes.iter().any(|held| held.valid && held.covers_like(index)))
        });
        if let Some(table) = self.table_mut(canonical) {
            for held in table.indexes.iter_mut().filter(|held| held.name.as_ref() == Some(name)) {
                held.valid = complete;
            }
        }
    }

    pub(super) fn reindex(&mut self, target: &ReindexTarget) -> Applied {
        match target {
            ReindexTarget::Index(index) => {
                let Some(carrier) = self.carrier(index, None)? else { return Ok(()) };
                if let Some(table) = self.table_mut(&carrier) {
                    for held in table.indexes.iter_mut().filter(|held| held.name.as_ref() == Some(&index.name)) {
                        held.valid = true;
                    }
                }
                Ok(())
            }
            ReindexTarget::Table(table) => self.expect_relation(table),
            ReindexTarget::Wider => Ok(()),
        }
    }
}

/// The answer to an index name that is in use.
fn taken(table: &Table, name: &Ident) -> Applied {
    table.unless_stale("index", name)
}

impl Index {
    /// The index that a statement asks for.
    pub(super) fn new(create: &CreateIndex, origin: &Origin) -> Index {
        Index {
            name: create.name.clone(),
            keys: create.keys.clone(),
            include: create.include.clone(),
            predicate: create.predicate.clone(),
            unique: create.unique,
            method: create.method.clone(),
            valid: true,
            backs_constraint: false,
            origin: origin.clone(),
        }
    }

    /// Whether both cover the same in the same way, names apart.
    pub(super) fn covers_like(&self, other: &Index) -> bool {
        self.keys == other.keys && self.predicate == other.predicate && self.unique == other.unique && self.method == other.method
    }
}
