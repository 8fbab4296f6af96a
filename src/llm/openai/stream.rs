//! Reads a streamed answer: server-sent events with JSON in them. Pure.

use serde::Deserialize;

/// A line is no longer than this.
const MAX_LINE: usize = 1 << 20;

/// What one event says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// More text.
    pub(super) text: Option<String>,
    /// Tokens of the prompt that were read, and all.
    pub(super) progress: Option<(u32, u32)>,
    /// The answer is over.
    pub(super) end: bool,
    /// It is over because it was long enough.
    pub(super) length: bool,
    /// The server failed.
    pub(super) failed: bool,
}

/// What comes is not such a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAStream;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    prompt_progress: Option<Progress>,
    #[serde(default)]
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    total: u32,
    processed: u32,
}

/// Puts events together from pieces of any size.
#[derive(Default)]
pub(super) struct Events {
    line: Vec<u8>,
}

impl Events {
    /// Takes more bytes and gives the events that are whole.
    ///
    /// # Errors
    /// [`NotAStream`] when a line never ends or holds no JSON.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, NotAStream> {
        let mut out = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() > MAX_LINE {
                    return Err(NotAStream);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(event) = event(&line)? {
                out.push(event);
            }
        }
        Ok(out)
    }
}

/// One line; comments, names of events and blank lines say nothing.
fn event(line: &[u8]) -> Result<Option<Event>, NotAStream> {
    let line = std::str::from_utf8(line).map_err(|_| NotAStream)?.trim();
    // An older llama.cpp told errors so.
    if line.starts_with("error:") {
        return Ok(Some(Event { failed: true, ..Event::default() }));
    }
    let Some(data) = line.strip_prefix("data:") else { return Ok(None) };
    let data = data.trim();
    if data == "[DONE]" {
        return Ok(Some(Event { end: true, ..Event::default() }));
    }
    let chunk: Chunk = serde_json::from_str(data).map_err(|_| NotAStream)?;
    let choice = chunk.choices.into_iter().next();
    let reason = choice.as_ref().and_then(|choice| choice.finish_reason.clone());
    Ok(Some(Event {
        text: choice.and_then(|choice| choice.delta?.content).filter(|text| !text.is_empty()),
        progress: chunk.prompt_progress.map(|progress| (progress.processed, progress.total)),
        end: reason.as_deref().is_some_and(|reason| reason != "length"),
        length: reason.as_deref() == Some("length"),
        failed: chunk.error.is_some(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, size: usize) -> Result<Vec<Event>, NotAStream> {
        let mut events = Events::default();
        let mut out = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            out.extend(events.push(piece)?);
        }
        Ok(out)
    }

    #[test]
    fn events_are_put_together_from_pieces_of_any_size() {
        let text = ": a comment\r\n\r\nevent: x\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n\
            data: {\"choices\":[],\"prompt_progress\":{\"total\":9,\"processed\":4,\"cache\":0}}\n\n\
            data:{\"choices\":[{\"delta\":{\"content\":\"Gr\u{fc}n\"},\"finish_reason\":null}]}\n\n\
            data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":{}}\n\ndata: [DONE]\n\n";
        let whole = all(text, 4096).unwrap();
        assert_eq!(whole.len(), 5);
        assert_eq!(whole[0], Event::default());
        assert_eq!(whole[1].progress, Some((4, 9)));
        assert_eq!(whole[2].text.as_deref(), Some("Gr\u{fc}n"));
        assert!(whole[3].length && !whole[3].end && whole[4].end);
        for size in [1, 2, 7] {
            assert_eq!(all(text, size).unwrap(), whole);
        }
        assert!(all("data: {\"error\":{\"message\":\"secret\"}}\n", 9).unwrap()[0].failed);
        assert!(all("error: {}\n", 9).unwrap()[0].failed);
        for wrong in ["data: <html>\n", "data: {\"choices\":7}\n"] {
            assert_eq!(all(wrong, 64), Err(NotAStream));
        }
        assert_eq!(all(&"x".repeat(MAX_LINE + 2), 9999), Err(NotAStream));
    }
}
