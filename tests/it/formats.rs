//! What is done with files of other versions.

use llamora::{
    app::{JOURNAL_FILE, folder::DataFolder, open_store},
    crypto::header::{Header, Profile, ROW},
    store::{Store, error::StoreError, rows::RowsMut},
};

// proves: RR-15
#[test]
fn a_journal_of_a_newer_version_is_refused_by_name_and_left_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(JOURNAL_FILE);
    let mut header = Header::new(Profile::cheap());
    header.min_reader = 9;
    let store = Store::open(&path).unwrap();
    store.write(|rows| -> Result<(), StoreError> { rows.put_small(ROW, &header.to_bytes()) }).unwrap();
    let crashed = std::fs::read(&path).unwrap();
    drop(store);
    let closed = std::fs::read(&path).unwrap();
    let folder = DataFolder::choose(Some(place.path().to_owned())).unwrap();
    for bytes in [closed, crashed] {
        std::fs::write(&path, &bytes).unwrap();
        let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
        let refused = open_store(&folder).err().expect("refused").to_string();
        assert!(
            refused.contains("revision 9 is needed") && refused.contains("Nothing was changed"),
            "{refused}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "not a byte is changed");
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), changed);
    }
}
