//! Functions and procedures. Overloads share one entry.

use std::sync::Arc;

use super::Applied;
use super::reach::exists;
use crate::schema::object::{Overload, Routine};
use crate::schema::operation::{CreateRoutine, Drop, ObjectChange};
use crate::schema::{Dialect, ObjectName, Origin, Schema};

impl Schema {
    pub(super) fn create_routine(&mut self, create: &CreateRoutine, origin: &Origin) -> Applied {
        let name = self.name_for_new(&create.name);
        let made = Overload {
            arguments: create.arguments.clone(),
            defaults: create.defaults,
            returns: create.returns.clone(),
            origin: origin.clone(),
        };
        let Some(existing) = self.routines.get(&name) else {
            let routine = Routine {
                name: name.clone(),
                overloads: vec![made],
                volatility: create.volatility,
                uses: create.uses.clone(),
                does: create.does.clone(),
                dynamic: create.dynamic,
                origin: origin.clone(),
            };
            self.note_made(&name);
            self.link_routine(&routine);
            self.routines.insert(name, Arc::new(routine));
            return Ok(());
        };
        let place = existing.overloads.iter().position(|held| held.arguments == create.arguments);
        // SQLite has no routines; MySQL has no overloads.
        if (place.is_some() || self.dialect != Dialect::Postgres) && !create.or_replace {
            return if self.poisoned.contains_key(&name) { Ok(()) } else { Err(exists("routine", &create.name)) };
        }
        let mut routine = existing.as_ref().clone();
        if (place.is_some() && existing.overloads.len() == 1) || self.dialect != Dialect::Postgres {
            routine.uses.clone_from(&create.uses);
            routine.does.clone_from(&create.does);
            routine.dynamic = create.dynamic;
            routine.volatility = create.volatility;
        } else {
            routine.uses.extend(create.uses.iter().filter(|word| !existing.uses.contains(word)).cloned());
            routine.does.extend(create.does.iter().cloned());
            routine.dynamic |= create.dynamic;
            routine.volatility = routine.volatility.max(create.volatility);
        }
        match place.or((self.dialect != Dialect::Postgres).then_some(0)).and_then(|place| routine.overloads.get_mut(place)) {
            // Replaced, it stays the one that callers know.
            Some(held) => *held = Overload { origin: held.origin.clone(), ..made },
            None => routine.overloads.push(made),
        }
        self.unlink_routine(&name);
        self.link_routine(&routine);
        self.routines.insert(name, Arc::new(routine));
        Ok(())
    }

    pub(super) fn drop_routine(&mut self, drop: &Drop, arguments: Option<&str>) -> Applied {
        let name = self.canonical(&drop.name);
        let Some(routine) = self.routines.get_mut(&name) else {
            if drop.if_exists || self.extended {
                self.note_gone(&name);
                return Ok(());
            }
            let answer = self.unless_unseen(&name, "routine", &drop.name);
            self.note_gone(&name);
            return answer;
        };
        if routine.overloads.len() > 1 {
            // The words of its body stay: what is recorded is a superset.
            let place = routine.overloads.iter().position(|held| arguments.is_some_and(|arguments| held.arguments == arguments));
            match place {
                Some(place) => drop_at(Arc::make_mut(routine), place),
                // Types may be written in ways that are not told apart here.
                None if !drop.if_exists => drop_at(Arc::make_mut(routine), 0),
                None => {}
            }
            return Ok(());
        }
        let other = routine.overloads.iter().any(|held| arguments.is_some_and(|arguments| held.arguments != arguments));
        if other && drop.if_exists && self.dialect == Dialect::Postgres {
            return Ok(());
        }
        self.unlink_routine(&name);
        self.routines.remove(&name);
        self.note_gone(&name);
        Ok(())
    }

    pub(super) fn alter_routine(&mut self, written: &ObjectName, change: &ObjectChange) -> Applied {
        let name = self.canonical(written);
        if !self.routines.contains_key(&name) {
            return if self.extended { Ok(()) } else { self.unless_unseen(&name, "routine", written) };
        }
        let new = match change {
            ObjectChange::Rename(to) => Schema::beside(&name, to),
            ObjectChange::Move(schema) => self.moved(&name, schema),
            ObjectChange::RenameColumn { .. } | ObjectChange::Option => return Ok(()),
        };
        self.unlink_routine(&name);
        let Some(mut routine) = self.routines.remove(&name) else { return Ok(()) };
        self.note_gone(&name);
        self.note_made(&new);
        Arc::make_mut(&mut routine).name = new.clone();
        self.link_routine(&routine);
        self.routines.insert(new, routine);
        Ok(())
    }

    fn link_routine(&mut self, routine: &Routine) {
        for word in &routine.uses {
            self.mentions.add(word, &routine.name);
        }
    }

    /// Forgets which words a routine holds.
    pub(super) fn unlink_routine(&mut self, name: &ObjectName) {
        let Some(routine) = self.routines.get(name) else { return };
        for word in &routine.uses {
            self.mentions.remove(word, name);
        }
    }
}

fn drop_at(routine: &mut Routine, place: usize) {
    routine.overloads.remove(place);
}
