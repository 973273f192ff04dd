//! [`Api`]: authorised calls on GitHub, and who we are.

use domain::{Clock, ServiceError};
use outbound::{
    Answer, BuildError, Call, Client, Credential, HeaderName, HeaderValue, Request, StatusCode, Url,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::absence;
use crate::config::{self, Config, CredentialKind, Credentials};
use crate::credentials::Auth;
use crate::link::Pages;
use crate::problem;
use crate::redirect;
use crate::thread::Thread;

/// The API as seen by one set of credentials.
#[derive(Debug)]
pub(crate) struct Api {
    /// Without a credential: the thread decides which one is used.
    pub(crate) client: Client,
    auth: Auth,
}

#[derive(Deserialize)]
struct UserAnswer {
    login: String,
}

impl Api {
    pub(crate) fn new(credentials: Credentials, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let client = config::client(config, clock)?;
        let auth = Auth::new(credentials)?;
        Ok(Self { client, auth })
    }

    /// What GitHub calls the account of these credentials.
    ///
    /// # Errors
    /// [`ServiceError`]. A token of an installation may not ask.
    pub(crate) async fn login(&self, call: Call) -> Result<String, ServiceError> {
        match &self.auth {
            Auth::Token(credential) => self.user(call, credential).await,
            Auth::App(app) => app.login(&self.client, call).await,
        }
    }

    async fn user(&self, call: Call, credential: &Credential) -> Result<String, ServiceError> {
        let client = self.client.with(credential.clone());
        let request = Request::get(client.base().join(&["user"]), &[]);
        let answer = redirect::send(&client, call, &request).await?;
        let user: UserAnswer = self.read(&client, call, &answer)?;
        Ok(user.login)
    }

    /// The credential for requests about `thread`.
    pub(crate) async fn credential(
        &self,
        call: Call,
        thread: Thread<'_>,
    ) -> Result<Credential, ServiceError> {
        self.auth.credential(&self.client, call, thread).await
    }

    /// A `POST` of JSON.
    pub(crate) fn post(&self, call: Call, url: Url, body: &impl Serialize) -> Result<Request, ServiceError> {
        // Without the `charset` that JSON has no use for.
        let json = HeaderValue::from_static("application/json");
        let request = self.client.checked(call, Request::post(url, body))?;
        Ok(request.header(HeaderName::from_static("content-type"), json))
    }

    /// Sends `request`, which is about `thread`, with our credentials and decodes what comes back.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call,
        thread: Thread<'_>,
        request: &Request,
    ) -> Result<(T, Pages), ServiceError> {
        let answer = self.answer(call, thread, request).await?;
        Ok((self.client.decode(call, &answer)?, Pages::of(&answer)))
    }

    /// The same, as it came; anything but a success is an error.
    pub(crate) async fn answer(
        &self,
        call: Call,
        thread: Thread<'_>,
        request: &Request,
    ) -> Result<Answer, ServiceError> {
        let (answer, client) = self.send(call, thread, request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = problem::with(self.kind())(&client, call, &answer);
        if answer.status == StatusCode::NOT_FOUND {
            return Err(absence::explained(self, (call, &client), thread, &answer, error).await);
        }
        Err(error)
    }

    /// Sends `request` as whoever has set up our hooks: the app itself, or the token's account.
    pub(crate) async fn as_owner(&self, call: Call, request: &Request) -> Result<Answer, ServiceError> {
        let (_, answer) = self.status_as_owner(call, request).await?;
        answer
    }

    /// The same, with its status even where the answer is an error.
    pub(crate) async fn status_as_owner(
        &self,
        call: Call,
        request: &Request,
    ) -> Result<(StatusCode, Result<Answer, ServiceError>), ServiceError> {
        let (answer, client) = match &self.auth {
            Auth::App(app) => app.send(&self.client, call, request).await?,
            Auth::Token(credential) => {
                let client = self.client.with(credential.clone());
                (redirect::send(&client, call, request).await?, client)
            }
        };
        let status = answer.status;
        if status.is_success() {
            return Ok((status, Ok(answer)));
        }
        Ok((status, Err(problem::with(self.kind())(&client, call, &answer))))
    }

    /// Sends the request that `make` builds for `path` as whoever may see what is there: for a repository or an
    /// organisation the app's installation, for everything else the app itself; or the token's account.
    pub(crate) async fn at(
        &self,
        call: Call,
        path: &[&str],
        make: impl FnOnce(Url) -> Request,
    ) -> Result<Answer, ServiceError> {
        let request = make(self.client.base().join(path));
        match Thread::of_path(path) {
            Some(thread) => self.answer(call, thread, &request).await,
            None => self.as_owner(call, &request).await,
        }
    }

    /// Whether it is an app that we act as, which has one hook of its own.
    pub(crate) fn is_app(&self) -> bool {
        matches!(self.auth, Auth::App(_))
    }

    /// The same, whatever its status; a redirect is not followed.
    pub(crate) async fn raw(
        &self,
        call: Call,
        thread: Thread<'_>,
        request: &Request,
    ) -> Result<Answer, ServiceError> {
        let credential = self.auth.credential(&self.client, call, thread).await?;
        self.client.with(credential).send(call, request).await
    }

    /// The same, and the client that has the credential that it was sent with.
    pub(crate) async fn send(
        &self,
        call: Call,
        thread: Thread<'_>,
        request: &Request,
    ) -> Result<(Answer, Client), ServiceError> {
        let credential = self.auth.credential(&self.client, call, thread).await?;
        let mut client = self.client.with(credential.clone());
        let mut answer = redirect::send(&client, call, request).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(renewed) = self.auth.renewed(&self.client, call, thread, &credential).await?
        {
            // A refused request has done nothing: sending it again makes no second comment.
            client = self.client.with(renewed);
            answer = redirect::send(&client, call, request).await?;
        }
        Ok((answer, client))
    }

    /// What kind of credentials these are.
    pub(crate) fn kind(&self) -> CredentialKind {
        self.auth.kind()
    }

    fn read<T: DeserializeOwned>(
        &self,
        client: &Client,
        call: Call,
        answer: &Answer,
    ) -> Result<T, ServiceError> {
        client.read(call, answer, problem::with(self.kind()))
    }
}
