//! Addresses that results would be posted to: other hosts, this machine, the cloud's metadata.

use serde_json::json;

use super::scene::{Record, Scene};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("callbacks").await;
    for url in [
        "https://evil.example/",
        "https://hooks.example.com.evil.example/",
        "https://evil.example/hooks.example.com",
        "https://hooks.example.com@evil.example/",
        "https://hooks.example.com:pass@evil.example/",
        "https://evil.example#hooks.example.com",
        "https://evil.example?hooks.example.com",
        "https://evil.example\\@hooks.example.com.evil.example/",
        "https://xhooks.example.com/",
        "https://a.hooks.example.com/",
        "https://example.com/",
        "https://hooks.example.com./../evil",
        "https://user:pass@hooks.example.com/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0251.0376.0251.0376/",
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "http://localhost/",
        "http://[::1]/",
        "http://0/",
        "https://metadata.google.internal/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "ftp://hooks.example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "//hooks.example.com/",
        "hooks.example.com",
        "",
    ] {
        let heard = scene.post("/tasks", &json!({"prompt": "Say hello.", "callback_url": url})).await;
        scene.refused(&format!("a callback to {url}"), heard).await;
    }
    for url in [json!(7), json!(["https://hooks.example.com/"]), json!({"host": "hooks.example.com"})] {
        let heard = scene.post("/tasks", &json!({"prompt": "Say hello.", "callback_url": url})).await;
        scene.refused(&format!("a callback to {url}"), heard).await;
    }
    redirects(&scene).await;
    scene.leave().await
}

/// A receiver, even a listed one, sends nobody to an address inside.
async fn redirects(scene: &Scene) {
    use outbound::scripted::{Reply, Server};
    use outbound::{Caller, Method, Reach, Url};
    let inside = Server::start(|_| Reply::json(200, json!({"secret": "hunter2"}))).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/latest/meta-data", inside.base);
        let receiver = Server::start(move |_| Reply::json(status, json!({})).header("location", &to)).await;
        let reach = Reach::public().with_this_machine();
        let caller = Caller::new(&receiver.base, &[], &reach, domain::Clock::system()).unwrap();
        let url = Url::parse(&format!("{}/done", receiver.base)).unwrap();
        let called = caller.call(Method::POST, url, Some(&json!({})), "key").await;
        let held = called.is_err() && inside.lines().is_empty();
        scene.tried(&format!("a redirect with {status} to an address inside"), held, &called).await;
    }
    for host in ["localhost", "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[fd00:ec2::254]"] {
        let base = format!("https://{host}");
        let caller = Caller::new(&base, &[], &Reach::public(), domain::Clock::system());
        let held = match &caller {
            Err(_) => true,
            Ok(caller) => {
                let url = Url::parse(&format!("{base}/")).unwrap();
                caller
                    .call(Method::POST, url, None, "key")
                    .await
                    .is_err_and(|error| error.message.contains("private"))
            }
        };
        scene.tried(&format!("a call to {host}"), held, &caller.map(|_| "a caller")).await;
    }
}
