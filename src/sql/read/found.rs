//! What a form found in the tokens: names, types and expressions by label, and how far the best attempt came.

use super::routine::{Code, Parameters};
use super::slot::{Slot, Value, value};
use crate::schema::bound::PartitionBound;
use crate::schema::operation::{CreateIndex, NewColumn, NewConstraint, ObjectKind, TriggerEvent, Verb};
use crate::schema::table::TypeName;
use crate::schema::{Expression, Ident, ObjectName, Operation};
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::{Clause, Span};

/// A part of the statement that a form gave a label.
#[derive(Debug)]
struct Part {
    label: &'static str,
    span: Span,
    value: Value,
}

/// The labelled parts, and the furthest place at which something else was expected.
#[derive(Debug)]
pub(super) struct Found<'a> {
    source: &'a str,
    whole: Span,
    parts: Vec<Part>,
    furthest: usize,
    expected: Vec<&'static str>,
    failure: Option<Unread>,
}

impl<'a> Found<'a> {
    /// Nothing found yet.
    pub(super) fn new(cursor: &Cursor<'a>) -> Found<'a> {
        Found { source: cursor.source(), whole: Span::new(0, 0), parts: Vec::new(), furthest: 0, expected: Vec::new(), failure: None }
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.parts.truncate(len);
    }

    /// Notes that `expected` did not stand at the cursor. Always false.
    pub(super) fn missed(&mut self, cursor: &Cursor<'_>, expected: &'static str) -> bool {
        if self.reaches(cursor.place()) && !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
        false
    }

    fn reaches(&mut self, place: usize) -> bool {
        if place > self.furthest {
            self.furthest = place;
            self.expected.clear();
            self.failure = None;
        }
        place == self.furthest
    }

    /// Why no form fitted: at the furthest place that any reached.
    pub(super) fn unread(&mut self, cursor: &mut Cursor<'_>) -> Unread {
        cursor.rewind(self.furthest);
        match (self.failure.take(), &self.expected[..]) {
            (Some(failure), _) => failure,
            (None, []) => cursor.unexpected("a statement of this kind"),
            (None, [only]) => cursor.unexpected(only),
            (None, several) => cursor.unexpected(&format!("one of {}", several[..several.len().min(6)].join(", "))),
        }
    }

    /// Labels bytes that were read. Always true.
    pub(super) fn mark(&mut self, label: &'static str, span: Span) -> bool {
        self.parts.push(Part { label, span, value: Value::Mark });
        true
    }

    /// Reads what the slot takes.
    pub(super) fn fill(&mut self, cursor: &mut Cursor<'_>, label: &'static str, slot: Slot) -> bool {
        let (place, start) = (cursor.place(), cursor.start());
        match value(cursor, slot, self) {
            Ok(value) => {
                self.parts.push(Part { label, span: cursor.span_from(start), value });
                true
            }
            Err(unread) => {
                if self.reaches(place) {
                    self.failure = Some(unread);
                }
                false
            }
        }
    }

    fn last(&self, label: &str) -> Option<&Part> {
        self.parts.iter().rev().find(|part| part.label == label)
    }

    /// Whether the labelled part was there.
    pub(super) fn has(&self, label: &str) -> bool {
        self.last(label).is_some()
    }

    /// What a trigger fires on.
    pub(super) fn trigger_events(&self) -> Vec<TriggerEvent> {
        let events = [
            ("insert", TriggerEvent::Insert),
            ("update", TriggerEvent::Update),
            ("delete", TriggerEvent::Delete),
            ("truncate", TriggerEvent::Truncate),
        ];
        events.into_iter().filter(|(label, _)| self.has(label)).map(|(_, event)| event).collect()
    }

    /// Sets the bytes of the whole form.
    pub(super) fn cover(&mut self, whole: Span) {
        self.whole = whole;
    }

    /// A clause over the whole form.
    pub(super) fn whole(&self, operation: Operation) -> Clause {
        Clause { span: self.whole, operation }
    }

    /// The words of a labelled part, upper case and single blanks between them.
    pub(super) fn words(&self, label: &str) -> Option<String> {
        let text = &self.source[self.span(label)?.range()];
        Some(text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase())
    }

    /// The bytes of a labelled part.
    pub(super) fn span(&self, label: &str) -> Option<Span> {
        self.last(label).map(|part| part.span)
    }

    /// The names of this label, in order, with their bytes.
    pub(super) fn names<'s>(&'s self, label: &'s str) -> impl Iterator<Item = (ObjectName, Span)> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Name(name) => Some((name.clone(), part.span)),
            _ => None,
        })
    }

    /// The column definitions of this label, in order, with their bytes.
    pub(super) fn columns<'s>(&'s self, label: &'s str) -> impl Iterator<Item = ((NewColumn, Vec<NewConstraint>), Span)> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Column(column) => Some(((**column).clone(), part.span)),
            _ => None,
        })
    }

    /// Each `setting` with the `value` or `bare` word behind it: its name, the bytes of both, the value without quotes.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&'a str, Span, String)> + '_ {
        let settings = self.parts.iter().filter(|part| part.label == "setting");
        settings.zip(self.parts.iter().filter(|part| matches!(part.label, "value" | "bare"))).map(|(setting, value)| {
            let text = self.source[value.span.range()].trim_matches(['\'', '"']);
            (&self.source[setting.span.range()], setting.span.to(value.span), text.to_owned())
        })
    }

    /// The expressions of this label, in order.
    pub(super) fn expressions(&self, label: &str) -> Vec<Expression> {
        let of_label = self.parts.iter().filter(|part| part.label == label);
        of_label
            .filter_map(|part| match &part.value {
                Value::Expression(expression) => Some(expression.clone()),
                _ => None,
            })
            .collect()
    }

    /// The names labelled `name` with their bytes, each with the parameters that stand behind it.
    pub(super) fn signatures(&self, name: &str) -> Vec<(ObjectName, Span, Option<String>)> {
        let mut found: Vec<(ObjectName, Span, Option<String>)> = Vec::new();
        for part in &self.parts {
            match (&part.value, found.last_mut()) {
                (Value::Name(written), _) if part.label == name => found.push((written.clone(), part.span, None)),
                (Value::Parameters(parameters), Some((.., held))) => *held = Some(parameters.types.clone()),
                _ => {}
            }
        }
        found
    }

    /// The expressions labelled `expression`, each with the identifier labelled `name` that stands before it.
    pub(super) fn named_expressions(&self, name: &str, expression: &str) -> Vec<(Option<Ident>, Expression)> {
        let mut pairs = Vec::new();
        let mut pending = None;
        for part in &self.parts {
            match &part.value {
                Value::Ident(ident) if part.label == name => pending = Some(ident.clone()),
                Value::Expression(found) if part.label == expression => pairs.push((pending.take(), found.clone())),
                _ => pending = None,
            }
        }
        pairs
    }

    /// One clause for each name of this label, over the name's own bytes.
    pub(super) fn for_each(&self, label: &str, operation: impl Fn(ObjectName) -> Operation) -> Vec<Clause> {
        self.names(label).map(|(name, span)| Clause { span, operation: operation(name) }).collect()
    }

    /// What a form about objects that are only counted amounts to.
    pub(super) fn objects(&self, verb: Verb, kind: ObjectKind, span: Span) -> Vec<Clause> {
        let cascade = self.has("cascade");
        let object = |name, span| Clause { span, operation: Operation::OtherObject { verb, kind, name, cascade } };
        let mut clauses: Vec<Clause> = self.names("name").map(|(name, span)| object(Some(name), span)).collect();
        match &mut clauses[..] {
            [] => clauses.push(object(None, span)),
            [only] => only.span = span,
            [..] => {}
        }
        clauses
    }

    /// The identifiers of this label, in order.
    pub(super) fn idents<'s>(&'s self, label: &'s str) -> impl Iterator<Item = Ident> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Ident(ident) => Some(ident.clone()),
            _ => None,
        })
    }

    /// The strings and other texts of this label, in order.
    pub(super) fn texts<'s>(&'s self, label: &'s str) -> impl Iterator<Item = String> + 's {
        self.parts.iter().filter(move |part| part.label == label).filter_map(|part| match &part.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }
}

macro_rules! accessor {
    ($(#[$doc:meta])* $method:ident, $variant:ident, $ty:ty) => {
        impl Found<'_> {
            $(#[$doc])*
            pub(super) fn $method(&self, label: &str) -> Result<$ty, Unread> {
                match self.last(label).map(|part| &part.value) {
                    Some(Value::$variant(value)) => Ok(value.clone()),
                    _ => Err(Unread { reason: format!("the {label} is missing") }),
                }
            }
        }
    };
}
accessor!(
    /// The last name of this label.
    name, Name, ObjectName
);
accessor!(
    /// The last identifier of this label.
    ident, Ident, Ident
);
accessor!(
    /// The last column behind its table of this label.
    table_column, TableColumn, (ObjectName, Ident)
);
accessor!(
    /// The last type of this label.
    ty, Type, TypeName
);
accessor!(
    /// The last expression of this label.
    expression, Expression, Expression
);
accessor!(
    /// The last column definition of this label.
    column, Column, Box<(NewColumn, Vec<NewConstraint>)>
);
accessor!(
    /// The last constraint of this label.
    constraint, Constraint, Box<(NewConstraint, Option<Ident>)>
);
accessor!(
    /// The last string of this label.
    text, Text, String
);
accessor!(
    /// The last index definition of this label.
    index, Index, Box<CreateIndex>
);
accessor!(
    /// The last bounds of a partition of this label.
    bound, Bound, PartitionBound
);
accessor!(
    /// The last parameters of this label.
    parameters, Parameters, Parameters
);
accessor!(
    /// The last code of this label.
    code, Code, Code
);
accessor!(
    /// The relations that the last query of this label reads.
    query, Query, Vec<ObjectName>
);
