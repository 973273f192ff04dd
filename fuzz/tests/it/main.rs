//! Every target, for a moment; and the engine itself.

#![allow(clippy::print_stdout)]

use std::time::Duration;

use fuzz::{ALL, Budget, Target, run};

/// What a target gets in an ordinary test run.
const MOMENT: Duration = Duration::from_millis(1_500);

#[test]
fn no_target_is_broken_by_what_nobody_would_write() {
    for target in ALL {
        let report = run(target, Budget { time: MOMENT, seed: 20_261_128 });
        println!("{}: {} executions, the longest {:?}", target.name, report.executions, report.longest);
        if let Some(finding) = report.finding {
            panic!("{}: {}\ninput: \"{}\"", target.name, finding.what, finding.input.escape_ascii());
        }
        assert!(report.executions > 20, "{}: {} executions", target.name, report.executions);
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut folders: Vec<String> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names: Vec<&str> = ALL.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(folders, names);
    for target in ALL {
        assert!(target.inputs().len() > (target.seeds)().len(), "{}", target.name);
    }
}

/// A reader with a mistake that only a changed input shows.
const BROKEN: Target = Target {
    name: "broken",
    seeds: || vec![br#"{"a": {"b": [1, 2, 3]}}"#.to_vec()],
    words: &[],
    check: |input| {
        let value = serde_json::from_slice::<serde_json::Value>(input).unwrap_or_default();
        assert!(
            value.pointer("/a/b/2").is_none_or(|third| third.as_f64().is_none_or(|third| third >= 0.0)),
            "below zero"
        );
    },
};

#[test]
fn the_engine_finds_a_planted_mistake_and_the_same_one_by_the_same_seed() {
    let budget = Budget { time: Duration::from_secs(10), seed: 7 };
    let found = [run(&BROKEN, budget), run(&BROKEN, budget)].map(|report| report.finding.unwrap());
    assert!(found[0].what.contains("below zero"), "{}", found[0].what);
    assert_eq!(found[0].input, found[1].input);
}

#[test]
fn seeds_are_read_as_they_are_first() {
    let target =
        Target { seeds: || vec![b"one".to_vec()], check: |input| assert_ne!(input, b"one"), ..BROKEN };
    let report = run(&target, Budget { time: Duration::ZERO, seed: 1 });
    assert_eq!((report.executions, report.finding.unwrap().input), (1, b"one".to_vec()));
}
