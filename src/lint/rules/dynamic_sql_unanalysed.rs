//! dynamic-sql-unanalysed: what is built at run time cannot be judged.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::Block;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("dynamic-sql-unanalysed"),
    doc: include_str!("../../../lints/dynamic-sql-unanalysed.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Block, OperationKind::Query], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let dynamic = |name: &ObjectName| frame.before.routine(name).recorded().is_some_and(|routine| routine.dynamic);
    let block = match frame.operation {
        Operation::Block(block) => block.clone(),
        Operation::Query { functions, .. } => match functions.iter().find(|name| dynamic(name)) {
            Some(name) => Block { dynamic: false, calls: Some(name.clone()) },
            None => return,
        },
        _ => return,
    };
    let message = match &block.calls {
        _ if block.dynamic => "this builds statements at run time: nobody can say here what they lock, drop or break".to_owned(),
        Some(name) => match frame.before.routine(name).recorded() {
            None => format!("no migration makes `{name}`: nobody can say here what it locks, drops or breaks"),
            Some(routine) if routine.dynamic => {
                format!("`{name}` builds statements at run time: nobody can say here what they lock, drop or break")
            }
            Some(_) => return,
        },
        None => return,
    };
    findings
        .push(Fault::new(message).help(
            "write the statements out; EXECUTE of a constant is read as well: `EXECUTE 'ALTER TABLE users ADD COLUMN age integer';`",
        ));
}
