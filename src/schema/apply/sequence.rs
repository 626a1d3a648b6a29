//! Sequences, those that a column owns among them.

use std::sync::Arc;

use super::reach::{exists, missing};
use super::{Applied, Problem};
use crate::schema::object::Sequence;
use crate::schema::operation::{Drop, SequenceChange};
use crate::schema::{Ident, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_sequence(
        &mut self,
        written: &ObjectName,
        owned_by: Option<&(ObjectName, Ident)>,
        if_not_exists: bool,
        temporary: bool,
        origin: &Origin,
    ) -> Applied {
        let name = if temporary { self.name_for_temporary(written) } else { self.name_for_new(written) };
        if self.is_relation(&name) {
            return if if_not_exists { Ok(()) } else { Err(exists("sequence", written)) };
        }
        let owner = self.reach_owner(owned_by)?;
        let unseen = if_not_exists && self.may_exist_unseen(&name);
        self.note_made(&name);
        let origin = if unseen { Origin::unseen() } else { origin.clone() };
        self.sequences.insert(name.clone(), Arc::new(Sequence { name: name.clone(), owned_by: None, origin }));
        self.own_sequence(&name, owner);
        Ok(())
    }

    /// The sequence that PostgreSQL makes for a serial or identity column.
    pub(super) fn make_owned_sequence(&mut self, table: &ObjectName, column: &Ident, origin: &Origin) {
        let name = self.sequence_name(table, column);
        self.note_made(&name);
        let owned_by = Some((table.clone(), column.clone()));
        self.owned_sequences.add(table, &name);
        self.sequences.insert(name.clone(), Arc::new(Sequence { name, owned_by, origin: origin.clone() }));
    }

    /// A dropped column takes its sequences along.
    pub(super) fn drop_owned_sequences(&mut self, table: &ObjectName, column: &Ident) {
        for sequence in self.owned_sequences.copied(table) {
            let owner = self.sequences.get(&sequence).and_then(|sequence| sequence.owned_by.as_ref());
            if owner.is_some_and(|(_, owner)| owner == column) {
                self.remove_sequence(&sequence);
            }
        }
    }

    fn remove_sequence(&mut self, name: &ObjectName) {
        self.own_sequence(name, None);
        self.sequences.remove(name);
        self.note_gone(name);
    }

    /// OWNED BY with the canonical name of the table.
    fn reach_owner(&mut self, written: Option<&(ObjectName, Ident)>) -> Result<Option<(ObjectName, Ident)>, Problem> {
        let Some((table, column)) = written else { return Ok(None) };
        let canonical = self.reach_table(table)?;
        match self.tables.get(&canonical) {
            Some(table) if table.column(column).is_none() => table.unless_unseen("column", column)?,
            Some(_) | None => {}
        }
        Ok(Some((canonical, column.clone())))
    }

    fn own_sequence(&mut self, name: &ObjectName, owner: Option<(ObjectName, Ident)>) {
        let Some(sequence) = self.sequences.get_mut(name) else { return };
        let before = std::mem::replace(&mut Arc::make_mut(sequence).owned_by, owner.clone());
        if let Some((table, _)) = before {
            self.owned_sequences.remove(&table, name);
        }
        if let Some((table, _)) = owner {
            self.owned_sequences.add(&table, name);
        }
    }

    pub(super) fn alter_sequence(&mut self, written: &ObjectName, change: &SequenceChange) -> Applied {
        let name = self.canonical(written);
        if !self.sequences.contains_key(&name) {
            return self.unless_unseen(&name, "sequence", written);
        }
        match change {
            SequenceChange::OwnedBy(owner) => {
                let owner = self.reach_owner(owner.as_ref())?;
                self.own_sequence(&name, owner);
            }
            SequenceChange::Rename(to) => return self.rename_sequence(&name, Schema::beside(&name, to)),
            SequenceChange::Move(schema) => {
                let moved = self.moved(&name, schema);
                return self.rename_sequence(&name, moved);
            }
            SequenceChange::Restart | SequenceChange::Option => {}
        }
        Ok(())
    }

    fn rename_sequence(&mut self, old: &ObjectName, new: ObjectName) -> Applied {
        if &new != old && self.is_relation(&new) {
            return Err(exists("sequence", &new));
        }
        self.rekey_sequence(old, &new);
        Ok(())
    }

    pub(super) fn rekey_sequence(&mut self, old: &ObjectName, new: &ObjectName) {
        let Some(mut sequence) = self.sequences.remove(old) else { return };
        self.note_gone(old);
        self.note_made(new);
        Arc::make_mut(&mut sequence).name = new.clone();
        if let Some((table, _)) = &sequence.owned_by {
            self.owned_sequences.remove(table, old);
            self.owned_sequences.add(table, new);
        }
        self.sequences.insert(new.clone(), sequence);
    }

    pub(super) fn drop_sequence(&mut self, drop: &Drop) -> Applied {
        let name = self.canonical(&drop.name);
        if self.sequences.contains_key(&name) {
            self.remove_sequence(&name);
            return Ok(());
        }
        if drop.if_exists || self.may_exist_unseen(&name) {
            self.note_gone(&name);
            return Ok(());
        }
        Err(missing("sequence", &drop.name))
    }
}
