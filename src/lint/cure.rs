//! The files that the cures of findings go to. What they hold is written by the recipes.

pub(super) mod text;

pub(super) use crate::recipe::{Spelled, derived, statement as recipe};
use crate::schema::Phase;

/// The path of a migration's file for a phase, told from the path of another script of it: its sibling in a
/// migration's folder, a folder of the same name beside a flat file.
pub(super) fn sibling(path: &str, phase: Phase) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let in_folder = Phase::from_name(stem).is_some() || file == "migration.toml";
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
    fn cures_stand_beside_the_script() {
        assert_eq!(sibling("migrations/1_a/expand.sql", Phase::Contract), "migrations/1_a/contract.sql");
        assert_eq!(sibling("migrations/1_a.sql", Phase::Contract), "migrations/1_a/contract.sql");
        assert_eq!(sibling("expand.sql", Phase::Backfill), "backfill.sql");
        assert_eq!(sibling("migrations/1_a/migration.toml", Phase::Expand), "migrations/1_a/expand.sql");
    }
}
