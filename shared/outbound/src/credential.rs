//! [`Credential`]: authorises requests, and is cut out of what services say.

use std::fmt;

use data_encoding::BASE64;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::config::BuildError;
use crate::service::Service;

/// A credential ready to be sent as `Authorization`.
#[derive(Clone)]
pub struct Credential {
    header: HeaderValue,
    /// Every form in which a service might echo it; none is empty.
    forms: Vec<SecretString>,
}

impl Credential {
    /// A bearer token.
    ///
    /// # Errors
    /// [`BuildError::Credential`] when it is empty or cannot stand in a header.
    pub fn bearer(service: &Service, token: &SecretString) -> Result<Self, BuildError> {
        Self::behind(service, "Bearer ", token)
    }

    /// A token behind what its service wants before it: `"Token token="`, or nothing.
    ///
    /// # Errors
    /// As [`bearer`](Self::bearer).
    pub fn behind(service: &Service, prefix: &str, token: &SecretString) -> Result<Self, BuildError> {
        let token = usable(service, token.expose_secret())?;
        Self::new(service, format!("{prefix}{token}"), vec![token.into()])
    }

    /// User name and password of basic authentication. The user name is no secret; it must not be empty or
    /// contain a colon.
    ///
    /// # Errors
    /// [`BuildError::Credential`] when the password is empty or cannot stand in a header, or the user
    /// is not usable.
    pub fn basic(service: &Service, user: &str, password: &SecretString) -> Result<Self, BuildError> {
        let password = usable(service, password.expose_secret())?;
        let user = user.trim();
        if user.is_empty()
            || user.starts_with('/')
            || user.contains(':')
            || user.chars().any(char::is_control)
        {
            return Err(wrong(service, "belongs to an account whose name is empty or has a colon"));
        }
        let encoded = BASE64.encode(format!("{user}:{password}").as_bytes());
        Self::new(service, format!("Basic {encoded}"), vec![password.into(), encoded.into()])
    }

    fn new(service: &Service, header: String, forms: Vec<SecretString>) -> Result<Self, BuildError> {
        let mut header =
            HeaderValue::try_from(header).map_err(|_| wrong(service, "cannot stand in a header"))?;
        header.set_sensitive(true);
        Ok(Self { header, forms })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// `text` without the credential, should a service have echoed it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let cut = |text: String, form: &SecretString| text.replace(form.expose_secret(), "[redacted]");
        self.forms.iter().fold(text.to_owned(), cut)
    }
}

/// Whether both are sent as the same.
impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential([redacted])")
    }
}

fn usable<'a>(service: &Service, token: &'a str) -> Result<&'a str, BuildError> {
    let token = token.trim();
    if token.is_empty() {
        return Err(wrong(service, "is empty"));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong(service, "has characters that no such secret has"));
    }
    Ok(token)
}

fn wrong(service: &Service, problem: &'static str) -> BuildError {
    BuildError::Credential { variable: service.credential_variable, problem, title: service.title }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::tests::SERVICE;

    #[test]
    fn debug_shows_nothing_and_the_header_is_sensitive() {
        for credential in [
            Credential::bearer(&SERVICE, &"hunter2".into()).unwrap(),
            Credential::basic(&SERVICE, "a@b.example", &"hunter2".into()).unwrap(),
        ] {
            let shown = format!("{credential:?} {:?}", credential.header());
            assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMg"), "{shown}");
        }
    }

    #[test]
    fn spaces_around_are_forgiven_and_empty_or_broken_ones_are_not() {
        assert!(Credential::bearer(&SERVICE, &" hunter2\n".into()).is_ok());
        for bad in ["", " \n", "hunter2\r\nx: y", "hunter 2", "hünter2"] {
            let error = Credential::bearer(&SERVICE, &bad.into()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("nter"), "{error}");
            assert!(error.to_string().contains("SAMPLE_TOKEN"), "{error}");
        }
        assert!(Credential::basic(&SERVICE, "a:b", &"hunter2".into()).is_err());
    }

    #[test]
    fn every_form_of_an_echoed_credential_is_redacted() {
        let basic = Credential::basic(&SERVICE, "a@b.example/token", &"hunter2".into()).unwrap();
        let header = basic.header().to_str().unwrap().to_owned();
        assert_eq!(header, "Basic YUBiLmV4YW1wbGUvdG9rZW46aHVudGVyMg==");
        assert_eq!(basic.redact(&format!("{header}, hunter2")), "Basic [redacted], [redacted]");
    }
}
