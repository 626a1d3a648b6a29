//! hash-index: an index that serves equality alone.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("hash-index"),
    doc: include_str!("../../../lints/hash-index.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for index in frame.stated_indexes() {
        if index.method == "hash" {
            findings.push(
                Fault::new(format!(
                    "this index of `{}` is a hash: it serves no order, no range, no uniqueness and one column",
                    index.table
                ))
                .help("make it a `btree`, which is the default"),
            );
        }
    }
}
