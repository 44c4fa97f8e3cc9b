//! Trimming as Laravel's `Str::trim` does it: blanks of all sorts, and characters that nobody sees.

/// The characters beside white space that count as blank: soft hyphens, joiners, fillers, marks of direction.
const INVISIBLE: [(char, char); 16] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2060}', '\u{2065}'),
    ('\u{206a}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0020}', '\u{e0020}'),
];

/// `text` without blanks at both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&letter))
}
