//! Making text that goes into a prompt harmless as markup: no control token, and no way out of a quotation. Pure.
//!
//! The tokenizer inside this program never reads control tokens in text (see `llm/llama.rs`). A server elsewhere may, so
//! whatever looks like one is broken here already.

/// Longest mark that is looked for, in bytes, brackets included.
const LONGEST: usize = 64;

/// Puts a space after the first character of everything that looks like a control token of some model: `<|im_start|>`,
/// `</s>`, `<start_of_turn>`, `<0x0A>`, `<<SYS>>`, `[INST]`. Nothing else is changed, and nothing twice.
pub fn neutral(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, symbol) in text.char_indices() {
        out.push(symbol);
        let rest = &text[at + symbol.len_utf8()..];
        if (symbol == '<' && is_mark(rest)) || (symbol == '[' && is_bracketed(rest)) {
            out.push(' ');
        }
    }
    out
}

/// Whether what follows a `<` up to a `>` could name a token.
fn is_mark(rest: &str) -> bool {
    // A second `<` or a bar is enough: no language begins a word so.
    if rest.starts_with(['|', '<', '\u{ff5c}']) {
        return true;
    }
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let Some(end) = name.bytes().take(LONGEST).position(|byte| byte == b'>') else { return false };
    end > 0 && !name[..end].contains(|c: char| c.is_whitespace() || c == '<')
}

/// Whether what follows a `[` up to a `]` could name a token: capitals and underscores only.
fn is_bracketed(rest: &str) -> bool {
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let Some(end) = name.bytes().take(LONGEST).position(|byte| byte == b']') else { return false };
    end > 1 && name[..end].bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// A text as a quotation: every line of it begins with `> `, whatever it uses as line ends, so nothing in it can end
/// the quotation.
pub fn quoted(text: &str) -> String {
    let line_ends = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    let neutral = neutral(text);
    let lines: Vec<String> = neutral
        .split(line_ends)
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(|line| format!("> {line}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_tokens_of_many_models_are_broken() {
        for mark in [
            "<|im_start|>",
            "<|endoftext|>",
            "<s>",
            "</s>",
            "<bos>",
            "<start_of_turn>",
            "<0x0A>",
            "<<SYS>>",
            "<</SYS>>",
            "[INST]",
            "[/INST]",
            "[TOOL_CALLS]",
            "<think>",
            "</think>",
            "<\u{ff5c}User\u{ff5c}>",
            "<|>",
            "<repo_name>",
        ] {
            let broken = neutral(&format!("a {mark} b"));
            assert!(!broken.contains(mark), "{broken}");
            assert_eq!(neutral(&broken), broken, "once is enough");
        }
    }

    #[test]
    fn ordinary_writing_stays_as_it_is() {
        for text in [
            "I <3 you",
            "2 < 3 and 5 > 4",
            "[ ] call Ada",
            "[x] done",
            "a [note] here",
            "<- look",
            "",
            "5 <= 6",
        ] {
            assert_eq!(neutral(text), text);
        }
    }

    #[test]
    fn every_line_of_a_quotation_is_marked() {
        assert_eq!(quoted("a\r\n\nb\u{2028}c\u{85}d"), "> a\n> b\n> c\n> d");
        assert_eq!(quoted(" \n"), "");
    }

    proptest! {
        #[test]
        fn nothing_gets_out_and_nothing_gets_lost(text in "[\\PC\n\r\u{2028}<>|/\\[\\]A-Z_]{0,120}") {
            let broken = neutral(&text);
            prop_assert_eq!(neutral(&broken).len(), broken.len());
            prop_assert!(!broken.contains("<|") && !broken.contains("[INST]"));
            let strip = |text: &str| text.replace(' ', "");
            prop_assert_eq!(strip(&broken), strip(&text));
            let quotation = quoted(&text);
            let mut lines = quotation.split(['\n', '\r', '\u{2028}']);
            prop_assert!(lines.all(|line| line.is_empty() || line.starts_with("> ")));
        }
    }
}
