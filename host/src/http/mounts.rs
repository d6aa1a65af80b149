//! Where plugins answer.

use std::fmt;
use std::sync::Arc;

use super::surface::Surface;
use crate::docs::Docs;

/// One place where a plugin answers.
#[derive(Debug)]
pub struct Mount<P> {
    /// For logs and metrics.
    pub name: String,
    /// Only requests to this host name; absent means any. Lower case, no port.
    pub host: Option<String>,
    /// Empty for everything, or `/` and segments without a trailing `/`.
    pub prefix: String,
    /// What the plugin makes public.
    pub surface: Arc<Surface>,
    /// What says so to people; none for a gateway.
    pub docs: Option<Arc<Docs>>,
    /// Who answers.
    pub plugin: P,
}

/// All mounts, in the order in which they are asked: those of a host name first, then by length of prefix.
#[derive(Debug)]
pub struct MountTable<P> {
    mounts: Vec<Mount<P>>,
}

/// Why mounts cannot stand together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// A prefix is empty, or starts with `/`, does not end with it and has plain characters only.
    #[error("mount `{mount}`: `{prefix}` is not a path prefix such as `/paymenter`")]
    Prefix {
        /// Name of the mount.
        mount: String,
        /// What it has.
        prefix: String,
    },
    /// A name in lower case, without a port.
    #[error("mount `{mount}`: `{host}` is not a host name in lower case without a port")]
    Host {
        /// Name of the mount.
        mount: String,
        /// What it has.
        host: String,
    },
    /// Two mounts in the same place.
    #[error("mounts `{0}` and `{1}` are in the same place")]
    Same(String, String),
}

impl<P> MountTable<P> {
    /// Checks the mounts and puts them in order.
    pub fn new(mounts: Vec<Mount<P>>) -> Result<MountTable<P>, MountError> {
        let (table, errors) = MountTable::of_those_that_stand(mounts);
        errors.into_iter().next().map_or(Ok(table), Err)
    }

    /// As [`MountTable::new`], without those that cannot stand, and why: what is wrong with one mount costs no other. Of two in the
    /// same place the first stays.
    pub fn of_those_that_stand(mounts: Vec<Mount<P>>) -> (MountTable<P>, Vec<MountError>) {
        let mut good: Vec<Mount<P>> = Vec::with_capacity(mounts.len());
        let mut errors = Vec::new();
        for mount in mounts {
            let same = good.iter().find(|other| mount.place() == other.place());
            match (mount.check(), same) {
                (Err(error), _) => errors.push(error),
                (Ok(()), Some(other)) => errors.push(MountError::Same(other.name.clone(), mount.name)),
                (Ok(()), None) => good.push(mount),
            }
        }
        // `false` sorts before `true`: host names first.
        good.sort_by_key(|mount| (mount.host.is_none(), std::cmp::Reverse(mount.prefix.len())));
        (MountTable { mounts: good }, errors)
    }

    /// The mounts in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &Mount<P>> {
        self.mounts.iter()
    }

    /// The mount that owns a path, and the path below it, which starts with `/`.
    ///
    /// A walk over all mounts: a host has some dozens at most, and most are told apart by a byte or two.
    pub(super) fn find<'p>(&self, host: &str, path: &'p str) -> Option<(&Mount<P>, &'p str)> {
        self.mounts.iter().find_map(|mount| {
            let below = path.strip_prefix(mount.prefix.as_str())?;
            let owns = below.is_empty() || below.starts_with('/');
            let named = mount
                .host
                .as_ref()
                .is_none_or(|name| name.eq_ignore_ascii_case(host));
            (owns && named).then_some((mount, if below.is_empty() { "/" } else { below }))
        })
    }
}

impl<P> Default for MountTable<P> {
    fn default() -> MountTable<P> {
        MountTable { mounts: Vec::new() }
    }
}

impl<P> Mount<P> {
    fn place(&self) -> (Option<&str>, &str) {
        (self.host.as_deref(), &self.prefix)
    }

    fn check(&self) -> Result<(), MountError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let segments = self.prefix.strip_prefix('/');
        let prefix_ok = self.prefix.is_empty()
            || segments.is_some_and(|segments| {
                segments
                    .split('/')
                    .all(|segment| !segment.is_empty() && segment.bytes().all(plain))
            });
        if !prefix_ok {
            return Err(MountError::Prefix {
                mount: self.name.clone(),
                prefix: self.prefix.clone(),
            });
        }
        let name = |host: &str| {
            !host.is_empty()
                && !host.ends_with('.')
                && host.bytes().all(|byte| plain(byte) && !byte.is_ascii_uppercase())
        };
        match &self.host {
            Some(host) if !name(host) => Err(MountError::Host {
                mount: self.name.clone(),
                host: host.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl<P> fmt::Display for Mount<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}{}/",
            self.name,
            self.host.as_deref().unwrap_or("*"),
            self.prefix
        )
    }
}

#[cfg(test)]
mod tests {
    use mooring_manifest::Manifest;

    use super::*;

    fn mount(name: &str, host: Option<&str>, prefix: &str) -> Mount<()> {
        Mount {
            name: name.to_owned(),
            host: host.map(str::to_owned),
            prefix: prefix.to_owned(),
            surface: Arc::new(Surface::new(Arc::new(Manifest::default())).unwrap()),
            docs: None,
            plugin: (),
        }
    }

    fn found(table: &MountTable<()>, host: &str, path: &str) -> Option<(String, String)> {
        table
            .find(host, path)
            .map(|(mount, below)| (mount.name.clone(), below.to_owned()))
    }

    #[test]
    fn the_longest_prefix_that_ends_at_a_segment_owns_a_path() {
        let table = MountTable::new(vec![
            mount("short", None, "/pay"),
            mount("long", None, "/pay/menter"),
            mount("named", Some("pay.example"), ""),
        ])
        .unwrap();
        let is = |path: &str, name: &str, below: &str| {
            let owner = Some((name.to_owned(), below.to_owned()));
            assert_eq!(found(&table, "other.example", path), owner, "{path}");
        };
        is("/pay", "short", "/");
        is("/pay/", "short", "/");
        is("/pay/x", "short", "/x");
        is("/pay/menter/x", "long", "/x");
        is("/pay/menterx", "short", "/menterx");
        for nobody in ["/payx", "/", "", "/PAY", "/x/pay", "*"] {
            assert_eq!(found(&table, "other.example", nobody), None, "{nobody}");
        }
    }

    #[test]
    fn a_host_name_goes_before_any_prefix() {
        let table = MountTable::new(vec![
            mount("any", None, "/pay"),
            mount("named", Some("a.example"), ""),
        ])
        .unwrap();
        let name = |host: &str, path: &str| found(&table, host, path).map(|(name, _)| name);
        assert_eq!(name("A.Example", "/pay/x").unwrap(), "named");
        assert_eq!(name("b.example", "/pay/x").unwrap(), "any");
        assert_eq!(name("b.example", "/x"), None);
    }

    #[test]
    fn a_host_name_without_the_path_leaves_it_to_the_others() {
        let table = MountTable::new(vec![
            mount("any", None, "/a"),
            mount("named", Some("a.example"), "/b"),
        ])
        .unwrap();
        assert_eq!(found(&table, "a.example", "/a/x").unwrap().0, "any");
    }

    #[test]
    fn places_are_checked() {
        for prefix in ["/", "pay", "/pay/", "/pay//x", "/p%20y", "/p y", "/pay?"] {
            assert!(
                MountTable::new(vec![mount("m", None, prefix)]).is_err(),
                "{prefix}"
            );
        }
        for host in ["", "A.example", "a.example:80", "a.example."] {
            assert!(
                MountTable::new(vec![mount("m", Some(host), "")]).is_err(),
                "{host}"
            );
        }
        let twice = MountTable::new(vec![mount("a", None, "/x"), mount("b", None, "/x")]);
        assert_eq!(
            twice.unwrap_err(),
            MountError::Same("a".to_owned(), "b".to_owned())
        );
    }

    #[test]
    fn a_mount_that_cannot_stand_costs_no_other() {
        let (table, errors) = MountTable::of_those_that_stand(vec![
            mount("first", None, "/a"),
            mount("dotted", Some("shop.example."), ""),
            mount("second", None, "/a"),
            mount("other", None, "/b"),
        ]);
        let names: Vec<&str> = table.iter().map(|mount| mount.name.as_str()).collect();
        assert_eq!(names, ["first", "other"]);
        assert_eq!(errors.len(), 2);
        assert_eq!(
            errors[1],
            MountError::Same("first".to_owned(), "second".to_owned())
        );
    }
}
