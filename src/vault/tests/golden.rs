//! RR-14: journals as release 0.1 left them in states that are rare: in the middle of a renewal of the keys, on a full
//! disk, and with everything as large as it gets. Each is opened, and read to its last record.
//!
//! Made once by `LLAMORA_TEST_MAKE_GOLDEN=FOLDER cargo test --lib make_rare`; never anew for the same release.

use std::{
    fmt::Write,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    clock::Fixed,
    crypto::{canon::Name, hash::sha256, secret::Password},
    journal::entry::{Ending, Entry, Given, Provenance, Role},
    store::{
        Store,
        faults::{Calls, Disk},
    },
    vault::{
        KdfChoice, Vaults,
        drafts::{self, Draft, DraftOf},
        entries,
        error::VaultError,
        rotation::{Cursor, Step},
        settings,
        tests::{NOON, day, entry, id, reply, rotation::world::act},
        trash,
        unlocked::Unlocked,
        whole,
    },
};

const RELEASES: [&str; 1] = ["release-0.1"];
/// The longest that may be chosen: 64 letters, and 1,024 bytes.
const NAME: &str = "Wilhelmina-Alexandrina Featherstonehaugh of the Far Northern Isl";
const STATES: [&str; 3] = ["renewing", "full", "largest"];

fn password() -> Password {
    Password::choose(&"four boats and a lantern ".repeat(41)[..1024]).unwrap()
}

fn vaults(disk: &Disk) -> Vaults {
    let store = Arc::new(Store::on_disk(disk).unwrap());
    // The real cost: a file with cheaper parameters would be refused by everybody who opens it.
    Vaults::open(store, Arc::new(Fixed::at(NOON)), KdfChoice::Default).unwrap()
}

/// Every record a person can see, one a line, in an order and a form that no later change of the code moves.
fn contents(vault: &Unlocked) -> String {
    vault
        .read(|r| {
            let mut lines = String::new();
            let mut line = |what: &str, entry: &Entry| {
                let made = entry.made_by.as_ref().map_or("", |made| &made.model);
                let Entry { id, role, ending, imported, never_send, created, updated, zone, .. } = entry;
                let Entry { utc_offset_min, revision, deleted, reply_to, text, day, .. } = entry;
                let answered = reply_to.map(|id| id.to_string()).unwrap_or_default();
                writeln!(
                    lines,
                    "{what} {id} {day} {role:?} {ending:?} {imported} {never_send} {created} {updated} {zone} \
                     {utc_offset_min} {revision} {} {answered} {made} {text:?}",
                    deleted.unwrap_or(0)
                )
                .unwrap();
            };
            let days = whole::days(r)?;
            for walked in &days {
                let whole = whole::day(r, *walked)?;
                assert!(whole.flaws.is_empty(), "{walked}: a record does not open");
                for item in whole.items {
                    item.versions.iter().for_each(|version| line("version", version));
                    line("entry", &item.entry);
                }
            }
            for (id, deleted) in trash::trashed(r)? {
                writeln!(lines, "trash {id} {deleted}").unwrap();
            }
            for number in (0..4).map(day).chain(days) {
                for draft in drafts::all(r, DraftOf::Day(number))? {
                    writeln!(lines, "draft {number} {} {:?}", draft.saved, draft.text).unwrap();
                }
                let name = format!("setting {}", number.number());
                if let Some(value) = settings::get(r, &name)? {
                    writeln!(lines, "{name} {value:?}").unwrap();
                }
            }
            Ok(lines)
        })
        .unwrap()
}

/// Number of lines and digest, as they stand beside the golden files.
fn summary(state: &str, contents: &str) -> String {
    let digest: String = sha256(contents.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{state} {} records {digest}", contents.lines().count())
}

// proves: RR-14 (0.1: in the middle of a renewal, on a full disk, and with everything at its largest)
#[test]
fn rare_states_of_every_release_open_and_hold_every_record() {
    for release in RELEASES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(release);
        let written = fs::read_to_string(folder.join("contents.txt")).unwrap();
        for state in STATES {
            let mut image = Vec::new();
            let packed = fs::File::open(folder.join(format!("{state}.llamora.gz"))).unwrap();
            flate2::read::GzDecoder::new(packed).read_to_end(&mut image).unwrap();
            let disk = Disk::holding(image);
            let vaults = vaults(&disk);
            let vault = vaults.sign_in(NAME, password().expose()).unwrap().expect("it opens");
            let before = contents(&vault);
            let found = summary(state, &before);
            assert!(
                written.lines().any(|line| line == found),
                "{release}: {found}, and not as in\n{written}"
            );
            assert_eq!(vault.rotation().unwrap().is_running(), state == "renewing");

            // What was begun is brought to its end, and writing goes on.
            let mut cursor = Cursor::default();
            loop {
                match vault.advance(&mut cursor).unwrap() {
                    Step::Idle => break,
                    Step::Moved | Step::Turned => {}
                    Step::Compact => {
                        vaults.settle().unwrap();
                        vault.compacted().unwrap();
                    }
                    Step::Stuck(left) => panic!("{left:?}"),
                }
            }
            assert!(
                contents(&vault) == before,
                "{release}, {state}: the end of the renewal changed something"
            );
            vault.write(|w| entries::insert(w, &entry(201, day(5), "writing goes on"))).unwrap();
            let proof = vault.verify().unwrap();
            assert!(proof.ok && proof.strays == 0, "{release}, {state}");
        }
    }
}

fn write_largest(anna: &Unlocked) -> Result<(), VaultError> {
    let camel = "\u{1f42a}".repeat(12_000);
    let far = day(2_932_895);
    let answered = Entry { zone: "America/Argentina/ComodRivadavia".to_owned(), ..entry(101, far, &camel) };
    anna.write(|w| {
        entries::insert(w, &answered)?;
        let made_by = Provenance {
            model: "m".repeat(255),
            sha256: [255; 32],
            settings: "s".repeat(255),
            given: Given::default(),
        };
        let answer =
            Entry { ending: Ending::Failed, made_by: Some(made_by), ..reply(102, &answered, &camel) };
        entries::insert(w, &answer)?;
        // More than a year record can count on a day.
        for n in 0..260_u16 {
            let mut bytes = [3; 16];
            bytes[..2].copy_from_slice(&n.to_be_bytes());
            let id = crate::journal::ids::EntryId::from_bytes(bytes);
            entries::insert(w, &Entry { id, ..entry(3, day(20_779), "One of 260 on one day.") })?;
        }
        drafts::set(
            w,
            DraftOf::Day(day(0)),
            &[Draft { text: camel.clone(), saved: NOON, ..Draft::default() }],
        )
    })?;
    // As many earlier texts as are kept.
    let first = Entry { role: Role::Writer, ..entry(104, day(-25_567), "Revision 1.") };
    anna.write(|w| entries::insert(w, &first))?;
    anna.write(|w| {
        let mut old = first.clone();
        for n in 2..=entries::MAX_VERSIONS + 3 {
            entries::version(w, &old)?;
            old = Entry { revision: n, text: format!("Revision {n}."), ..old };
            entries::replace(w, &old)?;
        }
        trash::trash(w, id(104), NOON).map(|_| ())
    })
}

#[test]
fn make_rare() {
    let Some(folder) = std::env::var_os("LLAMORA_TEST_MAKE_GOLDEN").map(PathBuf::from) else { return };
    let listing = folder.join("contents.txt");
    assert!(!listing.exists(), "golden files are never made anew");
    let mut listed = Vec::new();
    for state in STATES {
        let disk = Disk::default();
        let vaults = vaults(&disk);
        let (anna, _) = vaults.register(&Name::choose(NAME).unwrap(), NAME, &password()).unwrap();
        for n in 0..40 {
            act(&anna, n, n.wrapping_mul(7), n).unwrap();
        }
        match state {
            "renewing" => {
                anna.refresh().unwrap();
                let mut cursor = Cursor::default();
                for _ in 0..3 {
                    assert_eq!(anna.advance_by(&mut cursor, 6).unwrap(), Step::Moved);
                }
            }
            "full" => {
                disk.fail(Calls::Changes, 25, io::ErrorKind::StorageFull, false);
                let refused = (40..).find_map(|n: u8| act(&anna, n, n.wrapping_mul(7), n).err());
                assert!(refused.is_some() && disk.fired() > 0);
                disk.mend();
            }
            _ => write_largest(&anna).unwrap(),
        }
        let image = disk.image();
        listed.push(summary(state, &contents(&anna)));
        let packed = fs::File::create(folder.join(format!("{state}.llamora.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
        io::Write::write_all(&mut packed, &image).unwrap();
        packed.finish().unwrap();
    }
    fs::write(listing, listed.join("\n") + "\n").unwrap();
}
