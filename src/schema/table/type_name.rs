//! Data types. Equal ones share their facts: a history says `bigint` and `text` thousands of times.

use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A data type, normalised: aliases resolved (`int4` → `integer`), modifiers apart. Copies share it.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(from = "TypeFacts")]
pub struct TypeName(Arc<TypeFacts>);

/// What makes a [`TypeName`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TypeFacts {
    /// Lower case, without modifiers; `schema.name` for user types. `integer`, `character varying`, `timestamp with time zone`.
    pub base: String,
    /// The numbers in parentheses: length, or precision and scale.
    pub modifiers: Vec<i64>,
    /// How many `[]` follow.
    pub array: u8,
    /// MySQL's UNSIGNED.
    pub unsigned: bool,
    /// The labels of an inline MySQL ENUM or SET.
    pub labels: Vec<String>,
}

/// How many types are remembered for sharing.
const SLOTS: usize = 256;

thread_local! {
    static RECENT: RefCell<Recent> = RefCell::new(Recent { hash: RandomState::new(), types: vec![None; SLOTS] });
}

/// The types that came last, in a table that does not grow.
struct Recent {
    hash: RandomState,
    types: Vec<Option<TypeName>>,
}

impl TypeName {
    /// A type without modifiers.
    pub fn plain(base: &str) -> TypeName {
        TypeFacts::plain(base).into()
    }
}

impl TypeFacts {
    /// Those of a type without modifiers.
    pub fn plain(base: &str) -> TypeFacts {
        TypeFacts { base: base.to_owned(), modifiers: Vec::new(), array: 0, unsigned: false, labels: Vec::new() }
    }
}

impl From<TypeFacts> for TypeName {
    fn from(facts: TypeFacts) -> TypeName {
        RECENT.with_borrow_mut(|recent| {
            let slot = recent.hash.hash_one(&facts) as usize % SLOTS;
            match &recent.types[slot] {
                Some(held) if *held.0 == facts => held.clone(),
                Some(_) | None => recent.types[slot].insert(TypeName(Arc::new(facts))).clone(),
            }
        })
    }
}

impl Deref for TypeName {
    type Target = TypeFacts;

    fn deref(&self) -> &TypeFacts {
        &self.0
    }
}

impl DerefMut for TypeName {
    fn deref_mut(&mut self) -> &mut TypeFacts {
        Arc::make_mut(&mut self.0)
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `timestamp(3) with time zone`
        let (head, zone) = match self.base.find(" with") {
            Some(at) => self.base.split_at(at),
            None => (self.base.as_str(), ""),
        };
        f.write_str(head)?;
        if !self.labels.is_empty() {
            write!(f, "('{}')", self.labels.join("', '"))?;
        } else if !self.modifiers.is_empty() {
            let numbers: Vec<String> = self.modifiers.iter().map(i64::to_string).collect();
            write!(f, "({})", numbers.join(", "))?;
        }
        f.write_str(zone)?;
        if self.unsigned {
            f.write_str(" unsigned")?;
        }
        (0..self.array).try_for_each(|_| f.write_str("[]"))
    }
}
