//! What a migration's syncs contribute to the script of a phase, woven with the file's own statements.

use super::{Names, Pair, names, resolve, script, transaction, types};
use crate::migration::{Bounds, Group, Migration, MigrationError, ScriptFile, Sync, SyncKey, groups};
use crate::schema::{Dialect, ObjectName, Operation, Phase, Schema, Server};
use crate::sql::{self, Loom, Script, Source, Statement};

/// The whole text of a script: what migration.toml declares, then the file. `schema` is what the script meets.
///
/// # Errors
/// `Io` and `Decode` as the file's, `Settings` where a sync does not fit the schema.
pub fn weave(migration: &Migration, file: &ScriptFile, schema: &Schema, server: Server) -> Result<Source, MigrationError> {
    let source = file.source()?;
    let syncs = &migration.settings.syncs;
    if syncs.is_empty() {
        return Ok(source);
    }
    let mut loom = Loom::new(&source.path);
    let header = header(&source, server);
    loom.take(&source, 0..header);
    match file.phase {
        Phase::Expand => {
            // A type that the file makes is there before a column has it.
            let types = behind_types(&source, syncs, schema, server).max(header);
            loom.take(&source, header..types);
            for sync in syncs {
                let pair = resolve(sync, schema, server)?;
                is_new(sync, &pair, schema)?;
                loom.declare(&transaction(server.dialect, &pair.install()), sync.source(), sync.span());
            }
            loom.take(&source, types..source.text.len());
        }
        Phase::Backfill => {
            for sync in syncs {
                let backfill = resolve(sync, schema, server)?.backfill();
                loom.declare(&script(&[backfill]), sync.source(), sync.span());
            }
            loom.take(&source, header..source.text.len());
        }
        Phase::Contract => {
            let removals = syncs.iter().map(|sync| Ok(Removal { sync, names: names(sync, server)? }));
            contract(&mut loom, &source, header, removals.collect::<Result<_, MigrationError>>()?, schema, server);
        }
    }
    Ok(loom.finish(&file.written()?))
}

/// Where the comments end that allow something in the whole file: they must stay before the first statement.
fn header(source: &Source, server: Server) -> usize {
    if !source.text.contains("migrate:") {
        return 0;
    }
    let last = sql::read(source, server).directives.iter().map(|directive| directive.span.end).max();
    // An empty line follows, which is what makes them about the whole file.
    let lines = last.map(|end| source.text[end..].match_indices('\n').nth(1).map_or(source.text.len(), |(at, _)| end + at + 1));
    lines.unwrap_or_default()
}

/// Where the last group ends that makes a type which one of the syncs names; 0 where none does.
fn behind_types(source: &Source, syncs: &[Sync], schema: &Schema, server: Server) -> usize {
    let named = syncs.iter().filter_map(|sync| types::read(sync.ty.as_deref()?, server).ok());
    let named: Vec<ObjectName> = named.map(|ty| schema.canonical(&ty.object_name())).collect();
    if named.is_empty() || !source.text.to_ascii_lowercase().contains("create") {
        return 0;
    }
    let text = sql::read(source, server);
    let makes = |statement: &Statement| {
        statement.clauses.iter().any(|clause| match &clause.operation {
            Operation::CreateType { name, .. } => named.contains(&schema.canonical(name)),
            _ => false,
        })
    };
    let groups = groups(&text).groups;
    let Some(group) = groups.iter().rfind(|group| group.statements(&text).iter().any(makes)) else { return 0 };
    let last = match group.bounds {
        Bounds::Lone => group.body.end.checked_sub(1),
        // COMMIT.
        Bounds::Explicit => Some(group.body.end),
    };
    let end = last.and_then(|at| text.statements.get(at)).map_or(source.text.len(), |statement| statement.span.end);
    let rest = &source.text[end..];
    let blanks = rest.len() - rest.trim_start().len();
    if rest[blanks..].starts_with(';') { end + blanks + 1 } else { end }
}

fn is_new(sync: &Sync, pair: &Pair, schema: &Schema) -> Result<(), MigrationError> {
    let names = pair.names();
    if pair.new_type.is_none() {
        let message = format!("the type of `{}.{}` is not known from the migrations: say `type`", names.table, names.old);
        return Err(sync.fault(SyncKey::Type, message));
    }
    let live = schema.table(&names.table).recorded().and_then(|table| Names::keeping(table, &names.old, names.dialect));
    if let Some(live) = live {
        let message = format!(
            "`{}` is still kept equal with `{}`, and neither sync would see what the other does: let the contract of that one run first",
            names.old, live.old
        );
        return Err(sync.fault(SyncKey::Old, message));
    }
    match schema.column(&names.table, &names.new).recorded() {
        None => Ok(()),
        Some(_) => {
            let message = format!("`{}.{}` is there already: the migration adds the new column itself", names.table, names.new);
            Err(sync.fault(SyncKey::New, message))
        }
    }
}

/// A sync whose triggers go.
struct Removal<'a> {
    sync: &'a Sync,
    names: Names,
}

/// Triggers go in the transaction that drops the old column, right before it: between the two, nobody would fill a
/// column that may not be empty. MySQL has no such transaction, so there they go just as late. Where the file keeps the
/// column, they go first.
fn contract(loom: &mut Loom, source: &Source, header: usize, removals: Vec<Removal<'_>>, schema: &Schema, server: Server) {
    let text = sql::read(source, server);
    let groups = groups(&text).groups;
    let mut by_group: Vec<Vec<Removal<'_>>> = groups.iter().map(|_| Vec::new()).collect();
    for removal in removals {
        let drops = |group: &Group| group.statements(&text).iter().any(|statement| drops(statement, &removal.names, schema));
        match groups.iter().position(drops) {
            Some(index) => by_group[index].push(removal),
            None => loom.declare(&transaction(server.dialect, &removal.names.remove()), removal.sync.source(), removal.sync.span()),
        }
    }
    let mut taken = header;
    for (group, removals) in groups.iter().zip(&by_group) {
        let (Some(first), Some(last)) = (removals.first(), group.statements(&text).last()) else { continue };
        let start = beginning(&text, group).max(taken);
        loom.take(source, taken..start);
        let wrapped = group.bounds == Bounds::Lone && server.dialect != Dialect::Mysql;
        if wrapped {
            loom.declare("\nBEGIN;", first.sync.source(), first.sync.span());
        }
        for removal in removals {
            loom.declare(&format!("\n{}", script(&removal.names.remove())), removal.sync.source(), removal.sync.span());
        }
        taken = start;
        if wrapped {
            loom.take(source, start..last.span.end);
            loom.declare(";\nCOMMIT", first.sync.source(), first.sync.span());
            taken = last.span.end;
        }
    }
    loom.take(source, taken..source.text.len());
}

/// Whether a statement takes the old column away.
fn drops(statement: &Statement, names: &Names, schema: &Schema) -> bool {
    let same = |table| schema.canonical(table) == schema.canonical(&names.table);
    statement.clauses.iter().any(|clause| match &clause.operation {
        Operation::DropColumn { table, column, .. } => column == &names.old && same(table),
        Operation::DropTable(drop) => same(&drop.name),
        _ => false,
    })
}

/// Where a group begins: behind the semicolon before it, so that its comments stay with it.
fn beginning(text: &Script, group: &Group) -> usize {
    let Some(before) = group.body.start.checked_sub(1).map(|index| text.statements[index].span.end) else { return 0 };
    let rest = &text.source.text[before..];
    let blanks = rest.len() - rest.trim_start().len();
    if rest[blanks..].starts_with(';') { before + blanks + 1 } else { text.statements[group.body.start].span.start }
}
