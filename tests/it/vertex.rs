//! Vertex AI, against the stand-in: credentials of every kind, its own forms, and an account that stands in for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use domain::contract::plain_call;
use domain::{
    Clock, Document, Jitter, LaneTiers, Model, ModelAccount, ModelCall, ModelEndpoint, ServiceTier,
    StateStore, TaskId, Timestamp, after,
};
use embedded::Embedded;
use gemini::{Config, Gemini, Signals};
use serde_json::{Value, json};
use standins::gemini::{Builder, Fault, FaultRule, GeminiStandin, Refusal};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::binary::{afterhook, run};

const PLACE: &str = "projects/p-1/locations/global";
/// A key that was made for tests, and opens nothing.
const RSA_KEY: &str = include_str!("../../shared/github/tests/fixtures/throwaway-app-key.pkcs8.pem");

/// Vertex AI and the services that give out tokens, at one address.
struct Place {
    standin: GeminiStandin,
    url: String,
    seconds: Arc<AtomicI64>,
    store: Arc<dyn StateStore>,
    _servers: JoinSet<()>,
}

impl Place {
    async fn new(builder: Builder) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let standin = builder.build();
        let mut servers = JoinSet::new();
        // What Lambda has in variables, other machines on AWS ask for.
        let zone = || async { "eu-central-1a" };
        let keys = || async { r#"{"AccessKeyId": "AKIA", "SecretAccessKey": "aws-secret", "Token": "t"}"# };
        let aws = Router::new()
            .route("/aws/zone", get(zone))
            .route("/aws/role", get(|| async { "a-role" }))
            .route("/aws/role/a-role", get(keys));
        let url = serve(standin.router().merge(aws), &mut servers).await;
        let seconds = Arc::new(AtomicI64::new(Clock::system().now().as_second()));
        let store = Embedded::in_memory(clock(&seconds)).unwrap().stores().state;
        Self { standin, url, seconds, store, _servers: servers }
    }

    fn vertex(&self, location: &str, credentials: &Value) -> ModelEndpoint {
        let (project, workload_identity) = ("p-1".to_owned(), Some(credentials.to_string()));
        let account = ModelAccount::Vertex { project, location: location.to_owned(), workload_identity };
        ModelEndpoint { account, ..ModelEndpoint::new(&self.url, "v1") }
    }

    /// What `gcloud auth application-default login` leaves.
    fn user(&self) -> Value {
        json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "1//fresh",
            "token_uri": format!("{}/token", self.url)})
    }

    fn model(&self, endpoints: Vec<ModelEndpoint>) -> Gemini {
        self.model_of(Config { endpoints, ..Config::new(None) })
    }

    fn model_of(&self, config: Config) -> Gemini {
        let config = Config {
            triage: "gemini-flash-lite-latest".to_owned(),
            answer: "gemini-flash-latest".to_owned(),
            fallback: vec![],
            ..config
        };
        let (signals, jitter) = (Signals::none(), Jitter::fixed(0.0));
        Gemini::new(config, Arc::clone(&self.store), signals, clock(&self.seconds), jitter).unwrap()
    }

    fn call(&self) -> ModelCall {
        static ASKED: AtomicI64 = AtomicI64::new(0);
        let number = ASKED.fetch_add(1, Ordering::Relaxed);
        let document = Document { name: "faq.md".to_owned(), text: "Ask away. ".repeat(1_000) };
        ModelCall {
            task_id: TaskId::derive("t", &number.to_le_bytes()),
            documents: vec![document],
            deadline: after(clock(&self.seconds).now(), Duration::from_secs(900)),
            ..plain_call(&format!("Why? {number}"))
        }
    }
}

/// The key file of a service account.
fn service_account(url: &str) -> Value {
    json!({"type": "service_account", "client_email": "sa@p-1.iam.gserviceaccount.com", "private_key_id": "1",
        "private_key": RSA_KEY, "project_id": "p-1", "token_uri": format!("{url}/token")})
}

async fn serve(router: Router, servers: &mut JoinSet<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    servers.spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn clock(seconds: &Arc<AtomicI64>) -> Clock {
    let seconds = Arc::clone(seconds);
    Clock::from_fn(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap())
}

fn refused(refusal: Refusal) -> Vec<FaultRule> {
    vec![FaultRule::always(Fault::Refused(refusal))]
}

#[tokio::test]
async fn credentials_of_every_kind_get_a_token_and_an_answer() {
    let place = Place::new(GeminiStandin::builder()).await;
    let url = &place.url;
    let federation = |rest: Value| {
        let mut json = json!({"type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws",
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": format!("{url}/v1/token"),
            "credential_source": {"environment_id": "aws1", "region_url": format!("{url}/aws/zone"),
                "url": format!("{url}/aws/role"),
                "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}});
        json.as_object_mut().unwrap().extend(rest.as_object().cloned().unwrap());
        json
    };
    let impersonated =
        format!("{url}/v1/projects/-/serviceAccounts/sa@p-1.iam.gserviceaccount.com:generateAccessToken");
    let kinds = [
        (place.user(), 1),
        (federation(json!({})), 1),
        (federation(json!({"service_account_impersonation_url": impersonated})), 2),
        // It signs its own tokens.
        (service_account(url), 0),
    ];
    for (credentials, tokens) in kinds {
        let before = place.standin.tokens_issued();
        let model = place.model(vec![place.vertex("global", &credentials)]);
        for _ in 0..2 {
            let answer = model.generate(&place.call()).await;
            answer.unwrap_or_else(|error| panic!("{}: {error}", credentials["type"]));
        }
        assert_eq!(place.standin.tokens_issued() - before, tokens, "{} is asked once", credentials["type"]);
    }
}

/// What `afterhook check --online` says of a model, to whom the place has credentials by this variable alone.
async fn looked_up(place: &Place, (variable, value): (&'static str, String)) -> Value {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    let agent = format!(
        "[agent]\npersona = \"p.md\"\n[models]\nanswer = \"gemini-flash-latest\"\n[[models.endpoints]]\nproject = \"p-1\"\n\
         base_url = \"{}\"\n[budget]\n[sources.github]\n",
        place.url
    );
    std::fs::write(dir.path().join("agent.toml"), agent).unwrap();
    let mut command = afterhook([(variable, value)]);
    let said = run(command.args(["check", "--online", "--json", "--config"]).arg(dir.path())).await;
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.into_iter().find(|line| line["check"] == "model gemini-flash-latest");
    line.unwrap_or_else(|| panic!("{said:?}"))
}

#[tokio::test]
async fn a_key_file_and_the_metadata_server_are_credentials_of_the_place() {
    let place = Place::new(GeminiStandin::builder()).await;
    let (dir, url) = (tempfile::tempdir().unwrap(), &place.url);
    let file = |name: &str, credentials: &Value| {
        let path = dir.path().join(name);
        std::fs::write(&path, credentials.to_string()).unwrap();
        ("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap().to_owned())
    };
    let mut revoked = place.user();
    revoked["refresh_token"] = "1//REVOKED".into();
    for (variable, tokens, state) in [
        // It signs its own tokens.
        (file("account.json", &service_account(url)), 0, "ok"),
        (file("user.json", &place.user()), 1, "ok"),
        (file("revoked.json", &revoked), 0, "wrong"),
        (("GCE_METADATA_HOST", url.trim_start_matches("http://").to_owned()), 1, "ok"),
    ] {
        let before = place.standin.tokens_issued();
        let line = looked_up(&place, variable.clone()).await;
        assert_eq!(line["state"], state, "{variable:?}: {line}");
        assert_eq!(place.standin.tokens_issued() > before, tokens > 0, "{variable:?}");
    }
    // Nobody listens there, as on AWS.
    let line = looked_up(&place, ("GCE_METADATA_HOST", "127.0.0.1:1".to_owned())).await;
    let said = line["said"].as_str().unwrap();
    assert!(said.contains("No access token") && said.contains("GOOGLE_CREDENTIALS"), "{line}");
    assert!(line["mend"].as_str().unwrap().contains("workload_identity"), "{line}");
}

#[tokio::test]
async fn a_token_is_fetched_before_it_ends_and_once_more_when_it_is_refused() {
    // Four minutes before its end it is due.
    let place = Place::new(GeminiStandin::builder().token_life(Duration::from_secs(241))).await;
    let model = place.model(vec![place.vertex("global", &place.user())]);
    model.generate(&place.call()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(place.standin.tokens_issued(), 2, "nobody has asked for it");
    place.standin.revoke_tokens();
    model.generate(&place.call()).await.unwrap();
    assert_eq!(place.standin.tokens_issued(), 3);
}

#[tokio::test]
async fn refused_credentials_are_of_the_account_and_named_in_the_services_words() {
    let place = Place::new(GeminiStandin::builder()).await;
    let revoked = json!({"type": "authorized_user", "client_id": "c", "client_secret": "s",
        "refresh_token": "1//REVOKED", "token_uri": format!("{}/token", place.url)});
    let model = place.model(vec![place.vertex("global", &revoked)]);
    let error = model.generate(&place.call()).await.unwrap_err();
    for part in ["invalid_grant", "GOOGLE_CREDENTIALS"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert!(!format!("{error:?}").contains("1//REVOKED"), "{error:?}");
    let place = Place::new(GeminiStandin::builder()).await;
    for (refusal, mend) in [
        (Refusal::ServiceDisabled, "switch the Vertex AI API on"),
        (Refusal::NoRole, "roles/aiplatform.user"),
    ] {
        place.standin.set_faults(refused(refusal));
        place.seconds.fetch_add(600, Ordering::SeqCst);
        let model = place.model(vec![place.vertex("global", &place.user())]);
        let error = model.generate(&place.call()).await.unwrap_err();
        assert!(error.message.contains(mend), "{}", error.message);
    }
}

#[tokio::test]
async fn a_leaked_key_falls_to_vertex_ai_and_comes_back_when_it_works_again() {
    let place = Place::new(GeminiStandin::builder()).await;
    let developer = GeminiStandin::builder().build();
    let mut servers = JoinSet::new();
    let first = ModelEndpoint::new(&serve(developer.router(), &mut servers).await, "v1beta");
    let second = ModelEndpoint { weight: 0, ..place.vertex("global", &place.user()) };
    let (endpoints, key) = (vec![first, second], Some("key".to_owned().into()));
    let model = place.model_of(Config { endpoints, ..Config::new(key) });
    let asked = || (developer.counters().requests, place.standin.counters().requests);
    developer.set_faults(refused(Refusal::LeakedKey));
    for _ in 0..20 {
        model.generate(&place.call()).await.unwrap();
        place.seconds.fetch_add(30, Ordering::SeqCst);
    }
    let (refused, _) = asked();
    assert!((3..=5).contains(&refused), "{refused} calls in ten minutes");
    developer.set_faults(vec![]);
    place.seconds.fetch_add(181, Ordering::SeqCst);
    let (_, before) = asked();
    for _ in 0..3 {
        model.generate(&place.call()).await.unwrap();
    }
    assert_eq!(asked(), (refused + 3, before), "the first account serves again");
}

#[tokio::test]
async fn models_tiers_and_caches_are_asked_for_in_vertex_ais_own_forms() {
    let place = Place::new(GeminiStandin::builder()).await;
    let tiers = LaneTiers { standard: ServiceTier::Priority, ..LaneTiers::default() };
    for (location, served) in [("global", "ON_DEMAND_PRIORITY"), ("europe-west4", "ON_DEMAND")] {
        let endpoints = vec![place.vertex(location, &place.user())];
        let model = place.model_of(Config { endpoints, service_tier: tiers, ..Config::new(None) });
        let answer = model.generate(&place.call()).await.unwrap();
        assert_eq!(answer.exchanges[0].response["usageMetadata"]["trafficType"], served, "{location}");
    }
    // Often enough for a cache of the documents to pay.
    let model = place.model(vec![place.vertex("global", &place.user())]);
    for _ in 0..60 {
        model.generate(&place.call()).await.unwrap();
        place.seconds.fetch_add(5, Ordering::SeqCst);
    }
    let caches = place.standin.cache_names();
    assert_eq!(caches.len(), 1, "{caches:?}");
    let state = model.generate(&place.call()).await.unwrap().exchanges[0].request["cachedContent"].clone();
    assert_eq!(state, format!("{PLACE}/{}", caches[0]));
}

#[tokio::test]
async fn a_model_that_the_project_has_no_more_is_parked_before_a_task_meets_it() {
    let place = Place::new(GeminiStandin::builder()).await;
    let endpoints = vec![place.vertex("global", &place.user())];
    let config = Config { answer: "gemini-0-none".to_owned(), endpoints, ..Config::new(None) };
    let (state, jitter) = (Arc::clone(&place.store), Jitter::fixed(0.0));
    let model = Gemini::new(config, state, Signals::none(), clock(&place.seconds), jitter).unwrap();
    assert_eq!(model.park_missing().await.unwrap(), 1);
    let asked = place.standin.counters().requests;
    let call =
        ModelCall { deadline: after(clock(&place.seconds).now(), Duration::from_secs(60)), ..place.call() };
    assert!(model.generate(&call).await.is_ok(), "the fallback serves");
    let models: Vec<_> =
        place.standin.requests().into_iter().skip(asked as usize).filter_map(|one| one.model).collect();
    assert_eq!(models, ["gemini-flash-latest"]);
}
