//! Markdown to plain text, for embedding, word search and snippets.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Gives the words of a Markdown text without its signs.
///
/// Blocks are separated by one empty line, items, rows and hard breaks by a line end, so that
/// [`crate::search::chunk::chunks`] sees them. Link targets, image addresses and HTML tags are dropped, everything a
/// reader would read stays, code and the inside of HTML blocks included. Never fails; offsets of chunks and matches
/// are always offsets into this plain text, so it has to be made the same way each time.
pub fn plain(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut out = Plain { text: String::with_capacity(markdown.len()), pending: Gap::None };
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) => out.push(&text),
            Event::InlineMath(text) | Event::DisplayMath(text) => out.push(&text),
            Event::Html(text) => {
                out.push(&without_tags(&text));
                out.gap(Gap::Line);
            }
            Event::InlineHtml(_) | Event::TaskListMarker(_) => {}
            Event::FootnoteReference(name) => out.push(&name),
            Event::SoftBreak => out.gap(Gap::Space),
            Event::HardBreak => out.gap(Gap::Line),
            Event::Rule => out.gap(Gap::Block),
            Event::Start(tag) => match tag {
                Tag::Item | Tag::TableHead | Tag::TableRow => out.gap(Gap::Line),
                Tag::TableCell => out.gap(Gap::Space),
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::BlockQuote(_)
                | Tag::CodeBlock(_)
                | Tag::List(_)
                | Tag::Table(_)
                | Tag::HtmlBlock => out.gap(Gap::Block),
                _ => {}
            },
            Event::End(tag) => match tag {
                TagEnd::Item | TagEnd::TableHead | TagEnd::TableRow => out.gap(Gap::Line),
                TagEnd::TableCell => out.gap(Gap::Space),
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::BlockQuote(_)
                | TagEnd::CodeBlock
                | TagEnd::List(_)
                | TagEnd::Table
                | TagEnd::HtmlBlock => out.gap(Gap::Block),
                _ => {}
            },
        }
    }
    out.text.truncate(out.text.trim_end().len());
    out.text
}

/// White space owed before the next words; the largest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Block,
}

struct Plain {
    text: String,
    pending: Gap,
}

impl Plain {
    fn gap(&mut self, gap: Gap) {
        self.pending = self.pending.max(gap);
    }

    fn push(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if self.pending > Gap::None {
            self.text.truncate(self.text.trim_end().len());
        }
        if !self.text.is_empty() {
            self.text.push_str(match self.pending {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Block => "\n\n",
            });
        }
        self.pending = Gap::None;
        self.text.push_str(words);
    }
}

/// What stands between the tags of an HTML block; such blocks are not shown as HTML, but their words were written.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        match rest[open..].find('>') {
            Some(close) => rest = &rest[open + close + 1..],
            None => break,
        }
        text.push(' ');
    }
    if !rest.contains('<') {
        text.push_str(rest);
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signs_go_and_words_stay() {
        let text = plain(
            "# Sunday\n\nWalked to the *old* [harbour](https://example.org/x).\nIt **rained**.\n\n- [x] buy bread\n- call `Ana`\n\n| a | b |\n|---|---|\n| c | d |\n\n> quoted\n\n```\nlet x = 1;\n```\n\n![the boat](boat.png)",
        );
        assert_eq!(
            text,
            "Sunday\n\nWalked to the old harbour. It rained.\n\nbuy bread\ncall Ana\n\na b\nc d\n\nquoted\n\nlet x = 1;\n\nthe boat"
        );
    }

    #[test]
    fn words_inside_html_are_found_and_tags_are_not() {
        assert_eq!(
            plain("<div class=\"x\">\nkept words\n</div>\n\nand <b>bold</b> ones"),
            "kept words\n\nand bold ones"
        );
    }

    #[test]
    fn entities_are_read() {
        assert_eq!(plain("fish &amp; chips &eacute;"), "fish & chips é");
    }

    proptest! {
        #[test]
        fn any_text_becomes_plain_without_failing(text in any::<String>()) {
            let plain = plain(&text);
            prop_assert_eq!(plain.trim_end(), plain.as_str());
        }

        #[test]
        fn plain_words_are_unchanged(words in proptest::collection::vec("[a-z]{1,8}", 1..30)) {
            let text = words.join(" ");
            prop_assert_eq!(plain(&text), text);
        }
    }
}
