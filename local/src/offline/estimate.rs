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

/// In words, for events whose texts have so many bytes. A name such as `gemini-pro-latest` costs what the dearest
/// model costs that it may stand for.
pub(crate) fn estimate(settings: &Settings, texts: &[usize]) -> String {
    format!("about ${:.2} at list prices", usd(settings, texts, Timestamp::now()))
}

fn usd(settings: &Settings, texts: &[usize], now: Timestamp) -> f64 {
    let agent = &settings.agent;
    let shared = agent.persona.len() + agent.documents.iter().map(|it| it.text.len()).sum::<usize>();
    let tier = settings.models.service_tier.of(Lane::Standard);
    let call = |model: &str, bytes: usize, (prompt, output): (usize, u64)| {
        let prompt = u64::try_from(prompt + bytes / BYTES_PER_TOKEN).unwrap_or(u64::MAX);
        prices::most_usd(model, Most { prompt, has_sound: false, output, tier }, now)
    };
    let models = &settings.models;
    let event =
        |text: &usize| call(&models.triage, *text, TRIAGE) + call(&models.answer, shared + *text, ANSWER);
    texts.iter().map(event).sum()
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
        let usd = |texts: &[usize]| usd(&settings, texts, Timestamp::UNIX_EPOCH);
        assert!(usd(&[100]) > 0.0 && usd(&[]) == 0.0);
        assert!(usd(&[100, 100]) > usd(&[100]) && usd(&[100_000]) > usd(&[100]));
    }

    #[test]
    fn flex_costs_half() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = "[agent]\npersona = \"p.md\"\n[sources.github]\n";
        let of = |tier| {
            let settings = in_tier(Settings::parse(text, dir.path()).unwrap(), tier);
            usd(&settings, &[1_000], Timestamp::UNIX_EPOCH)
        };
        let (usual, flex) = (of(None), of(Some(ServiceTier::Flex)));
        assert!((flex - usual / 2.0).abs() < usual * 0.01, "{flex} {usual}");
    }
}
