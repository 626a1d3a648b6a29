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
    /// A [`Keyword::Link`] for which sqlparser copies all that stands left of it.
    CostlyLink,
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

/// Every word, in lower case.
const WORDS: &[(&str, Keyword)] = &[
    ("after", Keyword::After),
    ("alter", Keyword::Alter),
    ("atomic", Keyword::Atomic),
    ("before", Keyword::Before),
    ("begin", Keyword::Begin),
    ("call", Keyword::Call),
    ("case", Keyword::Case),
    ("character", Keyword::Character),
    ("copy", Keyword::Copy),
    ("create", Keyword::Create),
    ("delete", Keyword::Delete),
    ("delimiter", Keyword::Delimiter),
    ("do", Keyword::Do),
    ("else", Keyword::Else),
    ("elseif", Keyword::ElseIf),
    ("end", Keyword::End),
    ("event", Keyword::Event),
    ("every", Keyword::Every),
    ("for", Keyword::For),
    ("from", Keyword::From),
    ("function", Keyword::Function),
    ("if", Keyword::If),
    ("insert", Keyword::Insert),
    ("loop", Keyword::Loop),
    ("not", Keyword::Not),
    ("procedure", Keyword::Procedure),
    ("repeat", Keyword::Repeat),
    ("replace", Keyword::Replace),
    ("return", Keyword::Return),
    ("rule", Keyword::Rule),
    ("select", Keyword::Select),
    ("set", Keyword::Set),
    ("source", Keyword::Source),
    ("stdin", Keyword::Stdin),
    ("then", Keyword::Then),
    ("trigger", Keyword::Trigger),
    ("update", Keyword::Update),
    ("when", Keyword::When),
    ("while", Keyword::While),
    ("where", Keyword::Part),
    ("on", Keyword::Part),
    ("having", Keyword::Part),
    ("at", Keyword::At),
    ("union", Keyword::SetOperation),
    ("except", Keyword::SetOperation),
    ("intersect", Keyword::SetOperation),
    ("minus", Keyword::SetOperation),
    ("and", Keyword::Link),
    ("or", Keyword::Link),
    ("xor", Keyword::Link),
    ("is", Keyword::Link),
    ("isnull", Keyword::Link),
    ("notnull", Keyword::Link),
    ("in", Keyword::Link),
    ("between", Keyword::Link),
    ("like", Keyword::Link),
    ("ilike", Keyword::Link),
    ("rlike", Keyword::Link),
    ("regexp", Keyword::CostlyLink),
    ("similar", Keyword::Link),
    ("glob", Keyword::CostlyLink),
    ("match", Keyword::CostlyLink),
    ("collate", Keyword::Link),
    ("div", Keyword::CostlyLink),
    ("mod", Keyword::Link),
    ("overlaps", Keyword::Link),
    ("member", Keyword::Link),
    ("array", Keyword::Link),
    ("pivot", Keyword::Link),
    ("unpivot", Keyword::Link),
    ("match_recognize", Keyword::Link),
    ("table", Keyword::Plain),
    ("index", Keyword::Plain),
    ("view", Keyword::Plain),
    ("type", Keyword::Plain),
    ("schema", Keyword::Plain),
    ("sequence", Keyword::Plain),
    ("extension", Keyword::Plain),
    ("domain", Keyword::Plain),
    ("role", Keyword::Plain),
    ("user", Keyword::Plain),
    ("database", Keyword::Plain),
    ("policy", Keyword::Plain),
    ("materialized", Keyword::Plain),
    ("operator", Keyword::Plain),
    ("aggregate", Keyword::Plain),
    ("server", Keyword::Plain),
    ("publication", Keyword::Plain),
    ("subscription", Keyword::Plain),
];

/// Longer words are none of ours.
const LONGEST: usize = 15;

/// Slots of the table below: a power of two, more than twice the number of words.
const SLOTS: usize = 256;

/// Numbers of [`WORDS`], from one, at the place that [`slot`] gives or the next free one.
const TABLE: [u8; SLOTS] = {
    let mut table = [0; SLOTS];
    let mut word = 0;
    while word < WORDS.len() {
        let bytes = WORDS[word].0.as_bytes();
        assert!(bytes.len() <= LONGEST && WORDS.len() * 2 < SLOTS);
        let mut at = slot(bytes);
        while table[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        word += 1;
        table[at] = word as u8;
    }
    table
};

/// The same for both cases of a letter. `word` is not empty.
const fn slot(word: &[u8]) -> usize {
    let (first, middle, last) = (word[0] & 0x1f, word[word.len() / 2] & 0x1f, word[word.len() - 1] & 0x1f);
    (first as usize * 7 + middle as usize * 31 + last as usize * 3 + word.len() * 17) % SLOTS
}

impl Keyword {
    /// Looks an unquoted word up, without case. Every word of a file comes here: hence no chain of comparisons.
    pub(super) fn of(word: &[u8]) -> Keyword {
        if word.is_empty() || word.len() > LONGEST {
            return Keyword::Other;
        }
        let mut at = slot(word);
        while let Some(number) = TABLE[at].checked_sub(1) {
            let (known, keyword) = WORDS[usize::from(number)];
            if known.as_bytes().eq_ignore_ascii_case(word) {
                return keyword;
            }
            at = (at + 1) % SLOTS;
        }
        Keyword::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_either_case_and_others_are_not() {
        for (word, keyword) in WORDS {
            assert_eq!(Keyword::of(word.as_bytes()), *keyword);
            assert_eq!(Keyword::of(word.to_ascii_uppercase().as_bytes()), *keyword);
            assert_eq!(Keyword::of(format!("{word}s_").as_bytes()), Keyword::Other);
        }
        assert_eq!(Keyword::of("ä".as_bytes()), Keyword::Other);
    }
}
