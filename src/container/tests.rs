use std::{os::unix::fs::PermissionsExt, process::Command};

use proptest::prelude::*;
use tempfile::TempDir;

use super::{layout::TRAILER_MAGIC, source::ModelSource, *};

/// 64 bytes of ELF header whose section headers end at 200, and 136 bytes after it.
fn small_elf() -> Vec<u8> {
    let mut elf = vec![7; 200];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[0x28..0x30].copy_from_slice(&72_u64.to_le_bytes());
    elf[0x3a..0x3c].copy_from_slice(&64_u16.to_le_bytes());
    elf[0x3c..0x3e].copy_from_slice(&2_u16.to_le_bytes());
    elf
}

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: TempDir::new().expect("a temp folder") };
        fs::write(bench.path("program"), small_elf()).expect("written");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn part(&self, name: &str, bytes: &[u8]) -> NewPart {
        let path = self.path(&name.replace('/', "-"));
        fs::write(&path, bytes).expect("written");
        NewPart { name: name.to_owned(), kind: "model".to_owned(), path, meta: String::new() }
    }

    fn bundle(&self, parts: &[NewPart]) -> PathBuf {
        let out = self.path("bundled");
        bundle(&self.path("program"), parts, &out, &mut |_, _| {}).expect("bundled");
        out
    }
}

#[test]
fn parts_come_back_as_they_were_and_stand_on_pages() {
    let bench = Bench::new();
    let (small, large) = (b"tokens".to_vec(), vec![5; 10_000]);
    let out =
        bench.bundle(&[bench.part("embedder/tokenizer.json", &small), bench.part("model/a.gguf", &large)]);
    let parts = read_index(&out).expect("an index");
    assert_eq!(
        parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(),
        ["embedder/tokenizer.json", "model/a.gguf"]
    );
    for (part, bytes) in parts.iter().zip([small, large]) {
        assert_eq!(part.offset % PAGE, 0);
        let source = ModelSource::part(&out, part);
        assert_eq!(&*source.open().expect("mapped"), bytes.as_slice());
        assert_eq!(source.sha256().expect("hashed"), part.sha256);
    }
    assert_eq!(ModelSource::part(&out, &parts[1]).name(), "a.gguf");
    assert_eq!(fs::read(&out).expect("read")[..200], small_elf());
}

#[test]
fn a_plain_program_has_no_parts() {
    let bench = Bench::new();
    assert_eq!(read_index(&bench.path("program")).expect("read"), []);
    fs::write(bench.path("short"), b"#!").expect("written");
    assert_eq!(read_index(&bench.path("short")).expect("read"), []);
    assert!(matches!(read_index(&bench.path("nothing")), Err(ContainerError::Io(..))));
}

#[test]
fn bundling_again_replaces_the_parts() {
    let bench = Bench::new();
    let (old, new) = (bench.part("old", &[1; 9000]), bench.part("new", &[2; 100]));
    let once = fs::read(bench.bundle(std::slice::from_ref(&new))).expect("read");
    let out = bench.bundle(&[old]);
    bundle(&out, &[new], &out, &mut |_, _| {}).expect("bundled over itself");
    assert_eq!(fs::read(&out).expect("read"), once);
}

#[test]
fn the_mode_of_the_program_is_kept_and_progress_reaches_the_end() {
    let bench = Bench::new();
    fs::set_permissions(bench.path("program"), fs::Permissions::from_mode(0o755)).expect("set");
    let (out, mut steps) = (bench.path("out"), Vec::new());
    let parts = [bench.part("a", &vec![0; 3 << 20])];
    bundle(&bench.path("program"), &parts, &out, &mut |done, total| steps.push((done, total)))
        .expect("bundled");
    assert_eq!(fs::metadata(&out).expect("facts").permissions().mode() & 0o777, 0o755);
    assert!(steps.len() >= 4 && steps.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(steps.last(), Some(&((3 << 20) + 200, (3 << 20) + 200)));
}

#[test]
fn a_failed_bundle_leaves_nothing_behind() {
    let bench = Bench::new();
    let missing = NewPart { path: bench.path("no such file"), ..bench.part("a", b"a") };
    let twice = [bench.part("a", b"a"), bench.part("a", b"a")];
    let before = fs::read_dir(bench.folder.path()).expect("listed").count();
    for parts in [&[missing][..], &twice, &[]] {
        assert!(bundle(&bench.path("program"), parts, &bench.path("out"), &mut |_, _| {}).is_err());
    }
    assert_eq!(fs::read_dir(bench.folder.path()).expect("listed").count(), before);
}

#[test]
fn a_bundle_cut_anywhere_says_so() {
    let bench = Bench::new();
    let out = bench.bundle(&[bench.part("a", &[1; 5000]), bench.part("b", &[2; 5000])]);
    let whole = fs::read(&out).expect("read");
    let marker_end = 4096 + 16;
    for len in [marker_end, 9000, whole.len() - TRAILER_LEN, whole.len() - 1] {
        fs::write(&out, &whole[..len]).expect("written");
        assert!(matches!(read_index(&out), Err(ContainerError::CutOff)), "{len} of {}", whole.len());
    }
    fs::write(&out, [whole.as_slice(), b"signature"].concat()).expect("written");
    assert!(matches!(read_index(&out), Err(ContainerError::CutOff)));
}

#[test]
fn every_altered_byte_of_index_and_trailer_is_noticed() {
    let bench = Bench::new();
    let out = bench.bundle(&[bench.part("a", b"a")]);
    let whole = fs::read(&out).expect("read");
    for at in 3 * 4096..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        fs::write(&out, altered).expect("written");
        assert!(read_index(&out).is_err(), "byte {at}");
    }
    let mut later = whole.clone();
    let version_at = whole.len() - TRAILER_LEN;
    later[version_at] = 2;
    fs::write(&out, later).expect("written");
    assert!(matches!(read_index(&out), Err(ContainerError::Version(2))));
}

/// Frozen. A change here is a new layout version, not a new expectation.
#[test]
fn the_bytes_of_a_bundle_are_these() {
    let bench = Bench::new();
    let part = NewPart { meta: "Apache-2.0".to_owned(), ..bench.part("model/a.gguf", b"GGUF") };
    let whole = fs::read(bench.bundle(&[part])).expect("read");
    assert_eq!(whole.len(), 3 * 4096 + 80 + 88);
    assert_eq!(whole[4096..4120], *b"LLAMORA-PARTS-1\n\xc8\0\0\0\0\0\0\0");
    assert_eq!(whole[8192..8197], *b"GGUF\0");
    let index = &whole[3 * 4096..3 * 4096 + 80];
    assert_eq!(index[..29], *b"\x0c\0model/a.gguf\x05model\0\x20\0\0\0\0\0\0\x04");
    assert_eq!(index[36..68], Sha256::digest(b"GGUF")[..]);
    assert_eq!(index[68..], *b"\x0a\0Apache-2.0");
    let trailer = &whole[3 * 4096 + 80..];
    let numbers = "01000000 01000000 c800000000000000 0030000000000000 5000000000000000 a830000000000000";
    assert_eq!(data_encoding::HEXLOWER.encode(&trailer[..40]), numbers.replace(' ', ""));
    let digest = Sha256::new().chain_update(&trailer[..40]).chain_update(index).finalize();
    assert_eq!(trailer[40..72], digest[..]);
    assert_eq!(trailer[72..], TRAILER_MAGIC);
}

#[test]
fn this_very_program_still_runs_with_parts_behind_it() {
    let bench = Bench::new();
    let own = std::env::current_exe().expect("this test program");
    let out = bench.path("tests");
    bundle(&own, &[bench.part("a", &[1; 100_000])], &out, &mut |_, _| {}).expect("bundled");
    // Another test may have forked while the file was open for writing: "text file busy" passes by itself.
    let listed = std::iter::repeat_with(|| Command::new(&out).arg("--list").output())
        .take(1000)
        .find(|output| !matches!(output, Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy));
    let listed = listed.expect("free").expect("it runs");
    assert!(listed.status.success());
    assert!(String::from_utf8_lossy(&listed.stdout).contains("this_very_program_still_runs"));
    assert_eq!(read_index(&out).expect("an index").len(), 1);
}

fn any_parts() -> impl Strategy<Value = Vec<(String, u64, String)>> {
    let name = "[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}(/[a-z]{1,8})?";
    proptest::collection::vec((name, 0_u64..1 << 40, "\\PC{0,20}"), 1..10)
}

proptest! {
    #[test]
    fn any_index_comes_back_and_any_damage_is_noticed(
        drafts in any_parts(), program_len in 0_u64..1 << 40, at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let mut free = page_up(program_len).expect("small") + PAGE;
        let mut parts: Vec<Part> = Vec::new();
        for (idx, (name, len, meta)) in drafts.into_iter().enumerate() {
            let name = format!("{idx}-{name}");
            parts.push(Part { name, kind: "model".to_owned(), offset: free, len, sha256: [idx as u8; 32], meta });
            free = page_up(free + len).expect("small");
        }
        let bytes = layout::encode(&parts, program_len, free).expect("encoded");
        let read = |bytes: &[u8]| -> Result<Option<Vec<Part>>, ContainerError> {
            let (index, trailer) = bytes.split_at(bytes.len() - TRAILER_LEN);
            let trailer = trailer.try_into().expect("a trailer");
            let Some(trailer) = layout::decode_trailer(trailer, free + bytes.len() as u64)? else { return Ok(None) };
            layout::decode_index(&trailer, index).map(Some)
        };
        prop_assert_eq!(read(&bytes).expect("decoded"), Some(parts));
        let mut damaged = bytes.clone();
        let at = at.index(bytes.len());
        damaged[at] ^= 1 << bit;
        prop_assert!(!matches!(read(&damaged), Ok(Some(_))));
    }
}
