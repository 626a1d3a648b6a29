//! The recipes of `migrate new`: each asks for a change in one line, as if nobody were using the database.

use clap::{Args, Subcommand};

use super::name::{column, table_and_columns, table_name};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::fix::Draft;
use crate::fix::remake::{self, Texts};
use crate::recipe::{self, Given, Phases, Refusal, Spelled, Split, Wishes};
use crate::schema::table::TypeName;
use crate::schema::{Dialect, Found, Ident, ObjectName, Operation, Phase};
use crate::sql::{self, Source};

/// A change that `migrate new` writes in phases.
#[derive(Subcommand, Debug)]
pub enum Recipe {
    /// Give a column another name
    #[command(after_help = "Example:\n  migrate new users-full-name rename-column users.name full_name")]
    RenameColumn(RenameColumn),
    /// Give a column another type, in a column of another name
    #[command(
        after_help = "Example:\n  migrate new orders-cents change-type orders.total bigint --name total_cents --forward 'total * 100' --backward 'total_cents / 100'"
    )]
    ChangeType(ChangeType),
    /// Make a column NOT NULL
    #[command(after_help = "Example:\n  migrate new users-email-required set-not-null users.email --value \"''\"")]
    SetNotNull(SetNotNull),
    /// Add a column
    #[command(after_help = "Example:\n  migrate new users-bio add-column users.bio \"text not null default ''\"")]
    AddColumn(AddColumn),
    /// Drop a column
    #[command(after_help = "Example:\n  migrate new users-no-nick drop-column users.nick")]
    DropColumn(DropColumn),
    /// Build an index
    #[command(after_help = "Example:\n  migrate new users-by-email add-index 'users(email, created_at)' --where 'deleted_at IS NULL'")]
    AddIndex(AddIndex),
    /// Add a foreign key, and the index that it needs
    #[command(after_help = "Example:\n  migrate new orders-user add-foreign-key orders.user_id users.id --on-delete cascade")]
    AddForeignKey(AddForeignKey),
    /// Add a CHECK
    #[command(after_help = "Example:\n  migrate new users-adult add-check users 'age > 17' --name users_adult")]
    AddCheck(AddCheck),
    /// Make columns unique
    #[command(after_help = "Example:\n  migrate new users-email-once add-unique 'users(email)'")]
    AddUnique(AddUnique),
    /// Move columns to a table of their own
    #[command(after_help = "Example:\n  migrate new user-profiles split-table users profiles --columns bio,avatar")]
    SplitTable(SplitTable),
    /// Give a table another name
    #[command(after_help = "Example:\n  migrate new people rename-table users people")]
    RenameTable(RenameTable),
    /// Drop a table
    #[command(after_help = "Example:\n  migrate new no-audit drop-table audit")]
    DropTable(DropTable),
}

/// Arguments of `rename-column`.
#[derive(Args, Debug)]
pub struct RenameColumn {
    /// The column: users.name
    pub column: String,
    /// Its new name
    pub to: String,
    /// Its type, where the migrations do not tell
    #[arg(long = "type", value_name = "TYPE")]
    pub ty: Option<String>,
}

/// Arguments of `change-type`.
#[derive(Args, Debug)]
pub struct ChangeType {
    /// The column: users.age
    pub column: String,
    /// Its new type: bigint
    #[arg(value_name = "TYPE")]
    pub ty: String,
    /// What the column of the new type is called [default: the old name and the type]
    #[arg(long)]
    pub name: Option<String>,
    /// How the new value is made of the old one [default: a cast]
    #[arg(long, value_name = "SQL")]
    pub forward: Option<String>,
    /// How the old value is made of the new one [default: a cast]
    #[arg(long, value_name = "SQL")]
    pub backward: Option<String>,
}

/// Arguments of `set-not-null`.
#[derive(Args, Debug)]
pub struct SetNotNull {
    /// The column: users.email
    pub column: String,
    /// The value for rows that have none, as SQL: "''" [default: the column's default]
    #[arg(long, value_name = "SQL")]
    pub value: Option<String>,
}

/// Arguments of `add-column`.
#[derive(Args, Debug)]
pub struct AddColumn {
    /// The column: users.bio
    pub column: String,
    /// Its type and what follows it: "text not null default ''"
    pub definition: String,
    /// The value for rows that exist, as SQL [default: the column's default]
    #[arg(long, value_name = "SQL")]
    pub value: Option<String>,
}

/// Arguments of `drop-column`.
#[derive(Args, Debug)]
pub struct DropColumn {
    /// The column: users.nick
    pub column: String,
}

/// Arguments of `add-index`.
#[derive(Args, Debug)]
pub struct AddIndex {
    /// The table with the columns in parentheses: users(email, created_at)
    #[arg(value_name = "TABLE(COLUMNS)")]
    pub on: String,
    /// Refuse duplicates
    #[arg(long)]
    pub unique: bool,
    /// Only these rows, as SQL
    #[arg(long = "where", value_name = "SQL")]
    pub predicate: Option<String>,
    /// Its name [default: the table and the columns]
    #[arg(long)]
    pub name: Option<String>,
}

/// Arguments of `add-foreign-key`.
#[derive(Args, Debug)]
pub struct AddForeignKey {
    /// The column that references: orders.user_id
    pub column: String,
    /// The column that is referenced: users.id
    pub references: String,
    /// What becomes of the row when the referenced one goes
    #[arg(long, value_name = "ACTION", value_enum)]
    pub on_delete: Option<Action>,
    /// Its name [default: the table and the column]
    #[arg(long)]
    pub name: Option<String>,
}

/// What becomes of a referencing row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Action {
    /// It goes too.
    Cascade,
    /// It loses the reference.
    SetNull,
    /// The referenced row stays.
    Restrict,
}

/// Arguments of `add-check`.
#[derive(Args, Debug)]
pub struct AddCheck {
    /// The table
    pub table: String,
    /// What must hold for each row, as SQL: "age > 0"
    #[arg(value_name = "SQL")]
    pub condition: String,
    /// Its name [default: the table and the column]
    #[arg(long)]
    pub name: Option<String>,
}

/// Arguments of `add-unique`.
#[derive(Args, Debug)]
pub struct AddUnique {
    /// The table with the columns in parentheses: users(email)
    #[arg(value_name = "TABLE(COLUMNS)")]
    pub on: String,
    /// Its name [default: the table and the columns]
    #[arg(long)]
    pub name: Option<String>,
}

/// Arguments of `split-table`.
#[derive(Args, Debug)]
pub struct SplitTable {
    /// The table
    pub table: String,
    /// The table that is made for the columns
    pub to: String,
    /// The columns: bio,avatar
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    pub columns: Vec<String>,
}

/// Arguments of `rename-table`.
#[derive(Args, Debug)]
pub struct RenameTable {
    /// The table
    pub table: String,
    /// Its new name
    pub to: String,
}

/// Arguments of `drop-table`.
#[derive(Args, Debug)]
pub struct DropTable {
    /// The table
    pub table: String,
}

impl Recipe {
    /// What is asked for, as the change itself or in phases already; what it cannot do by itself, `migrate fix` does.
    ///
    /// # Errors
    /// When a name or an expression is not understood, or the migrations know no such table or column.
    pub(super) fn draft(&self, given: &Given<'_>, texts: &Texts) -> Result<(Draft, Wishes), Failure> {
        let dialect = given.dialect();
        let mut wishes = Wishes::default();
        let asked = match self {
            Recipe::RenameColumn(asked) => {
                let (table, old) = known(given, column(dialect, &asked.column)?)?;
                let new = super::name::ident(dialect, &asked.to)?;
                in_phases(recipe::rename_column(given, &table, &old, &new, asked.ty.as_deref(), &wishes))?
            }
            Recipe::ChangeType(asked) => {
                let (table, old) = known(given, column(dialect, &asked.column)?)?;
                wishes.new_name = asked.name.as_deref().map(|name| super::name::ident(dialect, name)).transpose()?;
                wishes.forward.clone_from(&asked.forward);
                wishes.backward.clone_from(&asked.backward);
                let ty = type_of(given, &asked.ty)?;
                in_phases(recipe::change_type(given, &table, &old, &ty, &asked.ty, &wishes))?
            }
            Recipe::SetNotNull(asked) => {
                let (table, column) = known(given, column(dialect, &asked.column)?)?;
                wishes.value.clone_from(&asked.value);
                in_phases(match dialect {
                    Dialect::Sqlite => remake::set_not_null(given, texts, &table, &column, &wishes),
                    Dialect::Postgres | Dialect::Mysql => recipe::set_not_null(given, &table, &column, &wishes),
                })?
            }
            Recipe::AddColumn(asked) => {
                let (table, column) = column(dialect, &asked.column)?;
                let table = known_table(given, table)?;
                wishes.value.clone_from(&asked.value);
                change(&table, dialect, &format!("ADD COLUMN {} {}", column.spelled(dialect), asked.definition))
            }
            Recipe::DropColumn(asked) => {
                let (table, column) = known(given, column(dialect, &asked.column)?)?;
                in_phases(Ok(recipe::drop_column(given, &table, &column)))?
            }
            Recipe::AddIndex(asked) => index(given, asked)?,
            Recipe::AddForeignKey(asked) => foreign_key(given, texts, asked)?,
            Recipe::AddCheck(asked) => {
                let table = known_table(given, table_name(dialect, &asked.table)?)?;
                let check = format!("{}CHECK ({})", named(dialect, asked.name.as_deref())?, asked.condition);
                match dialect {
                    Dialect::Sqlite => in_phases(remake::add_constraint(given, texts, &table, &check, &[]))?,
                    Dialect::Postgres => change(&table, dialect, &format!("ADD {check}")),
                    Dialect::Mysql => {
                        let name = asked.name.as_deref().map(|name| super::name::ident(dialect, name)).transpose()?;
                        in_phases(recipe::add_check(given, &table, name.as_ref(), &asked.condition))?
                    }
                }
            }
            Recipe::AddUnique(asked) => unique(given, asked)?,
            Recipe::SplitTable(asked) => {
                let table = known_table(given, table_name(dialect, &asked.table)?)?;
                let to = table_name(dialect, &asked.to)?;
                let columns = asked.columns.iter().map(|name| super::name::ident(dialect, name)).collect::<Result<Vec<_>, _>>()?;
                in_phases(recipe::split_table(given, &Split { table: &table, to: &to, columns: &columns }))?
            }
            Recipe::RenameTable(asked) => {
                let table = known_table(given, table_name(dialect, &asked.table)?)?;
                in_phases(recipe::rename_table(given, &table, &super::name::ident(dialect, &asked.to)?))?
            }
            Recipe::DropTable(asked) => {
                let table = known_table(given, table_name(dialect, &asked.table)?)?;
                in_phases(Ok(recipe::drop_table(given, &table)))?
            }
        };
        Ok((asked, wishes))
    }
}

fn in_phases(phases: Result<Phases, Refusal>) -> Result<Draft, Failure> {
    let phases = phases.map_err(refused)?;
    Ok(Draft::new(Phase::ALL.map(|phase| (phase, phases.script(phase).to_owned())), phases.settings()))
}

fn refused(refusal: Refusal) -> Failure {
    Failure::new(Exit::Usage, refusal.to_string()).next("migrate new --help")
}

/// A change as a statement, written as if nobody were using the table.
fn change(table: &ObjectName, dialect: Dialect, clause: &str) -> Draft {
    statement(&format!("ALTER TABLE {} {clause};\n", table.spelled(dialect)))
}

fn statement(sql: &str) -> Draft {
    Draft::new([(Phase::Expand, sql.to_owned())], String::new())
}

fn named(dialect: Dialect, name: Option<&str>) -> Result<String, Failure> {
    let name = name.map(|name| super::name::ident(dialect, name)).transpose()?;
    Ok(name.map(|name| format!("CONSTRAINT {} ", name.spelled(dialect))).unwrap_or_default())
}

fn index(given: &Given<'_>, asked: &AddIndex) -> Result<Draft, Failure> {
    let dialect = given.dialect();
    let (table, columns) = table_and_columns(dialect, &asked.on)?;
    let table = known_table(given, table)?;
    let name = match &asked.name {
        Some(name) => super::name::ident(dialect, name)?,
        None => {
            let words: Vec<String> = columns.iter().map(|column| word(column)).collect();
            let parts = std::iter::once(table.name.written()).chain(words.iter().map(String::as_str)).chain(["idx"]);
            recipe::derived(dialect, parts)
        }
    };
    let unique = if asked.unique { "UNIQUE " } else { "" };
    let predicate = asked.predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
    let (name, table) = (name.spelled(dialect), table.spelled(dialect));
    Ok(statement(&format!("CREATE {unique}INDEX {name} ON {table} ({}){predicate};\n", columns.join(", "))))
}

/// The letters and digits of an expression, as part of a name.
fn word(column: &str) -> String {
    let words = column.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

fn unique(given: &Given<'_>, asked: &AddUnique) -> Result<Draft, Failure> {
    let dialect = given.dialect();
    let (table, columns) = table_and_columns(dialect, &asked.on)?;
    let table = known_table(given, table)?;
    if dialect == Dialect::Sqlite {
        let index = AddIndex { on: asked.on.clone(), unique: true, predicate: None, name: asked.name.clone() };
        return self::index(given, &index);
    }
    Ok(change(&table, dialect, &format!("ADD {}UNIQUE ({})", named(dialect, asked.name.as_deref())?, columns.join(", "))))
}

fn foreign_key(given: &Given<'_>, texts: &Texts, asked: &AddForeignKey) -> Result<Draft, Failure> {
    let dialect = given.dialect();
    let (table, own) = known(given, column(dialect, &asked.column)?)?;
    let (references, key) = known(given, column(dialect, &asked.references)?)?;
    let action = match asked.on_delete {
        None => "",
        Some(Action::Cascade) => " ON DELETE CASCADE",
        Some(Action::SetNull) => " ON DELETE SET NULL",
        Some(Action::Restrict) => " ON DELETE RESTRICT",
    };
    let covered = given.table(&table).is_some_and(|table| table.indexes.iter().any(|index| leads(index, &own)));
    let (own_name, key) = (own.spelled(dialect), key.spelled(dialect));
    let mut sql = String::new();
    let (from, to) = (table.spelled(dialect), references.spelled(dialect));
    let constraint = format!("{}FOREIGN KEY ({own_name}) REFERENCES {to} ({key}){action}", named(dialect, asked.name.as_deref())?);
    // Every delete of a referenced row looks for the rows that reference it. MySQL builds that index by itself.
    let index = recipe::derived(dialect, [table.name.as_str(), own.as_str(), "idx"]).spelled(dialect);
    let index = (!covered).then(|| format!("CREATE INDEX {index} ON {from} ({own_name})"));
    match dialect {
        Dialect::Sqlite => {
            let mut phases = remake::add_constraint(given, texts, &table, &constraint, index.as_slice()).map_err(refused)?;
            let orphan =
                format!("{own_name} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {to} AS parent WHERE parent.{key} = {from}.{own_name})");
            let required = given.column(&table, &own).is_some_and(|column| column.not_null);
            // While a table is made anew, nothing looks for them.
            phases.add(Phase::Backfill, "-- Rows that reference nothing: write here what is right for them.\n");
            phases.add(
                Phase::Backfill,
                &match required {
                    true => format!("DELETE FROM {from} WHERE {orphan};"),
                    false => format!("UPDATE {from} SET {own_name} = NULL WHERE {orphan};"),
                },
            );
            return in_phases(Ok(phases));
        }
        Dialect::Postgres => sql.extend(index.map(|index| format!("{index};\n"))),
        Dialect::Mysql => {}
    }
    sql.push_str(&format!("ALTER TABLE {from} ADD {constraint};\n"));
    Ok(statement(&sql))
}

fn leads(index: &crate::schema::table::Index, column: &Ident) -> bool {
    index.predicate.is_none() && matches!(index.keys.first(), Some(crate::schema::table::IndexKey::Column(first)) if first == column)
}

/// The type that a text names.
fn type_of(given: &Given<'_>, text: &str) -> Result<TypeName, Failure> {
    let sql = format!("CREATE TABLE t (c {text})");
    let script = sql::read(&Source::new("--type", sql), given.server);
    let operation = script.statements.first().and_then(|statement| statement.clauses.first()).map(|clause| &clause.operation);
    let found = match operation {
        Some(Operation::CreateTable(table)) if script.statements.len() == 1 => table.columns.first().and_then(|column| column.ty.clone()),
        _ => None,
    };
    found.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{text}` is no type of {}", given.dialect())).next("migrate new … change-type --help")
    })
}

/// The table and the column, which the migrations must know.
fn known(given: &Given<'_>, (table, column): (ObjectName, Ident)) -> Result<(ObjectName, Ident), Failure> {
    let table = known_table(given, table)?;
    match given.schema.column(&table, &column) {
        Found::Absent => {
            let names: Vec<&str> = given.table(&table).iter().flat_map(|table| &table.columns).map(|column| column.name.as_str()).collect();
            let hint = crate::migration::nearest::hint(column.as_str(), names);
            Err(Failure::new(Exit::Usage, format!("the migrations make no column `{table}.{column}`{hint}")).next("migrate plan"))
        }
        Found::Known(_) | Found::Stale(_) | Found::Unknown => Ok((table, column)),
    }
}

fn known_table(given: &Given<'_>, table: ObjectName) -> Result<ObjectName, Failure> {
    match given.schema.table(&table) {
        Found::Absent => {
            let names: Vec<String> = given.schema.tables().map(|table| table.name.to_string()).collect();
            let hint = crate::migration::nearest::hint(&table.to_string(), names.iter().map(String::as_str));
            Err(Failure::new(Exit::Usage, format!("the migrations make no table `{table}`{hint}")).next("migrate plan"))
        }
        Found::Known(_) | Found::Stale(_) | Found::Unknown => Ok(table),
    }
}
