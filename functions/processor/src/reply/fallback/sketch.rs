//! [`Sketch`]: what a text is about, small enough to keep, so that two texts can be compared without
//! any service.
//!
//! The features are single words and pairs of neighbours, hashed. Long texts keep the features with the
//! smallest hashes: the same ones in every text that has them, so that two sketches are compared by the
//! part that both would have kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Features that a sketch keeps.
const FEATURES: usize = 192;

/// The features of a text, by their hash, with how often they occur.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(super) struct Sketch {
    features: BTreeMap<u32, u32>,
    /// Whether features were left out.
    cut: bool,
}

/// Pairs of hash and count, in hexadecimal: a quarter of the room of a JSON map.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    features: String,
    #[serde(default)]
    cut: bool,
}

impl Sketch {
    /// The sketch of `text`. Upper and lower case, punctuation and white space make no difference.
    #[must_use]
    pub(super) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let pairs = words().zip(words().skip(1)).map(|(one, two)| hash(&[one, two]));
        let mut features = BTreeMap::new();
        for feature in words().map(|word| hash(&[word])).chain(pairs) {
            *features.entry(feature).or_insert(0_u32) += 1;
        }
        let cut = features.len() > FEATURES;
        while features.len() > FEATURES {
            features.pop_last();
        }
        Self { features, cut }
    }

    /// How alike two texts are: the cosine of the angle between their features, 0 (nothing in common,
    /// or nothing to compare) to 1 (the same words in the same order).
    #[must_use]
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let end = self.end().min(other.end());
        let norm = |sketch: &Self| {
            let squares = sketch.features.range(..=end).map(|(_, count)| weight(*count).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let norms = norm(self) * norm(other);
        let mine = self.features.range(..=end);
        let common: f64 = mine
            .filter_map(|(feature, count)| Some(weight(*count) * weight(*other.features.get(feature)?)))
            .sum();
        if norms > 0.0 { (common / norms).min(1.0) } else { 0.0 }
    }

    /// The last hash up to which no feature is missing.
    fn end(&self) -> u32 {
        let last = self.features.last_key_value().map(|(feature, _)| *feature);
        last.filter(|_| self.cut).unwrap_or(u32::MAX)
    }
}

/// What a feature counts for: twice as often is not twice as telling, or "the" would decide.
fn weight(count: u32) -> f64 {
    1.0 + f64::from(count.max(1)).ln()
}

/// FNV-1a over the words, each ended by a byte that none contains; folded, so that all bits count.
/// Not secret: whoever makes two questions collide gets a draft that a person looks at.
fn hash(words: &[&str]) -> u32 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0xff]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

impl From<Sketch> for Stored {
    fn from(sketch: Sketch) -> Self {
        let pair = |(feature, count): (u32, u32)| format!("{feature:08x}{:02x}", count.min(255));
        Self { features: sketch.features.into_iter().map(pair).collect(), cut: sketch.cut }
    }
}

/// Total: what cannot be read is left out, and the text is a little less alike to others.
impl From<Stored> for Sketch {
    fn from(stored: Stored) -> Self {
        let pair = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).ok()?;
            let (feature, count) = text.split_at_checked(8)?;
            Some((u32::from_str_radix(feature, 16).ok()?, u32::from_str_radix(count, 16).ok()?))
        };
        let features = stored.features.as_bytes().chunks(10).filter_map(pair).collect();
        Self { features, cut: stored.cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alike(one: &str, two: &str) -> f64 {
        Sketch::of(one).similarity(&Sketch::of(two))
    }

    #[test]
    fn same_words_are_the_same_whatever_their_case_and_marks() {
        let same = alike("It crashes on start!", "it CRASHES, on start");
        assert!((same - 1.0).abs() < 1e-9, "{same}");
    }

    #[test]
    fn small_changes_stay_above_the_threshold_and_other_questions_far_below() {
        let one = "The command exits with an error when the configuration file is missing. I expected it to \
                   fall back to the defaults that the documentation names, and to say so in the log.";
        let typo = one.replace("missing", "absent");
        assert!(alike(one, &typo) > 0.9, "{}", alike(one, &typo));
        let other = "How do I change the retry limit of the client when the server is slow to answer?";
        assert!(alike(one, other) < 0.3, "{}", alike(one, other));
    }

    #[test]
    fn order_counts() {
        let turned = alike(
            "first stop the old server then start the new one",
            "first start the new server then stop the old one",
        );
        assert!(turned < 0.9, "{turned}");
    }

    #[test]
    fn nothing_is_like_nothing() {
        assert!(alike("", "") < f64::EPSILON);
        assert!(alike("!!!", "words") < f64::EPSILON);
    }

    #[test]
    fn long_texts_are_bounded_and_still_told_apart() {
        let words = |from: u32| (from..from + 2_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        let sketch = Sketch::of(&words(0));
        assert!(serde_json::to_string(&sketch).unwrap().len() < 2_000);
        assert!((alike(&words(0), &words(0)) - 1.0).abs() < 1e-9);
        let half = alike(&words(0), &words(1_000));
        assert!((0.3..0.7).contains(&half), "{half}");
        assert!(alike(&words(0), "w1 w2 w3") < 0.3);
    }

    #[test]
    fn odd_stored_sketches_are_read() {
        for text in ["{}", r#"{"features":"zz"}"#, r#"{"features":"ääääää0000000001","cut":true}"#] {
            let sketch: Sketch = serde_json::from_str(text).unwrap();
            assert!(sketch.similarity(&Sketch::of("words")) < f64::EPSILON);
        }
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_bounded_and_survives_storage(one in ".{0,400}", two in ".{0,400}") {
            let (one, two) = (Sketch::of(&one), Sketch::of(&two));
            let similarity = one.similarity(&two);
            prop_assert!((0.0..=1.0).contains(&similarity));
            prop_assert!((similarity - two.similarity(&one)).abs() < 1e-12);
            let stored: Sketch = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
            prop_assert_eq!(stored, one);
        }
    }
}
