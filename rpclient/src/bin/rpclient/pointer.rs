//! Shows where in a text something is wrong.

use unicode_width::UnicodeWidthChar;

/// How much of a long text is shown before and after the place, in characters.
const BEFORE: usize = 40;
const AFTER: usize = 32;

/// The text on a line of its own, and on the next a caret below the character at `column`, which counts from
/// 1. Of a long text, what stands around the place.
pub(crate) fn below(text: &str, column: usize) -> String {
    let characters: Vec<char> = text.chars().map(on_one_line).collect();
    let place = column.saturating_sub(1).min(characters.len());
    let from = place.saturating_sub(BEFORE);
    let to = (place + AFTER).min(characters.len());
    let start = if from > 0 { "…" } else { "" };
    let end = if to < characters.len() { "…" } else { "" };
    let (before, after) = (&characters[from..place], &characters[place..to]);
    let width: usize = before.iter().filter_map(|character| character.width()).sum();
    let (before, after) = (String::from_iter(before), String::from_iter(after));
    let gap = " ".repeat(width + start.chars().count());
    format!("  {start}{before}{after}{end}\n  {gap}^")
}

/// Control characters would move the caret away from its place, or could do worse.
fn on_one_line(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_character_as_wide_as_it_is() {
        assert_eq!(below("a b", 3), "  a b\n    ^");
        assert_eq!(below("+can", 5), "  +can\n      ^");
        assert_eq!(below("+ベンチ x", 6), "  +ベンチ x\n          ^");
        assert_eq!(below("\ta\nb", 4), "   a b\n     ^");
        assert_eq!(below("", 9), "  \n  ^");
    }

    #[test]
    fn of_a_long_text_what_is_around_the_place_is_shown() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let shown = below(&text, 501);
        let [line, caret] = shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
        assert_eq!(line, format!("  …{}X{}…", "a".repeat(40), "b".repeat(31)));
        assert_eq!(line.chars().nth(caret.chars().count() - 1), Some('X'));
    }
}
