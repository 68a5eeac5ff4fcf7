//! A browser that is driven by `WebDriver`: its window, its console, its network.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

use super::BROWSERS;

/// The driver's process, which ends with this.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A command of Chromium's own, below the session's address.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// An open window.
pub(super) struct Window {
    client: Client,
}

impl Window {
    /// What the page's script `return`s.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What a script hands to the function that is its last argument.
    pub(super) async fn run_until_done(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap()
    }

    /// A command of the `DevTools` protocol.
    pub(super) async fn tell(&self, method: &str, params: Value) -> Value {
        let body = json!({ "cmd": method, "params": params });
        self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// What was logged since the last time: `browser` is the console, `performance` what the
    /// `DevTools` protocol told.
    pub(super) async fn log(&self, kind: &str) -> Vec<Value> {
        let own = Own { path: "se/log", body: json!({ "type": kind }) };
        self.client.issue_cmd(own).await.unwrap().as_array().cloned().unwrap()
    }

    /// How the page looks: light or dark, on paper or on a screen.
    pub(super) async fn look(&self, media: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.tell("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }))
            .await;
    }

    /// The size of the window's inside, in CSS pixels.
    pub(super) async fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }
}

/// Opens a page in a new browser and does something with it.
pub(super) fn with_page(page: &Path, what: impl AsyncFnOnce(&Window)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_driver, port) = driver();
    let profile = tempfile::Builder::new().prefix("loadgate-profile-").tempdir().unwrap();
    let url = format!("file://{}", page.display());
    runtime.block_on(async {
        let capabilities = capabilities(profile.path());
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        let window = Window { client };
        window.client.goto(&url).await.unwrap();
        what(&window).await;
        window.client.close().await.unwrap();
    });
}

fn capabilities(profile: &Path) -> serde_json::Map<String, Value> {
    let program = BROWSERS.into_iter().find(|program| Path::new(program).exists());
    let program = program.expect("Chromium is not installed: run ./test, which installs it");
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
    ];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let Value::Object(wanted) = json!({
        "browserName": "chrome",
        "goog:chromeOptions": { "binary": program, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    }) else {
        unreachable!("it is an object")
    };
    wanted
}

/// Starts the driver on a port of its own choice.
fn driver() -> (Driver, u16) {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is not installed: run ./test, which installs it");
    let stdout = child.stdout.take().unwrap();
    let driver = Driver(child);
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Somebody has to read what it says until its end.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port.expect("chromedriver does not say its port"))
}

/// The accessibility checks of axe-core, as a script.
pub(super) fn axe() -> String {
    let folder = std::env::var_os("NODE_PATH").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-env/node_modules"),
        PathBuf::from,
    );
    let script = std::fs::read_to_string(folder.join("axe-core/axe.min.js"));
    script.expect("axe-core is not installed: run ./test, which installs it")
}
