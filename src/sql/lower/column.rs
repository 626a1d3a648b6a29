//! Column definitions: `name type constraint …`.

use crate::schema::operation::{NewColumn, NewConstraint};
use crate::schema::table::Generated;
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

/// A column while its attributes are read.
pub(super) struct Draft {
    pub(super) column: NewColumn,
    pub(super) constraints: Vec<NewConstraint>,
    /// CONSTRAINT name, until the constraint follows.
    pub(super) label: Option<Ident>,
}

impl Cursor<'_> {
    /// Reads a column definition with everything that may follow the type, MySQL's FIRST / AFTER included.
    pub(in crate::sql) fn column_definition(&mut self) -> Result<(NewColumn, Vec<NewConstraint>), Unread> {
        let name = self.column_name()?;
        let serial = self.at_serial();
        let ty = self.column_type()?;
        let mut draft = Draft::new(name);
        draft.column.ty = ty;
        if serial {
            draft.column.generated = Generated::Serial;
            draft.column.not_null = true;
            if self.dialect() == Dialect::Mysql {
                draft.unique(false);
            }
        }
        self.column_attributes(&mut draft)?;
        Ok((draft.column, draft.constraints))
    }

    /// Reads what follows the name and type in `columns WITH OPTIONS` of typed tables and partitions.
    pub(super) fn column_options(&mut self) -> Result<(NewColumn, Vec<NewConstraint>), Unread> {
        let mut draft = Draft::new(self.column_name()?);
        self.words(&["with", "options"]);
        self.column_attributes(&mut draft)?;
        Ok((draft.column, draft.constraints))
    }

    /// Whether a type stands here that also makes a sequence.
    fn at_serial(&self) -> bool {
        const SERIAL: [&str; 6] = ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"];
        match self.dialect() {
            Dialect::Postgres => SERIAL.iter().any(|word| self.at_word(0, word)),
            Dialect::Mysql => self.at_word(0, "serial"),
            Dialect::Sqlite => false,
        }
    }
}

impl Draft {
    fn new(name: Ident) -> Draft {
        let column = NewColumn {
            name,
            ty: None,
            not_null: false,
            default: None,
            generated: Generated::No,
            collation: None,
            positioned: false,
            details: Vec::new(),
        };
        Draft { column, constraints: Vec::new(), label: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Server;
    use crate::schema::expression::Shape;
    use crate::schema::table::{ConstraintKind, ReferentialAction, Validity};
    use crate::sql::Span;

    type Read = Result<(NewColumn, Vec<NewConstraint>), String>;

    fn read(dialect: Dialect, text: &str) -> Read {
        let run = || {
            let mut cursor = Cursor::new(text, Span::new(0, text.len()), Server::oldest(dialect))?;
            let column = cursor.column_definition()?;
            if cursor.finished() { Ok(column) } else { Err(cursor.unexpected("the end")) }
        };
        run().map_err(|unread: Unread| unread.reason)
    }

    fn column(dialect: Dialect, text: &str) -> (NewColumn, Vec<NewConstraint>) {
        read(dialect, text).unwrap_or_else(|reason| panic!("{text}: {reason}"))
    }

    fn ty(dialect: Dialect, text: &str) -> String {
        column(dialect, &format!("c {text}")).0.ty.map_or_else(String::new, |ty| ty.to_string())
    }

    #[test]
    fn aliases_of_types_are_resolved() {
        for (written, resolved) in [
            ("int4", "integer"),
            ("pg_catalog.int8", "bigint"),
            ("varchar(20)", "character varying(20)"),
            ("char varying (20)", "character varying(20)"),
            ("char", "character(1)"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("timestamp(3) without time zone", "timestamp(3) without time zone"),
            ("decimal(10, 2)", "numeric(10, 2)"),
            ("bool[]", "boolean[]"),
            ("int array[4]", "integer[]"),
            ("float(10)", "real"),
            ("double precision", "double precision"),
            ("interval day to second(3)", "interval day to second(3)"),
            ("shop.mood", "shop.mood"),
            ("\"Mood\"", "Mood"),
        ] {
            assert_eq!(ty(Dialect::Postgres, written), resolved, "{written}");
        }
        for (written, resolved) in [
            ("int(11) unsigned zerofill", "integer unsigned"),
            ("tinyint(1)", "tinyint(1)"),
            ("bool", "tinyint(1)"),
            ("VARCHAR(5) BINARY CHARACTER SET utf8mb4", "character varying(5)"),
            ("enum('a','b''c')", "enum('a', 'b'c')"),
            ("decimal", "numeric(10, 0)"),
            ("long varchar", "mediumtext"),
        ] {
            assert_eq!(ty(Dialect::Mysql, written), resolved, "{written}");
        }
        for (written, resolved) in
            [("", ""), ("UNSIGNED BIG INT", "unsigned big int"), ("VARCHAR ( 20 )", "varchar(20)"), ("TEXT NOT NULL", "text")]
        {
            assert_eq!(ty(Dialect::Sqlite, written), resolved, "{written}");
        }
    }

    #[test]
    fn a_default_ends_where_the_next_attribute_starts() {
        let (column, constraints) = column(
            Dialect::Postgres,
            "state text COLLATE \"C\" DEFAULT 'new'::text NOT NULL CONSTRAINT known CHECK (state <> '') REFERENCES states (name) ON DELETE SET NULL (state) DEFERRABLE",
        );
        let default = column.default.expect("a default");
        assert_eq!((default.text.as_str(), default.shape), ("'new' :: text", Shape::Literal));
        assert!(column.not_null);
        assert_eq!(constraints.len(), 2);
        assert_eq!(constraints[0].name.as_ref().map(ToString::to_string).as_deref(), Some("known"));
        assert!(constraints[1].deferrable);
        match &constraints[1].kind {
            ConstraintKind::ForeignKey(key) => assert_eq!(key.on_delete, ReferentialAction::SetNull),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn serial_is_an_integer_with_a_sequence() {
        let (column, constraints) = column(Dialect::Postgres, "id bigserial primary key");
        assert_eq!(column.ty, Some(crate::schema::table::TypeName::plain("bigint")));
        assert_eq!(column.generated, Generated::Serial);
        assert!(column.not_null && matches!(constraints[0].kind, ConstraintKind::PrimaryKey(_)));
    }

    #[test]
    fn each_dialect_has_its_own_attributes() {
        for (dialect, text) in [
            (Dialect::Postgres, "id int GENERATED BY DEFAULT AS IDENTITY (START WITH 5) UNIQUE NULLS NOT DISTINCT"),
            (Dialect::Postgres, "doc jsonb STORAGE EXTERNAL COMPRESSION lz4 DEFAULT '{}'::jsonb"),
            (Dialect::Postgres, "full_name text GENERATED ALWAYS AS (first || last) STORED"),
            (Dialect::Postgres, "at timestamptz NOT NULL DEFAULT now()"),
            (Dialect::Postgres, "n int DEFAULT -1 CHECK (n > 0) NO INHERIT NOT ENFORCED"),
            (Dialect::Mysql, "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'x' FIRST"),
            (Dialect::Mysql, "at datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6) AFTER `b`"),
            (Dialect::Mysql, "v varchar(9) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL INVISIBLE"),
            (Dialect::Mysql, "g int AS (a + 1) PERSISTENT COMMENT \"sum\""),
            (Dialect::Sqlite, "id INTEGER PRIMARY KEY DESC ON CONFLICT REPLACE AUTOINCREMENT NOT NULL ON CONFLICT FAIL"),
            (Dialect::Sqlite, "v GENERATED ALWAYS AS (a || b) VIRTUAL COLLATE NOCASE"),
            (Dialect::Sqlite, "r int REFERENCES t(a) ON UPDATE CASCADE NOT DEFERRABLE INITIALLY IMMEDIATE"),
        ] {
            column(dialect, text);
        }
    }

    #[test]
    fn attributes_of_other_dialects_are_refused() {
        for (dialect, text) in [
            (Dialect::Postgres, "id int AUTO_INCREMENT"),
            (Dialect::Postgres, "id integer unsigned"),
            (Dialect::Postgres, "id int primary key autoincrement"),
            (Dialect::Postgres, "v text comment 'x'"),
            (Dialect::Postgres, "check int"),
            (Dialect::Postgres, "v"),
            (Dialect::Mysql, "v text storage external compression lz4"),
            (Dialect::Mysql, "v jsonb"),
            (Dialect::Mysql, "v int deferrable"),
            (Dialect::Sqlite, "v int default now()"),
            (Dialect::Sqlite, "v int default 1 + 1"),
            (Dialect::Sqlite, "v int check (v > 0) not enforced"),
        ] {
            assert!(read(dialect, text).is_err(), "{text}");
        }
    }

    #[test]
    fn conditions_prove_columns_not_null() {
        let proves = |text: &str| {
            let (_, constraints) = column(Dialect::Postgres, &format!("c int CHECK ({text})"));
            match &constraints[0].kind {
                ConstraintKind::Check(check) => (check.proves_not_null.len(), check.shape, constraints[0].validity),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(proves("c IS NOT NULL"), (1, Shape::Computed, Validity::Valid));
        assert_eq!(proves("(c IS NOT NULL) AND t.d IS NOT NULL AND e > 0"), (2, Shape::Computed, Validity::Valid));
        assert_eq!(proves("NOT (c IS NULL)"), (1, Shape::Computed, Validity::Valid));
        assert_eq!(proves("c IS NOT NULL OR d"), (0, Shape::Computed, Validity::Valid));
        assert_eq!(proves("1 = 1"), (0, Shape::Tautology, Validity::Valid));
        assert_eq!(proves("TRUE"), (0, Shape::Tautology, Validity::Valid));
    }
}
