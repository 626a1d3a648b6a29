//! mysql-inline-references-ignored: MySQL reads REFERENCES behind a column and forgets it.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ColumnChange, NewColumn};
use crate::schema::table::Detail;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-inline-references-ignored"),
    doc: include_str!("../../../lints/mysql-inline-references-ignored.md"),
    class: Class::Data,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (table, columns): (_, &[NewColumn]) = match frame.operation {
        Operation::CreateTable(create) => (&create.name, &create.columns),
        Operation::AddColumn(add) => (&add.table, std::slice::from_ref(&add.column)),
        Operation::AlterColumn { table, change: ColumnChange::Redefine { column, .. }, .. } => (table, std::slice::from_ref(&**column)),
        _ => return,
    };
    for column in columns {
        let Some(parent) = column.details.iter().find_map(referenced) else { continue };
        let dialect = frame.dialect();
        let name = column.name.spelled(dialect);
        let key = format!("{} ADD FOREIGN KEY ({name}) REFERENCES {} (…);", recipe::alter(dialect, table), parent.spelled(dialect));
        findings.push(
            Fault::new(format!("`{table}.{}` gets no foreign key: MySQL before 9.0 reads REFERENCES behind a column and ignores it", column.name))
                .help(format!(
                    "write it as a constraint of the table: `{key}`; MariaDB keeps it, so say there `server_version = \"mariadb-10.11\"` in migrate.toml"
                )),
        );
    }
}

fn referenced(detail: &Detail) -> Option<&ObjectName> {
    match detail {
        Detail::IgnoredReference(parent) => Some(parent),
        Detail::Comment(_) | Detail::Charset(_) | Detail::OnUpdate | Detail::Invisible | Detail::Nullable => None,
    }
}
