//! Text of others inside Markdown: it must not become markup, a mention or the end of what it stands in.

/// A code span, also within a table. The fence is longer than any run of backticks inside.
pub(super) fn code(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let fence = "`".repeat(longest_run(&line) + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// A fenced block.
pub(super) fn block(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// A sentence of ours: code spans stay, and what the rest could mean to Markdown or GitHub is escaped.
pub(super) fn prose(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        match c {
            '`' => {
                is_code = !is_code;
                clean.push(c);
            }
            '|' => clean.push_str("\\|"),
            '\n' | '\r' => clean.push(' '),
            '<' if !is_code => clean.push_str("&lt;"),
            // A zero-width space keeps a name from being notified.
            '@' if !is_code => clean.push_str("@\u{200b}"),
            '*' | '_' | '[' | ']' | '#' | '~' if !is_code => {
                clean.push('\\');
                clean.push(c);
            }
            c => clean.push(c),
        }
    }
    if is_code {
        // An odd backtick would reach for the next one.
        return clean.replace('`', "'");
    }
    clean
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_what_it_stands_in() {
        assert_eq!(code("SELECT `a` | 'b'\nFROM c"), "``SELECT `a` \\| 'b' FROM c``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(block("sql", "a\n```\nb\n"), "````sql\na\n```\nb\n````\n");
    }

    #[test]
    fn a_sentence_is_no_markup_and_calls_nobody() {
        assert_eq!(prose("the <b> of `a_b<c>` by @ann_x"), "the &lt;b> of `a_b<c>` by @\u{200b}ann\\_x");
        assert_eq!(prose("an odd ` here"), "an odd ' here");
    }
}
