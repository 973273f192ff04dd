//! What several tasks paid for together, split among them.

use domain::StepUsage;

/// The parts of `tasks` tasks in `usage`. What does not divide goes to the first, so that the parts add
/// up to the whole. Tries and time are not split: each of them had to wait for all of it.
pub(super) fn split(usage: &[StepUsage], tasks: usize) -> Vec<Vec<StepUsage>> {
    (0..tasks).map(|task| usage.iter().map(|whole| part(whole, tasks as u64, task == 0)).collect()).collect()
}

fn part(whole: &StepUsage, tasks: u64, first: bool) -> StepUsage {
    let tokens = |tokens: u64| tokens / tasks + if first { tokens % tasks } else { 0 };
    StepUsage {
        step: whole.step.clone(),
        model: whole.model.clone(),
        prompt_tokens: tokens(whole.prompt_tokens),
        cached_tokens: tokens(whole.cached_tokens),
        output_tokens: tokens(whole.output_tokens),
        thought_tokens: tokens(whole.thought_tokens),
        cost_usd: whole.cost_usd.map(|cost| dollars(cost, tasks as f64, first)),
        saved_usd: whole.saved_usd.map(|saved| dollars(saved, tasks as f64, first)),
        attempts: whole.attempts,
        ms: whole.ms,
    }
}

/// In whole billionths of a dollar; the first one's part is what the others leave.
fn dollars(cost: f64, tasks: f64, first: bool) -> f64 {
    const UNIT: f64 = 1e9;
    let each = (cost / tasks * UNIT).floor() / UNIT;
    if first { cost - each * (tasks - 1.0) } else { each }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usage(tokens: [u64; 4], cost_usd: Option<f64>) -> StepUsage {
        let [prompt_tokens, cached_tokens, output_tokens, thought_tokens] = tokens;
        StepUsage {
            step: "triage".to_owned(),
            model: "m".to_owned(),
            prompt_tokens,
            cached_tokens,
            output_tokens,
            thought_tokens,
            cost_usd,
            saved_usd: cost_usd,
            attempts: 2,
            ms: 450,
        }
    }

    #[test]
    fn remainders_go_to_the_first() {
        let parts = split(&[usage([103, 3, 20, 0], Some(0.001))], 10);
        let prompts: Vec<u64> = parts.iter().map(|part| part[0].prompt_tokens).collect();
        assert_eq!(prompts, [13, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
        assert_eq!(parts[0][0].cached_tokens, 3);
        assert!(parts.iter().all(|part| part[0].attempts == 2 && part[0].ms == 450));
    }

    #[test]
    fn unknown_price_stays_unknown() {
        assert!(split(&[usage([1, 0, 1, 0], None)], 3).iter().all(|part| part[0].cost_usd.is_none()));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(
            tokens in prop::array::uniform4(0_u64..1_000_000), cost in 0.0..10.0_f64, tasks in 1_usize..=10,
        ) {
            let parts = split(&[usage(tokens, Some(cost))], tasks);
            prop_assert_eq!(parts.len(), tasks);
            let sum = |field: fn(&StepUsage) -> u64| parts.iter().map(|part| field(&part[0])).sum::<u64>();
            prop_assert_eq!(sum(|part| part.prompt_tokens), tokens[0]);
            prop_assert_eq!(sum(|part| part.cached_tokens), tokens[1]);
            prop_assert_eq!(sum(|part| part.output_tokens), tokens[2]);
            prop_assert_eq!(sum(|part| part.thought_tokens), tokens[3]);
            for field in [|part: &StepUsage| part.cost_usd, |part: &StepUsage| part.saved_usd] {
                let dollars: f64 = parts.iter().map(|part| field(&part[0]).unwrap()).sum();
                prop_assert!((dollars - cost).abs() < 1e-12);
            }
            prop_assert!(parts.iter().all(|part| part[0].cost_usd.unwrap() >= 0.0));
        }
    }
}
