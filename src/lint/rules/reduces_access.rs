//! reduces-access: running releases lose rows or rights that they use.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{AccessChange, PolicyChange, PolicyTerms, Verb};
use crate::schema::table::Policy;
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind, Phase, Schema};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("reduces-access"),
    doc: include_str!("../../../lints/reduces-access.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Access], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Access(change) = frame.operation else { return };
    let Some(message) = reduced(frame, change) else { return };
    let sql = format!("{};", frame.sql());
    let lesser = matches!(change, AccessChange::DefaultPrivileges) || takes_only_creation(frame);
    let fault = match lesser {
        true => Fault::new(message).at_most(Level::Notice),
        false => Fault::new(message),
    };
    findings.push(
        fault
            .help(format!("grant in expand.sql what comes next, let every release use it, and take the old away in contract.sql: `{sql}`"))
            .cure(Phase::Contract, sql),
    );
}

/// REVOKE CREATE or TEMPORARY: what no application needs to read and write rows.
fn takes_only_creation(frame: &Frame<'_>) -> bool {
    let text = frame.clause_sql().to_ascii_lowercase();
    let mut words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.next() == Some("revoke") && words.take_while(|word| *word != "on").all(|word| matches!(word, "create" | "temporary" | "temp"))
}

fn reduced(frame: &Frame<'_>, change: &AccessChange) -> Option<String> {
    match change {
        AccessChange::Revoke { on } if !on.is_empty() && on.iter().all(|name| frame.is_new_object(name)) => None,
        AccessChange::Revoke { on } => {
            let names: Vec<String> = on.iter().map(|name| format!(" on `{name}`")).collect();
            Some(format!("the privileges{} are gone for running releases that connect as that role", names.join(",")))
        }
        AccessChange::RowSecurity { table, enabled: true, .. } => {
            let schema = frame.at_commit();
            let open =
                schema.table(table).recorded().is_some_and(|table| table.policies.iter().any(|policy| policy.open && !policy.restrictive));
            let only = |policy: &&Policy| policy.restrictive;
            let limited = schema.table(table).recorded().is_some_and(|table| table.policies.iter().any(|policy| only(&policy)));
            let silent = frame.is_new_table(table) || (open && !limited);
            (!silent).then(|| format!("row security on `{table}` hides every row from running releases that no policy lets through"))
        }
        AccessChange::CreatePolicy { name, table, terms } => {
            let silent = !terms.restrictive || frame.is_new_table(table) || is_off(frame, table) || always(terms);
            (!silent).then(|| format!("restrictive policy `{name}` takes rows of `{table}` away from running releases"))
        }
        AccessChange::AlterPolicy { name, table, change: PolicyChange::Terms { .. } } => {
            let silent = frame.is_new_table(table) || is_off(frame, table) || is_new_policy(frame, name, table);
            (!silent).then(|| format!("policy `{name}` lets other rows of `{table}` through than running releases know"))
        }
        AccessChange::DropPolicy { name, table, .. } => {
            let silent =
                frame.is_new_table(table) || is_off(frame, table) || is_new_policy(frame, name, table) || is_spared(frame, name, table);
            (!silent).then(|| format!("without policy `{name}` rows of `{table}` are hidden from running releases"))
        }
        AccessChange::DefaultPrivileges => {
            let text = frame.clause_sql().to_ascii_lowercase();
            let has = |word: &str| text.split_whitespace().any(|other| other == word);
            // That not everybody may call what is made later is a precaution.
            (has("revoke") && !has("functions") && !has("routines"))
                .then(|| "objects made from now on are closed to roles that running releases may connect as".to_owned())
        }
        AccessChange::Role { verb: Verb::Drop } => Some("running releases that connect as the role are refused".to_owned()),
        AccessChange::AlterPolicy { change: PolicyChange::Rename(_), .. }
        | AccessChange::RowSecurity { enabled: false, .. }
        | AccessChange::Grant { .. }
        | AccessChange::Owner { .. }
        | AccessChange::Role { verb: Verb::Create | Verb::Alter } => None,
    }
}

/// Whether policies of the table do nothing, now and when the transaction ends.
fn is_off(frame: &Frame<'_>, table: &ObjectName) -> bool {
    let off = |schema: &Schema| schema.table(table).known().is_some_and(|table| !table.row_security);
    off(frame.before) && off(frame.at_commit())
}

fn always(terms: &PolicyTerms) -> bool {
    terms.open
}

fn policy<'a>(frame: &Frame<'a>, name: &Ident, table: &ObjectName) -> Option<&'a Policy> {
    frame.table(table)?.policies.iter().find(|policy| &policy.name == name)
}

fn is_new_policy(frame: &Frame<'_>, name: &Ident, table: &ObjectName) -> bool {
    frame.is_new(policy(frame, name, table).map(|policy| &policy.origin))
}

/// Whether nobody misses the policy: it took rows away, never was, or another comes in its place in the same transaction.
fn is_spared(frame: &Frame<'_>, name: &Ident, table: &ObjectName) -> bool {
    let held = policy(frame, name, table);
    if held.is_some_and(|policy| policy.restrictive) || (held.is_none() && frame.is_known(table)) {
        return true;
    }
    let schema = frame.at_commit();
    schema.table(table).recorded().is_none_or(|table| {
        let permissive = |policy: &&Policy| !policy.restrictive;
        !table.row_security || table.policies.iter().filter(permissive).any(|policy| policy.open || frame.is_new(Some(&policy.origin)))
    })
}
