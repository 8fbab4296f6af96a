//! A line on the terminal that says how far a long copy is.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// The line is drawn again this often at most.
const REDRAW: Duration = Duration::from_millis(200);

/// Draws progress on standard error, when that is a terminal.
pub struct Progress {
    word: &'static str,
    is_shown: bool,
    begun: Option<(Instant, u64)>,
    drawn: Option<Instant>,
}

impl Progress {
    /// One that has not begun. `word` says what is done, as in `fetched`.
    pub fn new(word: &'static str) -> Self {
        Self { word, is_shown: io::stderr().is_terminal(), begun: None, drawn: None }
    }

    /// Says how many bytes are done, and of how many.
    pub fn show(&mut self, done: u64, all: Option<u64>) {
        let now = Instant::now();
        let (start, first) = *self.begun.get_or_insert((now, done));
        let is_last = all == Some(done);
        if !self.is_shown || (!is_last && self.drawn.is_some_and(|drawn| now - drawn < REDRAW)) {
            return;
        }
        self.drawn = Some(now);
        let line = line(self.word, done, all, (now - start, done - first.min(done)));
        // A line that cannot be drawn is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }

    /// Ends the line.
    pub fn end(&mut self) {
        if self.is_shown && self.drawn.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}

/// `fetched [#####.....] 52 of 104 MB, 3 MB/s, 17 s left`
fn line(word: &str, done: u64, all: Option<u64>, (time, here): (Duration, u64)) -> String {
    const WIDTH: u64 = 24;
    let mb = |bytes: u64| bytes / 1_000_000;
    let rate = here as f64 / time.as_secs_f64().max(0.001);
    let speed = if time.as_millis() < 500 { String::new() } else { format!(", {:.1} MB/s", rate / 1e6) };
    let Some(all) = all.filter(|all| *all > 0) else { return format!("{word} {} MB{speed}", mb(done)) };
    let full = (done.min(all) * WIDTH / all) as usize;
    let left = match ((all - done.min(all)) as f64 / rate.max(1.0)).ceil() {
        _ if speed.is_empty() || done >= all => String::new(),
        seconds if seconds < 90.0 => format!(", {seconds:.0} s left"),
        seconds if seconds < 36_000.0 => format!(", {:.0} min left", seconds / 60.0),
        _ => String::new(),
    };
    let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH as usize - full));
    format!("{word} [{bar}] {} of {} MB{speed}{left}", mb(done), mb(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_long() {
        let mb = 1_000_000;
        let at = |done, all, secs, here| line("fetched", done, all, (Duration::from_secs(secs), here));
        let half = "fetched [############............] 50 of 100 MB, 5.0 MB/s, 10 s left";
        assert_eq!(at(50 * mb, Some(100 * mb), 10, 50 * mb), half);
        assert!(at(100 * mb, Some(100 * mb), 10, 100 * mb).ends_with("100 of 100 MB, 10.0 MB/s"));
        assert_eq!(at(5 * mb, None, 1, mb), "fetched 5 MB, 1.0 MB/s");
        assert!(at(mb, Some(5_000 * mb), 1, mb).ends_with("83 min left"));
        assert_eq!(at(0, Some(0), 0, 0), "fetched 0 MB");
    }
}
