use crate::web::pages::registry::{Rendered, render_samples};

use super::*;

fn all() -> Vec<Rendered> {
    let views = Views::embedded().expect("the templates parse");
    render_samples(&views).unwrap_or_else(|error| panic!("{error}"))
}

/// Opening tags of a page, each from `<` to `>`.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

#[test]
fn every_template_renders_with_every_sample() {
    let rendered = all();
    for name in Embedded::iter().filter(|name| name.ends_with(".html")) {
        let is_shared = [
            "base.html",
            "components/_icons.html",
            "components/_macros.html",
            "days/_passages.html",
            "components/_marks.html",
            "_held.html",
            "search/_box.html",
            "search/_hits.html",
            "search/_recent.html",
            "settings/_searches.html",
            "traces/_undo.html",
            "settings/_choices.html",
            "settings/_tabs.html",
            "settings/_transfer.html",
        ];
        assert!(
            is_shared.contains(&name.as_ref()) || rendered.iter().any(|one| one.template == name),
            "{name} has no context"
        );
    }
    // A day that gets no recap has nothing in its place; a list of no days is no list.
    let may_be_empty = [
        "calendar/_recap.html",
        "days/_opening.html",
        "days/_recap.html",
        "traces/_days.html",
        "traces/_summary.html",
    ];
    let is_empty = |one: &&Rendered| one.html.trim().is_empty() && !may_be_empty.contains(&one.template);
    let empty: Vec<&str> = rendered.iter().filter(is_empty).map(|one| one.template).collect();
    assert_eq!(empty, Vec::<&str>::new());
}

#[test]
fn no_template_holds_inline_script_style_or_handlers() {
    for one in all() {
        for tag in tags(&one.html) {
            let place = format!("{} {}: <{tag}>", one.template, one.sample);
            assert!(!tag.starts_with("style"), "{place}");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/assets/"), "{place}");
            for banned in [" style=", " hx-on", " hx-vals", "javascript:", " onclick", " onload", " onsubmit"]
            {
                assert!(!tag.contains(banned), "{place}");
            }
        }
    }
}

#[test]
fn every_element_with_htmx_attributes_carries_the_nonce() {
    for one in all() {
        for tag in tags(&one.html).filter(|tag| !tag.starts_with("hx-partial")) {
            let active = ["hx-get=", "hx-post=", "hx-headers"].iter().any(|name| tag.contains(name));
            assert!(
                !active || tag.contains("hx-nonce=\"c2FtcGxlLW5vbmNl\""),
                "{} {}: <{tag}>",
                one.template,
                one.sample
            );
        }
    }
}

#[test]
fn every_form_posts_within_the_site_and_carries_the_token() {
    for one in all() {
        for form in one.html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or(form);
            let place = format!("{} {}: {form}", one.template, one.sample);
            assert!(form.contains(" action=\"/"), "{place}");
            if form.contains("method=\"get\"") {
                // It only asks: a token or a text would stand in the address.
                assert!(!form.contains("csrf") && !form.contains("<textarea"), "{place}");
                continue;
            }
            assert!(form.contains("method=\"post\""), "{place}");
            assert!(form.contains("name=\"csrf\" value=\"sample-csrf-token\""), "{place}");
        }
        assert!(!one.html.contains("=\"//") && !one.html.contains("src=\"http"), "{}", one.template);
    }
}

#[test]
fn text_of_the_writer_is_escaped_and_out_of_reach_of_htmx() {
    for one in all() {
        assert!(!one.html.contains("<Ada>") && !one.html.contains("<zebra>"), "{}", one.template);
        assert!(!one.html.contains("<b>Snow"), "{}", one.template);
        for open in
            ["class=\"entry__body", "class=\"reply__text", "class=\"version__text", "class=\"hit__text"]
        {
            for tag in tags(&one.html).filter(|tag| tag.contains(open)) {
                assert!(
                    tag.contains("hx-ignore") && tag.contains("dir=\"auto\""),
                    "{}: <{tag}>",
                    one.template
                );
            }
        }
    }
}

#[test]
fn ids_are_unique_within_a_page() {
    for one in all() {
        let mut seen = std::collections::HashSet::new();
        for id in one.html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(seen.insert(id), "{} {}: {id} twice", one.template, one.sample);
        }
    }
}

#[test]
fn titles_are_generic() {
    for one in all() {
        let Some(title) = one.html.split("<title>").nth(1).and_then(|rest| rest.split('<').next()) else {
            continue;
        };
        assert!(title.starts_with("Llamora · ") && !title.chars().any(|c| c.is_ascii_digit()), "{title}");
    }
}

#[test]
fn a_missing_variable_is_an_error_that_tells_the_place_and_no_value() {
    #[derive(Serialize)]
    struct Wrong {
        secret: &'static str,
    }
    let views = Views::embedded().expect("the templates parse");
    let error = views
        .render_named("error.html", &Wrong { secret: "canary" }, Language::default())
        .expect_err("strict");
    assert!(error.to_string().contains("failed in line") && !error.to_string().contains("canary"), "{error}");
}

/// Writes all samples to the folder that `LLAMORA_PREVIEW` names, with the bundle beside them; does nothing otherwise.
#[test]
fn the_preview_is_written_when_asked_for() {
    let Some(folder) = std::env::var_os("LLAMORA_PREVIEW").map(std::path::PathBuf::from) else { return };
    let assets = folder.join("assets").join(crate::web::assets::HASH);
    std::fs::create_dir_all(&assets).expect("a folder for the preview");
    for name in [
        "main.css",
        "main.js",
        "favicon.svg",
        "serif-latin.woff2",
        "serif-latin-italic.woff2",
        "sans-latin.woff2",
    ] {
        let asset = crate::web::assets::named(name).expect("in the bundle");
        std::fs::write(assets.join(name), asset.bytes).expect("writable");
    }
    for one in all() {
        let name =
            format!("{}-{}.html", one.template.trim_end_matches(".html").replace('/', "-"), one.sample);
        std::fs::write(folder.join(name), one.html).expect("writable");
    }
}
