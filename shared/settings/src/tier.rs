//! Presets of the limits by usage tier, for models whose limits agent.toml does not set.

/// The tiers, by the names that agent.toml has for them.
pub(crate) const TIERS: [(&str, &str); 4] =
    [("free", "free"), ("tier1", "tier1"), ("tier2", "tier2"), ("tier3", "tier3")];

/// Whether the presets of the tier hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tiers {
    /// Calls go to Google, or to a gateway before it.
    Apply,
    /// Calls go to a server on this machine, which has limits of its own if it has any.
    Ignore,
}

/// What a tier allows for a model. `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Preset {
    pub(crate) rpm: Option<u64>,
    pub(crate) tpm: Option<u64>,
    pub(crate) rpd: Option<u64>,
}

/// The limits that Google publishes by family and tier. AI Studio shows the limits of a project; where they differ,
/// they belong into `[models.limits]`.
pub(crate) fn preset(tier: &str, model: &str) -> Preset {
    let family = ["flash-lite", "flash", "pro"].into_iter().find(|family| model.contains(family));
    let per = |rpm, tpm, rpd| Preset { rpm: Some(rpm), tpm: Some(tpm), rpd };
    match (tier, family.unwrap_or("pro")) {
        ("free", "flash-lite") => per(15, 250_000, Some(1_000)),
        ("free", "flash") => per(10, 250_000, Some(250)),
        ("free", _) => per(5, 250_000, Some(100)),
        ("tier1", "flash-lite") => per(4_000, 4_000_000, None),
        ("tier1", "flash") => per(1_000, 1_000_000, Some(10_000)),
        ("tier1", _) => per(150, 2_000_000, Some(10_000)),
        ("tier2", "flash-lite") => per(10_000, 10_000_000, None),
        ("tier2", "flash") => per(2_000, 3_000_000, Some(100_000)),
        ("tier2", _) => per(1_000, 5_000_000, Some(50_000)),
        (_, "flash-lite") => per(30_000, 30_000_000, None),
        (_, "flash") => per(10_000, 8_000_000, None),
        _ => per(2_000, 8_000_000, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tier_allows_more_than_the_one_below() {
        for model in ["gemini-pro-latest", "gemini-flash-latest", "gemini-flash-lite-latest"] {
            let rates: Vec<_> = TIERS.iter().map(|(tier, _)| preset(tier, model)).collect();
            assert!(
                rates.windows(2).all(|pair| pair[0].rpm < pair[1].rpm && pair[0].tpm < pair[1].tpm),
                "{model}"
            );
        }
    }

    #[test]
    fn a_model_of_no_known_family_has_the_tightest() {
        assert_eq!(preset("tier1", "somebodys-model"), preset("tier1", "gemini-pro-latest"));
    }
}
