//! Lines that fit, and times for people.

use std::time::Duration;

use jiff::Timestamp;

/// The text in lines of at most `width` characters: the first begins with `first`, the others with `rest`. Line breaks
/// of the text stay; a word that is longer than a line stays whole, so that paths and SQL can be copied.
pub fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut is_fresh = true;
    for (number, paragraph) in text.lines().enumerate() {
        if number > 0 {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            is_fresh = true;
        }
        // What is indented is code or a list made by hand: it keeps its shape.
        if paragraph.starts_with("  ") {
            line.push_str(paragraph);
            continue;
        }
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let length = line.chars().count() + word.chars().count() + usize::from(!is_fresh);
            if length > width && !is_fresh {
                lines.push(std::mem::replace(&mut line, rest.to_owned()));
            } else if !is_fresh {
                line.push(' ');
            }
            line.push_str(word);
            is_fresh = false;
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}

/// `3 days`, `2 h 05 min`, `12 min`, `40 s`: two digits of truth, no more.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600, seconds / 60);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 if minutes % 60 == 0 => format!("{hours} h"),
        3_600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        86_400..172_800 => format!("{hours} h"),
        _ => format!("{days} days"),
    }
}

/// `2026-11-21 09:30:00 UTC (12 min ago)`, or `(in 12 min)`; without the distance where the present is not known.
pub fn ago(time: Timestamp, now: Option<Timestamp>) -> String {
    let text = time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let Some(now) = now else { return text };
    let distance = now.duration_since(time);
    let length = span(distance.unsigned_abs());
    if distance.is_negative() { format!("{text} (in {length})") } else { format!("{text} ({length} ago)") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_long_words_stay_whole() {
        let text = wrapped("the quick brown fox jumps over migrations/20261121093000_users_full_name/expand.sql now", 24, "- ", "  ");
        assert_eq!(text, "- the quick brown fox\n  jumps over\n  migrations/20261121093000_users_full_name/expand.sql\n  now");
    }

    #[test]
    fn indented_lines_keep_their_shape() {
        assert_eq!(wrapped("write:\n    ALTER TABLE a  ADD b int;", 20, "", "  "), "write:\n      ALTER TABLE a  ADD b int;");
    }

    #[test]
    fn times_are_told_with_their_distance() {
        let at: Timestamp = "2026-11-21T09:30:00Z".parse().expect("a timestamp");
        let now: Timestamp = "2026-11-21T11:35:10Z".parse().expect("a timestamp");
        assert_eq!(ago(at, Some(now)), "2026-11-21 09:30:00 UTC (2 h 05 min ago)");
        assert_eq!(ago(now, Some(at)), "2026-11-21 11:35:10 UTC (in 2 h 05 min)");
    }
}
