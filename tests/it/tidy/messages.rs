//! RR-36: every error a person can meet, gathered from the source into one file that is read before it changes.
//!
//! `make messages` writes the file anew after a sentence was added or changed.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::source::{Source, files, root};

const GOLDEN: &str = "tests/golden/messages.txt";
const HEAD: &str = "# Every error a person can meet, in the order of the source; parts of one message are parted by |.\n\
                    # Made by `make messages`. Read the difference before it is committed: each message says what\n\
                    # happened, what is safe where something could be lost, and what to do.\n";

/// Where a message begins, as tokens; it ends with the bracket that this opens, or before `;` or `,`.
const MARKERS: &[(&str, &str)] = &[
    ("WebError :: new (", "title"),
    ("Self :: new ( StatusCode", "title"),
    ("bad_request (", "page"),
    ("unprocessable (", "page"),
    ("overloaded (", "page"),
    ("unavailable (", "page"),
    ("let sentence =", "page"),
    ("sentence (", "page"),
    ("sentence :", "page"),
    ("Sentence (", "page"),
    ("Refused (", "page"),
    ("bail ! (", "console"),
    ("anyhow ! (", "console"),
    ("ensure ! (", "console"),
    (". context (", "cause"),
    (". with_context (", "cause"),
    ("# [ error (", "cause"),
    ("Finding :: bad (", "check"),
    ("Finding :: note (", "check"),
];

/// One of these stands in every message of the console and tells what to do, or that nothing has to be done.
const NEXT: &str = "run |start |use |choose |free |check |name |say |stands above|on the first line|put |try |make |end |give |stop |keep |copy \
                    |fetch |needs |wait |look |move |compare |add |write |sign in |names them";

#[derive(Debug, PartialEq)]
enum Token {
    /// A name, or one sign.
    Code(String),
    /// The value of a string.
    Text(String),
}

struct Message {
    path: String,
    kind: &'static str,
    parts: Vec<String>,
}

/// Splits source into names, signs and strings; comments and character literals are left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    while at < chars.len() {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        match chars[at] {
            '/' if next == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            'r' if next == '"' || next == '#' && chars.get(at + 2) == Some(&'"') => {
                let end: &[char] = if next == '#' { &['"', '#'] } else { &['"'] };
                let from = at + 1 + end.len();
                let len = (from..chars.len()).take_while(|&n| !chars[n..].starts_with(end)).count();
                out.push(Token::Text(chars[from..from + len].iter().collect()));
                at = from + len + end.len();
            }
            '"' => {
                let (value, after) = string(&chars, at + 1);
                out.push(Token::Text(value));
                at = after;
            }
            '\'' if next == '\\' || chars.get(at + 2) == Some(&'\'') => {
                at += 3;
                while chars[at - 1] != '\'' {
                    at += 1;
                }
            }
            c if is_word(c) => {
                let word: String = chars[at..].iter().take_while(|c| is_word(**c)).collect();
                at += word.chars().count();
                out.push(Token::Code(word));
            }
            ':' if next == ':' => {
                out.push(Token::Code("::".to_owned()));
                at += 2;
            }
            c => {
                if !c.is_whitespace() {
                    out.push(Token::Code(c.to_string()));
                }
                at += 1;
            }
        }
    }
    out
}

/// The value of the string that begins at `at`, and the place behind it.
fn string(chars: &[char], mut at: usize) -> (String, usize) {
    let mut value = String::new();
    while chars[at] != '"' {
        if chars[at] != '\\' {
            value.push(chars[at]);
            at += 1;
            continue;
        }
        match chars[at + 1] {
            '\n' => {
                at += 1;
                while chars[at].is_whitespace() {
                    at += 1;
                }
                continue;
            }
            'n' => value.push(' '),
            'u' => {
                let end = (at..).find(|n| chars[*n] == '}').expect("a closed escape");
                let code: String = chars[at + 3..end].iter().collect();
                value
                    .push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).expect("a character"));
                at = end - 1;
            }
            other => value.push(other),
        }
        at += 2;
    }
    (value, at + 1)
}

/// Behind the last token of a message that begins with `marker` tokens at `at`.
fn end_of(tokens: &[Token], at: usize, marker: &[&str]) -> usize {
    let opening = marker.iter().position(|sign| *sign == "(");
    let (from, is_bracketed) = (at + opening.unwrap_or(marker.len()), opening.is_some());
    let mut depth = 0_i32;
    for (idx, token) in tokens.iter().enumerate().skip(from) {
        let Token::Code(sign) = token else { continue };
        match sign.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            ";" | "," if depth == 0 => return idx,
            _ => {}
        }
        if depth < 0 || depth == 0 && is_bracketed {
            return idx;
        }
    }
    tokens.len()
}

/// Behind the closing brace of the function that begins at `at`.
fn end_of_body(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_i32;
    for (idx, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Code(sign) if sign == "{" => depth += 1,
            Token::Code(sign) if sign == "}" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return idx;
        }
    }
    tokens.len()
}

fn messages(source: &Source) -> Vec<Message> {
    let product: Vec<&str> = source.text.lines().take(source.product().count()).collect();
    let tokens = tokens(&product.join("\n"));
    // The innermost marker around a string is the one it belongs to.
    let mut owner: BTreeMap<usize, (usize, &'static str)> = BTreeMap::new();
    let mut samples: Vec<std::ops::Range<usize>> = Vec::new();
    for at in 0..tokens.len() {
        // Contexts for the tests of templates are no messages.
        if let Some([Token::Code(word), Token::Code(name)]) = tokens.get(at..at + 2)
            && word == "fn"
            && name.starts_with("sample")
        {
            samples.push(at..end_of_body(&tokens, at));
        }
        if samples.last().is_some_and(|body| body.contains(&at)) {
            continue;
        }
        for (marker, kind) in MARKERS {
            let marker: Vec<&str> = marker.split(' ').collect();
            let fits = marker
                .iter()
                .enumerate()
                .all(|(n, sign)| matches!(tokens.get(at + n), Some(Token::Code(code)) if code == sign));
            if fits {
                for idx in at..end_of(&tokens, at, &marker) {
                    owner.insert(idx, (at, kind));
                }
            }
        }
    }
    // Whole sentences that wait in constants, or are chosen from.
    for (at, token) in tokens.iter().enumerate() {
        let Token::Text(text) = token else { continue };
        if !owner.contains_key(&at)
            && !samples.iter().any(|body| body.contains(&at))
            && text.split(' ').count() > 4
            && text.ends_with('.')
        {
            owner.insert(at, (at, "sentence"));
        }
    }
    let mut found: BTreeMap<usize, Message> = BTreeMap::new();
    for (idx, (begin, kind)) in owner {
        if let Token::Text(text) = &tokens[idx] {
            let new = || Message { path: source.path.clone(), kind, parts: Vec::new() };
            found.entry(begin).or_insert_with(new).parts.push(text.clone());
        }
    }
    found.into_values().collect()
}

/// A message as a sentence: its longest part.
fn sentence(message: &Message) -> &str {
    message.parts.iter().max_by_key(|part| part.len()).map(String::as_str).unwrap_or_default()
}

// proves: RR-36 (every message in one committed file, `tests/golden/messages.txt`)
#[test]
fn every_error_is_in_the_committed_list_and_says_what_to_do() {
    let mut all = Vec::new();
    for source in files("src", &[".rs"]) {
        // Not the doubles of a disk and of a model, and not candle's own errors, which become ours.
        if !["src/store/faults", "src/search/candle", "src/llm/scripted"]
            .iter()
            .any(|path| source.path.starts_with(path))
        {
            all.extend(messages(&source));
        }
    }
    let mut listed = HEAD.to_owned();
    let mut path = "";
    for message in &all {
        if message.path != path {
            path = &message.path;
            writeln!(listed, "\n[{path}]").unwrap();
        }
        writeln!(listed, "{}: {}", message.kind, message.parts.join(" | ")).unwrap();
    }
    let mut poor = Vec::new();
    for message in &all {
        let (text, low) = (sentence(message), sentence(message).to_lowercase());
        let is_sentence = text.contains(' ');
        let is_good = match message.kind {
            "page" => {
                !is_sentence
                    || text.ends_with(['.', '?', '}', '\''])
                        && text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '{')
            }
            "console" => text.ends_with('}') || NEXT.split('|').any(|next| low.contains(next)),
            _ => true,
        };
        let tells_inside = message.kind != "cause"
            && ["redb", "panicked", "unwrap", "poem"].iter().any(|word| low.contains(word));
        if !is_good || tells_inside {
            poor.push(format!("{}: {}: {}", message.path, message.kind, message.parts.join(" | ")));
        }
    }
    assert!(poor.is_empty(), "these do not say what to do, or are no sentences:\n{}", poor.join("\n"));
    assert!(all.len() > 150, "only {} messages were found", all.len());
    let golden = root().join(GOLDEN);
    if std::env::var_os("LLAMORA_TEST_UPDATE").is_some() {
        std::fs::write(&golden, &listed).unwrap();
    }
    let held = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        held == listed,
        "{GOLDEN} is not what the source says: run `make messages` and read the difference"
    );
}

#[test]
fn strings_are_found_with_their_values() {
    let found = tokens("a::b(\"x \\\"y\\\" \\\n   z\", '\"', r#\"raw\"#) // \"no\"");
    let texts: Vec<&Token> = found.iter().filter(|token| matches!(token, Token::Text(_))).collect();
    assert_eq!(texts, [&Token::Text("x \"y\" z".to_owned()), &Token::Text("raw".to_owned())]);
}
