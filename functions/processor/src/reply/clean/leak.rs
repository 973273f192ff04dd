//! Whether a draft recites the agent's instructions.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use percent_encoding::percent_decode_str;

/// Letters and digits in a row that the draft shares with the instructions: so many are no coincidence.
const RUN: usize = 120;
/// Shorter runs of one alphabet hold no such recital.
const MIN_CODE: usize = 80;

/// Whether `draft` recites `secret`: as it is, spelt out with signs in between, or in a common encoding.
pub(super) fn recites(draft: &str, secret: &str) -> bool {
    let secret: Vec<char> = letters(secret).chars().collect();
    let holds = |text: &str| {
        let text = letters(text);
        let step = (RUN / 8).max(1);
        secret.windows(RUN).step_by(step).any(|run| text.contains(&run.iter().collect::<String>()))
    };
    secret.len() >= RUN && (holds(draft) || decoded(draft).iter().any(|text| holds(text)))
}

/// What counts: letters and digits, in lower case.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What `draft` may hold in base 64, in hexadecimal digits, backwards or in percent notation.
fn decoded(draft: &str) -> Vec<String> {
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    // Encoders break lines; sentences have other signs between their words.
    let joined: String = draft.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let runs = joined.split(|c: char| !is_code(c)).filter(|run| run.len() >= MIN_CODE);
    let mut found: Vec<String> = runs.flat_map(decode).collect();
    found.push(draft.chars().rev().collect());
    found.push(percent_decode_str(draft).decode_utf8_lossy().into_owned());
    found
}

fn decode(run: &str) -> Vec<String> {
    let whole = &run.as_bytes()[..run.len() - usize::from(run.len() % 4 == 1)];
    let even = &run.as_bytes()[..run.len() - run.len() % 2];
    let codings =
        [BASE64_NOPAD.decode(whole), BASE64URL_NOPAD.decode(whole), HEXLOWER_PERMISSIVE.decode(even)];
    codings.into_iter().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::{BASE64, HEXLOWER};

    fn secret() -> String {
        (0..40).map(|n| format!("Rule {n}: be kind to whoever writes. ")).collect()
    }

    #[test]
    fn a_recital_is_found_in_any_dress() {
        let secret = secret();
        let part = &secret[100..500];
        let spelt: String = part.chars().flat_map(|c| [c, '-']).collect();
        let lines: String = BASE64
            .encode(part.as_bytes())
            .as_bytes()
            .chunks(76)
            .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
            .collect();
        let percent: String = part.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let backwards: String = part.chars().rev().collect();
        for draft in [part.to_uppercase(), spelt, lines, HEXLOWER.encode(part.as_bytes()), percent, backwards]
        {
            assert!(recites(&format!("Here: {draft}"), &secret), "{draft}");
        }
    }

    #[test]
    fn a_few_words_in_common_are_no_recital() {
        assert!(!recites("Rule 1: be kind to whoever writes.", &secret()));
        assert!(!recites("", &secret()));
        assert!(!recites(&secret(), ""));
    }
}
