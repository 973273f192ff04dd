//! What every service with [`Comments`] must do for a comment that is added: once, or not at all, or said to be in
//! doubt; with a credential that goes to one place. [`contract_tests!`](crate::contract_tests) runs all of it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use domain::{Mark, Publisher, ServiceError, ServiceFailure, Target, TaskId, Timestamp};
use serde_json::json;

use crate::commenter::{Commenter, Comments};
use crate::scripted::{Asked, Reply, Server};

/// One service, as the contract needs it.
#[derive(Debug)]
pub struct Contract<S> {
    /// A client of the API at this base that waits no longer than that.
    pub client: fn(&str, Duration) -> Commenter<S>,
    /// Its credential.
    pub secret: &'static str,
    /// The variable of the API's address.
    pub url_variable: &'static str,
    /// A thread of it.
    pub target: Target,
    /// Threads of it that no path can be built for.
    pub unfit: Vec<Target>,
    /// A thread of another service.
    pub foreign: Target,
    /// Whether this is the request that adds a comment.
    pub adds: fn(&Asked) -> bool,
    /// The answers to all other requests.
    pub others: fn(&Asked) -> Reply,
    /// An error with this status that says this.
    pub error: fn(u16, &str) -> Reply,
    /// Refusals, each with a word of the hint how to mend it.
    pub refusals: &'static [(u16, &'static str)],
    /// Those of the whole account, each with what the service says.
    pub account_refusals: &'static [(u16, &'static str, &'static str)],
    /// Those that may be of one thread alone, in the same way: they stop nothing elsewhere.
    pub place_refusals: &'static [(u16, &'static str, &'static str)],
    /// A success that is not what the API documents.
    pub unreadable: fn() -> Reply,
}

/// Makes a test of each part of the contract for what this makes: a [`Contract`].
#[macro_export]
macro_rules! contract_tests {
    ($contract:expr) => {
        #[tokio::test]
        async fn a_target_that_is_no_thread_of_ours_is_refused_before_anything_is_sent() {
            $crate::contract::refuses_what_is_none_of_its_threads(&$contract).await;
        }

        #[tokio::test]
        async fn the_credential_does_not_follow_a_redirect_and_reaches_no_error() {
            $crate::contract::keeps_its_credential_to_itself(&$contract).await;
        }

        #[tokio::test]
        async fn refusals_are_final_and_say_how_to_mend_them() {
            $crate::contract::says_how_to_mend_refusals(&$contract).await;
        }

        #[tokio::test]
        async fn an_account_that_is_not_let_in_is_refused_as_a_whole() {
            $crate::contract::tells_when_the_account_is_refused(&$contract).await;
        }

        #[tokio::test]
        async fn a_thread_that_is_refused_stops_no_other() {
            $crate::contract::tells_when_a_thread_is_refused(&$contract).await;
        }

        #[tokio::test]
        async fn server_errors_and_unreadable_successes_leave_it_in_doubt() {
            $crate::contract::doubts_what_was_lost(&$contract).await;
        }

        #[tokio::test]
        async fn a_time_out_leaves_it_in_doubt() {
            $crate::contract::doubts_what_was_not_answered(&$contract).await;
        }
    };
}

const TIMEOUT: Duration = Duration::from_secs(10);

fn mark() -> Mark {
    Mark { task_id: TaskId::derive("contract", b"1"), effect: "reply".into() }
}

impl<S: Comments> Contract<S> {
    /// A server that answers the request for a comment so.
    async fn answering(&self, reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let (adds, others) = (self.adds, self.others);
        Server::start(move |asked| if adds(asked) { reply(asked) } else { others(asked) }).await
    }

    /// The failure of a comment that is answered so; it was sent once.
    async fn failed(
        &self,
        timeout: Duration,
        reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> ServiceError {
        let server = self.answering(reply).await;
        let client = (self.client)(&server.base, timeout);
        let error = Publisher::publish(&client, &self.target, "Hi", &mark()).await.unwrap_err();
        assert_eq!(server.asked().iter().filter(|asked| (self.adds)(asked)).count(), 1, "sent once: {error}");
        error
    }
}

/// Nothing is sent for a thread of another service, or one that no path can be built for.
pub async fn refuses_what_is_none_of_its_threads<S: Comments>(contract: &Contract<S>) {
    let server = Server::start(contract.others).await;
    let client = (contract.client)(&server.base, TIMEOUT);
    let client: &dyn Publisher = &client;
    for target in contract.unfit.iter().chain([&contract.foreign]) {
        for failure in [
            client.publish(target, "Hi", &mark()).await.unwrap_err().failure,
            client.history(target, 5).await.unwrap_err().failure,
            client.state(target).await.unwrap_err().failure,
            client.find(target, &mark(), Timestamp::UNIX_EPOCH).await.unwrap_err().failure,
        ] {
            assert_eq!(failure, ServiceFailure::Refused, "{target:?}");
        }
    }
    assert!(server.asked().is_empty());
}

/// A redirect is refused, and what a service echoes is cut out of the error.
pub async fn keeps_its_credential_to_itself<S: Comments>(contract: &Contract<S>) {
    let elsewhere = Server::start(contract.others).await;
    let (location, error, secret) =
        (format!("{}/elsewhere", elsewhere.base), contract.error, contract.secret);
    let server = Server::start(move |asked| {
        let said = format!("who is {} ({secret})?", asked.header("authorization"));
        error(302, &said).header("location", &location)
    })
    .await;
    let client = (contract.client)(&server.base, TIMEOUT);
    let publisher: &dyn Publisher = &client;
    let errors = [
        publisher.publish(&contract.target, "Hi", &mark()).await.unwrap_err(),
        publisher.history(&contract.target, 5).await.unwrap_err(),
    ];
    assert_eq!(errors[1].failure, ServiceFailure::Refused);
    let header = server.asked()[0].header("authorization").to_owned();
    let sent = header.rsplit([' ', '=']).find(|word| !word.is_empty()).unwrap();
    for error in errors {
        assert!(error.message.contains("[redacted]"), "{error}");
        assert!(error.message.contains(contract.url_variable), "{error}");
        let shown = format!("{error} {error:?} {client:?}");
        assert!(!shown.contains(secret) && !shown.contains(sent), "{shown}");
    }
    assert!(elsewhere.asked().is_empty());
}

/// A refusal is certain, quotes what the service says, and says how to mend it.
pub async fn says_how_to_mend_refusals<S: Comments>(contract: &Contract<S>) {
    let redirect = (302, contract.url_variable);
    for (status, word) in contract.refusals.iter().copied().chain([redirect]) {
        let error = contract.error;
        let error = contract.failed(TIMEOUT, move |_| error(status, "no")).await;
        assert_eq!(error.failure, ServiceFailure::Refused, "{status}: {error}");
        assert!(error.message.starts_with(&format!("HTTP {status}: no")), "{error}");
        assert!(error.message.contains(word), "{word}: {error}");
    }
}

/// Whoever is not let in at all is told so, and how to mend it.
pub async fn tells_when_the_account_is_refused<S: Comments>(contract: &Contract<S>) {
    tells_refusals(contract, contract.account_refusals, ServiceFailure::AccountRefused).await;
}

/// What the service may refuse for one thread alone neither ends that thread's tasks nor stops those of others.
pub async fn tells_when_a_thread_is_refused<S: Comments>(contract: &Contract<S>) {
    tells_refusals(contract, contract.place_refusals, ServiceFailure::PlaceRefused).await;
}

async fn tells_refusals<S: Comments>(
    contract: &Contract<S>,
    refusals: &'static [(u16, &'static str, &'static str)],
    expected: ServiceFailure,
) {
    for (status, said, word) in refusals {
        let error = contract.error;
        let error = contract.failed(TIMEOUT, move |_| error(*status, said)).await;
        assert_eq!(error.failure, expected, "{status}: {error}");
        assert!(error.message.contains(word), "{word}: {error}");
    }
}

/// A comment may have been made where the answer does not say; a 503 that names a time says that it was not.
pub async fn doubts_what_was_lost<S: Comments>(contract: &Contract<S>) {
    for (status, body) in [(500, json!({})), (502, json!("x")), (503, json!({}))] {
        let failure = contract.failed(TIMEOUT, move |_| Reply::json(status, body.clone())).await.failure;
        assert_eq!(failure, ServiceFailure::ServerError, "{status}");
    }
    let unreadable = contract.unreadable;
    let failure = contract.failed(TIMEOUT, move |_| unreadable()).await.failure;
    assert_eq!(failure, ServiceFailure::InDoubt);
    let busy = |_: &Asked| Reply::json(503, json!({})).header("retry-after", "20");
    let later = ServiceFailure::Later { after: Some(Duration::from_secs(20)) };
    assert_eq!(contract.failed(TIMEOUT, busy).await.failure, later);
}

/// The same where no answer ever comes.
pub async fn doubts_what_was_not_answered<S: Comments>(contract: &Contract<S>) {
    let error = contract.failed(Duration::from_millis(400), |_| Reply::Hang).await;
    assert_eq!(error.failure, ServiceFailure::InDoubt, "{error}");
}
