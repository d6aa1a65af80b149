//! Collections: documents and their indexes stay one.

use mooring_store::{
    Collection, CollectionError, CommitError, Document, Documents, IndexEntries, Item, KeyRange, KeySpace,
    Order, Selection, Store, StoreError,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::commit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    number: u64,
    email: String,
    status: String,
    tags: Vec<String>,
}

impl Document for User {
    fn id(&self) -> Vec<u8> {
        self.number.to_string().into_bytes()
    }

    fn ordinal(&self) -> u64 {
        self.number
    }

    fn indexes(&self) -> IndexEntries {
        let mut listed: Vec<_> = self
            .tags
            .iter()
            .map(|tag| ("tag".into(), tag.clone().into_bytes()))
            .collect();
        listed.push(("status".into(), self.status.clone().into_bytes()));
        IndexEntries {
            unique: vec![("email".into(), self.email.clone().into_bytes())],
            listed,
        }
    }
}

fn users() -> Documents<User> {
    Documents::new(9, b"tenant-a".to_vec())
}

fn user(number: u64, status: &str) -> User {
    User {
        number,
        email: format!("{number}@example.com"),
        status: status.into(),
        tags: Vec::new(),
    }
}

fn with_status<'s>(status: &'s str) -> Selection<'s> {
    Selection::Listed {
        index: "status",
        value: status.as_bytes(),
    }
}

pub(crate) fn a_document_is_found_by_every_index(store: &Store) {
    let mut one = user(1, "active");
    one.tags = vec!["red".into(), "blue".into(), "red".into()];
    commit(store, |transaction| users().insert(transaction, &one)).unwrap();
    let mut read = store.read();
    assert_eq!(users().get(&mut read, b"1").unwrap().as_ref(), Some(&one));
    assert_eq!(
        users()
            .find_unique(&mut read, "email", b"1@example.com")
            .unwrap()
            .as_ref(),
        Some(&one)
    );
    assert_eq!(
        users().find_unique(&mut read, "email", b"1@example.co").unwrap(),
        None
    );
    let red = Selection::Listed {
        index: "tag",
        value: b"red",
    };
    for selection in [Selection::All, with_status("active"), red] {
        let page = users()
            .page(&mut read, selection, 0, 10, Order::Ascending)
            .unwrap();
        assert_eq!((page.items, page.total), (vec![one.clone()], 1));
    }
    let elsewhere: Documents<User> = Documents::new(9, b"tenant-b".to_vec());
    assert_eq!(elsewhere.get(&mut read, b"1").unwrap(), None);
    assert_eq!(elsewhere.count(&mut read, Selection::All).unwrap(), 0);
}

pub(crate) fn a_taken_value_is_refused(store: &Store) {
    commit(store, |transaction| {
        users().insert(transaction, &user(1, "active")).unwrap();
        assert!(matches!(
            users().insert(transaction, &user(1, "x")),
            Err(CollectionError::Exists)
        ));
        let twin = User {
            email: "1@example.com".into(),
            ..user(2, "active")
        };
        match users().insert(transaction, &twin) {
            Err(CollectionError::Taken { index, id }) => {
                assert_eq!((index.as_str(), &*id), ("email", &b"1"[..]))
            }
            other => panic!("expected Taken, found {other:?}"),
        }
        assert!(matches!(
            users().replace(transaction, &twin),
            Err(CollectionError::Missing)
        ));
    });
    assert_eq!(users().count(&mut store.read(), Selection::All).unwrap(), 1);
}

pub(crate) fn two_inserts_of_one_value_conflict(store: &Store) {
    let (mut first, mut second) = (store.write(), store.write());
    users().insert(&mut first, &user(1, "active")).unwrap();
    users()
        .insert(
            &mut second,
            &User {
                email: "1@example.com".into(),
                ..user(2, "active")
            },
        )
        .unwrap();
    first.commit().unwrap();
    assert!(matches!(second.commit(), Err(CommitError::Conflict { .. })));
    // Different users at the same time are no conflict, although both change the counts.
    let (mut first, mut second) = (store.write(), store.write());
    users().insert(&mut first, &user(3, "active")).unwrap();
    users().insert(&mut second, &user(4, "active")).unwrap();
    first.commit().unwrap();
    second.commit().unwrap();
    assert_eq!(
        users().count(&mut store.write(), with_status("active")).unwrap(),
        3
    );
}

pub(crate) fn replacing_moves_index_entries(store: &Store) {
    commit(store, |transaction| {
        users().insert(transaction, &user(1, "active"))
    })
    .unwrap();
    let changed = User {
        email: "new@example.com".into(),
        ..user(1, "suspended")
    };
    commit(store, |transaction| users().replace(transaction, &changed)).unwrap();
    let mut read = store.read();
    assert_eq!(
        users().find_unique(&mut read, "email", b"1@example.com").unwrap(),
        None
    );
    assert_eq!(
        users()
            .find_unique(&mut read, "email", b"new@example.com")
            .unwrap(),
        Some(changed)
    );
    assert_eq!(users().count(&mut read, with_status("active")).unwrap(), 0);
    assert_eq!(users().count(&mut read, with_status("suspended")).unwrap(), 1);
    assert_eq!(users().count(&mut read, Selection::All).unwrap(), 1);
    // The value given up is free again.
    let heir = User {
        email: "1@example.com".into(),
        ..user(2, "active")
    };
    commit(store, |transaction| users().insert(transaction, &heir)).unwrap();
}

pub(crate) fn removing_leaves_nothing(store: &Store) {
    commit(store, |transaction| {
        let untyped = Collection::new(9, Vec::new());
        let indexes = IndexEntries {
            unique: vec![("raw".into(), vec![0xFF, 0])],
            listed: vec![("raw".into(), vec![0, 0xFE])],
        };
        untyped
            .insert(
                transaction,
                b"\0\xFF",
                77,
                &json!({ "any": [1.5, null] }),
                &indexes,
            )
            .unwrap();
        users().insert(transaction, &user(1, "active")).unwrap();
    });
    commit(store, |transaction| {
        let untyped = Collection::new(9, Vec::new());
        let item: Item<serde_json::Value> = untyped
            .find_unique(transaction, "raw", &[0xFF, 0])
            .unwrap()
            .unwrap();
        assert_eq!(
            (item.ordinal, item.document.to_string().as_str()),
            (77, r#"{"any":[1.5,null]}"#)
        );
        assert!(untyped.remove(transaction, b"\0\xFF").unwrap());
        assert!(!untyped.remove(transaction, b"\0\xFF").unwrap());
        assert!(users().remove(transaction, b"1").unwrap());
    });
    assert!(
        store
            .read()
            .scan(KeyRange::prefix(vec![9]), Order::Ascending, 99)
            .unwrap()
            .is_empty()
    );
}

pub(crate) fn pages_carry_exact_totals(store: &Store) {
    commit(store, |transaction| {
        for number in 1..=100 {
            let status = if number % 4 == 0 { "suspended" } else { "active" };
            users().insert(transaction, &user(number, status)).unwrap();
        }
    });
    let mut read = store.read();
    let page = users()
        .page(&mut read, with_status("suspended"), 20, 10, Order::Descending)
        .unwrap();
    let numbers: Vec<u64> = page.items.iter().map(|user| user.number).collect();
    assert_eq!((numbers, page.total), (vec![20, 16, 12, 8, 4], 25));
    let page = users()
        .page(&mut read, Selection::All, 100, 10, Order::Ascending)
        .unwrap();
    assert_eq!((page.items.len(), page.total), (0, 100));
}

pub(crate) fn a_damaged_document_names_its_row(store: &Store) {
    commit(store, |transaction| {
        users().insert(transaction, &user(1, "active"))
    })
    .unwrap();
    let rows = store
        .read()
        .scan(KeyRange::prefix(vec![9]), Order::Ascending, 99)
        .unwrap();
    let (row, _) = rows
        .into_iter()
        .find(|(_, value)| value.starts_with(b"{"))
        .unwrap();
    commit(store, |transaction| {
        transaction.put(row.clone(), b"{\"ordinal\":".to_vec())
    })
    .unwrap();
    match users().get(&mut store.read(), b"1") {
        Err(StoreError::Corrupt { key, .. }) => assert_eq!(key, row),
        other => panic!("expected Corrupt, found {other:?}"),
    }
    // An index that names what is not there is damage too, not an empty answer.
    commit(store, |transaction| transaction.delete(row.clone())).unwrap();
    let found = users().find_unique(&mut store.read(), "email", b"1@example.com");
    assert!(matches!(found, Err(StoreError::Corrupt { .. })));
}
