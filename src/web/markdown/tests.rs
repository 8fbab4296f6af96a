mod slow;

use proptest::prelude::*;

use super::*;

fn html(markdown: &str) -> String {
    render(markdown).0
}

/// Every way into a script, a request, a style or a name that we could think of: own ones, and the shapes of the
/// OWASP filter evasion sheet and of published mutation XSS; then the published sets of `DOMPurify`. The browser test
/// loads the same files.
static PAYLOADS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let own = include_str!("../../../tests/payloads/markdown.json");
    let mut all: Vec<String> = serde_json::from_str(own).expect("an array of strings");
    all.extend(published(include_str!("../../../tests/payloads/dompurify.json")));
    all
});

/// The payloads of a file that says where they come from and under which licence.
fn published(file: &str) -> Vec<String> {
    let file: serde_json::Value = serde_json::from_str(file).expect("JSON");
    assert!(file["source"].is_string() && file["licence"].is_string());
    serde_json::from_value(file["payloads"].clone()).expect("an array of strings")
}

/// Tags of the result, each from `<` to `>`; text is escaped, so every `<` opens a tag.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').map_or(rest, |(tag, _)| tag)).collect()
}

fn assert_harmless(source: &str) {
    let html = html(source);
    for tag in tags(&html) {
        let allowed = [
            "a href=\"http",
            "a href=\"https",
            "a href=\"mailto:",
            "a target=\"_blank\" rel=\"",
            "a rel=\"",
            "input ",
            "ol start=\"",
        ];
        let bare = tag.trim_start_matches('/').chars().all(|c| c.is_ascii_alphanumeric());
        assert!(
            bare || allowed.iter().any(|start| tag.to_ascii_lowercase().starts_with(start)),
            "{source:?} gave <{tag}>"
        );
        let name: String =
            tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(
            !["script", "style", "img", "svg", "form", "template"].contains(&name.as_str()),
            "{source:?}"
        );
        // Attribute names are what stands before `="`; values cannot hold a quote.
        for attribute in tag.split("=\"").filter_map(|part| part.rsplit([' ', '"']).next()) {
            let wild = ["on", "hx-", "data-", "style", "id", "name", "class", "src", "ws-", "sse-"];
            let is_last = tag.ends_with(attribute);
            assert!(
                is_last || !wild.iter().any(|start| attribute.starts_with(start)),
                "{source:?} gave <{tag}>"
            );
        }
    }
    assert_eq!(sanitize(&html), html, "{source:?} is not stable");
}

// proves: SR-33 (494 payloads, 211 of them DOMPurify's fixtures)
#[test]
fn no_payload_becomes_a_script_a_handler_a_style_or_an_htmx_attribute() {
    for payload in PAYLOADS.iter() {
        assert_harmless(payload);
        assert_harmless(&format!("> - {payload}\n\n{payload}"));
        assert_harmless(&format!("**{payload}**"));
    }
}

// proves: SR-33 (652 examples of the CommonMark specification)
#[test]
fn no_example_of_the_specification_becomes_more_than_the_allow_list() {
    let examples = published(include_str!("../../../tests/payloads/commonmark.json"));
    assert!(examples.len() > 600, "{} examples", examples.len());
    for example in &examples {
        assert_harmless(example);
        assert_harmless(&format!("> {}", example.replace('\n', "\n> ")));
    }
}

// proves: SR-37
#[test]
fn characters_that_hide_are_shown_and_right_to_left_writing_is_left_alone() {
    assert_eq!(html("tra\u{202E}gnp.exe"), "<p>tra\u{27EA}RLO\u{27EB}gnp.exe</p>\n");
    assert_eq!(
        html("a\u{202D}b\u{7}c\u{7F}d\u{85}e"),
        "<p>a\u{27EA}LRO\u{27EB}b\u{2407}c\u{2421}d\u{FFFD}e</p>\n"
    );
    let hebrew = "\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{2068}Ada\u{2069}\u{200F}!";
    assert_eq!(html(hebrew), format!("<p>{hebrew}</p>\n"));
}

// proves: SR-34 (494 payloads at every character)
#[test]
fn a_payload_cut_anywhere_stays_text_while_it_streams() {
    for payload in PAYLOADS.iter() {
        let whole = crate::web::sse::escape(payload);
        for (cut, _) in payload.char_indices() {
            let (head, tail) = payload.split_at(cut);
            let parts = crate::web::sse::escape(head) + &crate::web::sse::escape(tail);
            assert_eq!(parts, whole, "{payload:?} cut at {cut}");
        }
        assert!(!whole.contains(['<', '>', '"', '\'']), "{whole:?}");
    }
}

#[test]
fn raw_html_shows_as_text() {
    assert_eq!(html("<b>Snow</b> on"), "<p>&lt;b&gt;Snow&lt;/b&gt; on</p>\n");
    assert_eq!(html("<div>\nx\n</div>"), "<p>&lt;div&gt;\nx\n&lt;/div&gt;</p>\n");
}

#[test]
fn a_newline_breaks_the_line() {
    assert_eq!(html("one\ntwo"), "<p>one<br>\ntwo</p>\n");
}

#[test]
fn headings_leave_the_first_two_levels_to_the_page() {
    assert_eq!(html("# a\n\n## b\n\n###### c"), "<h3>a</h3>\n<h4>b</h4>\n<h6>c</h6>\n");
}

#[test]
fn task_lists_tables_and_strikethrough_are_drawn() {
    let list = html("- [x] call\n- [ ] write");
    assert!(list.contains("aria-label=\"done\"") && list.contains("aria-label=\"to do\""), "{list}");
    assert!(list.contains("checked") && list.contains("disabled"), "{list}");
    assert!(html("|a|b|\n|-|-|\n|1|2|").contains("<td>1</td>"));
    assert_eq!(html("~~no~~"), "<p><del>no</del></p>\n");
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    let link = html("[x](https://a.example/?q=1&r=2)");
    assert!(link.contains("href=\"https://a.example/?q=1&amp;r=2\""), "{link}");
    assert!(link.contains("target=\"_blank\""), "{link}");
    assert!(link.contains("rel=\"noopener noreferrer nofollow\""), "{link}");
    assert!(html("<mailto:a@b.example>").contains("href=\"mailto:a@b.example\""));
    assert!(!html("[x](/logout)").contains("href"));
}

#[test]
fn an_image_becomes_its_description() {
    assert_eq!(html("![the bridge](https://a.example/x.png)"), "<p>the bridge</p>\n");
}

// proves: SR-36
#[test]
fn nesting_is_capped_and_text_survives_it() {
    for (open, count) in
        [("> ", 6000), ("- ", 6000), ("*a ", 4000), ("[", 12_000), ("1. ", 4000), ("**_", 4000)]
    {
        let html = html(&format!("{}core", open.repeat(count)));
        let mut depth = 0_usize;
        let mut deepest = 0;
        for tag in tags(&html).into_iter().filter(|tag| !tag.starts_with("br") && !tag.starts_with("hr")) {
            if tag.starts_with('/') {
                depth -= 1;
            } else {
                depth += 1;
                deepest = deepest.max(depth);
            }
        }
        assert!(deepest <= MAX_DEPTH + 2, "{open:?} nested {deepest} deep");
        assert!(html.contains("core"), "{open:?} lost its text");
    }
}

// proves: SR-36
#[test]
fn a_text_that_is_too_much_work_is_shown_as_it_was_typed() {
    let wide = format!("{}\n{}\n{}", "|a".repeat(3000), "|-".repeat(3000), "<b>*a*\n".repeat(3000));
    let shown = html(&wide);
    assert!(
        shown.starts_with("<p>|a|a") && shown.ends_with("<br>\n&lt;b&gt;*a*</p>\n"),
        "{}",
        &shown[shown.len() - 90..]
    );
    assert!(!shown.contains("<td>") && !shown.contains("<em>"));

    let text = format!("# Not *now*\n\n<script>alert(1)</script>\n{}", "*a* ".repeat(100));
    let shown = render_within(&text, false, Duration::ZERO).0;
    assert!(
        shown.starts_with("<p># Not *now*<br>\n<br>\n&lt;script&gt;alert(1)&lt;/script&gt;<br>\n*a* *a*"),
        "{shown}"
    );
    assert_eq!(sanitize(&shown), shown);
    assert!(
        render_within(&text, false, MAX_TIME).0.starts_with("<h3>Not <em>now</em></h3>"),
        "the control: in time it is drawn"
    );
}

// proves: SR-36
#[test]
fn a_small_text_cannot_ask_for_millions_of_cells() {
    let table = format!("{}\n{}\n{}", "|a".repeat(1500), "|-".repeat(1500), "a\n".repeat(2900));
    assert!(tags(&html(&table)).len() < 4 * MAX_CELLS);
}

proptest! {
    // proves: SR-33
    #[test]
    fn any_text_renders_harmlessly_and_stably(
        parts in proptest::collection::vec(
            prop_oneof![
                4 => proptest::sample::select(PAYLOADS.as_slice()),
                3 => proptest::sample::select(&["\n", "\n\n", "> ", "- ", "*", "**", "`", "```\n", "|", "[", "](", ")",
                    "<", ">", "&", "\"", "'", "~~", "    ", "# ", "1. ", "hx-", "nonce=", "<!--", "]]>"][..])
                    .prop_map(str::to_owned),
                2 => "\\PC{0,12}",
            ],
            0..12,
        )
    ) {
        assert_harmless(&parts.concat());
    }

    #[test]
    fn a_text_as_it_was_typed_is_what_the_allow_list_lets_through(text in "(\\PC|[\n\r<>&'\"\u{a0}]){1,60}") {
        let shown = as_typed(&text);
        prop_assert_eq!(sanitize(&shown), shown);
    }

    #[test]
    fn sanitizing_twice_changes_nothing(raw in "(<[a-z/!][a-z =\"'<>/-]{0,30}|\\PC{0,8}){0,12}") {
        let once = sanitize(&raw);
        prop_assert_eq!(sanitize(&once), once);
    }
}
