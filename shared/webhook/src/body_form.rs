//! [`BodyForm`]: how a body is to be read, decided by its bytes alone.
//!
//! The content type is not signed. If it picked the parser, whoever replays a signed request could have it
//! read another way: JSON whose text holds `&payload=…&` would be a form with another event in it. So the
//! first bytes decide, and a content type that says otherwise is refused.

use crate::Provider;

const JSON: &str = "application/json";
/// The media type of HTML forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// An object or a list: it begins with `{` or `[`.
    Json,
    /// An HTML form: it begins with one of the fields that this sender's forms begin with.
    Form,
}

impl BodyForm {
    /// What the bytes of `body` are, of a sender whose forms begin with one of `fields`; `None` when they
    /// are neither.
    pub(crate) fn of(body: &[u8], fields: &[&str]) -> Option<Self> {
        let begins_with =
            |field: &str| body.strip_prefix(field.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
        match body.first() {
            Some(b'{' | b'[') => Some(Self::Json),
            _ if fields.iter().any(|field| begins_with(field)) => Some(Self::Form),
            _ => None,
        }
    }

    /// The media type of such bodies, without parameters.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Form => FORM,
        }
    }
}

impl Provider {
    /// How `body` is to be read if this provider signed it; `None` when it never sends such bytes.
    #[must_use]
    pub fn body_form(self, body: &[u8]) -> Option<BodyForm> {
        BodyForm::of(body, self.row().forms)
    }

    /// The media types that it sends, without parameters; anything else is answered 415.
    #[must_use]
    pub fn media_types(self) -> &'static [&'static str] {
        if self.row().forms.is_empty() { &[JSON] } else { &[JSON, FORM] }
    }
}

/// Whether the header `content_type` names the media type `essence`, whatever its parameters and case.
#[must_use]
pub fn is_media_type(content_type: &str, essence: &str) -> bool {
    content_type.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(essence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        let form = |body: &str| BodyForm::of(body.as_bytes(), &["payload", "token"]);
        for json in ["{}", "[1]", "{\"text\":\"&payload=%7B%7D&\"}"] {
            assert_eq!(form(json), Some(BodyForm::Json), "{json}");
        }
        for body in ["payload=%7B%7D", "payload=", "token=x&payload=%7B%7D"] {
            assert_eq!(form(body), Some(BodyForm::Form), "{body}");
        }
        for neither in ["", " {}", "\u{feff}{}", "a=1&payload=%7B%7D", "payload", "payloads=1", "7", "null"] {
            assert_eq!(form(neither), None, "{neither}");
        }
        assert_eq!(BodyForm::of(b"payload=%7B%7D", &[]), None, "a sender of JSON sends no forms");
    }

    #[test]
    fn parameters_and_case_are_no_part_of_a_media_type() {
        assert!(is_media_type("Application/JSON; charset=utf-8", JSON));
        assert!(is_media_type("application/x-www-form-urlencoded ;charset=utf-8", FORM));
        assert!(!is_media_type("", FORM) && !is_media_type("application/jsonp", JSON));
    }
}
