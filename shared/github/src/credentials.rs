//! [`Auth`]: the credentials that requests are sent with; and [`Bearer`], one of them.

use std::fmt;

use domain::{Clock, ServiceError};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::app::App;
use crate::base::Thread;
use crate::config::{BuildError, Credentials};
use crate::transport::Transport;

/// A credential ready to be sent.
#[derive(Clone)]
pub(crate) struct Bearer {
    secret: SecretString,
    header: HeaderValue,
}

impl Bearer {
    /// Wraps a token; `None` if it cannot stand in a header or is empty.
    pub(crate) fn new(token: &str) -> Option<Self> {
        let usable = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| usable)?;
        header.set_sensitive(true);
        Some(Self { secret: token.into(), header })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// `text` without the credential, should a server have echoed it.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(self.secret.expose_secret(), "[redacted]")
    }

    /// Whether both are the same credential.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer([redacted])")
    }
}

/// Which kind of credentials we have: decides what an error tells to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A personal access token.
    Token,
    /// A GitHub App.
    App,
}

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Auth {
    Token(Bearer),
    App(Box<App>),
}

impl Auth {
    /// Checks the credentials; asks nobody.
    pub(crate) fn new(credentials: Credentials, clock: Clock) -> Result<Self, BuildError> {
        match credentials {
            Credentials::Token(token) => {
                let token = token.expose_secret().trim();
                if token.is_empty() {
                    return Err(BuildError::Token("is empty"));
                }
                let bearer = Bearer::new(token);
                bearer.map(Self::Token).ok_or(BuildError::Token("has characters that no token has"))
            }
            Credentials::App { id, private_key } => {
                Ok(Self::App(Box::new(App::new(&id, &private_key, clock)?)))
            }
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Token(_) => Kind::Token,
            Self::App(_) => Kind::App,
        }
    }

    /// The credential for requests about `thread`.
    pub(crate) async fn bearer(
        &self,
        transport: &Transport,
        thread: Thread<'_>,
        deadline: tokio::time::Instant,
    ) -> Result<Bearer, ServiceError> {
        match self {
            Self::Token(bearer) => Ok(bearer.clone()),
            Self::App(app) => app.token(transport, thread, deadline).await,
        }
    }

    /// Another credential after GitHub has refused `refused` with 401, if there can be one: a cached
    /// token may have been revoked.
    pub(crate) async fn renewed(
        &self,
        transport: &Transport,
        thread: Thread<'_>,
        refused: &Bearer,
        deadline: tokio::time::Instant,
    ) -> Result<Option<Bearer>, ServiceError> {
        match self {
            Self::Token(_) => Ok(None),
            Self::App(app) => {
                app.forget(thread, refused).await;
                app.token(transport, thread, deadline).await.map(Some)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_errors_show_no_token() {
        let bearer = Bearer::new("ghp_secret").unwrap();
        assert!(!format!("{bearer:?}").contains("ghp_secret"));
        assert!(!format!("{:?}", bearer.header()).contains("ghp_secret"));
        let auth = Auth::new(Credentials::Token("ghp_secret".into()), Clock::system()).unwrap();
        assert!(!format!("{auth:?}").contains("ghp_secret"));
        let error = Auth::new(Credentials::Token("ghp_sec\nret".into()), Clock::system()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("ghp_sec"));
        assert!(!format!("{:?}", Credentials::Token("ghp_secret".into())).contains("ghp_secret"));
    }

    #[test]
    fn spaces_around_a_token_are_forgiven_and_an_empty_one_is_not() {
        assert!(Auth::new(Credentials::Token(" ghp_x\n".into()), Clock::system()).is_ok());
        let error = Auth::new(Credentials::Token(" \n".into()), Clock::system()).unwrap_err();
        assert_eq!(error, BuildError::Token("is empty"));
    }

    #[test]
    fn an_echoed_token_is_redacted() {
        let bearer = Bearer::new("ghp_secret").unwrap();
        assert_eq!(bearer.redact("Bearer ghp_secret is wrong"), "Bearer [redacted] is wrong");
    }
}
