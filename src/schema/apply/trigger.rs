//! Triggers. PostgreSQL names them per table, SQLite and MySQL per schema.

use super::Applied;
use super::reach::exists;
use crate::schema::operation::CreateTrigger;
use crate::schema::table::Trigger;
use crate::schema::{Dialect, Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_trigger(&mut self, create: &CreateTrigger, origin: &Origin) -> Applied {
        let relation = self.canonical(&create.table);
        if create.instead_of || self.views.contains_key(&relation) {
            return self.expect_relation(&create.table);
        }
        let canonical = self.reach_table(&create.table)?;
        let name = &create.name.name;
        let held = self.tables.get(&canonical).and_then(|table| table.triggers.iter().find(|held| &held.name == name)).cloned();
        let elsewhere = self.dialect != Dialect::Postgres && self.trigger_tables.contains_key(&Schema::beside(&canonical, name));
        if held.is_some() || elsewhere {
            if create.if_not_exists {
                return Ok(());
            }
            if !create.or_replace {
                return match self.tables.get(&canonical) {
                    Some(table) if held.is_some() => table.unless_stale("trigger", name),
                    Some(_) | None => Err(exists("trigger", &create.name)),
                };
            }
        }
        if let Some(held) = &held {
            self.forget_trigger(&canonical, held);
        }
        let trigger = Trigger {
            name: name.clone(),
            function: create.function.as_ref().map(|function| self.canonical(function)),
            uses: create.uses.clone(),
            enabled: true,
            origin: origin.clone(),
        };
        self.link_trigger(&canonical, &trigger);
        if let Some(table) = self.table_mut(&canonical) {
            table.triggers.retain(|held| &held.name != name);
            table.triggers.push(trigger);
        }
        Ok(())
    }

    pub(super) fn drop_trigger(&mut self, trigger: &ObjectName, table: Option<&ObjectName>, if_exists: bool) -> Applied {
        let canonical = match table {
            Some(table) => {
                let relation = self.canonical(table);
                if self.views.contains_key(&relation) || (if_exists && !self.tables.contains_key(&relation)) {
                    return Ok(());
                }
                self.reach_table(table)?
            }
            None => {
                let name = self.canonical(trigger);
                match self.trigger_tables.get(&name) {
                    Some(table) => table.clone(),
                    // A trigger of a view is not followed.
                    None if if_exists || !self.views.is_empty() => return Ok(()),
                    None => return self.unless_unseen(&name, "trigger", trigger),
                }
            }
        };
        let Some(found) = self.tables.get(&canonical) else { return Ok(()) };
        let Some(held) = found.triggers.iter().find(|held| held.name == trigger.name).cloned() else {
            return if if_exists { Ok(()) } else { found.unless_unseen("trigger", &trigger.name) };
        };
        self.forget_trigger(&canonical, &held);
        if let Some(table) = self.table_mut(&canonical) {
            table.triggers.retain(|other| other.name != held.name);
        }
        Ok(())
    }

    pub(super) fn rename_trigger(&mut self, trigger: &Ident, table: &ObjectName, to: &Ident) -> Applied {
        let table = self.reach_table_mut(table)?;
        if table.triggers.iter().any(|held| &held.name == to) {
            return table.unless_stale("trigger", to);
        }
        match table.triggers.iter_mut().find(|held| &held.name == trigger) {
            Some(held) => {
                held.name = to.clone();
                Ok(())
            }
            None => table.unless_unseen("trigger", trigger),
        }
    }

    /// ENABLE / DISABLE TRIGGER; without a name, all of them.
    pub(super) fn switch_triggers(&mut self, canonical: &ObjectName, name: Option<&Ident>, enabled: bool) -> Applied {
        let Some(table) = self.table_mut(canonical) else { return Ok(()) };
        let mut found = false;
        for held in table.triggers.iter_mut().filter(|held| name.is_none_or(|name| &held.name == name)) {
            held.enabled = enabled;
            found = true;
        }
        match name {
            Some(name) if !found => table.unless_unseen("trigger", name),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn link_trigger(&mut self, canonical: &ObjectName, trigger: &Trigger) {
        for word in &trigger.uses {
            self.trigger_mentions.add(word, canonical);
        }
        if self.dialect != Dialect::Postgres {
            self.trigger_tables.insert(Schema::beside(canonical, &trigger.name), canonical.clone());
        }
    }

    /// Forgets where a trigger is and, where no other trigger of the table holds them, its words.
    pub(super) fn forget_trigger(&mut self, canonical: &ObjectName, trigger: &Trigger) {
        let others = self.tables.get(canonical).map(|table| table.triggers.as_slice()).unwrap_or_default();
        for word in &trigger.uses {
            if !others.iter().any(|other| other.name != trigger.name && other.uses.contains(word)) {
                self.trigger_mentions.remove(word, canonical);
            }
        }
        if self.dialect != Dialect::Postgres {
            self.trigger_tables.remove(&Schema::beside(canonical, &trigger.name));
        }
    }
}
