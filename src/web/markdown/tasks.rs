//! Task lists that can be ticked: the boxes of a rendered text become buttons, and a press changes one mark in the text.

use pulldown_cmark::{Event, Parser};

use super::{OPTIONS, SanitizedHtml, render, visible};

/// Renders a writer's text with its task boxes as buttons of the form around it: the box number `n` sends that form to
/// `{action}/{n}`. Works without scripts.
pub fn render_tickable(markdown: &str, action: &str) -> SanitizedHtml {
    let html = render(markdown);
    if !html.as_str().contains("<input ") || !is_plain(markdown) {
        return html;
    }
    // The allow-list escapes what the writer typed, so these tags are those of the boxes and nothing else.
    let mut out = String::with_capacity(html.as_str().len() + 256);
    let mut rest = html.as_str();
    let mut n = 0;
    while let Some((before, tag)) = rest.split_once("<input ") {
        let Some((attributes, after)) = tag.split_once('>') else { break };
        let is_done = attributes.contains("checked");
        out.push_str(before);
        out.push_str(&format!(
            "<button class=\"task\" type=\"submit\" role=\"checkbox\" aria-checked=\"{is_done}\" aria-label=\"Task\" \
             formaction=\"{action}/{n}\"></button>"
        ));
        rest = after;
        n += 1;
    }
    out.push_str(rest);
    SanitizedHtml(out)
}

/// The text with its task number `n` ticked, or no longer ticked; `None` when it has no such task.
pub fn toggle(markdown: &str, n: usize) -> Option<String> {
    if !is_plain(markdown) {
        return None;
    }
    let events = Parser::new_ext(markdown, OPTIONS).into_offset_iter();
    let mut marks = events.filter_map(|(event, place)| match event {
        Event::TaskListMarker(is_done) => Some((is_done, place)),
        _ => None,
    });
    let (is_done, place) = marks.nth(n)?;
    let at = place.start + markdown.get(place.clone())?.find('[')? + 1;
    let mut text = markdown.to_owned();
    let mark = text.get(at..)?.chars().next()?;
    text.replace_range(at..at + mark.len_utf8(), if is_done { " " } else { "x" });
    Some(text)
}

/// Nothing in it is shown otherwise than it was typed, so the boxes on the page are the boxes in the text.
fn is_plain(markdown: &str) -> bool {
    matches!(visible(markdown), std::borrow::Cow::Borrowed(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "Things:\n\n- [x] plums\n  - [ ] stones\n- [ ] bread [ ] and `[ ]`\n\n<input disabled> [ ]\n";

    #[test]
    fn each_box_is_a_button_that_names_its_number() {
        let html = render_tickable(LIST, "/entries/A/tasks");
        for (n, is_done) in [(0, true), (1, false), (2, false)] {
            let button =
                format!("aria-checked=\"{is_done}\" aria-label=\"Task\" formaction=\"/entries/A/tasks/{n}\"");
            assert!(html.as_str().contains(&button), "{}", html.as_str());
        }
        assert_eq!(html.as_str().matches("<button").count(), 3);
        assert!(html.as_str().contains("&lt;input disabled&gt;"));
        assert!(!html.as_str().contains("<input"));
    }

    #[test]
    fn a_press_changes_one_mark_and_nothing_else() {
        assert_eq!(toggle(LIST, 0), Some(LIST.replace("[x] plums", "[ ] plums")));
        assert_eq!(toggle(LIST, 1), Some(LIST.replace("[ ] stones", "[x] stones")));
        assert_eq!(toggle(LIST, 2), Some(LIST.replace("[ ] bread", "[x] bread")));
        assert_eq!(toggle(LIST, 3), None);
        assert_eq!(toggle("no list", 0), None);
        assert_eq!(toggle("- [ ] hidden \u{202E}", 0), None);
        assert_eq!(
            toggle("1. [X] big\r\n2. [ ] two\r\n", 0),
            Some("1. [ ] big\r\n2. [ ] two\r\n".to_owned())
        );
    }
}
