//! [`Auth`]: the source of the credentials that requests are sent with.

use domain::ServiceError;
use outbound::{BuildError, Call, Client, Credential};

use crate::app::App;
use crate::config::{CredentialKind, Credentials, SERVICE};
use crate::thread::Thread;

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Auth {
    Token(Credential),
    App(Box<App>),
}

impl Auth {
    /// Checks the credentials; asks nobody.
    pub(crate) fn new(credentials: Credentials) -> Result<Self, BuildError> {
        Ok(match credentials {
            Credentials::Token(token) => Self::Token(Credential::bearer(&SERVICE, &token)?),
            Credentials::App { id, private_key } => Self::App(Box::new(App::new(&id, &private_key)?)),
        })
    }

    pub(crate) fn kind(&self) -> CredentialKind {
        match self {
            Self::Token(_) => CredentialKind::Token,
            Self::App(_) => CredentialKind::App,
        }
    }

    /// The credential for requests about `thread`; `client` has none.
    pub(crate) async fn credential(
        &self,
        client: &Client,
        call: Call,
        thread: Thread<'_>,
    ) -> Result<Credential, ServiceError> {
        match self {
            Self::Token(credential) => Ok(credential.clone()),
            Self::App(app) => app.token(client, call, thread).await,
        }
    }

    /// Another credential once GitHub has refused `refused` with 401: a cached token may have been revoked.
    /// `None` when there can be no other.
    pub(crate) async fn renewed(
        &self,
        client: &Client,
        call: Call,
        thread: Thread<'_>,
        refused: &Credential,
    ) -> Result<Option<Credential>, ServiceError> {
        match self {
            Self::Token(_) => Ok(None),
            Self::App(app) => {
                app.forget(thread, refused).await;
                app.token(client, call, thread).await.map(Some)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_errors_show_no_token() {
        let auth = Auth::new(Credentials::Token("ghp_secret".into())).unwrap();
        assert!(!format!("{auth:?}").contains("ghp_secret"));
        let error = Auth::new(Credentials::Token("ghp_sec\nret".into())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("ghp_sec"));
        assert!(!format!("{:?}", Credentials::Token("ghp_secret".into())).contains("ghp_secret"));
    }

    #[test]
    fn spaces_around_a_token_are_forgiven_and_an_empty_one_is_not() {
        assert!(Auth::new(Credentials::Token(" ghp_x\n".into())).is_ok());
        let error = Auth::new(Credentials::Token(" \n".into())).unwrap_err().to_string();
        assert!(error.starts_with("GITHUB_TOKEN is empty"), "{error}");
    }
}
