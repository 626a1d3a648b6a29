//! `[lint.names]`: how a project names its objects.

use std::fmt;

/// The patterns, by kind of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Of tables.
    pub tables: NamePattern,
    /// Of columns.
    pub columns: NamePattern,
    /// Of indexes.
    pub indexes: NamePattern,
    /// Of constraints.
    pub constraints: NamePattern,
}

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// Lower case, words joined by `_`.
    Snake,
    /// Words joined by capitals, the first small.
    Camel,
    /// Words joined by capitals, the first too.
    Pascal,
    /// Text with stars that stand for anything: `idx_*`.
    Stars(String),
}

impl Default for Naming {
    fn default() -> Naming {
        let snake = || NamePattern::Snake;
        Naming { tables: snake(), columns: snake(), indexes: snake(), constraints: snake() }
    }
}

impl NamePattern {
    /// Reads a pattern; `None` when it is neither a known case nor holds a star.
    pub fn parse(text: &str) -> Option<NamePattern> {
        match text {
            "snake_case" => Some(NamePattern::Snake),
            "camelCase" => Some(NamePattern::Camel),
            "PascalCase" => Some(NamePattern::Pascal),
            stars if stars.contains('*') => Some(NamePattern::Stars(stars.to_owned())),
            _ => None,
        }
    }

    /// Whether a name follows the pattern.
    pub fn fits(&self, name: &str) -> bool {
        let begins = |small: bool| name.starts_with(|c: char| if small { c.is_lowercase() } else { c.is_uppercase() });
        let words = || name.chars().all(char::is_alphanumeric);
        match self {
            NamePattern::Snake => name.chars().all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_'),
            NamePattern::Camel => begins(true) && words(),
            NamePattern::Pascal => begins(false) && words(),
            NamePattern::Stars(pattern) => fits_stars(pattern, name),
        }
    }
}

/// Whether the pieces between the stars stand in the name, in their order, the outer ones at its ends.
fn fits_stars(pattern: &str, name: &str) -> bool {
    let (first, rest) = pattern.split_once('*').unwrap_or((pattern, ""));
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(inner) = name.strip_prefix(first).and_then(|name| name.strip_suffix(last)) else { return false };
    let pieces = middle.split('*').filter(|piece| !piece.is_empty());
    pieces.into_iter().try_fold(inner, |left, piece| left.split_once(piece).map(|(_, behind)| behind)).is_some()
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NamePattern::Snake => "snake_case",
            NamePattern::Camel => "camelCase",
            NamePattern::Pascal => "PascalCase",
            NamePattern::Stars(pattern) => pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_cases_and_stars() {
        let fits = |pattern: &str, name: &str| NamePattern::parse(pattern).expect("a pattern").fits(name);
        assert!(fits("snake_case", "order_lines_2") && !fits("snake_case", "orderLines"));
        assert!(fits("camelCase", "orderLines") && !fits("camelCase", "order_lines") && !fits("camelCase", "OrderLines"));
        assert!(fits("PascalCase", "OrderLines") && !fits("PascalCase", "orderLines"));
        assert!(fits("idx_*", "idx_orders") && !fits("idx_*", "orders_idx"));
        assert!(fits("*_by_*_idx", "orders_by_user_idx") && !fits("*_by_*_idx", "orders_user_idx"));
        assert_eq!(NamePattern::parse("kebab-case"), None);
    }
}
