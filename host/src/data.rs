//! The data folder: who may open it, and the few files in it that are not the store's.
//!
//! | name | what |
//! | --- | --- |
//! | `lock` | held by the host that runs here; the operating system lets go of it when the process ends, however it ends |
//! | `master.key` | encrypts secrets at rest; made at the first start; without it they are lost, so back it up |
//! | `admin.token` | the operator's bearer token; made at the first start |
//! | `admin.json` | where the running host listens, for the command line |
//! | `demo.json` | addresses and credentials of `--demo` |
//! | `store/`, `plugins/`, `cache/` | the database, the plugins' components, compiled components |
//!
//! The folder is 0700, the files 0600. A secret file that others can read is refused rather than used.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const LOCK: &str = "lock";
const MASTER_KEY: &str = "master.key";
const ADMIN_TOKEN: &str = "admin.token";
const ADDRESSES: &str = "admin.json";

/// Why the data folder cannot be used. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Something of the operating system's.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What came of it.
        source: std::io::Error,
    },
    /// Another host runs on this folder.
    #[error(
        "the data folder {} is in use by another mooring; stop that one, or give this one its own folder with --data",
        path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Others could have read a secret.
    #[error(
        "{} can be read by other users; if it may have been, replace its content, then run: chmod 600 {}",
        path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what it must.
    #[error("{} is damaged: {reason}; put back a copy from your backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// There is a store, but the key to its secrets is gone.
    #[error(
        "{} is missing although the folder holds a store; put it back from your backup: without it no stored secret can be read",
        path.display()
    )]
    KeyMissing {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else's folder: its mode is not changed and nothing is put into it.
    #[error(
        "{} is not empty and not a data folder of mooring; name a new or empty folder with --data",
        path.display()
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// There are plugins of a host that ran here, but its store is gone.
    #[error(
        "{} is missing although the folder has been used; mount it or put it back from your backup, or remove {} to begin anew",
        path.display(), path.with_file_name("plugins").display()
    )]
    StoreMissing {
        /// The store's folder.
        path: PathBuf,
    },
    /// The command line found no running host.
    #[error(
        "no host runs on the data folder {}; start one with `mooring serve`, name its folder with --data, or give --admin and --token",
        path.display()
    )]
    NotRunning {
        /// The folder.
        path: PathBuf,
    },
}

/// Where a running host listens. In `admin.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Base URL of the front-ends' side.
    pub listen: String,
    /// Base URL of the operator's side.
    pub admin: String,
}

impl Addresses {
    /// URLs of bound addresses. One that is bound to every interface is reached by its loopback.
    pub fn new(listen: SocketAddr, tls: bool, admin: SocketAddr) -> Addresses {
        Addresses {
            listen: format!("http{}://{}", if tls { "s" } else { "" }, reachable(listen)),
            admin: format!("http://{}", reachable(admin)),
        }
    }
}

fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        bound => bound,
    }
}

/// An open data folder; nobody else has it.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Dropping it ends the claim.
    _lock: File,
}

impl DataDir {
    /// Makes the folder if it is not there, and claims it.
    pub fn open(path: &Path) -> Result<DataDir, DataError> {
        fs::create_dir_all(path).map_err(io("create the data folder", path))?;
        if !is_ours(path)? {
            return Err(DataError::Foreign {
                path: path.to_owned(),
            });
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(io("restrict", path))?;
        let lock = path.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(io("open", &lock))?;
        match file.try_lock() {
            Ok(()) => Ok(DataDir {
                path: path.to_owned(),
                _lock: file,
            }),
            Err(TryLockError::WouldBlock) => Err(DataError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(DataError::Io {
                action: "lock",
                path: lock,
                source,
            }),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database's folder; the store makes it.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// Whether no host has run here yet.
    pub fn is_new(&self) -> bool {
        !self.store().exists()
    }

    /// The key that encrypts secrets at rest. Made at the first start.
    pub fn master_key(&self) -> Result<[u8; 32], DataError> {
        let path = self.path.join(MASTER_KEY);
        if !path.exists() && !self.is_new() {
            return Err(DataError::KeyMissing { path });
        }
        if self.is_new() && has_entries(&self.path.join("plugins")) {
            return Err(DataError::StoreMissing { path: self.store() });
        }
        let text = read_or_create(&path, || hex::encode(random()))?;
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| DataError::Damaged {
            path,
            reason: "it is not 64 hexadecimal digits",
        })?;
        Ok(key)
    }

    /// What the operator's requests carry. Made at the first start; to replace it, delete the file and start again.
    pub fn admin_token(&self) -> Result<String, DataError> {
        let path = self.path.join(ADMIN_TOKEN);
        let text = read_or_create(&path, || format!("moor_admin_{}", hex::encode(random())))?;
        parse_token(path, &text)
    }

    /// Tells the command line where this host listens.
    pub fn publish(&self, addresses: &Addresses) -> Result<(), DataError> {
        self.write_json(ADDRESSES, addresses)
    }

    /// The host no longer listens.
    pub fn unpublish(&self) {
        // A file left behind only makes the command line's error a refused connection instead.
        let _ = fs::remove_file(self.path.join(ADDRESSES));
    }

    /// Replaces a file of the folder as a whole, readable by its owner alone.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), DataError> {
        let mut text = serde_json::to_string_pretty(value).expect("our own types are JSON");
        text.push('\n');
        write(&self.path.join(name), &text, Existing::Replace)
    }

    /// What [`DataDir::write_json`] wrote, or `None` if it never did.
    pub fn read_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataError> {
        read_json(&self.path.join(name))
    }
}

/// Whether a folder is empty or holds something that only a host puts into its own. A new file system has `lost+found`.
fn is_ours(folder: &Path) -> Result<bool, DataError> {
    const NAMES: [&str; 6] = [LOCK, MASTER_KEY, ADMIN_TOKEN, "store", "plugins", "cache"];
    let mut is_empty = true;
    for entry in fs::read_dir(folder).map_err(io("read", folder))? {
        let name = entry.map_err(io("read", folder))?.file_name();
        if NAMES.iter().any(|known| name == **known) {
            return Ok(true);
        }
        is_empty &= name == "lost+found";
    }
    Ok(is_empty)
}

fn has_entries(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// How the command line reaches the host of a data folder: its addresses and token.
pub fn find_running(folder: &Path) -> Result<(Addresses, String), DataError> {
    let addresses = read_json(&folder.join(ADDRESSES))?.ok_or_else(|| DataError::NotRunning {
        path: folder.to_owned(),
    })?;
    let path = folder.join(ADMIN_TOKEN);
    let token = fs::read_to_string(&path).map_err(io("read", &path))?;
    Ok((addresses, parse_token(path, &token)?))
}

fn parse_token(path: PathBuf, text: &str) -> Result<String, DataError> {
    let token = text.trim();
    let printable = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < 32 || !printable {
        let reason = "a token has at least 32 printable characters";
        return Err(DataError::Damaged { path, reason });
    }
    Ok(token.to_owned())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, DataError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| DataError::Damaged {
                path: path.to_owned(),
                reason: "it is not the JSON that the host wrote",
            }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DataError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        }),
    }
}

fn read_or_create(path: &Path, make: impl FnOnce() -> String) -> Result<String, DataError> {
    if !path.exists() {
        write(path, &format!("{}\n", make()), Existing::Keep)?;
    }
    let mode = fs::metadata(path)
        .map_err(io("look at", path))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(DataError::Exposed {
            path: path.to_owned(),
        });
    }
    fs::read_to_string(path).map_err(io("read", path))
}

enum Existing {
    Keep,
    Replace,
}

/// Whole or not at all: a crash leaves the old file or the new one.
fn write(path: &Path, text: &str, existing: Existing) -> Result<(), DataError> {
    let folder = path.parent().expect("files lie in the data folder");
    // Temporary files are 0600 from the moment they exist.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("create a file in", folder))?;
    file.write_all(text.as_bytes()).map_err(io("write", path))?;
    file.as_file().sync_all().map_err(io("write", path))?;
    let kept = match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    };
    kept.map_err(|error| io("create", path)(error.error))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("flush", folder))
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
    let path = path.to_owned();
    move |source| DataError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data");
        let (key, token) = {
            let data = DataDir::open(&path).expect("open");
            assert!(data.is_new());
            (
                data.master_key().expect("a key"),
                data.admin_token().expect("a token"),
            )
        };
        let data = DataDir::open(&path).expect("open again");
        assert_eq!(data.master_key().expect("the key"), key);
        assert_eq!(data.admin_token().expect("the token"), token);
        for (path, mode) in [
            (path.clone(), 0o700),
            (path.join(MASTER_KEY), 0o600),
            (path.join(ADMIN_TOKEN), 0o600),
        ] {
            assert_eq!(
                fs::metadata(&path).expect("it exists").permissions().mode() & 0o777,
                mode
            );
        }
    }

    #[test]
    fn a_folder_has_one_host() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = DataDir::open(folder.path()).expect("open");
        assert!(matches!(
            DataDir::open(folder.path()),
            Err(DataError::Locked { .. })
        ));
        drop(first);
        DataDir::open(folder.path()).expect("free again");
    }

    #[test]
    fn exposed_and_missing_keys_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(folder.path()).expect("open");
        data.master_key().expect("a key");
        let key = folder.path().join(MASTER_KEY);
        fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(data.master_key(), Err(DataError::Exposed { .. })));
        fs::remove_file(&key).expect("remove");
        fs::create_dir(data.store()).expect("a store");
        assert!(matches!(data.master_key(), Err(DataError::KeyMissing { .. })));
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("lost+found")).expect("a new file system's");
        drop(DataDir::open(folder.path()).expect("as good as empty"));
        let foreign = tempfile::tempdir().expect("a folder");
        fs::write(foreign.path().join("letter"), "dear").expect("a file");
        fs::set_permissions(foreign.path(), Permissions::from_mode(0o755)).expect("chmod");
        let refused = DataDir::open(foreign.path());
        assert!(matches!(refused, Err(DataError::Foreign { .. })));
        let metadata = fs::metadata(foreign.path()).expect("it exists");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(foreign.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_used_folder_does_not_begin_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(folder.path()).expect("open");
        data.master_key().expect("a key");
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).expect("a folder");
        data.master_key()
            .expect("a start that was cut off can be repeated");
        fs::write(plugins.join("a.wasm"), "").expect("a file");
        assert!(matches!(data.master_key(), Err(DataError::StoreMissing { .. })));
        fs::create_dir(data.store()).expect("a store");
        data.master_key().expect("the store is back");
    }

    #[test]
    fn the_command_line_finds_a_running_host_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::open(folder.path()).expect("open");
        let token = data.admin_token().expect("a token");
        assert!(matches!(
            find_running(folder.path()),
            Err(DataError::NotRunning { .. })
        ));
        let addresses = Addresses::new(([0, 0, 0, 0], 80).into(), true, ([127, 0, 0, 1], 81).into());
        assert_eq!(addresses.listen, "https://127.0.0.1:80");
        data.publish(&addresses).expect("publish");
        assert_eq!(find_running(folder.path()).expect("found"), (addresses, token));
    }
}
