//! Row security and its policies; privileges and owners are not followed.

use super::Applied;
use crate::schema::operation::{AccessChange, PolicyChange};
use crate::schema::table::Policy;
use crate::schema::{Origin, Schema};

impl Schema {
    pub(super) fn change_access(&mut self, change: &AccessChange, origin: &Origin) -> Applied {
        match change {
            AccessChange::RowSecurity { table, enabled, forced } => {
                self.expect_relation(table)?;
                if !forced {
                    self.reach_table_mut(table)?.row_security = *enabled;
                }
                Ok(())
            }
            AccessChange::CreatePolicy { name, table, terms } => {
                let table = self.reach_table_mut(table)?;
                if table.policies.iter().any(|held| &held.name == name) {
                    return table.unless_stale("policy", name);
                }
                table.policies.push(Policy {
                    name: name.clone(),
                    restrictive: terms.restrictive,
                    open: terms.open,
                    uses: terms.uses.clone(),
                    origin: origin.clone(),
                });
                Ok(())
            }
            AccessChange::AlterPolicy { name, table, change } => {
                let table = self.reach_table_mut(table)?;
                let Some(held) = table.policies.iter_mut().find(|held| &held.name == name) else {
                    return table.unless_unseen("policy", name);
                };
                match change {
                    PolicyChange::Rename(to) => held.name = to.clone(),
                    PolicyChange::Terms { uses } => {
                        held.open = false;
                        held.uses.extend(uses.iter().cloned());
                    }
                }
                Ok(())
            }
            AccessChange::DropPolicy { name, table, if_exists } => {
                if *if_exists && self.table(table).is_absent() {
                    return Ok(());
                }
                let table = self.reach_table_mut(table)?;
                let Some(place) = table.policies.iter().position(|held| &held.name == name) else {
                    return if *if_exists { Ok(()) } else { table.unless_unseen("policy", name) };
                };
                table.policies.remove(place);
                Ok(())
            }
            AccessChange::Grant { .. }
            | AccessChange::Revoke { .. }
            | AccessChange::DefaultPrivileges
            | AccessChange::Owner { .. }
            | AccessChange::Role { .. } => Ok(()),
        }
    }
}
