//! Operation → touches.

use super::access::Access;
use super::constraint::named;
use super::touch::{Object, Part, Sink};
use crate::schema::operation::{
    AddColumn, ColumnChange, ConstraintRef, CreateTable, IndexChange, NewColumn, ObjectChange, ObjectKind, ReindexTarget, SequenceChange,
    TableChange, TypeDefinition, Verb,
};
use crate::schema::table::Persistence;
use crate::schema::{Dialect, Ident, ObjectName, Operation};

impl Sink<'_> {
    /// Everything that an operation touches.
    pub(super) fn operation(&mut self, operation: &Operation) {
        match operation {
            Operation::CreateTable(create) => self.create_table(create),
            Operation::DropTable(drop) => self.relation(&drop.name, Access::Removes),
            Operation::RenameTable { table, to } => {
                self.renamed(table, to);
                self.bodies(Access::Reads);
            }
            Operation::MoveTable { table, schema } => self.moved(table, schema),
            Operation::AddColumn(add) => self.add_column(add),
            Operation::DropColumn { table, column, .. } => {
                self.relation(table, Access::Uses);
                self.column(table, column, Access::Removes);
                self.bodies(Access::Reads);
            }
            Operation::RenameColumn { table, column, to } => {
                self.relation(table, Access::Uses);
                self.column(table, column, Access::Removes);
                self.column(table, to, Access::Creates);
                self.bodies(Access::Reads);
            }
            Operation::AlterColumn { table, column, change } => self.alter_column(table, column, change),
            Operation::AddConstraint(add) => {
                self.relation(&add.table, Access::Uses);
                self.constraint(&add.table, &add.constraint);
                if let Some(index) = &add.using_index {
                    self.index_name(&add.table, index, Access::Alters);
                }
            }
            Operation::ValidateConstraint { table, name } => {
                self.relation(table, Access::Uses);
                self.table_part(table, named(name), Access::Alters);
                self.validates(table, name);
            }
            Operation::DropConstraint { table, constraint, .. } => {
                self.relation(table, Access::Uses);
                let part = match constraint {
                    ConstraintRef::Named(name) | ConstraintRef::ForeignKey(name) | ConstraintRef::Check(name) => named(name),
                    ConstraintRef::PrimaryKey => Part::Named("primary key".to_owned()),
                };
                self.table_part(table, part, Access::Removes);
            }
            Operation::RenameConstraint { table, name, to } => {
                self.relation(table, Access::Uses);
                self.table_part(table, named(name), Access::Removes);
                self.table_part(table, named(to), Access::Creates);
            }
            Operation::AlterConstraint { table, name, .. } => {
                self.relation(table, Access::Uses);
                self.table_part(table, named(name), Access::Alters);
            }
            Operation::AttachPartition { parent, partition, .. } | Operation::DetachPartition { parent, partition, .. } => {
                self.relation(parent, Access::Uses);
                self.relation(partition, Access::Uses);
                self.table_part(parent, named(&partition.name), Access::Alters);
            }
            Operation::AlterTable { table, change } => self.alter_table(table, change),
            Operation::CreateIndex(create) => self.index(create),
            Operation::DropIndex { index, table, .. } => self.existing_index(index, table.as_ref(), Access::Removes),
            Operation::RenameIndex { index, table, to } => {
                self.existing_index(index, table.as_ref(), Access::Removes);
                self.index_name(table.as_ref().unwrap_or(index), to, Access::Creates);
            }
            Operation::AlterIndex { index, table, change } => {
                let access = match change {
                    IndexChange::Attach { child } => {
                        self.relation(child, Access::Uses);
                        Access::Uses
                    }
                    IndexChange::Option | IndexChange::SetTablespace | IndexChange::Visibility { .. } => Access::Alters,
                };
                self.existing_index(index, table.as_ref(), access);
            }
            Operation::Reindex { target, .. } => match target {
                ReindexTarget::Index(name) | ReindexTarget::Table(name) => self.relation(name, Access::Uses),
                ReindexTarget::Wider => {}
            },
            Operation::CreateView(create) => self.create_view(create),
            Operation::DropView { drop, .. } => self.relation(&drop.name, Access::Removes),
            Operation::AlterView { view, change } => match change {
                ObjectChange::Rename(to) => self.renamed(view, to),
                ObjectChange::Move(schema) => self.moved(view, schema),
                ObjectChange::RenameColumn { .. } | ObjectChange::Option => self.relation(view, Access::Alters),
            },
            Operation::RefreshView { view, .. } => self.refresh(view),
            Operation::CreateRoutine(create) => {
                let object = Object::Routine(self.schema.canonical(&create.name));
                let access = if create.or_replace { Access::Alters } else { Access::Creates };
                self.object(object.clone(), Access::Uses);
                self.part(object, Part::Named(create.arguments.clone()), access);
                self.mentions(&create.uses);
            }
            Operation::DropRoutine { drop, arguments: _ } => self.routine(&drop.name, Access::Removes),
            Operation::AlterRoutine { routine, .. } => self.routine(routine, Access::Alters),
            Operation::CreateTrigger(create) => self.create_trigger(create),
            Operation::DropTrigger { trigger, table, .. } => self.trigger(trigger, table.as_ref(), Access::Removes),
            Operation::RenameTrigger { trigger, table, to } => {
                self.trigger(&ObjectName::bare(trigger.clone()), Some(table), Access::Removes);
                self.trigger(&ObjectName::bare(to.clone()), Some(table), Access::Creates);
            }
            Operation::CreateType { name, definition } => {
                self.user_type(name, Access::Creates);
                if let TypeDefinition::Domain { base, .. } = definition {
                    self.type_named(&base.base);
                }
            }
            Operation::AlterType { name, change } => self.alter_type(name, change),
            Operation::DropType { drop, .. } => self.user_type(&drop.name, Access::Removes),
            Operation::CreateSequence { name, owned_by, temporary, .. } => {
                if !temporary {
                    self.relation(name, Access::Creates);
                }
                if let Some((table, column)) = owned_by {
                    self.relation(table, Access::Uses);
                    self.column(table, column, Access::Uses);
                }
            }
            Operation::AlterSequence { name, change } => match change {
                SequenceChange::Rename(to) => self.renamed(name, to),
                SequenceChange::Move(schema) => self.moved(name, schema),
                SequenceChange::OwnedBy(owner) => {
                    self.relation(name, Access::Alters);
                    if let Some((table, column)) = owner {
                        self.column(table, column, Access::Uses);
                    }
                }
                SequenceChange::Restart | SequenceChange::Option => self.relation(name, Access::Alters),
            },
            Operation::DropSequence(drop) => self.relation(&drop.name, Access::Removes),
            Operation::CreateSchema { name, if_not_exists } => {
                let access = if *if_not_exists { Access::Ensures } else { Access::Creates };
                self.object(Object::Schema(name.clone()), access);
            }
            Operation::AlterSchema { name, .. } => self.object(Object::Schema(name.clone()), Access::Alters),
            Operation::DropSchema { name, .. } => self.object(Object::Schema(name.clone()), Access::Removes),
            Operation::Access(change) => self.access(change),
            Operation::OtherObject { verb, kind, name, .. } => {
                if let Some(name) = name {
                    let access = match verb {
                        Verb::Create => Access::Creates,
                        Verb::Alter => Access::Alters,
                        Verb::Drop => Access::Removes,
                    };
                    self.object(Object::Other(kind_word(*kind), name.clone()), access);
                }
            }
            Operation::Comment { on } => {
                if let Some(on) = on {
                    self.relation(on, Access::Uses);
                }
            }
            Operation::ChangeData(change) => self.change_data(change),
            Operation::Truncate { table, .. } => {
                self.relation(table, Access::Uses);
                self.table_part(table, Part::Rows, Access::Deletes);
            }
            Operation::Query { reads, functions } => {
                reads.iter().for_each(|relation| self.relation(relation, Access::Uses));
                functions.iter().for_each(|function| self.routine(function, Access::Uses));
            }
            Operation::Transaction(_) | Operation::SetSetting(_) => {}
            Operation::LockTable { table, .. } => self.relation(table, Access::Uses),
            Operation::Maintenance { table, .. } => {
                if let Some(table) = table {
                    self.relation(table, Access::Uses);
                }
            }
            Operation::Block(block) => {
                if let Some(procedure) = &block.calls {
                    self.routine(procedure, Access::Uses);
                }
                if block.dynamic {
                    self.anything();
                }
            }
            Operation::Opaque(opaque) => {
                for name in &opaque.names {
                    self.relation(name, Access::Alters);
                    self.routine(name, Access::Alters);
                    self.user_type(name, Access::Alters);
                }
                if opaque.names.is_empty() {
                    self.anything();
                }
            }
        }
    }

    /// That what views and triggers name is there.
    pub(super) fn bodies(&mut self, access: Access) {
        match self.dialect() {
            Dialect::Sqlite => self.object(Object::Bodies, access),
            // Both find out when the view is used or the trigger fires.
            Dialect::Postgres | Dialect::Mysql => {}
        }
    }

    fn renamed(&mut self, name: &ObjectName, to: &Ident) {
        self.relation(name, Access::Removes);
        self.relation(&ObjectName { schema: name.schema.clone(), name: to.clone() }, Access::Creates);
    }

    fn moved(&mut self, name: &ObjectName, schema: &Ident) {
        self.relation(name, Access::Removes);
        self.relation(&ObjectName { schema: Some(schema.clone()), name: name.name.clone() }, Access::Creates);
    }

    pub(super) fn routine(&mut self, name: &ObjectName, access: Access) {
        let object = Object::Routine(self.schema.canonical(name));
        self.object(object, access);
    }

    pub(super) fn user_type(&mut self, name: &ObjectName, access: Access) {
        let object = Object::Type(self.schema.canonical(name));
        self.object(object, access);
    }

    /// A column's type; built-in ones are never made or dropped, so naming them does no harm.
    fn type_named(&mut self, base: &str) {
        let name = match base.split_once('.') {
            Some((schema, name)) => ObjectName { schema: Some(Ident::stored(schema)), name: Ident::stored(name) },
            None => ObjectName::bare(Ident::stored(base)),
        };
        self.user_type(&name, Access::Uses);
    }

    fn create_table(&mut self, create: &CreateTable) {
        let seen = match create.persistence {
            // Nobody else sees it.
            Persistence::Temporary => None,
            Persistence::Permanent | Persistence::Unlogged => Some(&create.name),
        };
        if let Some(name) = seen {
            self.relation(name, Access::Creates);
            create.indexes.iter().for_each(|index| self.index(index));
        }
        for relation in create.like.iter().chain(&create.inherits).chain(create.partition_of.iter().map(|(parent, _)| parent)) {
            self.relation(relation, Access::Uses);
            self.wide(relation, Access::Expands, None);
        }
        for relation in create.as_query.iter().flatten() {
            self.reads(relation, None);
        }
        for column in &create.columns {
            self.new_column(column);
        }
        for constraint in &create.constraints {
            self.constraint(&create.name, constraint);
        }
    }

    fn new_column(&mut self, column: &NewColumn) {
        if let Some(ty) = &column.ty {
            self.type_named(&ty.base);
        }
        for function in column.default.iter().flat_map(|default| &default.functions) {
            self.routine(function, Access::Uses);
        }
    }

    fn add_column(&mut self, add: &AddColumn) {
        self.relation(&add.table, Access::Uses);
        self.column(&add.table, &add.column.name, Access::Creates);
        self.new_column(&add.column);
        for constraint in &add.constraints {
            self.constraint(&add.table, constraint);
        }
    }

    fn alter_column(&mut self, table: &ObjectName, column: &Ident, change: &ColumnChange) {
        self.relation(table, Access::Uses);
        match change {
            ColumnChange::SetType { ty, using, .. } => {
                self.column(table, column, Access::Alters);
                self.type_named(&ty.base);
                let using = using.iter().flat_map(|using| &using.columns).filter(|used| *used != column);
                self.columns(table, using, Access::Reads);
            }
            ColumnChange::SetDefault(_) | ColumnChange::DropDefault => {
                self.column(table, column, Access::Uses);
                self.table_part(table, Part::Default(column.clone()), Access::Alters);
            }
            ColumnChange::SetNotNull => {
                self.column(table, column, Access::Constrains);
                self.table_part(table, Part::Nullability(column.clone()), Access::Alters);
                self.table_part(table, Part::Rows, Access::Constrains);
            }
            ColumnChange::DropNotNull => {
                self.column(table, column, Access::Uses);
                self.table_part(table, Part::Nullability(column.clone()), Access::Alters);
            }
            ColumnChange::SetIdentity(_)
            | ColumnChange::DropIdentity { .. }
            | ColumnChange::DropExpression { .. }
            | ColumnChange::SetExpression(_)
            | ColumnChange::Redefine { .. } => self.column(table, column, Access::Alters),
            ColumnChange::RestartIdentity | ColumnChange::Storage | ColumnChange::Statistics => {
                self.column(table, column, Access::Uses);
                self.table_part(table, Part::Storage(column.clone()), Access::Alters);
            }
        }
    }

    fn alter_table(&mut self, table: &ObjectName, change: &TableChange) {
        self.relation(table, Access::Uses);
        match change {
            TableChange::Inherit { parent, .. } => {
                self.relation(parent, Access::Uses);
                self.table_part(table, named(&parent.name), Access::Alters);
            }
            TableChange::Trigger { name: Some(name), .. } => self.table_part(table, named(name), Access::Alters),
            TableChange::Partitions { drops_rows } => {
                self.table_part(table, Part::Options, Access::Alters);
                if *drops_rows {
                    self.table_part(table, Part::Rows, Access::Deletes);
                }
            }
            TableChange::Algorithm { .. } => {}
            TableChange::Option
            | TableChange::ReplicaIdentity
            | TableChange::SetTablespace
            | TableChange::SetLogged { .. }
            | TableChange::SetEngine
            | TableChange::Rebuild
            | TableChange::Charset { .. }
            | TableChange::OfType
            | TableChange::Trigger { name: None, .. }
            | TableChange::Rule { .. }
            | TableChange::Keys { .. } => self.table_part(table, Part::Options, Access::Alters),
        }
    }
}

fn kind_word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::AccessMethod => "access method",
        ObjectKind::Aggregate => "aggregate",
        ObjectKind::Cast => "cast",
        ObjectKind::Collation => "collation",
        ObjectKind::Conversion => "conversion",
        ObjectKind::Database => "database",
        ObjectKind::Event => "event",
        ObjectKind::EventTrigger => "event trigger",
        ObjectKind::Extension => "extension",
        ObjectKind::ForeignDataWrapper => "foreign data wrapper",
        ObjectKind::Language => "language",
        ObjectKind::LargeObject => "large object",
        ObjectKind::Operator => "operator",
        ObjectKind::OperatorClass => "operator class",
        ObjectKind::OperatorFamily => "operator family",
        ObjectKind::Publication => "publication",
        ObjectKind::Rule => "rule",
        ObjectKind::Server => "server",
        ObjectKind::Statistics => "statistics",
        ObjectKind::Subscription => "subscription",
        ObjectKind::Tablespace => "tablespace",
        ObjectKind::TextSearch => "text search object",
        ObjectKind::Transform => "transform",
        ObjectKind::UserMapping => "user mapping",
    }
}
