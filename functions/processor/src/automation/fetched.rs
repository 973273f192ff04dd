//! Images and files of an event, fetched by us and sent along: the model's service fetches by address only now
//! and then, knows no private repository, and refuses the whole call for one file.
//!
//! What cannot be had is named to the model among what it does not see; the rest is shown.

use std::time::Duration;

use domain::{Media, clip};
use outbound::{FetchError, Fetched, Fetcher, Url};
use tokio::time::Instant;
use tracing::info;

use super::media::{Shown, known_type};

/// For all files of a task together.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of all files of a task: what one call to the model takes along, and what a batch of tasks has in memory.
const MAX_TOTAL: usize = 12_000_000;
/// Longest name of a file that is told.
const MAX_NAME: usize = 100;

/// `shown` with its files in place of their addresses, as far as `fetcher` gets them from where `allows` says yes; with
/// our credentials those that `is_own` says are of the place itself.
pub(crate) async fn fetched(
    shown: Shown,
    fetcher: Option<&Fetcher>,
    allows: &(dyn Fn(&Url) -> bool + Sync),
    is_own: &(dyn Fn(&Url) -> bool + Sync),
) -> Shown {
    let Some(fetcher) = fetcher else { return left_to_the_service(shown, is_own) };
    let (deadline, mut left) = (Instant::now() + TIMEOUT, MAX_TOTAL);
    let mut seen = Shown { media: Vec::new(), unseen: shown.unseen };
    // One after the other: no more is in memory than may be sent.
    for media in shown.media {
        let Media::Url { mime_type, url } = &media else {
            seen.media.push(media);
            continue;
        };
        let Ok(url) = Url::parse(url) else { continue };
        let name = name_of(&url);
        let is_own = is_own(&url);
        let file = fetcher.fetch((url, is_own), allows, left, deadline).await;
        match file.and_then(|file| file_of(mime_type, file)) {
            Ok((mime_type, data)) => {
                left -= data.len();
                seen.media.push(Media::Inline { mime_type, data });
            }
            Err(problem) => {
                info!(name, %problem, "a file that the event shows could not be fetched");
                seen.unseen.push(name);
            }
        }
    }
    seen
}

/// What the model's service may fetch by itself: it has none of our credentials, and refuses a whole call for one file.
fn left_to_the_service(shown: Shown, is_own: &(dyn Fn(&Url) -> bool + Sync)) -> Shown {
    let mut left = Shown { media: Vec::new(), unseen: shown.unseen };
    for media in shown.media {
        let own = match &media {
            Media::Url { url, .. } => Url::parse(url).ok().filter(is_own),
            Media::Inline { .. } => None,
        };
        match own {
            Some(url) => left.unseen.push(name_of(&url)),
            None => left.media.push(media),
        }
    }
    left
}

/// The file with its type: what its server says, if that is a kind of what was expected; a page is no image.
fn file_of(expected: &str, Fetched { mime_type, data }: Fetched) -> Result<(String, Vec<u8>), FetchError> {
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
    Ok((kind.to_owned(), data))
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

    fn by_url(server: &Server, name: &str) -> Media {
        Media::Url { mime_type: "image/png".to_owned(), url: format!("{}/{name}", server.base) }
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
        let media = ["photo", "plain.png", "page.png", "gone.png"].map(|name| by_url(&server, name)).to_vec();
        let shown = Shown { media, unseen: vec!["b.zip".to_owned()] };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(shown.clone(), Some(&fetcher), &|_| true, &|_| false).await;
        let inline = |kind: &str, data: &str| Media::Inline { mime_type: kind.to_owned(), data: data.into() };
        assert_eq!(seen.media, [inline("image/jpeg", "1"), inline("image/png", "2")]);
        assert_eq!(seen.unseen, ["b.zip", "page.png", "gone.png"]);
        assert_eq!(
            fetched(shown.clone(), None, &|_| true, &|_| false).await,
            shown,
            "without a fetcher, the service fetches"
        );
        let without = fetched(shown.clone(), None, &|_| true, &|url| url.path() == "/photo").await;
        assert_eq!((without.media.len(), without.unseen), (3, vec!["b.zip".to_owned(), "photo".to_owned()]));
    }

    #[tokio::test]
    async fn files_from_where_nothing_may_be_fetched_are_not_asked_for() {
        let server = Server::start(|_: &Asked| Reply::json(200, serde_json::json!(1))).await;
        let shown = Shown { media: vec![by_url(&server, "a.png")], unseen: Vec::new() };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(shown, Some(&fetcher), &|_| false, &|_| true).await;
        assert_eq!((seen.media.len(), seen.unseen), (0, vec!["a.png".to_owned()]));
        assert!(server.asked().is_empty());
    }
}
