//! unnamed-index: a name that the database chooses.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unnamed-index"),
    doc: include_str!("../../../lints/unnamed-index.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for index in frame.stated_indexes() {
        if index.name.is_none() {
            findings.push(
                Fault::new(format!(
                    "this index of `{}` has no name: the database chooses one, and the next of its kind gets another",
                    index.table
                ))
                .help("name it after its table and columns, such as `orders_user_id_idx`"),
            );
        }
    }
}
