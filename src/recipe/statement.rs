//! The statements that recipes are made of: constraints in two steps, NOT NULL without a scan, columns spelled out.

use super::expression::pretty;
use super::name::{Spelled, derived};
use crate::schema::expression::Shape;
use crate::schema::operation::{NewColumn, NewConstraint};
use crate::schema::table::{Column, ConstraintKind, Detail, ForeignKey, IndexKey, ReferentialAction, Table, TypeName};
use crate::schema::{Dialect, Expression, Ident, ObjectName};

/// `ALTER TABLE t`.
pub fn alter(dialect: Dialect, table: &ObjectName) -> String {
    format!("ALTER TABLE {}", table.spelled(dialect))
}

/// SET NOT NULL where no row may be read under a lock: a CHECK is validated first and proves it.
pub fn set_not_null(dialect: Dialect, table: &ObjectName, column: &Ident, ty: Option<&TypeName>) -> String {
    let (alter, name) = (alter(dialect, table), column.spelled(dialect));
    match dialect {
        Dialect::Postgres => {
            let check = derived(dialect, [table.name.as_str(), column.as_str(), "not_null"]).spelled(dialect);
            format!(
                "{alter} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID;\n\
                 {alter} VALIDATE CONSTRAINT {check};\n\
                 {alter} ALTER COLUMN {name} SET NOT NULL;\n\
                 {alter} DROP CONSTRAINT {check};\n"
            )
        }
        Dialect::Mysql => {
            format!("{alter} MODIFY COLUMN {name} {} NOT NULL;\n", ty.map_or_else(|| "<type>".to_owned(), ToString::to_string))
        }
        Dialect::Sqlite => String::new(),
    }
}

/// What stands behind the name of a MySQL column that becomes NOT NULL: MODIFY states the whole column, and what it
/// leaves out is lost. `default` is the one to state.
pub(super) fn restated(column: &Column, ty: &TypeName, default: Option<&Expression>) -> String {
    stated(column, ty, " NOT NULL", default)
}

/// What stands behind the name of a MySQL column that stays as it is, or is made like another.
pub(super) fn restated_as_it_is(column: &Column) -> String {
    // Without a word, a timestamp refuses NULL on some servers.
    let nulls = if column.not_null { " NOT NULL" } else { " NULL" };
    stated(column, &column.ty, nulls, column.default.as_ref().filter(|default| fills(Some(default))))
}

fn stated(column: &Column, ty: &TypeName, nulls: &str, default: Option<&Expression>) -> String {
    let mut text = ty.to_string();
    let mut last = String::new();
    for detail in &column.details {
        match detail {
            Detail::Charset(name) if *ty == column.ty => text.push_str(&format!(" CHARACTER SET {name}")),
            Detail::Comment(told) => last.push_str(&format!(" COMMENT '{}'", told.replace('\'', "''"))),
            Detail::Invisible => last.insert_str(0, " INVISIBLE"),
            Detail::Charset(_) | Detail::OnUpdate | Detail::Nullable | Detail::IgnoredReference(_) => {}
        }
    }
    if let Some(collation) = column.collation.as_ref().filter(|_| *ty == column.ty) {
        text.push_str(&format!(" COLLATE {}", collation.spelled(Dialect::Mysql)));
    }
    text.push_str(nulls);
    if let Some(default) = default {
        text.push_str(&format!(" DEFAULT {}", pretty(default)));
    }
    if column.details.contains(&Detail::OnUpdate) {
        text.push_str(" ON UPDATE CURRENT_TIMESTAMP");
    }
    text + &last
}

/// The rules that may stand behind a column of MariaDB, for a statement that states it again: they are not named, and
/// what it leaves out is lost.
pub fn rules_behind<'t>(table: &'t Table, column: &'t Ident) -> impl Iterator<Item = &'t Expression> {
    table.constraints.iter().filter(|held| held.name.is_none()).filter_map(move |held| match &held.kind {
        ConstraintKind::Check(condition) => condition.columns.contains(column).then_some(condition),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => None,
    })
}

/// ADD CONSTRAINT in two transactions: new rows first, then the old ones under a weak lock.
pub fn add_constraint(dialect: Dialect, table: &ObjectName, constraint: &NewConstraint) -> String {
    let alter = alter(dialect, table);
    let name = constraint_name(dialect, table, constraint).spelled(dialect);
    let body = constraint_body(dialect, &constraint.kind);
    match (dialect, &constraint.kind) {
        (Dialect::Postgres, ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_)) => {
            format!("{alter} ADD CONSTRAINT {name} {body} NOT VALID;\n{alter} VALIDATE CONSTRAINT {name};\n")
        }
        (Dialect::Postgres, ConstraintKind::Unique { columns, nulls_not_distinct }) => {
            let (table, columns) = (table.spelled(dialect), columns.spelled(dialect));
            let nulls = if *nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}){nulls};\n{alter} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};\n"
            )
        }
        (Dialect::Sqlite, ConstraintKind::Unique { columns, .. }) => {
            format!("CREATE UNIQUE INDEX {name} ON {} ({});\n", table.spelled(dialect), columns.spelled(dialect))
        }
        // With checks on, MySQL copies the table to look up each row.
        (Dialect::Mysql, ConstraintKind::ForeignKey(_)) => format!(
            "SET SESSION foreign_key_checks = 0;\n{alter} ADD CONSTRAINT {name} {body}, ALGORITHM=INPLACE, LOCK=NONE;\n\
             SET SESSION foreign_key_checks = 1;\n"
        ),
        _ => format!("{alter} ADD CONSTRAINT {name} {body};\n"),
    }
}

/// The constraint's own name, or the one that the database would give it.
pub fn constraint_name(dialect: Dialect, table: &ObjectName, constraint: &NewConstraint) -> Ident {
    if let Some(name) = &constraint.name {
        return name.clone();
    }
    let named = |columns: &[Ident], kind: &'static str| {
        let columns = columns.iter().map(Ident::as_str);
        derived(dialect, std::iter::once(table.name.as_str()).chain(columns).chain([kind]))
    };
    match &constraint.kind {
        ConstraintKind::PrimaryKey(_) => named(&[], "pkey"),
        ConstraintKind::Unique { columns, .. } => named(columns, "key"),
        ConstraintKind::Check(condition) => named(condition.columns.get(..1).unwrap_or_default(), "check"),
        ConstraintKind::NotNull(column) => named(std::slice::from_ref(column), "not_null"),
        ConstraintKind::ForeignKey(key) => named(&key.columns, "fkey"),
        ConstraintKind::Exclusion { columns } => named(columns, "excl"),
    }
}

fn constraint_body(dialect: Dialect, kind: &ConstraintKind) -> String {
    match kind {
        ConstraintKind::PrimaryKey(columns) => format!("PRIMARY KEY ({})", columns.spelled(dialect)),
        ConstraintKind::Unique { columns, .. } => format!("UNIQUE ({})", columns.spelled(dialect)),
        ConstraintKind::Check(condition) => format!("CHECK ({})", pretty(condition)),
        ConstraintKind::NotNull(column) => format!("NOT NULL {}", column.spelled(dialect)),
        ConstraintKind::ForeignKey(key) => format!("FOREIGN KEY ({}) {}", key.columns.spelled(dialect), references(dialect, key)),
        ConstraintKind::Exclusion { columns } => format!("EXCLUDE ({})", columns.spelled(dialect)),
    }
}

fn references(dialect: Dialect, key: &ForeignKey) -> String {
    let mut text = format!("REFERENCES {}", key.references.spelled(dialect));
    if !key.referenced_columns.is_empty() {
        text.push_str(&format!(" ({})", key.referenced_columns.spelled(dialect)));
    }
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            ReferentialAction::NoAction => continue,
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        };
        text.push_str(&format!(" ON {event} {action}"));
    }
    text
}

/// A column that takes NULL and fills nothing by itself: what can be added at no cost.
pub fn bare_column(dialect: Dialect, column: &NewColumn) -> String {
    let mut text = column.name.spelled(dialect);
    if let Some(ty) = &column.ty {
        text.push_str(&format!(" {}", super::sync::written(dialect, ty)));
    }
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", collation.spelled(dialect)));
    }
    text
}

/// A value of the type, for rows that exist already. A person puts the right one.
pub fn sample_value(ty: Option<&TypeName>) -> &'static str {
    match ty.map(|ty| (ty.base.as_str(), ty.array)) {
        Some((_, 1..)) => "'{}'",
        Some((
            "smallint" | "integer" | "bigint" | "numeric" | "decimal" | "real" | "double precision" | "int" | "tinyint" | "mediumint"
            | "float" | "double",
            _,
        )) => "0",
        Some(("boolean" | "bool", _)) => "false",
        Some(("date", _)) => "CURRENT_DATE",
        Some(("timestamp" | "timestamp without time zone" | "timestamp with time zone" | "timestamptz" | "datetime", _)) => {
            "CURRENT_TIMESTAMP"
        }
        Some(("json" | "jsonb", _)) => "'{}'",
        Some(("uuid", _)) => "gen_random_uuid()",
        Some(_) | None => "''",
    }
}

/// The same as the DEFAULT of a MySQL column: for some types only an expression in parentheses is one
/// (<https://dev.mysql.com/doc/refman/8.4/en/data-type-defaults.html>).
pub(super) fn sample_default(ty: &TypeName) -> String {
    let (base, value) = (ty.base.as_str(), sample_value(Some(ty)));
    let only_expressions = base.ends_with("text") || base.ends_with("blob") || matches!(base, "json" | "date");
    if only_expressions { format!("({value})") } else { value.to_owned() }
}

/// Whether a default puts a value in.
pub fn fills(default: Option<&Expression>) -> bool {
    default.is_some_and(|default| default.shape != Shape::Null)
}

/// The unique keys of a table that hold for every row, by their columns.
pub fn unique_keys(table: &Table) -> impl Iterator<Item = Vec<&Ident>> {
    let by_index = table.indexes.iter().filter(|index| index.unique && index.valid && index.predicate.is_none()).filter_map(|index| {
        index
            .keys
            .iter()
            .map(|key| match key {
                IndexKey::Column(name) => Some(name),
                IndexKey::Expression(_) => None,
            })
            .collect()
    });
    let by_constraint = table.constraints.iter().filter_map(|constraint| match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } => Some(columns.iter().collect()),
        ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) | ConstraintKind::Exclusion { .. } => None,
    });
    by_index.chain(by_constraint)
}
