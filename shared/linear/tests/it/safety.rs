//! Where the key goes, what errors tell, and which issues are ours.

use domain::{Clock, Publisher};
use linear::{Config, Linear};
use outbound::scripted::Server;

use crate::support::{KEY, viewer};

#[tokio::test]
async fn a_personal_key_is_sent_as_it_is_and_an_oauth_token_as_a_bearer_token() {
    for (key, header) in [(KEY, KEY), ("lin_oauth_1", "Bearer lin_oauth_1")] {
        let server = Server::start(|_| viewer()).await;
        let linear = Linear::new(&key.into(), &Config::at(&server.base), Clock::system()).unwrap();
        linear.login().await.unwrap();
        assert_eq!(server.asked()[0].header("authorization"), header);
    }
}

#[test]
fn a_key_that_cannot_be_one_names_its_variable() {
    for key in ["", "hunter 2"] {
        let error = Linear::new(&key.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("LINEAR_API_KEY") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}
