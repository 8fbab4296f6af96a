use super::*;
use crate::llm::gguf::sample::good_file;

struct Place {
    folder: tempfile::TempDir,
    shelf: Shelf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("models"), folder.path());
    Place { folder, shelf }
}

impl Place {
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.shelf.folder())
            .into_iter()
            .flatten()
            .map(|item| item.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_model_is_added_remembered_chosen_and_removed() {
    let place = place();
    let mut told = Vec::new();
    let from = place.file("Mine Q4.gguf", &good_file(3_000_000));
    let added = place.shelf.add(&from, &mut |done, all| told.push((done, all))).unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(told[2].0, told[2].1);
    assert_eq!(added.pinned, Some(container::sha256_of_file(&from).unwrap()));
    assert_eq!(place.names(), ["Mine Q4.gguf", "SHA256SUMS"]);
    assert_eq!(place.shelf.list(), [added]);
    let sums = fs::read_to_string(place.shelf.folder().join("SHA256SUMS")).unwrap();
    assert!(sums.len() == 64 + 2 + 12 + 1 && sums.ends_with("  Mine Q4.gguf\n"), "{sums}");
    assert!(matches!(place.shelf.add(&from, &mut |_, _| ()), Err(ShelfError::Exists(_))));

    assert_eq!(place.shelf.chosen(), None);
    place.shelf.choose("Mine Q4.gguf").unwrap();
    assert_eq!(place.shelf.chosen().as_deref(), Some("Mine Q4.gguf"));
    place.shelf.remove("Mine Q4.gguf").unwrap();
    assert_eq!((place.shelf.chosen(), place.names().len()), (None, 1));
    assert!(matches!(place.shelf.remove("Mine Q4.gguf"), Err(ShelfError::Missing(_))));
}

// proves: SR-50
#[test]
fn names_that_lead_elsewhere_and_links_are_refused() {
    let place = place();
    place.shelf.make_folder().unwrap();
    place.file("outside.gguf", &good_file(0));
    for name in
        ["../outside.gguf", "/etc/passwd", "a/b.gguf", "..", ".gguf", ".hidden.gguf", "a\n.gguf", "a.bin"]
    {
        assert!(!is_file_name(name), "{name}");
        assert!(matches!(place.shelf.remove(name), Err(ShelfError::Name(_))), "{name}");
        let finished = place.file("finished", &good_file(0));
        assert!(matches!(place.shelf.adopt(&finished, name, None), Err(ShelfError::Name(_))), "{name}");
    }
    #[cfg(unix)]
    {
        let link = place.shelf.folder().join("link.gguf");
        std::os::unix::fs::symlink(place.folder.path().join("outside.gguf"), &link).unwrap();
        assert_eq!(place.shelf.list(), []);
        assert!(matches!(place.shelf.remove("link.gguf"), Err(ShelfError::NotPlain(_))));
        let from = place.file("link.gguf", &good_file(0));
        assert!(matches!(place.shelf.add(&from, &mut |_, _| ()), Err(ShelfError::Exists(_))));
    }
    // What stands in the small file is judged as well: anybody who can write there can write anything.
    for wrong in ["../../outside.gguf\n", "", "\u{0}\n"] {
        place.file(CHOICE, wrong.as_bytes());
        assert_eq!(place.shelf.chosen(), None);
    }
}

// proves: SR-50
#[test]
fn what_is_no_model_or_not_the_listed_one_is_not_added_and_leaves_nothing() {
    let place = place();
    for (name, bytes) in [
        ("empty.gguf", Vec::new()),
        ("text.gguf", b"a shopping list".to_vec()),
        ("short.gguf", good_file(0)[..400].to_vec()),
    ] {
        let from = place.file(name, &bytes);
        assert!(matches!(place.shelf.add(&from, &mut |_, _| ()), Err(ShelfError::Model(_))), "{name}");
    }
    let gone = place.folder.path().join("gone.gguf");
    assert!(matches!(place.shelf.add(&gone, &mut |_, _| ()), Err(ShelfError::Missing(_))));
    // A good model under the name of a recommended one.
    let listed = crate::config::manifest::recommended().iter().find(|model| model.sha256.is_some()).unwrap();
    let from = place.file(&listed.file, &good_file(0));
    let refused = place.shelf.add(&from, &mut |_, _| ()).unwrap_err();
    assert!(refused.to_string().contains("is not the file that it should be"), "{refused}");
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn copies_that_broke_off_are_swept_and_one_that_is_being_made_is_not() {
    let place = place();
    place.shelf.make_folder().unwrap();
    for name in [".left.gguf.17.adding", ".held.gguf.18.adding", "other.adding", ".other"] {
        fs::write(place.shelf.folder().join(name), good_file(5)).unwrap();
    }
    let held = File::open(place.shelf.folder().join(".held.gguf.18.adding")).unwrap();
    held.try_lock().unwrap();
    let from = place.file("mine.gguf", &good_file(3_000_000));
    // While it is made, it is not swept by whoever adds another one.
    let second = place.shelf.clone();
    place.shelf.add(&from, &mut |_, _| second.sweep()).unwrap();
    assert_eq!(place.names(), [".held.gguf.18.adding", ".other", "SHA256SUMS", "mine.gguf", "other.adding"]);
    drop(held);
    place.shelf.sweep();
    assert_eq!(place.names(), [".other", "SHA256SUMS", "mine.gguf", "other.adding"]);
}
