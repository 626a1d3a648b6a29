//! What could not be read: replay stops trusting what the statement names, and nothing else.

use std::sync::Arc;

use crate::schema::Schema;
use crate::schema::operation::{Block, Opaque};
use crate::schema::table::Knowledge;

impl Schema {
    /// Marks everything that an unreadable statement names.
    pub(super) fn poison(&mut self, opaque: &Opaque) {
        for written in &opaque.names {
            let name = self.canonical(written);
            let carrier = self.index_tables.get(&name).cloned().unwrap_or_else(|| name.clone());
            let mut recorded = false;
            if let Some(table) = self.table_mut(&carrier) {
                table.knowledge = Knowledge::Unknown;
                recorded = true;
            }
            if let Some(view) = self.views.get_mut(&carrier) {
                Arc::make_mut(view).knowledge = Knowledge::Unknown;
                recorded = true;
            }
            if let Some(user_type) = self.types.get_mut(&name) {
                Arc::make_mut(user_type).knowledge = Knowledge::Unknown;
                recorded = true;
            }
            if !recorded || carrier != name {
                self.poisoned.insert(name, ());
            }
        }
    }

    /// Statements built at run time can make or drop anything: from here on absence proves nothing.
    pub(super) fn note_block(&mut self, block: &Block) {
        let readable = |name| self.routine(name).known().is_some_and(|routine| !routine.dynamic);
        if block.dynamic || block.calls.as_ref().is_some_and(|name| !readable(name)) {
            self.history = Knowledge::Unknown;
        }
    }
}
