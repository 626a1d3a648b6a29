//! Constraints: adding, validating, renaming, dropping, and the indexes and NOT NULLs that come with them.

use super::reach::exists;
use super::{Applied, Problem};
use crate::schema::operation::{AddConstraint, NewConstraint};
use crate::schema::table::{Constraint, ConstraintKind, ForeignKey, Index, IndexKey, Validity};
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

/// What became of a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placed {
    /// It stands there now.
    Now,
    /// Something that is not known in full has its place.
    Already,
}

impl Schema {
    pub(super) fn add_constraint(&mut self, add: &AddConstraint, origin: &Origin) -> Applied {
        let table = self.reach_table(&add.table)?;
        if let (true, Some(name)) = (add.if_not_exists, &add.constraint.name)
            && self.tables.get(&table).is_some_and(|table| table.constraint(name).is_some())
        {
            return Ok(());
        }
        match &add.using_index {
            Some(index) => self.adopt_index(&table, index, &add.constraint, origin),
            None if add.only && add.constraint.kind.has_index() && self.has_descendants(&table) => {
                self.place_alone(&table, &add.constraint, origin)?;
                let index = self.table_mut(&table).and_then(|table| table.indexes.last_mut());
                index.into_iter().for_each(|index| index.valid = false);
                Ok(())
            }
            None => self.place_written(&table, &add.constraint, origin),
        }
    }

    /// Puts a constraint as a statement defines it on a recorded table.
    pub(super) fn place_written(&mut self, canonical: &ObjectName, written: &NewConstraint, origin: &Origin) -> Applied {
        match &written.kind {
            ConstraintKind::ForeignKey(key) => {
                let references = self.canonical(&key.references);
                let kind = ConstraintKind::ForeignKey(ForeignKey { references, ..key.clone() });
                self.place_constraint(canonical, &NewConstraint { kind, ..written.clone() }, origin)
            }
            ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => self.place_constraint(canonical, written, origin),
        }
    }

    /// Puts a constraint with canonical names inside on a recorded table, with everything that the database makes beside it.
    pub(super) fn place_constraint(&mut self, canonical: &ObjectName, new: &NewConstraint, origin: &Origin) -> Applied {
        let placed = self.place_alone(canonical, new, origin)?;
        if placed == Placed::Now {
            self.hand_down_constraint(canonical, new, origin);
        }
        Ok(())
    }

    /// The same, without what lies below.
    fn place_alone(&mut self, canonical: &ObjectName, new: &NewConstraint, origin: &Origin) -> Result<Placed, Problem> {
        let kind = new.kind.clone();
        let Some(table) = self.tables.get(canonical) else { return Ok(Placed::Already) };
        if let Some(name) = &new.name
            && table.constraint(name).is_some()
        {
            return table.unless_stale("constraint", name).map(|()| Placed::Already);
        }
        for column in own_columns(&kind) {
            if table.column(column).is_none() {
                table.unless_unseen("column", column)?;
            }
        }
        if matches!(kind, ConstraintKind::PrimaryKey(_)) && !table.primary_key().is_empty() {
            return table.unless_stale("primary key", &table.name.name).map(|()| Placed::Already);
        }
        let name = new.name.clone().or_else(|| self.constraint_name(table, &kind));
        let index_name = match &kind {
            ConstraintKind::ForeignKey(key) if new.name.is_none() => {
                self.index_name(canonical, &key.columns.iter().cloned().map(IndexKey::Column).collect::<Vec<_>>())
            }
            ConstraintKind::ForeignKey(_)
            | ConstraintKind::PrimaryKey(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::NotNull(_)
            | ConstraintKind::Exclusion { .. } => name.clone(),
        };
        let backing = self.backing_index(canonical, index_name.as_ref(), &kind, origin);
        if let (Dialect::Postgres, Some(name), Some(_)) = (self.dialect, &name, &backing)
            && self.is_relation(&Schema::beside(canonical, name))
        {
            return Err(exists("index", &Schema::beside(canonical, name)));
        }
        if let ConstraintKind::ForeignKey(key) = &kind {
            if self.dialect == Dialect::Postgres {
                // SQLite never looks, MySQL not while foreign_key_checks is off.
                self.expect_relation(&key.references)?;
            }
            self.referencing.add(&key.references, canonical);
        }
        let constraint = Constraint { name, kind, validity: new.validity, origin: origin.clone() };
        self.demand_not_null(canonical, &constraint);
        if let Some(table) = self.table_mut(canonical) {
            table.constraints.push(constraint);
        }
        if let Some(index) = backing {
            self.place_index(canonical, index);
        }
        Ok(Placed::Now)
    }

    /// ADD CONSTRAINT … USING INDEX: the index takes the constraint's name, the constraint the index's columns.
    fn adopt_index(&mut self, canonical: &ObjectName, index: &Ident, new: &NewConstraint, origin: &Origin) -> Applied {
        let Some(table) = self.tables.get(canonical) else { return Ok(()) };
        let Some(position) = table.indexes.iter().position(|held| held.name.as_ref() == Some(index)) else {
            table.unless_unseen("index", index)?;
            return self.place_constraint(canonical, new, origin);
        };
        let columns: Vec<Ident> = table.indexes[position]
            .keys
            .iter()
            .filter_map(|key| match key {
                IndexKey::Column(name) => Some(name.clone()),
                IndexKey::Expression(_) => None,
            })
            .collect();
        let kind = match &new.kind {
            ConstraintKind::PrimaryKey(_) => ConstraintKind::PrimaryKey(columns),
            ConstraintKind::Unique { nulls_not_distinct, .. } => {
                ConstraintKind::Unique { columns, nulls_not_distinct: *nulls_not_distinct }
            }
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => {
                new.kind.clone()
            }
        };
        let name = new.name.clone().unwrap_or_else(|| index.clone());
        if &name != index {
            if table.constraint(&name).is_some() || self.is_relation(&Schema::beside(canonical, &name)) {
                return Err(exists("constraint", &Schema::beside(canonical, &name)));
            }
            self.index_tables.remove(&Schema::beside(canonical, index));
            self.index_tables.insert(Schema::beside(canonical, &name), canonical.clone());
        }
        let constraint = Constraint { name: Some(name.clone()), kind, validity: new.validity, origin: origin.clone() };
        self.demand_not_null(canonical, &constraint);
        if let Some(table) = self.table_mut(canonical) {
            table.indexes[position].name = Some(name);
            table.indexes[position].backs_constraint = true;
            table.constraints.push(constraint);
        }
        Ok(())
    }

    /// What a primary key or a NOT NULL constraint makes of its columns.
    fn demand_not_null(&mut self, canonical: &ObjectName, constraint: &Constraint) {
        let columns: &[Ident] = match &constraint.kind {
            // SQLite lets NULL into primary keys, but for INTEGER PRIMARY KEY, which never stores one.
            ConstraintKind::PrimaryKey(_) if self.dialect == Dialect::Sqlite => &[],
            ConstraintKind::PrimaryKey(columns) => columns,
            ConstraintKind::NotNull(column) if constraint.validity == Validity::Valid => std::slice::from_ref(column),
            ConstraintKind::NotNull(_)
            | ConstraintKind::Unique { .. }
            | ConstraintKind::Check(_)
            | ConstraintKind::ForeignKey(_)
            | ConstraintKind::Exclusion { .. } => &[],
        };
        if columns.is_empty() {
            return;
        }
        if let Some(table) = self.table_mut(canonical) {
            for column in table.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                column.not_null = true;
            }
        }
    }

    /// The index that the database makes for a constraint.
    fn backing_index(&self, canonical: &ObjectName, name: Option<&Ident>, kind: &ConstraintKind, origin: &Origin) -> Option<Index> {
        let (columns, unique, method, backs_constraint) = match kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => (columns, true, "btree", true),
            ConstraintKind::Exclusion { columns } => (columns, false, "gist", true),
            ConstraintKind::ForeignKey(key) if self.dialect == Dialect::Mysql => {
                if self.tables.get(canonical)?.indexes.iter().any(|index| index.leads_with(&key.columns)) {
                    return None;
                }
                (&key.columns, false, "btree", false)
            }
            ConstraintKind::ForeignKey(_) | ConstraintKind::Check(_) | ConstraintKind::NotNull(_) => return None,
        };
        Some(Index {
            name: name.cloned(),
            keys: columns.iter().cloned().map(IndexKey::Column).collect(),
            include: Vec::new(),
            predicate: None,
            unique,
            method: method.to_owned(),
            valid: true,
            backs_constraint,
            origin: origin.clone(),
        })
    }

    pub(super) fn validate_constraint(&mut self, table: &ObjectName, name: &Ident) -> Applied {
        let canonical = self.reach_table(table)?;
        let Some(table) = self.table_mut(&canonical) else { return Ok(()) };
        let Some(held) = table.constraints.iter_mut().find(|constraint| constraint.name.as_ref() == Some(name)) else {
            return table.unless_unseen("constraint", name);
        };
        if held.validity == Validity::NotValid {
            held.validity = Validity::Valid;
        }
        let held = held.clone();
        self.demand_not_null(&canonical, &held);
        Ok(())
    }

    pub(super) fn alter_constraint(&mut self, table: &ObjectName, name: &Ident, enforced: Option<bool>) -> Applied {
        let table = self.reach_table_mut(table)?;
        let Some(held) = table.constraints.iter_mut().find(|constraint| constraint.name.as_ref() == Some(name)) else {
            return table.unless_unseen("constraint", name);
        };
        match enforced {
            Some(false) => held.validity = Validity::NotEnforced,
            Some(true) if held.validity == Validity::NotEnforced => held.validity = Validity::Valid,
            Some(true) | None => {}
        }
        Ok(())
    }

    pub(super) fn rename_constraint(&mut self, table: &ObjectName, name: &Ident, to: &Ident) -> Applied {
        let canonical = self.reach_table(table)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if table.constraint(name).is_none() {
            return table.unless_unseen("constraint", name);
        }
        if table.constraint(to).is_some() {
            return table.unless_stale("constraint", to);
        }
        if self.index_tables.remove(&Schema::beside(&canonical, name)).is_some() {
            self.index_tables.insert(Schema::beside(&canonical, to), canonical.clone());
        }
        if let Some(table) = self.table_mut(&canonical) {
            for held in table.constraints.iter_mut().filter(|constraint| constraint.name.as_ref() == Some(name)) {
                held.name = Some(to.clone());
            }
            for index in table.indexes.iter_mut().filter(|index| index.backs_constraint && index.name.as_ref() == Some(name)) {
                index.name = Some(to.clone());
            }
        }
        Ok(())
    }
}

/// The columns of its own table that a constraint names and that must therefore exist.
pub(super) fn own_columns(kind: &ConstraintKind) -> &[Ident] {
    match kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => columns,
        ConstraintKind::NotNull(column) => std::slice::from_ref(column),
        ConstraintKind::ForeignKey(key) => &key.columns,
        // What an expression names may be something else than a column.
        ConstraintKind::Check(_) | ConstraintKind::Exclusion { .. } => &[],
    }
}

impl Index {
    /// Whether its first keys are these columns, in any order.
    pub fn leads_with(&self, columns: &[Ident]) -> bool {
        let lead = self.keys.get(..columns.len()).unwrap_or_default();
        lead.len() == columns.len()
            && lead.iter().all(|key| match key {
                IndexKey::Column(name) => columns.contains(name),
                IndexKey::Expression(_) => false,
            })
    }
}
