//! Markdown to HTML that may stand on a page.
//!
//! The parser shows raw HTML as text; what it writes then passes an allow-list (SR-33). Both are needed: the parser
//! is not trusted to be the only guard, and the allow-list alone would delete what the writer typed.
//! No class, style, id, name, title or image survives, so a text can neither dress up as part of the page, nor
//! steer htmx, nor load anything.

pub mod tasks;

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::LazyLock,
    time::{Duration, Instant},
};

use ammonia::{Builder, UrlRelative};
use minijinja::Value;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::{Serialize, Serializer};

/// What the parser knows beyond plain Markdown.
const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_TASKLISTS).union(Options::ENABLE_STRIKETHROUGH);
/// Deepest nesting that is drawn; what lies deeper stands at this depth. Bounds the work of the allow-list.
const MAX_DEPTH: usize = 24;
/// Most table cells that are drawn as cells; the parser fills short rows, so a small text can ask for very many.
const MAX_CELLS: usize = 4096;

/// Most events of the parser for a text of `n_bytes`: two for every byte up to 8 KiB, one for every two beyond. Dense
/// writing has one for every five; a table whose rows are filled up has millions.
const fn max_events(n_bytes: usize) -> usize {
    let dense = if n_bytes < 8 * 1024 { n_bytes } else { 8 * 1024 };
    64 + 2 * dense + n_bytes / 2
}
/// Most tags and character references for a text of `n_bytes`: each costs the allow-list as much as a hundred letters.
/// An entry of full length always has fewer than this.
const fn max_marks(n_bytes: usize) -> usize {
    12 * 1024 + n_bytes / 8
}
/// Longest time for the parser, whatever it is doing. What we know of stays far below.
const MAX_TIME: Duration = Duration::from_secs(1);

/// HTML that passed the allow-list. [`render`] is the only way to get one that is not empty.
#[derive(Clone, PartialEq, Eq)]
pub struct SanitizedHtml(String);

impl SanitizedHtml {
    /// No text at all.
    pub const fn empty() -> Self {
        Self(String::new())
    }

    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for SanitizedHtml {
    /// Reaches a template as a string that is not escaped again; templates therefore never need `| safe`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

/// Renders Markdown as journal writing: tables, task lists and strikethrough; a single newline breaks the line;
/// raw HTML shows as text; images become their description; headings start at the third level.
pub fn render(markdown: &str) -> SanitizedHtml {
    render_within(markdown, false, MAX_TIME)
}

/// The same for what a model wrote: links become their text, so that no text in the journal can make a model put one
/// in front of the writer (SR-47).
pub fn render_machine(markdown: &str) -> SanitizedHtml {
    render_within(markdown, true, MAX_TIME)
}

/// Renders in bounded work (SR-36): a text that asks for more is shown as it was typed.
fn render_within(markdown: &str, is_machine: bool, time: Duration) -> SanitizedHtml {
    let markdown = visible(markdown);
    let deadline = Instant::now() + time;
    let mut out = String::with_capacity(markdown.len() * 3 / 2);
    let mut events = Bounded::new(Parser::new_ext(&markdown, OPTIONS), max_events(markdown.len()), deadline);
    let is_link =
        |event: &Event<'_>| matches!(event, Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link));
    let shown = events.by_ref().filter(|event| !(is_machine && is_link(event)));
    html::push_html(&mut out, shown.map(as_writing));
    if events.gave_up || n_marks(&out) > max_marks(markdown.len()) {
        // Nothing but escaped text and line breaks of ours: the allow-list would change nothing.
        return SanitizedHtml(as_typed(&markdown));
    }
    SanitizedHtml(sanitize(&out))
}

fn n_marks(html: &str) -> usize {
    html.bytes().filter(|byte| matches!(byte, b'<' | b'&')).count()
}

/// The text itself, escaped, with its lines and blank lines.
fn as_typed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3 / 2);
    for (line_idx, line) in text.lines().enumerate() {
        out.push_str(if line_idx == 0 { "<p>" } else { "<br>\n" });
        for symbol in line.chars() {
            match symbol {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '\u{a0}' => out.push_str("&nbsp;"),
                '\r' => out.push('\n'),
                other => out.push(other),
            }
        }
    }
    out.push_str("</p>\n");
    out
}

/// Shows characters that would change how the text around them reads without being seen (SR-37): direction overrides
/// by their Unicode names in double angle brackets, other control characters by their control pictures. Embeddings,
/// isolates and marks stay: right-to-left writing needs them, and a paragraph ends what they begin.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| {
        matches!(c, '\u{202D}' | '\u{202E}') || (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
    };
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\u{202D}' => shown.push_str("\u{27EA}LRO\u{27EB}"),
            '\u{202E}' => shown.push_str("\u{27EA}RLO\u{27EB}"),
            '\u{7F}' => shown.push('\u{2421}'),
            c if !is_hidden(c) => shown.push(c),
            // C0 has a block of pictures; C1 has none.
            c => shown.push(char::from_u32(0x2400 + u32::from(c)).filter(|_| c < ' ').unwrap_or('\u{FFFD}')),
        }
    }
    Cow::Owned(shown)
}

/// Changes events of the parser into what a journal shows.
fn as_writing(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::TaskListMarker(done) => Event::InlineHtml(CowStr::Borrowed(if done {
            "<input type=\"checkbox\" disabled checked aria-label=\"done\"> "
        } else {
            "<input type=\"checkbox\" disabled aria-label=\"to do\"> "
        })),
        other => other,
    }
}

/// The page owns the first two heading levels.
const fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// Drops the tags of images, of what is nested too deep and of cells past [`MAX_CELLS`]; their text stays. Gives up
/// when there are too many events, or when they take too long.
struct Bounded<I> {
    events: I,
    n_left: usize,
    deadline: Instant,
    gave_up: bool,
    /// For each open tag, whether it was let through.
    open: Vec<bool>,
    depth: usize,
    n_cells: usize,
}

impl<I> Bounded<I> {
    const fn new(events: I, n_left: usize, deadline: Instant) -> Self {
        Self { events, n_left, deadline, gave_up: false, open: Vec::new(), depth: 0, n_cells: 0 }
    }

    /// Whether the next event may still be had. The clock is read once for every 64.
    fn goes_on(&mut self) -> bool {
        self.n_left = self.n_left.saturating_sub(1);
        self.gave_up =
            self.n_left == 0 || (self.n_left.is_multiple_of(64) && Instant::now() >= self.deadline);
        !self.gave_up
    }

    fn keeps(&mut self, tag: &Tag<'_>) -> bool {
        if let Tag::TableCell = tag {
            self.n_cells += 1;
        }
        let keep = self.depth < MAX_DEPTH && self.n_cells <= MAX_CELLS && !matches!(tag, Tag::Image { .. });
        self.open.push(keep);
        self.depth += usize::from(keep);
        keep
    }

    fn closes(&mut self) -> bool {
        let kept = self.open.pop().unwrap_or(false);
        self.depth -= usize::from(kept);
        kept
    }
}

impl<'a, I: Iterator<Item = Event<'a>>> Iterator for Bounded<I> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            let event = self.events.next()?;
            if !self.goes_on() {
                return None;
            }
            let keep = match &event {
                Event::Start(tag) => self.keeps(tag),
                Event::End(_) => self.closes(),
                _ => true,
            };
            if keep {
                return Some(event);
            }
        }
    }
}

/// Lets through what the allow-list names. Applying it twice changes nothing more.
fn sanitize(html: &str) -> String {
    static ALLOWED: LazyLock<Builder<'static>> = LazyLock::new(allowed);
    ALLOWED.clean(html).to_string()
}

fn allowed() -> Builder<'static> {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "input",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        // Empty does not mean empty here: without this line `title` and `lang` pass on every tag.
        .generic_attributes(HashSet::new())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .add_tag_attributes("a", ["href"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("input", ["checked", "disabled"])
        .add_tag_attribute_values("input", "type", ["checkbox"])
        .add_tag_attribute_values("input", "aria-label", ["done", "to do"])
        .set_tag_attribute_value("input", "disabled", "")
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer nofollow"))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny);
    builder
}

#[cfg(test)]
mod tests;
