//! What still uses an object that the clause drops, and what comes of it.

use super::Frame;
use crate::schema::object::{UserType, UserTypeKind};
use crate::schema::operation::{ConstraintRef, Drop};
use crate::schema::table::{Column, ConstraintKind, Generated, IndexKey, Partitioning, Table, Trigger};
use crate::schema::{Dependent, Dialect, Expression, Ident, ObjectName, Operation, Schema};

/// Something that uses what is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lint) struct User {
    /// Kind and name.
    pub(in crate::lint) name: String,
    pub(in crate::lint) fate: Fate,
}

/// What a drop does about something that uses the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum Fate {
    /// The database knows of it, and refuses the drop.
    Blocks,
    /// The database does not look into it: the drop works, and the next call fails.
    Breaks,
    /// The database drops it along without being asked.
    Goes,
}

impl Frame<'_> {
    /// Everything that stands in the way of what the clause drops, or is left behind broken.
    pub(in crate::lint) fn users_of_dropped(&self) -> Vec<User> {
        let mut users = match self.operation {
            Operation::DropColumn { table, column, cascade, .. } => self.users_of_column(table, column, *cascade),
            Operation::DropTable(drop) => self.users_of_relation(drop),
            Operation::DropView { drop, .. } => self.users_of_relation(drop),
            Operation::DropRoutine { drop, .. } => self.users_of_routine(drop),
            Operation::DropType { drop, .. } => self.users_of_type(drop),
            Operation::DropSequence(drop) => self.users_of_sequence(drop),
            Operation::DropIndex { index, table, .. } => self.users_of_index(index, table.as_ref()),
            Operation::DropSchema { name, cascade: false, .. } => self.users_of_schema(name),
            Operation::DropConstraint { table, constraint, cascade: false, .. } => self.users_of_key(table, constraint),
            _ => Vec::new(),
        };
        users.dedup();
        users
    }

    fn users_of_column(&self, name: &ObjectName, column: &Ident, cascade: bool) -> Vec<User> {
        let mut users = Users::new(self, cascade);
        let Some(table) = self.table(name).filter(|table| table.column(column).is_some()) else { return Vec::new() };
        // SQLite parses every view and trigger again and refuses: another lint tells.
        if self.dialect() == Dialect::Sqlite {
            return Vec::new();
        }
        let after = self.at_commit();
        for dependent in self.before.dependents(name, Some(column)) {
            match dependent {
                Dependent::View(view) if self.is_column_of_another(&view.reads, table, column) => {}
                Dependent::View(view) => users.known(format!("view `{}`", view.name)),
                Dependent::ForeignKey { table: child, constraint } if child.name != table.name => {
                    let key = constraint.name.as_ref().map(Ident::as_str).unwrap_or_default();
                    users.known(format!("foreign key `{key}` of `{}`", child.name));
                }
                // Measured: 14 takes it along, 15 and newer refuse.
                Dependent::GeneratedColumn(other) if self.dialect() == Dialect::Postgres && self.server.version.major < 15 => {
                    users.found.push(User { name: format!("generated column `{}`", other.name), fate: Fate::Goes });
                }
                Dependent::GeneratedColumn(other) => users.known(format!("generated column `{}`", other.name)),
                Dependent::Trigger { trigger, .. } if self.dialect() == Dialect::Postgres && trigger.uses.contains(column) => {
                    users.known(format!("trigger `{}`", trigger.name));
                }
                Dependent::Trigger { table: carrier, trigger } => {
                    if still_names(after, carrier, trigger, column) {
                        users.unknown(format!("trigger `{}`", trigger.name));
                    }
                }
                Dependent::Routine(routine) => {
                    let held = after.routine(&routine.name).recorded();
                    let by_trigger = table.triggers.iter().any(|trigger| trigger.function.as_ref() == Some(&routine.name));
                    if !by_trigger
                        && !self.is_new_object(&routine.name)
                        && held.is_some_and(|held| held.uses.contains(column) && held.uses.contains(&table.name.name))
                    {
                        users.unknown(format!("function `{}`", routine.name));
                    }
                }
                Dependent::ForeignKey { .. } | Dependent::Constraint(_) | Dependent::Index(_) => {}
            }
        }
        if self.dialect() == Dialect::Postgres {
            match &table.partitioning {
                Partitioning::Partitioned { columns, .. } if columns.contains(column) => users.blocking("the partition key".to_owned()),
                Partitioning::Partitioned { .. } | Partitioning::PartitionOf(_) | Partitioning::None => {}
            }
            for parent in table.partition_parent().into_iter().chain(&table.inherits).filter(|parent| self.column(parent, column).is_some())
            {
                users.blocking(format!("`{parent}`, from which it is inherited"));
            }
        }
        for policy in table.policies.iter().filter(|policy| policy.uses.contains(column)) {
            users.known(format!("policy `{}`", policy.name));
        }
        users.found
    }

    /// Whether a name in a query may as well be that of another relation's column.
    fn is_column_of_another(&self, reads: &[ObjectName], table: &Table, column: &Ident) -> bool {
        reads.iter().filter(|read| **read != table.name).any(|read| self.column(read, column).is_some())
    }

    fn users_of_relation(&self, drop: &Drop) -> Vec<User> {
        let mut users = Users::new(self, drop.cascade);
        let name = self.before.canonical(&drop.name);
        let after = self.at_commit();
        let again = after.table(&name).recorded().is_some() || after.view(&name).recorded().is_some();
        let dependents = match self.table(&name) {
            Some(_) => self.before.dependents(&name, None),
            None if self.is_view(&name) => {
                let views = self.before.views_reading(&name).map(Dependent::View);
                views.chain(self.before.routines_mentioning(&name.name).map(Dependent::Routine)).collect()
            }
            None => return Vec::new(),
        };
        for dependent in dependents {
            match dependent {
                Dependent::View(view) if self.is_dropped_along(&view.name) || (again && users.blocks == Fate::Breaks) => {}
                Dependent::View(view) => users.known(format!("view `{}`", view.name)),
                Dependent::ForeignKey { table, constraint } if table.name != name && !self.is_dropped_along(&table.name) => {
                    let key = constraint.name.as_ref().map(Ident::as_str).unwrap_or_default();
                    if self.dialect() != Dialect::Sqlite {
                        users.blocking(format!("foreign key `{key}` of `{}`", table.name));
                    }
                }
                Dependent::Trigger { table, trigger } if table.name != name && !again => {
                    users.unknown(format!("trigger `{}`", trigger.name))
                }
                Dependent::Routine(routine) if !again => {
                    let left = after.routine(&routine.name).recorded().is_some_and(|held| held.uses.contains(&name.name));
                    let idle = routine.overloads.iter().all(|held| held.returns == "trigger")
                        && self.triggers_calling(after, &routine.name).is_empty();
                    if left && !idle && !self.is_new_object(&routine.name) {
                        users.unknown(format!("function `{}`", routine.name));
                    }
                }
                Dependent::ForeignKey { .. }
                | Dependent::Trigger { .. }
                | Dependent::Routine(_)
                | Dependent::Constraint(_)
                | Dependent::Index(_)
                | Dependent::GeneratedColumn(_) => {}
            }
        }
        if self.table(&name).is_some() && self.dialect() == Dialect::Postgres {
            for heir in self.before.heirs(&name).filter(|heir| !self.is_dropped_along(&heir.name)) {
                users.blocking(format!("table `{}`, which inherits from it", heir.name));
            }
        }
        users.found
    }

    fn users_of_routine(&self, drop: &Drop) -> Vec<User> {
        let mut users = Users::new(self, drop.cascade);
        let Some(routine) = self.before.routine(&drop.name).recorded().filter(|routine| routine.overloads.len() == 1) else {
            return Vec::new();
        };
        if self.dialect() == Dialect::Postgres {
            for (table, trigger) in self.triggers_calling(self.before, &routine.name) {
                users.known(format!("trigger `{}` of `{}`", trigger.name, table.name));
            }
            let calls = |expression: &Expression| expression.functions.iter().any(|called| self.before.canonical(called) == routine.name);
            // Users are told in the order of the tables' names.
            let mut tables: Vec<&Table> = self.before.tables_holding(&routine.name.name).collect();
            tables.sort_by(|one, other| one.name.cmp(&other.name));
            for table in tables {
                for column in table.columns.iter().filter(|column| column.expressions().any(calls)) {
                    users.known(format!("column `{}.{}`", table.name, column.name));
                }
                for index in table.indexes.iter().filter(|index| index.keys.iter().filter_map(IndexKey::expression).any(calls)) {
                    users.known(format!("index `{}`", index.name.as_ref().map(Ident::as_str).unwrap_or_default()));
                }
                for held in
                    table.constraints.iter().filter(|held| matches!(&held.kind, ConstraintKind::Check(condition) if calls(condition)))
                {
                    users.known(format!("constraint `{}` of `{}`", held.name.as_ref().map(Ident::as_str).unwrap_or_default(), table.name));
                }
                for policy in table.policies.iter().filter(|policy| policy.uses.contains(&routine.name.name)) {
                    users.known(format!("policy `{}` of `{}`", policy.name, table.name));
                }
            }
        }
        let after = self.at_commit();
        if after.routine(&routine.name).recorded().is_none() {
            let callers = after.routines_mentioning(&routine.name.name);
            for caller in callers.filter(|caller| caller.name != routine.name && !self.is_dropped_along(&caller.name)) {
                users.unknown(format!("function `{}`", caller.name));
            }
        }
        users.found
    }

    fn users_of_type(&self, drop: &Drop) -> Vec<User> {
        let mut users = Users::new(self, drop.cascade);
        let name = self.before.canonical(&drop.name);
        for table in self.before.tables_with_type(&name) {
            let Some(table) = self.table(&table) else { continue };
            let of_type = |column: &&Column| self.before.type_of(&column.ty).is_some_and(|found| found.name == name);
            for column in table.columns.iter().filter(of_type) {
                users.known(format!("column `{}.{}`", table.name, column.name));
            }
        }
        let mut others: Vec<&UserType> = self.before.types_over(&name.name).collect();
        others.sort_by(|one, other| one.name.cmp(&other.name));
        for other in others {
            if let UserTypeKind::Domain { base, .. } = &other.kind
                && self.before.type_of(base).is_some_and(|found| found.name == name)
                && !self.is_dropped_along(&other.name)
            {
                users.known(format!("domain `{}`", other.name));
            }
        }
        users.found
    }

    fn users_of_sequence(&self, drop: &Drop) -> Vec<User> {
        let mut users = Users::new(self, drop.cascade);
        let name = self.before.canonical(&drop.name);
        let Some(sequence) = self.before.sequence(&name).recorded().filter(|_| self.dialect() == Dialect::Postgres) else {
            return Vec::new();
        };
        // Of several that one column owns, which one fills it is not told.
        let owner = sequence.owned_by.as_ref();
        let alone = owner.is_none_or(|(table, column)| self.before.sequences_of(table, column).count() == 1);
        if let Some((table, column)) = &sequence.owned_by
            && alone
            && self.column(table, column).is_some_and(|column| column.generated != Generated::No)
        {
            users.known(format!("column `{table}.{column}`"));
        }
        let quoted = [format!("'{}'", name.name), format!("'{name}'"), format!("'public.{}'", name.name)];
        let mut tables: Vec<&Table> = self.before.tables_holding(&name.name).collect();
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        for table in tables {
            let draws = |column: &&Column| {
                column
                    .default
                    .as_ref()
                    .is_some_and(|default| default.text.contains("nextval") && quoted.iter().any(|name| default.text.contains(name)))
            };
            for column in table.columns.iter().filter(draws) {
                users.known(format!("column `{}.{}`", table.name, column.name));
            }
        }
        users.found
    }

    /// PostgreSQL and SQLite keep the index of a constraint; in MySQL the key is the index.
    fn users_of_index(&self, index: &ObjectName, table: Option<&ObjectName>) -> Vec<User> {
        let found = self.before.index(index, table).recorded();
        let held = found.filter(|(_, index)| index.backs_constraint && self.dialect() != Dialect::Mysql);
        held.map(|(table, index)| {
            let name = index.name.as_ref().map(Ident::as_str).unwrap_or_default();
            User { name: format!("constraint `{name}` of `{table}`"), fate: Fate::Blocks }
        })
        .into_iter()
        .collect()
    }

    fn users_of_schema(&self, schema: &Ident) -> Vec<User> {
        if self.dialect() != Dialect::Postgres {
            return Vec::new();
        }
        let tables = self.before.tables().map(|table| ("table", &table.name));
        let views = self.before.views().map(|view| ("view", &view.name));
        let sequences = self.before.sequences().filter(|sequence| sequence.owned_by.is_none()).map(|sequence| ("sequence", &sequence.name));
        let types = self.before.user_types().map(|found| ("type", &found.name));
        let routines = self.before.routines().map(|routine| ("function", &routine.name));
        let all = tables.chain(views).chain(sequences).chain(types).chain(routines);
        let mut users: Vec<User> = all
            .filter(|(_, name)| self.before.lives_in(name, schema))
            .map(|(kind, name)| User { name: format!("{kind} `{name}`"), fate: Fate::Blocks })
            .collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        users
    }

    fn users_of_key(&self, name: &ObjectName, which: &ConstraintRef) -> Vec<User> {
        let Some(table) = self.table(name).filter(|_| self.dialect() == Dialect::Postgres) else { return Vec::new() };
        let key = match which {
            ConstraintRef::Named(name) => table.constraint(name).and_then(|held| match &held.kind {
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => Some(columns),
                ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::ForeignKey(_)
                | ConstraintKind::Exclusion { .. } => None,
            }),
            ConstraintRef::PrimaryKey | ConstraintRef::ForeignKey(_) | ConstraintRef::Check(_) => None,
        };
        let Some(columns) = key else { return Vec::new() };
        let twin = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none() && index.covers(columns)).count() > 1;
        if twin {
            return Vec::new();
        }
        let children = self.before.referencing(name).filter(|(_, _, key)| table.referenced_by(key) == columns.as_slice());
        let named = children.map(|(child, constraint, _)| {
            format!("foreign key `{}` of `{}`", constraint.name.as_ref().map(Ident::as_str).unwrap_or_default(), child.name)
        });
        named.map(|name| User { name, fate: Fate::Blocks }).collect()
    }

    /// The triggers that call a function.
    fn triggers_calling<'s>(&self, schema: &'s Schema, function: &ObjectName) -> Vec<(&'s Table, &'s Trigger)> {
        let of = |table: &'s Table| table.triggers.iter().map(move |trigger| (table, trigger));
        schema.tables_holding(&function.name).flat_map(of).filter(|(_, trigger)| trigger.function.as_ref() == Some(function)).collect()
    }

    /// Whether the same statement drops this one too.
    fn is_dropped_along(&self, name: &ObjectName) -> bool {
        self.statement.clauses.iter().any(|clause| match &clause.operation {
            Operation::DropTable(drop)
            | Operation::DropView { drop, .. }
            | Operation::DropRoutine { drop, .. }
            | Operation::DropType { drop, .. } => self.before.canonical(&drop.name) == *name,
            _ => false,
        })
    }
}

/// The users found so far.
struct Users {
    found: Vec<User>,
    /// What comes of objects that PostgreSQL keeps track of and the others do not.
    blocks: Fate,
    cascade: bool,
}

impl Users {
    fn new(frame: &Frame<'_>, cascade: bool) -> Users {
        let blocks = match frame.dialect() {
            Dialect::Postgres => Fate::Blocks,
            Dialect::Sqlite | Dialect::Mysql => Fate::Breaks,
        };
        Users { found: Vec::new(), blocks, cascade: cascade && frame.dialect() == Dialect::Postgres }
    }

    /// Something that the catalogue of PostgreSQL ties to the object: CASCADE takes it along, which is another fault.
    fn known(&mut self, name: String) {
        if !self.cascade {
            self.found.push(User { name, fate: self.blocks });
        }
    }

    /// Something that every database ties to the object.
    fn blocking(&mut self, name: String) {
        if !self.cascade {
            self.found.push(User { name, fate: Fate::Blocks });
        }
    }

    /// Something that holds the name in a text.
    fn unknown(&mut self, name: String) {
        self.found.push(User { name, fate: Fate::Breaks });
    }
}

/// Whether a trigger is still there, and it or its function still names the column.
fn still_names(schema: &Schema, table: &Table, trigger: &Trigger, column: &Ident) -> bool {
    let held = schema.table(&table.name).recorded().and_then(|table| table.triggers.iter().find(|held| held.name == trigger.name));
    held.is_some_and(|held| {
        let by_function = held.function.as_ref().and_then(|function| schema.routine(function).recorded());
        held.uses.contains(column) || by_function.is_some_and(|function| function.uses.contains(column))
    })
}
