//! Backfills as a whole: every way of cutting a table, many hands, rows that refuse, beside an application that writes. An
//! oracle compares afterwards, and a trigger counts how often each row was changed.

mod support;

#[path = "engine/project.rs"]
mod project;

#[path = "backfill/hands.rs"]
mod hands;
#[path = "backfill/pages.rs"]
mod pages;
#[path = "backfill/poison.rs"]
mod poison;
#[path = "backfill/table.rs"]
mod table;
#[path = "backfill/triggers.rs"]
mod triggers;
