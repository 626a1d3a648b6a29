//! add-required-column: rows that exist and releases that run have no value for the column.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::{Wishes, add_column};
use crate::schema::expression::Shape;
use crate::schema::object::UserTypeKind;
use crate::schema::operation::{AddColumn, NewColumn, NewConstraint};
use crate::schema::table::{ConstraintKind, Generated};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-required-column"),
    doc: include_str!("../../../lints/add-required-column.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if let Some((old, create)) = frame.remade() {
        let required = |column: &&NewColumn| old.column(&column.name).is_none() && column.not_null && !fills_itself(column);
        for column in create.columns.iter().filter(required) {
            let (table, value) = (&old.name, recipe::sample_value(column.ty.as_ref()));
            let fault =
                Fault::new(format!("`{table}.{}` is required and has no default: running releases insert rows without it", column.name));
            findings.push(fault.help(format!(
                "let it be NULL until all releases write it, or give it a constant default that stays: `{} NOT NULL DEFAULT {value}`",
                recipe::bare_column(frame.dialect(), column)
            )));
        }
        return;
    }
    let Operation::AddColumn(add) = frame.operation else { return };
    let (table, column) = (&add.table, &add.column);
    let exists = add.if_not_exists && frame.column(table, &column.name).is_some();
    if exists || frame.is_new_table(table) || !is_required(frame, add) || fills_itself(column) {
        return;
    }
    let dialect = frame.dialect();
    let column = &frame.without_domain(column);
    let (value, bare) = (recipe::sample_value(column.ty.as_ref()), recipe::bare_column(dialect, column));
    let existing = match dialect {
        Dialect::Mysql => "existing rows silently get a zero value",
        Dialect::Postgres | Dialect::Sqlite => "the statement fails as soon as there is a row",
    };
    let fault = Fault::new(format!(
        "`{table}.{}` is required and has no default: {existing}, and running releases insert rows without it",
        column.name
    ));
    let with_default = format!("{} ADD COLUMN {bare} NOT NULL DEFAULT {value};", recipe::alter(dialect, table));
    let fault =
        fault.help(format!("let it be NULL until all releases write it, or give it a constant default that stays: `{with_default}`"));
    findings.push(match dialect {
        Dialect::Sqlite => fault.cure(Phase::Expand, with_default),
        Dialect::Postgres | Dialect::Mysql => match add_column(&frame.given(), add, &Wishes::default()) {
            Ok(phases) => fault.by_phases(&phases),
            // Only a person knows what each row should hold.
            Err(_) => fault,
        },
    });
}

/// NOT NULL by itself, by a key, or by a domain that fills nothing.
fn is_required(frame: &Frame<'_>, add: &AddColumn) -> bool {
    let demands = |constraint: &NewConstraint| matches!(constraint.kind, ConstraintKind::PrimaryKey(_) | ConstraintKind::NotNull(_));
    add.column.not_null || add.constraints.iter().any(demands) || is_required_by_domain(frame, &add.column)
}

fn is_required_by_domain(frame: &Frame<'_>, column: &NewColumn) -> bool {
    let domain = column.ty.as_ref().and_then(|ty| frame.before.user_type(&ty.object_name()).recorded());
    domain.is_some_and(|domain| match &domain.kind {
        UserTypeKind::Domain { not_null, default, .. } => *not_null && default.is_none(),
        UserTypeKind::Enum(_) | UserTypeKind::Composite | UserTypeKind::Other => false,
    })
}

fn fills_itself(column: &NewColumn) -> bool {
    match &column.generated {
        Generated::No => column.default.as_ref().is_some_and(|default| default.shape != Shape::Null),
        Generated::Stored(_) | Generated::Virtual(_) | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => true,
    }
}
