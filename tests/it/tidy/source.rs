//! Reads source files just well enough to check rules on them: comments and literals blanked, test code told apart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One source file.
pub struct Source {
    /// Path below the checkout with forward slashes, like `src/llm/worker.rs`.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// The file with comments and the insides of literals blanked; as many lines as `text`.
    pub code: String,
    /// Number of the first line of the test module at the end of the file, or past the end.
    tests_from: usize,
}

impl Source {
    fn read(path: &Path) -> Source {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let code = blank(&text);
        let lines: Vec<&str> = code.lines().collect();
        let only_tests =
            name.ends_with("/tests.rs") || name.contains("/tests/") || name.starts_with("tests/");
        let tests_from = if only_tests {
            0
        } else {
            (0..lines.len())
                .find(|&n| {
                    lines[n].starts_with("#[cfg(test)]")
                        && lines
                            .get(n + 1)
                            .is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'))
                })
                .unwrap_or(usize::MAX)
        };
        Source { path: name, text, code, tests_from }
    }

    /// The first component below `src/`: `src/llm/worker.rs` and `src/llm.rs` are both `llm`.
    pub fn module(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or(&self.path);
        below.split(['/', '.']).next().unwrap_or("")
    }

    /// Lines of code, numbered from 1, without the test module.
    pub fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().take(self.tests_from).map(|(n, line)| (n + 1, line))
    }

    /// Every `word` in the code as a whole word, with its line number; test code counts.
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        let hits = |line: &str| {
            line.match_indices(word).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].chars().next();
                !before.is_some_and(is_word) && !after.is_some_and(is_word)
            })
        };
        self.code.lines().enumerate().filter(|(_, line)| hits(line)).map(|(n, _)| n + 1).collect()
    }

    /// Modules of this crate that the file names, as `crate::a::b` paths cut to at most two components.
    pub fn uses(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            if self.code[..at].chars().next_back().is_some_and(|c| is_word(c) || c == ':' || c == '$') {
                continue;
            }
            paths(&self.code[at + "crate::".len()..], "", &mut found);
        }
        found
    }

    /// The arguments of every call of a logging macro in the product, with its line number.
    pub fn log_calls(&self) -> Vec<(usize, Vec<String>)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let code: Vec<(usize, &str)> = self.product().collect();
        let mut calls = Vec::new();
        for (place, (n, line)) in code.iter().enumerate() {
            let Some(at) = line.find("tracing::").filter(|at| line[*at..].contains("!(")) else { continue };
            // Commas and brackets are found in the blanked code, the arguments are cut from the text. Both have the
            // same characters in the same places, except inside literals.
            let (mut arguments, mut argument, mut depth) = (Vec::new(), String::new(), 0);
            'call: for (offset, (m, code_line)) in code[place..].iter().enumerate() {
                let text: Vec<char> = lines[m - 1].chars().collect();
                let from = if offset == 0 { at } else { 0 };
                for (column, c) in code_line.chars().enumerate().skip(from) {
                    let c_text = text.get(column).copied().unwrap_or(c);
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 && c == ')' {
                        break 'call;
                    }
                    if depth == 1
                        && (c == ',' || (c == '(' && arguments.is_empty() && argument.ends_with('!')))
                    {
                        arguments.push(std::mem::take(&mut argument));
                    } else {
                        argument.push(c_text);
                    }
                }
                argument.push(' ');
            }
            arguments.push(argument);
            // The first is the name of the macro.
            let told = arguments.iter().skip(1).map(|argument| argument.trim().to_owned());
            calls.push((*n, told.filter(|argument| !argument.is_empty()).collect()));
        }
        calls
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Collects `a::b` from `a::b::C` and from `{a::B, c::{D, E}}`; at most two components.
fn paths(rest: &str, prefix: &str, found: &mut BTreeSet<String>) {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                '}' | ',' if depth == 0 => {
                    if !group[start..at].trim().is_empty() {
                        paths(&group[start..at], prefix, found);
                    }
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    match rest[end..].strip_prefix("::") {
        Some(more) if prefix.is_empty() => paths(more, &path, found),
        _ => {
            found.insert(path);
        }
    }
}

/// Blanks comments, the insides of strings, and character literals; keeps every newline.
fn blank(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let keep = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while at < bytes.len() {
        let rest = &bytes[at..];
        let raw = raw_string(rest, bytes[..at].last().copied());
        if rest.starts_with(&['/', '/']) {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if let Some(len) = raw {
            rest[..len].iter().for_each(|&c| keep(&mut out, c));
            at += len;
        } else if rest[0] == '"' {
            out.push('"');
            at += 1;
            while at < bytes.len() && bytes[at] != '"' {
                if bytes[at] == '\\' && at + 1 < bytes.len() {
                    keep(&mut out, bytes[at]);
                    at += 1;
                }
                keep(&mut out, bytes[at]);
                at += 1;
            }
            out.push('"');
            at += 1;
        } else if rest[0] == '\'' && rest.len() > 2 && (rest[1] == '\\' || rest[2] == '\'') {
            let from = if rest[1] == '\\' { 3 } else { 2 };
            let len = from + rest[from..].iter().position(|&c| c == '\'').unwrap_or(0) + 1;
            out.push_str("' '");
            at += len;
        } else {
            out.push(rest[0]);
            at += 1;
        }
    }
    out
}

/// The length of a raw string that begins here, as in `r#"..."#`.
fn raw_string(rest: &[char], before: Option<char>) -> Option<usize> {
    if rest[0] != 'r' || before.is_some_and(|c| is_word(c) && c != 'b') {
        return None;
    }
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let body = 2 + hashes;
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    (body..rest.len()).find(|&at| rest[at..].starts_with(&closing)).map(|at| at + closing.len())
}

/// All files below a folder of the checkout with one of these endings, in order of their names.
pub fn files(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root().join(folder), endings, &mut found);
    found.sort();
    found.iter().map(|path| Source::read(path)).collect()
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "node_modules" | "target" | "test-results" | "dist") {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

#[test]
fn paths_are_found_in_groups_and_not_in_comments_or_strings() {
    let text = "use crate::{store::Store, journal::{day::Day, entry}};\n// crate::web\nlet x = \"crate::app\"; crate::llm::Message::new('\\'', 'x', r#\"crate::cli\"#)";
    let source = Source {
        path: "src/vault/x.rs".into(),
        text: text.into(),
        code: blank(text),
        tests_from: usize::MAX,
    };
    let found: Vec<String> = source.uses().into_iter().collect();
    assert_eq!(found, ["journal::day", "journal::entry", "llm::Message", "store::Store"].map(String::from));
}
