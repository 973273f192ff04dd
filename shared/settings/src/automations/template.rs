//! Texts with `{places}` that are filled in later. A value changes its own place and nothing else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

/// Places that every call has, besides its parameters.
pub const PLACES: [&str; 5] = ["task_id", "tenant", "thread", "actor", "event"];

/// A text with places, each of which is known to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTemplate(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(String),
}

impl CallTemplate {
    /// Reads `text`, whose places must be among `known`; `{{` and `}}` stand for themselves.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, String> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(behind) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = behind;
                continue;
            }
            let inside = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'));
            let Some((name, behind)) = inside else {
                return Err("has a brace without its other half; write {{ or }} for a plain one".to_owned());
            };
            if !known.contains(&name) {
                return Err(format!("has the place {{{name}}}, which is none of {}", known.join(", ")));
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Place(name.to_owned()));
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text with what `value` says in every place.
    pub fn fill(&self, mut value: impl FnMut(&str) -> String) -> String {
        let fill = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Place(name) => value(name),
        };
        self.0.iter().map(fill).collect()
    }

    /// The place, if the text is nothing but one.
    fn sole(&self) -> Option<&str> {
        match &self.0[..] {
            [Piece::Place(name)] => Some(name),
            _ => None,
        }
    }
}

/// An address with places in its path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    template: CallTemplate,
    /// The address with a plain letter in every place.
    sample: Url,
}

impl UrlTemplate {
    /// Reads `text`: `https://`, or `http://` to this machine; no place before the path.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, String> {
        let template = CallTemplate::parse(text, known)?;
        let sample = Url::parse(&template.fill(|_| "x".to_owned())).map_err(|error| match error {
            url::ParseError::IdnaError => "must have its host name in ASCII (`xn--…`)".to_owned(),
            _ => "is not a URL".to_owned(),
        })?;
        let origin_ends = text.find("://").and_then(|at| Some(at + 3 + text[at + 3..].find('/')?));
        if origin_ends.is_none_or(|end| text[..end].contains('{')) {
            return Err("must name its host, and a path behind it, without a place".to_owned());
        }
        let host = sample.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if sample.scheme() != "https" && !(sample.scheme() == "http" && is_local) {
            return Err("must begin with https:// (http:// is for this machine alone)".to_owned());
        }
        if !sample.username().is_empty() || sample.password().is_some() || sample.fragment().is_some() {
            return Err("must not hold a user, a password or a fragment".to_owned());
        }
        Ok(Self { template, sample })
    }

    /// Host and port, as in `api.example.com:8443`.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.sample.host_str().unwrap_or_default();
        self.sample.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Scheme, host and port: `https://api.example.com`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.sample.origin().ascii_serialization()
    }

    /// The address with the values of `value` in its places, percent-encoded. No value can move the request to
    /// another host, path or parameter.
    ///
    /// # Errors
    /// When a segment of the path would be empty, or go up.
    pub fn fill(&self, mut value: impl FnMut(&str) -> String) -> Result<Url, String> {
        let text = self.template.fill(|name| encode(&value(name)));
        let url = Url::parse(&text).map_err(|error| format!("the address cannot be filled in: {error}"))?;
        let segments = |url: &Url| url.path().split('/').map(str::is_empty).collect::<Vec<_>>();
        if url.origin() != self.sample.origin() || segments(&url) != segments(&self.sample) {
            return Err("a parameter that stands in the path is empty, `.` or `..`".to_owned());
        }
        Ok(url)
    }
}

/// What is percent-encoded: everything that RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `value` with every text in it filled in as a template. A text that is a single place becomes the value itself,
/// a number for instance. `None` when a text is not a template, which `check_json` reports.
pub fn fill_json(value: &Value, known: &[&str], get: &impl Fn(&str) -> Value) -> Option<Value> {
    Some(match value {
        Value::String(text) => {
            let template = CallTemplate::parse(text, known).ok()?;
            match template.sole() {
                Some(name) => get(name),
                None => Value::String(template.fill(|name| plain(&get(name)))),
            }
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_json(item, known, get)).collect::<Option<_>>()?)
        }
        Value::Object(fields) => {
            let fill = |(key, value)| Some((String::clone(key), fill_json(value, known, get)?));
            Value::Object(fields.iter().map(fill).collect::<Option<_>>()?)
        }
        other => other.clone(),
    })
}

/// What is wrong with the texts of `value` as templates.
pub(crate) fn check_json(value: &Value, known: &[&str]) -> Result<(), String> {
    match value {
        Value::String(text) => CallTemplate::parse(text, known).map(drop),
        Value::Array(items) => items.iter().try_for_each(|item| check_json(item, known)),
        Value::Object(fields) => fields.values().try_for_each(|value| check_json(value, known)),
        _ => Ok(()),
    }
}

/// A scalar as it is written within a text.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Result<UrlTemplate, String> {
        UrlTemplate::parse(text, &["id", "q"])
    }

    #[test]
    fn what_is_filled_in_stays_in_its_place() {
        let template = url("https://api.example.com/users/{id}/reset?q={q}").unwrap();
        let fill = |id: &str, q: &str| template.fill(|name| if name == "id" { id } else { q }.to_owned());
        assert_eq!(
            fill("a/b?c#d@e", "x&y=z%2e").unwrap().as_str(),
            "https://api.example.com/users/a%2Fb%3Fc%23d%40e/reset?q=x%26y%3Dz%252e"
        );
        for hostile in ["", ".", ".."] {
            assert!(fill(hostile, "x").is_err(), "{hostile:?}");
        }
        assert!(fill("%2e%2e", "x").unwrap().path().starts_with("/users/%252e%252e/"));
    }

    #[test]
    fn host_is_fixed_and_encrypted() {
        for bad in [
            "https://{id}.example.com/",
            "https://example.com:{id}/",
            "https://example.com{id}/",
            "{id}",
            "https://example.com",
            "http://example.com/",
            "ftp://example.com/",
            "https://u:p@example.com/",
            "https://example.com/#x",
            "https://example.com/{unknown}",
            "https://example.com/{id",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert_eq!(url("http://127.0.0.1:8080/{id}").unwrap().host(), "127.0.0.1:8080");
        assert_eq!(url("https://api.example.com/").unwrap().origin(), "https://api.example.com");
    }

    #[test]
    fn sole_place_keeps_its_type_and_braces_can_be_written() {
        let known = ["amount"];
        let body = json!({"a": "{amount}", "b": ["for {amount}"], "c": "{{x}}", "d": 1});
        let filled = fill_json(&body, &known, &|_| json!(2.5)).unwrap();
        assert_eq!(filled, json!({"a": 2.5, "b": ["for 2.5"], "c": "{x}", "d": 1}));
        assert!(check_json(&json!(["{b}"]), &known).unwrap_err().contains("amount"));
    }
}
