//! [`Secrets`]: the reader of one Secrets Manager secret, a JSON object of environment variables.
//!
//! A secret that cannot be read is never "no secret": the caller answers 503, so that the sender
//! tries again, and never 401, at which some senders give up for good.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::{Timestamp, between};
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::failure::{Failure, Helps, Resource};

/// How long a copy is used without asking again.
const FRESH: Duration = Duration::from_secs(300);
/// How long a copy is used at most while Secrets Manager does not answer: longer than its outages, and short enough
/// that a secret revoked during one soon stops working.
const STALE: Duration = Duration::from_secs(3_600);
/// The least time between two readings that failed signatures cause. An attacker who sends bad signatures must not
/// make us call Secrets Manager once per request.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(30);

/// How long a failure is remembered while no copy can serve: every request meanwhile is answered 503, and some senders
/// do not try again.
const WITHOUT_COPY: Duration = Duration::from_secs(2);

/// Tries of the first reading, when there is no copy that could serve meanwhile: whoever waits for it has a few
/// seconds, and some senders do not try again.
const FIRST_TRIES: u32 = 3;
/// The pause after the first of them; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Variables and their values.
pub type SecretMap = BTreeMap<String, SecretString>;

/// Why the secret cannot be had. Nothing of its content is ever in the text.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretsError {
    /// Secrets Manager does not answer; it may in a while.
    #[error("{0}")]
    Unavailable(String),
    /// Secrets Manager refuses: there is no such secret, or no permission to read it.
    #[error("{0}; {1} must name a secret of this account and region that the function may read")]
    Refused(String, &'static str),
    /// What it holds is not what we store there.
    #[error(
        "the secret `{id}` must be a JSON object of strings such as {{\"GITHUB_WEBHOOK_SECRET\":\"…\"}}: {problem}"
    )]
    Malformed {
        /// Which secret.
        id: String,
        /// What is wrong, without the content.
        problem: String,
    },
}

/// One secret, and the copy of it that is in use.
pub struct Secrets {
    client: Client,
    secret: Resource,
    copy: SecretCopy,
}

/// The copy of a secret that is in use: how long it serves, and when the secret is read again. How it is read, whoever
/// asks for it says.
#[derive(Default)]
pub struct SecretCopy {
    /// Held while reading, so that requests at the same time share one reading.
    in_use: Mutex<Copy>,
}

#[derive(Default)]
struct Copy {
    values: Option<(Arc<SecretMap>, Timestamp)>,
    /// The latest reading that failed, and when.
    failure: Option<(SecretsError, Timestamp)>,
}

impl Secrets {
    /// The secret with the name or ARN `id`, which the variable `variable` names
    /// (`VERIFY_SECRET_ID`, `ACT_SECRET_ID`, `CONSOLE_SECRET_ID`). Sends nothing.
    #[must_use]
    pub fn new(sdk: &SdkConfig, id: String, variable: &'static str) -> Self {
        let secret = Resource::new("secret", id, variable);
        Self { client: Client::new(sdk), secret, copy: SecretCopy::default() }
    }

    /// [`SecretCopy::read`].
    ///
    /// # Errors
    /// Likewise.
    pub async fn read(&self, now: Timestamp) -> Result<Arc<SecretMap>, SecretsError> {
        self.copy.read(now, || self.get()).await
    }

    /// [`SecretCopy::refresh_after_failure`].
    ///
    /// # Errors
    /// Likewise.
    pub async fn refresh_after_failure(
        &self,
        now: Timestamp,
    ) -> Result<Option<Arc<SecretMap>>, SecretsError> {
        self.copy.refresh_after_failure(now, || self.get()).await
    }

    async fn get(&self) -> Result<SecretMap, SecretsError> {
        let answer = self.client.get_secret_value().secret_id(self.secret.name()).send().await;
        let answer = answer.map_err(|error| self.refusal(&error))?;
        parse(self.secret.name(), answer.secret_string().unwrap_or_default())
    }

    fn refusal<E>(
        &self,
        error: &aws_sdk_secretsmanager::error::SdkError<
            E,
            aws_sdk_secretsmanager::config::http::HttpResponse,
        >,
    ) -> SecretsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let failure = Failure::of(error, &self.secret);
        match failure.again {
            Helps::Later => SecretsError::Unavailable(failure.message),
            Helps::Mended | Helps::Never => SecretsError::Refused(failure.message, self.secret.variable()),
        }
    }
}

impl SecretCopy {
    /// The values, at most 5 minutes old; at most an hour while Secrets Manager does not answer. `get` reads them.
    ///
    /// # Errors
    /// [`SecretsError`] when they cannot be read and there is no copy that may still serve.
    pub async fn read<F>(&self, now: Timestamp, get: impl Fn() -> F) -> Result<Arc<SecretMap>, SecretsError>
    where
        F: Future<Output = Result<SecretMap, SecretsError>>,
    {
        let mut copy = self.in_use.lock().await;
        if let Some(values) = copy.younger_than(FRESH, now) {
            return Ok(values);
        }
        // While it does not answer, it is not asked once per request.
        let read = match copy.recent_failure(now) {
            Some(error) => Err(error),
            None => copy.fetch(now, get).await,
        };
        match read {
            Err(error @ SecretsError::Unavailable(_)) => copy.younger_than(STALE, now).ok_or(error),
            read => read,
        }
    }

    /// Reads the secret again, at most once per 30 s. Call it when a signature did not verify, since the secret may
    /// have been rotated. `None` when the copy in use is younger than that: the signature is really wrong.
    ///
    /// # Errors
    /// [`SecretsError`] when the secret cannot be read: nobody can say then whether the signature is
    /// wrong, so this is no 401 either.
    pub async fn refresh_after_failure<F>(
        &self,
        now: Timestamp,
        get: impl Fn() -> F,
    ) -> Result<Option<Arc<SecretMap>>, SecretsError>
    where
        F: Future<Output = Result<SecretMap, SecretsError>>,
    {
        let mut copy = self.in_use.lock().await;
        if copy.younger_than(BETWEEN_REFRESHES, now).is_some() {
            return Ok(None);
        }
        match copy.recent_failure(now) {
            Some(error) => Err(error),
            None => copy.fetch(now, get).await.map(Some),
        }
    }
}

impl Copy {
    async fn fetch<F>(&mut self, now: Timestamp, get: impl Fn() -> F) -> Result<Arc<SecretMap>, SecretsError>
    where
        F: Future<Output = Result<SecretMap, SecretsError>>,
    {
        // Without a copy, a failure that passes is tried again at once.
        let tries = if self.younger_than(STALE, now).is_none() { FIRST_TRIES } else { 1 };
        match get_patiently(tries, get).await {
            Ok(values) => {
                let values = Arc::new(values);
                *self = Self { values: Some((values.clone(), now)), failure: None };
                Ok(values)
            }
            Err(error) => {
                tracing::error!(%error, "a secret cannot be read");
                self.failure = Some((error.clone(), now));
                Err(error)
            }
        }
    }

    fn younger_than(&self, age: Duration, now: Timestamp) -> Option<Arc<SecretMap>> {
        let (values, read_at) = self.values.as_ref()?;
        (between(*read_at, now) < age).then(|| values.clone())
    }

    fn recent_failure(&self, now: Timestamp) -> Option<SecretsError> {
        let (error, failed_at) = self.failure.as_ref()?;
        let serves = self.younger_than(STALE, now).is_some();
        let remembered = if serves { BETWEEN_REFRESHES } else { WITHOUT_COPY };
        (between(*failed_at, now) < remembered).then(|| error.clone())
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("secret", &self.secret).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SecretCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretCopy")
    }
}

/// The values, in so many tries: a failure that passes is tried again.
async fn get_patiently<F>(tries: u32, get: impl Fn() -> F) -> Result<SecretMap, SecretsError>
where
    F: Future<Output = Result<SecretMap, SecretsError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..tries {
        match get().await {
            Err(SecretsError::Unavailable(problem)) => {
                tracing::warn!(problem, "a secret cannot be read; it is tried again at once");
            }
            read => return read,
        }
        tokio::time::sleep(pause).await;
        pause *= 4;
    }
    get().await
}

/// The values in `text`. The parser's own errors quote the text, so they are not passed on.
fn parse(id: &str, text: &str) -> Result<SecretMap, SecretsError> {
    let malformed = |problem: String| SecretsError::Malformed { id: id.to_owned(), problem };
    let Ok(object) = serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text) else {
        return Err(malformed("it is not a JSON object".to_owned()));
    };
    let values = object.into_iter().map(|(name, value)| match value {
        serde_json::Value::String(value) => Ok((name, SecretString::from(value))),
        _ => Err(malformed(format!("the value of `{name}` is not a string"))),
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_failure_is_remembered_for_two_seconds_without_a_copy_and_for_thirty_beside_one() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| domain::after(start, Duration::from_secs(seconds));
        let failure = || Some((SecretsError::Unavailable("down".to_owned()), start));
        let none = Copy { values: None, failure: failure() };
        assert!(none.recent_failure(at(1)).is_some());
        assert!(none.recent_failure(at(2)).is_none(), "asked again");
        let beside = Copy { values: Some((Arc::default(), start)), failure: failure() };
        assert!(beside.recent_failure(at(29)).is_some());
        assert!(beside.recent_failure(at(30)).is_none());
        let too_old = start.checked_sub(STALE).unwrap();
        let stale = Copy { values: Some((Arc::default(), too_old)), failure: failure() };
        assert!(stale.recent_failure(at(2)).is_none(), "a copy that may serve no more is none");
    }

    #[test]
    fn an_object_of_strings_is_read() {
        let values = parse("id", r#"{"GITHUB_WEBHOOK_SECRET":"one\ntwo","OTHER":""}"#).unwrap();
        assert_eq!(values["GITHUB_WEBHOOK_SECRET"].expose_secret(), "one\ntwo");
        assert_eq!(values.len(), 2);
    }

    #[test]
    fn errors_quote_nothing_of_the_content() {
        for text in
            ["hunter2", r#""hunter2""#, r#"["hunter2"]"#, r#"{"A":["hunter2"]}"#, r#"{"A":"hunter2""#, ""]
        {
            let error = parse("prod/verify", text).unwrap_err();
            assert!(matches!(error, SecretsError::Malformed { .. }));
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("prod/verify"), "{shown}");
        }
    }
}
