//! Liquibase's formatted SQL: changesets say how their statements end. Everything else of it is a comment to every database.

/// Whether a file is formatted SQL: its first words say so.
pub(super) fn is_formatted(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    let words = first.strip_prefix("--").map(|rest| rest.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    words.is_some_and(|words| words.eq_ignore_ascii_case("liquibase formatted"))
}

/// How the statements of a changeset end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Semicolon,
    /// `endDelimiter:…`: at the end of a line, or on a line of its own.
    Delimiter(String),
}

/// The file with every other delimiter written as a semicolon, byte for byte in its place.
pub(super) fn with_semicolons(text: &str) -> String {
    let mut end = End::Semicolon;
    let mut written = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if let Some(attributes) = changeset(line) {
            end = delimiter(attributes);
        }
        match &end {
            End::Delimiter(delimiter) if !line.trim_start().starts_with("--") => ended(line, delimiter, &mut written),
            End::Delimiter(_) | End::Semicolon => written.push_str(line),
        }
    }
    written
}

/// The attributes of a line that begins a changeset.
fn changeset(line: &str) -> Option<&str> {
    let comment = line.trim_start().strip_prefix("--")?.trim_start();
    let word = comment.get(.."changeset".len())?;
    word.eq_ignore_ascii_case("changeset").then(|| &comment["changeset".len()..])
}

fn delimiter(attributes: &str) -> End {
    let stated = attributes.split_whitespace().find_map(|attribute| {
        let (name, value) = attribute.split_once(':')?;
        name.eq_ignore_ascii_case("endDelimiter").then_some(value)
    });
    // `\nGO` and `/` both mean the mark on a line of its own.
    match stated.map(|value| value.trim_matches('"').trim_start_matches("\\n").trim_start_matches("\\r")) {
        None | Some("" | ";") => End::Semicolon,
        Some(value) => End::Delimiter(value.to_owned()),
    }
}

/// Writes a line whose delimiter, if it ends with it, becomes a semicolon and blanks.
fn ended(line: &str, delimiter: &str, written: &mut String) {
    let body = line.trim_end();
    match body.len().checked_sub(delimiter.len()).filter(|&at| body.is_char_boundary(at) && body[at..].eq_ignore_ascii_case(delimiter)) {
        Some(at) => {
            written.push_str(&line[..at]);
            written.push(';');
            written.extend(std::iter::repeat_n(' ', delimiter.len() - 1));
            written.push_str(&line[body.len()..]);
        }
        None => written.push_str(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_become_semicolons_in_their_place() {
        let text = "--liquibase formatted sql\n--changeset ann:1 endDelimiter:/ splitStatements:true\nCREATE FUNCTION f() …\n/\nSELECT 1/\n\
                    --rollback DROP FUNCTION f;\n-- changeset ann:2\nSELECT 4 / 2;\n--changeset ann:3 endDelimiter:\\nGO\nSELECT 3\ngo\n";
        let written = with_semicolons(text);
        assert_eq!(written.len(), text.len());
        assert!(written.contains("…\n;\nSELECT 1;\n--rollback"), "{written}");
        assert!(written.contains("SELECT 4 / 2;\n"), "{written}");
        assert!(written.ends_with("SELECT 3\n; \n"), "{written}");
    }

    #[test]
    fn only_its_own_files_are_meant() {
        assert!(is_formatted("--liquibase formatted sql\n"));
        assert!(is_formatted("\n-- Liquibase formatted SQL"));
        assert!(!is_formatted("-- for liquibase\nSELECT 1;"));
    }
}
