//! What stays of a journal in the program's memory once it is locked, deleted or given another password: nothing of its
//! words, wherever they were: in an answer, in what searches, in what is kept ready.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use data_encoding::BASE32_NOPAD;
use memchr::memmem;

use crate::program::{Place, is_root};
use crate::visitor::Visitor;

const NAME: &str = "Mira";
const PASSWORD: &str = "seven herons over the dyke";
const NEW: &str = "an entirely other password";
/// From locking until nothing is left (D47, SR-15).
const LIMIT: Duration = Duration::from_secs(2);
/// So much memory is read at a time.
const CHUNK: usize = 1 << 20;

/// A word that stands nowhere else, in small letters: the index of words has it as it is.
fn word() -> String {
    let mut random = [0; 10];
    File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    format!("zq{}", BASE32_NOPAD.encode(&random).to_lowercase())
}

/// The words that stand in the memory a process can write to, each as often as it stands there.
fn found(pid: u32, words: &[String]) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = Vec::new();
    let overlap = words.iter().map(String::len).max().unwrap();
    let mut chunk = vec![0; CHUNK + overlap];
    for line in
        maps.lines().filter(|line| line.split_whitespace().nth(1).is_some_and(|may| may.starts_with("rw")))
    {
        let (from, to) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let [mut at, to] = [from, to].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        while at < to {
            let wanted = chunk.len().min(usize::try_from(to - at).unwrap());
            // What cannot be read is the locked memory of the keys, or was given back meanwhile.
            let read = memory.read_at(&mut chunk[..wanted], at).unwrap_or(0);
            for word in words {
                let there = memmem::find_iter(&chunk[..read], word.as_bytes()).count();
                found.extend(std::iter::repeat_n(word.clone(), there));
            }
            at += CHUNK as u64;
        }
    }
    found
}

// D47 (index, caches, and whatever else was read)
#[test]
fn no_word_of_a_journal_stays_in_memory_after_it_was_locked() {
    if !is_root() {
        println!("skipped no_word_of_a_journal_stays_in_memory: only root may look at the program's memory");
        return;
    }
    for way_out in ["/lock", "/logout", "/settings/security/password", "/settings/security/delete"] {
        let place = Place::slim();
        let running = place.start();
        let mut visitor = Visitor::new(running.address);
        visitor.register(NAME, PASSWORD);
        let [entry, trace, searched, draft, reworded] = std::array::from_fn(|_| word());
        let id = visitor.write(&format!("By the lake, {entry}. The boats of {entry} were out."));
        visitor.post(&format!("/entries/{id}/traces"), &[("name", &trace)]);
        visitor.post("/search", &[("q", &searched)]);
        assert_eq!(visitor.post("/search", &[("q", &entry)]).status, 200);
        let today = visitor.today();
        visitor.post(&format!("{today}/draft"), &[("text", &draft)]);
        let other = visitor.write("Something else.");
        let edit = visitor.get(&format!("/entries/{other}/edit")).body;
        let revision = crate::visitor::field(&edit, "revision").unwrap();
        visitor.post(&format!("/entries/{other}"), &[("revision", &revision), ("text", &reworded)]);
        for page in [today.clone(), "/traces".to_owned(), "/search".to_owned(), "/trash".to_owned()] {
            assert_eq!(visitor.get(&page).status, 200, "{page}");
        }
        let words = [entry, trace, searched, draft, reworded];
        // The words are looked for in the right place: the index holds at least those of the entry.
        let open = found(running.id(), &words);
        assert!(open.contains(&words[0]), "nothing of {words:?} is found while it is open: {open:?}");

        let fields = [
            ("current_password", PASSWORD),
            ("name", NAME),
            ("username", NAME),
            ("password", NEW),
            ("password_confirm", NEW),
        ];
        let answer = visitor.post(way_out, if way_out.starts_with("/settings") { &fields } else { &[] });
        assert!([200, 303].contains(&answer.status), "{way_out}: {} {}", answer.status, answer.body);
        if way_out.ends_with("/password") {
            visitor.post("/lock", &[]);
        }
        let locked = Instant::now();
        loop {
            let left = found(running.id(), &words);
            if left.is_empty() {
                break;
            }
            assert!(locked.elapsed() < LIMIT, "{way_out}: {} of {words:?} stayed: {left:?}", left.len());
        }
        println!("{way_out}: {} places while open, none after {:?}", open.len(), locked.elapsed());
        running.stop();
        place.assert_calm();
    }
}
