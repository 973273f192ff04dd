//! What a run is likely to cost, and what it costs at the most, at list prices.

use console::usd;
use domain::{Generation, Lane, ModelRole, ServiceTier, StepUsage, Timestamp};
use prices::{Billed, Most, cost_usd, most_usd, rates, stands_for};
use settings::Settings;

use super::rig::CROWD;

/// Bytes of text that are about a token; no token has less than one.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens of a question to triage besides intents and event, and of its answer.
const TRIAGE: (usize, u64) = (350, 60);
/// Tokens of a question to the answer model besides persona, documents and event; and of its answer, which COSTS.md has too.
const ANSWER: (usize, u64) = (400, 300);
/// Tokens of a question to a judge besides the event: rubric and answer; and of its answer.
const JUDGE: (usize, u64) = (700, 200);
/// Tokens that a model thinks with besides, if agent.toml has it think more than a little.
const THOUGHTS: [(&str, u64); 3] = [("MEDIUM", 1_000), ("HIGH", 4_000), ("XHIGH", 8_000)];
/// The part of the bound that the calls under way may set aside.
const AT_ONCE: f64 = 0.25;
/// Tokens of persona and documents that are worth a context cache.
const CACHED: u64 = 4_096;

/// An event that will be paid for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Priced<'j> {
    /// Bytes of its text.
    pub(crate) bytes: usize,
    /// Whether it is answered: spam is not.
    pub(crate) is_answered: bool,
    /// The model that judges the answer, if one does.
    pub(crate) judge: Option<&'j str>,
    /// What its calls came to when it was run before, if it was.
    pub(crate) then: &'j [StepUsage],
}

/// A call that will be paid for, tokens.
struct Call<'c> {
    model: &'c str,
    is_triage: bool,
    prompt: u64,
    cached: u64,
    output: u64,
}

/// What calls cost.
struct Costs<'s> {
    settings: &'s Settings,
    now: Timestamp,
    /// Tokens of persona and documents.
    shared: usize,
}

/// In words: what is likely, and what holds. Without a bound, only calls that are made twice cost more than the latter.
pub(crate) fn estimate(settings: &Settings, events: &[Priced<'_>]) -> String {
    let (about, most) = Costs::of(settings, Timestamp::now()).sums(events);
    match settings.budget.per_day_usd {
        Some(bound) => format!("about {} at list prices, at most {} by --max-usd", usd(about), usd(bound)),
        None => {
            format!("about {} at list prices, at most {} if no call is made twice", usd(about), usd(most))
        }
    }
}

/// How many tasks, `most` of them at the most, may be in work at once: their calls set aside no more than a part of the bound,
/// since a kill leaves all of that in doubt. One is always in work.
pub(super) fn affordable(settings: &Settings, most: usize) -> usize {
    let Some(bound) = settings.budget.per_day_usd else { return most };
    let costs = Costs::of(settings, Timestamp::now());
    let prompt = count(costs.shared + ANSWER.0);
    let answer = Call { model: &settings.models.answer, is_triage: false, prompt, cached: 0, output: 0 };
    let each = costs.most(&answer);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let fit = (bound * AT_ONCE / each.max(f64::MIN_POSITIVE)) as usize;
    fit.clamp(1, most)
}

/// That so many were answered by an earlier run, and cost nothing.
pub(crate) fn known_before(count: usize) -> String {
    if count == 0 { String::new() } else { format!(", {count} of them answered before") }
}

impl<'s> Costs<'s> {
    fn of(settings: &'s Settings, now: Timestamp) -> Self {
        let agent = &settings.agent;
        let bytes = agent.persona.len() + agent.documents.iter().map(|it| it.text.len()).sum::<usize>();
        Self { settings, now, shared: bytes / BYTES_PER_TOKEN }
    }

    /// What `events` are likely to cost, and what they cost at the most if no call is made twice.
    fn sums(&self, events: &[Priced<'_>]) -> (f64, f64) {
        let calls: Vec<Call<'_>> = events.iter().flat_map(|event| self.calls(event)).collect();
        // The sum of nothing is -0.0.
        let sum = |usd: &dyn Fn(&Call<'_>) -> f64| calls.iter().map(usd).fold(0.0, |sum, usd| sum + usd);
        let new = events.iter().filter(|event| event.then.is_empty() && event.is_answered).count();
        (sum(&|call| self.about(call)) - self.saved_by_a_cache(new), sum(&|call| self.most(call)))
    }

    fn calls<'c>(&'c self, event: &Priced<'c>) -> Vec<Call<'c>> {
        let models = &self.settings.models;
        if !event.then.is_empty() {
            return event.then.iter().map(|usage| self.again(usage)).collect();
        }
        let call = |model: &'c str, is_triage: bool, besides: usize, (prompt, output): (usize, u64)| Call {
            model,
            is_triage,
            prompt: count(prompt + besides + event.bytes / BYTES_PER_TOKEN),
            cached: 0,
            output: output + thoughts(self.generation(is_triage)),
        };
        let intents = self.settings.intents.iter().map(|intent| intent.name.len() + intent.when.len());
        let triage = call(&models.triage, true, intents.sum::<usize>() / BYTES_PER_TOKEN, TRIAGE);
        let answer = || call(&models.answer, false, self.shared, ANSWER);
        let judge = event.judge.map(|judge| call(judge, false, 0, JUDGE));
        [triage].into_iter().chain(event.is_answered.then(answer)).chain(judge).collect()
    }

    /// A call that was made before, by the model of today.
    fn again(&self, usage: &StepUsage) -> Call<'_> {
        let models = &self.settings.models;
        let is_triage = usage.step.starts_with("triage");
        Call {
            model: if is_triage { &models.triage } else { &models.answer },
            is_triage,
            prompt: usage.prompt_tokens,
            cached: usage.cached_tokens,
            output: usage.output_tokens + usage.thought_tokens,
        }
    }

    fn generation(&self, is_triage: bool) -> &Generation {
        let models = &self.settings.models;
        if is_triage { &models.triage_generation } else { &models.generation }
    }

    fn tier(&self, is_triage: bool) -> ServiceTier {
        let role = if is_triage { ModelRole::Triage } else { ModelRole::Answer };
        self.settings.models.service_tier.of(Lane::Standard, role)
    }

    /// An alias is taken for the model that it most likely stands for.
    fn about(&self, call: &Call<'_>) -> f64 {
        let Call { prompt, cached, output, .. } = *call;
        let tier = self.tier(call.is_triage);
        let billed = Billed { prompt, cached, output, tier, ..Billed::default() };
        let known = stands_for(call.model).and_then(|model| cost_usd(model, &billed, self.now));
        known.unwrap_or_else(|| self.ceiling(call.model, prompt, output, tier))
    }

    /// As long an answer as may be, by the dearest model that the name may stand for. What flex has no room for is
    /// served as standard.
    fn most(&self, call: &Call<'_>) -> f64 {
        let output = u64::from(self.generation(call.is_triage).max_output_tokens);
        self.ceiling(
            call.model,
            call.prompt * count(BYTES_PER_TOKEN),
            output,
            self.tier(call.is_triage).max(ServiceTier::Standard),
        )
    }

    fn ceiling(&self, model: &str, prompt: u64, output: u64, tier: ServiceTier) -> f64 {
        most_usd(model, Most { prompt, has_sound: false, output, tier }, self.now)
    }

    /// What a context cache is likely to save of so many answers: the first ones are asked for before there is one.
    fn saved_by_a_cache(&self, answers: usize) -> f64 {
        let (tokens, tier) = (count(self.shared), self.tier(false));
        let rates = stands_for(&self.settings.models.answer)
            .and_then(|model| rates(model, tokens, tier, self.now))
            .filter(|_| tokens >= CACHED && tier != ServiceTier::Flex);
        let Some((rates, storage)) = rates.and_then(|rates| Some((rates, rates.storage?))) else {
            return 0.0;
        };
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let (reads, tokens) =
            (answers.saturating_sub(affordable(self.settings, CROWD)) as f64, tokens as f64);
        let hours = self.settings.models.cache_ttl.as_secs_f64() / 3_600.0;
        let saved = reads * (rates.input - rates.cached) - rates.input - storage * hours;
        (saved * tokens / 1e6).max(0.0)
    }
}

fn count(tokens: usize) -> u64 {
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

fn thoughts(generation: &Generation) -> u64 {
    let level = generation.others.get("thinkingConfig").and_then(|config| config.get("thinkingLevel"));
    let level = level.and_then(|level| level.as_str()).unwrap_or_default();
    THOUGHTS.iter().find(|(known, _)| level.eq_ignore_ascii_case(known)).map_or(0, |(_, tokens)| *tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::in_tier;

    const NEW: Priced<'_> = Priced { bytes: 100, is_answered: true, judge: None, then: &[] };

    fn settings(more: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n[sources.github]\n{more}");
        Settings::parse(&text, dir.path()).unwrap()
    }

    fn sums(settings: &Settings, events: &[Priced<'_>]) -> (f64, f64) {
        Costs::of(settings, Timestamp::UNIX_EPOCH).sums(events)
    }

    #[test]
    fn more_events_longer_texts_and_longer_thoughts_cost_more() {
        let settings = settings("");
        let about = |events: &[Priced<'_>]| sums(&settings, events).0;
        assert!(about(&[NEW]) > 0.0 && about(&[]) == 0.0);
        assert!(about(&[NEW, NEW]) > about(&[NEW]));
        assert!(about(&[Priced { bytes: 100_000, ..NEW }]) > about(&[NEW]));
        assert!(about(&[Priced { is_answered: false, ..NEW }]) < about(&[NEW]) / 2.0);
        let thinks = self::settings("[models.generation]\nthinking = \"high\"\n");
        assert!(sums(&thinks, &[NEW]).0 > about(&[NEW]) * 5.0);
    }

    #[test]
    fn a_judge_is_paid_for_as_well_by_its_own_price() {
        let settings = settings("");
        let about = |judge| sums(&settings, &[Priced { judge, ..NEW }]).0;
        let (none, cheap, dear) =
            (about(None), about(Some("gemini-flash-lite-latest")), about(Some("gemini-pro-latest")));
        assert!(none < cheap && cheap < dear, "{none} {cheap} {dear}");
    }

    #[test]
    fn what_is_set_aside_at_once_is_a_small_part_of_the_bound() {
        let of = |usd: f64| affordable(&settings(&format!("[budget]\nper_day_usd = {usd:?}\n")), CROWD);
        assert_eq!((affordable(&settings(""), CROWD), of(0.01), of(10_000.0)), (CROWD, 1, CROWD));
        let settings = settings("");
        let each = sums(&settings, &[Priced { bytes: 0, ..NEW }]).1;
        for usd in [2.0, 5.0, 9.0] {
            let at_once = of(usd);
            assert!((2..CROWD).contains(&at_once), "{usd}: {at_once}");
            #[expect(clippy::cast_precision_loss, reason = "a few")]
            let set_aside = at_once as f64 * each;
            assert!(set_aside < usd * 0.3, "{usd}: {set_aside}");
        }
    }

    #[test]
    fn answers_in_flex_are_likely_to_cost_half_and_may_be_served_as_standard_as_triage_is() {
        let of = |tier| sums(&in_tier(settings(""), tier), &[NEW]);
        let (usual, flex) = (of(None), of(Some(ServiceTier::Flex)));
        let triage = sums(&settings(""), &[Priced { is_answered: false, ..NEW }]).0;
        assert!((flex.0 - (usual.0 + triage) / 2.0).abs() < 1e-9 && triage > 0.0, "{flex:?} {usual:?}");
        assert!((flex.1 - usual.1).abs() < 1e-9, "{flex:?} {usual:?}");
    }

    #[test]
    fn what_was_run_before_is_priced_by_its_own_tokens() {
        let then = |output_tokens| StepUsage {
            step: "answer".to_owned(),
            model: "m".to_owned(),
            prompt_tokens: 1_000_000,
            cached_tokens: 0,
            output_tokens,
            thought_tokens: 0,
            cost_usd: None,
            saved_usd: None,
            attempts: 1,
            ms: 1,
        };
        let settings = settings("[models]\nanswer = \"gemini-3.5-flash\"\n");
        let of = |output| sums(&settings, &[Priced { then: &[then(output)], ..NEW }]).0;
        assert!((of(0) - 1.5).abs() < 1e-9 && (of(1_000_000) - 10.5).abs() < 1e-9);
    }

    #[test]
    fn long_documents_of_many_answers_are_read_from_a_cache() {
        let mut settings = settings("");
        settings.agent.persona = "You are careful. ".repeat(10_000);
        let each = |events: usize| sums(&settings, &vec![NEW; events]).0 / events as f64;
        assert!(each(500) < each(10) / 4.0, "{} {}", each(500), each(10));
        assert!((each(10) - each(1)).abs() < 1e-9, "before there is one");
    }

    #[test]
    fn the_bound_of_the_command_line_is_the_most() {
        let mut settings = settings("");
        assert!(estimate(&settings, &[NEW]).ends_with("if no call is made twice"));
        settings.budget.per_day_usd = Some(5.0);
        assert!(estimate(&settings, &[NEW]).ends_with("at most $5.00 by --max-usd"));
    }
}
