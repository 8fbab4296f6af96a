//! The shape of the source, as tests: layers, homes of crates, sizes. ARCHITECTURE.md gives the reasons.

#[path = "tidy/messages.rs"]
mod messages;
#[path = "tidy/source.rs"]
mod source;

use llamora::telemetry::FIELDS;
use source::{Source, files, root};

/// Every module of the crate with the modules it may use; itself is understood. `a::b` allows only that part of `a`.
const MAY_USE: &[(&str, &[&str])] = &[
    // 0: std and external crates only, and randomness
    ("random", &[]),
    ("journal", &[]),
    ("crypto", &["random"]),
    ("clock", &["random"]),
    ("blocking", &[]),
    ("config", &[]),
    ("container", &[]),
    ("shutdown", &[]),
    ("outgoing", &[]),
    // 1: siblings do not know each other; the store sees no keys, search and llm see neither keys nor store
    ("store", &["clock", "blocking", "config"]),
    ("search", &["journal", "clock", "blocking", "config", "container"]),
    ("llm", &["journal", "clock", "blocking", "config", "container", "outgoing"]),
    // 1b: the only place where plaintext and key meet
    ("vault", &["crypto", "store", "journal", "clock", "blocking", "random"]),
    // 2
    (
        "services",
        &[
            "vault",
            "search",
            "llm",
            "journal",
            "clock",
            "blocking",
            "config",
            "shutdown",
            "random",
            // Of the keys only what a person types and what a session carries; of the store only its state.
            "crypto::canon",
            "crypto::secret",
            "crypto::ticket",
            "crypto::token",
            "crypto::hash",
            "crypto::VaultId",
            "store::Store",
            "store::StoreState",
            "store::error",
            // Only in tests.
            "store::faults",
        ],
    ),
    // 3 and 4
    ("web", &["services", "journal", "config", "shutdown", "random"]),
    ("routes", &["web", "services", "journal"]),
    // 5: the composition root and what starts it
    ("app", ALL),
    ("cli", ALL),
    ("lifecycle", ALL),
    ("telemetry", ALL),
    ("main", ALL),
    ("lib", &[]),
];
const ALL: &[&str] = &["*"];

/// Crates with one home. A home is a file, or a module with everything below it.
const HOMES: &[(&str, &[&str])] = &[
    ("poem", &["src/web", "src/routes"]),
    ("hyper", &["src/web/listen", "src/outgoing"]),
    ("hyper_util", &["src/web/listen", "src/outgoing"]),
    ("http_body_util", &["src/outgoing"]),
    ("tokio_rustls", &["src/outgoing"]),
    ("webpki_roots", &["src/outgoing"]),
    ("socket2", &["src/web/listen"]),
    ("minijinja", &["src/web/view", "src/web/markdown", "src/llm/prompt"]),
    ("rust_embed", &["src/web/assets", "src/web/view"]),
    ("pulldown_cmark", &["src/web/markdown", "src/search/plain"]),
    ("ammonia", &["src/web/markdown"]),
    ("similar", &["src/web/changes"]),
    // By its types: `zip` is also what iterators do.
    ("ZipArchive", &["src/services/transfer/folder"]),
    ("ZipWriter", &["src/services/transfer/folder"]),
    ("flate2", &["src/services/transfer/folder", "src/services/transfer/tests", "src/vault/tests/golden"]),
    ("redb", &["src/store"]),
    ("icu_datetime", &["src/journal/dates"]),
    ("icu_calendar", &["src/journal/dates"]),
    ("icu_locale_core", &["src/journal/dates"]),
    ("zxcvbn", &["src/services/strength"]),
    ("postcard", &["src/vault", "src/search/graph"]),
    ("instant_distance", &["src/search/graph"]),
    ("pulp", &["src/search/codes", "src/search/candle/product"]),
    ("aes_gcm_siv", &["src/crypto"]),
    ("aes", &["src/crypto"]),
    ("polyval", &["src/crypto"]),
    ("scrypt", &["src/crypto"]),
    ("hkdf", &["src/crypto"]),
    ("hmac", &["src/crypto"]),
    ("sha2", &["src/crypto", "src/container"]),
    ("secmem_proc", &["src/crypto/memory"]),
    ("getrandom", &["src/random"]),
    ("candle_core", &["src/search/candle"]),
    ("candle_nn", &["src/search/candle"]),
    // In the second a method of tantivy's has that name.
    ("tokenizers", &["src/search/candle", "src/search/lexical/segment"]),
    ("tantivy", &["src/search/lexical"]),
    ("frostem", &["src/search/lexical"]),
    ("llama_cpp_2", &["src/llm/llama"]),
    ("llama_cpp_sys_2", &["src/llm/llama"]),
    ("memmap2", &["src/container"]),
    ("figment", &["src/config"]),
    ("clap", &["src/cli", "src/main"]),
    ("rpassword", &["src/cli"]),
    ("tracing_subscriber", &["src/telemetry"]),
    ("anyhow", &["src/app", "src/cli", "src/main", "src/lifecycle", "src/telemetry"]),
    // Not crates, but with a home all the same: threads and the blocking pool.
    ("spawn_blocking", &["src/blocking"]),
    ("unsafe", &["src/llm/llama", "src/container", "src/crypto/memory"]),
];

const LONGEST_FILE: usize = 400;
const LONGEST_ELEMENT: usize = 150;

fn check(broken: Vec<String>, rule: &str) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

fn lives_in(path: &str, homes: &[&str]) -> bool {
    homes.iter().any(|home| path == format!("{home}.rs") || path.starts_with(&format!("{home}/")))
}

fn rust() -> Vec<Source> {
    files("src", &[".rs"])
}

#[test]
fn every_module_stands_in_the_layer_table() {
    let known = |module: &str| MAY_USE.iter().any(|(name, _)| *name == module);
    let broken = rust().iter().filter(|file| !known(file.module())).map(|file| file.path.clone()).collect();
    check(broken, "a module without a layer: add it to MAY_USE in tests/it/tidy.rs and to ARCHITECTURE.md");
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut broken = Vec::new();
    for file in rust() {
        let Some((own, allowed)) = MAY_USE.iter().find(|(name, _)| *name == file.module()) else { continue };
        if *allowed == ALL {
            continue;
        }
        for used in file.uses() {
            let module = used.split("::").next().unwrap_or("");
            let is_module = MAY_USE.iter().any(|(name, _)| *name == module);
            if is_module && module != *own && !allowed.contains(&module) && !allowed.contains(&used.as_str())
            {
                broken.push(format!("{} uses crate::{used}", file.path));
            }
        }
    }
    check(broken, "a module may use only the modules that MAY_USE gives it");
}

#[test]
fn no_path_climbs_out_of_its_module() {
    let mut broken = Vec::new();
    for file in rust() {
        let top = file.path.matches('/').count() == 1;
        for (n, line) in file.product() {
            if line.contains("super::super::") || (top && line.contains("super::")) {
                broken.push(format!("{}:{n}", file.path));
            }
        }
    }
    check(broken, "write `use crate::...`: the layer rules read those");
}

#[test]
fn crates_are_named_only_in_their_homes() {
    let mut broken = Vec::new();
    for file in rust() {
        for (name, homes) in HOMES {
            if !lives_in(&file.path, homes) {
                broken
                    .extend(file.lines_with(name).iter().map(|n| format!("{}:{n} names {name}", file.path)));
            }
        }
    }
    check(broken, "each of these has one home, see HOMES in tests/it/tidy.rs");
}

// proves: SR-53
#[test]
fn log_lines_hold_fields_of_the_list_and_messages_without_values() {
    let mut broken = Vec::new();
    let mut n_calls = 0;
    for file in rust() {
        for (n, arguments) in file.log_calls() {
            n_calls += 1;
            for argument in arguments {
                let is_message = argument.starts_with('"');
                let name =
                    argument.split('=').next().unwrap_or_default().trim().trim_start_matches(['%', '?']);
                // States of the store are words without values, so their Debug is as good as a name.
                let is_debug = (argument.contains("= ?") || argument.starts_with('?'))
                    && !["from", "to"].contains(&name);
                if is_debug
                    || (is_message && argument.contains('{'))
                    || !(is_message || FIELDS.contains(&name))
                {
                    broken.push(format!("{}:{n}: {argument}", file.path));
                }
            }
        }
    }
    assert!(n_calls > 15, "{n_calls} calls found: are they still written `tracing::info!(...)`?");
    check(broken, "a log line may say only what src/telemetry.rs lists, and never with Debug");
}

#[test]
fn only_the_engines_and_the_program_start_threads() {
    let homes = &[
        "src/llm/worker",
        "src/search/embed",
        "src/blocking",
        "src/lifecycle",
        "src/app",
        "src/cli",
        // One computation that several cores share, over before it answers.
        "src/search/cores",
    ];
    let mut broken = Vec::new();
    for file in rust().iter().filter(|file| !lives_in(&file.path, homes)) {
        let starts = |line: &str| line.contains("thread::spawn") || line.contains("thread::Builder");
        broken.extend(
            file.product().filter(|(_, line)| starts(line)).map(|(n, _)| format!("{}:{n}", file.path)),
        );
    }
    check(broken, "long work belongs to an engine's thread, short blocking work to crate::blocking");
}

#[test]
fn the_domain_does_no_io_and_knows_no_wire_format() {
    let mut broken = Vec::new();
    for file in rust().iter().filter(|file| file.module() == "journal") {
        for word in ["serde", "tokio", "fs", "net", "SystemTime"] {
            broken.extend(file.lines_with(word).iter().map(|n| format!("{}:{n} names {word}", file.path)));
        }
    }
    check(broken, "journal is plain: no IO, no clock, no serde");
}

#[test]
fn each_unsafe_block_says_why_it_is_sound() {
    let mut broken = Vec::new();
    for file in rust() {
        let lines: Vec<&str> = file.text.lines().collect();
        for n in file.lines_with("unsafe") {
            let above = &lines[n.saturating_sub(9)..n];
            let explained = above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if !explained && !lines[n - 1].contains("extern") && !lines[n - 1].contains("unsafe fn") {
                broken.push(format!("{}:{n}", file.path));
            }
        }
    }
    check(broken, "write `// SAFETY: ...` above the block");
}

#[test]
fn files_are_short() {
    let mut all = rust();
    all.extend(files("tests", &[".rs", ".js", ".mjs", ".ts"]));
    all.extend(files("assets/js", &[".js"]));
    all.extend(files("assets/css", &[".css"]));
    all.extend(files("templates", &[".html"]));
    all.extend(files(".", &["build.rs"]));
    let limit = |path: &str| if path.ends_with("-element.js") { LONGEST_ELEMENT } else { LONGEST_FILE };
    let length = |file: &Source| file.text.lines().count();
    let long = all.iter().filter(|file| length(file) > limit(&file.path));
    check(
        long.map(|file| format!("{} has {} lines", file.path, length(file))).collect(),
        "split these files",
    );
}

#[test]
fn modules_are_laid_out_one_way() {
    let named_mod = rust().into_iter().filter(|file| file.path.ends_with("/mod.rs")).map(|file| file.path);
    check(named_mod.collect(), "write foo.rs beside foo/, not foo/mod.rs");
}

#[test]
fn source_is_ascii_outside_of_tests() {
    let mut broken = Vec::new();
    for file in rust() {
        let original: Vec<&str> = file.text.lines().collect();
        let odd = file.product().filter(|(n, _)| original.get(n - 1).is_some_and(|line| !line.is_ascii()));
        broken.extend(odd.map(|(n, _)| format!("{}:{n}", file.path)));
    }
    check(broken, "write such characters as \\u{...}");
}

#[test]
fn templates_hold_no_inline_script_style_or_handler() {
    let mut broken = Vec::new();
    for file in files("templates", &[".html"]) {
        for (n, line) in file.text.lines().enumerate() {
            let lower = line.to_ascii_lowercase();
            let inline_script = lower.contains("<script") && !lower.contains("src=");
            let handler = lower.split_whitespace().any(|word| {
                word.strip_prefix("on").is_some_and(|rest| {
                    rest.split_once('=').is_some_and(|(name, _)| {
                        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase())
                    })
                })
            });
            let banned = [
                "<style",
                " style=",
                "hx-on",
                "javascript:",
                "|safe",
                "| safe",
                "autoescape false",
                "hx-vals=\"js:",
            ];
            if inline_script || handler || banned.iter().any(|word| lower.contains(word)) {
                broken.push(format!("{}:{}: {}", file.path, n + 1, line.trim()));
            }
        }
    }
    check(
        broken,
        "the content security policy forbids these, and `safe` is the type SanitizedHtml, not a filter",
    );
}

/// The checks of the reference's description that a page must pass (issue 6): each is named above a test.
const CHECKS: &[std::ops::RangeInclusive<u32>] = &[1..=10, 40..=48, 60..=65];

#[test]
fn each_check_is_named_above_a_test() {
    let mut all = rust();
    all.extend(files("tests", &[".rs", ".js"]));
    let is_named = |id: &str| {
        all.iter().any(|file| {
            file.text.lines().map(str::trim).any(|line| {
                line.strip_prefix("//").is_some_and(|comment| {
                    comment.trim_start_matches('/').split([' ', ',', ':']).any(|word| word == id)
                })
            })
        })
    };
    let ids = CHECKS.iter().cloned().flatten().map(|number| format!("D{number:02}"));
    check(ids.filter(|id| !is_named(id)).collect(), "write `// D41` above the test that shows it");
}

/// `Day::long` and `Day::weekday` are English: for prompts, for search, and where a language falls back on it.
#[test]
fn days_are_said_in_the_language_of_their_writer() {
    let homes = ["src/journal/", "src/llm/", "src/search/"];
    let mut broken = Vec::new();
    for file in rust().iter().filter(|file| !homes.iter().any(|home| file.path.starts_with(home))) {
        let said =
            |line: &&str| [".long()", ".weekday()", ".month_name()"].iter().any(|name| line.contains(name));
        broken.extend(file.text.lines().filter(said).map(|line| format!("{}: {}", file.path, line.trim())));
    }
    check(broken, "give templates the ISO date and a filter of `view/dates`, or take `Session::dates`");
}

#[test]
fn no_path_of_a_machine_is_in_the_source() {
    let mut all = rust();
    all.extend(files("templates", &[".html", ".txt"]));
    all.extend(files("assets/js", &[".js"]));
    let broken = all.iter().filter(|file| file.text.contains("/root/") || file.text.contains("/home/"));
    check(broken.map(|file| file.path.clone()).collect(), "no absolute path of a machine");
    assert!(root().join("Cargo.toml").exists());
}
