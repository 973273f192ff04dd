//! [`Caller`]: calls an API of which nothing is known but what agent.toml says.

use std::sync::Arc;

use domain::{Clock, ServiceError, ServiceFailure, clip};
use markdown::Limit;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::act_by;
use crate::answer::Answer;
use crate::base::Base;
use crate::config::{BuildError, Config};
use crate::failure;
use crate::reach::Reach;
use crate::service::{Operation, Service};
use crate::transport::{self, TransportError};

static SERVICE: Service = Service {
    name: "http",
    title: "the API",
    url_variable: "the `url` of the call in agent.toml",
    url_example: "https://api.example.com",
    credential_variable: "a header of the call",
    // What is sent are the parameters of a call, which agent.toml bounds.
    longest_text: Limit::bytes(usize::MAX),
};

const CALL: Operation = Operation::creates("call the API");
/// Bytes of an answer that are read; the rest is left.
const MAX_ANSWER: usize = 64 << 10;
/// Bytes of an answer that are kept.
const MAX_BODY: usize = 1_500;
/// A word of a header's value is no secret up to this length: `Bearer`.
const SHORT_WORD: usize = 7;

/// An API that is called with fixed headers. Follows no redirect and repeats nothing.
#[derive(Debug)]
pub struct Caller {
    client: Client,
    config: Config,
    clock: Clock,
    /// Cut out of answers.
    secrets: Vec<SecretString>,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// A success.
    pub status: StatusCode,
    /// The beginning of the body, without our secrets.
    pub body: String,
}

impl Caller {
    /// A caller of the API at `origin`, as far as it is within `reach`; it sends `headers`. Opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when origin or headers cannot be sent, or the origin is an address out of reach.
    pub fn new(
        origin: &str,
        headers: &[(String, SecretString)],
        reach: &Reach,
        clock: Clock,
    ) -> Result<Self, BuildError> {
        transport::provider();
        let config = Config::at(origin);
        let base = Base::parse(&SERVICE, origin)?;
        reach.check(base.host()).map_err(|found| BuildError::OutOfReach(found.to_string()))?;
        let wrong = |problem| BuildError::Credential {
            variable: SERVICE.credential_variable,
            problem,
            title: SERVICE.title,
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|_| wrong("has no usable name"))?;
            let mut value = HeaderValue::try_from(value.expose_secret())
                .map_err(|_| wrong("cannot be sent: its value is no header's"))?;
            value.set_sensitive(true);
            map.insert(name, value);
        }
        let client = transport::client(&config, &base, &map)?;
        let client =
            client.http1_only().pool_max_idle_per_host(0).dns_resolver(Arc::new(reach.clone())).build();
        let client = client
            .map_err(|error| BuildError::Http { title: SERVICE.title, cause: transport::causes(error) })?;
        Ok(Self {
            client,
            config,
            clock,
            secrets: headers.iter().flat_map(|(_, value)| forms(value)).collect(),
        })
    }

    /// Calls `url`, which lies at the origin, with `body` as JSON and `key` as `Idempotency-Key`.
    ///
    /// # Errors
    /// [`ServiceError`]; in doubt when the answer was lost.
    pub async fn call(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        key: &str,
    ) -> Result<Called, ServiceError> {
        let deadline = Instant::now() + self.config.timeout;
        let key = HeaderValue::try_from(key)
            .map_err(|_| error(ServiceFailure::Refused, "the idempotency key is no header".to_owned()))?;
        let mut request = self.client.request(method, url).header("idempotency-key", key);
        let mut content = Vec::new();
        if let Some(body) = body {
            content = body.to_string().into_bytes();
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request = request.body(act_by::body(content));
        let exchange = async {
            if !act_by::may_act() {
                return Err(TransportError::Unsent(act_by::TooLate.to_string()));
            }
            let response = transport::dispatch(request).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            // What was done was done, however much of the answer arrives.
            Ok(Answer { status, headers, body: beginning(response).await })
        };
        let answer = timeout_at(deadline, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(TransportError::Lost("no answer in time".to_owned())));
        let answer = answer.map_err(|broken| match broken {
            TransportError::Unsent(cause) => {
                let later = ServiceFailure::Later { after: None };
                error(later, format!("the API could not be reached: {cause}"))
            }
            TransportError::OutOfReach(cause) => error(ServiceFailure::Refused, cause),
            TransportError::Lost(cause) => {
                error(failure::lost(CALL, None), format!("no answer arrived: {cause}"))
            }
            TransportError::TooLarge => {
                error(failure::lost(CALL, None), "the answer is too large".to_owned())
            }
        })?;
        self.judge(&answer)
    }

    fn judge(&self, answer: &Answer) -> Result<Called, ServiceError> {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let cut = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), "[redacted]");
        let text = self.secrets.iter().fold(text, cut);
        if answer.status.is_success() {
            return Ok(Called { status: answer.status, body: clip(text.trim(), MAX_BODY).to_owned() });
        }
        let failure = failure::of_status(CALL, answer.status, answer.retry_after(self.clock.now()));
        let said = failure::quote(&text);
        let code = answer.status.as_u16();
        let message = match answer.status {
            status if status.is_redirection() => {
                format!("HTTP {code}: redirects are not followed; name the final address in agent.toml")
            }
            _ if said.is_empty() => format!("HTTP {code}"),
            _ => format!("HTTP {code}: {said}"),
        };
        Err(error(failure, message))
    }
}

fn error(failure: ServiceFailure, message: String) -> ServiceError {
    ServiceError { service: SERVICE.name, operation: CALL.name, failure, message }
}

/// A header's value, and the words in it that may be echoed alone.
fn forms(value: &SecretString) -> Vec<SecretString> {
    let value = value.expose_secret().trim();
    let words = value.split_whitespace().filter(|word| word.len() > SHORT_WORD);
    [value].into_iter().filter(|value| !value.is_empty()).chain(words).map(SecretString::from).collect()
}

async fn beginning(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MAX_ANSWER {
            body.truncate(MAX_ANSWER);
            break;
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::scripted::{Reply, Server};

    fn here() -> Reach {
        Reach::public().with_this_machine()
    }

    fn caller(server: &Server) -> Caller {
        let headers = [("Authorization".to_owned(), "Bearer hunter2hunter2".into())];
        Caller::new(&server.base, &headers, &here(), Clock::system()).unwrap()
    }

    async fn call(server: &Server) -> Result<Called, ServiceError> {
        let url = Url::parse(&format!("{}/a%2Fb", server.base)).unwrap();
        caller(server).call(Method::PUT, url, Some(&json!({"a": 1})), "afterhook:tsk_1:x").await
    }

    #[tokio::test]
    async fn call_carries_headers_key_and_body() {
        let server = Server::start(|_| Reply::json(201, json!({"echo": "hunter2hunter2"}))).await;
        let called = call(&server).await.unwrap();
        assert_eq!(called.status, 201);
        assert_eq!(called.body, r#"{"echo":"[redacted]"}"#);
        let asked = &server.asked()[0];
        assert_eq!(asked.line(), "PUT /a%2Fb");
        assert_eq!(asked.header("authorization"), "Bearer hunter2hunter2");
        assert_eq!(asked.header("idempotency-key"), "afterhook:tsk_1:x");
        assert_eq!(asked.header("content-type"), "application/json");
        assert_eq!(asked.json(), json!({"a": 1}));
    }

    #[tokio::test]
    async fn redirect_is_refused_and_not_followed() {
        let server =
            Server::start(|_| Reply::json(307, json!({})).header("location", "http://evil.example/")).await;
        let error = call(&server).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("redirects"), "{error}");
        assert_eq!(server.lines().len(), 1);
    }

    #[tokio::test]
    async fn addresses_out_of_reach_are_refused_for_good_and_nothing_is_sent() {
        let server = Server::start(|_| Reply::json(200, json!({}))).await;
        let literal = Caller::new(&server.base, &[], &Reach::public(), Clock::system()).unwrap_err();
        assert!(literal.to_string().contains("internal_hosts"), "{literal}");
        // A name that resolves to this machine, as a rebound one would.
        let base = server.base.replace("127.0.0.1", "localhost");
        let caller = Caller::new(&base, &[], &Reach::public(), Clock::system()).unwrap();
        let url = Url::parse(&format!("{base}/x")).unwrap();
        let error = caller.call(Method::POST, url, None, "k").await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused, "{error}");
        assert!(error.message.contains("internal_hosts"), "{error}");
        assert_eq!(server.lines().len(), 0);
    }

    #[tokio::test]
    async fn failures_say_whether_something_may_have_happened() {
        for (status, expected) in [
            (400, ServiceFailure::Refused),
            (500, ServiceFailure::ServerError),
            (503, ServiceFailure::Later { after: Some(Duration::from_secs(7)) }),
            (429, ServiceFailure::Throttled { after: Duration::from_secs(7) }),
        ] {
            let answer = move |_: &_| {
                Reply::json(status, json!({"why": "Bearer hunter2hunter2"})).header("retry-after", "7")
            };
            let server = Server::start(answer).await;
            let error = call(&server).await.unwrap_err();
            assert_eq!(error.failure, expected, "{status}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_certain_and_silence_is_in_doubt() {
        let gone = Server::start(|_| Reply::Hang).await;
        let mut impatient = caller(&gone);
        impatient.config.timeout = Duration::from_millis(200);
        let url = Url::parse(&format!("{}/x", gone.base)).unwrap();
        let error = impatient.call(Method::POST, url, None, "k").await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::InDoubt);
        let nobody = Caller::new("http://127.0.0.1:1", &[], &here(), Clock::system()).unwrap();
        let url = Url::parse("http://127.0.0.1:1/x").unwrap();
        let error = nobody.call(Method::POST, url, None, "k").await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Later { after: None });
    }

    #[tokio::test]
    async fn long_answer_is_cut() {
        let server = Server::start(|_| Reply::json(200, json!("x".repeat(1 << 20)))).await;
        assert_eq!(call(&server).await.unwrap().body.len(), MAX_BODY);
    }
}
