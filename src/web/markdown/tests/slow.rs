//! Texts that make renderers slow (SR-36): known quadratic and exponential inputs, at 64 KiB.

use std::time::{Duration, Instant};

use crate::web::markdown::*;

const KIB: usize = 1024;

/// `part` again and again, 64 KiB of it.
fn full(part: &str) -> String {
    part.repeat(64 * KIB / part.len())
}

/// Half of `open`, half of `close`.
fn nested(open: &str, close: &str) -> String {
    let n = 64 * KIB / (open.len() + close.len());
    format!("{}a{}", open.repeat(n), close.repeat(n))
}

fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = [
        "[",
        "![",
        "[a](",
        "[a](<",
        "[a](b\"",
        "[a][",
        "*a ",
        "**a ",
        "_a_ ",
        "*a _b ",
        "a**b",
        "***",
        "~~a ",
        "~",
        "`",
        "``` ",
        "a`b``",
        "<",
        "<a ",
        "<!--",
        "<?",
        "<!A ",
        "<![CDATA[",
        "<a href=\"",
        "&",
        "&#1",
        "&amp",
        "\\",
        "> ",
        ">",
        "- ",
        "* ",
        "1. ",
        "1) ",
        "+ ",
        "# ",
        "#",
        "=\n",
        "a\n=\n",
        "-\n",
        "---\n",
        "| ",
        "|",
        "|a|\n",
        "|-",
        "a|b\n-|-\n",
        "[ ] ",
        "- [ ] ",
        "[a]: b\n",
        "[a]: b\n[a]\n",
        "[^a]",
        "a\n",
        "\n",
        " ",
        "\t",
        "    a\n",
        "http://a.b ",
        "<http://a.b>",
        "a@b.c ",
        "<a@b.c>",
        "\u{0}",
        "\u{301}",
        "\u{1f389}",
        "\r",
        "a  \n",
        "\\\n",
        "\"",
        "'",
        "(",
        "((a)",
        "]",
        "](",
        "_",
        "__a",
        "*_*_",
        "[*a](b)*",
        "<b>",
        "<b><i>",
        "</b>",
        "<div>\n",
        "<div>\n\n",
        "<script>",
        "<style>",
        "<textarea>",
        "<p>a",
        "<table>",
        "<svg><math>",
    ]
    .iter()
    .map(|part| ((*part).to_owned(), full(part)))
    .collect();
    for (open, close) in [
        ("[", "]"),
        ("[", "](a)"),
        ("![", "](a)"),
        ("*", "*"),
        ("**", "**"),
        ("_", "_"),
        ("*a ", " a*"),
        ("~~", "~~"),
        ("`", "`"),
        ("<b>", "</b>"),
        ("<div>\n", "</div>\n"),
        ("(", ")"),
        ("[a](", ")"),
        ("\"", "\""),
        ("<", ">"),
    ] {
        texts.push((format!("{open}...{close}"), nested(open, close)));
    }
    // Nesting by indentation, tables with short rows, runs of growing length.
    let steps: String = (0..360).map(|n| format!("{}- a\n", " ".repeat(n))).collect();
    texts.push(("steps of a list".to_owned(), steps));
    let quotes: String = (0..350).map(|n| format!("{}a\n", ">".repeat(n))).collect();
    texts.push(("steps of a quotation".to_owned(), quotes));
    let wide = 64 * KIB / 6;
    texts.push((
        "a wide table".to_owned(),
        format!("{}\n{}\n{}", "|a".repeat(wide), "|-".repeat(wide), "a\n".repeat(wide)),
    ));
    let ticks: String = (1..360).map(|n| format!("{} ", "`".repeat(n))).collect();
    texts.push(("runs of backticks".to_owned(), ticks));
    let stars: String = (1..360).map(|n| format!("{}a", "*".repeat(n))).collect();
    texts.push(("runs of stars".to_owned(), stars));
    let definitions: String = (0..2500).map(|n| format!("[{n}]: /{n}\n[{n}] ")).collect();
    texts.push(("many definitions".to_owned(), definitions));
    let long_reference =
        format!("[{}]: a\n\n{}", "x".repeat(900), format!("[{}]", "x".repeat(900)).repeat(70));
    texts.push(("a long definition used often".to_owned(), long_reference));
    texts
}

// proves: SR-36 (98 texts, the slowest in 46 to 50 ms, compiled without optimisation)
#[test]
fn no_text_of_64_kib_takes_long() {
    // The machine that runs this may be slow or busy: a plain text of the same length is the measure.
    let plain = full("A plain day, with rain in the morning and *some* sun later on.\n\n");
    let best = |text: &str| {
        let time = || {
            let begun = Instant::now();
            assert!(render(text).as_str().len() < 40 * text.len() + KIB);
            begun.elapsed()
        };
        (0..3).map(|_| time()).min().unwrap_or_default()
    };
    let measure = best(&plain);
    let mut times: Vec<(Duration, String)> =
        texts().into_iter().map(|(name, text)| (best(&text), name)).collect();
    times.sort_unstable();
    times.reverse();
    for (time, name) in times.iter().take(12) {
        println!("{time:>10.1?} {name:?} (plain: {measure:.1?})");
    }
    // What is quadratic takes hundreds of times as long as a plain text; the worst that is not takes twelve on a quiet
    // machine, and on one that is shared both are measured at different moments.
    let limit = 32 * measure;
    let slow: Vec<_> = times.iter().filter(|(time, _)| *time > limit).collect();
    assert!(slow.is_empty(), "limit {limit:?}, plain text {measure:?}: {slow:?}");
}
