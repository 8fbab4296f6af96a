//! The known answers K1 to K12 of `format-v1.md` section 19, against the values of the reference implementation.

use crate::crypto::{
    archive::{ArchiveReader, ArchiveWriter, Table},
    canon::Name,
    header::Header,
    kdf,
    keyring::Keyring,
    record::{Envelope, RecordType, RowKey},
    secret::{KeyFile, RecoveryCode},
    session::{Session, session_id},
    set::SetHash,
    tests::fixtures::*,
    unlock::{Stretched, Unlocker, passkey_input},
    witness::Witness,
    wrap,
};

fn sha256(bytes: &[u8]) -> String {
    hex(crate::crypto::hash::sha256(bytes))
}

fn stretched() -> Stretched {
    Stretched::new(&profile(), &Name::typed("Anna"), &password("correct horse battery staple")).unwrap()
}

fn entry(seq: u64, body: &[u8]) -> (RowKey, Vec<u8>) {
    let envelope = Envelope { kind: RecordType::ENTRY, schema: 1, seq, key: &ENTRY_ID, body };
    record_keys().seal_with(nonce(), &envelope, 480).unwrap()
}

fn day() -> (RowKey, Vec<u8>) {
    let envelope = Envelope { kind: RecordType::DAY, schema: 1, seq: 8, key: &DAY, body: &[b'x'; 500] };
    record_keys().seal_with(nonce(), &envelope, 480).unwrap()
}

/// The set hash after the first entry, and after it was replaced and the day was added.
fn sets() -> (SetHash, SetHash) {
    let (keys, mut set) = (record_keys(), SetHash::EMPTY);
    let mark = |(row, value): (RowKey, Vec<u8>)| keys.mark(&row, &value).unwrap();
    set.toggle(&mark(entry(7, b"body one")));
    let first = set.clone();
    for changed in [entry(7, b"body one"), entry(8, b"body two"), day()] {
        set.toggle(&mark(changed));
    }
    (first, set)
}

fn wrap_value() -> [u8; wrap::BYTES] {
    wrap::seal_with(nonce(), &stretched().unlocker(&header()), VAULT, &header(), &urk())
}

fn keyring_value() -> Vec<u8> {
    let row = unhex(known("K3.row")).try_into().unwrap();
    keyring(row).seal_with(nonce(), &vault_keys()).unwrap()
}

#[test]
fn k1_names_and_passwords_have_their_canonical_form() {
    for (typed, canonical) in [
        ("  Anna ", "616e6e61"),
        ("ANNA", "616e6e61"),
        ("ＡＮＮＡ", "616e6e61"),
        ("Żółć", "c5bcc3b3c582c487"),
        ("Σίσυφος", "cf83ceafcf83cf85cf86cebfcf83"),
        ("ΣΊΣΥΦΟΣ", "cf83ceafcf83cf85cf86cebfcf83"),
        ("ﬁona", "66696f6e61"),
        ("İbo", "69cc87626f"),
    ] {
        assert_eq!(hex(Name::typed(typed).expose()), canonical, "{typed}");
    }
    for typed in ["e\u{301}\u{a0}x", "é x"] {
        assert_eq!(hex(password(typed).expose()), "c3a92078");
    }
}

#[test]
fn k2_the_header_is_laid_out_byte_for_byte() {
    assert_eq!(hex(header().to_bytes()), known("K2.header"));
    assert_eq!(
        hex(&header().to_bytes()[160..]),
        "a28118ece736a670acf1bf9d443fa2c1827ff008976adbf7cc02e096eda114fe"
    );
    assert!(Header::parse(&unhex(known("K2.header"))).unwrap() == header());
}

#[test]
fn k3_a_password_leads_to_its_row_and_its_wrap() {
    let unlocker = stretched().unlocker(&header());
    let scrypt = kdf::scrypt(b"correct horse battery staple", &unhex(known("K3.salt")), 14, 1).unwrap();
    assert_eq!(hex(scrypt.as_slice()), known("K3.scrypt"));
    assert_eq!(hex(unlocker.row()), "a5c1806707734f6dab0928fc928517c6cee04aee28f08a3e9c21c4594119bd30");
    assert_eq!(hex(wrap_value()), known("K3.wrap"));
    assert!(known("K3.wrap").ends_with(
        "f45204f15e8fb6d62c34c5c41a33877084f67ba418c4f3e49797e0f7c9d2ddb16178c052b5107d3e2bd778c97199a88e"
    ));
    let (vault, opened) = wrap::open_wrap(&unlocker, &header(), &unhex(known("K3.wrap"))).unwrap();
    assert_eq!((vault, opened.expose()), (VAULT, urk().expose()));
}

#[test]
fn k3_the_prk_is_the_extract_of_kind_and_file() {
    let salt = [b"llm1/unlock".as_slice(), &[1], &UUID].concat();
    let prk = kdf::extract(&salt, &unhex(known("K3.scrypt")));
    assert_eq!(hex(prk.expose()), known("K3.prk"));
}

#[test]
fn k3_a_key_file_leads_to_another_row() {
    let key_file = KeyFile::from_bytes(&[b'k'; 40]).unwrap();
    let unlocker = stretched().unlocker_with(&header(), &key_file);
    assert_eq!(hex(unlocker.row()), known("K3.keyfile.row"));
    let value = wrap::seal_with(nonce(), &unlocker, VAULT, &header(), &urk());
    assert_eq!(sha256(&value), known("K3.keyfile.wrap.sha256"));
}

#[test]
fn k4_a_recovery_code_has_its_check_symbols_and_its_row() {
    let code = RecoveryCode::parse("0123456789ABCDEFGHJKMNPQRSQ9").unwrap();
    assert_eq!(code.display().as_str(), "0123-4567-89AB-CDEF-GHJK-MNPQ-RSQ9");
    assert!(RecoveryCode::parse(&format!("{}MZ", "Z".repeat(26))).is_ok());
    let unlocker = Unlocker::recovery(&header(), &code);
    assert_eq!(hex(unlocker.row()), known("K4.row"));
    let value = wrap::seal_with(nonce(), &unlocker, VAULT, &header(), &urk());
    assert_eq!(sha256(&value), known("K4.wrap.sha256"));
}

#[test]
fn k4_a_passkey_leads_to_its_row() {
    assert_eq!(hex(passkey_input(&UUID)), known("K4.passkey.input"));
    assert_eq!(hex(Unlocker::passkey(&header(), &key(0xc0)).row()), known("K4.passkey.row"));
}

#[test]
fn k5_keys_are_expanded_under_their_labels() {
    let (vault, records) = (vault_keys(), record_keys());
    for (key, name) in [
        (&vault.ring, "K5.ring"),
        (&vault.witness, "K5.witness"),
        (&records.record, "K5.record"),
        (&records.blind, "K5.blind"),
        (&records.set, "K5.set"),
        (&kdf::expand(token().key(), "llm1/session/key"), "K5.session"),
    ] {
        assert_eq!(hex(key.expose()), known(name), "{name}");
    }
    assert_eq!(hex(session_id(&token())), known("K5.sid"));
}

// proves: SR-63
#[test]
fn k7_records_stand_in_their_rows() {
    let (row, value) = entry(7, b"body one");
    assert_eq!(hex(row.as_bytes()), "f1f2f3f4f5f6f701dd86472835a5fd2ef9e257f26d2e868d");
    assert_eq!(hex(&value), known("K7.entry7.value"));
    assert_eq!(sha256(&value), "6c10d25bb878518b572ee847824c8d9beb8346bb8812123eafa897994bc11261");
    let (row, value) = entry(8, b"body two");
    assert_eq!(hex(row.as_bytes()), known("K7.entry.row"));
    assert_eq!(sha256(&value), known("K7.entry8.sha256"));
    let (row, value) = day();
    assert_eq!((hex(row.as_bytes()).as_str(), value.len()), (known("K7.day.row"), 992));
    assert_eq!(sha256(&value), "14c7c7f55763c02d3990312d6a579af49024aef359873acda034b880d914f565");
    let opened = record_keys().open(RecordType::ENTRY, &ENTRY_ID, &unhex(known("K7.entry7.value"))).unwrap();
    assert_eq!((opened.schema, opened.seq, opened.body()), (1, 7, b"body one".as_slice()));
}

#[test]
fn k8_the_set_hash_and_the_head_follow_the_rows() {
    let (first, second) = sets();
    assert_eq!(hex(first.as_bytes()), "136f61f321ea9865051d5e9653774523497ed234dc5e57cedfdacf0a661b9b52");
    assert_eq!(hex(second.as_bytes()), "bbeb6840c4040c302bb0fef2cf7fa97b0319a6bedc7ebaf24678beb33a1bb54e");
    let (row, value) = record_keys().seal_head_with(nonce(), &head(second)).unwrap();
    assert_eq!(hex(row.as_bytes()), known("K8.head.row"));
    assert_eq!(sha256(&value), "ffd6c4600c23d31173e578f5caed56e3a04443fba7db17bff9d5f507269677dc");
}

#[test]
fn k9_the_keyring_is_laid_out_byte_for_byte() {
    let value = keyring_value();
    assert_eq!(value.len(), 4_028);
    assert_eq!(sha256(&value), "edc58f2997b121b34871df223a0a5c232f3b59217bd214cceee699396ef3d6e0");
    let opened = Keyring::open(&vault_keys(), &value).unwrap();
    assert_eq!((opened.rev, opened.name.as_str(), opened.wraps[0].label.as_str()), (1, "Anna", "Chrom"));
}

#[test]
fn k10_the_session_row_is_laid_out_byte_for_byte() {
    let session = Session { urk: urk(), sess_gen: 1, created: 1_000, expires: 2_000, renewed: 1_000 };
    let value = session.seal_with(nonce(), &token(), &UUID, VAULT);
    assert_eq!(value.len(), 140);
    assert_eq!(sha256(&value), "40fe56fa2a40ac3b73b9b9685a64c713523f1f162e467020a1ac2cbf7001daac");
}

#[test]
fn k11_the_witness_is_laid_out_byte_for_byte() {
    let value = Witness::of(&head(sets().1)).seal_with(nonce(), &vault_keys());
    assert_eq!(value.len(), 92);
    assert_eq!(sha256(&value), "b937eb880d7794d379965ff431ac47c60c84e89fd1718a14c70d50f050e77420");
}

#[test]
fn k12_the_archive_of_all_these_rows_has_its_hash() {
    let (head_row, head_value) = record_keys().seal_head_with(nonce(), &head(sets().1)).unwrap();
    let mut records = [(head_row, head_value), entry(8, b"body two"), day()];
    records.sort();
    let mut writer = ArchiveWriter::new(Vec::new()).unwrap();
    writer.row(Table::Small, b"H", &header().to_bytes()).unwrap();
    writer.row(Table::Small, &[b"K".as_slice(), VAULT.as_bytes()].concat(), &keyring_value()).unwrap();
    let wrap_key = wrap::row_key(&unhex(known("K3.row")).try_into().unwrap());
    writer.row(Table::Small, &wrap_key, &wrap_value()).unwrap();
    for (row, value) in &records {
        writer.row(Table::Records, row.as_bytes(), value).unwrap();
    }
    let archive = writer.finish().unwrap();
    assert_eq!(archive.len(), 6_509);
    assert_eq!(sha256(&archive), "acdc34dc8800005df205e429b2623286e61910fe90b65f616151eaa0f3ab31f5");

    let mut reader = ArchiveReader::new(archive.as_slice()).unwrap();
    let mut n_rows = 0;
    while let Some(row) = reader.next_row().unwrap() {
        n_rows += usize::from(!row.value.is_empty());
    }
    assert_eq!(n_rows, 6);
}

// proves: SR-63
#[test]
fn the_golden_file_says_what_the_document_says() {
    for (name, printed) in [
        ("K3.scrypt", "9e87da28e603aaa980eac82059799bf7fbe6a9710cd9267fa568caa9041d3b13"),
        ("K3.prk", "c0bc032d04bef25e105089d5d41d8b1c009cc611163fdb07e9e1aa649e62a692"),
        ("K3.keyfile.row", "0e020a4aea5c4b008844f60e9153846dc8ec388690b4bbd7012d6a820f74fe9e"),
        ("K4.row", "d4bfb87cbacec085831b19a028e85e9bee624864b8a3af88aaa9cdfcbfea8171"),
        ("K5.ring", "72354aab77715ad131910c478428d4bc618df7e2cef0d2295b97d11cd58aa187"),
        ("K5.record", "4c797e04a0666e7bf6cdcc4a8e9e8077242cc5279efbad02f9eecad452745461"),
        ("K5.blind", "87f00e37c4aa364b9496a369204b4c1dda334fed825881eb4999e057f374f1b3"),
        ("K5.set", "ee9a3b7d330a63ddaccad6bd11f8523ab9e3ee057cd831c76e2fbf969d644da1"),
        ("K5.sid", "618fe3d2bb6897a0b9a8575c9f241bab"),
        ("K5.session", "9d2689279f9c8ac876e4a57900d767fbc3e981c6e38b768cb6b2cdcd7a08a67b"),
        ("K12.length", "6509"),
    ] {
        assert_eq!(known(name), printed, "{name}");
    }
}
