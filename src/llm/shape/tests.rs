use proptest::prelude::*;
use rand_like::Pick;

use super::*;

const SHAPES: [Shape; 4] = [
    Shape::Labels { most: 5, chars: 40 },
    Shape::Labels { most: 1, chars: 8 },
    Shape::Sentences { most: 3, chars: 220 },
    Shape::Sentences { most: 1, chars: 12 },
];

/// A source of choices from the numbers of a test case.
mod rand_like {
    pub struct Pick(pub Vec<u32>, pub usize);

    impl Pick {
        pub fn below(&mut self, end: u32) -> u32 {
            self.1 += 1;
            let at = self.0[self.1 % self.0.len()];
            at.wrapping_mul(2_654_435_761).wrapping_add(self.1 as u32) % end
        }
    }
}

/// One of the rules of a grammar as this reads it: classes, literals, rules, groups, each some number of times.
enum Part {
    Class { not: bool, ranges: Vec<(u32, u32)> },
    Text(String),
    Rule(String),
    Group(Vec<(Part, u32, u32)>),
}

/// Reads llama.cpp's notation as far as shapes use it.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn eat(&mut self, text: &str) -> bool {
        let is_there = self.0.starts_with(text);
        if is_there {
            self.0 = &self.0[text.len()..];
        }
        is_there
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let end = self.0.find(|symbol| !keep(symbol)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken.to_owned()
    }

    fn symbol(&mut self) -> u32 {
        if self.eat("\\U") {
            let (digits, rest) = self.0.split_at(8);
            self.0 = rest;
            return u32::from_str_radix(digits, 16).expect("eight digits");
        }
        if self.eat("\\n") {
            return 10;
        }
        let symbol = self.0.chars().next().expect("a symbol");
        assert!(symbol.is_ascii_alphanumeric(), "unknown in a class: {symbol}");
        self.0 = &self.0[1..];
        symbol as u32
    }

    fn number(&mut self) -> u32 {
        self.take_while(|symbol| symbol.is_ascii_digit()).parse().expect("a number")
    }

    fn sequence(&mut self, end: &str) -> Vec<(Part, u32, u32)> {
        let mut parts = Vec::new();
        loop {
            self.take_while(|symbol| symbol == ' ');
            if self.eat(end) {
                return parts;
            }
            let part = if self.eat("(") {
                Part::Group(self.sequence(")"))
            } else if self.eat("\"") {
                let mut text = String::new();
                while !self.eat("\"") {
                    text.extend(char::from_u32(self.symbol()));
                }
                Part::Text(text)
            } else if self.eat("[") {
                let not = self.eat("^");
                let mut ranges = Vec::new();
                while !self.eat("]") {
                    let first = self.symbol();
                    ranges.push((first, if self.eat("-") { self.symbol() } else { first }));
                }
                Part::Class { not, ranges }
            } else {
                Part::Rule(self.take_while(|symbol| symbol.is_ascii_lowercase()))
            };
            let (mut least, mut most) = (1, 1);
            if self.eat("{") {
                least = self.number();
                assert!(self.eat(","));
                most = self.number();
                assert!(self.eat("}"));
            }
            parts.push((part, least, most));
        }
    }
}

/// A rule's name, and its parts with how often each may come.
type Rule = (String, Vec<(Part, u32, u32)>);

/// A text that a grammar admits.
fn admitted(grammar: &str, pick: &mut Pick) -> String {
    let rules: Vec<Rule> = grammar
        .lines()
        .map(|line| {
            let (name, body) = line.split_once(" ::= ").expect("a rule");
            (name.to_owned(), Reader(&format!("{body}\n")).sequence("\n"))
        })
        .collect();
    let mut out = String::new();
    write_rule(&rules, "root", pick, &mut out);
    out
}

type Rules = [(String, Vec<(Part, u32, u32)>)];

fn write_rule(rules: &Rules, name: &str, pick: &mut Pick, out: &mut String) {
    let (_, body) = rules.iter().find(|(other, _)| other == name).expect("a rule of this name");
    write_parts(rules, body, pick, out);
}

fn write_parts(rules: &Rules, parts: &[(Part, u32, u32)], pick: &mut Pick, out: &mut String) {
    for (part, least, most) in parts {
        // Often short, sometimes as long as may be.
        let span = most - least + 1;
        let times = least + if pick.below(8) == 0 { pick.below(span) } else { pick.below(span.min(24)) };
        for _ in 0..times {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Rule(name) => write_rule(rules, name, pick, out),
                Part::Group(parts) => write_parts(rules, parts, pick, out),
                Part::Class { not, ranges } => out.push(symbol_of(*not, ranges, pick)),
            }
        }
    }
}

fn symbol_of(not: bool, ranges: &[(u32, u32)], pick: &mut Pick) -> char {
    if !not {
        let (first, last) = ranges[pick.below(ranges.len() as u32) as usize];
        return char::from_u32(first + pick.below(last - first + 1)).expect("a character");
    }
    loop {
        // ASCII, what most scripts use, and the edges of the tables.
        let symbol = match pick.below(4) {
            0 | 1 => 0x20 + pick.below(0x5f),
            2 => pick.below(0x1_f000),
            _ => ranges[pick.below(ranges.len() as u32) as usize].1 + 1,
        };
        let is_out = ranges.iter().any(|(first, last)| (*first..=*last).contains(&symbol));
        if let (false, Some(symbol)) = (is_out, char::from_u32(symbol)) {
            return symbol;
        }
    }
}

/// A line as it is read: labels have single spaces and nothing dangling.
fn expected(shape: Shape, line: &str) -> Option<String> {
    let (_, chars) = shape.limits();
    if line.trim_matches(' ').chars().count() >= chars {
        return None;
    }
    match shape {
        Shape::Labels { .. } => label(line.trim_matches(' ')),
        Shape::Sentences { .. } => Some(line.to_owned()),
    }
}

proptest! {
    // proves: SR-47 (whatever the grammar admits is read, and nothing else)
    #[test]
    fn everything_the_grammar_admits_is_read(
        numbers in proptest::collection::vec(any::<u32>(), 7..40), which in 0..SHAPES.len()
    ) {
        let shape = SHAPES[which];
        let text = admitted(&shape.grammar(), &mut Pick(numbers, 0));
        let mut wanted: Vec<String> = Vec::new();
        for line in text.split('\n') {
            if let Some(line) = expected(shape, line)
                && !wanted.iter().any(|other| other.to_lowercase() == line.to_lowercase())
            {
                wanted.push(line);
            }
        }
        prop_assert_eq!(shape.parse(&text, true), wanted, "{:?}", text);
        prop_assert!(text.split('\n').count() <= shape.limits().0);
    }

    #[test]
    fn what_is_read_always_has_the_shape(said in "[\\PC\n\r\t<>*#_`.!? a-z-]{0,300}", which in 0..SHAPES.len(), whole: bool) {
        let shape = SHAPES[which];
        let (most, chars) = shape.limits();
        let lines = shape.parse(&said, whole);
        prop_assert!(lines.len() <= most);
        for line in &lines {
            prop_assert!(!line.is_empty() && line.chars().count() < chars && !line.contains(['\n', '<', '#', '*', '`']));
            // Reading is stable: what was kept is kept again, and changes no more.
            prop_assert_eq!(shape.parse(line, true), vec![line.clone()]);
        }
    }

    #[test]
    fn a_damaged_line_is_left_out_and_the_others_stay(
        numbers in proptest::collection::vec(any::<u32>(), 7..40), which in 0..SHAPES.len(), damage in 0..DAMAGE.len()
    ) {
        let shape = SHAPES[which];
        let text = admitted(&shape.grammar(), &mut Pick(numbers, 0));
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let at = first.char_indices().nth(1).map_or(first.len(), |(at, _)| at);
        let damaged = format!("{}{}{}", &first[..at], DAMAGE[damage], &first[at..]);
        let without = shape.parse(rest, true);
        prop_assert_eq!(shape.parse(&format!("{damaged}\n{rest}"), true), without);
    }
}

const DAMAGE: [&str; 9] = ["<", "\u{0}", "\u{202e}", "**", "\u{fffd}", "`", "\u{7}", "[x](y)", "{{"];

#[test]
fn lines_are_read_as_people_would() {
    let labels = Shape::Labels { most: 3, chars: 24 };
    assert_eq!(
        labels.parse("- Sea\n- long  walks\nsea\nAna's boat\nfourth", true),
        ["Sea", "long walks", "Ana's boat"]
    );
    assert_eq!(labels.parse("sea\nlong wal", false), ["sea"], "what was cut may be half a word");
    assert_eq!(labels.parse("1. first\n\"quoted\"\n#tag\nsure, here you are:", true), Vec::<String>::new());
    let sentences = Shape::Sentences { most: 2, chars: 40 };
    assert_eq!(sentences.parse("It rained.\nWe read and sl", false), ["It rained."]);
    assert_eq!(
        sentences.parse(
            "* a list.\nAll *day* long.\nNo end\n\u{96e8}\u{304c}\u{964d}\u{3063}\u{305f}\u{3002}",
            true
        ),
        ["\u{96e8}\u{304c}\u{964d}\u{3063}\u{305f}\u{3002}"]
    );
    assert!(labels.max_tokens() < 100 && sentences.max_tokens() < 100);
}
