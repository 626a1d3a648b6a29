//! What scripts say of tables and the schema does not keep: a copy would lose it.

use super::words::words;
use crate::schema::operation::{ColumnChange, NewConstraint};
use crate::schema::table::ConstraintKind;
use crate::schema::{Ident, Operation};

/// Tables by their name alone: of two that share one, both are meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Untold {
    deferring: Vec<Ident>,
    counting: Vec<Ident>,
}

impl Untold {
    /// Takes up what an operation does, whose statement reads `text`.
    pub(super) fn follow(&mut self, operation: &Operation, text: &str) {
        match operation {
            Operation::CreateTable(create) => {
                self.defer(&create.name.name, &create.constraints);
                if has_options(text) || create.like.iter().any(|like| self.counts(&like.name)) {
                    self.counting.push(create.name.name.clone());
                }
            }
            Operation::AddColumn(add) => {
                self.defer(&add.table.name, &add.constraints);
                if has_options(text) {
                    self.counting.push(add.table.name.clone());
                }
            }
            Operation::AddConstraint(add) => self.defer(&add.table.name, std::slice::from_ref(&add.constraint)),
            Operation::AlterConstraint { table, .. } if says(text, &["deferrable", "deferred"]) => self.deferring.push(table.name.clone()),
            Operation::AlterColumn { table, change: ColumnChange::SetIdentity(_) | ColumnChange::Storage, .. }
                if has_options(text) || says(text, &OPTIONS) =>
            {
                self.counting.push(table.name.clone());
            }
            Operation::DropTable(drop) => {
                self.deferring.retain(|table| *table != drop.name.name);
                self.counting.retain(|table| *table != drop.name.name);
            }
            Operation::RenameTable { table, to } => self.rename(&table.name, to),
            _ => {}
        }
    }

    /// Whether a foreign key of the table may wait for the end of its transaction.
    pub(super) fn defers(&self, table: &Ident) -> bool {
        self.deferring.contains(table)
    }

    /// Whether an identity of the table has options of its own.
    pub(super) fn counts(&self, table: &Ident) -> bool {
        self.counting.contains(table)
    }

    fn defer(&mut self, table: &Ident, constraints: &[NewConstraint]) {
        if constraints.iter().any(|constraint| constraint.deferrable && matches!(constraint.kind, ConstraintKind::ForeignKey(_))) {
            self.deferring.push(table.clone());
        }
    }

    fn rename(&mut self, table: &Ident, to: &Ident) {
        for held in [&mut self.deferring, &mut self.counting] {
            if held.contains(table) {
                held.push(to.clone());
            }
        }
    }
}

/// What a counter that is begun anew has by default.
const OPTIONS: [&str; 5] = ["increment", "minvalue", "maxvalue", "cache", "cycle"];

/// Whether something stands in parentheses behind IDENTITY.
fn has_options(text: &str) -> bool {
    let mut last = "";
    words(text).any(|(_, token)| {
        let found = token == "(" && last.eq_ignore_ascii_case("identity");
        last = token;
        found
    })
}

fn says(text: &str, any: &[&str]) -> bool {
    words(text).any(|(_, token)| any.iter().any(|word| token.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Dialect, Server, ServerVersion};
    use crate::sql::{self, Source};

    fn of(text: &str) -> (bool, bool) {
        let dialect = Dialect::Postgres;
        let server = Server { dialect, version: ServerVersion::oldest(dialect) };
        let script = sql::read(&Source::new("1_base.sql", text), server);
        let mut untold = Untold::default();
        for statement in &script.statements {
            for clause in &statement.clauses {
                untold.follow(&clause.operation, script.text(statement.span));
            }
        }
        (untold.defers(&Ident::stored("t")), untold.counts(&Ident::stored("t")))
    }

    #[test]
    fn what_a_copy_would_lose_is_told() {
        for (text, told) in [
            ("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, u bigint REFERENCES u (id))", (false, false)),
            ("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 2) PRIMARY KEY)", (false, true)),
            ("CREATE TABLE t (u bigint REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED)", (true, false)),
            ("ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES u (id) DEFERRABLE", (true, false)),
            ("ALTER TABLE t ALTER CONSTRAINT t_u_fkey DEFERRABLE", (true, false)),
            ("ALTER TABLE t ALTER COLUMN id SET CACHE 20", (false, true)),
            ("ALTER TABLE s ALTER COLUMN id SET CACHE 20;\nALTER TABLE s RENAME TO t", (false, true)),
        ] {
            assert_eq!(of(text), told, "{text}");
        }
    }
}
