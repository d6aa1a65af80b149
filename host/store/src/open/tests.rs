//! Every way in which a directory is refused, and the words in which it is.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::keys::{Key, KeyBuilder};
use crate::store::Store;
use crate::transaction::KeySpace;

/// A database with one commit, closed.
fn database() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let mut transaction = store.write();
    transaction
        .put(KeyBuilder::new(1).build(), b"kept".to_vec())
        .unwrap();
    store.wait_durable(transaction.commit().unwrap()).unwrap();
    dir
}

fn refusal(dir: &Path) -> OpenError {
    Store::open(dir, Options::default()).expect_err("this directory must be refused")
}

fn sentinel(dir: &Path) -> Sentinel {
    match Sentinel::read(dir) {
        Ok(Some(sentinel)) => sentinel,
        _ => panic!("a closed database has a sentinel"),
    }
}

fn set_sentinel(dir: &Path, format: Format, durable: u64) {
    SentinelFile::begin(dir, format, Sequence(durable)).unwrap();
}

/// The engine as the store leaves it, for tampering.
fn engine(dir: &Path) -> SledEngine {
    SledEngine::open(&dir.join("engine"), 1024 * 1024, lock(dir).unwrap()).unwrap()
}

fn set_row(dir: &Path, key: Key, value: Option<&[u8]>) {
    let engine = engine(dir);
    engine.apply(&[(key, value.map(Value::from))]).unwrap();
    engine.sync().unwrap();
}

fn set_format(dir: &Path, format: &Format) {
    set_row(
        dir,
        meta::format_key(),
        Some(&serde_json::to_vec(format).unwrap()),
    );
}

#[test]
fn a_closed_database_opens_again() {
    let dir = database();
    assert_eq!(
        sentinel(dir.path()).durable,
        1,
        "closing brings the sentinel up to date"
    );
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.applied(), Sequence(1));
    let value = store.read().get(&KeyBuilder::new(1).build()).unwrap();
    assert_eq!(value.as_deref(), Some(&b"kept"[..]));
}

#[test]
fn ordinals_go_on_behind_those_handed_out() {
    let dir = database();
    let mut last = 0;
    for _ in 0..3 {
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let next = store.next_ordinal(b"users").unwrap();
        assert!(next > last, "{next} after {last}");
        last = store.next_ordinal(b"users").unwrap();
    }
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = database();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    let refusal = refusal(dir.path());
    assert!(matches!(refusal, OpenError::Locked { .. }), "{refusal}");
    assert!(refusal.to_string().contains("in use by another process"));
    drop(store);
    Store::open(dir.path(), Options::default()).unwrap();
}

#[test]
fn a_format_from_before_the_first_release_is_refused() {
    let dir = database();
    let format = Format {
        format: 1,
        ..sentinel(dir.path()).database
    };
    set_sentinel(dir.path(), format, 1);
    assert!(
        refusal(dir.path())
            .to_string()
            .contains("begin with an empty directory")
    );
}

#[test]
fn the_format_before_is_brought_forward() {
    let dir = database();
    let older = Format {
        format: 2,
        ..sentinel(dir.path()).database
    };
    set_format(dir.path(), &older);
    set_sentinel(dir.path(), older.clone(), 1);
    for _ in 0..2 {
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let value = store.read().get(&KeyBuilder::new(1).build()).unwrap();
        assert_eq!(value.as_deref(), Some(&b"kept"[..]));
        drop(store);
        let row = engine(dir.path()).get(&meta::format_key()).unwrap().unwrap();
        let now: Format = serde_json::from_slice(&row).unwrap();
        assert_eq!((now.format, &now.id), (FORMAT, &older.id));
        assert_eq!(sentinel(dir.path()).database, now);
        // A crash before the sentinel followed.
        set_sentinel(dir.path(), older.clone(), 1);
    }
}

#[test]
fn a_newer_format_is_refused_wherever_it_shows() {
    let dir = database();
    let format = Format {
        format: FORMAT + 1,
        ..sentinel(dir.path()).database
    };
    set_format(dir.path(), &format);
    assert!(
        refusal(dir.path())
            .to_string()
            .contains("start the newer release again")
    );

    let dir = database();
    set_sentinel(dir.path(), format, 1);
    assert!(matches!(refusal(dir.path()), OpenError::NewerFormat { found, .. } if found == FORMAT + 1));
}

#[test]
fn a_database_older_than_its_sentinel_is_refused() {
    let dir = database();
    set_sentinel(dir.path(), sentinel(dir.path()).database, 2);
    let refusal = refusal(dir.path());
    assert!(
        matches!(
            refusal,
            OpenError::Older {
                found: 1,
                expected: 2,
                ..
            }
        ),
        "{refusal}"
    );
    assert!(
        refusal
            .to_string()
            .contains("restore the whole directory from one backup")
    );
}

#[test]
fn an_emptied_database_is_refused() {
    let gone = database();
    fs::remove_dir_all(gone.path().join("engine")).unwrap();
    let truncated = database();
    fs::write(truncated.path().join("engine/db"), b"").unwrap();
    let replaced = database();
    fs::remove_dir_all(replaced.path().join("engine")).unwrap();
    drop(engine(replaced.path()));
    for dir in [gone, truncated, replaced] {
        let refusal = refusal(dir.path());
        assert!(
            matches!(refusal, OpenError::Emptied { expected: 1, .. }),
            "{refusal}"
        );
    }
}

#[test]
fn a_missing_sentinel_is_refused_once_there_is_data() {
    let dir = database();
    fs::remove_file(dir.path().join("SENTINEL")).unwrap();
    assert!(matches!(refusal(dir.path()), OpenError::Mismatched { .. }));
}

#[test]
fn a_crash_before_the_first_sentinel_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), Options::default()).unwrap());
    fs::remove_file(dir.path().join("SENTINEL")).unwrap();
    Store::open(dir.path(), Options::default()).unwrap();
}

#[test]
fn files_of_two_databases_are_refused() {
    let (one, other) = (database(), database());
    fs::copy(other.path().join("SENTINEL"), one.path().join("SENTINEL")).unwrap();
    let refusal = refusal(one.path());
    assert!(
        refusal.to_string().contains("belongs to another database"),
        "{refusal}"
    );
}

#[test]
fn a_damaged_sentinel_is_refused() {
    let dir = database();
    let path = dir.path().join("SENTINEL");
    let text = fs::read_to_string(&path).unwrap();
    for damaged in [
        "",
        "{",
        &text[..text.len() / 2],
        &text.replace("\"durable\":1", "\"durable\":0"),
    ] {
        assert_ne!(damaged, text);
        fs::write(&path, damaged).unwrap();
        let refusal = refusal(dir.path());
        assert!(matches!(refusal, OpenError::Damaged { .. }), "{refusal}");
        assert!(refusal.to_string().contains("SENTINEL"));
    }
}

#[test]
fn a_damaged_row_of_the_store_is_refused() {
    let unreadable = database();
    set_row(unreadable.path(), meta::format_key(), Some(b"{"));
    let formatless = database();
    set_row(formatless.path(), meta::format_key(), None);
    let unordered = database();
    set_row(unordered.path(), meta::sequence_key(), Some(b"1"));
    for dir in [unreadable, formatless, unordered] {
        let refusal = refusal(dir.path());
        assert!(matches!(refusal, OpenError::Damaged { .. }), "{refusal}");
    }
}

/// Damaged files of the engine make it return errors, panic, or open with less; all of it must come out as a refusal.
#[test]
fn damaged_files_of_the_engine_are_refused() {
    for name in ["db", "conf"] {
        let dir = database();
        let path = dir.path().join("engine").join(name);
        let mut bytes = fs::read(&path).unwrap();
        for byte in &mut bytes {
            *byte ^= 0x5A;
        }
        fs::write(&path, bytes).unwrap();
        let refusal = refusal(dir.path());
        assert!(
            matches!(
                refusal,
                OpenError::Damaged { .. } | OpenError::Emptied { .. } | OpenError::Older { .. }
            ),
            "{name}: {refusal}"
        );
    }
}
