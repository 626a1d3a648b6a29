//! What is touched, and the store in which touches of all scripts are found by object.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::access::Access;
use super::foresee::Foreseen;
use crate::lint::Judge;
use crate::migration::NodeRef;
use crate::schema::{Dialect, Ident, ObjectName, Schema};
use crate::sql::{Lines, Script, Span};

/// Something that has a name in the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Object {
    /// A table, view, index or sequence: they share one space of names. Canonical.
    Relation(ObjectName),
    /// A function or procedure. Canonical.
    Routine(ObjectName),
    /// A type or domain. Canonical.
    Type(ObjectName),
    /// A trigger where its name is not its table's.
    Trigger(ObjectName),
    /// A schema.
    Schema(Ident),
    /// That whatever views and triggers name is there: SQLite reads all of them before it renames a table or a column,
    /// or drops a column, and refuses if one of them no longer makes sense (`sqlite3 alter.c`, `renameTestSchema`).
    Bodies,
    /// Any other kind, with its kind's word.
    Other(&'static str, ObjectName),
}

/// A part of an object that can be touched without touching the others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Part {
    /// The object as such.
    Whole,
    /// Which rows a table has.
    Rows,
    /// A column.
    Column(Ident),
    /// What a column gets when nothing is said.
    Default(Ident),
    /// Whether a column may be empty.
    Nullability(Ident),
    /// How a column is stored.
    Storage(Ident),
    /// A constraint, trigger, policy, partition, label or overload by its name.
    Named(String),
    /// Settings of the object as a whole.
    Options,
    /// Who may do what.
    Access,
}

/// A touch by one clause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    /// The script, by number.
    pub(super) script: u32,
    /// The clause, by number within the script.
    pub(super) clause: u32,
}

/// A touch of columns that are not named one by one.
#[derive(Clone, Debug)]
pub(super) struct WideTouch {
    pub(super) touch: Touch,
    pub(super) access: Access,
    /// The columns it may be about; `None` for any.
    pub(super) among: Option<Arc<HashSet<Ident>>>,
}

/// Touches of one object.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) parts: BTreeMap<Part, BTreeMap<Access, Vec<Touch>>>,
    pub(super) wide: Vec<WideTouch>,
}

/// A script whose clauses touch something.
#[derive(Debug)]
pub(super) struct Toucher {
    pub(super) node: NodeRef,
    /// The files that its clauses come from.
    paths: Vec<Arc<str>>,
    /// Whether it is still to run.
    pub(super) open: bool,
    /// Where each clause stands.
    pub(super) clauses: Vec<Written>,
}

/// Where a clause stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// Its bytes.
    pub(super) span: Span,
    /// Its file, by number.
    path: u32,
    line: u32,
}

impl Toucher {
    /// `path:line` of a clause.
    pub(super) fn place(&self, clause: Written) -> String {
        let path = self.paths.get(clause.path as usize).map_or("", |path| path);
        format!("{path}:{}", clause.line)
    }
}

/// The touches of every script.
#[derive(Debug)]
pub(in crate::plan) struct Touches {
    pub(super) dialect: Dialect,
    pub(super) scripts: Vec<Toucher>,
    pub(super) objects: HashMap<Object, Bucket>,
    /// Clauses of which nothing is known.
    pub(super) anything: Vec<Touch>,
}

impl Touches {
    /// No touches yet.
    pub(in crate::plan) fn new(dialect: Dialect) -> Touches {
        Touches { dialect, scripts: Vec::new(), objects: HashMap::new(), anything: Vec::new() }
    }

    /// Adds what a script touches. `after` is the schema that it leaves, `foreseen` what the one before told of it.
    pub(in crate::plan) fn add(&mut self, node: &NodeRef, script: &Script, foreseen: &[Foreseen], after: &Schema, judge: Judge) {
        let lines = Lines::of(&script.source);
        let clauses = script.statements.iter().flat_map(|statement| &statement.clauses);
        let open = match judge {
            Judge::Yes => true,
            Judge::No => false,
        };
        let mut paths: Vec<Arc<str>> = Vec::new();
        let places = clauses.clone().map(|clause| {
            let (path, place) = lines.locate(clause.span.start);
            let known = paths.iter().rposition(|known| *known == path).unwrap_or_else(|| {
                paths.push(path);
                paths.len() - 1
            });
            // Neither files nor lines of one script are ever that many.
            let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            Written { span: clause.span, path: small(known), line: small(place.line) }
        });
        let places = places.collect();
        let number = u32::try_from(self.scripts.len()).unwrap_or(u32::MAX);
        self.scripts.push(Toucher { node: node.clone(), paths, open, clauses: places });
        for (clause, index) in clauses.zip(0u32..) {
            let mut sink = Sink { touches: self, schema: after, touch: Touch { script: number, clause: index } };
            sink.operation(&clause.operation);
            foreseen.iter().filter(|foreseen| foreseen.clause == index as usize).for_each(|foreseen| sink.foreseen(foreseen));
        }
    }
}

/// Takes the touches of one clause.
pub(super) struct Sink<'a> {
    touches: &'a mut Touches,
    pub(super) schema: &'a Schema,
    touch: Touch,
}

impl Sink<'_> {
    pub(super) fn dialect(&self) -> Dialect {
        self.touches.dialect
    }

    pub(super) fn part(&mut self, object: Object, part: Part, access: Access) {
        let bucket = self.touches.objects.entry(object).or_default();
        let touches = bucket.parts.entry(part).or_default().entry(access).or_default();
        // A clause that touches a thing twice in the same way says it once.
        if touches.last().is_none_or(|last| (last.script, last.clause) != (self.touch.script, self.touch.clause)) {
            touches.push(self.touch);
        }
    }

    /// Whether an earlier clause of the script made this part of a table.
    pub(super) fn is_made_here(&self, table: &ObjectName, part: Part) -> bool {
        let bucket = self.touches.objects.get(&self.relation_object(table));
        let made = bucket.and_then(|bucket| bucket.parts.get(&part)?.get(&Access::Creates));
        made.is_some_and(|touches| touches.iter().any(|touch| touch.script == self.touch.script))
    }

    pub(super) fn object(&mut self, object: Object, access: Access) {
        self.part(object, Part::Whole, access);
    }

    /// A table or another relation as such, and the schema that its name names.
    pub(super) fn relation(&mut self, name: &ObjectName, access: Access) {
        if let Some(schema) = &name.schema {
            self.object(Object::Schema(schema.clone()), Access::Uses);
        }
        let object = self.relation_object(name);
        self.object(object, access);
    }

    pub(super) fn relation_object(&self, name: &ObjectName) -> Object {
        Object::Relation(self.schema.canonical(name))
    }

    /// A part of a table.
    pub(super) fn table_part(&mut self, table: &ObjectName, part: Part, access: Access) {
        let object = self.relation_object(table);
        self.part(object, part, access);
    }

    pub(super) fn column(&mut self, table: &ObjectName, column: &Ident, access: Access) {
        self.table_part(table, Part::Column(column.clone()), access);
    }

    pub(super) fn columns<'i>(&mut self, table: &ObjectName, columns: impl IntoIterator<Item = &'i Ident>, access: Access) {
        for column in columns {
            self.column(table, column, access);
        }
    }

    /// Columns that are not named one by one: those `among`, or any.
    pub(super) fn wide(&mut self, table: &ObjectName, access: Access, among: Option<Arc<HashSet<Ident>>>) {
        let object = self.relation_object(table);
        let touch = WideTouch { touch: self.touch, access, among };
        self.touches.objects.entry(object).or_default().wide.push(touch);
    }

    pub(super) fn anything(&mut self) {
        self.touches.anything.push(self.touch);
    }
}
