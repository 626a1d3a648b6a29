//! Statement → reader, by its head words. Total: what no reader understands is `Opaque`.

use super::names;
use crate::schema::operation::{Opaque, Operation};
use crate::schema::Server;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::{Clause, Span, lower};

/// Reads the statement at `span`. Never empty.
pub(in crate::sql) fn statement(source: &str, span: Span, server: Server) -> Vec<Clause> {
    let mut cursor = match Cursor::new(source, span, server) {
        Ok(cursor) => cursor,
        Err(unread) => return vec![opaque(span, unread, Vec::new())],
    };
    match read(&mut cursor) {
        Ok(clauses) if !clauses.is_empty() => clauses,
        Ok(_) => vec![opaque(span, Unread { reason: "the statement does nothing that could be told".to_owned() }, Vec::new())],
        Err(unread) => {
            let names = names::collect(cursor.tokens(), server.dialect);
            vec![opaque(span, unread, names)]
        }
    }
}

fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let clauses = lower::statement(cursor)?;
    if !cursor.finished() {
        return Err(cursor.unexpected("the end of the statement"));
    }
    Ok(clauses)
}

fn opaque(span: Span, unread: Unread, names: Vec<crate::schema::ObjectName>) -> Clause {
    Clause { span, operation: Operation::Opaque(Opaque { reason: unread.reason, names }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Dialect;

    fn opaque_names(sql: &str) -> Vec<String> {
        let clauses = statement(sql, Span::new(0, sql.len()), Server::oldest(Dialect::Postgres));
        match &clauses[..] {
            [Clause { operation: Operation::Opaque(opaque), .. }] => opaque.names.iter().map(ToString::to_string).collect(),
            other => panic!("{sql} was read: {other:?}"),
        }
    }

    #[test]
    fn an_opaque_statement_names_what_it_may_touch() {
        assert_eq!(opaque_names("FROBNICATE TABLE IF EXISTS \"A\".b, c ON d REFERENCES e.f (g)"), ["A.b", "c", "d", "e.f"]);
    }

    #[test]
    fn text_that_is_no_sql_is_opaque() {
        assert!(opaque_names("'never closed").is_empty());
    }
}
