//! Where the token goes, what errors tell, and which threads are ours.

use domain::{Clock, Publisher, Target};
use gitlab::{Config, Gitlab};
use outbound::Commenter;
use outbound::scripted::Server;

use crate::support::{TOKEN, client, me, target};

fn publisher(client: &Commenter<Gitlab>) -> &dyn Publisher {
    client
}

#[test]
fn a_token_that_cannot_be_one_names_its_variable() {
    for token in ["", "hunter 2"] {
        let error =
            Gitlab::new(&token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("GITLAB_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_address_of_the_api_will_do_as_well_as_that_of_the_site() {
    let server = Server::start(|_| me()).await;
    for behind in ["", "/", "/api/v4", "/api/v4/"] {
        let config = Config::at(format!("{}{behind}", server.base));
        let client = Gitlab::new(&TOKEN.into(), &config, Clock::system()).unwrap();
        publisher(&client).login().await.unwrap();
        let link = publisher(&client).link(&target()).unwrap();
        assert_eq!(link, format!("{}/harbor/tidepool/-/issues/23", server.base));
    }
    assert!(server.lines().iter().all(|line| line == "GET /api/v4/user"));
}

#[tokio::test]
async fn a_link_leads_nowhere_else() {
    let server = Server::start(|_| me()).await;
    for path in [&[][..], &["..", ".."], &["a", "", "b"]] {
        let target = Target::GitlabIssue {
            project: 7,
            path: path.iter().map(ToString::to_string).collect(),
            number: 1,
            internal: false,
            discussion: None,
        };
        assert_eq!(publisher(&client(&server)).link(&target), None, "{path:?}");
    }
    for id in ["", "../notes", "6a9c/x", "6a9c?a=b"] {
        let discussion = Some(id.to_owned());
        let target = Target::GitlabMergeRequest { project: 7, path: Vec::new(), number: 1, discussion };
        let refused = publisher(&client(&server)).history(&target, 5).await.unwrap_err();
        assert!(refused.message.contains("hexadecimal"), "{id}: {refused}");
    }
}
