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
/// Bytes of all text files of a task together: a log of a gigabyte is told by its beginning, and each byte may be a token.
const MAX_TEXT: usize = 512 * 1024;
/// What a login page is, among others.
const PAGE: &str = "text/html";
/// Longest name of a file that is told.
const MAX_NAME: usize = 100;

/// What the model is shown of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What it sees.
    pub(crate) media: Vec<Media>,
    /// Names of text files of which it sees the beginning. Untrusted.
    pub(crate) cut: Vec<String>,
    /// Names of files that it does not see. Untrusted.
    pub(crate) unseen: Vec<String>,
    /// Whether one that it sees is of the event itself.
    pub(crate) has_own: bool,
    /// Whether one of the event that it does not see may come at another time.
    pub(crate) may_come: bool,
}

/// The `listed` files, as far as `fetcher` gets them from addresses that `allows` accepts. Our credentials are used
/// for those alone that have a place, which is the one that the event is about.
pub(crate) async fn fetched<'p>(
    listed: Listed,
    fetcher: &Fetcher,
    allows: &(dyn Fn(&Url) -> bool + Sync),
    place: &(dyn Fn(&Url) -> Option<&'p str> + Sync),
) -> Shown {
    let (deadline, mut left) = (Instant::now() + TIMEOUT, MAX_TOTAL);
    let mut left_of_text = MAX_TEXT;
    let mut seen = Shown { unseen: listed.unseen, ..Shown::default() };
    // One after the other: no more is in memory than may be sent.
    for (number, File { mime_type, url }) in listed.files.into_iter().enumerate() {
        let (name, place) = (name_of(&url), place(&url));
        let file = fetcher.fetch((url, place), allows, left, deadline).await;
        match file.and_then(|file| media_of(mime_type, file)).and_then(|media| cut(media, left_of_text)) {
            Ok((media, is_cut)) => {
                left -= media.data.len();
                if is_text(&media) {
                    left_of_text -= media.data.len();
                }
                seen.media.push(media);
                seen.has_own |= number < listed.own;
                seen.cut.extend(is_cut.then_some(name));
            }
            Err(problem) => {
                info!(name, %problem, "a file that the event shows could not be fetched");
                seen.unseen.push(name);
                seen.may_come |= number < listed.own && problem.is_passing();
            }
        }
    }
    seen
}

/// The file with its type: what its server says, if that is a kind of what was expected; a page is no image, and no text:
/// Slack answers so whoever may not read files. Servers have many words for sound, films and text (`audio/vnd.wave`): those
/// that are not known mean what was expected. An image of an unknown type is of another format, such as GIF or SVG.
fn media_of(expected: &str, Fetched { mime_type, data }: Fetched) -> Result<Media, FetchError> {
    let class = |kind: &str| kind.split('/').next().unwrap_or_default().to_owned();
    let is_alike = |told: &str| class(told) == class(expected);
    let kind = match mime_type.as_deref() {
        None | Some("application/octet-stream" | "binary/octet-stream") => Some(expected),
        Some(told) => match known_type(told) {
            Some(known) => (is_alike(known) && (known != PAGE || expected == PAGE)).then_some(known),
            None => {
                (is_alike(told) && matches!(&*class(told), "audio" | "video" | "text")).then_some(expected)
            }
        },
    };
    let kind = kind.ok_or(FetchError::Unfit("it is of another kind than its address says"))?;
    if data.is_empty() {
        return Err(FetchError::Unfit("it is empty"));
    }
    Ok(Media { mime_type: kind.to_owned(), data })
}

fn is_text(media: &Media) -> bool {
    media.mime_type.starts_with("text/")
}

/// What of `media` is sent along, and whether that is its beginning alone: of a text no more than `most` bytes, up to the
/// end of a line.
fn cut(mut media: Media, most: usize) -> Result<(Media, bool), FetchError> {
    if !is_text(&media) || media.data.len() <= most {
        return Ok((media, false));
    }
    let whole_lines = media.data[..most].iter().rposition(|byte| *byte == b'\n').map(|end| end + 1);
    // A line without end is cut between two characters.
    let is_within = |at: &usize| media.data[*at] & 0xc0 == 0x80;
    let end = whole_lines.unwrap_or_else(|| (0..=most).rev().find(|at| !is_within(at)).unwrap_or_default());
    if end == 0 {
        return Err(FetchError::Unfit("the text files before it are as much as may be shown"));
    }
    media.data.truncate(end);
    Ok((media, true))
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
            "GET /page.png" | "GET /page.log" => {
                Reply::json(200, serde_json::json!(3)).header("content-type", "text/html")
            }
            _ => Reply::json(404, serde_json::json!({})),
        })
        .await;
        let mut files =
            ["photo", "plain.png", "page.png", "gone.png"].map(|name| image(&server, name)).to_vec();
        files.push(File { mime_type: "text/plain", ..image(&server, "page.log") });
        let listed = Listed { files, own: 0, unseen: vec!["b.zip".to_owned()] };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(listed, &fetcher, &|_| true, &|_| None).await;
        let media = |kind: &str, data: &str| Media { mime_type: kind.to_owned(), data: data.into() };
        assert_eq!(seen.media, [media("image/jpeg", "1"), media("image/png", "2")]);
        assert!(!seen.has_own, "all are of the opening");
        assert_eq!(seen.unseen, ["b.zip", "page.png", "gone.png", "page.log"]);
    }

    #[test]
    fn a_type_that_is_spelt_otherwise_is_known_and_another_format_is_not_taken_for_it() {
        for (expected, told, kind) in [
            ("audio/mp4", "audio/x-m4a", Some("audio/mp4")),
            ("audio/wav", "audio/x-wav", Some("audio/wav")),
            ("audio/wav", "audio/vnd.wave", Some("audio/wav")),
            ("audio/mpeg", "AUDIO/MP3", Some("audio/mpeg")),
            ("audio/ogg", "application/ogg", Some("audio/ogg")),
            ("image/png", "image/jpg", Some("image/jpeg")),
            ("video/avi", "video/x-msvideo", Some("video/avi")),
            ("text/plain", "text/x-log", Some("text/plain")),
            ("text/csv", "text/comma-separated-values", Some("text/csv")),
            ("text/xml", "application/xml", Some("text/xml")),
            ("application/pdf", "application/x-pdf", Some("application/pdf")),
            ("text/html", "text/html", Some("text/html")),
            // Pages, drawings and other formats are what they say, and errors of a service are no files.
            ("text/plain", "text/html", None),
            ("text/plain", "text/x-html", None),
            ("image/png", "image/svg+xml", None),
            ("image/png", "image/gif", None),
            ("image/png", "video/mp4", None),
            ("image/png", "image/mp4", None),
            ("application/pdf", "application/json", None),
            ("text/plain", "application/json", None),
            ("audio/wav", "wav", None),
        ] {
            let file = Fetched { mime_type: Some(told.to_owned()), data: vec![1] };
            let found = media_of(expected, file).ok().map(|media| media.mime_type);
            assert_eq!(found.as_deref(), kind, "{told} for {expected}");
        }
    }

    #[test]
    fn a_large_text_is_cut_at_the_end_of_a_line_or_between_two_characters_and_nothing_else_is_cut() {
        let cut = |kind: &str, data: &str, most| {
            let (media, is_cut) = cut(Media { mime_type: kind.to_owned(), data: data.into() }, most).ok()?;
            Some((String::from_utf8(media.data).unwrap(), is_cut))
        };
        let told = |text: &str, is_cut| Some((text.to_owned(), is_cut));
        assert_eq!(cut("text/plain", "one\ntwo\nthree", 11), told("one\ntwo\n", true));
        assert_eq!(cut("text/csv", "aä", 2), told("a", true));
        assert_eq!(cut("text/plain", "one", 3), told("one", false));
        assert_eq!(cut("text/plain", "one", 0), None);
        assert_eq!(cut("image/png", "one\ntwo", 4), told("one\ntwo", false));
    }

    #[tokio::test]
    async fn text_files_together_are_bounded_and_the_one_that_was_cut_is_named() {
        let line = "it broke again\n".repeat(MAX_TEXT / 20);
        let server = Server::start(move |_: &Asked| {
            Reply::json(200, serde_json::json!(line)).header("content-type", "text/plain")
        })
        .await;
        let file = |name: &str| File { mime_type: "text/plain", ..image(&server, name) };
        let listed =
            Listed { files: ["a.log", "b.log", "c.log"].map(file).to_vec(), own: 3, unseen: Vec::new() };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(listed, &fetcher, &|_| true, &|_| None).await;
        let bytes: usize = seen.media.iter().map(|media| media.data.len()).sum();
        assert!((MAX_TEXT * 9 / 10..=MAX_TEXT).contains(&bytes), "{bytes}");
        assert_eq!(
            (seen.media.len(), seen.has_own, seen.cut, seen.unseen),
            (2, true, vec!["b.log".to_owned()], vec!["c.log".to_owned()])
        );
    }

    #[tokio::test]
    async fn files_from_where_nothing_may_be_fetched_are_not_asked_for() {
        let server = Server::start(|_: &Asked| Reply::json(200, serde_json::json!(1))).await;
        let listed = Listed { files: vec![image(&server, "a.png")], own: 1, unseen: Vec::new() };
        let fetcher = Fetcher::new(&Reach::public().with_this_machine());
        let seen = fetched(listed, &fetcher, &|_| false, &|_| Some("o/r")).await;
        assert_eq!((seen.media.len(), seen.has_own, seen.unseen), (0, false, vec!["a.png".to_owned()]));
        assert!(server.asked().is_empty());
    }
}
