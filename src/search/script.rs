//! Which scripts a text is written in, so that what is proposed for it can be held to them.

use std::collections::BTreeSet;

/// Whether every letter of `said` is of a script that `text` is written in.
pub fn shares_scripts(said: &str, text: &str) -> bool {
    let held = scripts(text);
    scripts(said).is_subset(&held)
}

fn scripts(text: &str) -> BTreeSet<u32> {
    text.chars().filter(|c| c.is_alphabetic()).map(script).collect()
}

/// A number for the script of a letter: of those with several blocks the first one's, of others the block of 128. Han,
/// kana and bopomofo count as one, because one text mixes them.
fn script(letter: char) -> u32 {
    const LATIN: u32 = 0;
    const GREEK: u32 = 0x370;
    const CYRILLIC: u32 = 0x400;
    const ARABIC: u32 = 0x600;
    const HANGUL: u32 = 0x1100;
    const HAN: u32 = 0x3000;
    match u32::from(letter) {
        0..=0x2ff
        | 0x1d00..=0x1dbf
        | 0x1e00..=0x1eff
        | 0x2c60..=0x2c7f
        | 0xa720..=0xa7ff
        | 0xfb00..=0xfb06 => LATIN,
        0x370..=0x3ff | 0x1f00..=0x1fff => GREEK,
        0x400..=0x52f | 0x1c80..=0x1c8f | 0x2de0..=0x2dff | 0xa640..=0xa69f => CYRILLIC,
        0x600..=0x6ff | 0x750..=0x77f | 0x870..=0x8ff | 0xfb50..=0xfdff | 0xfe70..=0xfeff => ARABIC,
        0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff => HANGUL,
        0x2e80..=0x312f | 0x31a0..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x20000..=0x3ffff => HAN,
        other => other & !0x7f,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_stays_in_the_scripts_of_the_text() {
        for (said, text) in [
            ("caf\u{e9} 12", "Im Caf\u{e9}."),
            ("\u{1ef9}", "y"),
            ("\u{65e5}\u{8a18}", "\u{3042}\u{30a2}"),
            ("2026", "\u{634}\u{639}\u{631}"),
            ("\u{434}\u{43e}\u{43c} lake", "\u{43c}\u{43e}\u{439} lake"),
        ] {
            assert!(shares_scripts(said, text), "{said}");
        }
        for (said, text) in [
            ("\u{43b}\u{44e}\u{431}\u{43e}\u{432}\u{44c}", "love"),
            ("love", "\u{65e5}\u{8a18}"),
            ("\u{e2b}", "\u{915}"),
            ("x", ""),
        ] {
            assert!(!shares_scripts(said, text), "{said}");
        }
    }
}
