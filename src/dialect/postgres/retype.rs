//! Changes of a column's type: which rows, indexes, constraints and neighbours they reach.

use super::{At, conversion};
use crate::dialect::{Conversion, Fact, Impact, Lock, Work};
use crate::schema::object::UserTypeKind;
use crate::schema::table::{ConstraintKind, Index, IndexKey, TypeName, Validity};
use crate::schema::{Expression, Ident, ObjectName};

static TYPE_FREE: Fact = Fact {
    claim: "this change of type leaves the stored rows as they are: ACCESS EXCLUSIVE for a moment",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static TYPE_REWRITE: Fact = Fact {
    claim: "this change of type writes the table and its indexes anew under ACCESS EXCLUSIVE",
    source: "PostgreSQL manual, ALTER TABLE (Notes); measured on 14–18",
};
static TYPE_UTC: Fact = Fact {
    claim: "between timestamp and timestamptz rows stay only while the session's TimeZone is UTC; otherwise all are written anew",
    source: "ATColumnChangeRequiresRewrite, since 12; measured on 14–18",
};
static TYPE_INDEX: Fact = Fact {
    claim: "indexes with an expression or a predicate on the column are built anew even where the rows stay",
    source: "CheckIndexCompatible; measured on 14–18",
};
static TYPE_CHECK: Fact = Fact {
    claim: "CHECK constraints on the column are verified again under ACCESS EXCLUSIVE",
    source: "ATPostAlterTypeCleanup; measured on 14–18",
};
static TYPE_KEY: Fact = Fact {
    claim: "tables connected by a foreign key over the column are locked ACCESS EXCLUSIVE too",
    source: "ATPostAlterTypeCleanup; measured on 14–18",
};

impl At<'_> {
    pub(super) fn set_type(
        self,
        table: &ObjectName,
        column: &Ident,
        ty: &TypeName,
        using: Option<&Expression>,
        collation: Option<&ObjectName>,
    ) -> Impact {
        let held = self.schema.column(table, column);
        let Some(before) = held.recorded() else {
            return self.work(self.exclusive_family(table, &TYPE_REWRITE), table, Work::Rewrite).assumed();
        };
        let computes = using.is_some_and(|using| !is_plain_cast(using, column));
        let constrains = &before.ty != ty && self.domain(Some(ty)).is_some_and(|domain| domain.constrained);
        let conversion = match computes || constrains {
            true => Conversion::Rewrite,
            false => conversion::of(&self.below_domains(&before.ty), &self.below_domains(ty)),
        };
        let mut impact = match conversion {
            Conversion::Free => self.exclusive_family(table, &TYPE_FREE),
            Conversion::FreeInUtc => self.work(self.exclusive_family(table, &TYPE_UTC), table, Work::Rewrite).assumed(),
            Conversion::Rewrite => self.work(self.exclusive_family(table, &TYPE_REWRITE), table, Work::Rewrite),
        };
        let recollated = before.collation.as_ref() != collation;
        for name in self.with_rows(table) {
            let Some(table) = self.table(&name) else { continue };
            if conversion == Conversion::Free {
                if table.indexes.iter().any(|index| index.is_rebuilt(column, recollated)) {
                    impact = impact.because(&TYPE_INDEX).working(Work::BuildIndex(name.clone()));
                }
                if table.constraints.iter().any(|held| held.validity == Validity::Valid && is_check_on(&held.kind, column)) {
                    impact = impact.because(&TYPE_CHECK).working(Work::Scan(name.clone()));
                }
            }
        }
        self.keys_over(impact, table, column, conversion)
    }

    /// Foreign keys over a column whose type changes are made anew: both ends are locked and, after a rewrite, checked.
    fn keys_over(self, mut impact: Impact, table: &ObjectName, column: &Ident, conversion: Conversion) -> Impact {
        let Some(recorded) = self.table(table) else { return impact };
        let checked = conversion != Conversion::Free;
        for key in recorded.foreign_keys().filter(|key| key.columns.contains(column)) {
            impact = self.family(impact.because(&TYPE_KEY), &key.references, Lock::AccessExclusive);
            if checked {
                impact = self.work(impact, &key.references, Work::Scan);
            }
        }
        for (child, _, key) in self.schema.referencing(&recorded.name) {
            if recorded.referenced_by(key).contains(column) {
                impact = self.family(impact.because(&TYPE_KEY), &child.name, Lock::AccessExclusive);
                if checked && child.name != recorded.name {
                    impact = self.work(impact, &child.name, Work::Scan);
                }
            }
        }
        impact
    }

    /// The type that a domain is made of; other types are themselves.
    fn below_domains(self, ty: &TypeName) -> TypeName {
        match self.schema.type_of(ty).map(|found| &found.kind) {
            Some(UserTypeKind::Domain { base, .. }) if ty.array == 0 && base != ty => self.below_domains(base),
            Some(_) | None => ty.clone(),
        }
    }
}

/// Whether USING is the column itself, perhaps cast: the same as no USING.
fn is_plain_cast(using: &Expression, column: &Ident) -> bool {
    if !using.functions.is_empty() || using.columns.as_slice() != std::slice::from_ref(column) {
        return false;
    }
    let text = using.text.trim_start_matches(['(', ' ']);
    let text = text.strip_prefix('"').unwrap_or(text);
    let Some(rest) = text.strip_prefix(column.as_str()) else { return text.to_ascii_lowercase().starts_with("cast ( ") };
    let rest = rest.trim_start_matches(['"', ' ', ')']);
    rest.is_empty() || rest.starts_with("::")
}

fn is_check_on(kind: &ConstraintKind, column: &Ident) -> bool {
    match kind {
        ConstraintKind::Check(condition) => condition.columns.contains(column),
        ConstraintKind::PrimaryKey(_)
        | ConstraintKind::Unique { .. }
        | ConstraintKind::NotNull(_)
        | ConstraintKind::ForeignKey(_)
        | ConstraintKind::Exclusion { .. } => false,
    }
}

impl Index {
    /// Whether a change of the column's type that leaves the rows builds it anew.
    fn is_rebuilt(&self, column: &Ident, recollated: bool) -> bool {
        if !self.concerns(column) {
            return false;
        }
        let computed = self.predicate.is_some() || self.keys.iter().any(|key| matches!(key, IndexKey::Expression(_)));
        computed || recollated
    }
}
