//! A column whose values cost something: added empty, filled by new writes, then for old rows, tightened at the end.

use super::expression::pretty;
use super::phases::{Given, Phases, Refusal, Wishes};
use super::statement::{add_constraint, alter, bare_column, sample_value, set_not_null};
use super::{GUESSED, Spelled, derived};
use crate::dialect;
use crate::schema::expression::Shape;
use crate::schema::object::UserTypeKind;
use crate::schema::operation::{AddColumn, NewColumn, NewConstraint};
use crate::schema::table::{ConstraintKind, Generated};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Operation, Phase};

/// Adds a column.
///
/// # Errors
/// When every row needs a value of its own and nobody says which.
pub fn add_column(given: &Given<'_>, add: &AddColumn, wishes: &Wishes) -> Result<Phases, Refusal> {
    let dialect = given.dialect();
    let column = &without_domain(given, &add.column);
    let (alter, name) = (alter(dialect, &add.table), column.name.spelled(dialect));
    let table = add.table.spelled(dialect);
    let exists = if add.if_not_exists { "IF NOT EXISTS " } else { "" };
    let primary = add.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::PrimaryKey(_)));
    let unique = add.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::Unique { .. }));
    let mut phases = Phases::default();
    let filling = filling(given, add, column)?;
    // What a backfill fills must be there before it.
    let given = &match &filling {
        Filling::AtOnce => *given,
        Filling::Later { .. } => Given { phase: Phase::Expand, ..*given },
    };
    match &filling {
        Filling::AtOnce => {
            let rest = written_out(column, primary);
            phases.add(given.phase, &format!("{alter} ADD COLUMN {exists}{}{rest};", bare_column(dialect, column)));
        }
        Filling::Later { by_itself, value } => {
            phases.add(given.phase, &format!("{alter} ADD COLUMN {exists}{};", bare_column(dialect, column)));
            phases.add(given.phase, by_itself);
            let own = match (value, &wishes.value) {
                (_, Some(wish)) => Some(wish.clone()),
                (Some(value), None) => Some(value.clone()),
                (None, None) if unique || primary => {
                    return Err(Refusal::Unknown {
                        what: format!("the value of `{}.{}` in each row that exists", add.table, column.name),
                        ask: "give it with --value, an expression over the row".to_owned(),
                    });
                }
                (None, None) => None,
            };
            let guess = sample_value(column.ty.as_ref());
            if own.is_none() {
                phases.add(Phase::Backfill, &format!("-- For rows that exist: {GUESSED}.\n"));
            }
            phases.add(Phase::Backfill, &format!("UPDATE {table} SET {name} = {} WHERE {name} IS NULL;", own.as_deref().unwrap_or(guess)));
            if column.not_null || primary || is_identity(column) {
                phases.add(Phase::Contract, &set_not_null(dialect, &add.table, &column.name, column.ty.as_ref()));
            }
            phases.add(Phase::Contract, &identity(add, column));
        }
    }
    for constraint in &add.constraints {
        constrain(given, add, &filling, constraint, &mut phases);
    }
    Ok(phases)
}

/// When old rows get their value.
enum Filling {
    /// With the column: a constant, or nothing.
    AtOnce,
    /// In backfill.
    Later {
        /// Statements that make new rows fill it.
        by_itself: String,
        /// The value for old rows, where the column tells one.
        value: Option<String>,
    },
}

fn filling(given: &Given<'_>, add: &AddColumn, column: &NewColumn) -> Result<Filling, Refusal> {
    let dialect = given.dialect();
    let alone = Operation::AddColumn(Box::new(AddColumn { constraints: Vec::new(), ..add.clone() }));
    let rewrites = dialect::impact(&given.server, &alone, given.schema).rewrites().next().is_some();
    let (alter, name) = (alter(dialect, &add.table), column.name.spelled(dialect));
    let has_default = column.default.as_ref().is_some_and(|default| default.shape != Shape::Null);
    let by_domain = add.column.ty != column.ty;
    match &column.generated {
        Generated::No if has_default && !rewrites => Ok(Filling::AtOnce),
        Generated::No => match column.default.as_ref().filter(|default| default.shape != Shape::Null) {
            Some(_) if dialect == Dialect::Sqlite => Err(Refusal::Impossible(
                "SQLite has no SET DEFAULT: a default that is computed cannot be added to rows that exist".to_owned(),
            )),
            Some(default) => {
                let default = pretty(default);
                Ok(Filling::Later { by_itself: format!("{alter} ALTER COLUMN {name} SET DEFAULT {default};\n"), value: Some(default) })
            }
            None if column.not_null || by_domain || is_key(add) => Ok(Filling::Later { by_itself: String::new(), value: None }),
            None => Ok(Filling::AtOnce),
        },
        Generated::Virtual(_) => Ok(Filling::AtOnce),
        Generated::Stored(_) if dialect != Dialect::Postgres => Ok(Filling::AtOnce),
        Generated::Stored(expression) => {
            let function = derived(dialect, [add.table.name.as_str(), column.name.as_str(), "fill"]).spelled(dialect);
            let by_itself = trigger(&function, &add.table.spelled(dialect), &name, expression);
            Ok(Filling::Later { by_itself, value: Some(pretty(expression)) })
        }
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault if dialect != Dialect::Postgres => Ok(Filling::AtOnce),
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => {
            let sequence = ObjectName {
                schema: add.table.schema.clone(),
                name: derived(dialect, [add.table.name.as_str(), column.name.as_str(), "seq"]),
            };
            let sequence = sequence.spelled(dialect);
            let by_itself = format!(
                "CREATE SEQUENCE {sequence} OWNED BY {}.{name};\n{alter} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n",
                add.table.spelled(dialect)
            );
            Ok(Filling::Later { by_itself, value: Some(format!("nextval('{sequence}')")) })
        }
    }
}

fn is_identity(column: &NewColumn) -> bool {
    matches!(column.generated, Generated::IdentityAlways | Generated::IdentityByDefault)
}

/// Puts an identity in the place of the sequence that numbered the rows so far, and lets it go on from there.
fn identity(add: &AddColumn, column: &NewColumn) -> String {
    let dialect = Dialect::Postgres;
    let kind = match column.generated {
        Generated::IdentityAlways => "ALWAYS",
        Generated::IdentityByDefault => "BY DEFAULT",
        Generated::No | Generated::Serial | Generated::Stored(_) | Generated::Virtual(_) => return String::new(),
    };
    let beside = |word: &str| {
        let name = derived(dialect, [add.table.name.as_str(), column.name.as_str(), word]);
        ObjectName { schema: add.table.schema.clone(), name }.spelled(dialect)
    };
    let (sequence, identity) = (beside("seq"), beside("identity"));
    let alter = format!("{} ALTER COLUMN {}", alter(dialect, &add.table), column.name.spelled(dialect));
    format!(
        "BEGIN;\n{alter} DROP DEFAULT;\n{alter} ADD GENERATED {kind} AS IDENTITY (SEQUENCE NAME {identity});\n\
         SELECT setval('{identity}', nextval('{sequence}'));\nDROP SEQUENCE {sequence};\nCOMMIT;\n"
    )
}

fn is_key(add: &AddColumn) -> bool {
    add.constraints.iter().any(|constraint| matches!(constraint.kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::NotNull(_)))
}

/// DEFAULT, NOT NULL and GENERATED behind the type, for a column that costs nothing.
fn written_out(column: &NewColumn, primary: bool) -> String {
    let mut text = String::new();
    match &column.generated {
        Generated::Virtual(expression) => text.push_str(&format!(" GENERATED ALWAYS AS ({}) VIRTUAL", pretty(expression))),
        Generated::Stored(expression) => text.push_str(&format!(" GENERATED ALWAYS AS ({}) STORED", pretty(expression))),
        Generated::No | Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => {}
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {}", pretty(default)));
    }
    if column.not_null || primary {
        text.push_str(" NOT NULL");
    }
    text
}

/// A constraint that was written with the column, in a statement and a phase of its own.
fn constrain(given: &Given<'_>, add: &AddColumn, filling: &Filling, constraint: &NewConstraint, phases: &mut Phases) {
    let dialect = given.dialect();
    let later = matches!(filling, Filling::Later { .. });
    match &constraint.kind {
        ConstraintKind::NotNull(_) => {}
        ConstraintKind::PrimaryKey(_) => {
            phases.add(Phase::Contract, &primary_key(dialect, &add.table, std::slice::from_ref(&add.column.name), constraint));
        }
        ConstraintKind::Check(condition) => {
            // While old releases leave the column empty, what forbids NULL would refuse their rows.
            let waits = later && condition.proves_not_null.contains(&add.column.name);
            let phase = if waits { Phase::Contract } else { given.phase };
            phases.add(phase, &add_constraint(dialect, &add.table, constraint));
        }
        ConstraintKind::Unique { .. } | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => {
            phases.add(given.phase, &add_constraint(dialect, &add.table, constraint));
        }
    }
}

/// PRIMARY KEY over columns that are NOT NULL by now.
pub(super) fn primary_key(dialect: Dialect, table: &ObjectName, columns: &[Ident], constraint: &NewConstraint) -> String {
    let name = super::statement::constraint_name(dialect, table, constraint).spelled(dialect);
    let (alter, columns) = (alter(dialect, table), columns.spelled(dialect));
    match dialect {
        Dialect::Postgres => format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} ({columns});\n{alter} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name};\n",
            table.spelled(dialect)
        ),
        Dialect::Sqlite | Dialect::Mysql => format!("{alter} ADD PRIMARY KEY ({columns});\n"),
    }
}

/// The column with a domain's base type in its place: what can be added without a check of every row.
fn without_domain(given: &Given<'_>, column: &NewColumn) -> NewColumn {
    let domain = column.ty.as_ref().and_then(|ty| given.schema.user_type(&ty.object_name()).recorded());
    let base = domain.and_then(|domain| match &domain.kind {
        UserTypeKind::Domain { base, .. } => Some(base.clone()),
        UserTypeKind::Enum(_) | UserTypeKind::Composite | UserTypeKind::Other => None,
    });
    NewColumn { ty: base.or_else(|| column.ty.clone()), ..column.clone() }
}

/// A trigger that computes the column for every row that is written.
fn trigger(function: &str, table: &str, column: &str, expression: &Expression) -> String {
    let mut value = String::new();
    for token in expression.text.split(' ') {
        let is_column = expression.columns.iter().any(|column| column.as_str() == token || column.quoted(Dialect::Postgres) == token);
        value.push_str(if is_column { " NEW." } else { " " });
        value.push_str(token);
    }
    let value = value.trim_start();
    format!(
        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.{column} := {value};\n  RETURN NEW;\nEND $$;\n\
         CREATE TRIGGER {function} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();\n"
    )
}
