//! What a statement does by the routines that it calls: their bodies, as far as they were read.

use super::operation::Block;
use super::{ObjectName, Operation, Schema};

/// Routines that call routines: nobody writes more of that into a migration.
const DEEPEST: usize = 4;

impl Schema {
    /// The operations of the routines that an operation calls, in their order, each with the routine that holds it.
    pub fn called_by(&self, operation: &Operation) -> Vec<(ObjectName, Operation)> {
        let mut found = Vec::new();
        self.gather(operation, DEEPEST, &mut found);
        found
    }

    fn gather(&self, operation: &Operation, depth: usize, found: &mut Vec<(ObjectName, Operation)>) {
        let called: &[ObjectName] = match operation {
            Operation::Query { functions, .. } => functions,
            Operation::Block(Block { calls: Some(routine), .. }) => std::slice::from_ref(routine),
            _ => return,
        };
        if called.is_empty() || self.routines.is_empty() || depth == 0 {
            return;
        }
        for routine in called.iter().filter_map(|name| self.routines.get(&self.canonical(name))) {
            for inner in &routine.does {
                self.gather(inner, depth - 1, found);
                if !matches!(inner, Operation::Query { .. }) {
                    found.push((routine.name.clone(), inner.clone()));
                }
            }
        }
    }
}
