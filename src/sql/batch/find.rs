//! Finds the place for the range, or the reason why there is none.

use std::ops::Range;

use super::refuse::{self, Choosing, condition, shape, tail};
use super::relation::{self, Relation};
use super::words::Words;
use super::{BatchPoint, CannotCut, Proof};
use crate::schema::Dialect;
use crate::schema::operation::DataKind;
use crate::sql::lexer::TokenKind;

pub(super) fn find(text: &str, dialect: Dialect) -> Result<BatchPoint, CannotCut> {
    let words = Words::of(text, dialect)?;
    let (with, start) = match words.is(0, "with") {
        true => {
            let with = with(&words, 0)?;
            (Some(with.clone()), with.end)
        }
        false => (None, 0),
    };
    let mut point = if words.is(start, "update") {
        update(&words, start)
    } else if words.is(start, "delete") {
        delete(&words, start)
    } else if words.is(start, "insert") {
        insert(&words, start, DataKind::InsertSelect)
    } else if words.is(start, "replace") {
        insert(&words, start, DataKind::Replace)
    } else {
        Err(CannotCut::NotData)
    }?;
    if let Some(with) = with {
        refuse_named_query(&words, &point, &with)?;
        point.with = Some(words.span(with));
    }
    Ok(point)
}

/// The tokens of WITH and its queries.
fn with(words: &Words<'_>, start: usize) -> Result<Range<usize>, CannotCut> {
    let depth = words.tokens[start].depth;
    let end = words
        .find(start + 1..words.tokens.len(), depth, &["select", "insert", "update", "delete", "replace", "merge", "values"])
        .ok_or_else(|| CannotCut::Unread { reason: "WITH is followed by no statement".to_owned() })?;
    refuse::choosing(words, start..end, Choosing::Everywhere)?;
    for index in start + 1..end {
        if words.kind(index - 1) == Some(TokenKind::Open) && words.is_any(index, &["insert", "update", "delete", "merge"]) {
            return Err(shape("a WITH query that changes data"));
        }
    }
    Ok(start..end)
}

/// Refuses a driving "table" that is one of the queries of `with`. What UPDATE and DELETE change is always a table,
/// except in MySQL's lists of tables.
fn refuse_named_query(words: &Words<'_>, point: &BatchPoint, with: &Range<usize>) -> Result<(), CannotCut> {
    let target = matches!(point.kind, DataKind::Update | DataKind::Delete) && words.dialect != Dialect::Mysql;
    if target || point.driving.schema.is_some() {
        return Ok(());
    }
    let depth = words.tokens[with.start].depth;
    let mut at = with.start + 1 + usize::from(words.is(with.start + 1, "recursive"));
    while at < with.end {
        if relation::ident(words, at)? == point.driving.name {
            return Err(CannotCut::NoTable { what: format!("the WITH query {}", point.driving) });
        }
        let comma = |index: &usize| words.kind(*index) == Some(TokenKind::Comma) && words.tokens[*index].depth == depth;
        at = (at..with.end).find(comma).unwrap_or(with.end) + 1;
    }
    Ok(())
}

fn update(words: &Words<'_>, start: usize) -> Result<BatchPoint, CannotCut> {
    let end = words.tokens.len();
    let mut at = start + 1;
    while words.is_any(at, &["low_priority", "ignore", "or"]) {
        at += if words.is(at, "or") { 2 } else { 1 };
    }
    let set = words.find(at..end, 0, &["set"]).ok_or_else(|| CannotCut::Unread { reason: "UPDATE has no SET".to_owned() })?;
    let place = words.find(set + 1..end, 0, &["where"]);
    tail(words, place.unwrap_or(set) + 1, 0)?;
    let condition = condition(words, place, 0)?;
    let place = condition.start - 1;
    if words.dialect == Dialect::Mysql {
        refuse::choosing(words, at..set, Choosing::Everywhere)?;
        let tables = relation::list(words, at..set, 0)?;
        let driving = assigned(words, tables, set + 1..place)?;
        return Ok(point(words, DataKind::Update, driving, condition, Proof::Rows(vec![words.span(at..set)])));
    }
    let driving = relation::table(words, at)?;
    let mut rows = vec![words.span(at..driving.end)];
    if let Some(from) = words.find(set + 1..place, 0, &["from"]) {
        refuse::choosing(words, from..place, Choosing::Everywhere)?;
        rows.push(words.span(from + 1..place));
    }
    Ok(point(words, DataKind::Update, driving, condition, Proof::Rows(rows)))
}

/// Of the tables in MySQL's UPDATE the one that SET names.
fn assigned(words: &Words<'_>, mut tables: Vec<Relation>, set: Range<usize>) -> Result<Relation, CannotCut> {
    if tables.len() == 1 {
        return tables.pop().ok_or(CannotCut::SeveralTables);
    }
    let mut chosen: Option<usize> = None;
    let begins =
        |index: &usize| *index == set.start || (words.tokens[index - 1].depth == 0 && words.kind(index - 1) == Some(TokenKind::Comma));
    for start in set.clone().filter(begins) {
        let equals = (start..set.end).find(|index| words.text(*index) == "=").ok_or(CannotCut::SeveralTables)?;
        // `u.name =`, `db.u.name =`
        let qualifier = if equals >= start + 3 { words.text(equals - 3) } else { "" };
        let position = tables.iter().position(|table| table.is_called(qualifier)).ok_or(CannotCut::SeveralTables)?;
        if chosen.replace(position).is_some_and(|before| before != position) {
            return Err(CannotCut::SeveralTables);
        }
    }
    chosen.map(|position| tables.swap_remove(position)).ok_or(CannotCut::SeveralTables)
}

fn delete(words: &Words<'_>, start: usize) -> Result<BatchPoint, CannotCut> {
    let end = words.tokens.len();
    let from = words.find(start + 1..end, 0, &["from"]).ok_or_else(|| CannotCut::Unread { reason: "DELETE has no FROM".to_owned() })?;
    let place = words.find(from + 1..end, 0, &["where"]);
    tail(words, place.unwrap_or(from) + 1, 0)?;
    let condition = condition(words, place, 0)?;
    let place = condition.start - 1;
    refuse::choosing(words, from..place, Choosing::Everywhere)?;
    let using = words.find(from + 1..place, 0, &["using"]).filter(|using| words.kind(using + 1) != Some(TokenKind::Open));
    if words.dialect == Dialect::Mysql {
        let modifiers = (start + 1..from).take_while(|index| words.is_any(*index, &["low_priority", "quick", "ignore"])).count();
        // DELETE FROM a USING a JOIN b …, DELETE a FROM a JOIN b …
        let (targets, list) = match using {
            Some(using) => (from + 1..using, using + 1..place),
            None => (start + 1 + modifiers..from, from + 1..place),
        };
        let tables = relation::list(words, list.clone(), 0)?;
        let driving = deleted(words, tables, targets).ok_or(CannotCut::SeveralTables)?;
        return Ok(point(words, DataKind::Delete, driving, condition, Proof::Rows(vec![words.span(list)])));
    }
    let driving = relation::table(words, from + 1)?;
    let mut rows = vec![words.span(from + 1..driving.end)];
    rows.extend(using.map(|using| words.span(using + 1..place)));
    Ok(point(words, DataKind::Delete, driving, condition, Proof::Rows(rows)))
}

/// The one table that MySQL's DELETE names as its target, or the only one there is.
fn deleted(words: &Words<'_>, mut tables: Vec<Relation>, targets: Range<usize>) -> Option<Relation> {
    if targets.is_empty() {
        return if tables.len() == 1 { tables.pop() } else { None };
    }
    let several = targets.clone().any(|index| words.kind(index) == Some(TokenKind::Comma));
    tables.into_iter().find(|table| !several && table.is_called(words.text(targets.end - 1)))
}

fn insert(words: &Words<'_>, start: usize, kind: DataKind) -> Result<BatchPoint, CannotCut> {
    let end = words.tokens.len();
    let query = (start + 1..end).find(|index| {
        let depth = words.tokens[*index].depth;
        let opened = words.kind(index - 1) == Some(TokenKind::Open);
        (depth == 0 && words.is_keyword(*index, &["select", "values", "value", "set", "default", "with", "table"]))
            || (depth == 1 && opened && words.is_any(*index, &["select", "with"]))
    });
    let query = query.filter(|index| words.is_any(*index, &["select", "with"])).ok_or(CannotCut::NotData)?;
    let depth = words.tokens[query].depth;
    let inner_with = if words.is(query, "with") { Some(with(words, query)?) } else { None };
    let select = inner_with.as_ref().map_or(query, |with| with.end);
    if !words.is(select, "select") {
        return Err(CannotCut::NotData);
    }
    let from = words.find(select + 1..end, depth, &["from"]).ok_or(CannotCut::NoTable { what: "a SELECT without FROM".to_owned() })?;
    refuse::select_list(words, select + 1..from)?;
    let place = words.find(from + 1..end, depth, &["where"]);
    tail(words, from + 1, depth)?;
    let condition = condition(words, place, depth)?;
    if depth > 0 {
        tail(words, condition.end, 0)?;
    }
    let place = condition.start - 1;
    refuse::choosing(words, from..place, Choosing::Everywhere)?;
    let driving = relation::list(words, from + 1..place, depth)?.swap_remove(0);
    let proof = Proof::Select(words.span(query..condition.end));
    let point = point(words, kind, driving, condition, proof);
    if let Some(with) = inner_with {
        refuse_named_query(words, &point, &with)?;
    }
    Ok(point)
}

fn point(words: &Words<'_>, kind: DataKind, driving: Relation, condition: Range<usize>, proof: Proof) -> BatchPoint {
    let condition = words.span(condition);
    BatchPoint { kind, driving: driving.name, reference: driving.reference, condition, with: None, proof }
}
