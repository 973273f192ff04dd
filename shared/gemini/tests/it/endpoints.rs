//! Several endpoints: shares, and one that is sick.

use domain::{Model, ModelCall, TaskId};
use gemini::{Config, ModelEndpoint};

use crate::calls::*;
use crate::fleet::Fleet;
use crate::server::{Server, Step};
use crate::transport::{closed_port, raw};

fn endpoint(base_url: &str, api_version: &str, weight: u32) -> ModelEndpoint {
    ModelEndpoint { weight, ..ModelEndpoint::new(base_url, api_version) }
}

fn with(endpoints: Vec<ModelEndpoint>) -> Config {
    Config { endpoints, ..alone("http://nobody.invalid") }
}

fn task(n: u32) -> ModelCall {
    ModelCall { task_id: TaskId::derive("t", &n.to_le_bytes()), ..call() }
}

#[tokio::test]
async fn a_share_of_the_tasks_goes_to_the_new_version_and_stays_there() {
    let server = Server::start((0..80).map(|_| says("Hello."))).await;
    let config = with(vec![endpoint(&server.url, "v1beta", 3), endpoint(&server.url, "v1", 1)]);
    for model in [gemini(config.clone()), gemini(config)] {
        for n in 0..40 {
            model.generate(&task(n)).await.unwrap();
        }
        assert_eq!(model.connections().opened, 1, "versions of one service share its connection");
    }
    let asked = server.finish();
    let is_new: Vec<bool> = asked.iter().map(|asked| asked.uri.starts_with("/v1/")).collect();
    let new = is_new[..40].iter().filter(|&&new| new).count();
    assert!((3..20).contains(&new), "{new} of 40");
    assert_eq!(is_new[..40], is_new[40..], "environments disagree about the version of a task");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_is_replaced_at_once_and_left_alone_after_three_failures() {
    let server = Server::start((0..4).map(|_| says("Hello."))).await;
    let dead = closed_port().await;
    let model = gemini(with(vec![endpoint(&dead, "v1beta", 1), endpoint(&server.url, "v1beta", 0)]));
    // Two tries each at the dead one; the third opens its breaker.
    for n in 1..5 {
        model.generate(&task(n)).await.unwrap();
    }
    assert_eq!(model.connections().requests, 3 + 4);
}

#[tokio::test]
async fn a_version_that_says_503_three_times_in_a_row_is_left_out() {
    let sick = [bare(503), bare(429), bare(503), bare(502), bare(503)];
    let server = Server::start(sick.into_iter().chain([says("Hello.")])).await;
    let endpoints = vec![endpoint(&server.url, "v1beta", 1), endpoint(&server.url, "v1", 0)];
    let model = gemini(with_retries(with(endpoints), 0));
    for n in 0..5 {
        model.generate(&task(n)).await.unwrap_err();
    }
    model.generate(&task(5)).await.unwrap();
    let asked = server.finish();
    assert!(asked[..5].iter().all(|asked| asked.uri.starts_with("/v1beta/")));
    assert!(asked[5].uri.starts_with("/v1/"), "{}", asked[5].uri);
}

#[tokio::test]
async fn an_endpoint_that_hangs_up_three_times_in_a_row_is_left_out() {
    let server = Server::start([(); 4].map(|()| says("Hello."))).await;
    let (sick, serve) = raw(vec![String::new(); 3]).await;
    let endpoints = vec![endpoint(&sick, "v1beta", 1), endpoint(&server.url, "v1beta", 0)];
    let model = gemini(with_retries(with(endpoints), 0));
    let ask = async {
        // The fallback is asked elsewhere.
        for n in 0..3 {
            model.generate(&task(n)).await.unwrap();
        }
    };
    let ((), asked) = tokio::join!(ask, serve);
    model.generate(&task(3)).await.unwrap();
    assert_eq!((asked.len(), server.finish().len()), (3, 4));
}

/// Google's `v1` knows no `-latest` names, and a gateway may have no path for it.
#[tokio::test]
async fn what_one_version_of_the_api_lacks_is_asked_of_another_and_parked_if_none_has_it() {
    let page = || Step::Text(404, "<html>no such path</html>".to_owned());
    for lacks in [(|| bare(404)) as fn() -> Step, page] {
        let steps = [lacks(), says("Hello."), says("Again."), lacks(), lacks()];
        let server = Server::start(steps).await;
        let fleet =
            Fleet::new(with(vec![endpoint(&server.url, "v1", 1), endpoint(&server.url, "v1beta", 0)]));
        let environment = fleet.environment();
        for text in ["Hello.", "Again."] {
            assert_eq!(environment.generate(&fleet.call()).await.unwrap().text, text);
        }
        assert_eq!(fleet.told("Parked"), 0);
        fleet.environment().generate(&fleet.call()).await.unwrap_err();
        assert_eq!(fleet.told("Parked"), 1);
        let asked: Vec<String> = server.finish().into_iter().map(|asked| asked.uri).collect();
        let versions: Vec<&str> = asked.iter().filter_map(|uri| uri.split('/').nth(1)).collect();
        assert_eq!(versions, ["v1", "v1beta", "v1beta", "v1", "v1beta"]);
    }
}
