//! Names as a person would write them: quoted only where they must be, derived as databases derive them.

use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::is_reserved;

/// A name as a person would write it: quoted only where it must be.
pub trait Spelled {
    /// The SQL.
    fn spelled(&self, dialect: Dialect) -> String;
}

impl Spelled for Ident {
    fn spelled(&self, dialect: Dialect) -> String {
        let stored = match dialect {
            Dialect::Postgres => self.as_str(),
            Dialect::Sqlite | Dialect::Mysql => self.written(),
        };
        let plain = stored.bytes().enumerate().all(|(index, byte)| match byte {
            b'a'..=b'z' | b'_' => true,
            b'A'..=b'Z' => dialect != Dialect::Postgres,
            b'0'..=b'9' => index > 0,
            _ => false,
        });
        let reserved = is_reserved(dialect, stored);
        if plain && !reserved && !stored.is_empty() { stored.to_owned() } else { self.quoted(dialect) }
    }
}

impl Spelled for ObjectName {
    fn spelled(&self, dialect: Dialect) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", schema.spelled(dialect), self.name.spelled(dialect)),
            None => self.name.spelled(dialect),
        }
    }
}

impl Spelled for [Ident] {
    fn spelled(&self, dialect: Dialect) -> String {
        let names: Vec<String> = self.iter().map(|name| name.spelled(dialect)).collect();
        names.join(", ")
    }
}

/// A name made of parts, as databases name constraints: `orders_total_check`.
pub fn derived<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a str>) -> Ident {
    let parts: Vec<&str> = parts.into_iter().collect();
    Ident::new(dialect, &parts.join("_"), Quoting::Quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        let name = |text| Ident::new(Dialect::Postgres, text, Quoting::Quoted).spelled(Dialect::Postgres);
        assert_eq!([name("users"), name("order"), name("Users"), name("2fa")], ["users", "\"order\"", "\"Users\"", "\"2fa\""]);
    }
}
