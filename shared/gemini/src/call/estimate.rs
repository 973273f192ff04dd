//! How many tokens a prompt has, before the service has counted them.

use domain::{ModelCall, OutputFormat};

/// Bytes of a token: four in English text, fewer in code and in other scripts. Three rather
/// overestimates, and what was reserved too much is given back when the answer says the truth.
const BYTES_PER_TOKEN: u64 = 3;
/// An image costs 258 tokens or a multiple, a minute of audio 1,920, a page of a document 258.
const TOKENS_PER_MEDIUM: u64 = 2_000;

/// About how many tokens the prompt of `call` has.
pub(crate) fn prompt_tokens(call: &ModelCall) -> u64 {
    let documents: usize = call.documents.iter().map(|document| document.text.len()).sum();
    let turns: usize = call.turns.iter().map(|turn| turn.text.len()).sum();
    let schema = match &call.output {
        OutputFormat::Text => 0,
        OutputFormat::Json { schema, .. } => schema.to_string().len(),
    };
    let media = call.turns.iter().map(|turn| turn.media.len() as u64).sum::<u64>();
    let bytes = (call.system.len() + documents + turns + schema) as u64;
    bytes.div_ceil(BYTES_PER_TOKEN) + media * TOKENS_PER_MEDIUM
}
