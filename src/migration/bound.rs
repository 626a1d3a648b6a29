//! A limit on a number, as settings write it: `< 0.01`.

use std::fmt;
use std::str::FromStr;

/// A comparison with a number that is known to be finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub value: f64,
}

// The value is finite, so equality is reflexive.
impl Eq for Bound {}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Different,
}

impl Comparison {
    // The longer of two signs that begin alike comes first.
    const SIGNS: [(&'static str, Comparison); 6] = [
        ("<=", Comparison::AtMost),
        ("<", Comparison::Below),
        (">=", Comparison::AtLeast),
        (">", Comparison::Above),
        ("==", Comparison::Equal),
        ("!=", Comparison::Different),
    ];

    fn sign(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Equal => "==",
            Comparison::Different => "!=",
        }
    }
}

impl Bound {
    /// Whether a number keeps to it. One that is no number does not.
    #[allow(clippy::float_cmp, reason = "`==` is what the user wrote, and counts are whole")]
    pub fn holds(self, number: f64) -> bool {
        match self.comparison {
            Comparison::Below => number < self.value,
            Comparison::AtMost => number <= self.value,
            Comparison::Above => number > self.value,
            Comparison::AtLeast => number >= self.value,
            Comparison::Equal => number == self.value,
            Comparison::Different => number.is_finite() && number != self.value,
        }
    }
}

impl FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Bound, String> {
        let wrong = || format!("`{text}` is no limit: write a comparison and a number, such as \"< 0.01\" or \"== 0\"");
        let trimmed = text.trim();
        let (sign, comparison) = Comparison::SIGNS.into_iter().find(|(sign, _)| trimmed.starts_with(sign)).ok_or_else(wrong)?;
        let value: f64 = trimmed[sign.len()..].trim().parse().map_err(|_| wrong())?;
        if value.is_finite() { Ok(Bound { comparison, value }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.comparison.sign(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_compares() {
        for (text, yes, no) in
            [("< 0.01", 0.0, 0.01), ("<= 2", 2.0, 2.1), (">1", 2.0, 1.0), (">= 1", 1.0, 0.9), ("== 0", 0.0, 1.0), ("!= 0", 3.0, 0.0)]
        {
            let bound: Bound = text.parse().expect("a limit");
            assert!(bound.holds(yes) && !bound.holds(no) && !bound.holds(f64::NAN), "{text}");
        }
        assert_eq!("<0.5".parse::<Bound>().expect("a limit").to_string(), "< 0.5");
        for text in ["", "5", "< ", "< x", "<< 1", "= 1", "< inf", "< NaN"] {
            assert!(text.parse::<Bound>().is_err(), "{text}");
        }
    }
}
