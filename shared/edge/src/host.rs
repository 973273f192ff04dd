//! [`Hosts`]: the names under which a local server is spoken to.
//!
//! A page on the web can have its own name point at 127.0.0.1 and then read and write here as its own origin (DNS
//! rebinding). The browser still says that name in `Host`: what is asked for by a name that is not ours is refused.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::{HeaderMap, StatusCode, Uri};

use crate::Problem;

/// Names of this machine for itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Names that a server answers to, besides those of this machine for itself.
#[derive(Debug, Clone, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The names of this machine, and the host of each of these addresses.
    #[must_use]
    pub fn local<'u>(urls: impl IntoIterator<Item = &'u str>) -> Self {
        let authority = |url: &str| Some(url.parse::<Uri>().ok()?.authority()?.host().to_ascii_lowercase());
        Self(urls.into_iter().filter_map(authority).collect())
    }

    /// Whether the request is for one of them. The target of the request line wins over the header, as in RFC 9112.
    fn allow<B>(&self, request: &http::Request<B>) -> bool {
        let named = request.uri().authority().map(|authority| authority.as_str());
        named.or_else(|| host(request.headers())).is_some_and(|host| {
            let name = name_of(host).to_ascii_lowercase();
            LOOPBACK.contains(&&*name) || self.0.contains(&name)
        })
    }
}

/// Refuses what is asked for by a foreign name, with 421.
pub async fn refuse_foreign_hosts(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.allow(&request) {
        return next.run(request).await;
    }
    let detail = "Ask for it by 127.0.0.1 or localhost, or set CONSOLE_URL to the address that leads here.";
    let problem = Problem {
        status: StatusCode::MISDIRECTED_REQUEST,
        kind: "foreign_host",
        title: "This server has another name",
        detail: detail.to_owned(),
    };
    problem.into_response()
}

/// Whether the request came to this machine by its own name for itself.
#[must_use]
pub fn is_loopback(headers: &HeaderMap) -> bool {
    host(headers).is_some_and(|host| LOOPBACK.contains(&name_of(host)))
}

/// The only `Host` of a request; two are none.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(HOST).iter();
    let host = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(host)
}

/// `host` without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn asked(host: &str) -> Request<()> {
        Request::get("/tasks").header(HOST, host).body(()).unwrap()
    }

    #[test]
    fn this_machine_is_known_by_its_own_names_whatever_the_port() {
        let hosts = Hosts::local([]);
        for ours in ["127.0.0.1:3000", "localhost", "LOCALHOST:80", "[::1]:3000", "[::1]", "127.0.0.1:"] {
            assert!(hosts.allow(&asked(ours)), "{ours}");
        }
    }

    #[test]
    fn a_name_that_only_points_here_is_foreign() {
        let hosts = Hosts::local(["https://console.example/x"]);
        for foreign in [
            "evil.example:3000",
            "127.0.0.1.evil.example",
            "localhost.evil.example:3000",
            "evil.example:3000@127.0.0.1",
            "localhost:x",
            "127.0.0.1,evil.example",
            "2130706433",
            "",
        ] {
            assert!(!hosts.allow(&asked(foreign)), "{foreign}");
        }
        assert!(!hosts.allow(&Request::get("/tasks").body(()).unwrap()), "no name at all");
        let mut two = asked("localhost");
        two.headers_mut().append(HOST, http::HeaderValue::from_static("evil.example"));
        assert!(!hosts.allow(&two));
        let absolute = Request::get("http://evil.example/tasks").header(HOST, "localhost").body(()).unwrap();
        assert!(!hosts.allow(&absolute));
    }

    #[test]
    fn the_console_is_known_by_its_address_too() {
        let hosts = Hosts::local(["https://Console.example:8443"]);
        assert!(hosts.allow(&asked("console.example")) && hosts.allow(&asked("console.example:443")));
        assert!(!hosts.allow(&asked("www.console.example")));
    }
}
