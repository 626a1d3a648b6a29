//! What is open inside a statement: parentheses, CASE, bodies. Decides which semicolon ends it, and how deep its
//! syntax tree can become.

use super::keyword::Keyword;
use super::limits::{self, Excess};
use crate::schema::Dialect;
use crate::sql::lexer::TokenKind;

/// The part of a statement that was walked so far.
#[derive(Debug)]
pub(super) struct Structure {
    dialect: Dialect,
    /// The statement itself, then what is open in it.
    levels: Vec<Level>,
    /// Levels beyond [`limits::NESTING`], which are counted but not kept.
    beyond: usize,
    head: Head,
    body: Body,
    previous: Previous,
    excess: Option<Excess>,
    tall: bool,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    kind: LevelKind,
    /// Operators since the last comma.
    links: u32,
    /// UNIONs, which go on over commas.
    sets: u32,
    /// The highest tree below the running item.
    child: u32,
    /// The highest item before.
    tallest: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LevelKind {
    Statement,
    Paren,
    Bracket,
    /// CASE as an expression.
    Case,
    /// BEGIN, and the IF, CASE and loops of a body: semicolons belong to them.
    Block,
    /// An IF or CASE of a body, where a statement can follow THEN and ELSE.
    Branches,
}

/// How far the first words were understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Head {
    /// No token yet.
    Empty,
    /// CREATE or ALTER and this many tokens more.
    Making(u8),
    /// BEGIN, perhaps of MariaDB's BEGIN NOT ATOMIC.
    Beginning,
    /// It does not matter any more.
    Known,
}

/// What kind of body the statement can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// None: the first semicolon ends it.
    None,
    /// PostgreSQL's BEGIN ATOMIC … END.
    Atomic,
    /// The list of actions of CREATE RULE.
    Rule,
    /// SQLite's trigger: from BEGIN to an END that comes behind a semicolon.
    Trigger,
    /// MySQL's routine, trigger or event; whether its one statement has begun.
    Routine { begun: bool },
}

#[derive(Clone, Copy, Debug)]
struct Previous {
    kind: TokenKind,
    keyword: Keyword,
}

/// After so many tokens without TRIGGER, FUNCTION … there is none: DEFINER clauses are the longest that come before.
const LONGEST_HEAD: u8 = 24;

const NOTHING: Previous = Previous { kind: TokenKind::Semicolon, keyword: Keyword::Other };

impl Structure {
    pub(super) fn new(dialect: Dialect) -> Structure {
        let levels = vec![Level::new(LevelKind::Statement)];
        Structure { dialect, levels, beyond: 0, head: Head::Empty, body: Body::None, previous: NOTHING, excess: None, tall: false }
    }

    /// Makes it ready for the next statement.
    pub(super) fn clear(&mut self) {
        self.levels.truncate(1);
        self.levels[0] = Level::new(LevelKind::Statement);
        self.beyond = 0;
        self.head = Head::Empty;
        self.body = Body::None;
        self.previous = NOTHING;
        self.excess = None;
        self.tall = false;
    }

    /// Whether no token of the statement was seen yet.
    pub(super) fn is_empty(&self) -> bool {
        self.head == Head::Empty
    }

    /// The limit that the statement exceeds, if any.
    pub(super) fn excess(&self) -> Option<Excess> {
        self.excess
    }

    /// Whether the syntax tree may be too high for the stack of an ordinary thread.
    pub(super) fn is_tall(&self) -> bool {
        self.tall
    }

    /// Whether `[` is open: a colon there is a slice.
    pub(super) fn in_brackets(&self) -> bool {
        self.top().kind == LevelKind::Bracket
    }

    /// Whether a semicolon here is inside the statement.
    pub(super) fn holds_semicolon(&self) -> bool {
        let inner = &self.levels[1..];
        match self.body {
            Body::None => false,
            Body::Rule => inner.iter().any(|level| level.kind == LevelKind::Paren),
            Body::Atomic | Body::Trigger | Body::Routine { .. } => {
                inner.iter().any(|level| matches!(level.kind, LevelKind::Block | LevelKind::Branches))
            }
        }
    }

    /// Takes the next token that is neither blank nor comment.
    pub(super) fn token(&mut self, kind: TokenKind, keyword: Keyword) {
        self.read_head(keyword);
        match kind {
            TokenKind::Open => self.open(LevelKind::Paren),
            TokenKind::OpenBracket => {
                self.link(1);
                self.open(LevelKind::Bracket);
            }
            TokenKind::Close => self.close_up_to(LevelKind::Paren),
            TokenKind::CloseBracket => self.close_up_to(LevelKind::Bracket),
            TokenKind::Comma => self.top_mut().end_item(),
            TokenKind::Semicolon => self.end_inner_statement(),
            TokenKind::Operator => self.link(1),
            TokenKind::Word => self.word(keyword),
            _ => {}
        }
        self.previous = Previous { kind, keyword };
    }

    fn read_head(&mut self, keyword: Keyword) {
        self.head = match (self.head, keyword) {
            (Head::Known, _) => return,
            (Head::Empty, Keyword::Create | Keyword::Alter) => Head::Making(0),
            (Head::Empty, Keyword::Begin) if self.dialect == Dialect::Mysql => Head::Beginning,
            (Head::Beginning, Keyword::Not) => Head::Beginning,
            (Head::Beginning, Keyword::Atomic) => {
                self.body = Body::Routine { begun: true };
                self.open(LevelKind::Block);
                Head::Known
            }
            (Head::Empty | Head::Beginning | Head::Making(LONGEST_HEAD), _) | (Head::Making(_), Keyword::Plain) => Head::Known,
            (Head::Making(tokens), _) => match self.body_of(keyword) {
                Some(body) => {
                    self.body = body;
                    Head::Known
                }
                None => Head::Making(tokens + 1),
            },
        };
    }

    /// The body that a CREATE or ALTER of this kind of object can have.
    fn body_of(&self, keyword: Keyword) -> Option<Body> {
        let body = match keyword {
            Keyword::Trigger | Keyword::Function | Keyword::Procedure | Keyword::Event | Keyword::Rule => match (self.dialect, keyword) {
                (Dialect::Postgres, Keyword::Function | Keyword::Procedure) => Body::Atomic,
                (Dialect::Postgres, Keyword::Rule) => Body::Rule,
                (Dialect::Sqlite, Keyword::Trigger) => Body::Trigger,
                (Dialect::Mysql, Keyword::Trigger | Keyword::Function | Keyword::Procedure | Keyword::Event) => {
                    Body::Routine { begun: false }
                }
                _ => Body::None,
            },
            _ => return None,
        };
        Some(body)
    }

    fn word(&mut self, keyword: Keyword) {
        if matches!(keyword, Keyword::Part | Keyword::Set) {
            self.top_mut().end_item();
        }
        match keyword {
            Keyword::Link | Keyword::At | Keyword::Not => self.link(1),
            Keyword::CostlyLink => self.link(limits::COPY),
            Keyword::SetOperation => self.set_operation(),
            Keyword::Case if self.previous.keyword != Keyword::End && self.previous.kind != TokenKind::Dot => {
                let statement = matches!(self.body, Body::Routine { .. }) && self.at_statement();
                self.open(if statement { LevelKind::Branches } else { LevelKind::Case });
            }
            Keyword::When | Keyword::Then | Keyword::Else if self.top().kind == LevelKind::Case => self.top_mut().end_item(),
            Keyword::End if self.previous.kind != TokenKind::Dot => self.end(),
            _ => match self.body {
                Body::None | Body::Rule => {}
                Body::Atomic if keyword == Keyword::Atomic && self.previous.keyword == Keyword::Begin => self.open(LevelKind::Block),
                Body::Trigger if keyword == Keyword::Begin && self.levels.len() == 1 => self.open(LevelKind::Block),
                Body::Atomic | Body::Trigger => {}
                Body::Routine { begun } => self.routine_word(keyword, begun),
            },
        }
    }

    /// The words that open something inside a MySQL body.
    fn routine_word(&mut self, keyword: Keyword, begun: bool) {
        let previous = self.previous;
        if previous.keyword == Keyword::End || previous.kind == TokenKind::Dot {
            return; // END IF, NEW.begin
        }
        let inside = self.levels.len() > 1;
        match keyword {
            // Not only where a statement begins: HANDLER FOR NOT FOUND BEGIN.
            Keyword::Begin if (inside || !begun) && !matches!(previous.kind, TokenKind::Comma | TokenKind::Open | TokenKind::Operator) => {
                self.open(LevelKind::Block);
            }
            Keyword::If if self.at_statement() => self.open(LevelKind::Branches),
            Keyword::Loop | Keyword::While | Keyword::Repeat if self.at_statement() => self.open(LevelKind::Block),
            Keyword::For if inside && self.at_statement() => self.open(LevelKind::Block),
            Keyword::Insert | Keyword::Update | Keyword::Delete if matches!(previous.keyword, Keyword::Before | Keyword::After) => {}
            Keyword::Set if previous.keyword == Keyword::Character => {}
            Keyword::Set
            | Keyword::Select
            | Keyword::Insert
            | Keyword::Update
            | Keyword::Delete
            | Keyword::Replace
            | Keyword::Return
            | Keyword::Call
                if !inside =>
            {
                self.body = Body::Routine { begun: true };
            }
            _ => {}
        }
    }

    /// Whether a statement of a MySQL body can begin here: `IF(` is a function elsewhere.
    fn at_statement(&self) -> bool {
        match self.previous.kind {
            TokenKind::Semicolon | TokenKind::Colon => true,
            TokenKind::Comma | TokenKind::Open | TokenKind::Operator | TokenKind::Dot => false,
            _ => match self.previous.keyword {
                Keyword::Begin | Keyword::Do | Keyword::Loop | Keyword::Repeat => true,
                Keyword::Then | Keyword::Else => self.top().kind == LevelKind::Branches,
                Keyword::Function | Keyword::Procedure | Keyword::Trigger | Keyword::Event | Keyword::At | Keyword::Every => false,
                _ => self.levels.len() == 1 && self.body == Body::Routine { begun: false },
            },
        }
    }

    fn end(&mut self) {
        let closes = match self.top().kind {
            LevelKind::Case => true,
            LevelKind::Statement | LevelKind::Paren | LevelKind::Bracket => false,
            LevelKind::Block if self.body == Body::Trigger => {
                self.previous.kind == TokenKind::Semicolon || self.previous.keyword == Keyword::Begin
            }
            // `end` is a fine name for a column in MySQL.
            LevelKind::Block | LevelKind::Branches => {
                !matches!(self.previous.kind, TokenKind::Comma | TokenKind::Operator) && self.previous.keyword != Keyword::Select
            }
        };
        if closes {
            self.close();
        }
    }

    /// A semicolon that does not end the whole statement.
    fn end_inner_statement(&mut self) {
        if self.body != Body::Rule {
            while matches!(self.top().kind, LevelKind::Paren | LevelKind::Bracket | LevelKind::Case) {
                self.close();
            }
        }
        self.top_mut().end_statement();
    }
}

/// The levels and their measures.
impl Structure {
    fn top(&self) -> Level {
        *self.levels.last().expect("the statement's own level is never closed")
    }

    fn top_mut(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the statement's own level is never closed")
    }

    fn open(&mut self, kind: LevelKind) {
        if self.beyond > 0 || self.levels.len() > limits::NESTING {
            self.beyond += 1;
            self.excess.get_or_insert(Excess::Nesting);
        } else {
            self.levels.push(Level::new(kind));
        }
    }

    fn close(&mut self) {
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if self.levels.len() > 1 {
            let height = self.top().height() + 1;
            self.levels.pop();
            let parent = self.top_mut();
            parent.child = parent.child.max(height);
            self.measure();
        }
    }

    /// Closes the innermost level of this kind with all that was left open in it; never a body.
    fn close_up_to(&mut self, kind: LevelKind) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let body = |level: &Level| matches!(level.kind, LevelKind::Block | LevelKind::Branches | LevelKind::Statement);
        let open = self.levels.iter().rev().take_while(|level| !body(level)).position(|level| level.kind == kind);
        for _ in 0..open.map_or(0, |position| position + 1) {
            self.close();
        }
    }

    fn link(&mut self, weight: u32) {
        let level = self.top_mut();
        level.links = level.links.saturating_add(weight);
        self.measure();
    }

    fn set_operation(&mut self) {
        let level = self.top_mut();
        level.end_item();
        level.sets += 1;
        self.measure();
    }

    fn measure(&mut self) {
        let height = self.top().height();
        if height > limits::ORDINARY_HEIGHT {
            self.tall = true;
            if height > limits::HEIGHT {
                self.excess.get_or_insert(Excess::Chain);
            }
        }
    }
}

impl Level {
    fn new(kind: LevelKind) -> Level {
        Level { kind, links: 0, sets: 0, child: 0, tallest: 0 }
    }

    /// An upper bound for the depth of the syntax tree so far: a chain of operators leans to the left.
    fn height(&self) -> u32 {
        self.tallest.max(self.links.saturating_add(self.child)).saturating_add(self.sets)
    }

    fn end_item(&mut self) {
        self.tallest = self.tallest.max(self.links.saturating_add(self.child));
        self.links = 0;
        self.child = 0;
    }

    fn end_statement(&mut self) {
        self.end_item();
        self.sets = 0;
    }
}
