//! The examples that senders publish (or, where they publish none, values computed with another
//! implementation): what they sign is accepted, and we sign the same.

use crate::support::{at, headers, secrets};
use domain::Timestamp;
use webhook::Scheme;

const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

/// The signature holds, and signing the body at `now` gives exactly `sent`.
fn check(scheme: &Scheme, secret: &str, body: &str, now: Timestamp, sent: &[(&str, &str)]) {
    let (secrets, sent) = (secrets(&[secret]), headers(sent));
    let id = scheme.id_header.as_ref().and_then(|name| sent.iter().find(|(known, _)| known == name));
    let id = id.map_or("", |(_, id)| id.as_str());
    assert_eq!(scheme.sign_as(&secrets, id, body.as_bytes(), now), sent_in_order(scheme, &sent));
    let verdict = scheme.verify(&secrets, sent.as_slice(), body.as_bytes(), now);
    assert_eq!(verdict, Ok(()));
}

/// Signature, then time, then id.
fn sent_in_order(scheme: &Scheme, sent: &[(String, String)]) -> Vec<(String, String)> {
    let mut sent = sent.to_vec();
    sent.sort_by_key(|(name, _)| (name != &scheme.header, Some(name) == scheme.id_header.as_ref()));
    sent
}

#[test]
fn github_vector() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let sent = [("x-hub-signature-256", signature)];
    check(&Scheme::github(), "It's a Secret to Everybody", "Hello, World!", at(0), &sent);
}

#[test]
fn jira_vector() {
    let signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
    let sent = [("x-hub-signature", signature)];
    check(&Scheme::jira(), "It's a Secret to Everybody", "Hello World!", at(0), &sent);
}

#[test]
fn slack_vector() {
    let sent = [
        ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ("x-slack-request-timestamp", "1531420618"),
    ];
    check(&Scheme::slack(), "8f742231b10e8888abcd99yyyzzz85a5", SLACK_BODY, at(1_531_420_618), &sent);
}

#[test]
fn standard_webhooks_vector() {
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    for (scheme, family) in [(Scheme::standard_webhooks(), "webhook"), (Scheme::svix(), "svix")] {
        let names = ["signature", "timestamp", "id"].map(|name| format!("{family}-{name}"));
        let sent = [(&*names[0], signature), (&*names[1], "1614265330"), (&*names[2], id)];
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        check(&scheme, secret, r#"{"test": 2432232314}"#, at(1_614_265_330), &sent);
    }
}

#[test]
fn stripe_vector() {
    let sent = [(
        "stripe-signature",
        "t=1591664030,v1=e43496b6aae982c4c2fd6f8e92935f1d90216f1f64d56024e72390acfb988272",
    )];
    check(&Scheme::stripe(), "SuperSecret123", "payload", at(1_591_664_030), &sent);
}

#[test]
fn zendesk_vector() {
    let sent = [
        ("x-zendesk-webhook-signature", "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM="),
        ("x-zendesk-webhook-signature-timestamp", "2021-03-25T05:09:27Z"),
    ];
    let secret = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    let now = "2021-03-25T05:09:27Z".parse().unwrap();
    check(&Scheme::zendesk(), secret, r#"{"event":"ticket.updated","id":123}"#, now, &sent);
}

#[test]
fn shopify_vector() {
    let sent = [("x-shopify-hmac-sha256", "plW8VGqq0nDMIEhDqaNNW99asdUCy7EIqLZVcQwtAZ0=")];
    check(&Scheme::shopify(), "shop-secret", r#"{"id":1}"#, at(0), &sent);
}

#[test]
fn linear_vector() {
    let signature = "a655bc546aaad270cc204843a9a34d5bdf5ab1d502cbb108a8b655710c2d019d";
    // The example's body has no `webhookTimestamp`, which real ones have: signature only.
    let scheme = Scheme { freshness: None, ..Scheme::linear() };
    check(&scheme, "shop-secret", r#"{"id":1}"#, at(0), &[("linear-signature", signature)]);
}

#[test]
fn sentry_and_pagerduty_sign_the_body_in_hex() {
    let hex = "a655bc546aaad270cc204843a9a34d5bdf5ab1d502cbb108a8b655710c2d019d";
    let body = r#"{"id":1}"#;
    check(&Scheme::sentry(), "shop-secret", body, at(0), &[("sentry-hook-signature", hex)]);
    let items = format!("v1={hex}");
    check(&Scheme::pagerduty(), "shop-secret", body, at(0), &[("x-pagerduty-signature", &items)]);
}

#[test]
fn gitlab_sends_the_token_itself() {
    check(&Scheme::gitlab(), "glwt-6f1c", "{}", at(0), &[("x-gitlab-token", "glwt-6f1c")]);
}
