//! Several accounts: each has its own key, quota and breaker, and one stands in for the other.

use std::time::Duration;

use domain::{Model, ModelAccount, ModelCall, ModelEndpoint, after};
use gemini::{Config, ConfigError, Gemini};
use secrecy::SecretString;
use serde_json::json;

use crate::calls::*;
use crate::fleet::Fleet;
use crate::server::Server;

const SECOND: &str = "GEMINI_API_KEY_2";

/// The first account gets all tasks; the second one stands in.
fn two(first: &Server, second: &Server, config: Config) -> Config {
    let endpoint = |server: &Server, key: &str, weight| ModelEndpoint {
        weight,
        account: ModelAccount::Key(key.to_owned()),
        ..ModelEndpoint::new(&server.url, "v1beta")
    };
    let endpoints = vec![endpoint(first, domain::MODEL_KEY, 1), endpoint(second, SECOND, 0)];
    let other_keys = [(SECOND.to_owned(), SecretString::from("second-key"))].into();
    Config { endpoints, other_keys, ..config }
}

async fn said(model: &Gemini) -> String {
    let call = ModelCall { deadline: after(now(), Duration::from_secs(3_600)), ..call() };
    model.generate(&call).await.unwrap().text
}

#[tokio::test]
async fn a_leaked_first_account_is_replaced_by_the_second_and_comes_back_when_it_works_again() {
    let first = Server::start([leaked(), leaked(), says("First."), says("First.")]).await;
    let second = Server::start([says("Second."), says("Second."), says("Second.")]).await;
    let fleet = Fleet::new(two(&first, &second, alone("http://nobody.invalid")));
    let (one, other) = (fleet.environment(), fleet.environment());
    assert_eq!(said(&one).await, "Second.");
    assert_eq!(said(&other).await, "Second.");
    assert_eq!(first.asked(), 1, "nobody else asks a refused account");
    fleet.pass(Duration::from_secs(181));
    assert_eq!((said(&one).await.as_str(), first.asked()), ("Second.", 2), "one call tries it again");
    fleet.pass(Duration::from_secs(181));
    assert_eq!((said(&one).await.as_str(), said(&other).await.as_str()), ("First.", "First."));
    assert_eq!(first.finish()[0].headers["x-goog-api-key"], KEY);
    assert_eq!(second.finish()[0].headers["x-goog-api-key"], "second-key");
    assert_eq!(fleet.told("Parked"), 1, "it is said once");
}

#[tokio::test]
async fn accounts_have_a_quota_of_their_own_and_no_weaker_model_serves_while_one_has_some() {
    let first = Server::start([throttled(PER_MINUTE, Some("30s"))]).await;
    let second = Server::start([says("Second."), says("Second.")]).await;
    let fleet = Fleet::new(two(&first, &second, config("http://nobody.invalid")));
    let model = fleet.environment();
    assert_eq!((said(&model).await, said(&model).await), ("Second.".to_owned(), "Second.".to_owned()));
    assert_eq!(second.models(), [ANSWER, ANSWER]);
    let name = format!("{}/{SECOND}", second.url.trim_start_matches("http://"));
    assert_eq!(fleet.value(&format!("model:{ANSWER}")).await.unwrap()["l"]["r"][0], 10, "as a lone one's");
    let theirs = fleet.value(&format!("model:{ANSWER}@{name}")).await.unwrap();
    assert_eq!(theirs["l"]["r"], json!(null), "{theirs}");
}

#[tokio::test]
async fn accounts_have_a_breaker_of_their_own() {
    let first = Server::start([bare(503), bare(503), bare(503)]).await;
    let second = Server::start((0..5).map(|_| says("Second."))).await;
    let fleet = Fleet::new(with_retries(two(&first, &second, alone("http://nobody.invalid")), 0));
    let model = fleet.environment();
    for _ in 0..5 {
        assert_eq!(said(&model).await, "Second.");
    }
    assert_eq!(first.finish().len(), 3, "an open breaker asks nobody");
}

#[tokio::test]
async fn what_is_refused_of_a_request_is_not_asked_of_the_same_model_elsewhere() {
    let first =
        Server::start([error(400, "The input token count is too long.", json!([])), says("Weaker.")]).await;
    let second = Server::start([]).await;
    let model = gemini(two(&first, &second, config("http://nobody.invalid")));
    assert_eq!(said(&model).await, "Weaker.");
    assert_eq!(first.models(), [ANSWER, FALLBACK]);
    assert_eq!(second.asked(), 0);
}

#[tokio::test]
async fn an_account_whose_key_is_missing_is_a_mistake_that_names_the_variable() {
    let server = Server::start([]).await;
    let config = Config { other_keys: [].into(), ..two(&server, &server, alone("http://nobody.invalid")) };
    let store = embedded::Embedded::in_memory(domain::Clock::fixed(now())).unwrap().stores().state;
    let (clock, jitter) = (domain::Clock::fixed(now()), domain::Jitter::fixed(0.0));
    let error = Gemini::new(config, store, gemini::Signals::none(), clock, jitter).unwrap_err();
    assert!(matches!(&error, ConfigError::NoKey(name) if name == SECOND), "{error}");
}
