//! Triggers, types, privileges and policies → touches.

use super::access::Access;
use super::constraint::named;
use super::rows::idents;
use super::touch::{Object, Part, Sink};
use crate::schema::operation::{AccessChange, CreateTrigger, TypeChange};
use crate::schema::{Dialect, Ident, ObjectName};

impl Sink<'_> {
    pub(super) fn create_trigger(&mut self, create: &CreateTrigger) {
        self.relation(&create.table, Access::Uses);
        let access = if create.or_replace { Access::Alters } else { Access::Creates };
        self.trigger(&create.name, Some(&create.table), access);
        if let Some(function) = &create.function {
            self.routine(function, Access::Uses);
        }
        self.wide(&create.table, Access::Uses, Some(idents(&create.uses)));
        self.mentions(&create.uses);
    }

    /// A trigger by its name: PostgreSQL names triggers within a table, the others beside tables.
    pub(super) fn trigger(&mut self, trigger: &ObjectName, table: Option<&ObjectName>, access: Access) {
        match (self.dialect(), table) {
            (Dialect::Postgres, Some(table)) => {
                self.relation(table, Access::Uses);
                self.table_part(table, named(&trigger.name), access);
            }
            (Dialect::Sqlite | Dialect::Mysql, _) | (Dialect::Postgres, None) => {
                self.object(Object::Trigger(trigger.clone()), access);
            }
        }
    }

    pub(super) fn alter_type(&mut self, name: &ObjectName, change: &TypeChange) {
        match change {
            TypeChange::AddLabel { label, .. } => {
                self.user_type(name, Access::Uses);
                self.label(name, label, Access::Creates);
            }
            TypeChange::RenameLabel { label, to } => {
                self.user_type(name, Access::Uses);
                self.label(name, label, Access::Removes);
                self.label(name, to, Access::Creates);
            }
            TypeChange::Rename(to) => {
                self.user_type(name, Access::Removes);
                self.user_type(&ObjectName { schema: name.schema.clone(), name: to.clone() }, Access::Creates);
            }
            TypeChange::Move(schema) => {
                self.user_type(name, Access::Removes);
                self.user_type(&ObjectName { schema: Some(schema.clone()), name: name.name.clone() }, Access::Creates);
            }
            TypeChange::Attribute
            | TypeChange::AddCheck { .. }
            | TypeChange::SetNotNull
            | TypeChange::Relax { .. }
            | TypeChange::Validate(_)
            | TypeChange::Default(_)
            | TypeChange::Other => self.user_type(name, Access::Alters),
        }
    }

    fn label(&mut self, name: &ObjectName, label: &str, access: Access) {
        let object = Object::Type(self.schema.canonical(name));
        self.part(object, Part::Named(label.to_owned()), access);
    }

    pub(super) fn access(&mut self, change: &AccessChange) {
        match change {
            AccessChange::Grant { on } => on.iter().for_each(|name| {
                self.relation(name, Access::Uses);
                self.table_part(name, Part::Access, Access::Ensures);
            }),
            AccessChange::Revoke { on } => on.iter().for_each(|name| {
                self.relation(name, Access::Uses);
                self.table_part(name, Part::Access, Access::Withdraws);
            }),
            AccessChange::RowSecurity { table, .. } => {
                self.relation(table, Access::Uses);
                self.table_part(table, Part::Options, Access::Alters);
            }
            AccessChange::CreatePolicy { name, table, .. } => self.policy(name, table, Access::Creates),
            AccessChange::AlterPolicy { name, table, .. } => self.policy(name, table, Access::Alters),
            AccessChange::DropPolicy { name, table, .. } => {
                self.relation(table, Access::Uses);
                self.table_part(table, named(name), Access::Removes);
            }
            AccessChange::Owner { of } => {
                if let Some(of) = of {
                    self.relation(of, Access::Uses);
                    self.table_part(of, Part::Options, Access::Alters);
                }
            }
            AccessChange::DefaultPrivileges | AccessChange::Role { .. } => {}
        }
    }

    /// The condition of a policy may name any column.
    fn policy(&mut self, name: &Ident, table: &ObjectName, access: Access) {
        self.relation(table, Access::Uses);
        self.table_part(table, named(name), access);
        self.wide(table, Access::Uses, None);
    }
}
