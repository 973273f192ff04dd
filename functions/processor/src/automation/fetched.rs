//! Images and files of an event, fetched by us and sent along: the model's service gets no address from us. It would
//! fetch only now and then, knows no private repository, and refuses the whole call for one file.
//!
//! The model is shown the files that can be had, and told the names of the others.

use std::time::Duration;

use domain::{Media, clip};
use outbound::{FetchError, Fetched, Fetcher, Url};
use tokio::time::Instant;
use tracing::info;

use super::media::{File, Listed, known_type};

/// For all files of a task together.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of all files of a task: what one call to the model takes along, and what a batch of tasks has in memory.
const MAX_TOTAL: usize = 12_000_000;
/// Longest name of a file that is told.
const MAX_NAME: usize = 100;

/// What the model is shown of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What it sees.
    pub(crate) media: Vec<Media>,
    /// Names of files that it does not see. Untrusted.
    pub(crate) unseen: Vec<String>,
}

/// The `listed` files, as far as `fetcher` gets them from addresses that `allows` accepts. Our credentials are used
/// for those alone that `is_own` says are of the place itself.
pub(crate) async fn fetched(
    listed: Listed,
    fetcher: &Fetcher,
    allows: &(dyn Fn(&Url) -> bool + Sync),
    is_own: &(dyn Fn(&Url) -> bool + Sync),
) -> Shown {
    let (deadline, mut left) = (Instant::now() + TIMEOUT, MAX_TOTAL);
    let mut seen = Shown { media: Vec::new(), unseen: listed.unseen };
    // One after the other: no more is in memory than may be sent.
    for File { mime_type, url } in listed.files {
        let (name, is_own) = (name_of(&url), is_own(&url));
        let file = fetcher.fetch((url, is_own), allows, left, deadline).await;
        match file.and_then(|file| media_of(mime_type, file)) {
            Ok(media) => {
                left -= media.data.len();
                seen.media.push(media);
            }
            Err(problem) => {
                info!(name, %problem, "a file that the event shows could not be fetched");
                seen.unseen.push(name);
            }
        }
    }
    seen
}

/// The file with its type: what its server says, if that is a kind of what was expected; a page is no image.
fn media_of(expected: &str, Fetched { mime_type, data }: Fetched) -> Result<Media, FetchError> {
    let class = |kind: &str| kind.split('/').next().unwrap_or_default().to_owned();
    let kind = match mime_type.as_deref() {
        None | Some("application/octet-stream" | "binary/octet-stream") => expected,
        Some(told) => known_type(told)
            .filter(|told| class(told) == class(expected))
            .ok_or_else(|| FetchError::Broken("it is of another kind than its address says".to_owned()))?,
    };
    if data.is_empty() {
        return Err(FetchError::Broken("it is empty".to_owned()));
    }
    Ok(Media { mime_type: kind.to_owned(), data })
}

/// The last part of the path. Untrusted.
fn name_of(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    clip(if last.is_empty() { "file" } else { last }, MAX_NAME).to_owned()
}

#[cfg(test)]
mod tests {
    use outbound::Reach;
    use outbound::scripted::{Asked, Reply, Server};

    use super::*;

    fn image(server: &Server, name: &str) -> File {
        File { mime_type: "image/png", url: Url::parse(&format!("{}/{name}", server.base)).unwrap() }
    }

    #[tokio::test]
    async fn files_are_sent_along_and_only_what_cannot_be_had_is_missing() {
        let server = Server::start(|asked: &Asked| match asked.line().as_str() {
            "GET /photo" => Reply::json(200, serde_json::json!(1)).header("content-type", "image/jpeg; q=1"),
            "GET /plain.png" => {
                Reply::json(200, serde_json::json!(2)).header("content-type", "application/octet-stream")
            }
            "GET /page.png" => Reply::json(200, serde_json::json!(3)).header("content-type", "text/html"),
            _ => Reply::json(404, serde_json::json!({})),
        })
        .await;
        let files = ["photo", "plain.png", "page.png", "gone.png"].map(|name| image(&server, name)).to_vec();
        let listed = Listed { files, unseen: vec!["b.zip".to_owned()] };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(listed, &fetcher, &|_| true, &|_| false).await;
        let media = |kind: &str, data: &str| Media { mime_type: kind.to_owned(), data: data.into() };
        assert_eq!(seen.media, [media("image/jpeg", "1"), media("image/png", "2")]);
        assert_eq!(seen.unseen, ["b.zip", "page.png", "gone.png"]);
    }

    #[tokio::test]
    async fn files_from_where_nothing_may_be_fetched_are_not_asked_for() {
        let server = Server::start(|_: &Asked| Reply::json(200, serde_json::json!(1))).await;
        let listed = Listed { files: vec![image(&server, "a.png")], unseen: Vec::new() };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(listed, &fetcher, &|_| false, &|_| true).await;
        assert_eq!((seen.media.len(), seen.unseen), (0, vec!["a.png".to_owned()]));
        assert!(server.asked().is_empty());
    }
}
