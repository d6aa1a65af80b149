//! The real executable, started in a folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::api::{Admin, Api};
use crate::paymenter::every_scope;
use crate::{PATIENCE, eventually};

const READY: &str = "mooring ready on ";

/// How to start a host.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    config: String,
}

impl HostOptions {
    /// A demo host on loopback with ports of the system's choice.
    pub fn new() -> HostOptions {
        HostOptions::default()
    }

    /// Another argument of `mooring serve`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> HostOptions {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> HostOptions {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets jobs call servers on loopback, as the one that stands in for a panel.
    #[must_use]
    pub fn allow_loopback(self) -> HostOptions {
        self.argument("--allow-private").argument("127.0.0.0/8")
    }

    /// Lines of the configuration file.
    #[must_use]
    pub fn config(mut self, toml: &str) -> HostOptions {
        self.config.push_str(toml);
        self.config.push('\n');
        self
    }

    /// Starts it and waits until it is ready.
    pub fn start(self) -> TestHost {
        let folder = TempDir::with_prefix("mooring-test-").expect("a temporary folder");
        compiled::give(&folder.path().join("data"));
        std::fs::write(folder.path().join("mooring.toml"), &self.config).expect("the configuration");
        let running = Running::start(folder.path(), &self);
        compiled::keep(&folder.path().join("data"));
        TestHost {
            folder,
            options: self,
            running: Some(running),
        }
    }
}

/// A host that runs, or did: it can be killed and started again on the same data.
pub struct TestHost {
    folder: TempDir,
    options: HostOptions,
    running: Option<Running>,
}

struct Running {
    child: Child,
    address: String,
    output: Arc<Mutex<String>>,
}

/// `demo.json`, as the host writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Demo {
    /// Base URL of the operator's side.
    pub admin: String,
    /// The operator's token.
    pub admin_token: String,
    /// The paymenter plugin's demo tenant.
    pub paymenter: DemoProvider,
}

/// Where a plugin answers, and a key for it.
#[derive(Clone, Debug, Deserialize)]
pub struct DemoProvider {
    /// What a front-end is given as the panel's address.
    pub base_url: String,
    /// With every scope.
    pub key: String,
}

impl TestHost {
    /// A demo host with nothing special.
    pub fn start() -> TestHost {
        HostOptions::new().start()
    }

    /// A demo host whose jobs may call servers on loopback.
    pub fn start_with_loopback() -> TestHost {
        HostOptions::new().allow_loopback().start()
    }

    /// Addresses and credentials.
    pub fn demo(&self) -> Demo {
        serde_json::from_value(self.demo_file()).expect("demo.json has the fields that tests need")
    }

    /// All of `demo.json`.
    pub fn demo_file(&self) -> Value {
        let text = std::fs::read_to_string(self.data().join("demo.json")).expect("demo.json");
        serde_json::from_str(&text).expect("demo.json is JSON")
    }

    /// A text that `demo.json` has for a surface: `demo_field("renovax", "merchant_token")`.
    pub fn demo_field(&self, surface: &str, name: &str) -> String {
        let demo = self.demo_file();
        let field = demo[surface][name].as_str();
        field
            .unwrap_or_else(|| panic!("{name} of {surface} in {demo}"))
            .to_owned()
    }

    /// The paymenter surface, with the demo key.
    pub fn paymenter(&self) -> Api {
        let provider = self.demo().paymenter;
        Api::new(&provider.base_url).with_key(&provider.key)
    }

    /// The paymenter surface, with a key that acts for the tenant as a whole: it sees every user's services.
    pub async fn panel(&self) -> Api {
        let key = self.admin().mint(&every_scope(&self.demo_tenant())).await;
        self.paymenter().with_key(&key.secret)
    }

    /// The public side without any mount and key.
    pub fn public(&self) -> Api {
        Api::new(&format!("http://{}", self.address()))
    }

    /// The operator's side, with its token.
    pub fn admin(&self) -> Admin {
        let demo = self.demo();
        Admin::new(&demo.admin, &demo.admin_token)
    }

    /// The name of the tenant that `--demo` makes.
    pub fn demo_tenant(&self) -> String {
        let listed = self.mooring_ok(&["tenant", "list", "--oldest-first", "--json"]);
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        listed["items"][0]["name"].as_str().expect("a tenant").to_owned()
    }

    /// Waits until no job waits or runs.
    pub async fn jobs_have_ended(&self) {
        let admin = self.admin();
        eventually("all jobs have ended", async || {
            admin
                .jobs()
                .await
                .iter()
                .all(|job| matches!(job["state"].as_str(), Some("done" | "dead" | "cancelled")))
                .then_some(())
        })
        .await;
    }

    /// Panics if the operator has to look after a job.
    pub async fn no_job_is_dead(&self) {
        let jobs = self.admin().jobs().await;
        assert!(jobs.iter().all(|job| job["state"] != "dead"), "{jobs:#?}");
    }

    /// Waits until a job has failed at least once; gives what the operator sees.
    pub async fn a_job_error(&self) -> String {
        let admin = self.admin();
        eventually("a job has failed", async || {
            admin
                .jobs()
                .await
                .iter()
                .find_map(|job| job["last_error"].as_str().map(str::to_owned))
        })
        .await
    }

    /// `127.0.0.1:PORT` of the public side.
    pub fn address(&self) -> &str {
        &self.running.as_ref().expect("the host runs").address
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The operating system's number of the process.
    pub fn process_id(&self) -> u32 {
        self.running.as_ref().expect("the host runs").child.id()
    }

    /// Everything that it printed since it was last started.
    pub fn output(&self) -> String {
        self.running.as_ref().map(Running::output).unwrap_or_default()
    }

    /// Memory that the process holds, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process_id())).expect("/proc");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a line of VmRSS");
        let kib: u64 = line
            .trim()
            .trim_end_matches(" kB")
            .trim()
            .parse()
            .expect("a number");
        kib * 1024
    }

    /// Ends it without a chance to finish anything, as a crash or a lost machine would.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().expect("the child is ours to kill");
            running.child.wait().expect("the child ends");
        }
    }

    /// Asks it to end (SIGTERM), as a service manager would, without waiting.
    pub fn terminate(&self) {
        let id = self.process_id().to_string();
        let status = Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("`kill` runs");
        assert!(status.success(), "kill -TERM {id}");
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("the host runs");
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = running.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the host does not end:\n{}",
                running.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again on the same data, after [`TestHost::kill`] or [`TestHost::wait`].
    pub fn restart(&mut self) {
        assert!(self.running.is_none(), "it still runs");
        self.running = Some(Running::start(self.folder.path(), &self.options));
    }

    /// The command line on this host's data folder: `host.mooring(&["ledger", "verify"])`.
    pub fn mooring(&self, arguments: &[&str]) -> Output {
        let (command, rest) = arguments.split_first().expect("a command");
        let mut mooring = Command::new(executable());
        mooring.arg(command).arg("--data").arg(self.data()).args(rest);
        mooring.output().expect("the executable runs")
    }

    /// As [`TestHost::mooring`]; panics unless it succeeds, and gives what it printed.
    pub fn mooring_ok(&self, arguments: &[&str]) -> String {
        let output = self.mooring(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "mooring {arguments:?} ended with {}:\n{error}",
            output.status
        );
        String::from_utf8(output.stdout).expect("the command line prints UTF-8")
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        // Both fail only when the child has already gone.
        let _ = running.child.kill();
        let _ = running.child.wait();
        if std::thread::panicking() {
            eprintln!("---- the host said:\n{}----", running.output());
        }
    }
}

impl Running {
    fn start(folder: &Path, options: &HostOptions) -> Running {
        let executable = executable();
        let mut child = Command::new(&executable)
            .args([
                "serve",
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--admin",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(folder.join("data"))
            .arg("--config")
            .arg(folder.join("mooring.toml"))
            .args(&options.arguments)
            .envs(options.environment.clone())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", executable.display()));
        let output = Arc::new(Mutex::new(String::new()));
        let (found, ready) = channel();
        collect(
            child.stdout.take().expect("stdout is piped"),
            &output,
            found.clone(),
        );
        collect(child.stderr.take().expect("stderr is piped"), &output, found);
        let mut running = Running {
            child,
            address: String::new(),
            output,
        };
        running.address = running.wait_until_ready(&ready);
        running
    }

    fn wait_until_ready(&mut self, ready: &Receiver<String>) -> String {
        match ready.recv_timeout(PATIENCE) {
            Ok(address) => address,
            Err(why) => {
                // Not before the end of its output is read, which is where the reason stands.
                let _ = self.child.kill();
                let status = self.child.wait();
                let why = match why {
                    RecvTimeoutError::Timeout => "is not ready in time",
                    RecvTimeoutError::Disconnected => "ended before it was ready",
                };
                panic!("the host {why} ({status:?}):\n{}", self.output());
            }
        }
    }

    fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Keeps what a stream carries, and reports the address when the host says that it is ready.
fn collect(stream: impl Read + Send + 'static, output: &Arc<Mutex<String>>, found: Sender<String>) {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once(READY) {
                let address = rest
                    .trim_start_matches("http://")
                    .split_whitespace()
                    .next()
                    .unwrap_or_default();
                // Nobody waits any more when the host says it twice.
                let _ = found.send(address.trim_end_matches('/').to_owned());
            }
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.push_str(&line);
            output.push('\n');
        }
    });
}

/// The host's executable: `MOORING_BIN`, or the one that was built beside this test.
pub fn executable() -> PathBuf {
    if let Some(path) = std::env::var_os("MOORING_BIN") {
        return path.into();
    }
    let path = profile_folder().join("mooring");
    assert!(
        path.is_file(),
        "there is no {}: `cargo xtask test` builds what tests need",
        path.display()
    );
    path
}

/// A component that tests load: `misbehaving`, `hello-plugin`, or one that is bundled.
pub fn component(name: &str) -> PathBuf {
    let file = format!("{name}.wasm");
    let bundled = profile_folder().join("plugins").join(&file);
    let path = if bundled.is_file() {
        bundled
    } else {
        profile_folder().join("components").join(&file)
    };
    assert!(
        path.is_file(),
        "there is no {}: `cargo xtask test` builds what tests need",
        path.display()
    );
    path
}

/// `target/debug` or `target/release`.
pub fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a program has a path");
    let folder = test.parent().expect("a file has a folder");
    if folder.ends_with("deps") {
        folder.parent().expect("deps is in a folder").to_owned()
    } else {
        folder.to_owned()
    }
}

/// Compiled plugins, handed from one host to the next: a minute saved in a run of all tests. `cargo xtask test` empties
/// the folder first, so every run compiles each of them at least once.
mod compiled {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Gives a new data folder what was compiled before. Nothing depends on its success.
    pub(super) fn give(data: &Path) {
        let _ = copy(&kept(), &data.join("cache"));
    }

    /// Keeps what a host has compiled.
    pub(super) fn keep(data: &Path) {
        let _ = copy(&data.join("cache"), &kept());
    }

    fn kept() -> PathBuf {
        super::profile_folder().join("compiled-for-tests")
    }

    fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let whole = entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "cwasm" || extension == "crc32");
            let target = to.join(entry.file_name());
            if whole && !target.exists() {
                // Tests run at the same time: a reader sees the whole file or none.
                let fresh = tempfile::NamedTempFile::new_in(to)?;
                fs::copy(entry.path(), fresh.path())?;
                fresh.persist(target)?;
            }
        }
        Ok(())
    }
}
