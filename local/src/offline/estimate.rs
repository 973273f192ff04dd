//! What a run is likely to cost, at list prices. The bound holds whatever is said here.

use domain::{Lane, Timestamp};
use prices::Most;
use settings::Settings;

/// Bytes of text that are about a token.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens of a question to triage besides the event, and of its answer.
const TRIAGE: (usize, u64) = (600, 80);
/// Tokens of a question to the answer model besides persona, documents and event; and of its answer, thoughts included.
const ANSWER: (usize, u64) = (400, 1_500);

/// Tokens of a question to a judge besides the event: rubric and answer; and of its answer, thoughts included.
const JUDGE: (usize, u64) = (1_000, 1_000);

/// An event that will be paid for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Priced<'j> {
    /// Bytes of its text.
    pub(crate) bytes: usize,
    /// The model that judges the answer, if one does.
    pub(crate) judge: Option<&'j str>,
}

/// In words. A name such as `gemini-pro-latest` costs what the dearest
/// model costs that it may stand for.
pub(crate) fn estimate(settings: &Settings, events: &[Priced<'_>]) -> String {
    format!("about ${:.2} at list prices", usd(settings, events, Timestamp::now()))
}

/// That so many were answered by an earlier run, and cost nothing.
pub(crate) fn known_before(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", {count} of them answered before") }
}

fn usd(settings: &Settings, events: &[Priced<'_>], now: Timestamp) -> f64 {
    let agent = &settings.agent;
    let shared = agent.persona.len() + agent.documents.iter().map(|it| it.text.len()).sum::<usize>();
    let tier = settings.models.service_tier.of(Lane::Standard);
    let call = |model: &str, bytes: usize, (prompt, output): (usize, u64)| {
        let prompt = u64::try_from(prompt + bytes / BYTES_PER_TOKEN).unwrap_or(u64::MAX);
        prices::most_usd(model, Most { prompt, has_sound: false, output, tier }, now)
    };
    let models = &settings.models;
    let event = |event: &Priced<'_>| {
        let judge = event.judge.map_or(0.0, |judge| call(judge, event.bytes, JUDGE));
        call(&models.triage, event.bytes, TRIAGE) + call(&models.answer, shared + event.bytes, ANSWER) + judge
    };
    // The sum of nothing is -0.0.
    events.iter().map(event).fold(0.0, |sum, usd| sum + usd)
}

#[cfg(test)]
mod tests {
    use domain::ServiceTier;

    use super::*;
    use crate::offline::in_tier;

    #[test]
    fn more_events_and_longer_texts_cost_more() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let settings =
            Settings::parse("[agent]\npersona = \"p.md\"\n[sources.github]\n", dir.path()).unwrap();
        let usd = |texts: &[usize]| {
            let events: Vec<_> = texts.iter().map(|bytes| Priced { bytes: *bytes, judge: None }).collect();
            usd(&settings, &events, Timestamp::UNIX_EPOCH)
        };
        assert!(usd(&[100]) > 0.0 && usd(&[]) == 0.0);
        assert!(usd(&[100, 100]) > usd(&[100]) && usd(&[100_000]) > usd(&[100]));
    }

    #[test]
    fn a_judge_is_paid_for_as_well_by_its_own_price() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let settings =
            Settings::parse("[agent]\npersona = \"p.md\"\n[sources.github]\n", dir.path()).unwrap();
        let usd = |judge| usd(&settings, &[Priced { bytes: 100, judge }], Timestamp::UNIX_EPOCH);
        let (none, cheap, dear) =
            (usd(None), usd(Some("gemini-flash-lite-latest")), usd(Some("gemini-pro-latest")));
        assert!(none < cheap && cheap < dear, "{none} {cheap} {dear}");
    }

    #[test]
    fn flex_costs_half() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = "[agent]\npersona = \"p.md\"\n[sources.github]\n";
        let of = |tier| {
            let settings = in_tier(Settings::parse(text, dir.path()).unwrap(), tier);
            usd(&settings, &[Priced { bytes: 1_000, judge: None }], Timestamp::UNIX_EPOCH)
        };
        let (usual, flex) = (of(None), of(Some(ServiceTier::Flex)));
        assert!((flex - usual / 2.0).abs() < usual * 0.01, "{flex} {usual}");
    }
}
