//! Comparisons of columns with constants: what a CHECK says about rows that a partition's bounds also say.

use std::cmp::Ordering;

use super::Ident;

/// A constant without its quotes and casts: the digits, or what stands between the quotes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Constant(pub String);

/// How a column relates to constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `=`, or IN: one of several.
    OneOf,
}

/// A column compared with constants; one of them where the relation is not `OneOf`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Comparison {
    /// The column.
    pub column: Ident,
    /// How it relates.
    pub relation: Relation,
    /// To what.
    pub constants: Vec<Constant>,
}

/// What a condition says about comparisons where it holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Demand {
    /// The comparison holds, or the column is NULL.
    Holds(Comparison),
    /// Not all of these hold together: `NOT (a >= 1 AND a < 9)`, also written `a < 1 OR a >= 9`.
    Excludes(Vec<Comparison>),
}

impl Relation {
    /// The relation that holds where this one does not; equality has no single one.
    pub fn negated(self) -> Option<Relation> {
        match self {
            Relation::Less => Some(Relation::GreaterOrEqual),
            Relation::LessOrEqual => Some(Relation::Greater),
            Relation::GreaterOrEqual => Some(Relation::Less),
            Relation::Greater => Some(Relation::LessOrEqual),
            Relation::OneOf => None,
        }
    }

    /// The relation with its sides exchanged: `1 < a` is `a > 1`.
    #[must_use]
    pub fn turned(self) -> Relation {
        match self {
            Relation::Less => Relation::Greater,
            Relation::LessOrEqual => Relation::GreaterOrEqual,
            Relation::GreaterOrEqual => Relation::LessOrEqual,
            Relation::Greater => Relation::Less,
            Relation::OneOf => Relation::OneOf,
        }
    }

    fn allows(self, ordering: Ordering) -> bool {
        match self {
            Relation::Less => ordering == Ordering::Less,
            Relation::LessOrEqual => ordering != Ordering::Greater,
            Relation::GreaterOrEqual => ordering != Ordering::Less,
            Relation::Greater => ordering == Ordering::Greater,
            Relation::OneOf => ordering == Ordering::Equal,
        }
    }
}

impl Comparison {
    /// Whether every value that satisfies this one satisfies the other. False where that cannot be told.
    pub fn implies(&self, other: &Comparison) -> bool {
        if self.column != other.column {
            return false;
        }
        let satisfied = |value: &Constant, relation: Relation| {
            other.constants.iter().any(|wanted| value.compare(wanted).is_some_and(|ordering| relation.allows(ordering)))
        };
        match (self.relation, other.relation) {
            (Relation::OneOf, relation) => !self.constants.is_empty() && self.constants.iter().all(|value| satisfied(value, relation)),
            (_, Relation::OneOf) => false,
            // `a < 5` implies `a <= 5` and `a < 5`; `a <= 5` implies `a < 6` only.
            (Relation::Less, Relation::Less | Relation::LessOrEqual) => {
                self.constants.iter().all(|value| satisfied(value, Relation::LessOrEqual))
            }
            (Relation::LessOrEqual, relation @ (Relation::Less | Relation::LessOrEqual)) => {
                self.constants.iter().all(|value| satisfied(value, relation))
            }
            (Relation::Greater, Relation::Greater | Relation::GreaterOrEqual) => {
                self.constants.iter().all(|value| satisfied(value, Relation::GreaterOrEqual))
            }
            (Relation::GreaterOrEqual, relation @ (Relation::Greater | Relation::GreaterOrEqual)) => {
                self.constants.iter().all(|value| satisfied(value, relation))
            }
            (
                Relation::Less | Relation::LessOrEqual | Relation::GreaterOrEqual | Relation::Greater,
                Relation::Less | Relation::LessOrEqual | Relation::GreaterOrEqual | Relation::Greater,
            ) => false,
        }
    }
}

impl Demand {
    /// The comparisons in it.
    pub(super) fn comparisons_mut(&mut self) -> &mut [Comparison] {
        match self {
            Demand::Holds(comparison) => std::slice::from_mut(comparison),
            Demand::Excludes(comparisons) => comparisons,
        }
    }
}

impl Constant {
    /// The order of two constants of one column: as numbers, as dates and times, or equal texts. `None` where the
    /// column's type or collation would decide.
    fn compare(&self, other: &Constant) -> Option<Ordering> {
        if self.0 == other.0 {
            return Some(Ordering::Equal);
        }
        if let (Ok(one), Ok(two)) = (self.0.parse::<i128>(), other.0.parse::<i128>()) {
            return Some(one.cmp(&two));
        }
        if let (Ok(one), Ok(two)) = (self.0.parse::<f64>(), other.0.parse::<f64>()) {
            return one.partial_cmp(&two);
        }
        let (one, two) = (self.moment()?, other.moment()?);
        Some(one.cmp(&two))
    }

    /// A date or time without zone in a form that sorts: `2026-01-01 00:00:00` is `2026-01-01`.
    fn moment(&self) -> Option<String> {
        let text = self.0.replace('T', " ");
        let is_date = text.len() >= 10
            && text.bytes().take(10).enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let rest = text.get(10..)?;
        let is_time = rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b':' | b'.'));
        (is_date && is_time).then(|| text.trim_end_matches([' ', ':', '.', '0']).to_owned()).map(|kept| {
            // The day itself may end in a zero.
            if kept.len() < 10 { text[..10].to_owned() } else { kept }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(relation: Relation, values: &[&str]) -> Comparison {
        let constants = values.iter().map(|value| Constant((*value).to_owned()));
        Comparison { column: Ident::stored("c"), relation, constants: constants.collect() }
    }

    #[test]
    fn ranges_and_lists_imply_wider_ones() {
        use Relation::{Greater, GreaterOrEqual, Less, LessOrEqual, OneOf};
        for (one, two, expected) in [
            (compared(Less, &["5"]), compared(Less, &["5"]), true),
            (compared(Less, &["5"]), compared(LessOrEqual, &["5"]), true),
            (compared(LessOrEqual, &["5"]), compared(Less, &["5"]), false),
            (compared(LessOrEqual, &["9"]), compared(Less, &["10"]), true),
            (compared(Greater, &["5"]), compared(GreaterOrEqual, &["5"]), true),
            (compared(GreaterOrEqual, &["5"]), compared(Greater, &["5"]), false),
            (compared(GreaterOrEqual, &["6"]), compared(Less, &["9"]), false),
            (compared(OneOf, &["6", "7"]), compared(Less, &["9"]), true),
            (compared(OneOf, &["a"]), compared(OneOf, &["a", "b"]), true),
            (compared(OneOf, &["a", "c"]), compared(OneOf, &["a", "b"]), false),
            (compared(GreaterOrEqual, &["2026-02-01"]), compared(GreaterOrEqual, &["2026-01-01 00:00:00"]), true),
            (compared(GreaterOrEqual, &["2026-01-10"]), compared(GreaterOrEqual, &["2026-01-10 00:00:00"]), true),
            (compared(GreaterOrEqual, &["b"]), compared(GreaterOrEqual, &["a"]), false),
        ] {
            assert_eq!(one.implies(&two), expected, "{one:?} implies {two:?}");
        }
    }
}
