//! The SQL around a chunk: where the walk ends, where the next chunk ends, and the key range between the two.
//!
//! A key value arrives as SQL expressions, one per column: how a value is written is the backend's.

use std::borrow::Cow;

use crate::schema::{Dialect, Ident};

/// A walk along a table in the order of a key.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// The driving table, or one of its partitions, quoted for SQL.
    pub table: Cow<'a, str>,
    /// The key's columns, in the key's order.
    pub key: &'a [Ident],
}

impl Walk<'_> {
    /// The last key of the table: where the walk ends.
    pub fn last_sql(&self) -> String {
        format!("SELECT {} FROM {} ORDER BY {} LIMIT 1", self.shown(), self.table(), self.order(" DESC"))
    }

    /// The key of the row that is `rows` rows behind `after`; no row when fewer are left up to `upper`.
    pub fn bound_sql(&self, after: Option<&[String]>, upper: &[String], rows: u32) -> String {
        format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
            self.shown(),
            self.table(),
            self.range(None, after, upper),
            self.order(""),
            rows.saturating_sub(1)
        )
    }

    /// The keys of the next `rows` rows behind `after` up to `upper`, in order.
    pub fn keys_sql(&self, after: Option<&[String]>, upper: &[String], rows: u32) -> String {
        format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT {rows}",
            self.shown(),
            self.table(),
            self.range(None, after, upper),
            self.order("")
        )
    }

    /// Keys that cut the rows up to `upper` into `parts` parts of about the same size, from a sample of this share of the
    /// table's pages, in percent. PostgreSQL only.
    pub fn quantiles_sql(&self, upper: &[String], share: f64, parts: u64) -> String {
        let columns: Vec<String> = self.key.iter().map(|column| column.quoted(self.dialect)).collect();
        let columns = columns.join(", ");
        format!(
            "SELECT {} FROM (SELECT {columns}, row_number() OVER (ORDER BY {}) AS place, count(*) OVER () AS places \
             FROM {} TABLESAMPLE SYSTEM ({share:.6}) WHERE {}) s \
             WHERE place < places AND place * {parts} / places > (place - 1) * {parts} / places ORDER BY place",
            self.shown(),
            self.order(""),
            self.table(),
            self.range(None, None, upper),
        )
    }

    /// The rows behind one key and up to another; all that lie before or behind where there is none. `None` without either.
    pub fn between(&self, reference: &str, after: Option<&[String]>, upper: Option<&[String]>) -> Option<String> {
        let columns: Vec<String> = self.key.iter().map(|column| self.column(Some(reference), column)).collect();
        match (after, upper) {
            (after, Some(upper)) => Some(self.range(Some(reference), after, upper)),
            (Some(after), None) => Some(compare(&columns, ">", after)),
            (None, None) => None,
        }
    }

    /// One row. `reference` is how the statement calls the driving table.
    pub fn row(&self, reference: &str, key: &[String]) -> String {
        let same = self.key.iter().zip(key).map(|(column, value)| format!("{} = {value}", self.column(Some(reference), column)));
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// How many rows are left behind `after` up to `upper`.
    pub fn count_sql(&self, after: Option<&[String]>, upper: &[String]) -> String {
        let count = match self.dialect {
            Dialect::Postgres => "count(*)::text",
            Dialect::Sqlite | Dialect::Mysql => "count(*)",
        };
        format!("SELECT {count} AS rows FROM {} WHERE {}", self.table(), self.range(None, after, upper))
    }

    /// The rows behind `after` up to and with `upper`. `reference` is how the statement calls the driving table.
    pub fn range(&self, reference: Option<&str>, after: Option<&[String]>, upper: &[String]) -> String {
        let columns: Vec<String> = self.key.iter().map(|column| self.column(reference, column)).collect();
        let above = after.map(|after| compare(&columns, ">", after));
        let below = compare(&columns, "<=", upper);
        // Planners estimate a pair of row comparisons as two independent halves of the table; a plain range over the
        // first column tells them how little it is.
        let hint = match (columns.as_slice(), after) {
            ([first, _, ..], Some(after)) => Some(format!("{first} >= {} AND {first} <= {}", after[0], upper[0])),
            ([first, _, ..], None) => Some(format!("{first} <= {}", upper[0])),
            ([] | [_], _) => None,
        };
        [hint, above, Some(below)].into_iter().flatten().collect::<Vec<_>>().join(" AND ")
    }

    fn table(&self) -> &str {
        &self.table
    }

    fn column(&self, reference: Option<&str>, column: &Ident) -> String {
        let column = column.quoted(self.dialect);
        match reference {
            Some(reference) => format!("{reference}.{column}"),
            None => column,
        }
    }

    /// The key's columns in a SELECT list, as `k0`, `k1` and so on.
    pub fn shown(&self) -> String {
        let shown = |(index, column): (usize, &Ident)| match self.dialect {
            Dialect::Postgres => format!("{}::text AS k{index}", column.quoted(self.dialect)),
            Dialect::Sqlite | Dialect::Mysql => format!("{} AS k{index}", column.quoted(self.dialect)),
        };
        self.key.iter().enumerate().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn order(&self, direction: &str) -> String {
        self.key.iter().map(|column| column.quoted(self.dialect) + direction).collect::<Vec<_>>().join(", ")
    }
}

fn compare(columns: &[String], operator: &str, values: &[String]) -> String {
    match (columns, values) {
        ([column], [value]) => format!("{column} {operator} {value}"),
        _ => format!("({}) {operator} ({})", columns.join(", "), values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::name::Quoting;

    fn ident(name: &str) -> Ident {
        Ident::new(Dialect::Postgres, name, Quoting::Quoted)
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn one_column_is_a_plain_range() {
        let table = "\"users\"";
        let key = [ident("id")];
        let walk = Walk { dialect: Dialect::Postgres, table: table.into(), key: &key };
        let (after, upper) = (strings(&["1"]), strings(&["9"]));
        assert_eq!(walk.range(Some("u"), Some(&after), &upper), r#"u."id" > 1 AND u."id" <= 9"#);
        assert_eq!(walk.range(None, None, &upper), r#""id" <= 9"#);
        assert_eq!(
            walk.bound_sql(Some(&after), &upper, 500),
            r#"SELECT "id"::text AS k0 FROM "users" WHERE "id" > 1 AND "id" <= 9 ORDER BY "id" LIMIT 1 OFFSET 499"#
        );
        assert_eq!(walk.last_sql(), r#"SELECT "id"::text AS k0 FROM "users" ORDER BY "id" DESC LIMIT 1"#);
    }

    #[test]
    fn several_columns_are_compared_as_rows_with_a_range_over_the_first() {
        let table = "\"items\"";
        let key = [ident("order"), ident("line")];
        let walk = Walk { dialect: Dialect::Sqlite, table: table.into(), key: &key };
        let (after, upper) = (strings(&["?1", "?2"]), strings(&["?3", "?4"]));
        assert_eq!(
            walk.range(None, Some(&after), &upper),
            r#""order" >= ?1 AND "order" <= ?3 AND ("order", "line") > (?1, ?2) AND ("order", "line") <= (?3, ?4)"#
        );
        assert_eq!(walk.range(None, None, &upper), r#""order" <= ?3 AND ("order", "line") <= (?3, ?4)"#);
    }
}
