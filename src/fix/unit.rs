//! The part of a statement that is replaced: all of it, or one clause of several, and the text around it.

use super::judge::Judged;
use super::{Draft, depend, terminated};
use crate::lint::finding::Finding;
use crate::recipe::Phases;
use crate::schema::{Operation, Phase};
use crate::sql::{Clause, Script, Span, Statement};

/// A clause taken out of its statement. Texts without the terminator.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// The clauses before it, as a statement of their own.
    pub(super) before: Option<String>,
    /// The clause as a statement of its own.
    pub(super) own: String,
    /// The clauses behind it, as a statement of their own.
    pub(super) after: Option<String>,
}

/// Takes the clause at `span` out of its statement; `None` where it does not stand in a list that can be cut.
pub(super) fn unit(script: &Script, statement: &Statement, span: Span) -> Option<Unit> {
    let text = |span: Span| script.text(span).to_owned();
    let mut spans: Vec<Span> = Vec::new();
    for clause in &statement.clauses {
        if !spans.contains(&clause.span) {
            spans.push(clause.span);
        }
    }
    if spans.len() == 1 {
        return (span == spans[0] || span == statement.span).then(|| Unit { before: None, own: text(statement.span), after: None });
    }
    spans.sort();
    let at = spans.iter().position(|known| *known == span)?;
    let listed = spans.windows(2).all(|pair| pair[0].end <= pair[1].start && is_comma(&script.source.text[pair[0].end..pair[1].start]));
    let (first, last) = (*spans.first()?, *spans.last()?);
    let tail = script.source.text[last.end..statement.end()].trim().to_ascii_lowercase();
    if !listed || !matches!(tail.as_str(), "" | "cascade" | "restrict") || first.start == statement.span.start {
        return None;
    }
    let head = text(Span::new(statement.span.start, first.start));
    let tail = text(Span::new(last.end, statement.end()));
    let cut = |from: Span, to: Span| format!("{head}{}{tail}", script.text(from.to(to)));
    Some(Unit {
        before: (at > 0).then(|| cut(first, spans[at - 1])),
        own: cut(span, span),
        after: (at + 1 < spans.len()).then(|| cut(spans[at + 1], last)),
    })
}

/// A comma, perhaps with blanks and comments around it.
fn is_comma(between: &str) -> bool {
    let bare: String = between.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    bare.trim() == ","
}

/// The files of the cures of some findings.
pub(super) fn of_cures(cures: &[&Finding]) -> Vec<(Place, String)> {
    let files = cures.iter().flat_map(|finding| &finding.cure);
    files.filter_map(|file| Some((Place::of(&file.path)?, file.sql.clone()))).collect()
}

/// The files of a recipe.
pub(super) fn of_phases(phases: &Phases) -> Vec<(Place, String)> {
    let scripts = Phase::ALL.map(|phase| (Place::Script(phase), phases.script(phase).to_owned()));
    scripts.into_iter().chain([(Place::Settings, phases.settings())]).filter(|(_, text)| !text.is_empty()).collect()
}

/// The draft with other files in the place of the clause that a finding stands on.
pub(super) fn replaced(draft: &Draft, judged: &Judged, finding: &Finding, files: &[(Place, String)]) -> Option<Draft> {
    let phase = finding.phase;
    let script = judged.script(phase)?;
    let number = script.statements.iter().position(|statement| statement.holds(finding.span))?;
    let statement = &script.statements[number];
    let unit = unit(script, statement, finding.span)?;
    if files.is_empty() {
        return None;
    }
    let here: Vec<&str> = files.iter().filter(|(place, _)| *place == Place::Script(phase)).map(|(_, sql)| sql.as_str()).collect();
    let latest = files.iter().filter_map(|(place, _)| place.phase()).max().unwrap_or(phase);

    let mut next = draft.clone();
    // From the end to the beginning, so that what is still to be replaced stays where it is.
    let moved = depend::behind(script, number, finding.span, latest);
    for dependent in moved.iter().rev() {
        let later = &script.statements[dependent.statement];
        let left = join(dependent.unit.before.as_deref(), &[], dependent.unit.after.as_deref());
        take(&mut next, script, phase, later, &left);
    }
    let left = join(unit.before.as_deref(), &here, unit.after.as_deref());
    let note = take(&mut next, script, phase, statement, &left);
    let mut note = note.map(|note| format!("{note}\n")).unwrap_or_default();
    for (place, sql) in files {
        match place {
            Place::Script(to) if *to == phase => {}
            Place::Script(to) => next.put(phase, *to, &format!("{}{}", std::mem::take(&mut note), sql)),
            Place::Settings => next.put_settings(sql),
        }
    }
    for dependent in moved {
        if let Some(to) = dependent.to {
            next.put(phase, to, &format!("{};\n", dependent.unit.own));
        }
    }
    Some(next)
}

/// Puts `left` in the place of a statement. Where nothing is left, its line and the comment above it go as well; the
/// comment is returned, for the file that the statement moves to.
fn take(draft: &mut Draft, script: &Script, phase: Phase, statement: &Statement, left: &str) -> Option<String> {
    let text = &script.source.text;
    let whole = terminated(text, statement.span);
    if !left.is_empty() {
        draft.replace(phase, whole, left);
        return None;
    }
    let line = text[..whole.start].rfind('\n').map_or(0, |at| at + 1);
    let first_on_line = text[line..whole.start].trim().is_empty();
    let rest = &text[whole.end..];
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let behind = rest[..end].trim();
    let last_on_line = behind.is_empty() || behind.starts_with("--");
    if !first_on_line || !last_on_line {
        draft.replace(phase, whole, "");
        return None;
    }
    let mut start = line;
    while start > 0 {
        let above = text[..start - 1].rfind('\n').map_or(0, |at| at + 1);
        if !text[above..start].trim_start().starts_with("--") {
            break;
        }
        start = above;
    }
    // Directives are about the statement that was; a comment tells a person why.
    let note: Vec<&str> = text[start..line].lines().map(str::trim_end).filter(|line| !line.contains("migrate:")).collect();
    let mut end = whole.end + end;
    // An empty line above and one below would become two.
    if (start == 0 || text[..start].ends_with("\n\n")) && text[end..].starts_with('\n') {
        end += 1;
    }
    draft.replace(phase, Span::new(start, end), "");
    (!note.is_empty()).then(|| note.join("\n"))
}

fn join(before: Option<&str>, parts: &[&str], after: Option<&str>) -> String {
    let terminated = |sql: &str| format!("{sql};");
    let before = before.map(terminated);
    let after = after.map(terminated);
    let parts = parts.iter().map(|sql| sql.trim().to_owned());
    before.into_iter().chain(parts).chain(after).collect::<Vec<_>>().join("\n")
}

/// The text of the clause that a finding stands on, as a statement of its own.
pub(super) fn own_text(judged: &Judged, finding: &Finding) -> Option<String> {
    let script = judged.script(finding.phase)?;
    let statement = script.statements.iter().find(|statement| statement.holds(finding.span))?;
    Some(unit(script, statement, finding.span)?.own)
}

/// Where a file of a cure belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The script of a phase.
    Script(Phase),
    /// migration.toml.
    Settings,
}

impl Place {
    fn of(path: &str) -> Option<Place> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.strip_suffix(".sql").and_then(Phase::from_name) {
            Some(phase) => Some(Place::Script(phase)),
            None => (name == "migration.toml").then_some(Place::Settings),
        }
    }

    fn phase(self) -> Option<Phase> {
        match self {
            Place::Script(phase) => Some(phase),
            Place::Settings => None,
        }
    }
}

trait Holds {
    fn holds(&self, span: Span) -> bool;
    fn end(&self) -> usize;
}

impl Holds for Statement {
    fn holds(&self, span: Span) -> bool {
        self.span.start <= span.start && span.end <= self.span.end
    }

    fn end(&self) -> usize {
        self.span.end
    }
}

/// What the clauses at a span do.
pub(super) fn operations(statement: &Statement, span: Span) -> impl Iterator<Item = &Operation> {
    let there = move |clause: &&Clause| clause.span == span || span == statement.span;
    statement.clauses.iter().filter(there).map(|clause| &clause.operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Dialect, Server, ServerVersion};
    use crate::sql::{self, Source};

    fn cut(sql: &str, clause: usize) -> Option<Unit> {
        let server = Server { dialect: Dialect::Postgres, version: ServerVersion::oldest(Dialect::Postgres) };
        let script = sql::read(&Source::new("a.sql", sql), server);
        let statement = &script.statements[0];
        unit(&script, statement, statement.clauses[clause].span)
    }

    #[test]
    fn a_clause_is_cut_out_of_its_list() {
        let list = "ALTER TABLE ONLY users ADD a int, -- first\n  DROP b,\n  ALTER c SET NOT NULL";
        let unit = cut(list, 1).expect("a list");
        assert_eq!(unit.before.as_deref(), Some("ALTER TABLE ONLY users ADD a int"));
        assert_eq!(unit.own, "ALTER TABLE ONLY users DROP b");
        assert_eq!(unit.after.as_deref(), Some("ALTER TABLE ONLY users ALTER c SET NOT NULL"));
        let unit = cut("DROP TABLE a, b, c CASCADE", 0).expect("a list");
        assert_eq!((unit.own.as_str(), unit.after.as_deref()), ("DROP TABLE a CASCADE", Some("DROP TABLE b, c CASCADE")));
    }

    #[test]
    fn what_is_no_list_is_not_cut() {
        assert_eq!(cut("DO $$ BEGIN DROP TABLE a; DROP TABLE b; END $$", 1), None);
        assert_eq!(cut("DROP TABLE a", 0).expect("whole").own, "DROP TABLE a");
    }
}
