//! wide-index: an index that every write pays for.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("wide-index"),
    doc: include_str!("../../../lints/wide-index.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex, OperationKind::CreateTable], check),
};

/// More columns than this seldom help a query.
const COLUMNS: usize = 3;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for index in frame.stated_indexes() {
        if index.keys.len() > COLUMNS {
            findings.push(
                Fault::new(format!(
                    "this index of `{}` has {} columns: it is large, and columns behind the third seldom narrow a search",
                    index.table,
                    index.keys.len()
                ))
                .help("index the columns that narrow most, such as `(a, b)`"),
            );
        }
    }
}
