//! "Did you mean": the word that somebody probably wanted.

/// The candidate nearest to `word`, if any is near enough to be worth a question.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            // A missing tail (`users` for `20260101_users`) is the likeliest slip with long ids.
            let contained = word.len() >= 4 && candidate.contains(word);
            let distance = if contained { 1 } else { strsim::damerau_levenshtein(word, candidate) };
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean `x`?`, or nothing.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|found| format!("; did you mean `{found}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        let words = ["dialect", "services", "migrations"];
        assert_eq!(nearest("dialekt", words), Some("dialect"));
        assert_eq!(nearest("service", words), Some("services"));
        assert_eq!(nearest("password", words), None);
        assert_eq!(nearest("users", ["20260101_users"]), Some("20260101_users"));
    }
}
