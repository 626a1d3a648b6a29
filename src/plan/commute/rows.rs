//! Statements that read and change rows → touches; views, whose queries read as well.

use std::collections::HashSet;
use std::sync::Arc;

use super::access::Access;
use super::foresee::{constraint_columns, index_columns};
use super::touch::{Part, Sink};
use crate::schema::operation::{ChangeData, CreateView, DataKind, ViewColumn};
use crate::schema::{Ident, ObjectName};

impl Sink<'_> {
    pub(super) fn create_view(&mut self, create: &CreateView) {
        if !create.temporary {
            let access = if create.or_replace { Access::Alters } else { Access::Creates };
            self.relation(&create.name, access);
        }
        let uses = idents(&create.uses);
        let all = create.columns.iter().flatten().any(|column| match column {
            ViewColumn::All => true,
            ViewColumn::Column { .. } => false,
        });
        for relation in &create.reads {
            self.relation(relation, Access::Uses);
            if all {
                self.wide(relation, Access::Expands, None);
            }
            self.wide(relation, Access::Uses, Some(Arc::clone(&uses)));
        }
    }

    /// REFRESH reads what the view's query reads.
    pub(super) fn refresh(&mut self, view: &ObjectName) {
        self.relation(view, Access::Uses);
        let found = self.schema.view(view).recorded().map(|view| (view.reads.clone(), idents(&view.uses)));
        let Some((reads, uses)) = found else { return };
        for relation in reads {
            self.reads(&relation, Some(Arc::clone(&uses)));
        }
    }

    /// Values of a relation are read: of the columns among these, or of any.
    pub(super) fn reads(&mut self, relation: &ObjectName, among: Option<Arc<HashSet<Ident>>>) {
        self.relation(relation, Access::Uses);
        self.table_part(relation, Part::Rows, Access::Reads);
        self.wide(relation, Access::Reads, among);
    }

    /// A body names these words; which of them are tables and columns is not known, so each may be both.
    pub(super) fn mentions(&mut self, words: &[Ident]) {
        let uses = idents(words);
        for word in words {
            let relation = ObjectName::bare(word.clone());
            self.relation(&relation, Access::Uses);
            self.wide(&relation, Access::Uses, Some(Arc::clone(&uses)));
        }
    }

    pub(super) fn change_data(&mut self, change: &ChangeData) {
        let table = &change.table;
        self.relation(table, Access::Uses);
        let mut uses: HashSet<Ident> = change.uses.iter().cloned().collect();
        uses.extend(change.condition.iter().flat_map(|condition| &condition.columns).cloned());
        let uses = Arc::new(uses);
        self.wide(table, Access::Reads, Some(Arc::clone(&uses)));
        for relation in change.reads.iter().filter(|relation| *relation != table) {
            self.reads(relation, Some(Arc::clone(&uses)));
        }
        let (rows, columns): (&[Access], Access) = match change.kind {
            DataKind::Update => (&[Access::Updates], Access::Writes),
            DataKind::Delete => (&[Access::Deletes], Access::Uses),
            // New rows: their columns must be there, no stored value changes unless rows that clash are updated.
            DataKind::Insert | DataKind::InsertSelect | DataKind::Copy if !change.conflict_guard => (&[Access::Inserts], Access::Uses),
            DataKind::Insert | DataKind::InsertSelect | DataKind::Copy => (&[Access::Inserts, Access::Updates], Access::Writes),
            DataKind::Merge | DataKind::Replace => (&[Access::Inserts, Access::Updates, Access::Deletes], Access::Writes),
        };
        for access in rows {
            self.table_part(table, Part::Rows, *access);
        }
        self.columns(table, &change.columns, columns);
        if change.kind == DataKind::Update {
            self.keeps_distinct(table, &change.columns);
        }
        let by_position = match change.kind {
            DataKind::Insert | DataKind::InsertSelect | DataKind::Copy | DataKind::Replace => change.columns.is_empty(),
            DataKind::Update | DataKind::Delete | DataKind::Merge => false,
        };
        if by_position {
            self.wide(table, Access::Expands, None);
        }
        if change.kind == DataKind::Merge {
            self.wide(table, Access::Writes, None);
        }
    }

    /// New values of a unique key are refused beside values that others remove or change: one order fails where the
    /// other does not.
    fn keeps_distinct(&mut self, table: &ObjectName, written: &[Ident]) {
        let Some(found) = self.schema.table(table).recorded() else { return };
        let concerned = |columns: &Vec<Ident>| columns.iter().any(|column| written.contains(column));
        let by_index = found.indexes.iter().filter(|index| index.unique).map(index_columns);
        let by_constraint = found.constraints.iter().filter(|constraint| constraint.kind.compares_rows()).map(constraint_columns);
        let keys: Vec<Vec<Ident>> = by_index.chain(by_constraint).filter(concerned).collect();
        for key in keys {
            self.table_part(table, Part::Rows, Access::Constrains);
            self.columns(table, &key, Access::Constrains);
        }
    }
}

/// Words as a set that many touches share.
pub(super) fn idents(words: &[Ident]) -> Arc<HashSet<Ident>> {
    Arc::new(words.iter().cloned().collect())
}
