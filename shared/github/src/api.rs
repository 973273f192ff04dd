//! [`Api`]: authorised calls on GitHub, within the time limit of their operation.

use domain::{Clock, ServiceError};
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use crate::answer::Answer;
use crate::base::Thread;
use crate::config::{BuildError, Config, Credentials};
use crate::credentials::{Auth, Bearer};
use crate::failure;
use crate::flight::Flight;
use crate::link::Pages;
use crate::operation::Operation;
use crate::transport::{Request, Transport};

/// The API as seen by one set of credentials.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) transport: Transport,
    auth: Auth,
    login: Flight<String>,
    known_login: Option<String>,
    clock: Clock,
    timeout: Duration,
}

/// An operation under way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) thread: Thread<'a>,
    pub(crate) deadline: Instant,
}

#[derive(Deserialize)]
struct UserAnswer {
    login: String,
}

impl Api {
    pub(crate) fn new(credentials: Credentials, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        let transport = Transport::new(config)?;
        let auth = Auth::new(credentials, clock.clone())?;
        let (login, known_login) = (Flight::default(), config.login.clone());
        Ok(Self { transport, auth, login, known_login, clock, timeout: config.timeout })
    }

    /// When an operation that starts now must have ended.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    /// The account that comments are written under; asked for until it was answered once.
    pub(crate) async fn login(&self, deadline: Instant) -> Result<String, ServiceError> {
        if let Some(known) = &self.known_login {
            return Ok(known.clone());
        }
        let fetch = async {
            match &self.auth {
                Auth::Token(bearer) => self.user(bearer, deadline).await,
                Auth::App(app) => app.login(&self.transport, deadline).await,
            }
        };
        match timeout_at(deadline, self.login.get(|_| true, fetch)).await {
            Ok(login) => login,
            Err(_) => Err(failure::later(Operation::Login, "GitHub did not answer in time".to_owned())),
        }
    }

    async fn user(&self, bearer: &Bearer, deadline: Instant) -> Result<String, ServiceError> {
        let request = Request::get(self.transport.base.join(&["user"]));
        let answer = self.transport.send(&request, bearer, deadline).await;
        let answer = answer.map_err(|broken| failure::broken(Operation::Login, broken))?;
        let user: UserAnswer = answer.decode(Operation::Login, bearer, self.auth.kind(), self.clock.now())?;
        Ok(user.login)
    }

    /// Sends `request` with our credentials and decodes what comes back.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        request: &Request,
    ) -> Result<(T, Pages), ServiceError> {
        let bearer = self.auth.bearer(&self.transport, call.thread, call.deadline).await?;
        let answer = self.send(call, request, &bearer).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let renewed = self.auth.renewed(&self.transport, call.thread, &bearer, call.deadline).await?;
            if let Some(bearer) = renewed {
                // A refused request has done nothing: sending it again makes no second comment.
                let answer = self.send(call, request, &bearer).await?;
                return self.decode(call, &answer, &bearer);
            }
        }
        self.decode(call, &answer, &bearer)
    }

    async fn send(&self, call: Call<'_>, request: &Request, bearer: &Bearer) -> Result<Answer, ServiceError> {
        let left = call.deadline.saturating_duration_since(Instant::now());
        // A request that has no time for its answer would only put its effect in doubt; and there must
        // be time to tell a connection that cannot be made from an answer that was lost.
        if call.operation.creates() && left < self.timeout / 2 {
            let message = "getting the credentials took too long; nothing was sent".to_owned();
            return Err(failure::later(call.operation, message));
        }
        let answer = self.transport.send(request, bearer, call.deadline).await;
        answer.map_err(|broken| failure::broken(call.operation, broken))
    }

    fn decode<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        answer: &Answer,
        bearer: &Bearer,
    ) -> Result<(T, Pages), ServiceError> {
        let body = answer.decode(call.operation, bearer, self.auth.kind(), self.clock.now())?;
        Ok((body, answer.pages()))
    }
}
