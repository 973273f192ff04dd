//! Addresses.

use url::Url;

use super::variables::Reader;
use crate::endpoints::version_in;

/// A base URL, without a slash at its end, so that paths can be put behind it.
pub(super) fn base(reader: &Reader<'_>, name: &str) -> Option<String> {
    any(reader, name).map(|url| url.trim_end_matches('/').to_owned())
}

/// The same for the model's API, whose version is none of the address's business.
pub(super) fn model_base(reader: &Reader<'_>, name: &str) -> Option<String> {
    let url = base(reader, name)?;
    let Some(version) = version_in(&url) else { return Some(url) };
    let problem = format!("names the version of the API, which is put behind it once more: `/{version}`");
    reader.wrong(name, problem, "end it before the version, without a model's path; another version than v1beta is `api_version` in [models]");
    None
}

/// A URL of HTTP, as it was written.
pub(super) fn any(reader: &Reader<'_>, name: &str) -> Option<String> {
    let text = reader.get(name)?;
    match check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(problem) => {
            reader.wrong(name, problem.to_owned(), "write it like https://api.example.com");
            None
        }
    }
}

/// The value is not quoted: somebody may have put a password in it.
fn check(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::IdnaError => "must have its host name in ASCII (`xn--…`)",
        _ => "not a URL",
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a `?` or `#` part");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Environment;

    fn mistake(url: &str) -> Option<String> {
        let result = Environment::from_map([("GEMINI_BASE_URL", url)]);
        result.err().map(|mistakes| mistakes.as_slice()[0].problem.clone())
    }

    #[test]
    fn urls_of_http_pass_without_their_last_slash() {
        for url in ["http://127.0.0.1:8080", "https://github.example.com/api/v3", "http://[::1]:9"] {
            let environment = Environment::from_map([("GITHUB_API_URL", format!("{url}/"))]).unwrap();
            assert_eq!(environment.github_api_url.as_deref(), Some(url));
        }
    }

    #[test]
    fn the_address_of_the_models_api_has_no_version() {
        for url in [
            "http://127.0.0.1:9",
            "https://gateway.example/gemini",
            "https://gateway.example/v1x/gemini",
            "https://gateway.example/v1/acme/models-eu",
        ] {
            assert_eq!(mistake(url), None, "{url}");
        }
        for version in [
            "v1beta",
            "v1",
            "v1alpha",
            "v1beta/",
            "v1beta/models",
            "v1beta/openai",
            "v1beta/models/gemini-pro-latest:generateContent",
            "gemini/v1beta/models/gemini-pro-latest",
            "v1beta/openai/chat/completions",
        ] {
            let said = mistake(&format!("http://127.0.0.1:9/{version}")).unwrap();
            assert!(said.contains("version of the API"), "{version}: {said}");
        }
        assert_eq!(mistake("https://gateway.example/gemini/v1").unwrap().matches("/v1").count(), 1);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(mistake("localhost:80").unwrap(), "must begin with https:// or http://");
        assert_eq!(mistake("api.example.com").unwrap(), "not a URL");
        assert_eq!(mistake("https://bücher.example").unwrap(), "must have its host name in ASCII (`xn--…`)");
        assert_eq!(mistake("https://xn--bcher-kva.example"), None);
        assert_eq!(mistake("ftp://x").unwrap(), "must begin with https:// or http://");
        assert_eq!(mistake("https://user:hunter2@x").unwrap(), "must not hold a user name or password");
        assert_eq!(mistake("https://x/?key=1").unwrap(), "must not have a `?` or `#` part");
    }
}
