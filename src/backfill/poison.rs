//! Rows that a statement cannot change: which errors speak of a row, what is kept of them, and how many are too many.

use crate::schema::Dialect;

/// Up to this many rows are tried one by one; a larger chunk that fails is halved first.
pub const ONE_BY_ONE: u32 = 32;

/// However small the table, so many rows are worth the list of them.
const FEW: u64 = 10;

/// More than this nobody goes through by hand: then it is the statement that is wrong.
const MANY: u64 = 100;

/// How many rows may be left out before the job stops: a thousandth of the table, between ten and a hundred.
pub fn limit(rows_estimated: Option<u64>) -> u64 {
    rows_estimated.map_or(MANY, |rows| (rows / 1000).clamp(FEW, MANY))
}

/// Whether an error speaks of the values of a row, so that the statement works for the others.
///
/// SQLSTATE classes 22 (data exception), 23 (integrity constraint), 44 (WITH CHECK OPTION); P0001 and P0004 that triggers
/// raise; 54000 (a value too large for an index). SQLite: CONSTRAINT (19), MISMATCH (20), TOOBIG (18).
pub fn speaks_of_a_row(dialect: Dialect, code: &str) -> bool {
    match dialect {
        Dialect::Postgres => {
            // 22P02 and the like also come from a constant in the statement: then every row fails, and the limit stops it.
            code.starts_with("22") || code.starts_with("23") || code.starts_with("44") || matches!(code, "P0001" | "P0004" | "54000")
        }
        Dialect::Sqlite => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20)),
        Dialect::Mysql => matches!(code, "22001" | "22003" | "22007" | "23000" | "45000" | "HY000"),
    }
}

/// What is kept of an error: never a value of the row. Constraints and columns are named, what stands in quotes in a data
/// exception is a value, and what a trigger raises may hold anything.
pub fn without_values(dialect: Dialect, code: &str, message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match dialect {
        Dialect::Sqlite if first.starts_with("CHECK constraint failed") || first.contains("constraint failed:") => first.to_owned(),
        Dialect::Sqlite if code == "1811" => "a trigger refused it (RAISE)".to_owned(),
        Dialect::Postgres if code.starts_with("23") || code.starts_with("44") => first.to_owned(),
        Dialect::Postgres if matches!(code, "P0001" | "P0004") => match raised_in(message) {
            Some(function) => format!("raised by {function}"),
            None => "raised by a trigger or function".to_owned(),
        },
        Dialect::Postgres | Dialect::Sqlite | Dialect::Mysql => masked(first),
    }
}

/// `PL/pgSQL function check_price() line 3 at RAISE`: names and no values.
fn raised_in(message: &str) -> Option<&str> {
    let at = message.find("PL/pgSQL function ")?;
    let line = message[at..].lines().next()?;
    Some(line.split(" at ").next().unwrap_or(line))
}

/// Quoted parts are left out.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut quote = None;
    for character in text.chars() {
        match quote {
            Some(open) if character == open => {
                quote = None;
                shown.push('…');
                shown.push(character);
            }
            Some(_) => {}
            None => {
                if matches!(character, '"' | '\'') {
                    quote = Some(character);
                }
                shown.push(character);
            }
        }
    }
    if quote.is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_of_a_row_are_told_from_others() {
        for code in ["23505", "23514", "22003", "22P02", "P0001", "44000", "54000"] {
            assert!(speaks_of_a_row(Dialect::Postgres, code), "{code}");
        }
        for code in ["42703", "42P01", "57014", "53100", "25006", "40001", "42501"] {
            assert!(!speaks_of_a_row(Dialect::Postgres, code), "{code}");
        }
        for (code, of_a_row) in [("19", true), ("1811", true), ("275", true), ("2067", true), ("1", false), ("13", false), ("5", false)] {
            assert_eq!(speaks_of_a_row(Dialect::Sqlite, code), of_a_row, "{code}");
        }
    }

    #[test]
    fn what_is_kept_names_the_constraint_and_no_value() {
        let kept = |code: &str, message: &str| without_values(Dialect::Postgres, code, message);
        assert_eq!(
            kept("23514", "new row for relation \"t\" violates check constraint \"short\"\ndetail: Failing row contains (7, secret)."),
            "new row for relation \"t\" violates check constraint \"short\""
        );
        assert_eq!(kept("22P02", "invalid input syntax for type integer: \"secret\""), "invalid input syntax for type integer: \"…\"");
        assert_eq!(kept("22P02", "invalid input syntax for type integer: \"sec"), "invalid input syntax for type integer: \"…");
        assert_eq!(
            kept("P0001", "secret\nwhere: PL/pgSQL function public.guard() line 2 at RAISE"),
            "raised by PL/pgSQL function public.guard() line 2"
        );
        assert_eq!(without_values(Dialect::Sqlite, "1811", "secret"), "a trigger refused it (RAISE)");
        assert_eq!(without_values(Dialect::Sqlite, "275", "CHECK constraint failed: short"), "CHECK constraint failed: short");
    }

    proptest! {
        #[test]
        fn no_value_in_quotes_is_kept(value in "[a-z]{6,12}") {
            let message = format!("value \"{value}\" is out of range for type integer");
            prop_assert!(!without_values(Dialect::Postgres, "22003", &message).contains(&value));
        }

        #[test]
        fn the_limit_is_a_thousandth_between_ten_and_a_hundred(rows in 0u64..10_000_000_000) {
            let limit = limit(Some(rows));
            prop_assert!((10..=100).contains(&limit));
            prop_assert!(limit <= rows / 1000 || limit == 10);
        }
    }
}
