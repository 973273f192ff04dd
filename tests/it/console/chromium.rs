//! A headless Chromium, spoken to in its DevTools protocol over a pipe: no driver, no port, nothing to
//! install but Debian's `chromium`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

/// What the browser is called, by distribution.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Reads commands from descriptor 3 and answers on 4, which are the pipes of the shell's standard input
/// and output. It runs as root in containers, where its own sandbox cannot; it opens our pages only.
const START: &str = "exec \"$0\" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --no-first-run --disable-background-networking --disable-component-update --remote-debugging-pipe \
    --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1";
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than a page takes to come on a machine that has much else to do.
const AGAIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A browser with one tab. It ends when this is dropped.
pub(super) struct Chromium {
    _child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    _profile: TempDir,
}

/// Where the browser is, if there is one.
pub(super) fn installed() -> Option<PathBuf> {
    let path = std::process::Command::new("sh").args(["-c", "echo \"$PATH\""]).output().ok()?;
    let path = String::from_utf8(path.stdout).ok()?;
    let candidates = path.trim().split(':').flat_map(|dir| NAMES.map(|name| PathBuf::from(dir).join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

impl Chromium {
    pub(super) async fn start(binary: PathBuf) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", START])
            .arg(binary)
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut browser =
            Self { _child: child, commands, answers, session: None, sent: 0, _profile: profile };
        let tab = browser.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": tab["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach).await;
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({})).await;
        browser
    }

    /// Sends a command and waits for its answer; events are passed over.
    async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.send(method, parameters).await;
        let answer = timeout(TIMEOUT, self.answer_to(self.sent)).await;
        answer.unwrap_or_else(|_| panic!("{method} was not answered"))
    }

    async fn send(&mut self, method: &str, parameters: Value) {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).await.unwrap();
    }

    async fn answer_to(&mut self, id: u64) -> Value {
        loop {
            let mut message = Vec::new();
            self.answers.read_until(0, &mut message).await.unwrap();
            assert_eq!(message.pop(), Some(0), "the browser has ended");
            let mut message: Value = serde_json::from_slice(&message).unwrap();
            if message["id"] == id {
                // What was asked of a page that is being replaced has no answer.
                if message["error"]["message"].as_str().is_some_and(|why| why.contains("navigated")) {
                    return Value::Null;
                }
                assert!(message["error"].is_null(), "{message}");
                return message["result"].take();
            }
        }
    }

    pub(super) async fn open(&mut self, url: &str) {
        self.eval("window.isOld = true").await;
        self.go(
            url,
            "document.readyState === 'complete' && location.href !== 'about:blank' && !window.isOld",
        )
        .await;
    }

    /// Goes to `url`, again and again until it has arrived: where a page is on its way to another one by itself, either of
    /// the two is dropped, and a command that is dropped is never answered.
    async fn go(&mut self, url: &str, has_arrived: &str) {
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            self.send("Page.navigate", json!({"url": url})).await;
            if self.is_within(AGAIN, has_arrived).await {
                return;
            }
        }
        panic!("{url} was not reached");
    }

    /// Runs `script` in every page from now on, before its own.
    pub(super) async fn on_every_page(&mut self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Leaves the page for one that is none of ours, as closing it does.
    pub(super) async fn leave(&mut self) {
        self.go("about:blank", "location.href === 'about:blank'").await;
    }

    /// The value of an expression. While a page is being replaced there is none.
    pub(super) async fn eval(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        self.call("Runtime.evaluate", ask).await["result"]["value"].take()
    }

    /// Waits until `expression` is true.
    pub(super) async fn until(&mut self, expression: &str) {
        if !self.is_within(TIMEOUT, expression).await {
            let page = self.eval("location.href + '\\n' + document.body.innerText").await;
            panic!("never came true: {expression}\n{}", page.as_str().unwrap_or_default());
        }
    }

    async fn is_within(&mut self, limit: Duration, expression: &str) -> bool {
        let began = Instant::now();
        while self.eval(&format!("Boolean({expression})")).await != json!(true) {
            if began.elapsed() > limit {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    /// Waits for the element, which a person then clicks.
    pub(super) async fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&element).await;
        self.eval(&format!("{element}.click()")).await;
    }

    /// Puts text into the element as if it was typed there.
    pub(super) async fn fill(&mut self, selector: &str, text: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&element).await;
        self.eval(&format!("{element}.value = {}", json!(text))).await;
        self.eval(&format!("{element}.dispatchEvent(new Event('input', {{bubbles: true}}))")).await;
    }

    /// Presses a key and lets it go.
    pub(super) async fn key(&mut self, key: &str) {
        let text = match key {
            "Enter" => "\r",
            one if one.chars().count() == 1 => one,
            _ => "",
        };
        let code = match key {
            "Backspace" => 8,
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            _ => 0,
        };
        let down = json!({"type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", down).await;
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}),
        )
        .await;
    }

    /// The size of the window, and whether it is a phone's.
    pub(super) async fn size(&mut self, width: u32, height: u32, mobile: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`.
    pub(super) async fn scheme(&mut self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Whether pages may run scripts.
    pub(super) async fn scripts(&mut self, allowed: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": !allowed})).await;
    }
}
