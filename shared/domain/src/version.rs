//! [`AgentVersion`]: which agent worked on a task, by a digest of everything that decides how it answers.

use serde::{Deserialize, Serialize};

use crate::short_sha256;

/// Characters of a part's digest.
const PART_CHARS: usize = 8;
/// Characters of the version's own digest.
const ID_CHARS: usize = 12;

/// What an agent is made of: digests of its parts, and their common digest as its id.
///
/// Two agents with one id have the same persona, documents, prompts, models, rules and code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentVersion {
    /// `ver_` and twelve hexadecimal characters.
    pub id: String,
    /// Digest of the system instruction.
    pub persona: String,
    /// Digest of the reference material, names included.
    pub documents: String,
    /// Digest of the intents, their prompts and answers of last resort.
    pub prompts: String,
    /// Digest of the models and of what is sent along with their calls.
    pub models: String,
    /// Digest of the rules: what an answer may have in it, who approves it, and what automations may do.
    pub rules: String,
    /// The model of triage.
    pub triage_model: String,
    /// The model of answers.
    pub answer_model: String,
    /// The version of the code.
    pub code: String,
}

impl AgentVersion {
    /// The version whose parts have these digests; the id is made of them.
    #[must_use]
    pub fn identified(self) -> Self {
        let parts = [
            &self.persona,
            &self.documents,
            &self.prompts,
            &self.models,
            &self.rules,
            &self.triage_model,
            &self.answer_model,
            &self.code,
        ];
        let id = format!("ver_{}", head(&digest_of(parts), ID_CHARS));
        Self { id, ..self }
    }
}

/// A short digest of `texts`, in their order. Where one ends and the next begins counts.
#[must_use]
pub fn part_digest<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    head(&digest_of(texts), PART_CHARS).to_owned()
}

fn digest_of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let mut all = String::new();
    for text in texts {
        let text = text.as_ref();
        all.push_str(&format!("{}:{text}\n", text.len()));
    }
    short_sha256(&all)
}

fn head(digest: &str, chars: usize) -> &str {
    digest.get(..chars).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(persona: &str, code: &str) -> AgentVersion {
        AgentVersion { persona: persona.to_owned(), code: code.to_owned(), ..AgentVersion::default() }
            .identified()
    }

    #[test]
    fn the_same_parts_are_the_same_version_and_any_other_part_is_another() {
        assert_eq!(version("a", "1"), version("a", "1"));
        assert_ne!(version("a", "1").id, version("b", "1").id);
        assert_ne!(version("a", "1").id, version("a", "2").id);
        assert_eq!(version("a", "1").id.len(), "ver_".len() + ID_CHARS);
    }

    #[test]
    fn where_a_text_ends_counts() {
        assert_ne!(part_digest(["ab", "c"]), part_digest(["a", "bc"]));
        assert_eq!(part_digest(["ab"]).len(), PART_CHARS);
    }
}
