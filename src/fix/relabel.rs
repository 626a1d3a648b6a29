//! An enum made anew without some of its labels: the new type and new columns beside the old ones, kept equal, and the old
//! ones dropped at the end. A label cannot be taken out of a type, and a column cannot change its type under running code.

use super::judge::{Judged, judge};
use super::rebuild_text::{Chunk, chunks};
use super::{Case, Draft, same};
use crate::migration::{Bounds, groups};
use crate::recipe::{Given, NewLabels, Phases, Spelled, change_labels, derived};
use crate::schema::operation::{ColumnChange, TypeChange, TypeDefinition};
use crate::schema::table::TypeName;
use crate::schema::{Dialect, Expression, Ident, ObjectName, Operation, Phase};
use crate::sql::{Clause, Script, Statement};

/// A type that takes another's place within a script, and the columns that go over to it.
struct Swap<'a> {
    /// As it is made.
    new: &'a ObjectName,
    /// The type that goes.
    old: &'a ObjectName,
    labels: &'a [String],
    columns: Vec<Column<'a>>,
    /// The statement that makes the new type.
    create: usize,
}

struct Column<'a> {
    table: &'a ObjectName,
    name: &'a Ident,
    ty: &'a TypeName,
    using: Option<&'a Expression>,
    default: Option<&'a Expression>,
}

/// The draft with such a type in phases, and what is found in it; `None` where it holds none, or it cannot be done.
pub(super) fn ordered(case: &Case<'_>, draft: &Draft, judged: &Judged) -> Option<(Draft, Judged)> {
    if judged.start.dialect() != Dialect::Postgres {
        return None;
    }
    judged.scripts.iter().find_map(|(phase, script)| {
        let swap = swap(judged, script)?;
        let next = rewritten(case, draft, judged, *phase, script, &swap)?;
        let after = judge(case, &next);
        let moved = [(&swap.old.name, &swap.new.name)];
        let kept = same::difference_but(judged, &after, &moved).is_none() && (judged.misfit.is_some() || after.misfit.is_none());
        (kept && after.findings.len() < judged.findings.len()).then_some((next, after))
    })
}

/// The first type of the script that loses labels so.
fn swap<'a>(judged: &'a Judged, script: &'a Script) -> Option<Swap<'a>> {
    let clauses = || script.statements.iter().enumerate().flat_map(|(at, held)| held.clauses.iter().map(move |clause| (at, clause)));
    clauses().find_map(|(create, clause)| {
        let Operation::CreateType { name: new, definition: TypeDefinition::Enum(labels) } = &clause.operation else { return None };
        let mut columns: Vec<Column<'a>> = Vec::new();
        let mut old: Option<&'a ObjectName> = None;
        for (_, clause) in clauses() {
            let Operation::AlterColumn { table, column, change: ColumnChange::SetType { ty, using, .. } } = &clause.operation else {
                continue;
            };
            if judged.start.canonical(&ty.object_name()) != judged.start.canonical(new) {
                continue;
            }
            let held = judged.start.type_of(&judged.start.column(table, column).recorded()?.ty)?;
            held.enum_labels().filter(|_| old.is_none_or(|old| *old == held.name))?;
            old = Some(&held.name);
            let mut default = clauses().filter_map(|(_, clause)| match &clause.operation {
                Operation::AlterColumn { table: other, column: named, change: ColumnChange::SetDefault(default) }
                    if other == table && named == column =>
                {
                    Some(default)
                }
                _ => None,
            });
            columns.push(Column { table, name: column, ty, using: using.as_ref(), default: default.next_back() });
        }
        let old = old?;
        let gone = clauses().any(|(_, clause)| matches!(&clause.operation, Operation::DropType { .. }));
        // Columns that the script forgets would keep the old type.
        let of_it = |table: &ObjectName| {
            let table = judged.start.table(table).recorded();
            table.map_or(0, |table| {
                table.columns.iter().filter(|held| judged.start.type_of(&held.ty).is_some_and(|ty| ty.name == *old)).count()
            })
        };
        let all: usize = judged.start.tables_with_type(old).iter().map(of_it).sum();
        (gone && all == columns.len()).then_some(Swap { new, old, labels, columns, create })
    })
}

impl Swap<'_> {
    /// Whether a clause belongs to the swap.
    fn holds(&self, judged: &Judged, clause: &Clause) -> bool {
        let mine = |table: &ObjectName, column: &Ident| self.columns.iter().any(|held| held.table == table && held.name == column);
        match &clause.operation {
            Operation::CreateType { name, .. } => name == self.new,
            Operation::AlterColumn { table, column, change } => {
                let part = matches!(change, ColumnChange::SetType { .. } | ColumnChange::SetDefault(_) | ColumnChange::DropDefault);
                part && mine(table, column)
            }
            Operation::AlterType { name, change: TypeChange::Rename(_) } => {
                name == self.new || judged.start.canonical(name) == judged.start.canonical(self.old)
            }
            Operation::DropType { .. } => true,
            _ => false,
        }
    }
}

fn rewritten(case: &Case<'_>, draft: &Draft, judged: &Judged, phase: Phase, script: &Script, swap: &Swap<'_>) -> Option<Draft> {
    let whole = |statement: &Statement| statement.clauses.iter().all(|clause| swap.holds(judged, clause));
    let partly = |statement: &Statement| statement.clauses.iter().any(|clause| swap.holds(judged, clause)) && !whole(statement);
    let is_bound = |statement: &Statement| statement.clauses.iter().any(|clause| matches!(clause.operation, Operation::Transaction(_)));
    if script.statements.iter().any(partly) {
        return None;
    }
    let mut schema = judged.start.clone();
    let origin = crate::schema::Origin { migration: case.migration.shared(), phase, transaction: 0 };
    schema.apply(&script.statements.get(swap.create)?.clauses.first()?.operation, &origin).ok()?;
    let given = Given { server: case.past.server(), schema: &schema, migration: case.migration.as_str(), phase, views: Some(case.views) };
    let mut phases = Phases::default();
    for column in &swap.columns {
        let dialect = Dialect::Postgres;
        let labels = NewLabels {
            table: column.table,
            old: column.name,
            new: &derived(dialect, [column.name.as_str(), "new"]),
            ty: column.ty,
            written: &swap.new.spelled(dialect),
            labels: swap.labels,
            using: column.using,
            default: column.default,
        };
        phases.join(change_labels(&given, &labels).ok()?);
    }
    phases.add(Phase::Contract, &format!("DROP TYPE {};", swap.old.spelled(Dialect::Postgres)));
    // Bounds stay only around what stays.
    let mut dropped: Vec<usize> = (0..script.statements.len()).filter(|at| whole(&script.statements[*at])).collect();
    for group in groups(script).groups.iter().filter(|group| group.bounds == Bounds::Explicit) {
        let mut body = group.body.clone();
        if body.all(|at| whole(&script.statements[at])) {
            dropped.extend(
                [group.body.start.checked_sub(1)?, group.body.end].iter().filter(|at| script.statements.get(**at).is_some_and(is_bound)),
            );
        }
    }
    let chunks = chunks(script);
    let text = |at: usize, chunk: &Chunk<'_>| match dropped.contains(&at) {
        true => chunk.comments(),
        false => chunk.text(),
    };
    let stays: String = chunks.iter().enumerate().map(|(at, chunk)| text(at, chunk)).collect();
    let create = script.text(script.statements[swap.create].span);
    let mut next = draft.clone();
    let all = crate::sql::Span::new(0, draft.text(phase).len());
    next.replace(phase, all, stays.trim_start_matches('\n'));
    next.put(phase, Phase::Expand, &format!("{create};\n{}", phases.script(Phase::Expand)));
    next.put(phase, Phase::Backfill, phases.script(Phase::Backfill));
    next.put(phase, Phase::Contract, phases.script(Phase::Contract));
    next.put_settings(&phases.settings());
    Some(next)
}
