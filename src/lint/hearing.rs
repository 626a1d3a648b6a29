//! The hearing of one script: what the rules say becomes findings, at their levels, less what is allowed.

mod active;

use std::sync::Arc;

use active::Active;

use super::allowance::{AllowanceFault, Inline, Settled};
use super::cure;
use super::finding::{CureFile, Fault, Finding, Findings, Label};
use super::frame::Frame;
use super::level::Level;
use super::plan_fault::PlanFault;
use super::replay::{Allowed, Placed, Policy};
use super::rule::{Class, LintId, Rule};
use super::rules;
use crate::dialect::{self, Cost, Impact, Speeds};
use crate::migration::Bounds;
use crate::schema::name::Quoting;
use crate::schema::size::TableSize;
use crate::schema::{self, Ident, ObjectName, Phase, Schema, Server};
use crate::sql::{self, Source, Span};

/// The rules that apply, with the levels that the project chose.
#[derive(Debug)]
pub(super) struct Rulebook {
    pub(super) server: Server,
    pub(super) policy: Policy,
    /// By phase, in the order of `Phase::ALL`.
    active: [Active; 3],
}

/// Where a finding stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) migration: Arc<str>,
    pub(super) phase: Phase,
    pub(super) source: Source,
    pub(super) span: Span,
    pub(super) statement: Span,
    pub(super) replaces: Option<Span>,
}

impl Rulebook {
    pub(super) fn new(server: Server, policy: Policy) -> Rulebook {
        let active = Phase::ALL.map(|phase| {
            let applying = rules::ALL.iter().copied().filter(|rule| rule.dialects.contains(&server.dialect));
            let levelled = applying.map(|rule| (rule, policy.levels.of(rule, phase)));
            Active::of(levelled.filter(|(_, level)| *level != Level::Allow))
        });
        Rulebook { server, policy, active }
    }

    fn of(&self, phase: Phase) -> &Active {
        match phase {
            Phase::Expand => &self.active[0],
            Phase::Backfill => &self.active[1],
            Phase::Contract => &self.active[2],
        }
    }

    /// Whether work on the table is over before anybody notices: somebody says so, or its size is known and below the limit.
    fn is_small(&self, table: &ObjectName, schema: &Schema) -> bool {
        let name = schema.canonical(table);
        let limit = self.policy.small_limit;
        let is_below = |size: TableSize| size.rows <= limit.rows && size.total_bytes() <= limit.bytes;
        let folded = |name: &Ident| Ident::new(schema.dialect(), name.as_str(), Quoting::Quoted);
        let named = |small: &ObjectName| ObjectName { schema: small.schema.as_ref().map(folded), name: folded(&small.name) };
        self.policy.small_tables.iter().any(|small| schema.canonical(&named(small)) == name)
            || self.policy.sizes.of(schema, table).is_some_and(is_below)
    }

    /// What the work of a clause costs on the tables whose size is known.
    fn costs(&self, impact: &Impact, schema: &Schema) -> Vec<Cost> {
        let sized =
            impact.work.iter().filter_map(|work| dialect::cost(work, self.policy.sizes.of(schema, work.table())?, &Speeds::default()));
        let mut costs: Vec<Cost> = sized.collect();
        costs.sort_by_key(|cost| std::cmp::Reverse(cost.most));
        costs
    }

    /// The level of one fault: its rule's, less what the schema and the sizes of tables take off it.
    ///
    /// Nobody waits long for a small table: what would be a finding there is a notice, and a notice is nothing.
    fn heard_at(&self, rule: &Rule, level: Level, fault: &Fault, schema: &Schema) -> Level {
        let level = level.min(fault.ceiling.unwrap_or(level));
        let small = || !fault.tables.is_empty() && fault.tables.iter().all(|table| self.is_small(table, schema));
        match (rule.class, level) {
            (Class::Waiting, Level::Deny | Level::Warn) if small() => Level::Notice,
            (Class::Waiting, Level::Notice) if small() => Level::Allow,
            (Class::Waiting | Class::OldReleases | Class::Data | Class::Script | Class::Style, level) => level,
        }
    }

    /// The findings about an allowance.
    pub(super) fn allowance(&self, place: &Place, fault: &AllowanceFault) -> Vec<Finding> {
        let rules = self.of(place.phase).allowance();
        rules.filter_map(|(rule, level, check)| Some(finding(rule, level, place, check(fault)?))).collect()
    }
}

/// One script before the rules.
#[derive(Debug)]
pub(super) struct Hearing<'a> {
    book: Arc<Rulebook>,
    placed: Placed<'a>,
    inline: Inline,
    settled: Option<Settled>,
    findings: Vec<Finding>,
    allowed: Vec<Allowed>,
    /// Kept between clauses, so that a clause without a fault allocates nothing.
    said: Findings,
}

impl<'a> Hearing<'a> {
    pub(super) fn open(book: Arc<Rulebook>, placed: Placed<'a>, settled: Option<Settled>) -> Hearing<'a> {
        let settled = settled.or_else(|| (!placed.allowances.is_empty()).then(|| Settled::of(placed)));
        let inline = Inline::of(placed.script, book.policy.today);
        Hearing { book, placed, inline, settled, findings: Vec::new(), allowed: Vec::new(), said: Findings::default() }
    }

    /// Hears the rules about the text.
    pub(super) fn text(&mut self, problem: &sql::Problem) {
        let book = Arc::clone(&self.book);
        for (rule, level, check) in book.of(self.placed.phase).text() {
            let Some(fault) = check(problem) else { continue };
            let finding = finding(rule, level, &self.place(problem.span), fault);
            let told = |other: &Finding| other.lint == finding.lint && other.span == finding.span;
            if !self.findings.iter().any(told) {
                self.findings.push(finding);
            }
        }
    }

    /// Hears the rules about a clause, and about what replay says of it.
    pub(super) fn clause(&mut self, frame: &Frame<'_>, problem: Option<&schema::Problem>) {
        let book = Arc::clone(&self.book);
        let mut heard: Vec<(&'static Rule, Level, Fault)> = Vec::new();
        let active = book.of(self.placed.phase);
        for (rule, level, check) in active.clause(frame.operation.kind()) {
            check(frame, &mut self.said);
            heard.extend(self.said.faults.drain(..).map(|fault| (rule, level, fault)));
        }
        if let Some(problem) = problem {
            heard.extend(active.replay().filter_map(|(rule, level, check)| Some((rule, level, check(problem)?))));
        }
        #[cfg(debug_assertions)]
        active.assert_nobody_else_speaks(frame);
        if heard.is_empty() {
            return;
        }
        heard.sort_by_key(|(rule, ..)| rule.id);
        for (rule, level, fault) in &mut heard {
            *level = book.heard_at(rule, *level, fault, frame.before);
        }
        heard.retain(|(_, level, _)| *level != Level::Allow);
        if let Some(routine) = frame.routine {
            // What the script says is only the call: no file could be written instead of it.
            for (_, _, fault) in &mut heard {
                fault.cure.clear();
                fault.message.push_str(&format!(" (in the body of `{routine}`)"));
            }
        }
        let place = self.place_of(frame);
        let (allowed, standing): (Vec<_>, Vec<_>) =
            heard.into_iter().map(|said| (self.reason(said.0.id, place.span), said)).partition(|(reason, _)| reason.is_some());
        let ids: Vec<LintId> = standing.iter().map(|(_, (rule, ..))| rule.id).collect();
        let yields = |rule: &Rule| rule.yields_to.iter().any(|id| ids.iter().any(|standing| standing.as_str() == *id));
        for (_, (rule, level, fault)) in standing {
            if !yields(rule) {
                let costs = if rule.class == Class::Waiting { book.costs(frame.impact, frame.before) } else { Vec::new() };
                self.findings.push(Finding { costs, ..finding(rule, level, &place, fault) });
            }
        }
        for (reason, (rule, level, fault)) in allowed {
            let reason = reason.unwrap_or_default();
            self.allowed.push(Allowed { finding: finding(rule, level, &place, fault), reason });
        }
    }

    /// Hears the rules about what only the plan sees.
    pub(super) fn plan(&mut self, span: Span, fault: &PlanFault) {
        let book = Arc::clone(&self.book);
        for (rule, level, check) in book.of(self.placed.phase).plan() {
            let Some(fault) = check(fault) else { continue };
            let finding = finding(rule, level, &self.place(span), fault);
            match self.reason(rule.id, span) {
                Some(reason) => self.allowed.push(Allowed { finding, reason }),
                None => self.findings.push(finding),
            }
        }
    }

    /// Breaks the hearing off: the allowances were judged when the script was.
    pub(super) fn adjourn(self) -> (Vec<Finding>, Vec<Allowed>, Option<Settled>) {
        (self.findings, self.allowed, self.settled)
    }

    /// Ends the hearing: says what is wrong with the allowances of the file.
    pub(super) fn close(mut self) -> (Vec<Finding>, Vec<Allowed>, Option<Settled>) {
        let unused: Vec<_> = self.inline.unused().collect();
        for (span, fault) in std::mem::take(&mut self.inline.faults).into_iter().chain(unused) {
            let place = self.place(span);
            self.findings.extend(self.book.allowance(&place, &fault));
        }
        self.findings.sort_by_key(|finding| finding.span);
        self.findings.shrink_to_fit();
        (self.findings, self.allowed, self.settled)
    }

    fn reason(&mut self, lint: LintId, span: Span) -> Option<String> {
        let inline = self.inline.reason(lint, span).map(str::to_owned);
        inline.or_else(|| self.settled.as_mut()?.reason(lint, self.placed.phase, self.book.policy.today).map(str::to_owned))
    }

    fn place(&self, span: Span) -> Place {
        let Placed { migration, phase, script, .. } = self.placed;
        Place { migration: migration.shared(), phase, source: script.source.clone(), span, statement: span, replaces: None }
    }

    fn place_of(&self, frame: &Frame<'_>) -> Place {
        let statement = frame.statement.span;
        let is_alone = frame.statement.clauses.len() == 1 && frame.transaction.bounds == Bounds::Lone;
        // A block does more than the one clause that was read in it.
        let is_block = frame.script.text(statement).get(..2).is_some_and(|head| head.eq_ignore_ascii_case("do"));
        Place { statement, replaces: (is_alone && !is_block).then_some(statement), ..self.place(frame.clause.span) }
    }
}

fn finding(rule: &Rule, level: Level, place: &Place, fault: Fault) -> Finding {
    let mut cure: Vec<CureFile> = Vec::new();
    for (phase, sql) in fault.cure {
        let path = cure::sibling(&place.source.path, phase);
        match cure.iter_mut().find(|file| file.path == path) {
            Some(file) => file.sql.push_str(&sql),
            None => cure.push(CureFile { path, sql }),
        }
    }
    for file in &mut cure {
        if !file.sql.ends_with('\n') {
            file.sql.push('\n');
        }
    }
    // What the tool wrote for a declaration stands in no file: people are told of the declaration.
    let (source, span) = place.source.told(place.span);
    let told = |span: Span| {
        let (of, span) = place.source.told(span);
        (of.path == source.path).then_some(span)
    };
    let replaces = place.replaces.filter(|span| !place.source.is_declared(span.start)).and_then(told);
    let labels = fault.labels.into_iter().filter_map(|label| Some(Label { span: told(label.span)?, ..label }));
    // A long history has thousands: room that was only for writing goes back.
    let (mut message, mut help) = (fault.message, fault.help);
    message.shrink_to_fit();
    help.shrink_to_fit();
    Finding {
        lint: rule.id,
        level,
        message,
        help,
        legal_in: rule.levels.legal_in(),
        cure,
        migration: Arc::clone(&place.migration),
        phase: place.phase,
        span,
        statement: told(place.statement).unwrap_or(span),
        replaces,
        labels: labels.collect(),
        source,
        costs: Vec::new(),
    }
}
