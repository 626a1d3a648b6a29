//! User-defined types: enums with the origin of each label, domains, composites.

use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use crate::schema::object::{Label, UserType, UserTypeKind};
use crate::schema::operation::{Drop, TypeChange, TypeDefinition};
use crate::schema::table::{Knowledge, TypeName, Validity};
use crate::schema::{Ident, ObjectName, Origin, Schema};

impl Schema {
    /// The user-defined type that a column's type names, if one is recorded.
    pub fn type_of(&self, ty: &TypeName) -> Option<&UserType> {
        if self.types.is_empty() {
            return None;
        }
        self.types.get(&self.canonical(&ty.object_name())).map(AsRef::as_ref)
    }

    pub(super) fn create_type(&mut self, written: &ObjectName, definition: &TypeDefinition, origin: &Origin) -> Applied {
        let name = self.name_for_new(written);
        if self.types.get(&name).is_some_and(|held| held.knowledge == Knowledge::Known) {
            return Err(exists("type", written));
        }
        let kind = match definition {
            TypeDefinition::Enum(labels) => {
                UserTypeKind::Enum(labels.iter().map(|text| Label { text: text.clone(), origin: origin.clone() }).collect())
            }
            TypeDefinition::Domain { base, not_null, default, checks } => UserTypeKind::Domain {
                base: base.clone(),
                not_null: *not_null,
                default: default.clone(),
                checks: checks
                    .iter()
                    .map(|(check_name, check)| (check_name.clone().or_else(|| Some(domain_check_name(&name, &[]))), check.clone()))
                    .collect(),
            },
            TypeDefinition::Composite => UserTypeKind::Composite,
            TypeDefinition::Other => UserTypeKind::Other,
        };
        self.note_made(&name);
        let made = UserType { name: name.clone(), kind, knowledge: Knowledge::Known, origin: origin.clone() };
        self.types.insert(name, Arc::new(made));
        Ok(())
    }

    pub(super) fn alter_type(&mut self, written: &ObjectName, change: &TypeChange, origin: &Origin) -> Applied {
        let name = self.canonical(written);
        match change {
            TypeChange::Rename(to) => return self.rekey_type(&name, Schema::beside(&name, to), written),
            TypeChange::Move(schema) => {
                let moved = self.moved(&name, schema);
                return self.rekey_type(&name, moved, written);
            }
            TypeChange::AddLabel { .. }
            | TypeChange::RenameLabel { .. }
            | TypeChange::Attribute
            | TypeChange::AddCheck { .. }
            | TypeChange::SetNotNull
            | TypeChange::Relax { .. }
            | TypeChange::Validate(_)
            | TypeChange::Default(_)
            | TypeChange::Other => {}
        }
        let Some(held) = self.types.get_mut(&name) else {
            return if self.extended || self.is_relation(&name) { Ok(()) } else { self.unless_unseen(&name, "type", written) };
        };
        Arc::make_mut(held).change(change, origin)
    }

    fn rekey_type(&mut self, old: &ObjectName, new: ObjectName, written: &ObjectName) -> Applied {
        if self.types.contains_key(&new) && &new != old {
            return Err(exists("type", &new));
        }
        let Some(mut held) = self.types.remove(old) else {
            return if self.extended { Ok(()) } else { self.unless_unseen(old, "type", written) };
        };
        self.note_gone(old);
        self.note_made(&new);
        Arc::make_mut(&mut held).name = new.clone();
        self.types.insert(new.clone(), held);
        for table in self.tables_with_type(old) {
            let path = self.search_path.clone();
            let Some(table) = self.table_mut(&table) else { continue };
            for column in &mut table.columns {
                if path.canonical_type(&column.ty) == *old {
                    column.ty.base = new.to_string();
                }
            }
        }
        Ok(())
    }

    /// The tables with a column of this type.
    pub fn tables_with_type(&self, canonical: &ObjectName) -> Vec<ObjectName> {
        let mut tables: Vec<ObjectName> = self
            .tables_holding(&canonical.name)
            .filter(|table| table.columns.iter().any(|column| self.search_path.canonical_type(&column.ty) == *canonical))
            .map(|table| table.name.clone())
            .collect();
        tables.sort();
        tables
    }

    pub(super) fn drop_type(&mut self, drop: &Drop) -> Applied {
        let name = self.canonical(&drop.name);
        if self.types.remove(&name).is_none() {
            let answer = if drop.if_exists || self.extended { Ok(()) } else { self.unless_unseen(&name, "type", &drop.name) };
            self.note_gone(&name);
            return answer;
        }
        self.note_gone(&name);
        if drop.cascade {
            for table in self.tables_with_type(&name) {
                let path = &self.search_path;
                let Some(found) = self.tables.get(&table) else { continue };
                let columns: Vec<Ident> = found
                    .columns
                    .iter()
                    .filter(|column| path.canonical_type(&column.ty) == name)
                    .map(|column| column.name.clone())
                    .collect();
                for column in columns {
                    self.remove_column(&table, &column, true);
                }
            }
        }
        Ok(())
    }
}

impl UserType {
    fn change(&mut self, change: &TypeChange, origin: &Origin) -> Applied {
        let stale = self.knowledge == Knowledge::Unknown;
        match (change, &mut self.kind) {
            (TypeChange::AddLabel { label, if_not_exists }, UserTypeKind::Enum(labels)) => {
                if labels.iter().any(|held| &held.text == label) {
                    let name = ObjectName { schema: Some(self.name.name.clone()), name: Ident::stored(label) };
                    return if *if_not_exists || stale { Ok(()) } else { Err(exists("enum label", &name)) };
                }
                labels.push(Label { text: label.clone(), origin: origin.clone() });
            }
            (TypeChange::RenameLabel { label, to }, UserTypeKind::Enum(labels)) => {
                for held in labels.iter_mut().filter(|held| &held.text == label) {
                    held.text.clone_from(to);
                }
            }
            (TypeChange::AddCheck { name, check, validity: Validity::Valid | Validity::NotValid }, UserTypeKind::Domain { checks, .. }) => {
                let name = name.clone().unwrap_or_else(|| domain_check_name(&self.name, checks));
                checks.push((Some(name), check.clone()));
            }
            (TypeChange::SetNotNull, UserTypeKind::Domain { not_null, .. }) => *not_null = true,
            (TypeChange::Relax { constraint: None }, UserTypeKind::Domain { not_null, .. }) => *not_null = false,
            (TypeChange::Relax { constraint: Some(name) }, UserTypeKind::Domain { checks, .. }) => {
                checks.retain(|(held, _)| held.as_ref() != Some(name));
            }
            (TypeChange::Default(new), UserTypeKind::Domain { default, .. }) => default.clone_from(new),
            // The rest changes nothing that is recorded, or is refused by the database for this kind of type.
            (
                TypeChange::AddLabel { .. }
                | TypeChange::RenameLabel { .. }
                | TypeChange::Attribute
                | TypeChange::Rename(_)
                | TypeChange::Move(_)
                | TypeChange::AddCheck { .. }
                | TypeChange::SetNotNull
                | TypeChange::Relax { .. }
                | TypeChange::Validate(_)
                | TypeChange::Default(_)
                | TypeChange::Other,
                _,
            ) => {}
        }
        Ok(())
    }
}

/// PostgreSQL: `domain_check`, with a number where that is taken.
fn domain_check_name(domain: &ObjectName, checks: &[(Option<Ident>, crate::schema::Expression)]) -> Ident {
    let taken = |name: &Ident| checks.iter().any(|(held, _)| held.as_ref() == Some(name));
    let first = Ident::stored(&format!("{}_check", domain.name));
    let numbered = (1u32..).map(|number| Ident::stored(&format!("{}_check{number}", domain.name)));
    std::iter::once(first.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(first)
}

impl TypeName {
    /// The type's name as that of an object: `schema.name` taken apart.
    pub fn object_name(&self) -> ObjectName {
        match self.base.split_once('.') {
            Some((schema, name)) => ObjectName { schema: Some(Ident::stored(schema)), name: Ident::stored(name) },
            None => ObjectName::bare(Ident::stored(&self.base)),
        }
    }
}
