//! The shipped set, run against the stand-in: it understands nothing, and its score says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use domain::{ListQuery, PartKey, SPAM, Stores};
use embedded::Embedded;
use tokio::net::TcpListener;

use super::*;
use crate::offline::Rig;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    eval: EvalRunArgs,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn args(data_dir: &Path, line: &str) -> EvalRunArgs {
    let mut args = Line::parse_from(["eval"].into_iter().chain(line.split_whitespace())).eval;
    args.files = vec![root().join("evals")];
    args.data_dir.path = data_dir.to_owned();
    args
}

fn agent() -> Settings {
    load(&root().join("agent/agent.toml")).unwrap()
}

/// The ground of a run; with the model at `real`, if there is one, which costs money then.
fn ground(args: &EvalRunArgs, real: Option<&str>) -> Ground {
    let known =
        real.into_iter().flat_map(|url| [("GEMINI_BASE_URL", url), ("GEMINI_API_KEY", "key-of-nobody")]);
    let environment = Environment::from_map(known).unwrap();
    Ground::prepare("eval", &agent(), environment, &args.data_dir.path, args.max_usd).unwrap()
}

async fn scored(args: &EvalRunArgs, real: Option<&str>) -> Score {
    let mut settings = agent();
    // So much less may be said in triage that a bound can let all of it pass, and no answer.
    settings.models.triage_generation.max_output_tokens = 256;
    Box::pin(measure(&ground(args, real), settings, &chosen(args).unwrap(), args)).await.unwrap()
}

/// How often each step of each task was paid for.
async fn paid(stores: &Stores) -> BTreeMap<String, usize> {
    let page = stores.tasks.list(&ListQuery { limit: 1_000, ..ListQuery::default() }).await.unwrap();
    let mut paid = BTreeMap::new();
    for task in page.tasks {
        for (_, blob) in stores.payloads.list(&task.id, PartKey::CALLS).await.unwrap() {
            let call: serde_json::Value = blob.json("read a call").unwrap();
            *paid.entry(format!("{} {}", task.id, call["step"])).or_default() += 1;
        }
    }
    paid
}

fn kept(ground: &Ground) -> Stores {
    Embedded::open(&ground.dir, domain::Clock::system()).unwrap().stores()
}

#[test]
fn the_shipped_set_has_cases_of_every_intent_every_sender_and_injections() {
    let cases = case::load(&[root().join("evals")]).unwrap();
    let of = |expected: &str| cases.iter().filter(|case| case.expected() == expected).count();
    assert!(cases.len() >= 150, "{}", cases.len());
    for intent in ["bug_report", "question", "feature_request", SPAM] {
        assert!(of(intent) >= 10, "{intent}: {}", of(intent));
    }
    assert!(cases.iter().filter(|case| !case.must_not.is_empty()).count() >= 20);
    let mut sources: Vec<&str> = cases.iter().map(Case::source).collect();
    sources.sort_unstable();
    sources.dedup();
    // Every sender: the last three are those of tasks and of senders of one's own.
    let senders = [
        "github",
        "gitlab",
        "jira",
        "linear",
        "pagerduty",
        "sentry",
        "shopify",
        "slack",
        "stripe",
        "zendesk",
    ];
    let mut all: Vec<&str> = senders.into_iter().chain(["api", "standard-webhooks", "svix"]).collect();
    all.sort_unstable();
    assert_eq!(sources, all);
}

#[test]
fn an_expected_intent_that_the_agent_does_not_have_is_a_mistake_told_with_its_first_case() {
    let dir = tempfile::tempdir().unwrap();
    let case = |name: &str, intent: &str| {
        format!("[[cases]]\nname = \"{name}\"\nsample = \"slack/message.im\"\nintent = \"{intent}\"\n")
    };
    let set = [case("a", "question"), case("b", "bug_repot"), case("c", "bug_repot")].concat();
    std::fs::write(dir.path().join("a.toml"), set).unwrap();
    let told = check_intents(&agent(), &case::load(&[dir.path()]).unwrap()).unwrap_err().to_string();
    assert!(
        told.lines().count() == 1 && told.contains("a.toml:5: agent.toml has no intent `bug_repot`"),
        "{told}"
    );
    assert!(told.contains("2 cases expect it"), "{told}");
    let shipped = case::load(&[root().join("evals")]).unwrap();
    check_intents(&agent(), &shipped).unwrap();
}

#[tokio::test]
async fn a_run_with_an_unknown_intent_fails_before_anything_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.toml");
    std::fs::write(&file, "[[cases]]\nname = \"a\"\nsample = \"slack/message.im\"\nintent = \"bug_repot\"\n")
        .unwrap();
    let mut args = args(&dir.path().join("data"), "");
    args.files = vec![file];
    args.config.path = Some(root().join("agent/agent.toml"));
    let told = Box::pin(run(args)).await.unwrap_err().to_string();
    assert!(told.contains("bug_repot") && !dir.path().join("data").exists(), "{told}");
}

/// A judge that does not come back.
struct Panics;

#[async_trait::async_trait]
impl domain::Model for Panics {
    async fn generate(&self, _: &domain::ModelCall) -> Result<domain::ModelAnswer, domain::ModelError> {
        panic!("the judge dies")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_judge_dies_is_not_right() {
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only slack-question-1");
    let mut cases = chosen(&args).unwrap();
    cases.truncate(1);
    cases[0].rubric = Some("It is kind.".to_owned());
    let ground = ground(&args, None);
    let settings = for_show(agent(), ["slack"].into_iter(), None).unwrap();
    let rig = Rig::open(&settings, &ground.environment, &ground.dir, |model| model).await.unwrap();
    let jobs = [job(&settings, &cases[0], &rig).unwrap()];
    let ran = rig.run(&jobs).await.unwrap();
    let (stores, clock) = (rig.stores().clone(), rig.clock().clone());
    let judge = Arc::new(Judge {
        model: Arc::new(Panics),
        name: "m".to_owned(),
        stores,
        clock,
        time: Duration::from_secs(60),
    });
    let outcomes = judged(&cases, &jobs, ran, (&judge, rig.crowd())).await;
    assert_eq!((outcomes[0].unfinished.as_deref(), outcomes[0].is_right()), (Some(UNJUDGED), false));
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_gets_its_honest_score() {
    let dir = tempfile::tempdir().unwrap();
    let score = scored(&args(dir.path(), ""), None).await;
    let wrong: Vec<String> = score
        .outcomes
        .iter()
        .filter(|it| !it.is_right())
        .map(|it| format!("{}: {}", it.case, it.why()))
        .collect();
    let sorted = score.outcomes.iter().filter(|outcome| outcome.is_sorted_right()).count();
    assert_eq!((score.outcomes.len(), score.finished()), (184, 184), "{wrong:#?}");
    // It goes by single words, and quotes what it is told.
    assert_eq!((sorted, wrong.len()), (162, 24), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_goes_on_without_paying_twice() {
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only slack");
    let (cases, ground) = (chosen(&args).unwrap(), ground(&args, None));
    let settings = for_show(agent(), ["slack"].into_iter(), None).unwrap();
    let rig = Rig::open(&settings, &ground.environment, &ground.dir, |model| model).await.unwrap();
    let jobs: Vec<Job> = cases.iter().map(|case| job(&settings, case, &rig).unwrap()).collect();
    let begun = async {
        while paid(rig.stores()).await.len() < jobs.len() / 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        ran = rig.run(&jobs) => panic!("it ended before it was cut off: {}", ran.unwrap().len()),
        () = begun => {}
    }
    rig.close().await;

    let score = measure(&ground, agent(), &cases, &args).await.unwrap();
    assert_eq!(score.finished(), cases.len());
    let paid = paid(&kept(&ground)).await;
    assert!(paid.len() >= cases.len() && paid.values().all(|times| *times == 1), "{paid:#?}");
}

/// The model hears the questions and answers none, so that what a lane has taken up stays in work.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_tells_of_no_earlier_one_and_the_next_one_of_what_it_was_cut_off_at() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only slack-question --max-usd 5");
    let (cases, ground) = (chosen(&args).unwrap(), ground(&args, Some(&url)));
    let settings = for_show(agent(), ["slack"].into_iter(), args.max_usd).unwrap();
    let open = || Rig::open(&settings, &ground.environment, &ground.dir, |model| model);
    let rig = open().await.unwrap();
    let jobs: Vec<Job> = cases.iter().map(|case| job(&settings, case, &rig).unwrap()).collect();
    let status = Some(domain::TaskStatus::Processing);
    let query = ListQuery { status, limit: jobs.len(), ..ListQuery::default() };
    let working = async {
        while rig.stores().tasks.list(&query).await.unwrap().tasks.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        _ = rig.run(&jobs) => panic!("nobody has answered"),
        () = working => {}
    }
    assert_eq!(rig.in_doubt(&jobs), None, "what is in work is its own");
    rig.close().await;

    let rig = open().await.unwrap();
    let told = rig.in_doubt(&jobs).unwrap();
    assert!(told.starts_with("an earlier run was cut off with "), "{told}");
    assert_eq!(rig.in_doubt(&[]), None);
    rig.close().await;
}

/// Asked at once, equal questions of one tenant would share one answer and its price.
#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_equal_ones_is_asked_and_priced() {
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only slack-question-1");
    let first = chosen(&args).unwrap().remove(0);
    let named = |number: usize| Case { name: format!("equal-{number}"), ..first.clone() };
    let cases: Vec<Case> = (0..8).map(named).collect();
    let score = measure(&ground(&args, None), agent(), &cases, &args).await.unwrap();
    let tokens: Vec<u64> = score.outcomes.iter().map(|outcome| outcome.tokens).collect();
    assert!(tokens[0] > 0 && tokens.iter().all(|it| *it == tokens[0]), "{tokens:?}");
}

/// What is spent of the bound of `stores`, what is set aside of it included, in US dollars.
async fn taken(stores: &Stores) -> f64 {
    let now = domain::Timestamp::now();
    let key = format!("{}{}", domain::BUDGETS, now.strftime("%Y-%m-%d"));
    let Some(item) = stores.state.get(&key, now).await.unwrap() else { return 0.0 };
    let aside = item.value["r"].as_object().into_iter().flatten();
    let micro = item.value["u"].as_f64().unwrap() + aside.map(|(_, it)| it[0].as_f64().unwrap()).sum::<f64>();
    micro / 1e6
}

/// The model hears the questions and does not answer before the run is gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_had_set_aside_is_spent_and_the_next_one_says_so_at_once() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let bounded = |usd: f64| args(dir.path(), &format!("--only slack-question --max-usd {usd:.6}"));
    let first = bounded(1.0);
    let (cases, ground) = (chosen(&first).unwrap(), ground(&first, Some(&url)));
    let settings = for_show(agent(), ["slack"].into_iter(), first.max_usd).unwrap();
    let rig = Rig::open(&settings, &ground.environment, &ground.dir, |model| model).await.unwrap();
    let jobs: Vec<Job> = cases.iter().map(|case| job(&settings, case, &rig).unwrap()).collect();
    let asking = async {
        while taken(rig.stores()).await <= 0.0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::select! {
        _ = rig.run(&jobs) => panic!("nobody has answered"),
        () = asking => {}
    }
    rig.close().await;

    let aside = taken(&kept(&ground)).await;
    let (began, bound) = (std::time::Instant::now(), aside + 0.000_001);
    let score = scored(&bounded(bound), Some(&url)).await;
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let whys: Vec<&str> = score.outcomes.iter().filter_map(|it| it.unfinished.as_deref()).collect();
    assert_eq!(whys.len(), cases.len(), "{:#?}", score.outcomes);
    assert!(whys.iter().all(|why| why.contains("raise --max-usd")), "{whys:#?}");
    assert!((taken(&kept(&ground)).await - aside).abs() < 1e-9, "no call was made, and nothing given back");

    let _model = tokio::spawn(crate::stand_ins::gemini(domain::Clock::system())(listener));
    let score = scored(&bounded(aside + 20.0), Some(&url)).await;
    assert_eq!(score.finished(), cases.len(), "{:#?}", score.outcomes);
    assert!(taken(&kept(&ground)).await >= aside + score.cost_usd() - 1e-5);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_spent_than_was_agreed_to_and_a_higher_bound_goes_on() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _model = tokio::spawn(crate::stand_ins::gemini(domain::Clock::system())(listener));
    let dir = tempfile::tempdir().unwrap();

    let unbounded = Environment::from_map([("GEMINI_BASE_URL", url.as_str())]).unwrap();
    let told = Ground::prepare("eval", &agent(), unbounded, dir.path(), None).err().unwrap();
    assert!(told.to_string().contains("--max-usd") && told.exit_code() == 2, "{told}");

    let small = scored(&args(dir.path(), "--only github-question --max-usd 0.1"), Some(&url)).await;
    assert!(small.cost_usd() <= 0.1, "{}", small.cost_usd());
    assert_eq!(small.finished(), 0, "{:#?}", small.outcomes);
    let args = args(dir.path(), "--only github-question --max-usd 20");
    let before = paid(&kept(&ground(&args, Some(&url)))).await;
    let all = scored(&args, Some(&url)).await;
    assert_eq!(all.finished(), all.outcomes.len(), "{:#?}", all.outcomes);
    let after = paid(&kept(&ground(&args, Some(&url)))).await;
    assert!(before.iter().all(|(step, times)| after[step] == *times) && before.len() * 2 == after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_refuses_the_key_ends_the_run_with_its_own_words() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _model = tokio::spawn(crate::stand_ins::gemini(domain::Clock::system())(listener));
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only sentry-bug-report-1 --max-usd 1");
    let keyless = Environment::from_map([("GEMINI_BASE_URL", url.as_str())]).unwrap();
    let ground = Ground::prepare("eval", &agent(), keyless, dir.path(), args.max_usd).unwrap();
    let score = measure(&ground, agent(), &chosen(&args).unwrap(), &args).await.unwrap();
    assert!(score.outcomes[0].why().contains("PERMISSION_DENIED"), "{}", score.outcomes[0].why());
}

const AUTOMATIONS: &str = r#"
[automations.label]
allowed = ["bug"]
[automations.summarise]
channel = "C0SUMMARY"
[automations.refund_request]
max_amount = { usd = 50.00 }
[automations.http.ping]
url = "https://api.example.com/ping"
headers = { Authorization = "AUTOMATION_PING" }
"#;

/// Cases of the shipped set that each automation handles, and what it says that it would do.
const ACTING: [(&str, &str, &str); 3] = [
    ("summarise", "stripe-", "Summary of"),
    ("http.ping", "stripe-", "https://api.example.com/ping"),
    ("http.ping", "github-question", "https://api.example.com/ping"),
];

/// Every intent has the same automation.
#[tokio::test(flavor = "multi_thread")]
async fn automations_are_evaluated_up_to_where_they_would_act_and_need_no_credentials() {
    let intent = |automation: &str| {
        let name = automation.replace('.', "_");
        format!("[[intents]]\nname = \"{name}\"\nwhen = \"never\"\nautomation = \"{automation}\"\n")
    };
    let used = ["label", "summarise", "refund_request", "http.ping"].map(intent);
    let text =
        std::fs::read_to_string(root().join("agent/agent.toml")).unwrap() + AUTOMATIONS + &used.concat();
    let agent = Settings::parse(&text, &root().join("agent")).unwrap();
    for (automation, only, says) in ACTING {
        let dir = tempfile::tempdir().unwrap();
        let args = args(dir.path(), &format!("--only {only}"));
        let mut settings = agent.clone();
        settings.intents.iter_mut().for_each(|intent| intent.automation = automation.to_owned());
        settings.agent.default_automation = automation.to_owned();
        let cases = chosen(&args).unwrap();
        let score = measure(&ground(&args, None), settings, &cases, &args).await.unwrap();
        assert_eq!((score.finished(), score.outcomes.len()), (cases.len(), cases.len()), "{automation}");
        for outcome in score.outcomes.iter().filter(|it| it.got != SPAM) {
            assert!(outcome.answer.contains(says), "{automation}: {outcome:?}");
            assert!(!outcome.faults.iter().any(|fault| fault.starts_with("failed")), "{outcome:?}");
        }
    }
}

#[test]
fn a_bound_that_is_missed_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let score = score::tests::score();
    let report = Report { score: &score, version: "ver_1", model: "m", against: None };
    let args = args(dir.path(), "--min-accuracy 0.7 --min-right 0.5");
    let told = missed(&args, &report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("0.667, below 0.7") && told[1].contains("1 cases did not end"), "{told:?}");
    assert_eq!(exit_code(&score, &told), NOT_ENDED);

    let mut ended = score.clone();
    ended.outcomes.retain(|it| it.unfinished.is_none());
    let told = missed(&args, &Report { score: &ended, ..report });
    assert_eq!((told.len(), exit_code(&ended, &told), exit_code(&ended, &[])), (1, 1, 0), "{told:?}");
}

#[test]
fn bounds_and_former_runs_say_nothing_of_cases_that_did_not_end() {
    let dir = tempfile::tempdir().unwrap();
    let former = score::tests::score();
    let report = Report { score: &former, version: "ver_1", model: "m", against: None };
    report.write(dir.path()).unwrap();
    let file = dir.path().join("eval.json");
    let former = Former::read(&file).unwrap();
    let mut score = score::tests::score();
    score.outcomes.iter_mut().for_each(|it| it.unfinished = Some("budget".to_owned()));
    let against = Some((&former, Changes::between(&former, &score.outcomes)));
    let report = Report { score: &score, version: "ver_1", model: "m", against };
    let line = format!("--min-accuracy 0.9 --min-right 0.9 --against {} --no-worse", file.display());
    let told = missed(&args(dir.path(), &line), &report);
    assert!(told.len() == 1 && told[0].contains("4 cases did not end"), "{told:?}");
    assert_eq!(exit_code(&score, &told), NOT_ENDED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_for_in_flex_is_billed_as_flex() {
    let dir = tempfile::tempdir().unwrap();
    let mut costs = Vec::new();
    for (place, tier) in [("usual", ""), ("half", "--tier flex")] {
        let args = args(&dir.path().join(place), &format!("--only slack-question {tier}"));
        let score = scored(&args, None).await;
        assert!(score.finished() == score.outcomes.len() && score.cost_usd() > 0.0, "{:#?}", score.outcomes);
        costs.push(score.cost_usd());
    }
    // Triage is served as everybody's.
    assert!((0.45..0.6).contains(&(costs[1] / costs[0])), "{costs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_model_than_the_wanted_one_has_served_is_told_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let args = args(dir.path(), "--only slack-question");
    let (mut settings, cases) = (agent(), chosen(&args).unwrap());
    let models = &mut settings.models;
    // The wanted models are kept for more urgent work than this.
    let kept = domain::ModelLimits { min_priority: domain::Priority::new(5).unwrap(), ..Default::default() };
    for wanted in [&models.triage, &models.answer] {
        models.limits.insert(wanted.clone(), kept);
    }
    let (wanted, fallback) = (models.answer.clone(), models.fallback[0].clone());
    let score = measure(&ground(&args, None), settings, &cases, &args).await.unwrap();
    let answered = score.outcomes.iter().filter(|it| !it.answer.is_empty()).count();
    assert_eq!(score.by_another(), (cases.len(), answered));
    assert!(answered > 0 && score.thresholds().iter().all(|it| it.by_another == it.passed));

    let report = Report { score: &score, version: "ver_1", model: "the stand-in", against: None };
    let told = report.text();
    let counted = format!("{} intents and {answered} answers are by another model", cases.len());
    let instead = format!("answer by {fallback} instead of {wanted}");
    assert!(told.contains(&counted) && told.contains(&instead), "{told}");
    report.write(dir.path()).unwrap();
    let page = std::fs::read_to_string(dir.path().join("eval.html")).unwrap();
    assert!(page.contains(&counted) && page.contains(&instead), "{page}");
    let json = report.json();
    assert_eq!(json["by_another"], serde_json::json!({"intents": cases.len(), "answers": answered}));
    assert_eq!(json["outcomes"][0]["served"][0]["model"], fallback.as_str());
    let missed = missed(&EvalRunArgs { min_accuracy: 1.0, min_right: 1.0, ..args }, &report);
    assert!(missed.iter().all(|line| line.contains(&counted)), "{missed:?}");
}
