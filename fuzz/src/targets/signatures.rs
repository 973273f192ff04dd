//! Signature headers of every scheme: whatever they say, only what was signed is accepted.
//!
//! An input is the lines of headers, an empty line, and the body.

use domain::Timestamp;
use webhook::{Provider, Secrets};

use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "signatures",
    seeds,
    words: &[
        "t=",
        ",v1=",
        "v0=",
        "sha256=",
        "sha1=",
        "v1,",
        " ",
        "1700000000",
        "1800000000",
        "-1",
        "whsec_",
        "=",
        "==",
        ";",
        ": ",
        "\n",
    ],
    check,
};

const BODY: &str = r#"{"webhookTimestamp": 1800000000000, "id": 7}"#;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn secrets() -> Secrets {
    // Fit for both forms of a key: 32 bytes of base64, and text.
    Secrets(vec!["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".into()])
}

fn signed(provider: Provider) -> Vec<(String, String)> {
    provider.scheme().sign(&secrets(), BODY.as_bytes(), now())
}

fn seeds() -> Vec<Vec<u8>> {
    let lines = |headers: Vec<(String, String)>| {
        headers.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>()
    };
    Provider::ALL
        .iter()
        .map(|provider| format!("{}\n{BODY}", lines(signed(*provider))).into_bytes())
        .collect()
}

fn check(input: &[u8]) {
    let text = super::text(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let headers: Vec<(String, String)> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for provider in Provider::ALL {
        let verdict = provider.scheme().verify(&secrets(), &headers[..], body.as_bytes(), now());
        if verdict.is_ok() {
            accepted(*provider, &headers, body);
        }
    }
}

/// What was accepted is what was signed: the same body, unless it is a token that signs none, and the same mark.
fn accepted(provider: Provider, headers: &[(String, String)], body: &str) {
    let signs_the_body = provider.name() != "gitlab";
    assert!(body == BODY || !signs_the_body, "{}: another body was accepted", provider.name());
    for (name, value) in signed(provider) {
        let sent = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let sent = sent.map(|(_, value)| value.as_str()).unwrap_or_default();
        // The mark is in the last word of each value; senders may sign with several secrets at once.
        let mark = value.rsplit([',', '=', ' ']).find(|word| word.len() > 20).unwrap_or(&value);
        assert!(sent.contains(mark), "{}: {name}: {sent}", provider.name());
    }
}
