//! Forms and queries as PHP reads them: `a[]=1`, `a[0]=1`, `a[k]=v`, nested, with brackets percent-encoded or not.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Deeper brackets are no field of this API, and are left out.
const DEPTH_MAX: usize = 6;

/// The name of a field, or what stands in brackets behind it. Numbers go first, in their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(u64),
    Name(String),
}

#[derive(Default)]
struct Tree {
    nodes: BTreeMap<Key, Node>,
    /// What `[]` stands for.
    next: u64,
}

enum Node {
    Text(String),
    Tree(Tree),
}

/// The fields of a form or query. Whoever says a thing twice means the latter.
pub(crate) fn fields(bytes: &[u8]) -> Map<String, Value> {
    let mut tree = Tree::default();
    for (key, value) in form_urlencoded::parse(bytes) {
        let path = path(&key);
        if let Some((first, rest)) = path.split_first()
            && !first.is_empty()
            && rest.len() < DEPTH_MAX
        {
            tree.insert(Key::Name((*first).to_owned()), rest, value.into_owned());
        }
    }
    tree.object()
}

/// `packages[0][id]` is `packages`, `0`, `id`. Brackets that do not match are part of the name.
fn path(key: &str) -> Vec<&str> {
    let Some((name, mut rest)) = key.split_once('[') else {
        return vec![key];
    };
    let mut path = vec![name];
    loop {
        let Some((inner, behind)) = rest.split_once(']') else {
            return vec![key];
        };
        path.push(inner);
        match behind.strip_prefix('[') {
            Some(next) => rest = next,
            None if behind.is_empty() => return path,
            None => return vec![key],
        }
    }
}

impl Tree {
    fn insert(&mut self, key: Key, rest: &[&str], value: String) {
        if let Key::Index(index) = key {
            self.next = self.next.max(index.saturating_add(1));
        }
        let Some((inner, rest)) = rest.split_first() else {
            self.nodes.insert(key, Node::Text(value));
            return;
        };
        let node = self
            .nodes
            .entry(key)
            .or_insert_with(|| Node::Tree(Tree::default()));
        if let Node::Text(_) = node {
            *node = Node::Tree(Tree::default());
        }
        if let Node::Tree(tree) = node {
            let key = tree.key(inner);
            tree.insert(key, rest, value);
        }
    }

    fn key(&self, inner: &str) -> Key {
        if inner.is_empty() {
            return Key::Index(self.next);
        }
        match inner.parse::<u64>() {
            Ok(index) if index.to_string() == inner => Key::Index(index),
            _ => Key::Name(inner.to_owned()),
        }
    }

    fn object(self) -> Map<String, Value> {
        let entries = self.nodes.into_iter();
        entries
            .map(|(key, node)| (key.into_text(), node.value()))
            .collect()
    }
}

impl Key {
    fn into_text(self) -> String {
        match self {
            Key::Index(index) => index.to_string(),
            Key::Name(name) => name,
        }
    }
}

impl Node {
    /// What has only numbers for keys is a list.
    fn value(self) -> Value {
        match self {
            Node::Text(text) => Value::String(text),
            Node::Tree(tree) if tree.nodes.keys().all(|key| matches!(key, Key::Index(_))) => {
                tree.nodes.into_values().map(Node::value).collect()
            }
            Node::Tree(tree) => Value::Object(tree.object()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn brackets_are_read_as_php_reads_them() {
        for (form, value) in [
            ("ids[]=1&ids[]=2", json!({ "ids": ["1", "2"] })),
            ("ids%5B0%5D=1&ids%5B1%5D=2", json!({ "ids": ["1", "2"] })),
            ("ids[1]=2&ids[0]=1", json!({ "ids": ["1", "2"] })),
            ("ids[1]=1&ids[]=2", json!({ "ids": ["1", "2"] })),
            ("ids[10]=b&ids[9]=a", json!({ "ids": ["a", "b"] })),
            ("a=1&a=2", json!({ "a": "2" })),
            ("a=1&a[]=2", json!({ "a": ["2"] })),
            ("a[]=2&a=1", json!({ "a": "1" })),
            ("a[k]=v&a[l]=w", json!({ "a": { "k": "v", "l": "w" } })),
            ("a[k]=v&a[]=w", json!({ "a": { "0": "w", "k": "v" } })),
            ("a[01]=v", json!({ "a": { "01": "v" } })),
            (
                "packages[0][id]=13&packages[0][options][uname]=Notch+%26+co&packages[1][id]=14",
                json!({ "packages": [{ "id": "13", "options": { "uname": "Notch & co" } }, { "id": "14" }] }),
            ),
            ("packages[][id]=13", json!({ "packages": [{ "id": "13" }] })),
            ("a[b=1", json!({ "a[b": "1" })),
            ("a]b=1", json!({ "a]b": "1" })),
            ("a[b]c=1", json!({ "a[b]c": "1" })),
            ("a", json!({ "a": "" })),
            ("=1&[x]=2", json!({})),
            ("", json!({})),
            ("&&a=%zz", json!({ "a": "%zz" })),
            ("a[18446744073709551615]=x&a[]=y", json!({ "a": ["y"] })),
            ("a[1][2][3][4][5][6][7]=x", json!({})),
        ] {
            assert_eq!(Value::Object(fields(form.as_bytes())), value, "{form}");
        }
    }
}
