//! Which of two releases is the later one, where their names tell.

use std::cmp::Ordering;

/// Compares `2.3.0`, `v2.3`, `2026.05`, `2.3.0-rc.1`: numbers one by one, a pre-release before its release, build
/// metadata ignored. `None` where a name tells nothing, such as a commit's hash.
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    if left == right {
        return Some(Ordering::Equal);
    }
    let (left, right) = (Version::read(left)?, Version::read(right)?);
    Some(left.numbers.cmp(&right.numbers).then_with(|| match (&left.pre[..], &right.pre[..]) {
        ([], []) => Ordering::Equal,
        ([], _) => Ordering::Greater,
        (_, []) => Ordering::Less,
        (left, right) => left.cmp(right),
    }))
}

struct Version {
    numbers: Vec<u64>,
    pre: Vec<Identifier>,
}

/// Part of a pre-release: numbers come before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

impl Version {
    fn read(text: &str) -> Option<Version> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next().unwrap_or_default();
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let digits = |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let mut numbers: Vec<u64> = numbers.split('.').map(digits).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let identifier = |part: &str| digits(part).map_or_else(|| Identifier::Word(part.to_owned()), Identifier::Number);
        let pre = pre.map(|pre| pre.split('.').map(identifier).collect()).unwrap_or_default();
        Some(Version { numbers, pre })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_what_can_be_ordered() {
        let ascending = ["1.9.0", "1.10", "v2.0.0-alpha", "2.0.0-alpha.1", "2.0.0-alpha.beta", "2.0.0-rc.1", "2.0.0", "2.0.1", "2026.05"];
        for pair in ascending.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Some(Ordering::Greater), "{pair:?}");
        }
        assert_eq!(compare("2.3", "v2.3.0+build.7"), Some(Ordering::Equal));
        assert_eq!(compare("14", "9"), Some(Ordering::Greater));
    }

    #[test]
    fn says_nothing_about_names_without_numbers() {
        assert_eq!(compare("f3a9c1e", "2.3.0"), None);
        assert_eq!(compare("f3a9c1e", "0b1c2d3"), None);
        assert_eq!(compare("f3a9c1e", "f3a9c1e"), Some(Ordering::Equal));
        assert_eq!(compare("+1.0", "1.0"), None);
        assert_eq!(compare("", "1.0"), None);
    }
}
