//! Every rule, by the order of the ids. A lint is a page, a file in `rules/` and two lines here.

use super::rule::{LintId, Rule};

mod drop_column;
mod expired_allow;
mod parse_error;

/// Every rule, sorted by id.
pub static ALL: &[&Rule] = &[
    &drop_column::RULE,
    &expired_allow::RULE,
    &parse_error::RULE,
];

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    ALL.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok().map(|index| ALL[index])
}

/// The id that was probably meant.
pub fn similar(id: &str) -> Option<LintId> {
    let nearest = ALL.iter().map(|rule| (strsim::damerau_levenshtein(id, rule.id.as_str()), rule.id)).min()?;
    (nearest.0 <= id.len() / 3 + 1).then_some(nearest.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_yield_only_to_rules() {
        assert!(ALL.is_sorted_by_key(|rule| rule.id));
        for rule in ALL {
            for id in rule.yields_to {
                assert!(super::rule(id).is_some(), "{} yields to {id}, which is no lint", rule.id);
            }
        }
    }
}
