//! ALTER TABLE of MySQL 8 and MariaDB 10.11.
//!
//! Source: dev.mysql.com/doc/refman/8.4/en/alter-table.html, mariadb.com/kb/en/alter-table.

use std::sync::LazyLock;

use sqlparser::tokenizer::Token;

use crate::schema::operation::{AddColumn, AddConstraint, ColumnChange, ConstraintRef, IndexChange, NewColumn, NewConstraint, TableChange};
use crate::schema::{Ident, ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, Pattern, each, one};

static HEAD: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::new("ALTER [ ONLINE ] [ IGNORE ] TABLE [ IF EXISTS ] table:name [ WAIT number | NOWAIT ]"));

#[rustfmt::skip]
static ACTIONS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("ADD [ CONSTRAINT symbol:ident ] { INDEX | KEY } FOREIGN", |_| Err(Unread { reason: "no such form".to_owned() })),
        one("ADD index", |f| Ok(Operation::CreateIndex(f.index("index")?))),
        one("ADD CONSTRAINT if_not_exists:{ IF NOT EXISTS } symbol:ident CHECK ( expr )", |f| {
            let kind = crate::schema::table::ConstraintKind::Check(f.expression("expr")?);
            let validity = crate::schema::table::Validity::Valid;
            add_constraint(f, NewConstraint { name: Some(f.ident("symbol")?), kind, validity, deferrable: false })
        }),
        one("ADD constraint", |f| add_constraint(f, f.constraint("constraint")?.0)),
        each("ADD [ COLUMN ] %if_not_exists ( each:column ,... )", |f| {
            let (table, if_not_exists) = (table(f)?, f.has("if_not_exists"));
            Ok(f.columns("each").map(|((column, constraints), span)| {
                let added = AddColumn { table: table.clone(), if_not_exists, column, constraints };
                Clause { span, operation: Operation::AddColumn(Box::new(added)) }
            }).collect())
        }),
        one("ADD { PERIOD FOR ident ( ident , ident ) | SYSTEM VERSIONING }", |f| change(f, TableChange::SetEngine)),
        // Partitions for values that none holds yet: no row moves.
        one("ADD PARTITION [ IF NOT EXISTS ] parens", |f| change(f, TableChange::Option)),
        one("ADD PARTITION [ IF NOT EXISTS ] PARTITIONS number", |f| partitions(f, false)),
        one("ADD [ COLUMN ] %if_not_exists column", |f| {
            let (column, constraints) = *f.column("column")?;
            Ok(Operation::AddColumn(Box::new(AddColumn { table: table(f)?, if_not_exists: f.has("if_not_exists"), column, constraints })))
        }),
        one("DROP PRIMARY KEY", |f| drop_constraint(f, ConstraintRef::PrimaryKey)),
        one("DROP FOREIGN KEY %if_exists ident", |f| drop_constraint(f, ConstraintRef::ForeignKey(f.ident("ident")?))),
        one("DROP CHECK ident", |f| drop_constraint(f, ConstraintRef::Check(f.ident("ident")?))),
        one("DROP CONSTRAINT %if_exists ident", |f| drop_constraint(f, ConstraintRef::Named(f.ident("ident")?))),
        one("DROP { INDEX | KEY } %if_exists ident", |f| {
            let (index, if_exists) = (ObjectName::bare(f.ident("ident")?), f.has("if_exists"));
            Ok(Operation::DropIndex { index, table: Some(table(f)?), concurrently: false, if_exists, cascade: false })
        }),
        one("DROP { PERIOD FOR ident | SYSTEM VERSIONING }", |f| change(f, TableChange::Rebuild)),
        one("DROP PARTITION [ IF EXISTS ] ident ,...", |f| partitions(f, true)),
        one("DROP [ COLUMN ] %if_exists column:ident %behavior", |f| {
            Ok(Operation::DropColumn { table: table(f)?, column: f.ident("column")?, if_exists: f.has("if_exists"), cascade: false })
        }),
        one("ALTER { CHECK | CONSTRAINT } ident { unenforced:{ NOT ENFORCED } | ENFORCED }", |f| {
            Ok(Operation::AlterConstraint { table: table(f)?, name: f.ident("ident")?, enforced: Some(!f.has("unenforced")) })
        }),
        one("ALTER { INDEX | KEY } %if_exists ident { visible:VISIBLE | INVISIBLE | visible:{ NOT IGNORED } | IGNORED }", |f| {
            let change = IndexChange::Visibility { visible: f.has("visible") };
            Ok(Operation::AlterIndex { index: ObjectName::bare(f.ident("ident")?), table: Some(table(f)?), change })
        }),
        one("ALTER [ COLUMN ] %if_exists column:ident SET DEFAULT expr", |f| alter_column(f, ColumnChange::SetDefault(f.expression("expr")?))),
        one("ALTER [ COLUMN ] %if_exists column:ident DROP DEFAULT", |f| alter_column(f, ColumnChange::DropDefault)),
        one("ALTER [ COLUMN ] %if_exists column:ident SET { VISIBLE | INVISIBLE }", |f| alter_column(f, ColumnChange::Storage)),
        each("CHANGE [ COLUMN ] %if_exists old:ident column", |f| {
            let (column, constraints) = *f.column("column")?;
            let old = f.ident("old")?;
            let mut clauses = Vec::new();
            if old != column.name {
                clauses.push(f.whole(Operation::RenameColumn { table: table(f)?, column: old, to: column.name.clone() }));
            }
            clauses.push(f.whole(redefine(f, column, constraints)?));
            Ok(clauses)
        }),
        one("MODIFY [ COLUMN ] %if_exists column", |f| {
            let (column, constraints) = *f.column("column")?;
            redefine(f, column, constraints)
        }),
        each("MODIFY [ COLUMN ] ( each:column ,... )", |f| {
            f.columns("each").map(|((column, constraints), span)| Ok(Clause { span, operation: redefine(f, column, constraints)? })).collect()
        }),
        one("RENAME COLUMN %if_exists column:ident TO to:ident", |f| Ok(Operation::RenameColumn { table: table(f)?, column: f.ident("column")?, to: f.ident("to")? })),
        one("RENAME { INDEX | KEY } %if_exists ident TO to:ident", |f| {
            Ok(Operation::RenameIndex { index: ObjectName::bare(f.ident("ident")?), table: Some(table(f)?), to: f.ident("to")? })
        }),
        each("RENAME [ TO | AS | = ] new:name", |f| Ok(super::object::renamed(&table(f)?, f.name("new")?).into_iter().map(|operation| f.whole(operation)).collect())),
        one("{ keys:DISABLE | ENABLE } KEYS", |f| change(f, TableChange::Keys { enabled: !f.has("keys") })),
        one("{ DISCARD | IMPORT } TABLESPACE", |f| change(f, TableChange::SetTablespace)),
        one("{ DISCARD | IMPORT } PARTITION { ALL | ident ,... } TABLESPACE", |f| change(f, TableChange::SetTablespace)),
        one("TRUNCATE PARTITION { ALL | ident ,... }", |f| partitions(f, true)),
        one("{ { ANALYZE | CHECK | OPTIMIZE | REBUILD | REPAIR } PARTITION { ALL | ident ,... } [ QUICK | EXTENDED | MEDIUM | FAST | CHANGED | USE_FRM | FOR UPGRADE ] ...
             | COALESCE PARTITION number | REORGANIZE PARTITION [ ident ,... INTO parens ] | REMOVE PARTITIONING | UPGRADE PARTITIONING | PARTITION BY partitioning }", |f| partitions(f, false)),
        one("{ EXCHANGE PARTITION ident WITH TABLE other:name [ { WITH | WITHOUT } VALIDATION ] | CONVERT PARTITION ident TO TABLE other:name
             | CONVERT TABLE other:name TO PARTITION ident rest }", |f| partitions(f, true)),
        one("ALGORITHM [ = ] value:{ DEFAULT | INSTANT | INPLACE | NOCOPY | COPY }", |f| change(f, TableChange::Algorithm { algorithm: f.words("value"), lock: None })),
        one("LOCK [ = ] value:{ DEFAULT | NONE | SHARED | EXCLUSIVE }", |f| change(f, TableChange::Algorithm { algorithm: None, lock: f.words("value") })),
        one("{ WITH | WITHOUT } VALIDATION", |f| change(f, TableChange::Option)),
        one("CONVERT TO { CHARACTER SET | CHARSET } [ = ] { string | word } [ COLLATE [ = ] { string | word } ]", |f| change(f, TableChange::Charset { convert: true })),
        one("[ DEFAULT ] { CHARACTER SET | CHARSET | COLLATE } [ = ] { string | word }", |f| change(f, TableChange::Charset { convert: false })),
        // Of a table that is InnoDB already, which is the default, only the form is made anew.
        one("ENGINE [ = ] INNODB", |f| change(f, TableChange::Rebuild)),
        one("ENGINE [ = ] { string | word }", |f| change(f, TableChange::SetEngine)),
        one("FORCE", |f| change(f, TableChange::Rebuild)),
        one("ORDER BY { name [ ASC | DESC ] } ,...", |f| change(f, TableChange::Rebuild)),
        one("{ ROW_FORMAT | KEY_BLOCK_SIZE | PAGE_COMPRESSED | ENCRYPTION | ENCRYPTED | TRANSACTIONAL } [ = ] any", |f| change(f, TableChange::Rebuild)),
        one("table_option", |f| change(f, TableChange::Option)),
    ]
});

/// Reads the statement: actions with commas between them, table options also without.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let mut found = Found::new(cursor);
    if !HEAD.fits(cursor, &mut found) {
        return Err(found.unread(cursor));
    }
    let mut clauses = synopsis::read(cursor, &ACTIONS, &mut found, action_end)?;
    while !cursor.finished() {
        cursor.take(&Token::Comma);
        clauses.extend(synopsis::read(cursor, &ACTIONS, &mut found, action_end)?);
    }
    Ok(clauses)
}

/// Words that can follow a table option without a comma.
const NEXT: &[&str] = &[
    "auto_increment",
    "avg_row_length",
    "character",
    "charset",
    "checksum",
    "collate",
    "comment",
    "compression",
    "connection",
    "default",
    "delay_key_write",
    "encryption",
    "engine",
    "insert_method",
    "key_block_size",
    "max_rows",
    "min_rows",
    "pack_keys",
    "page_checksum",
    "page_compressed",
    "partition",
    "remove",
    "row_format",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "tablespace",
    "transactional",
    "union",
];

fn action_end(cursor: &mut Cursor<'_>) -> bool {
    synopsis::clause_end(cursor) || NEXT.iter().any(|word| cursor.at_word(0, word))
}

fn table(f: &Found<'_>) -> Result<ObjectName, Unread> {
    f.name("table")
}

fn change(f: &Found<'_>, change: TableChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterTable { table: table(f)?, change })
}

fn partitions(f: &Found<'_>, drops_rows: bool) -> Result<Operation, Unread> {
    change(f, TableChange::Partitions { drops_rows })
}

fn alter_column(f: &Found<'_>, change: ColumnChange) -> Result<Operation, Unread> {
    Ok(Operation::AlterColumn { table: table(f)?, column: f.ident("column")?, change })
}

fn redefine(f: &Found<'_>, column: NewColumn, constraints: Vec<NewConstraint>) -> Result<Operation, Unread> {
    let name: Ident = column.name.clone();
    Ok(Operation::AlterColumn { table: table(f)?, column: name, change: ColumnChange::Redefine { column: Box::new(column), constraints } })
}

fn add_constraint(f: &Found<'_>, constraint: NewConstraint) -> Result<Operation, Unread> {
    let add = AddConstraint { table: table(f)?, constraint, using_index: None, if_not_exists: f.has("if_not_exists"), only: false };
    Ok(Operation::AddConstraint(Box::new(add)))
}

fn drop_constraint(f: &Found<'_>, constraint: ConstraintRef) -> Result<Operation, Unread> {
    Ok(Operation::DropConstraint { table: table(f)?, constraint, if_exists: f.has("if_exists"), cascade: false })
}
