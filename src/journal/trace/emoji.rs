//! Which text is one emoji, and what emoji are called.
//!
//! The grammar is that of Unicode Technical Standard 51 (flags, keycaps, skin tones, sequences with a joiner, flags of
//! regions); the ranges are those of its pictographs, a little wider, so that next year's emoji are known as well.

use std::iter::Peekable;

/// Emoji with their short names, see `NOTICE.txt` beside the file.
const SHORTCODES: &str = include_str!("shortcodes.txt");

const JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';

/// Whether a text is exactly one emoji.
pub fn is_one(text: &str) -> bool {
    let mut rest = text.chars().peekable();
    let Some(first) = rest.next() else { return false };
    if is_regional(first) {
        return rest.next().is_some_and(is_regional) && rest.next().is_none();
    }
    if matches!(first, '0'..='9' | '#' | '*') {
        rest.next_if(|c| is_variation(*c));
        return rest.next() == Some(KEYCAP) && rest.next().is_none();
    }
    if !is_pictograph(first) {
        return false;
    }
    skip_modifiers(&mut rest);
    while rest.next_if_eq(&JOINER).is_some() {
        if !rest.next().is_some_and(is_pictograph) {
            return false;
        }
        skip_modifiers(&mut rest);
    }
    rest.next().is_none()
}

/// Variation selector, skin tone, and the tags that make the flag of a region.
fn skip_modifiers(rest: &mut Peekable<std::str::Chars<'_>>) {
    rest.next_if(|c| is_variation(*c));
    rest.next_if(|c| matches!(c, '\u{1f3fb}'..='\u{1f3ff}'));
    rest.next_if(|c| is_variation(*c));
    while rest.next_if(|c| matches!(c, '\u{e0020}'..='\u{e007f}')).is_some() {}
}

/// Says how the character before is to be drawn; two texts that differ in it only are one emoji.
pub fn is_variation(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// Whether a character may begin an emoji that is no flag and no keycap.
pub fn is_pictograph(c: char) -> bool {
    matches!(
        c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
            | '\u{2194}'..='\u{2199}' | '\u{21a9}'..='\u{21aa}' | '\u{231a}'..='\u{231b}' | '\u{2328}' | '\u{23cf}'
            | '\u{23e9}'..='\u{23fa}' | '\u{24c2}' | '\u{25aa}'..='\u{25ab}' | '\u{25b6}' | '\u{25c0}'
            | '\u{25fb}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}'..='\u{2935}' | '\u{2b05}'..='\u{2b07}'
            | '\u{2b1b}'..='\u{2b1c}' | '\u{2b50}' | '\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
            | '\u{1f000}'..='\u{1f1e5}' | '\u{1f200}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}'
    )
}

/// The emoji that a short name without its colons stands for. Case does not count, nor whether the parts of the name
/// are joined by `_` or `-`.
pub fn of_shortcode(name: &str) -> Option<&'static str> {
    let same = |known: &str| {
        known.len() == name.len() && known.bytes().zip(name.bytes()).all(|(a, b)| plain(a) == plain(b))
    };
    lines().find_map(|(emoji, names)| names.split(' ').any(same).then_some(emoji))
}

fn plain(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() }
}

/// The first short name of an emoji, without colons.
pub fn shortcode_of(emoji: &str) -> Option<&'static str> {
    let bare: String = emoji.chars().filter(|c| !is_variation(*c)).collect();
    lines().find(|(known, _)| *known == bare).and_then(|(_, names)| names.split(' ').next())
}

/// Emoji with a short name that begins so, shortest names first.
pub fn starting_with(prefix: &str, most: usize) -> Vec<(&'static str, &'static str)> {
    let begins = |name: &&str| {
        name.len() >= prefix.len() && name.bytes().zip(prefix.bytes()).all(|(a, b)| plain(a) == plain(b))
    };
    let mut found: Vec<_> =
        lines().filter_map(|(emoji, names)| Some((names.split(' ').find(begins)?, emoji))).collect();
    found.sort_by_key(|(name, _)| name.len());
    found.truncate(most);
    found
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHORTCODES.lines().filter_map(|line| line.split_once(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_emoji_of_the_list_is_one_and_no_text_is() {
        for (emoji, names) in lines() {
            assert!(is_one(emoji), "{emoji} {names}");
            let first = names.split(' ').next().unwrap();
            assert_eq!(of_shortcode(first), Some(emoji));
        }
        for text in [
            "",
            "a",
            "1",
            "#",
            "\u{1f389}\u{1f389}",
            "\u{1f389}a",
            "\u{1f1e9}",
            "\u{1f468}\u{200d}",
            "\u{e9}",
        ] {
            assert!(!is_one(text), "{text:?}");
        }
    }

    #[test]
    fn short_names_are_found_in_any_case_and_by_their_beginning() {
        assert_eq!(of_shortcode("TADA"), Some("\u{1f389}"));
        assert_eq!(of_shortcode("white-check-mark"), of_shortcode("white_check_mark"));
        assert_eq!(of_shortcode("no-such-thing"), None);
        assert_eq!(shortcode_of("\u{2764}\u{fe0f}"), Some("heart"));
        let found = starting_with("tad", 5);
        assert_eq!(found.first(), Some(&("tada", "\u{1f389}")));
        assert_eq!(starting_with("s", 5).len(), 5);
    }
}
