//! What a save costs against fsyncs of the same disk, and what an entry takes on disk.
//!
//! A save is one durable commit of two phases: redb writes the pages, synchronises, writes the header, synchronises.
//! Counted with strace: two `fdatasync` and some twelve `pwrite64` for each entry. Over HTTP there come a connection,
//! a request and an answer, which the figure of `/healthz` shows alone.

use std::io::Write;
use std::time::{Duration, Instant};

use llamora::clock::System;
use llamora::crypto::{canon::Name, secret::Password};
use llamora::store::Store;
use llamora::vault::{KdfChoice, Vaults, entries};

use crate::grown;
use crate::program::{Place, is_quiet};
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
fn figures_of_one_durable_commit_against_three_fsyncs() {
    let place = Place::slim();
    let store = std::sync::Arc::new(Store::open(&place.path("journal")).unwrap());
    let vaults = Vaults::open(store, std::sync::Arc::new(System), KdfChoice::Cheap).unwrap();
    let password = Password::choose(PASSWORD).unwrap();
    let (vault, _) = vaults.register(&Name::choose(NAME).unwrap(), NAME, &password).unwrap();
    let mut file = std::fs::File::create(place.path("fsync")).unwrap();
    let (mut commits, mut syncs) = (Vec::new(), Vec::new());
    for number in 0..300 {
        syncs.push(fsync(&mut file));
        let new = grown::entry(number, 20_000);
        let begun = Instant::now();
        vault.write(|w| entries::insert(w, &new)).unwrap();
        commits.push(begun.elapsed());
    }
    let (commit, sync) = (median(commits), median(syncs));
    let ratio = commit.as_secs_f64() / (3.0 * sync.as_secs_f64());
    println!("figures of one durable commit");
    println!("  commit of an entry, median   {:.2} ms", commit.as_secs_f64() * 1e3);
    println!("  fsync of the same disk in the same run, median   {:.2} ms", sync.as_secs_f64() * 1e3);
    println!("  commit against three fsyncs   {ratio:.2}");
    // Judged as released and with nothing beside it: see `make bench`.
    assert!(commit < 3 * sync || !is_quiet(), "a commit takes {commit:?}, an fsync {sync:?}");
}

#[test]
fn figures_of_a_save_against_three_fsyncs_and_of_1000_entries_on_disk() {
    let place = Place::slim();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register(NAME, PASSWORD);
    visitor.write("The first page, for its token.");
    let mut file = std::fs::File::create(place.path("fsync")).unwrap();
    let (mut saves, mut visits, mut syncs, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for n in 0..ENTRIES {
        let day = format!("/d/2001-{:02}-{:02}", 1 + n / 100, 1 + n / 4 % 25);
        let text = format!(
            "Entry {n}. {}",
            "The rain had stopped and the street was quiet. ".repeat(1 + n as usize % 16)
        );
        bytes += text.len();
        syncs.push(fsync(&mut file));
        let begun = Instant::now();
        assert_eq!(visitor.client.send("GET", "/healthz", None).unwrap().status, 200);
        visits.push(begun.elapsed());
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
    println!("  request that does nothing, median   {:.2} ms", median(visits).as_secs_f64() * 1e3);
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
