//! A real browser: Debian's Chromium, driven over WebDriver.
//!
//! The protocol is a dozen JSON requests, which the HTTP client that the tests have anyway sends; a client library would bring
//! a second TLS stack for a server on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a browser may take to end.
const QUIT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a page is looked at with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// As most people have it.
    On,
    /// Blocked by the browser's settings.
    Off,
}

/// A browser with a profile of its own.
pub struct Browser {
    script: Script,
    driver: Child,
    session: String,
    client: reqwest::Client,
    /// Kept until the browser has ended.
    _profile: TempDir,
}

/// Whether Chromium and its driver are there; see [`crate::available`].
pub fn available() -> bool {
    crate::available("chromium") && crate::available("chromedriver")
}

impl Browser {
    /// Starts one, in a window of a desktop.
    pub async fn start(script: Script) -> Browser {
        let profile = TempDir::with_prefix("mooring-browser-").expect("a temporary folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let output = BufReader::new(driver.stdout.take().expect("stdout is piped"));
        let port = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        let folder = profile.path().display();
        let preferences = match script {
            Script::On => json!({}),
            Script::Off => json!({ "profile.managed_default_content_settings.javascript": 2 }),
        };
        let wish = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "prefs": preferences,
                "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--hide-scrollbars", format!("--user-data-dir={folder}"),
                ],
            },
        } } });
        let mut browser = Browser {
            script,
            driver,
            session: format!("http://127.0.0.1:{port}"),
            client: crate::api::client(),
            _profile: profile,
        };
        let session = browser.ask("POST", "/session", &wish).await;
        let id = session["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/session/{id}", browser.session);
        browser.resize(1280, 900).await;
        browser
    }

    /// Gives the page this many pixels, as CSS counts them. A desktop's window is never as narrow as a phone, so its metrics are
    /// set instead.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Opens an address and waits until the page is there.
    pub async fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url })).await;
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        self.ask("GET", "/url", &Value::Null)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// What the element shows, nothing if there is none.
    pub async fn text(&self, selector: &str) -> Option<String> {
        let id = self.find(selector).await?;
        let text = self
            .try_ask("GET", &format!("/element/{id}/text"), &Value::Null)
            .await
            .ok()?;
        text.as_str().map(str::to_owned)
    }

    /// The element's attribute.
    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let id = self.find(selector).await?;
        let path = format!("/element/{id}/attribute/{name}");
        let value = self.try_ask("GET", &path, &Value::Null).await.ok()?;
        value.as_str().map(str::to_owned)
    }

    /// Presses on the element.
    pub async fn click(&self, selector: &str) {
        let id = self.needed(selector).await;
        self.ask("POST", &format!("/element/{id}/click"), &json!({}))
            .await;
    }

    /// Types into the element.
    pub async fn fill(&self, selector: &str, text: &str) {
        let id = self.needed(selector).await;
        self.ask("POST", &format!("/element/{id}/value"), &json!({ "text": text }))
            .await;
    }

    /// What a script says, which is run by the driver and not by the page.
    pub async fn evaluate(&self, script: &str) -> Value {
        let body = json!({ "script": script, "args": [] });
        self.ask("POST", "/execute/sync", &body).await
    }

    /// Shows pages as for somebody who likes them dark, or bright again.
    pub async fn darken(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.command("Emulation.setEmulatedMedia", media).await;
    }

    /// What keeps people out of the page who see badly or have no mouse, as axe finds it: rules that are broken, and where. Says so
    /// and finds nothing where axe is not installed; see [`crate::skipped`]. Nothing is found without scripts either: axe is one.
    pub async fn barriers(&self) -> Vec<String> {
        if self.script == Script::Off {
            return Vec::new();
        }
        let source = crate::host::profile_folder().join("../axe/node_modules/axe-core/axe.min.js");
        let Ok(axe) = std::fs::read_to_string(source) else {
            crate::skipped("axe is not installed");
            return Vec::new();
        };
        let script = format!(
            "{axe}; const done = arguments[arguments.length - 1]; \
             axe.run().then(found => done(found.violations), error => done([{{ id: String(error), nodes: [] }}]));"
        );
        let body = json!({ "script": script, "args": [] });
        let found = self.ask("POST", "/execute/async", &body).await;
        let rules = found.as_array().expect("a list of rules").iter();
        rules
            .map(|rule| {
                let nodes = rule["nodes"].as_array().into_iter().flatten();
                let places: Vec<&str> = nodes.filter_map(|node| node["html"].as_str()).collect();
                format!("{}: {}", rule["id"], places.join(" | "))
            })
            .collect()
    }

    /// What the browser has complained of: violations of the policy, files that do not load, errors of scripts.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.ask("POST", "/se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().into_iter().flatten();
        entries
            .filter_map(|entry| entry["message"].as_str().map(str::to_owned))
            .collect()
    }

    /// Keeps a picture of the whole page.
    pub async fn picture(&self, path: &Path) {
        let shot = json!({ "format": "png", "captureBeyondViewport": true });
        let taken = self.command("Page.captureScreenshot", shot).await;
        let encoded = taken["data"].as_str().expect("a picture");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for pictures");
        std::fs::write(path, BASE64_STANDARD.decode(encoded).expect("base64"))
            .expect("a picture can be kept");
    }

    async fn find(&self, selector: &str) -> Option<String> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.try_ask("POST", "/element", &body).await.ok()?;
        let id = found.as_object()?.values().next()?;
        id.as_str().map(str::to_owned)
    }

    async fn needed(&self, selector: &str) -> String {
        match self.find(selector).await {
            Some(id) => id,
            None => panic!("the page {} has no {selector}", self.url().await),
        }
    }

    async fn command(&self, name: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": name, "params": parameters });
        self.ask("POST", "/goog/cdp/execute", &body).await
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        match self.try_ask(method, path, body).await {
            Ok(value) => value,
            Err(error) => panic!("the browser refused {path}: {error}"),
        }
    }

    async fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let url = format!("{}{path}", self.session);
        let request = match method {
            "GET" => self.client.get(url),
            _ => self.client.post(url).json(body),
        };
        let answer = request.send().await.expect("chromedriver answers");
        let ok = answer.status().is_success();
        let mut answer: Value = answer.json().await.expect("chromedriver speaks JSON");
        let value = answer["value"].take();
        if ok { Ok(value) } else { Err(value) }
    }
}

impl Browser {
    /// Ends the session, and with it the browser: what the driver leaves behind when it ends itself would run on.
    fn quit(&self) -> std::io::Result<()> {
        let Some((address, session)) = self
            .session
            .strip_prefix("http://")
            .and_then(|url| url.split_once('/'))
        else {
            return Ok(());
        };
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(QUIT_TIMEOUT))?;
        write!(
            stream,
            "DELETE /{session} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        // The answer comes once the browser has ended.
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.quit();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
