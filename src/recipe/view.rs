//! A view over a column that goes: the same view over the column that takes its place, under the names that it always showed.

use std::collections::BTreeSet;

use super::Spelled;
use super::carry::Move;
use super::phases::{Given, Refusal};
use super::untold::Untold;
use super::words::{is_name, renamed, words};
use crate::schema::object::View;
use crate::schema::operation::ObjectChange;
use crate::schema::{Dialect, Ident, ObjectName, Operation, Schema};
use crate::sql::{self, Script, Source};

/// The views that scripts wrote, in the text that they have now.
#[derive(Clone, Debug, Default)]
pub struct Views {
    held: Vec<Written>,
    /// Relations that carry triggers.
    triggered: Vec<ObjectName>,
    /// What else the scripts alone tell.
    pub(super) untold: Untold,
}

#[derive(Clone, Debug)]
struct Written {
    name: ObjectName,
    text: String,
    /// Whether something in it has got another name since.
    stale: bool,
}

impl Views {
    /// Takes up what a script does.
    pub fn follow(&mut self, script: &Script, dialect: Dialect) {
        for statement in &script.statements {
            for clause in &statement.clauses {
                let text = script.text(statement.span);
                self.untold.follow(&clause.operation, text);
                self.apply(&clause.operation, text, dialect);
            }
        }
    }

    fn apply(&mut self, operation: &Operation, text: &str, dialect: Dialect) {
        match operation {
            // Nothing, where the view is there: which of the two texts counts is not told.
            Operation::CreateView(create) if create.if_not_exists && self.held.iter().any(|held| held.name == create.name) => {
                self.changed(&create.name.name);
            }
            Operation::CreateView(create) => {
                self.held.retain(|held| held.name != create.name);
                self.held.push(Written { name: create.name.clone(), text: text.to_owned(), stale: false });
            }
            Operation::DropView { drop, .. } => {
                self.held.retain(|held| held.name != drop.name);
                self.triggered.retain(|name| *name != drop.name);
            }
            Operation::CreateTrigger(trigger) => self.triggered.push(trigger.table.clone()),
            Operation::RenameTable { table, .. } | Operation::MoveTable { table, .. } => self.rewritten(&table.name, dialect),
            Operation::RenameColumn { column, .. } => self.rewritten(column, dialect),
            Operation::AlterView { view, change } => match change {
                // Its text does not hold them, and a view that is written anew has them no more.
                ObjectChange::Option => self.changed(&view.name),
                ObjectChange::Rename(_) | ObjectChange::RenameColumn { .. } | ObjectChange::Move(_) => {
                    self.changed(&view.name);
                    self.rewritten(&view.name, dialect);
                }
            },
            // PostgreSQL takes ALTER TABLE for a view as well.
            Operation::AlterTable { table, .. } | Operation::AlterColumn { table, .. } => self.changed(&table.name),
            _ => {}
        }
    }

    /// A view of this name is no longer what its text says.
    fn changed(&mut self, name: &Ident) {
        self.held.iter_mut().filter(|held| held.name.name == *name).for_each(|held| held.stale = true);
    }

    fn rewritten(&mut self, name: &Ident, dialect: Dialect) {
        for held in &mut self.held {
            held.stale |= words(&held.text).any(|(_, token)| is_name(dialect, token, name));
        }
    }

    fn of(&self, schema: &Schema, view: &View) -> Option<&Written> {
        // One name may be written in several ways: the last counts.
        self.held.iter().rfind(|held| schema.canonical(&held.name) == view.name)
    }

    fn triggers(&self, schema: &Schema, view: &View) -> bool {
        self.triggered.iter().any(|on| schema.canonical(on) == view.name)
    }
}

/// The statements that point a view at the new column.
pub(super) fn over_the_new(given: &Given<'_>, moved: &Move<'_>, view: &View) -> Result<String, Refusal> {
    let dialect = given.dialect();
    let by_hand = |why: &str| {
        Refusal::Impossible(format!(
            "`{}.{}` is read by the view `{}`, {why}: declare the [[sync]] by hand, and let contract.sql make the view anew over `{}` right before it drops `{}`",
            moved.table, moved.old, view.name, moved.new, moved.old
        ))
    };
    if view.materialized {
        return Err(by_hand("which stores rows"));
    }
    if moved.forward.is_some() {
        return Err(by_hand("which would show what --forward makes of its values"));
    }
    let views = given.views.ok_or_else(|| by_hand("whose text is not at hand"))?;
    let text = views.of(given.schema, view).filter(|held| !held.stale).map(|held| held.text.as_str());
    let parts = text.and_then(|text| parts(text, dialect)).ok_or_else(|| by_hand("whose text as it is now the migrations do not tell"))?;
    let shown = view.columns.as_ref().and_then(|columns| columns.iter().map(|column| column.name.clone()).collect::<Option<Vec<Ident>>>());
    let shown = shown.ok_or_else(|| by_hand("and the names of its columns are not told"))?;
    let query = query(given, moved, view, parts.query, &shown).map_err(|why| by_hand(&why))?;
    let (name, shown) = (view.name.spelled(dialect), shown.spelled(dialect));
    let (before, options) = (parts.before, parts.options);
    let anew = format!("CREATE {before}VIEW {name} ({shown}){options} AS {query};\n");
    if !reads_the_same(given, view, &anew) {
        return Err(by_hand("whose text means something else under the search path of today"));
    }
    match dialect {
        Dialect::Postgres if moved.ty.is_some() => {
            if given.schema.views_reading(&view.name).next().is_some() || views.triggers(given.schema, view) {
                return Err(by_hand("which others read or write through"));
            }
            Ok(format!(
                "-- A view's columns keep their types: it is made anew. Its owner, its comment, defaults of its columns and GRANTs on it go: say them again behind it.\nBEGIN;\nDROP VIEW {name};\n{anew}COMMIT;\n"
            ))
        }
        Dialect::Postgres | Dialect::Mysql => Ok(anew.replacen("CREATE ", "CREATE OR REPLACE ", 1)),
        Dialect::Sqlite if views.triggers(given.schema, view) => Err(by_hand("whose triggers would go with it")),
        Dialect::Sqlite => Ok(format!("DROP VIEW {name};\n{anew}")),
    }
}

/// Whether the names in a text mean the relations that the view reads.
fn reads_the_same(given: &Given<'_>, view: &View, anew: &str) -> bool {
    let script = sql::read(&Source::new("view", anew), given.server);
    let create = script.statements.iter().flat_map(|statement| &statement.clauses).find_map(|clause| match &clause.operation {
        Operation::CreateView(create) => Some(create),
        _ => None,
    });
    let set = |names: &mut dyn Iterator<Item = ObjectName>| names.collect::<BTreeSet<ObjectName>>();
    create.is_some_and(|create| {
        set(&mut create.reads.iter().map(|name| given.schema.canonical(name))) == set(&mut view.reads.iter().cloned())
    })
}

/// CREATE VIEW in pieces.
struct Parts<'a> {
    /// Between CREATE [OR REPLACE] and VIEW, with a blank behind it where there is something.
    before: String,
    /// WITH (…), with a blank before it.
    options: String,
    query: &'a str,
}

/// Whether a text holds quotes that are not told apart from names, or a sign that begins something else there.
fn misread(text: &str, dialect: Dialect) -> bool {
    let signs: &[&str] = match dialect {
        Dialect::Postgres => &["$", "\\", "[", "\"\""],
        // `5--age` is a difference, and `/*! … */` is read.
        Dialect::Mysql => &["\"", "\\", "#", "``", "--", "/*!", "/*M!"],
        Dialect::Sqlite => &["\"\"", "``"],
    };
    signs.iter().any(|sign| text.contains(*sign))
}

fn parts(text: &str, dialect: Dialect) -> Option<Parts<'_>> {
    if misread(text, dialect) {
        return None;
    }
    let is = |token: &str, word: &str| token.eq_ignore_ascii_case(word);
    let mut tokens = words(text).peekable();
    tokens.next().filter(|(_, token)| is(token, "create"))?;
    let mut head = tokens.peek()?.0;
    let (mut before, mut depth) = (None, 0_usize);
    let (mut options, mut with) = (String::new(), None);
    for (at, token) in tokens {
        match token {
            _ if before.is_none() && is(token, "or") => {}
            _ if before.is_none() && is(token, "replace") => head = at + token.len(),
            _ if before.is_none() && ["recursive", "temp", "temporary"].iter().any(|word| is(token, word)) => return None,
            _ if before.is_none() && is(token, "view") => before = Some(text[head..at].trim().to_owned()),
            "(" => depth += 1,
            ")" => {
                depth = depth.checked_sub(1)?;
                if let (0, Some(start)) = (depth, with) {
                    options = format!(" {}", &text[start..=at]);
                    with = None;
                }
            }
            _ if before.is_some() && depth == 0 && is(token, "with") => with = Some(at),
            _ if before.is_some() && depth == 0 && is(token, "as") => {
                let before = before.map(|before| if before.is_empty() { before } else { format!("{before} ") })?;
                // An option list without parentheses is none that is known here.
                if with.is_some() {
                    return None;
                }
                let query = text[at + token.len()..].trim();
                return Some(Parts { before, options, query });
            }
            _ => {}
        }
    }
    None
}

/// The query with the new column in the place of the old one, or why that would not be right.
fn query(given: &Given<'_>, moved: &Move<'_>, view: &View, query: &str, shown: &[Ident]) -> Result<String, String> {
    let dialect = given.dialect();
    let new = moved.new.spelled(dialect);
    let tokens: Vec<&str> = words(query).map(|(_, token)| token).collect();
    if tokens.iter().any(|token| is_name(dialect, token, moved.new)) {
        return Err(format!("which names `{}` already", moved.new));
    }
    let own = given.schema.canonical(moved.table);
    for read in view.reads.iter().filter(|read| **read != own) {
        let columns: Option<Vec<&Ident>> = match (given.schema.table(read).known(), given.schema.view(read).known()) {
            (Some(table), _) => Some(table.columns.iter().map(|column| &column.name).collect()),
            (None, Some(view)) => view.columns.as_ref().and_then(|columns| columns.iter().map(|column| column.name.as_ref()).collect()),
            (None, None) => None,
        };
        let columns = columns.ok_or_else(|| format!("which reads `{read}` as well, whose columns are not known"))?;
        if let Some(same) = columns.into_iter().find(|name| *name == moved.old || *name == moved.new) {
            return Err(format!("which may mean `{read}.{same}` by that name"));
        }
    }
    let is_relation = view.reads.iter().any(|read| read.name == *moved.old || read.schema.as_ref() == Some(moved.old));
    let is_called = tokens.windows(2).any(|pair| is_name(dialect, pair[0], moved.old) && pair[1] == "(");
    if is_relation || is_called {
        return Err(format!("which has something else that is called `{}`", moved.old));
    }
    let everything = |at: usize| {
        let before = at.checked_sub(1).map_or("", |before| tokens[before]);
        tokens[at] == "*"
            && (matches!(before, "," | ".") || ["select", "distinct", "all"].iter().any(|word| before.eq_ignore_ascii_case(word)))
    };
    let stars: Vec<usize> = (0..tokens.len()).filter(|at| everything(*at)).collect();
    match stars[..] {
        [] => Ok(renamed(query, dialect, moved.old, &new)),
        [1] if view.reads.len() == 1 && tokens.get(2).is_some_and(|token| token.eq_ignore_ascii_case("from")) => {
            let known = given.table(moved.table).ok_or("whose table is not known")?;
            if let Some(other) = shown.iter().find(|name| known.column(name).is_none()) {
                return Err(format!("whose column `{other}` has another name in the table"));
            }
            let columns: Vec<&Ident> = shown.iter().map(|name| if name == moved.old { moved.new } else { name }).collect();
            let columns: Vec<String> = columns.into_iter().map(|name| name.spelled(dialect)).collect();
            Ok(renamed(query, dialect, moved.old, &new).replacen('*', &columns.join(", "), 1))
        }
        _ => Err("which shows every column by `*`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Server, ServerVersion};

    fn stale(dialect: Dialect, text: &str) -> Vec<bool> {
        let mut views = Views::default();
        let server = Server { dialect, version: ServerVersion::oldest(dialect) };
        views.follow(&sql::read(&Source::new("1_base.sql", text), server), dialect);
        views.held.iter().map(|held| held.stale).collect()
    }

    #[test]
    fn a_text_that_may_be_misread_is_not_taken_apart() {
        let view = |query: &str| format!("CREATE VIEW v AS SELECT {query} FROM u");
        for (dialect, query, told) in [
            (Dialect::Postgres, "age, 'age'", true),
            (Dialect::Postgres, "tags[age]", false),
            (Dialect::Postgres, "E'\\'age'", false),
            (Dialect::Postgres, "$$age$$", false),
            (Dialect::Mysql, "age, 'age', `age`", true),
            (Dialect::Mysql, "\"age\"", false),
            (Dialect::Mysql, "'\\' age'", false),
            (Dialect::Mysql, "1 # age\n", false),
            (Dialect::Sqlite, "[age], \"age\"", true),
        ] {
            assert_eq!(parts(&view(query), dialect).is_some(), told, "{query}");
        }
    }

    #[test]
    fn options_that_came_later_are_not_in_the_text() {
        let view = "CREATE VIEW adults AS SELECT id FROM users;\n";
        assert_eq!(stale(Dialect::Postgres, view), [false]);
        for change in ["ALTER VIEW adults SET (security_barrier)", "ALTER TABLE adults SET (security_barrier)"] {
            assert_eq!(stale(Dialect::Postgres, &format!("{view}{change};\n")), [true], "{change}");
        }
        let anew = format!("{view}ALTER VIEW adults SET (security_barrier);\nCREATE OR REPLACE VIEW adults AS SELECT id FROM users;\n");
        assert_eq!(stale(Dialect::Postgres, &anew), [false]);
    }
}
