//! Where the token goes, what errors tell, and which threads are ours.

use domain::Clock;
use pagerduty::{Config, Pagerduty};

use crate::support::TOKEN;

#[test]
fn a_token_that_cannot_be_one_names_its_variable() {
    for token in ["", "hunter 2"] {
        let error =
            Pagerduty::new("a@b.example", &token.into(), &Config::at("https://x.example"), Clock::system())
                .unwrap_err();
        assert!(
            error.to_string().starts_with("PAGERDUTY_API_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}

#[test]
fn an_address_that_cannot_stand_in_a_header_is_refused() {
    let config = Config::at("https://x.example");
    let error = Pagerduty::new("a\nb", &TOKEN.into(), &config, Clock::system()).unwrap_err();
    assert!(error.to_string().starts_with("PAGERDUTY_EMAIL"), "{error}");
}
