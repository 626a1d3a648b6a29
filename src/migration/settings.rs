//! migration.toml: what a migration says about itself beside its SQL.

use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::id::{NodeRef, NodeText};
use super::table::{At, Document, Table};
use super::{Cutting, MigrationError, MigrationId, Pacing, Sync, Veto};
use crate::schema::Phase;

/// The settings of one migration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `after`: what it follows. `None` means the previous migration by name.
    pub after: Option<Vec<After>>,
    /// `requires`: releases that must be live before contract, stated by hand.
    pub requires: Vec<Requirement>,
    /// `[contract] soak`; `None` means the project's.
    pub soak: Option<Duration>,
    /// `[[contract.gate]]`, beside those of the project.
    pub vetoes: Vec<Veto>,
    /// `[backfill]`: what this migration's backfill does otherwise than the project's.
    pub pacing: Pacing,
    /// `[[allow]]`.
    pub allowances: Vec<Allowance>,
    /// `[[sync]]`.
    pub syncs: Vec<Sync>,
    /// `[backfill]`: what it says here goes before what the project says.
    pub cutting: Cutting,
}

/// One entry of `after`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The expand phase of this migration.
    Migration(MigrationId),
    /// This phase of it.
    Node(NodeRef),
}

impl After {
    /// The migration that is meant.
    pub fn migration(&self) -> &MigrationId {
        match self {
            After::Migration(id) => id,
            After::Node(node) => &node.migration,
        }
    }
}

/// `requires = ["api >= 2.3.0"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The service.
    pub service: String,
    /// The first release that is ready.
    pub at_least: AtLeast,
}

/// From where on releases are ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtLeast {
    /// This one, and those that are later by their names, or by their orders where their names do not tell.
    Release(String),
    /// `order 1042`: those whose markers have this order or a higher one.
    Order(u64),
}

impl From<&str> for AtLeast {
    fn from(release: &str) -> AtLeast {
        AtLeast::Release(release.to_owned())
    }
}

impl std::fmt::Display for AtLeast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AtLeast::Release(release) => f.write_str(release),
            AtLeast::Order(order) => write!(f, "order {order}"),
        }
    }
}

impl FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Requirement, String> {
        let wrong =
            || format!("`{text}` is no requirement: write \"service >= release\", such as \"api >= 2.3.0\", or \"api >= order 1042\"");
        let (service, at_least) = text.split_once(">=").ok_or_else(wrong)?;
        let (service, at_least) = (service.trim(), at_least.trim());
        let word = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '<' | '>' | '=' | ','));
        let order = at_least.strip_prefix("order ").map(|number| number.trim().parse().map_err(|_| wrong())).transpose()?;
        if !word(service) || (order.is_none() && !word(at_least)) {
            return Err(wrong());
        }
        Ok(Requirement { service: service.to_owned(), at_least: order.map_or_else(|| AtLeast::from(at_least), AtLeast::Order) })
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} >= {}", self.service, self.at_least)
    }
}

/// `[[allow]]`: a finding that somebody answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The lint's id.
    pub lint: String,
    /// Why it is right here.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<jiff::civil::Date>,
    /// The phase it is about; `None` means all.
    pub phase: Option<Phase>,
}

impl Settings {
    /// Those of a migration without a migration.toml: all of them share one value.
    pub fn unstated() -> Arc<Settings> {
        static UNSTATED: LazyLock<Arc<Settings>> = LazyLock::new(Arc::default);
        Arc::clone(&UNSTATED)
    }

    /// Reads a migration.toml. `path` is how the file is called in messages.
    ///
    /// Whether the migrations named in `after` exist is checked when the whole folder is known.
    ///
    /// # Errors
    /// `Settings` for broken TOML, unknown keys and values that are not understood, with line and column.
    pub fn parse(path: &str, text: &str) -> Result<Settings, MigrationError> {
        let mut root = Document { path, text }.parse()?;
        let after = root.texts("after")?.map(|items| read_after(&root, items)).transpose()?;
        let document = root.document();
        let mut requires = Vec::new();
        for (item, at) in root.texts("requires")?.unwrap_or_default() {
            requires.push(item.parse().map_err(|message| document.fault(at, message))?);
        }
        let (mut soak, mut vetoes) = (None, Vec::new());
        if let Some(mut contract) = root.table("contract")? {
            soak = contract.duration("soak")?;
            vetoes = Veto::read_all(&mut contract)?;
            contract.finish()?;
        }
        let (pacing, cutting) = match root.table("backfill")? {
            Some(mut backfill) => {
                let read = (Pacing::read(&mut backfill)?, Cutting::read(&mut backfill)?);
                backfill.finish()?;
                read
            }
            None => (Pacing::default(), Cutting::default()),
        };
        let mut allowances = Vec::new();
        for table in root.tables("allow")? {
            allowances.push(read_allowance(table)?);
        }
        let syncs = root.tables("sync")?.into_iter().map(Sync::read).collect::<Result<_, _>>()?;
        root.finish()?;
        Ok(Settings { after, requires, soak, vetoes, pacing, allowances, syncs, cutting })
    }
}

fn read_after(root: &Table<'_>, items: Vec<At<String>>) -> Result<Vec<After>, MigrationError> {
    let read = |(text, at): At<String>| match NodeText::parse(&text) {
        Ok(NodeText::Migration(id)) => Ok(After::Migration(id)),
        Ok(NodeText::Node(node)) => Ok(After::Node(node)),
        Err(message) => Err(root.document().fault(at, message)),
    };
    items.into_iter().map(read).collect()
}

fn read_allowance((mut table, at): At<Table<'_>>) -> Result<Allowance, MigrationError> {
    let document = table.document();
    let (lint, _) = table.required("lint", at.clone())?;
    let (reason, reason_at) = table.required("reason", at)?;
    if reason.trim().is_empty() {
        return Err(document.fault(reason_at, "`reason` is empty: say why this is right here".to_owned()));
    }
    let until = table.day("until")?;
    let phase = match table.text("phase")? {
        Some((name, span)) => Some(
            Phase::from_name(&name)
                .ok_or_else(|| document.fault(span, format!("`{name}` is no phase: write expand, backfill or contract")))?,
        ),
        None => None,
    };
    table.finish()?;
    Ok(Allowance { lint, reason, until, phase })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Settings::parse("m/migration.toml", text).expect_err("must be refused").to_string()
    }

    #[test]
    fn reads_everything() {
        let text = "after = [\"1_a\", \"2_b:contract\"]\nrequires = [\"api >= 2.3.0\"]\n[contract]\nsoak = \"2h\"\n\
                    [[allow]]\nlint = \"drop-table\"\nreason = \"never used\"\nuntil = 2027-01-31\nphase = \"contract\"\n";
        let settings = Settings::parse("m/migration.toml", text).expect("valid");
        let node = NodeRef { migration: MigrationId::new("2_b"), phase: Phase::Contract };
        assert_eq!(settings.after, Some(vec![After::Migration(MigrationId::new("1_a")), After::Node(node)]));
        assert_eq!(settings.requires, [Requirement { service: "api".into(), at_least: "2.3.0".into() }]);
        assert_eq!(settings.soak, Some(Duration::from_secs(7200)));
        assert_eq!(settings.allowances[0].until, Some(jiff::civil::date(2027, 1, 31)));
        assert_eq!(Settings::parse("m", "").expect("empty"), Settings::default());
        let settings = Settings::parse("m", "[backfill]\npace = \"gentle\"").expect("valid");
        assert_eq!(settings.pacing.to_string(), "gentle");
    }

    #[test]
    fn a_requirement_names_a_release_or_an_order() {
        let read = |text: &str| text.parse::<Requirement>().expect("valid");
        assert_eq!(read("api >= order 1042").at_least, AtLeast::Order(1042));
        assert_eq!(read("api >= f3a9c1e").at_least, AtLeast::from("f3a9c1e"));
        for text in ["api >= 2.3.0", "api >= order 7"] {
            assert_eq!(read(text).to_string(), text);
        }
    }

    #[test]
    fn faults_point_into_the_file() {
        assert_eq!(fault("after = []\nafer = []\n"), "m/migration.toml:2:1: unknown key `afer`; did you mean `after`?");
        assert_eq!(fault("[contract]\n sok = \"1h\""), "m/migration.toml:2:2: unknown key `contract.sok`; did you mean `soak`?");
        assert!(fault("[contract]\nsoak = 24").starts_with("m/migration.toml:2:8: `contract.soak` must be a string, found integer"));
        assert!(fault("requires = [\"api >= order ten\"]").contains("no requirement"));
        assert!(fault("requires = [\"api\"]").contains(":1:13: `api` is no requirement"));
        assert!(fault("after = [\"a:expnd\"]").contains("did you mean `expand`?"));
        assert!(fault("[[allow]]\nlint = \"x\"").contains(":1:1: `allow.reason` is missing"));
        assert!(fault("[[allow]]\nlint = \"x\"\nreason = \" \"").contains("`reason` is empty"));
        assert!(fault("after = [").starts_with("m/migration.toml:1:"));
    }
}
