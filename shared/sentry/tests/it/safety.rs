//! Where the token goes, what errors tell, and which threads are ours.

use domain::Clock;
use sentry::{Config, Sentry};

#[test]
fn a_token_that_cannot_be_one_names_its_variable() {
    for token in ["", "hunter 2"] {
        let error =
            Sentry::new(&token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("SENTRY_AUTH_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}
