//! What a fine-grained token may do. GitHub does not tell, so it is tried out: nothing is created by it.

use std::collections::BTreeMap;

use ::github::Github;

use super::super::Finding;
use super::{PERMISSIONS, Reached, list};

/// Every token may read metadata.
const METADATA: &str = "metadata";

/// What became of the trials in one repository: the permissions that it has not, and those that cannot be tried.
#[derive(Debug, Default)]
struct Trial<'n> {
    lacks: BTreeMap<&'n str, &'n str>,
    unknown: BTreeMap<&'n str, &'n str>,
}

/// Tries `needed` in the repositories that the token reaches.
pub(super) async fn tried(github: &Github, reached: &Reached, needed: &BTreeMap<&str, &str>) -> Vec<Finding> {
    if reached.names.is_empty() {
        let said = format!("GitHub names no repository that the token reaches; it needs {}", list(needed));
        return vec![Finding::skipped(PERMISSIONS, said)];
    }
    let mut trials = Vec::new();
    for name in &reached.names {
        let mut trial = Trial::default();
        for (right, access) in needed.iter().filter(|(right, _)| **right != METADATA) {
            match github.may(name, right).await {
                Ok(Some(true)) => {}
                Ok(Some(false)) => drop(trial.lacks.insert(right, access)),
                Ok(None) | Err(_) => drop(trial.unknown.insert(right, access)),
            }
        }
        trials.push((name.as_str(), trial));
    }
    judged(&trials, needed)
}

/// A token that may do everything in one repository may lack it in others, which are perhaps none of ours.
fn judged(trials: &[(&str, Trial<'_>)], needed: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let names = |is_it: fn(&Trial<'_>) -> bool| {
        let names: Vec<&str> =
            trials.iter().filter(|(_, trial)| is_it(trial)).map(|(name, _)| *name).collect();
        names.join(", ")
    };
    let (good, bad) = (names(|trial| trial.lacks.is_empty()), names(|trial| !trial.lacks.is_empty()));
    let unknown: BTreeMap<&str, &str> = trials.iter().flat_map(|(_, trial)| trial.unknown.clone()).collect();
    let has: BTreeMap<&str, &str> =
        needed.iter().filter(|(name, _)| !unknown.contains_key(*name)).map(|(n, a)| (*n, *a)).collect();
    let mut findings = Vec::new();
    if good.is_empty() {
        let lacks = trials.first().map(|(_, trial)| list(&trial.lacks)).unwrap_or_default();
        let mend = "on the token's page, Repository access and Permissions; where it is an organisation's, its owners approve it";
        findings.push(Finding::wrong(PERMISSIONS, format!("the token lacks {lacks} in {bad}"), mend));
    } else {
        let but = if bad.is_empty() { String::new() } else { format!("; not all of it in {bad}") };
        findings.push(Finding::ok(PERMISSIONS, format!("the token has {} in {good}{but}", list(&has))));
    }
    if !unknown.is_empty() {
        let said =
            format!("{} cannot be tried without doing something; look at the token's page", list(&unknown));
        findings.push(Finding::skipped("more GitHub permissions", said));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::super::State;
    use super::*;

    fn trial(lacks: &[&'static str], unknown: &[&'static str]) -> Trial<'static> {
        let of = |names: &[&'static str]| names.iter().map(|name| (*name, "write")).collect();
        Trial { lacks: of(lacks), unknown: of(unknown) }
    }

    fn said(trials: &[(&str, Trial<'_>)]) -> Vec<(State, String)> {
        let needed = [("issues", "write"), ("metadata", "read"), ("discussions", "write")].into();
        judged(trials, &needed).into_iter().map(|finding| (finding.state, finding.said)).collect()
    }

    #[test]
    fn one_repository_where_it_may_do_everything_is_enough() {
        let found = said(&[("o/a", trial(&["issues"], &[])), ("o/b", trial(&[], &[]))]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, State::Ok);
        assert!(found[0].1.ends_with("in o/b; not all of it in o/a"), "{found:?}");
    }

    #[test]
    fn what_is_lacking_is_named_and_what_cannot_be_tried_is_not_called_good() {
        let found = said(&[("o/a", trial(&["issues"], &["discussions"]))]);
        assert_eq!(found[0], (State::Wrong, "the token lacks issues: write in o/a".to_owned()));
        assert_eq!(found[1].0, State::Skipped);
        let found = said(&[("o/a", trial(&[], &["discussions"]))]);
        assert_eq!(found[0], (State::Ok, "the token has issues: write, metadata: read in o/a".to_owned()));
        assert!(found[1].1.starts_with("discussions: write cannot be tried"), "{found:?}");
    }
}
