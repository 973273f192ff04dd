//! [`UsageMetadata`]: what a call is billed for.

use domain::ServiceTier;
use prices::Billed;
use serde::{Deserialize, Serialize};

use super::lenient::{count, or_default, word};

/// Tokens of one modality.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModalityTokens {
    /// Of what: `TEXT`, `AUDIO` and others.
    #[serde(deserialize_with = "word", skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// How many.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub token_count: Option<u64>,
}

/// Token counts. A count that is zero is absent on the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageMetadata {
    /// Tokens of the prompt, cached ones included.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub prompt_token_count: Option<u64>,
    /// Those of the prompt that came from a cache, explicit or implicit.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub cached_content_token_count: Option<u64>,
    /// Tokens of all candidates.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub candidates_token_count: Option<u64>,
    /// Tokens of the model's thoughts.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub thoughts_token_count: Option<u64>,
    /// Tokens of built-in tools' results, fed back as prompt.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub tool_use_prompt_token_count: Option<u64>,
    /// The prompt by modality, if that is told.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub prompt_tokens_details: Vec<ModalityTokens>,
    /// What of it came from a cache, by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub cache_tokens_details: Vec<ModalityTokens>,
    /// The tier in which it was served: `flex`, `standard`, `priority`.
    #[serde(deserialize_with = "word", skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The same as Vertex AI says it: `ON_DEMAND`, `ON_DEMAND_FLEX`, `ON_DEMAND_PRIORITY`.
    #[serde(deserialize_with = "word", skip_serializing_if = "Option::is_none")]
    pub traffic_type: Option<String>,
}

impl UsageMetadata {
    /// Everything that is billed as input: the prompt, cached tokens included, and tool results.
    #[must_use]
    pub fn input(&self) -> u64 {
        let prompt = self.prompt_token_count.unwrap_or_default();
        prompt.saturating_add(self.tool_use_prompt_token_count.unwrap_or_default())
    }

    /// The share of the prompt's beginning, which is `part` of it, that came from a cache: 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a prompt has far fewer than 2^52 tokens")]
    pub(crate) fn cached_of(&self, part: f64) -> f64 {
        let cached = self.cached_content_token_count.unwrap_or_default() as f64;
        (cached / (self.prompt_token_count.unwrap_or_default() as f64 * part).max(1.0)).min(1.0)
    }

    /// What is billed of a call that asked to be served in `asked`. `None` if the prompt was not counted, or
    /// the tier has no price that is known here. Where the tier is not told, the dearer one is believed.
    #[must_use]
    pub fn billed(&self, asked: ServiceTier) -> Option<Billed> {
        let traffic = || match self.traffic_type.as_deref()? {
            "ON_DEMAND" | "PROVISIONED_THROUGHPUT" => Some(ServiceTier::Standard.as_str()),
            other => other.strip_prefix("ON_DEMAND_"),
        };
        let told = self.service_tier.as_deref().or_else(traffic);
        let tier = match told.map(str::to_ascii_lowercase).as_deref() {
            None => asked.max(ServiceTier::Standard),
            Some(told) => *[ServiceTier::Flex, ServiceTier::Standard, ServiceTier::Priority]
                .iter()
                .find(|tier| tier.as_str() == told)?,
        };
        let answer = self.candidates_token_count.unwrap_or_default();
        Some(Billed {
            prompt: self.prompt_token_count?,
            tool_results: self.tool_use_prompt_token_count.unwrap_or_default(),
            cached: self.cached_content_token_count.unwrap_or_default(),
            audio: sound(&self.prompt_tokens_details),
            cached_audio: sound(&self.cache_tokens_details),
            output: answer.saturating_add(self.thoughts_token_count.unwrap_or_default()),
            tier,
        })
    }
}

fn sound(details: &[ModalityTokens]) -> u64 {
    let sound = details.iter().filter(|one| one.modality.as_deref() == Some("AUDIO"));
    sound.filter_map(|one| one.token_count).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn billed(usage: serde_json::Value, asked: ServiceTier) -> Option<Billed> {
        serde_json::from_value::<UsageMetadata>(usage).unwrap().billed(asked)
    }

    /// The developer API says the tier, Vertex AI which traffic it was.
    #[test]
    fn the_tier_that_served_is_billed_and_where_it_is_not_told_the_dearer_one() {
        use ServiceTier::{Flex, Priority, Standard};
        for (key, told, asked, tier) in [
            ("serviceTier", "flex", Flex, Some(Flex)),
            ("serviceTier", "STANDARD", Flex, Some(Standard)),
            ("serviceTier", "standard", Priority, Some(Standard)),
            ("untold", "", Flex, Some(Standard)),
            ("untold", "", Priority, Some(Priority)),
            ("serviceTier", "gold", Standard, None),
            ("trafficType", "ON_DEMAND", Priority, Some(Standard)),
            ("trafficType", "ON_DEMAND_PRIORITY", Priority, Some(Priority)),
            ("trafficType", "ON_DEMAND_FLEX", Flex, Some(Flex)),
            ("trafficType", "PROVISIONED_THROUGHPUT", Standard, Some(Standard)),
            ("trafficType", "TRAFFIC_TYPE_UNSPECIFIED", Priority, Some(Priority)),
        ] {
            let usage = json!({"promptTokenCount": 1, key: told});
            assert_eq!(billed(usage, asked).map(|billed| billed.tier), tier, "{told}");
        }
        assert_eq!(billed(json!({}), Standard), None, "nothing was counted");
    }

    #[test]
    fn sound_is_told_from_text() {
        let details =
            json!([{"modality": "TEXT", "tokenCount": 5}, {"modality": "AUDIO", "tokenCount": "20"}]);
        let usage = json!({"promptTokenCount": 25, "cachedContentTokenCount": 4, "promptTokensDetails": details,
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}, {"modality": "SMELL"}]});
        let billed = billed(usage, ServiceTier::Standard).unwrap();
        assert_eq!((billed.prompt, billed.cached, billed.audio, billed.cached_audio), (25, 4, 20, 3));
    }
}
