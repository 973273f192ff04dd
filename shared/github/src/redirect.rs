//! Redirects within the API, as for a repository that was renamed.

use domain::ServiceError;
use outbound::{Answer, Base, Call, Client, Request, Url};

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 3;

/// Sends `request`. A redirect within the API is followed with the method and body unchanged, as GitHub
/// asks for; one to elsewhere is the answer.
pub(crate) async fn send(client: &Client, call: Call, request: &Request) -> Result<Answer, ServiceError> {
    let mut request = request.clone();
    for _ in 0..MAX_REDIRECTS {
        let answer = client.send(call, &request).await?;
        let Some(to) = moved(client.base(), request.url(), &answer) else { return Ok(answer) };
        request = request.to(to);
    }
    client.send(call, &request).await
}

fn moved(base: &Base, from: &Url, answer: &Answer) -> Option<Url> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    within(base, from, answer.headers.get("location")?.to_str().ok()?)
}

/// The address that a redirect from `from` leads to, if our credentials may follow it there: the same
/// scheme, host and port, under the base's path.
fn within(base: &Base, from: &Url, location: &str) -> Option<Url> {
    let (base, to) = (base.url(), from.join(location).ok()?);
    let prefix = base.path().trim_end_matches('/');
    let under = to.path().strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let plain = to.username().is_empty() && to.password().is_none();
    (to.origin() == base.origin() && under && plain).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SERVICE;

    #[test]
    fn redirects_stay_on_the_host_and_under_the_base() {
        let base = Base::parse(&SERVICE, "https://ghe.example.com/api/v3").unwrap();
        let from = base.join(&["repos", "old", "name"]);
        let allowed = |location| within(&base, &from, location).is_some();
        assert!(allowed("https://ghe.example.com/api/v3/repositories/1"));
        assert!(allowed("/api/v3/repositories/1"));
        assert!(!allowed("https://evil.example/api/v3/repositories/1"));
        assert!(!allowed("//evil.example/api/v3/repositories/1"));
        assert!(!allowed("http://ghe.example.com/api/v3/repositories/1"));
        assert!(!allowed("https://ghe.example.com:8443/api/v3/repositories/1"));
        assert!(!allowed("https://x:y@ghe.example.com/api/v3/repositories/1"));
        assert!(!allowed("https://ghe.example.com/api/v3evil"));
        assert!(!allowed("/api/v3/../../raw/secret"));
    }
}
