//! session-setting-leaks: a setting outlives the script on a pooled connection.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("session-setting-leaks"),
    doc: include_str!("../../../lints/session-setting-leaks.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::SetSetting(setting) = frame.operation else { return };
    // Client encoding and database belong to the connection.
    let of_connection = matches!(setting.name.as_str(), "client_encoding" | "names" | "database");
    if setting.local || setting.restores() || of_connection {
        return;
    }
    let put_back = frame.later_in_script().any(|clause| match &clause.operation {
        Operation::SetSetting(later) => later.name == setting.name || later.name == "all" && later.restores(),
        _ => false,
    });
    if put_back {
        return;
    }
    let instead = match frame.dialect() {
        Dialect::Postgres => format!("say it for one transaction: `BEGIN; SET LOCAL {} = …; … COMMIT;`", setting.name),
        Dialect::Mysql | Dialect::Sqlite => format!("put it back at the end: `SET SESSION {} = DEFAULT;`", setting.name),
    };
    findings.push(
        Fault::new(format!(
            "`{}` is set for the whole session: the runner forgets it with the script, but behind a pooler whoever gets the connection next has it too",
            setting.name
        ))
        .help(instead),
    );
}
