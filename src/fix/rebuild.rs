//! A table that SQLite makes anew: the same statements in the order that loses no row, in one transaction, with foreign
//! keys off outside of it, in the phase in which nobody is left who needs the old table.

use std::collections::BTreeSet;

use super::judge::{Judged, judge};
use super::rebuild_split::{Split, split};
use super::rebuild_text::{Chunk, chunks};
use super::{Case, Draft, same};
use crate::lint::finding::Finding;
use crate::migration::{Bounds, groups};
use crate::recipe::Spelled;
use crate::recipe::statement::fills;
use crate::recipe::words::{Word, respelled};
use crate::schema::operation::{ChangeData, DataKind, Setting};
use crate::schema::table::{ConstraintKind, Generated, Index, Table};
use crate::schema::{Dialect, Ident, ObjectName, Operation, Phase};
use crate::sql::{Script, Span, Statement};

/// One table and the statements, by number, that put another in its place.
#[derive(Debug)]
pub(super) struct Rebuild {
    pub(super) table: ObjectName,
    create: usize,
    pub(super) copy: usize,
    drop: usize,
    rename: usize,
    /// The name that the old table was moved to before the new one was made.
    aside: Option<Ident>,
}

/// The draft with its rebuilds as they should be, and what is found in it; `None` where nothing has to change, or cannot.
pub(super) fn ordered(case: &Case<'_>, draft: &Draft, judged: &Judged) -> Option<(Draft, Judged)> {
    if judged.start.dialect() != Dialect::Sqlite {
        return None;
    }
    judged.scripts.iter().find_map(|(phase, script)| {
        let rebuilds = rebuilds(script);
        let next = rewritten(draft, judged, *phase, script, &rebuilds)?;
        let after = judge(case, &next);
        let said = |finding: &Finding| (finding.lint.as_str(), finding.source.text[finding.span.range()].to_owned());
        let known: BTreeSet<_> = judged.findings.iter().map(said).collect();
        let fresh = after.findings.iter().any(|finding| !known.contains(&said(finding)));
        let moved: Vec<(&Ident, &Ident)> =
            rebuilds.iter().filter_map(|rebuild| Some((rebuild.aside.as_ref()?, &rebuild.table.name))).collect();
        let kept = same::difference_but(judged, &after, &moved).is_none() && (judged.misfit.is_some() || after.misfit.is_none());
        (!fresh && kept && after.findings.len() <= judged.findings.len()).then_some((next, after))
    })
}

fn sole(statement: &Statement) -> Option<&Operation> {
    match &statement.clauses[..] {
        [clause] => Some(&clause.operation),
        _ => None,
    }
}

/// The rebuilds of a script, those that rename first included.
fn rebuilds(script: &Script) -> Vec<Rebuild> {
    let statements = &script.statements;
    let find =
        |from: usize, holds: &dyn Fn(&Operation) -> bool| (from..statements.len()).find(|at| sole(&statements[*at]).is_some_and(holds));
    let creates = |name: &ObjectName| {
        let name = name.clone();
        move |operation: &Operation| matches!(operation, Operation::CreateTable(create) if create.name == name)
    };
    let copies = |to: &ObjectName, from: &ObjectName| {
        let (to, from) = (to.clone(), from.clone());
        move |operation: &Operation| match operation {
            Operation::ChangeData(change) => {
                let ChangeData { kind, table, reads, .. } = change.as_ref();
                *kind == DataKind::InsertSelect && *table == to && reads.contains(&from)
            }
            _ => false,
        }
    };
    let drops = |name: &ObjectName| {
        let name = name.clone();
        move |operation: &Operation| matches!(operation, Operation::DropTable(drop) if drop.name == name)
    };
    let mut found = Vec::new();
    for (rename, statement) in statements.iter().enumerate() {
        let Some(Operation::RenameTable { table: from, to }) = sole(statement) else { continue };
        let to = ObjectName { schema: from.schema.clone(), name: to.clone() };
        let last = || {
            let create = find(0, &creates(from))?;
            let copy = find(create, &copies(from, &to))?;
            let drop = find(copy, &drops(&to)).filter(|drop| *drop < rename)?;
            Some(Rebuild { table: to.clone(), create, copy, drop, rename, aside: None })
        };
        let first = || {
            let create = find(rename, &creates(from))?;
            let copy = find(create, &copies(from, &to))?;
            let drop = find(copy, &drops(&to))?;
            Some(Rebuild { table: from.clone(), create, copy, drop, rename, aside: Some(to.name.clone()) })
        };
        found.extend(last().or_else(first));
    }
    found
}

impl Rebuild {
    fn members(&self) -> [usize; 4] {
        [self.create, self.copy, self.drop, self.rename]
    }
}

/// Whether a statement switches foreign keys, or when they are looked at.
fn switches(statement: &Statement) -> bool {
    matches!(sole(statement), Some(Operation::SetSetting(Setting { name, values, .. }))
        if (name == "foreign_keys" || name == "defer_foreign_keys") && !values.is_empty())
}

fn checks_keys(statement: &Statement) -> bool {
    matches!(sole(statement), Some(Operation::SetSetting(Setting { name, .. })) if name == "foreign_key_check")
}

/// Whether a statement takes away or brings back what hangs on a table.
fn hangs_on_tables(statement: &Statement) -> bool {
    sole(statement).is_some_and(|operation| {
        matches!(
            operation,
            Operation::CreateIndex(_)
                | Operation::DropIndex { .. }
                | Operation::CreateTrigger(_)
                | Operation::DropTrigger { .. }
                | Operation::CreateView(_)
                | Operation::DropView { .. }
        )
    })
}

fn rewritten(draft: &Draft, judged: &Judged, phase: Phase, script: &Script, rebuilds: &[Rebuild]) -> Option<Draft> {
    let statements = &script.statements;
    let members: BTreeSet<usize> = rebuilds.iter().flat_map(Rebuild::members).collect();
    let (mut first, mut last) = (*members.first()?, *members.last()?);
    let old_style = |statement: &Statement| matches!(sole(statement), Some(Operation::SetSetting(setting)) if setting.name == "legacy_alter_table" || setting.name == "writable_schema");
    // Under these a rename means something else.
    if statements.iter().any(old_style) {
        return None;
    }
    let explicit: Vec<_> = groups(script).groups.into_iter().filter(|group| group.bounds == Bounds::Explicit).collect();
    let holding = explicit.iter().filter(|group| members.iter().any(|member| group.body.contains(member)));
    let mut bounds = Vec::new();
    for group in holding.clone() {
        let begin = group.body.start.checked_sub(1)?;
        bounds.extend([begin, group.body.end]);
        (first, last) = (first.min(begin), last.max(group.body.end));
    }
    while statements.get(last + 1).is_some_and(|next| hangs_on_tables(next) || checks_keys(next)) {
        last += 1;
    }
    let together = holding.clone().count() == 1 && holding.clone().all(|group| members.iter().all(|member| group.body.contains(member)));
    let other = |at: usize| {
        let statement = statements.get(at);
        !bounds.contains(&at) && statement.is_some_and(|statement| matches!(sole(statement), Some(Operation::Transaction(_))))
    };
    if (first..=last).any(other) || statements.get(last).is_none() {
        return None;
    }

    let (to, split) = match phase {
        Phase::Expand => match timing(judged, rebuilds)? {
            Timing::At(to) => (to, Split::default()),
            Timing::Split => (Phase::Contract, split(judged, script, rebuilds)?),
        },
        Phase::Backfill | Phase::Contract => (phase, Split::default()),
    };
    let region = statements[first].span.to(statements[last].span);
    let found = judged.findings.iter().any(|finding| {
        let near = switches_at(script, finding.span) || (region.start <= finding.span.start && finding.span.end <= region.end);
        finding.phase == phase && near && finding.lint.as_str().starts_with("sqlite-")
    });
    let safe = together && !found && rebuilds.iter().all(|rebuild| rebuild.aside.is_none());
    if safe && to == phase {
        return None;
    }

    let chunks = chunks(script);
    let mut block = String::new();
    let mut late = String::new();
    let mut stays = String::new();
    for (at, statement) in statements.iter().enumerate() {
        let chunk = &chunks[at];
        let inside = first <= at && at <= last;
        if switches(statement) || bounds.contains(&at) {
            let gap = chunk.comments();
            if inside {
                block.push_str(&gap)
            } else {
                stays.push_str(&gap)
            }
            continue;
        }
        let belongs = members.contains(&at) || hangs_on_tables(statement) || checks_keys(statement);
        if !inside || (to != phase && !belongs) {
            stays.push_str(&chunk.text());
            continue;
        }
        if at == members.first().copied().unwrap_or_default() {
            stays.push_str(&split.expand);
        }
        let copy = split.copies.get(&at).map(String::as_str);
        put(&mut block, &mut late, script, chunk, at, rebuilds, copy)?;
    }
    block.push_str(&late);
    let block = format!("PRAGMA foreign_keys = OFF;\nBEGIN;\n{}COMMIT;\nPRAGMA foreign_keys = ON;\n", lines(&block));
    let mut next = draft.clone();
    let whole = Span::new(0, draft.text(phase).len());
    if to == phase {
        let before: String = (0..first).filter(|at| !switches(&statements[*at])).map(|at| chunks[at].text()).collect();
        let comments: String = (0..first).filter(|at| switches(&statements[*at])).map(|at| chunks[at].comments()).collect();
        let behind: String = (last + 1..statements.len()).filter(|at| !switches(&statements[*at])).map(|at| chunks[at].text()).collect();
        let rest = &script.source.text[chunks.last()?.whole.end..];
        next.replace(phase, whole, &format!("{}{}{block}{}{}", lines(&before), lines(&comments), lines(&behind), rest.trim_start()));
    } else {
        next.replace(phase, whole, &lines(&stays));
        next.put(phase, Phase::Backfill, &split.backfill);
        next.put(phase, to, &block);
    }
    Some(next)
}

fn switches_at(script: &Script, span: Span) -> bool {
    script.statements.iter().any(|statement| statement.span == span && switches(statement))
}

/// Puts a statement into the block; what needs the new table under its own name goes behind the rename.
fn put(
    block: &mut String,
    late: &mut String,
    script: &Script,
    chunk: &Chunk<'_>,
    at: usize,
    rebuilds: &[Rebuild],
    instead: Option<&str>,
) -> Option<()> {
    let aside = |rebuild: &&Rebuild| rebuild.aside.is_some();
    let Some(rebuild) = rebuilds.iter().filter(aside).find(|rebuild| rebuild.members().contains(&at)) else {
        let between = rebuilds.iter().filter(aside).any(|rebuild| rebuild.create < at && at < rebuild.drop);
        let text = instead.map_or_else(|| chunk.text(), |sql| format!("{}{sql};\n", chunk.comments()));
        if between {
            late.push_str(&text)
        } else {
            block.push_str(&text)
        }
        return Some(());
    };
    let own = &rebuild.table.name;
    let moved = rebuild.aside.as_ref()?;
    let copy = Ident::stored(&format!("{}_new", own.written())).spelled(Dialect::Sqlite);
    let own_text = own.spelled(Dialect::Sqlite);
    let text = |statement: usize| script.text(script.statements[statement].span);
    let to_copy = Word { from: own.as_str(), to: &copy, once: true };
    let back = Word { from: moved.as_str(), to: &own_text, once: false };
    let spelled = match at {
        _ if at == rebuild.rename => return Some(()),
        _ if at == rebuild.create => respelled(text(at), &[to_copy]),
        _ if at == rebuild.copy => respelled(instead.unwrap_or(text(at)), &[to_copy, back]),
        _ => format!("{};\n{}", respelled(text(at), std::slice::from_ref(&back)), respelled(text(rebuild.rename), &[to_copy, back])),
    };
    block.push_str(&format!("{}{spelled};\n", chunk.comments()));
    if at == rebuild.drop {
        block.push_str(&std::mem::take(late));
    }
    Some(())
}

/// The text ending with a line, without empty lines before it.
fn lines(text: &str) -> String {
    let text = text.trim_start_matches('\n');
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Where rebuilds belong.
enum Timing {
    /// In this phase.
    At(Phase),
    /// They add what new releases need and take what old ones need: the columns come first, the rest last.
    Split,
}

fn timing(judged: &Judged, rebuilds: &[Rebuild]) -> Option<Timing> {
    let (mut tightens, mut adds) = (false, false);
    for rebuild in rebuilds {
        let Some(old) = judged.start.table(&rebuild.table).recorded() else { continue };
        let new = judged.end.table(&rebuild.table).recorded()?;
        tightens |= is_tighter(old, new);
        adds |= new.columns.iter().any(|column| old.column(&column.name).is_none());
    }
    Some(match (tightens, adds) {
        (true, true) => Timing::Split,
        (true, false) => Timing::At(Phase::Contract),
        (false, _) => Timing::At(Phase::Expand),
    })
}

/// Whether the new table takes what the old one gave, or refuses what it accepted.
fn is_tighter(old: &Table, new: &Table) -> bool {
    let of_column = old.columns.iter().any(|column| match new.column(&column.name) {
        None => true,
        Some(then) => {
            then.ty != column.ty
                || (then.not_null && !column.not_null)
                || then.generated != column.generated
                || then.collation != column.collation
                || (fills(column.default.as_ref()) && then.default != column.default)
        }
    });
    let is_new = |column: &Ident| old.column(column).is_none();
    let required = new
        .columns
        .iter()
        .any(|column| is_new(&column.name) && column.not_null && column.default.is_none() && column.generated == Generated::No);
    let binds = |columns: &[Ident]| columns.iter().all(|column| !is_new(column));
    let of_constraint =
        new.constraints.iter().filter(|held| !old.constraints.iter().any(|known| known.kind == held.kind)).any(|held| match &held.kind {
            ConstraintKind::PrimaryKey(_) | ConstraintKind::NotNull(_) | ConstraintKind::Exclusion { .. } => true,
            ConstraintKind::Unique { columns, .. } => binds(columns),
            ConstraintKind::Check(check) => binds(&check.columns),
            ConstraintKind::ForeignKey(key) => binds(&key.columns),
        });
    let of_index = new
        .indexes
        .iter()
        .filter(|index| index.unique)
        .any(|index| !old.indexes.iter().any(|known| known.unique && known.keys == index.keys && known.predicate == index.predicate));
    let unique = |index: &&Index| index.unique && !new.indexes.iter().any(|held| held.unique && held.is_over_same_keys(index));
    let loses = old.indexes.iter().any(|index| unique(&index))
        || old.triggers.iter().any(|trigger| !new.triggers.iter().any(|held| held.name == trigger.name));
    of_column || required || of_constraint || of_index || loses
}
