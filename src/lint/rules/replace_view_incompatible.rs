//! replace-view-incompatible: the server refuses to replace a view by one that shows other columns.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::object::OutputColumn;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("replace-view-incompatible"),
    doc: include_str!("../../../lints/replace-view-incompatible.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateView], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateView(create) = frame.operation else { return };
    let Some(view) = frame.before.view(&create.name).known().filter(|_| create.or_replace) else { return };
    let (Some(old), Some(new)) = (&view.columns, frame.before.output(create)) else { return };
    let renamed = |(old, new): (&OutputColumn, &OutputColumn)| {
        let other_name = matches!((&old.name, &new.name), (Some(old), Some(new)) if old != new);
        let other_type = matches!((&old.ty, &new.ty), (Some(old), Some(new)) if old != new);
        (other_name || other_type).then(|| old.name.as_ref().map(ToString::to_string).unwrap_or_default())
    };
    let lost = old.iter().zip(&new).find_map(renamed).or_else(|| {
        let first = old.get(new.len())?;
        Some(first.name.as_ref().map(ToString::to_string).unwrap_or_default())
    });
    let Some(lost) = lost else { return };
    findings.push(
        Fault::new(format!("CREATE OR REPLACE VIEW fails: column `{lost}` of `{}` would go, or get another name or type", create.name))
            .help("keep the columns and add new ones at the end, or make a view of another name: `CREATE VIEW … AS …;`"),
    );
}
