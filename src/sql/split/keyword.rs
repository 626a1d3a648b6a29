//! The few words that decide where a statement ends or how deep its syntax tree grows.

/// A word that the splitter looks at; everything else is [`Keyword::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// No word, or none that matters here.
    Other,
    After,
    Alter,
    At,
    Atomic,
    Before,
    Begin,
    Call,
    Case,
    Character,
    Copy,
    Create,
    Delete,
    Delimiter,
    Do,
    Else,
    ElseIf,
    End,
    Event,
    Every,
    For,
    From,
    Function,
    If,
    Insert,
    /// AND, LIKE, IS …: joins what stands left and right into one expression.
    Link,
    Loop,
    Not,
    /// WHERE, ON, HAVING: what follows is no part of the expression before.
    Part,
    /// A kind of object that has no body: TABLE, INDEX, VIEW ….
    Plain,
    Procedure,
    Repeat,
    Replace,
    Return,
    Rule,
    Select,
    Set,
    /// UNION, EXCEPT, INTERSECT: joins two queries.
    SetOperation,
    Source,
    Stdin,
    Then,
    Trigger,
    Update,
    When,
    While,
}

/// Longer words are none of ours.
const LONGEST: usize = 15;

impl Keyword {
    /// Looks an unquoted word up, without case.
    pub(super) fn of(word: &[u8]) -> Keyword {
        if word.len() > LONGEST {
            return Keyword::Other;
        }
        let mut lower = [0; LONGEST];
        for (to, from) in lower.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        match &lower[..word.len()] {
            b"after" => Keyword::After,
            b"alter" => Keyword::Alter,
            b"atomic" => Keyword::Atomic,
            b"before" => Keyword::Before,
            b"begin" => Keyword::Begin,
            b"call" => Keyword::Call,
            b"case" => Keyword::Case,
            b"character" => Keyword::Character,
            b"copy" => Keyword::Copy,
            b"create" => Keyword::Create,
            b"delete" => Keyword::Delete,
            b"delimiter" => Keyword::Delimiter,
            b"do" => Keyword::Do,
            b"else" => Keyword::Else,
            b"elseif" => Keyword::ElseIf,
            b"end" => Keyword::End,
            b"event" => Keyword::Event,
            b"every" => Keyword::Every,
            b"for" => Keyword::For,
            b"from" => Keyword::From,
            b"function" => Keyword::Function,
            b"if" => Keyword::If,
            b"insert" => Keyword::Insert,
            b"loop" => Keyword::Loop,
            b"not" => Keyword::Not,
            b"procedure" => Keyword::Procedure,
            b"repeat" => Keyword::Repeat,
            b"replace" => Keyword::Replace,
            b"return" => Keyword::Return,
            b"rule" => Keyword::Rule,
            b"select" => Keyword::Select,
            b"set" => Keyword::Set,
            b"source" => Keyword::Source,
            b"stdin" => Keyword::Stdin,
            b"then" => Keyword::Then,
            b"trigger" => Keyword::Trigger,
            b"update" => Keyword::Update,
            b"when" => Keyword::When,
            b"while" => Keyword::While,
            b"where" | b"on" | b"having" => Keyword::Part,
            b"at" => Keyword::At,
            b"union" | b"except" | b"intersect" | b"minus" => Keyword::SetOperation,
            b"and" | b"or" | b"xor" | b"is" | b"isnull" | b"notnull" | b"in" | b"between" | b"like" | b"ilike" | b"rlike" | b"regexp"
            | b"similar" | b"glob" | b"match" | b"collate" | b"div" | b"mod" | b"overlaps" | b"member" | b"array" | b"pivot" | b"unpivot"
            | b"match_recognize" => Keyword::Link,
            b"table" | b"index" | b"view" | b"type" | b"schema" | b"sequence" | b"extension" | b"domain" | b"role" | b"user" | b"database"
            | b"policy" | b"materialized" | b"operator" | b"aggregate" | b"server" | b"publication" | b"subscription" => Keyword::Plain,
            _ => Keyword::Other,
        }
    }
}
