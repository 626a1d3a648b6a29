//! attach-partition-scans: every row is read, or an index built, under a lock that stops reads and writes.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::bound::PartitionBound;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("attach-partition-scans"),
    doc: include_str!("../../../lints/attach-partition-scans.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AttachPartition], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AttachPartition { parent, partition, bound } = frame.operation else { return };
    let old = !frame.is_new_table(partition);
    let canonical = frame.before.canonical(partition);
    let builds = frame.impact.index_builds().any(|table| *table == canonical);
    let scans = frame.impact.scans().any(|table| *table == canonical);
    if old && (builds || scans) {
        findings.push(of_partition(frame, parent, partition, bound, builds));
    }
    let default = frame.old_default_partition(parent).filter(|default| frame.impact.scans().any(|table| table == *default));
    if let Some(default) = default {
        findings.push(of_default(frame, parent, default, bound));
    }
}

/// The table that is attached is read, or gets an index.
fn of_partition(frame: &Frame<'_>, parent: &ObjectName, partition: &ObjectName, bound: &PartitionBound, builds: bool) -> Fault {
    let dialect = frame.dialect();
    let attach = format!("{};\n", frame.sql());
    if builds {
        let name = partition.spelled(dialect);
        return Fault::new(format!(
            "attaching `{partition}` builds the indexes of `{parent}` that it has not, and its reads and writes wait meanwhile"
        ))
        .on(partition)
        .help(format!("build them first, beside its writers: `CREATE INDEX CONCURRENTLY … ON {name} …;` for each index of `{parent}`"));
    }
    let fault = Fault::new(format!(
        "attaching `{partition}` reads every row of it to compare it with the bounds, and its reads and writes wait meanwhile"
    ))
    .on(partition);
    let check = frame.partition_key(parent).and_then(|key| Some((key, frame.check_within(partition, key, bound)?)));
    match check {
        Some((key, check)) => fault
            .help(format!("let a validated CHECK say what the bounds say, NOT NULL included:\n{}{attach}", check.add).trim_end())
            .cure(frame.tightening_phase(partition, std::slice::from_ref(key)), format!("{}{attach}{}", check.add, check.drop)),
        None => fault.help(format!(
            "no CHECK can say what these bounds say: attach a new table, then move the rows in batches: `{} ATTACH PARTITION …;`",
            recipe::alter(dialect, parent)
        )),
    }
}

/// The DEFAULT partition is read for rows that belong into the new one.
fn of_default(frame: &Frame<'_>, parent: &ObjectName, default: &ObjectName, bound: &PartitionBound) -> Fault {
    let attach = format!("{};\n", frame.sql());
    let fault = Fault::new(format!(
        "a new partition of `{parent}` reads every row of its DEFAULT partition `{default}`, where reads and writes wait meanwhile"
    ))
    .on(default);
    let check = frame.partition_key(parent).and_then(|key| Some((key, frame.check_outside(default, key, bound)?)));
    match check {
        Some((key, check)) => fault
            .help(format!("let a validated CHECK on it say that it holds no such row:\n{}{attach}", check.add).trim_end())
            .cure(frame.tightening_phase(default, std::slice::from_ref(key)), format!("{}{attach}{}", check.add, check.drop)),
        None => fault.help(format!(
            "do without a DEFAULT partition where partitions are added: `{} DETACH PARTITION {};`",
            recipe::alter(frame.dialect(), parent),
            default.spelled(frame.dialect())
        )),
    }
}
