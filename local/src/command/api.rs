//! [`Api`]: the console API of a local or deployed system.

use std::path::Path;

use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use settings::Environment;

use super::http;
use super::table::plain;
use crate::Failure;
use crate::cli::ConsoleArgs;
use crate::dev_secrets::DevSecrets;

/// Characters shown of an answer that is not one of our errors, such as a page of a proxy.
const MAX_SHOWN: usize = 300;

/// The API at an address, with a token.
pub(crate) struct Api {
    client: reqwest::Client,
    pub(crate) url: String,
    token: SecretString,
    /// Where the token is from, for the message when it is refused.
    token_from: String,
}

impl Api {
    /// The API at `url`, with the token of the environment, or of the `dev` of `data_dir`.
    pub(crate) fn at(url: &str, data_dir: &Path) -> Result<Self, Failure> {
        let url = http::address("--url", url)?;
        let (token, token_from) = token(data_dir)?;
        Ok(Self { client: http::client()?, url, token, token_from })
    }

    /// The API of a console, with the token of its stack, or the one that [`Api::at`] finds.
    pub(crate) fn open(console: &ConsoleArgs) -> Result<Self, Failure> {
        match &console.token {
            Some(token) => Self::with_token(&console.url, token.clone()),
            None => Self::at(&console.url, &console.data_dir.path),
        }
    }

    /// The API at `url`, with this token.
    pub(crate) fn with_token(url: &str, token: SecretString) -> Result<Self, Failure> {
        let token_from = "the first of its own".to_owned();
        Ok(Self { client: http::client()?, url: http::address("--url", url)?, token, token_from })
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        self.call(self.client.request(Method::GET, format!("{}{path}", self.url)).query(query)).await
    }

    /// A page of what is at `path`, whose field `of` is the list.
    ///
    /// # Errors
    /// When the API does not answer, or something without the list does, such as a proxy with `{}`: nobody is told
    /// that nothing has failed by one that does not know.
    pub(crate) async fn list(
        &self,
        path: &str,
        of: &str,
        query: &[(&str, String)],
    ) -> Result<Value, Failure> {
        let page = self.get(path, query).await?;
        if page.get(of).is_some_and(Value::is_array) {
            return Ok(page);
        }
        let url = &self.url;
        Err(Failure::new(format!(
            "{url}{path} answered without the list `{of}`: no console of afterhook is there"
        )))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(self.client.request(Method::POST, format!("{}{path}", self.url)).json(body)).await
    }

    pub(crate) async fn task(&self, id: &str) -> Result<Value, Failure> {
        self.get(&format!("/tasks/{id}"), &[]).await
    }

    /// What is at `path`, as it is.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.answer(self.client.request(Method::GET, format!("{}{path}", self.url))).await
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let body = self.answer(request).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| {
            Failure::new(format!("{} answered what is no JSON of its API: {error}", self.url))
        })
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, Failure> {
        let failed = |error: reqwest::Error| {
            let reason = http::reason(&error);
            Failure::new(format!(
                "{} cannot be reached: {reason}. `afterhook dev` starts a console on this machine; --url names \
                 another one",
                self.url
            ))
        };
        let response = request.bearer_auth(self.token.expose_secret()).send().await.map_err(failed)?;
        let status = response.status();
        let body = response.bytes().await.map_err(failed)?;
        if status.is_success() {
            return Ok(body.into());
        }
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if status == StatusCode::UNAUTHORIZED {
            return Err(Failure::new(format!(
                "{status}: {} does not know the token ({}). Set CONSOLE_TOKEN to a line of its own CONSOLE_TOKEN, \
                 `name:token`, or name the data directory of the `dev` there with --data-dir",
                self.url, self.token_from
            )));
        }
        let detail = value.get("detail").and_then(Value::as_str);
        let shown = String::from_utf8_lossy(&body);
        let detail = detail.unwrap_or_else(|| domain::clip(&shown, MAX_SHOWN));
        Err(Failure::new(format!("{status}: {}", plain(detail))))
    }
}

/// The token and where it is from: the first of CONSOLE_TOKEN, else the one that `dev` made up.
fn token(data_dir: &Path) -> Result<(SecretString, String), Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    if let Some(token) = environment.console_tokens.first() {
        return Ok((token.token.clone(), format!("{}'s in CONSOLE_TOKEN", token.name)));
    }
    let dev_secrets =
        DevSecrets::read(data_dir).map_err(|error| Failure::at("the made-up secrets", error))?;
    let dir = data_dir.display();
    let token = dev_secrets.get("CONSOLE_TOKEN").map(|token| token.to_owned().into());
    let token = token.ok_or_else(|| {
        Failure::new(format!(
            "CONSOLE_TOKEN is not set, and no `dev` has made one up in {dir}: set it to `name:token`, or name \
             the directory of your `dev` with --data-dir"
        ))
    });
    Ok((token?, format!("the one that `dev` made up in {dir}")))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    /// What a listing command says of a console that answers `body` to everything.
    async fn said_of(body: &str) -> String {
        let body = body.to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/tasks", get(|| async { body }));
        let served = tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
        let api = Api::with_token(&url, "token".to_owned().into()).unwrap();
        let said = api.list("/tasks", "tasks", &[]).await;
        served.abort();
        said.map_or_else(|failure| failure.to_string().replace(&url, "URL"), |page| page.to_string())
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_read_or_is_no_list_is_not_taken_for_an_empty_one() {
        let deep = format!("{{\"tasks\":{}{}}}", "[".repeat(200), "]".repeat(200));
        let said = said_of(&deep).await;
        assert!(said.starts_with("URL answered what is no JSON of its API: recursion limit"), "{said}");
        for other in ["", "{}", "[]", "null", r#"{"tasks": {}}"#] {
            let said = said_of(other).await;
            let expected = "URL/tasks answered without the list `tasks`: no console of afterhook is there";
            assert_eq!(said, expected, "{other}");
        }
        assert_eq!(said_of(r#"{"tasks": []}"#).await, r#"{"tasks":[]}"#);
    }
}
