//! The life of a reply.

use crate::journal::entry::Ending;

/// Where a reply stands. The first three are running states and live in memory; the others are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplyState {
    /// Waits for its turn.
    Queued,
    /// The model reads the prompt.
    Reading,
    /// Words arrive.
    Streaming,
    /// The model came to its end.
    Complete,
    /// The writer stopped it; what is there is kept.
    Stopped,
    /// The model failed.
    Failed,
    /// The program ended first.
    Interrupted,
}

impl ReplyState {
    /// The value of `data-state` and the word used everywhere else.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reading => "reading",
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether more may still come.
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Queued | Self::Reading | Self::Streaming)
    }
}

impl From<Ending> for ReplyState {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Whole => Self::Complete,
            Ending::Stopped => Self::Stopped,
            Ending::Failed => Self::Failed,
            Ending::Interrupted => Self::Interrupted,
        }
    }
}
