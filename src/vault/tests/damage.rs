//! Files that rot: RR-09. Flipped bits, blank pages, cut or lengthened files are never a panic that gets out, never
//! wrong text, and never a silent loss.

use std::sync::Arc;

use crate::{
    clock::Fixed,
    store::{
        Store,
        error::StoreError,
        faults::{Dice, Disk, torture},
    },
    vault::{
        KdfChoice, Vaults, entries,
        error::VaultError,
        tests::{Fixture, NOON, day, entry},
    },
};

const PAGE: usize = 4096;

/// What became of a damaged file.
#[derive(Default, Debug)]
struct Tally {
    /// Refused with an error that says so.
    refused: u64,
    /// Opened with everything in it: the damage hit nothing in use, or one of two copies.
    whole: u64,
    /// Opened with something missing, and said so.
    told: u64,
}

fn text(number: u8) -> String {
    format!("Entry {number}. {}", "It rained again. ".repeat(usize::from(number) * 9))
}

/// A small journal after a clean end.
fn journal() -> Vec<u8> {
    let disk = Disk::default();
    let fixture = Fixture::over(Store::on_disk(&disk).unwrap()).unwrap();
    let anna = fixture.anna();
    for number in 1..20 {
        anna.write(|w| entries::insert(w, &entry(number, day(i32::from(number / 7)), &text(number))))
            .unwrap();
    }
    fixture.store.quiet().unwrap();
    drop((anna, fixture));
    disk.image()
}

/// Opens a damaged image and reads everything; a wrong text or a silent loss fails the test.
fn judge(image: Vec<u8>, what: &str, tally: &mut Tally) {
    let disk = Disk::holding(image);
    match Store::on_disk(&disk).map_err(VaultError::from).and_then(|store| reads(store, what)) {
        Err(VaultError::Store(
            StoreError::Damaged(_)
            | StoreError::Foreign
            | StoreError::Newer(_)
            | StoreError::Failed
            | StoreError::Io(_),
        )) => tally.refused += 1,
        Err(VaultError::Altered(_) | VaultError::Seal(_)) => tally.told += 1,
        Err(other) => panic!("{what}: {other}"),
        Ok(true) => tally.whole += 1,
        Ok(false) => tally.told += 1,
    }
}

/// `true` when everything is there, `false` when something is missing and the journal says so.
fn reads(store: Store, what: &str) -> Result<bool, VaultError> {
    let vaults = Vaults::open(Arc::new(store), Arc::new(Fixed::at(NOON)), KdfChoice::Cheap)?;
    // Not being found is a refusal that the person sees.
    let Some(anna) = vaults.sign_in("anna", "correct horse")? else { return Ok(false) };
    let is_whole = anna.verify()?.ok;
    anna.read(|r| {
        let (mut seen, mut has_flaws) = (0, false);
        for on in 0..3 {
            let page = entries::page(r, day(on))?;
            has_flaws |= !page.flaws.is_empty();
            for found in &page.entries {
                assert_eq!(found.text, text(found.id.as_bytes()[0]), "{what}: wrong text is shown");
                seen += 1;
            }
        }
        assert!(
            seen == 19 || !is_whole || has_flaws,
            "{what}: {seen} of 19 entries, and not a word about it"
        );
        Ok(seen == 19 && is_whole && !has_flaws)
    })
}

fn flipped(image: &[u8], byte: usize, bit: u64) -> Vec<u8> {
    let mut damaged = image.to_vec();
    damaged[byte] ^= 1 << bit;
    damaged
}

// proves: RR-09 (640 flips in the header, 960 in pages)
#[test]
fn rr09_every_bit_of_the_header_and_many_of_every_page_may_flip() {
    let image = journal();
    let mut header = Tally::default();
    let header_bits = if torture() > 1 { 8 } else { 2 };
    for byte in 0..320 {
        for n in 0..header_bits {
            let bit = (byte as u64 + n * 3) % 8;
            judge(flipped(&image, byte, bit), &format!("bit {bit} of byte {byte}"), &mut header);
        }
    }
    let mut pages = Tally::default();
    let mut dice = Dice::new(9);
    for page in 0..image.len() / PAGE {
        let is_blank = image[page * PAGE..][..PAGE].iter().all(|byte| *byte == 0);
        for _ in 0..if is_blank { 1 } else { 24 * torture() } {
            let (byte, bit) = (page * PAGE + dice.below(PAGE as u64) as usize, dice.below(8));
            judge(flipped(&image, byte, bit), &format!("bit {bit} of byte {byte}"), &mut pages);
        }
    }
    println!("RR-09: header {header:?}, pages {pages:?}, file of {} bytes", image.len());
    assert!(header.refused > 50 && pages.refused > 50, "{header:?} {pages:?}");
}

// proves: RR-09
#[test]
fn rr09_blank_pages_cut_files_and_junk_at_the_end_are_noticed_or_harmless() {
    let image = journal();
    let pages = image.len() / PAGE;
    let (mut blank, mut cut, mut longer) = (Tally::default(), Tally::default(), Tally::default());
    for page in 0..pages {
        let mut damaged = image.clone();
        damaged[page * PAGE..][..PAGE].fill(0);
        judge(damaged, &format!("page {page} blank"), &mut blank);
    }
    for page in 0..pages {
        for extra in [0, 100] {
            let len = page * PAGE + extra;
            if len > 0 {
                judge(image[..len].to_vec(), &format!("cut to {len}"), &mut cut);
            }
        }
    }
    for len in [1, 511, PAGE, 10 * PAGE, 1 << 20] {
        let mut damaged = image.clone();
        damaged.extend((0..len).map(|n| (n % 249) as u8));
        judge(damaged, &format!("{len} bytes of junk at the end"), &mut longer);
    }
    println!("RR-09: blank pages {blank:?}, cut {cut:?}, junk at the end {longer:?}");
    assert!(blank.refused > 3 && cut.refused + cut.told > 3, "{blank:?} {cut:?}");
}

// proves: RR-09
#[test]
fn rr09_without_the_check_at_start_altered_pages_still_never_show_wrong_text() {
    // Files above 256 MiB are not checked when they are opened: the seals and the head alone stand guard.
    let image = journal();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut dice = Dice::new(77);
    let mut tally = Tally::default();
    for _ in 0..150 * torture() {
        let byte = 320 + dice.below(image.len() as u64 - 320) as usize;
        if image[byte] == 0 {
            continue;
        }
        std::fs::write(&path, flipped(&image, byte, dice.below(8))).unwrap();
        let outcome = Store::open_checking_up_to(&path, 0).map_err(VaultError::from).and_then(|store| {
            let _ = store.read_through();
            reads(store, &format!("byte {byte}"))
        });
        match outcome {
            Ok(true) => tally.whole += 1,
            Ok(false) => tally.told += 1,
            Err(_) => tally.refused += 1,
        }
    }
    println!("RR-09 without the check at start: {tally:?}");
    assert!(tally.told + tally.refused > 5, "{tally:?}");
}
