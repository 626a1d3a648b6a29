//! The tables of `[[contract.gate]]`, one by one, and that no two have the same name.

use super::database::{ApprovalAsk, StatementsAsk, UseAsk};
use super::flag::Flag;
use super::http::{CommandLine, HttpValue};
use super::prometheus::{ErrorRate, Latency, PrometheusQuery};
use super::workload::{EcsService, TargetGroup, Workload};
use super::{Ask, Veto, VetoKind};
use crate::migration::MigrationError;
use crate::migration::nearest::hint;
use crate::migration::table::{At, Table};

/// Names that the conditions of every gate have already.
const TAKEN: [&str; 7] = ["phases", "markers", "instances", "requires", "soak", "proof", "conflicts"];

impl Veto {
    /// Reads `[[contract.gate]]` below `[contract]`.
    pub(in crate::migration) fn read_all(contract: &mut Table<'_>) -> Result<Vec<Veto>, MigrationError> {
        let document = contract.document();
        let mut vetoes: Vec<Veto> = Vec::new();
        for (table, at) in contract.tables("gate")? {
            let veto = Veto::read((table, at.clone()))?;
            if vetoes.iter().any(|earlier| earlier.name == veto.name) {
                let message = format!("there is a gate `{}` already: give this one a `name` of its own", veto.name);
                return Err(document.fault(at, message));
            }
            vetoes.push(veto);
        }
        Ok(vetoes)
    }

    fn read((mut table, at): At<Table<'_>>) -> Result<Veto, MigrationError> {
        let document = table.document();
        let (word, word_at) = table.required("kind", at.clone())?;
        let names = VetoKind::ALL.map(VetoKind::as_str);
        let unknown = || document.fault(word_at, format!("`{word}` is no kind of gate{}; known: {}", hint(&word, names), names.join(", ")));
        let kind = VetoKind::from_name(&word).ok_or_else(unknown)?;
        let name = match table.text("name")? {
            Some((name, name_at)) => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if name.is_empty() || !name.chars().all(is_plain) {
                    return Err(document.fault(name_at, format!("`{name}` is no name of a gate: use letters, digits, `-`, `_` and `.`")));
                }
                if TAKEN.contains(&name.as_str()) || VetoKind::from_name(&name).is_some_and(|other| other != kind) {
                    return Err(document.fault(name_at, format!("`{name}` means another condition of the gate: choose another name")));
                }
                name
            }
            None => kind.as_str().to_owned(),
        };
        let ask = match kind {
            VetoKind::Prometheus => Ask::Prometheus(Box::new(PrometheusQuery::read(&mut table, at)?)),
            VetoKind::ErrorRate => Ask::ErrorRate(Box::new(ErrorRate::read(&mut table, at)?)),
            VetoKind::Latency => Ask::Latency(Box::new(Latency::read(&mut table, at)?)),
            VetoKind::Http => Ask::Http(Box::new(HttpValue::read(&mut table, at)?)),
            VetoKind::Command => Ask::Command(Box::new(CommandLine::read(&mut table, at)?)),
            VetoKind::Unleash => Ask::Unleash(Box::new(Flag::read_unleash(&mut table, at)?)),
            VetoKind::LaunchDarkly => Ask::LaunchDarkly(Box::new(Flag::read_launchdarkly(&mut table, at)?)),
            VetoKind::Flagsmith => Ask::Flagsmith(Box::new(Flag::read_flagsmith(&mut table, at)?)),
            VetoKind::Ofrep => Ask::Ofrep(Box::new(Flag::read_ofrep(&mut table, at)?)),
            VetoKind::Kubernetes => Ask::Kubernetes(Box::new(Workload::read(&mut table, at)?)),
            VetoKind::Ecs => Ask::Ecs(Box::new(EcsService::read(&mut table, at)?)),
            VetoKind::ApplicationNames => Ask::ApplicationNames,
            VetoKind::Statements => Ask::Statements(StatementsAsk::read(&mut table)?),
            VetoKind::Use => Ask::Use(UseAsk::read(&mut table)?),
            VetoKind::Approval => Ask::Approval(ApprovalAsk::read(&mut table, at)?),
            VetoKind::TargetGroup => Ask::TargetGroup(Box::new(TargetGroup::read(&mut table, at)?)),
        };
        table.finish()?;
        Ok(Veto { name, ask })
    }
}
