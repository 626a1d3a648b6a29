//! What a column brings along when another takes its place: NOT NULL, its default, its indexes and constraints.

use super::expression::{pretty, with_column};
use super::phases::{Given, Phases, Refusal};
use super::statement::{add_constraint, alter, restated, set_not_null};
use super::{Spelled, derived, drop_column, key, number, view};
use crate::schema::Dependent;
use crate::schema::operation::{NewColumn, NewConstraint};
use crate::schema::table::{Column, Constraint, ConstraintKind, ForeignKey, Generated, Index, IndexKey, Table, TypeName, Validity};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Phase};

/// An old column and the one that takes its place.
pub(super) struct Move<'a> {
    pub(super) table: &'a ObjectName,
    pub(super) old: &'a Ident,
    pub(super) new: &'a Ident,
    /// Of the new column, where it differs.
    pub(super) ty: Option<&'a TypeName>,
    /// How the new value is made of the old one, where it is not the same: then what holds for the one says nothing about
    /// the other.
    pub(super) forward: Option<&'a str>,
    /// What else is asked of the new column, where it is not just what the old one has.
    pub(super) stated: Option<&'a NewColumn>,
}

impl Move<'_> {
    fn not_null(&self, column: &Column) -> bool {
        self.stated.map_or(column.not_null, |stated| stated.not_null)
    }

    fn default<'b>(&'b self, column: &'b Column) -> Option<&'b Expression> {
        match self.stated {
            Some(stated) => stated.default.as_ref(),
            None => column.default.as_ref(),
        }
    }
}

/// Adds to `phases` what gives the new column everything that the old one had, and drops the old one at the end.
pub(super) fn carry(given: &Given<'_>, moved: &Move<'_>, phases: &mut Phases) -> Result<(), Refusal> {
    let dialect = given.dialect();
    let (alter, old, new) = (alter(dialect, moved.table), moved.old.spelled(dialect), moved.new.spelled(dialect));
    let mut last: Vec<String> = Vec::new();
    // What goes with the old column in one statement.
    let mut clauses: Vec<String> = Vec::new();
    if let Some(table) = given.table(moved.table)
        && let Some(column) = table.column(moved.old)
    {
        movable(given, moved, table, column)?;
        let key = key::primary(given, moved, table, phases)?;
        for index in table.indexes.iter().filter(|index| !index.backs_constraint && index.concerns(moved.old)) {
            build(given, moved, table, index, phases);
        }
        for constraint in table.constraints.iter().filter(|constraint| constraint.concerns(moved.old)) {
            match (&constraint.kind, moved.forward) {
                (ConstraintKind::Check(condition), Some(_)) => {
                    let told = format!("-- CHECK ({}) is about {old}: say here what it means for {new}.\n", pretty(condition));
                    phases.add(Phase::Contract, &told);
                }
                _ => constrain(given, moved, constraint, phases)?,
            }
        }
        depend(given, moved, table, phases, &mut last)?;
        if moved.not_null(column) {
            match dialect {
                Dialect::Postgres => phases.add(Phase::Contract, &set_not_null(dialect, moved.table, moved.new, moved.ty)),
                Dialect::Mysql => {
                    let stated = restated(column, moved.ty.unwrap_or(&column.ty), None);
                    phases.add(Phase::Contract, &format!("{alter} MODIFY COLUMN {new} {stated};\n"));
                }
                Dialect::Sqlite => {
                    phases.add(Phase::Contract, &format!("-- SQLite adds no NOT NULL to {new}: only a rebuilt table would have it.\n"));
                }
            }
        }
        if let Some(default) = moved.default(column) {
            let default = match moved.forward.filter(|_| moved.stated.is_none()) {
                Some(forward) => with_word(forward, &old, &format!("({})", pretty(default))),
                None => pretty(default),
            };
            match dialect {
                Dialect::Postgres => last.push(format!("{alter} ALTER COLUMN {new} SET DEFAULT {default};\n")),
                // Without a transaction it has to be there before the triggers go; nobody who leaves it to them is left.
                Dialect::Mysql => phases.add(Phase::Contract, &format!("{alter} ALTER COLUMN {new} SET DEFAULT {default};\n")),
                Dialect::Sqlite => {
                    phases.add(Phase::Contract, &format!("-- SQLite adds no DEFAULT to {new}: new releases write every value.\n"));
                }
            }
        }
        match dialect {
            Dialect::Postgres => {
                phases.add(Phase::Contract, &drop_own_keys(moved, table));
                if !key.is_empty() {
                    last.insert(0, format!("{alter} {};\n", key.join(", ")));
                }
                last.extend(number::hand_over(given, moved, table, column)?);
            }
            Dialect::Sqlite => last.push(drop_column::drop_indexes(table, moved.old)),
            Dialect::Mysql => {
                clauses.extend(in_the_way(table, std::slice::from_ref(moved.old)));
                if drop_column::required(table, moved.old) {
                    // Nobody fills it between its triggers and its end.
                    phases.add(Phase::Contract, &drop_column::relax(moved.table, Some(column)));
                }
            }
        }
    }
    clauses.push(format!("DROP COLUMN {old}"));
    last.push(format!("{alter} {};\n", clauses.join(", ")));
    last.retain(|sql| !sql.is_empty());
    // Up to the moment in which the old column goes, the triggers fill the new one; from then on its default does.
    let together = last.len() > 1;
    let last = last.concat();
    phases.add(Phase::Contract, &if together { format!("BEGIN;\n{last}COMMIT;\n") } else { last });
    Ok(())
}

/// What others build on the column goes over to the new one; the statements in `last` run with the drop.
fn depend(given: &Given<'_>, moved: &Move<'_>, table: &Table, phases: &mut Phases, last: &mut Vec<String>) -> Result<(), Refusal> {
    for dependent in given.schema.dependents(moved.table, Some(moved.old)) {
        match dependent {
            Dependent::View(held) => {
                let anew = view::over_the_new(given, moved, held)?;
                match given.dialect() {
                    Dialect::Postgres | Dialect::Mysql => phases.add(Phase::Contract, &anew),
                    Dialect::Sqlite => last.push(anew),
                }
            }
            Dependent::ForeignKey { table: child, constraint } => key::repoint(given, moved, table, child, constraint, phases)?,
            // `movable` refuses these.
            Dependent::GeneratedColumn(_)
            | Dependent::Trigger { .. }
            | Dependent::Routine(_)
            | Dependent::Constraint(_)
            | Dependent::Index(_) => {}
        }
    }
    Ok(())
}

/// Foreign keys on the old column go one by one: with the column they would close every referenced table at once.
fn drop_own_keys(moved: &Move<'_>, table: &Table) -> String {
    let alter = alter(Dialect::Postgres, moved.table);
    let own = table.constraints.iter().filter(|held| matches!(held.kind, ConstraintKind::ForeignKey(_)) && held.concerns(moved.old));
    let names = own.filter_map(|held| held.name.as_ref());
    names.map(|name| format!("{alter} DROP CONSTRAINT {};\n", name.spelled(Dialect::Postgres))).collect()
}

/// What MySQL would keep without the columns, or keep them for: an index over others goes on over those alone.
pub(super) fn in_the_way(table: &Table, columns: &[Ident]) -> Vec<String> {
    let spelled = |name: &Ident| name.spelled(Dialect::Mysql);
    let constraints = table.constraints.iter().filter(|constraint| columns.iter().any(|column| constraint.concerns(column)));
    let constraints = constraints.filter_map(|constraint| match &constraint.kind {
        ConstraintKind::ForeignKey(_) => constraint.name.as_ref().map(|name| format!("DROP FOREIGN KEY {}", spelled(name))),
        ConstraintKind::Check(_) => constraint.name.as_ref().map(|name| format!("DROP CONSTRAINT {}", spelled(name))),
        ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::NotNull(_) | ConstraintKind::Exclusion { .. } => {
            None
        }
    });
    let concerns = |index: &&Index| index.keys.len() > 1 && columns.iter().any(|column| index.concerns(column));
    let indexes = table.indexes.iter().filter(concerns);
    let indexes = indexes.filter_map(|index| index.name.as_ref().map(|name| format!("DROP INDEX {}", spelled(name))));
    constraints.chain(indexes).collect()
}

/// The text with another word in the place of one.
fn with_word(text: &str, from: &str, to: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(from) {
        let end = at + from.len();
        let alone = !rest[..at].ends_with(is_word) && !rest[end..].starts_with(is_word);
        replaced.push_str(&rest[..at]);
        replaced.push_str(if alone { to } else { from });
        rest = &rest[end..];
    }
    replaced + rest
}

/// Refuses what no second column can take over.
fn movable(given: &Given<'_>, moved: &Move<'_>, table: &Table, column: &Column) -> Result<(), Refusal> {
    let (old, new) = (moved.old, moved.new);
    let refuse = |why: String| Err(Refusal::Impossible(format!("`{}.{old}` {why}", moved.table)));
    match column.generated {
        Generated::Stored(_) | Generated::Virtual(_) => return refuse("is computed: add the new column computed as well".to_owned()),
        Generated::No => {}
        Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => match given.dialect() {
            Dialect::Postgres => {}
            Dialect::Sqlite | Dialect::Mysql if table.primary_key().contains(old) => {}
            Dialect::Sqlite | Dialect::Mysql => return refuse("is numbered by the database".to_owned()),
        },
    }
    let by_hand = |what: String| {
        format!(
            "is used by {what}, which the tool does not write anew: declare the [[sync]] by hand, and let contract.sql replace it by one that names `{new}` right before it drops `{old}`"
        )
    };
    for dependent in given.schema.dependents(moved.table, Some(old)) {
        match dependent {
            Dependent::GeneratedColumn(other) => {
                return refuse(format!(
                    "is what `{0}` is computed from, and no column is computed anew without a long lock: put a second column in the place of `{0}` first, computed by the same expression in which `{old}` will not stand",
                    other.name
                ));
            }
            Dependent::Trigger { trigger, .. } => return refuse(by_hand(format!("the trigger `{}`", trigger.name))),
            Dependent::Routine(routine) => return refuse(by_hand(format!("the function `{}`", routine.name))),
            Dependent::View(_) | Dependent::ForeignKey { .. } | Dependent::Constraint(_) | Dependent::Index(_) => {}
        }
    }
    Ok(())
}

/// The same index over the new column.
fn build(given: &Given<'_>, moved: &Move<'_>, table: &Table, index: &Index, phases: &mut Phases) {
    let dialect = given.dialect();
    let new = moved.new.spelled(dialect);
    let expression = |expression: &Expression| with_column(expression, dialect, moved.old, &new);
    let keys = index.keys.iter().map(|key| match key {
        IndexKey::Column(name) if name == moved.old => new.clone(),
        IndexKey::Column(name) => name.spelled(dialect),
        IndexKey::Expression(key) => format!("({})", expression(key)),
    });
    let keys: Vec<String> = keys.collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let concurrently = if dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
    let method = if index.method == "btree" { String::new() } else { format!(" USING {}", index.method) };
    let include: Vec<String> =
        index.include.iter().map(|name| if name == moved.old { new.clone() } else { name.spelled(dialect) }).collect();
    let include = if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", include.join(", ")) };
    let predicate = index.predicate.as_ref().map(|predicate| format!(" WHERE {}", expression(predicate))).unwrap_or_default();
    let name = renamed(dialect, index.name.as_ref(), moved, "idx").spelled(dialect);
    let sql = format!(
        "CREATE {unique}INDEX {concurrently}{name} ON {}{method} ({}){include}{predicate};\n",
        table.name.spelled(dialect),
        keys.join(", ")
    );
    phases.add(if index.unique { Phase::Contract } else { Phase::Expand }, &sql);
}

/// The same constraint on the new column.
fn constrain(given: &Given<'_>, moved: &Move<'_>, constraint: &Constraint, phases: &mut Phases) -> Result<(), Refusal> {
    let dialect = given.dialect();
    let swap = |columns: &[Ident]| key::swap(moved, columns);
    let (kind, suffix) = match &constraint.kind {
        ConstraintKind::NotNull(_) | ConstraintKind::PrimaryKey(_) => return Ok(()),
        ConstraintKind::Unique { columns, nulls_not_distinct } => {
            (ConstraintKind::Unique { columns: swap(columns), nulls_not_distinct: *nulls_not_distinct }, "key")
        }
        ConstraintKind::Check(condition) => {
            let text = with_column(condition, dialect, moved.old, &moved.new.spelled(dialect));
            let columns = swap(&condition.columns);
            let mut condition = condition.clone();
            (condition.text, condition.columns) = (text, columns);
            (ConstraintKind::Check(condition), "check")
        }
        ConstraintKind::ForeignKey(_) if key::deferred(given, moved.table) => {
            return Err(Refusal::Impossible(format!(
                "`{}.{}` is part of a foreign key that may be DEFERRABLE: drop it in a contract before, and add it again behind this one",
                moved.table, moved.old
            )));
        }
        ConstraintKind::ForeignKey(key) => (ConstraintKind::ForeignKey(ForeignKey { columns: swap(&key.columns), ..key.clone() }), "fkey"),
        ConstraintKind::Exclusion { .. } => {
            return Err(Refusal::Impossible(format!("`{}.{}` is part of an exclusion constraint", moved.table, moved.old)));
        }
    };
    if dialect == Dialect::Sqlite && !matches!(kind, ConstraintKind::Unique { .. }) {
        return Err(Refusal::Impossible(format!(
            "`{}.{}` carries a constraint, and SQLite adds none to a table that exists",
            moved.table, moved.old
        )));
    }
    let name = Some(renamed(dialect, constraint.name.as_ref(), moved, suffix));
    let copy = NewConstraint { name, kind, validity: Validity::Valid, deferrable: false };
    let sql = add_constraint(dialect, moved.table, &copy);
    key::add_like(constraint, &sql, phases);
    Ok(())
}

/// The name of a copy: with the new column's name in the place of the old one's.
fn renamed(dialect: Dialect, name: Option<&Ident>, moved: &Move<'_>, suffix: &str) -> Ident {
    let by_name = name.filter(|name| name.as_str().contains(moved.old.as_str()));
    match by_name {
        Some(name) => derived(dialect, [name.as_str().replace(moved.old.as_str(), moved.new.as_str()).as_str()]),
        None => derived(dialect, [moved.table.name.as_str(), moved.new.as_str(), suffix]),
    }
}
