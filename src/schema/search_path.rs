//! From a name as written to the canonical name: default schemas, search_path, temporary tables.

use super::table::TypeName;
use super::{Dialect, Ident, ObjectName, Schema};

/// The schemas in which an unqualified name is looked up.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct SearchPath {
    /// The dialect's own default; names in it are canonical without their schema.
    default: Option<Ident>,
    /// Where temporary tables live; looked at first.
    temporary: Ident,
    /// SET search_path of the session; `None` is the server's default.
    session: Option<Vec<Ident>>,
    /// SET LOCAL search_path, and the transaction at whose end it is gone.
    local: Option<(u32, Vec<Ident>)>,
    /// How many temporary relations exist: most schemas have none and need not look.
    pub(super) temporaries: usize,
}

impl SearchPath {
    pub(super) fn new(dialect: Dialect) -> SearchPath {
        SearchPath {
            default: dialect.default_schema().map(Ident::stored),
            temporary: Ident::stored(match dialect {
                Dialect::Postgres => "pg_temp",
                Dialect::Sqlite | Dialect::Mysql => "temp",
            }),
            session: None,
            local: None,
            temporaries: 0,
        }
    }

    /// SET search_path; no values means the server's default again.
    pub(super) fn set(&mut self, values: &[String]) {
        self.session = entries(values);
        self.local = None;
    }

    /// SET LOCAL search_path.
    pub(super) fn set_local(&mut self, values: &[String], transaction: u32) {
        self.local = Some((transaction, entries(values).unwrap_or_else(|| self.default.iter().cloned().collect())));
    }

    /// Forgets SET LOCAL of any other transaction.
    pub(super) fn enter(&mut self, transaction: u32) {
        if self.local.as_ref().is_some_and(|(of, _)| *of != transaction) {
            self.local = None;
        }
    }

    /// COMMIT or ROLLBACK.
    pub(super) fn end_transaction(&mut self) {
        self.local = None;
    }

    fn entries(&self) -> &[Ident] {
        match (&self.local, &self.session) {
            (Some((_, path)), _) => path,
            (None, Some(path)) => path,
            (None, None) => self.default.as_slice(),
        }
    }

    /// The canonical form of a name in this schema.
    pub(super) fn within(&self, schema: &Ident, name: &Ident) -> ObjectName {
        let schema = (self.default.as_ref() != Some(schema)).then(|| schema.clone());
        ObjectName { schema, name: name.clone() }
    }

    /// The canonical name of a column's type; types are looked up in the default schema where none is written.
    pub(super) fn canonical_type(&self, ty: &TypeName) -> ObjectName {
        let name = ty.object_name();
        match &name.schema {
            Some(schema) => self.within(schema, &name.name),
            None => name,
        }
    }

    /// Whether names in this schema are those of temporary relations.
    pub(super) fn is_temporary(&self, schema: Option<&Ident>) -> bool {
        schema == Some(&self.temporary)
    }
}

/// The schemas that a value of search_path names; `None` for DEFAULT and RESET. `"$user"` and system schemas hold
/// nothing that migrations make.
fn entries(values: &[String]) -> Option<Vec<Ident>> {
    let parts: Vec<&str> = values.iter().flat_map(|value| value.split(',')).map(|part| part.trim().trim_matches('"')).collect();
    if parts.is_empty() || parts.iter().any(|part| part.eq_ignore_ascii_case("default")) {
        return None;
    }
    let kept = parts.into_iter().filter(|part| !part.is_empty() && *part != "$user" && *part != "pg_catalog");
    let path: Vec<Ident> = kept.map(Ident::stored).collect();
    (!path.is_empty()).then_some(path)
}

impl Schema {
    /// The name under which an existing object is recorded: without its schema where that is the default one.
    ///
    /// An unqualified name is looked for along the search path; one that is nowhere gets the place where it would be made.
    pub fn canonical(&self, name: &ObjectName) -> ObjectName {
        let path = &self.search_path;
        if let Some(schema) = &name.schema {
            return path.within(schema, &name.name);
        }
        if path.temporaries > 0 {
            let temporary = path.within(&path.temporary, &name.name);
            if self.is_recorded(&temporary) {
                return temporary;
            }
        }
        match path.entries() {
            [] => name.clone(),
            [only] if path.default.as_ref() == Some(only) => name.clone(),
            // The default schema comes last, on the path or not: a canonical name of it is written without its schema.
            [first, ..] => path
                .entries()
                .iter()
                .chain(&path.default)
                .map(|schema| path.within(schema, &name.name))
                .find(|candidate| self.is_recorded(candidate) || self.poisoned.contains_key(candidate))
                .unwrap_or_else(|| path.within(first, &name.name)),
        }
    }

    /// The name that a new object gets.
    pub(super) fn name_for_new(&self, name: &ObjectName) -> ObjectName {
        let path = &self.search_path;
        match (&name.schema, path.entries()) {
            (Some(schema), _) => path.within(schema, &name.name),
            (None, []) => name.clone(),
            (None, [first, ..]) => path.within(first, &name.name),
        }
    }

    /// The name that a new temporary relation gets.
    pub(super) fn name_for_temporary(&self, name: &ObjectName) -> ObjectName {
        ObjectName { schema: Some(self.search_path.temporary.clone()), name: name.name.clone() }
    }

    /// The canonical name of a sibling: another object in the same schema.
    pub(super) fn beside(canonical: &ObjectName, name: &Ident) -> ObjectName {
        ObjectName { schema: canonical.schema.clone(), name: name.clone() }
    }

    /// The canonical name of the same object in another schema.
    pub(super) fn moved(&self, canonical: &ObjectName, schema: &Ident) -> ObjectName {
        self.search_path.within(schema, &canonical.name)
    }

    /// Whether the object of a canonical name lives in the schema called so.
    pub fn lives_in(&self, canonical: &ObjectName, schema: &Ident) -> bool {
        match &canonical.schema {
            Some(of) => of == schema,
            None => self.search_path.default.as_ref() == Some(schema),
        }
    }
}
