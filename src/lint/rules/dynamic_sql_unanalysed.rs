//! dynamic-sql-unanalysed: what is built at run time cannot be judged.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("dynamic-sql-unanalysed"),
    doc: include_str!("../../../lints/dynamic-sql-unanalysed.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Block], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Block(block) = frame.operation else { return };
    let message = match &block.calls {
        _ if block.dynamic => "this builds statements at run time: nobody can say here what they lock, drop or break".to_owned(),
        Some(routine) if frame.before.routine(routine).recorded().is_none() => {
            format!("no migration makes `{routine}`: nobody can say here what it locks, drops or breaks")
        }
        Some(_) | None => return,
    };
    findings
        .push(Fault::new(message).help(
            "write the statements out; EXECUTE of a constant is read as well: `EXECUTE 'ALTER TABLE users ADD COLUMN age integer';`",
        ));
}
