//! What a save costs over HTTP against fsyncs of the same disk, and what an entry takes on disk: printed; the ratio
//! depends on how busy the machine is.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::program::Place;
use crate::visitor::Visitor;

const NAME: &str = "Thrifty";
const PASSWORD: &str = "a penny under every stone";
const ENTRIES: u32 = 1_000;

/// One synchronisation of a few new bytes, on the disk of the journal.
fn fsync(file: &mut std::fs::File) -> Duration {
    file.write_all(&[0x5a; 4096]).unwrap();
    let begun = Instant::now();
    file.sync_data().unwrap();
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn figures_of_a_save_against_three_fsyncs_and_of_1000_entries_on_disk() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("The first page, for its token.");
    let mut file = std::fs::File::create(place.path("fsync")).unwrap();
    let (mut saves, mut syncs, mut bytes) = (Vec::new(), Vec::new(), 0);
    for n in 0..ENTRIES {
        let day = format!("/d/2001-{:02}-{:02}", 1 + n / 100, 1 + n / 4 % 25);
        let text = format!(
            "Entry {n}. {}",
            "The rain had stopped and the street was quiet. ".repeat(1 + n as usize % 16)
        );
        bytes += text.len();
        syncs.push(fsync(&mut file));
        let begun = Instant::now();
        let answer = visitor.post(&format!("{day}/entries"), &[("op", &format!("op{n}")), ("text", &text)]);
        saves.push(begun.elapsed());
        assert_eq!(answer.status, 303, "{}", answer.body);
    }
    // The quick-repair commit comes with the end.
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0));
    let size = std::fs::metadata(place.data_file()).unwrap().len();
    let (save, sync) = (median(saves), median(syncs));
    let ratio = save.as_secs_f64() / (3.0 * sync.as_secs_f64());
    let overhead = (size as f64 - bytes as f64) / f64::from(ENTRIES);
    println!("figures of saving");
    println!("  save over HTTP, median   {:.2} ms", save.as_secs_f64() * 1e3);
    println!("  fsync of the same disk in the same run, median   {:.2} ms", sync.as_secs_f64() * 1e3);
    println!("  save against three fsyncs   {ratio:.2}");
    println!(
        "  {ENTRIES} entries of {} bytes on average   file of {:.2} MB",
        bytes / ENTRIES as usize,
        size as f64 / 1e6
    );
    println!("  overhead per entry   {overhead:.0} bytes");
    assert!(overhead < 8_000.0, "{overhead:.0} bytes of overhead for each entry");
}
