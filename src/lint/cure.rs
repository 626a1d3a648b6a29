//! Writing the SQL of cures: names as a person would write them, and the files they go to.

pub(super) mod recipe;
pub(super) mod sync;

use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName, Phase};
use crate::sql::is_reserved;

/// A name as a person would write it: quoted only where it must be.
pub(super) trait Spelled {
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
pub(super) fn derived<'a>(dialect: Dialect, parts: impl IntoIterator<Item = &'a str>) -> Ident {
    let parts: Vec<&str> = parts.into_iter().collect();
    Ident::new(dialect, &parts.join("_"), Quoting::Quoted)
}

/// The path of a migration's file for a phase, told from the path of another script of it: its sibling in a
/// migration's folder, a folder of the same name beside a flat file.
pub(super) fn sibling(path: &str, phase: Phase) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let in_folder = Phase::from_name(stem).is_some();
    let parts = [folder, if in_folder { "" } else { stem }];
    let mut sibling: String = parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}/")).collect();
    sibling.push_str(phase.as_str());
    sibling.push_str(".sql");
    sibling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        let name = |text| Ident::new(Dialect::Postgres, text, Quoting::Quoted).spelled(Dialect::Postgres);
        assert_eq!([name("users"), name("order"), name("Users"), name("2fa")], ["users", "\"order\"", "\"Users\"", "\"2fa\""]);
    }

    #[test]
    fn cures_stand_beside_the_script() {
        assert_eq!(sibling("migrations/1_a/expand.sql", Phase::Contract), "migrations/1_a/contract.sql");
        assert_eq!(sibling("migrations/1_a.sql", Phase::Contract), "migrations/1_a/contract.sql");
        assert_eq!(sibling("expand.sql", Phase::Backfill), "backfill.sql");
    }
}
