//! What makes a statement do something else when it is run in parts.

use std::ops::Range;

use super::CannotCut;
use super::words::Words;
use crate::schema::Dialect;
use crate::sql::lexer::TokenKind;

/// What can come behind the condition, with the reason why some of it rules batches out.
const BEHIND_CONDITION: &[&str] = &[
    "returning",
    "order",
    "limit",
    "group",
    "having",
    "window",
    "union",
    "except",
    "intersect",
    "minus",
    "fetch",
    "offset",
    "for",
    "on",
    "qualify",
];

/// Functions that make one row of many.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "json_arrayagg",
    "json_objectagg",
    "json_group_array",
    "json_group_object",
    "group_concat",
    "total",
    "bool_and",
    "bool_or",
    "bit_and",
    "bit_or",
    "bit_xor",
    "every",
    "stddev",
    "variance",
    "percentile_cont",
    "percentile_disc",
    "mode",
    "any_value",
    "xmlagg",
];

/// The tokens of the condition behind the WHERE at `place`.
pub(super) fn condition(words: &Words<'_>, place: Option<usize>, depth: usize) -> Result<Range<usize>, CannotCut> {
    let start = place.ok_or(CannotCut::NoPredicate)? + 1;
    let end = (start..words.tokens.len())
        .find(|index| {
            let token = words.tokens[*index];
            let closes = depth > 0 && token.depth == depth && token.kind == TokenKind::Close;
            closes || (token.depth == depth && words.is_keyword(*index, BEHIND_CONDITION))
        })
        .unwrap_or(words.tokens.len());
    if end == start {
        return Err(CannotCut::Unread { reason: "WHERE is followed by no condition".to_owned() });
    }
    if words.is(start, "current") && words.is(start + 1, "of") {
        return Err(shape("WHERE CURRENT OF a cursor"));
    }
    choosing(words, start..end, Choosing::InLists)?;
    let mut disjuncts = vec![false];
    for index in start..end {
        if words.tokens[index].depth == depth && words.is(index, "or") {
            disjuncts.push(false);
        } else if names_something(words, index)
            && let Some(last) = disjuncts.last_mut()
        {
            *last = true;
        }
    }
    if disjuncts.iter().all(|names| *names) { Ok(start..end) } else { Err(CannotCut::NoPredicate) }
}

/// Whether a token can make a condition differ between rows.
fn names_something(words: &Words<'_>, index: usize) -> bool {
    match words.kind(index) {
        Some(TokenKind::Name | TokenKind::Parameter) => true,
        Some(TokenKind::Word) => !words.is_any(index, &["true", "false", "null", "not", "and", "or", "is", "between", "in", "like"]),
        _ => false,
    }
}

/// Refuses what decides rows from token `from` on: behind the condition, or where there should be one.
pub(super) fn tail(words: &Words<'_>, from: usize, depth: usize) -> Result<(), CannotCut> {
    let decides: &[(&str, &str)] = &[
        ("order", "ORDER BY"),
        ("limit", "LIMIT"),
        ("fetch", "FETCH"),
        ("offset", "OFFSET"),
        ("group", "GROUP BY"),
        ("having", "HAVING"),
        ("window", "a window"),
        ("union", "UNION"),
        ("except", "EXCEPT"),
        ("intersect", "INTERSECT"),
        ("minus", "MINUS"),
        ("qualify", "QUALIFY"),
    ];
    for index in from..words.tokens.len() {
        // A non-reserved word can be a column of ON CONFLICT or RETURNING there: `offset` without LIMIT is none of ours.
        let name = words.is(index, "offset") && words.dialect != Dialect::Postgres;
        if words.tokens[index].depth != depth || name {
            continue;
        }
        if let Some((_, what)) = decides.iter().find(|(word, _)| words.is_keyword(index, &[word])) {
            return Err(shape(what));
        }
    }
    Ok(())
}

/// Refuses a SELECT list that makes other rows than those of its tables.
pub(super) fn select_list(words: &Words<'_>, list: Range<usize>) -> Result<(), CannotCut> {
    if words.is(list.start, "distinct") {
        return Err(shape("DISTINCT"));
    }
    let mut subqueries: Vec<usize> = Vec::new();
    for index in list {
        let token = words.tokens[index];
        if token.kind == TokenKind::Open && words.is_any(index + 1, &["select", "with", "values"]) {
            subqueries.push(token.depth);
        } else if token.kind == TokenKind::Close && subqueries.last() == Some(&token.depth) {
            subqueries.pop();
        }
        if !subqueries.is_empty() {
            continue;
        }
        if words.is_keyword(index, &["over"]) {
            return Err(shape("a window"));
        }
        let called = words.kind(index + 1) == Some(TokenKind::Open) && words.is_any(index, AGGREGATES);
        // SQLite's max(a, b) is no aggregate.
        let inside = || {
            (index + 2..words.behind(index + 1))
                .any(|at| words.kind(at) == Some(TokenKind::Comma) && words.tokens[at].depth == token.depth + 1)
        };
        let scalar = words.dialect == Dialect::Sqlite && words.is_any(index, &["min", "max"]) && inside();
        if called && !scalar {
            return Err(shape(&format!("the aggregate {}", words.text(index))));
        }
    }
    Ok(())
}

/// Where a LIMIT or a window in a subquery decides which rows are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choosing {
    /// In what is joined: everywhere.
    Everywhere,
    /// In a condition: behind IN and ANY. In EXISTS and in a single value it decides nothing.
    InLists,
}

/// Refuses a subquery that picks some of the rows: each batch would make it pick others.
pub(super) fn choosing(words: &Words<'_>, part: Range<usize>, choosing: Choosing) -> Result<(), CannotCut> {
    let mut picks: Vec<bool> = Vec::new();
    for index in part {
        match words.kind(index) {
            Some(TokenKind::Open) => {
                let before = |list: &[&str]| index > 0 && words.is_any(index - 1, list);
                // LATERAL picks anew for each row anyway.
                let picked = choosing == Choosing::Everywhere || before(&["in", "any", "some", "all"]) || picks.last() == Some(&true);
                picks.push(picked && !before(&["lateral"]));
            }
            Some(TokenKind::Close) => {
                picks.pop();
            }
            _ => {}
        }
        if picks.last() == Some(&true) {
            if words.is_keyword(index, &["limit", "fetch"]) {
                return Err(shape("LIMIT in a subquery"));
            }
            if words.is_keyword(index, &["over"]) {
                return Err(shape("a window in a subquery"));
            }
        }
    }
    Ok(())
}

pub(super) fn shape(what: &str) -> CannotCut {
    CannotCut::Shape { what: what.to_owned() }
}
