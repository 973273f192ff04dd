//! Images and files of an event on their way to the answer model.
//!
//! They are fetched by us (`fetched`). The attacks: an address inside somebody's network, one that
//! carries a secret, so many or so large files that the answer costs a fortune, and a page that pretends to
//! be an image. So an address is https, names a host of `[agent] media_hosts` and nothing but the default
//! port, and there are few of them.

use domain::{Attachment, Event, ModelAnswer, ModelCall, ModelError, ModelFailure, Speaker, Turn, clip};
use markdown::visible;
use settings::Hosts;
use url::{Host, Url};

use crate::reply::clean::urls;

/// Attachments that one task may show.
const MAX_MEDIA: usize = 8;
/// Bytes of one attachment, where the sender says how large it is.
const MAX_MEDIUM_BYTES: u64 = 20_000_000;
/// Longest address, bytes.
const MAX_ADDRESS: usize = 2_048;
/// Names of files that the model is told, although it cannot see the files.
const MAX_NAMES: usize = 10;

/// Media types by the end of a file's name, as the models take them.
const TYPES: [(&str, &str); 23] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
    ("avi", "video/avi"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("m4a", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("xml", "text/xml"),
];

/// A file that the model may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// What it seems to be, one of [`TYPES`].
    pub(crate) mime_type: &'static str,
    /// Where it is.
    pub(crate) url: Url,
}

/// The files that come with an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Those that the model may see.
    pub(crate) files: Vec<File>,
    /// So many of them, the first, are of the event itself; the rest is of the opening of its thread.
    pub(crate) own: usize,
    /// Names of those that it does not see. Untrusted.
    pub(crate) unseen: Vec<String>,
}

/// The files of `event`: what its sender lists, then what its text and the opening show.
pub(crate) fn listed(event: &Event, hosts: &Hosts) -> Listed {
    let mut listed = Listed::default();
    for attachment in &event.attachments {
        match attached(attachment, hosts) {
            Some(file) if listed.files.len() < MAX_MEDIA => listed.add(file),
            _ if listed.unseen.len() < MAX_NAMES => {
                listed.unseen.push(clip(&attachment.name, 100).to_owned())
            }
            _ => {}
        }
    }
    within(&visible(&event.text), hosts).for_each(|file| listed.add(file));
    listed.own = listed.files.len();
    let opening = visible(event.opening.as_deref().unwrap_or_default());
    within(&opening, hosts).for_each(|file| listed.add(file));
    listed
}

/// Whether the model may see one of the files that the sender of `event` lists or its text shows.
pub(crate) fn shows_files(event: &Event, hosts: &Hosts) -> bool {
    event.attachments.iter().any(|file| attached(file, hosts).is_some())
        || within(&visible(&event.text), hosts).next().is_some()
}

/// Whether the comment of `event` shows more than it says. What the opening shows is shown with every comment.
pub(crate) fn shows_more(event: &Event, hosts: &Hosts) -> bool {
    !event.attachments.is_empty() || within(&visible(&event.text), hosts).next().is_some()
}

impl Listed {
    fn add(&mut self, file: File) {
        if self.files.len() < MAX_MEDIA && !self.files.contains(&file) {
            self.files.push(file);
        }
    }
}

fn attached(attachment: &Attachment, hosts: &Hosts) -> Option<File> {
    let url = fetchable(attachment.url.as_deref()?, hosts)?;
    let told = attachment.mime_type.as_deref().map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let mime_type = told.and_then(known_type).or_else(|| type_of(&attachment.name))?;
    let fits = attachment.bytes.is_none_or(|bytes| (1..=MAX_MEDIUM_BYTES).contains(&bytes));
    fits.then_some(File { mime_type, url })
}

/// The media that `text` shows or links to.
fn within<'t>(text: &'t str, hosts: &'t Hosts) -> impl Iterator<Item = File> + 't {
    urls(text).filter_map(|(at, address)| {
        let url = fetchable(address, hosts)?;
        let before = &text[..at];
        let is_shown = before.ends_with("](") || before.ends_with("src=\"") || before.ends_with("src='");
        Some(File { mime_type: kind(&url, is_shown)?, url })
    })
}

/// The address, if it leads to an allowed public host.
pub(super) fn fetchable(address: &str, hosts: &Hosts) -> Option<Url> {
    let url = Url::parse(address).ok().filter(|_| address.len() <= MAX_ADDRESS)?;
    let is_public = match url.host()? {
        Host::Domain(name) => hosts.allows(name, url.path()),
        Host::Ipv4(_) | Host::Ipv6(_) => false,
    };
    let is_plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none();
    (is_public && is_plain).then_some(url)
}

/// Whether a file may come from `url`: of an allowed host, or of the store that GitHub keeps what is dropped into comments
/// in, to which it leads. No text names that store, and no credential goes there.
pub(super) fn may_come_from(url: &Url, hosts: &Hosts) -> bool {
    let is_github_store = || {
        let bucket = url.host_str().and_then(|host| host.strip_suffix(".s3.amazonaws.com"));
        bucket.is_some_and(|bucket| bucket.starts_with("github-production-user-asset-"))
            && url.scheme() == "https"
            && url.port().is_none()
            && hosts.allows("github.com", "/user-attachments/assets/")
    };
    fetchable(url.as_str(), hosts).is_some() || is_github_store()
}

/// Whether the file is of the place that `event` is about, so that whoever sees the answer may see the file. The attack:
/// our credentials open more than the people there may read, and a text can name any file. So it is one that the sender
/// lists as posted there; or, in a repository that is closed to the public, one of that very repository, or one under a
/// name that nobody guesses.
pub(super) fn is_own(url: &Url, event: &Event) -> bool {
    if event.attachments.iter().any(|file| file.needs_login && file.url.as_deref() == Some(url.as_str())) {
        return true;
    }
    let segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    event.is_closed_place
        && match segments.as_slice() {
            ["user-attachments", "assets", _] => true,
            [owner, repo, "assets" | "files", ..] => {
                format!("{owner}/{repo}").eq_ignore_ascii_case(&event.tenant)
            }
            _ => false,
        }
}

/// What is behind an address in a text. Text files count only where they were attached: a link to a page or
/// to a source file is a reference, and nothing that was sent along.
fn kind(url: &Url, is_shown: bool) -> Option<&'static str> {
    let segments: Vec<&str> = url.path_segments()?.collect();
    let of_github = url.host_str() == Some("github.com");
    let attached = match segments.as_slice() {
        ["user-attachments", "assets" | "files", ..] | [_, _, "assets" | "files", ..] => of_github,
        _ => false,
    };
    // Everything else there is a page, whatever its name ends in.
    if of_github && !attached {
        return None;
    }
    match type_of(segments.last()?) {
        Some(kind) if attached || !kind.starts_with("text/") => Some(kind),
        Some(_) => None,
        // What is dropped into a comment has no ending. Images it shows; for the rest it links.
        None => (attached && is_shown && segments.contains(&"assets")).then_some("image/png"),
    }
}

/// `kind` as it is listed in [`TYPES`], if it is; also if it is spelt the old way, or by the end of a file's name:
/// `audio/x-wav`, `audio/x-m4a`, `image/jpg`.
pub(super) fn known_type(kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase().replacen("/x-", "/", 1);
    let listed = TYPES.iter().map(|(_, known)| *known).find(|known| *known == kind);
    listed.or_else(|| ending_in(kind.split_once('/')?.1))
}

fn type_of(name: &str) -> Option<&'static str> {
    ending_in(name.rsplit_once('.')?.1)
}

fn ending_in(ending: &str) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

/// Words of a refusal that is about what was attached, or does not say what it is about.
const OF_MEDIA: [&str; 15] = [
    "image",
    "picture",
    "video",
    "audio",
    "mime",
    "pdf",
    "attachment",
    "inline_data",
    "no pages",
    "the file",
    "invalid argument",
    // Of Google's 400 for what is too large, of a gateway's 413, and of our own check before either is asked.
    "payload size",
    "http 413",
    "attach fewer",
    TOO_LONG,
];
/// Words of a refusal of a prompt that is too long.
const TOO_LONG: &str = "token count";

/// The refusal of `call`, and the call without one of its media, if they are what is refused: the model's service refuses
/// a call for a single file that it cannot open. The file that is named goes, or the largest; of a prompt that is too long
/// the largest that is no image, whose tokens are few. An answer without the file is better than none.
pub(crate) fn refused<'a>(
    answer: &'a Result<ModelAnswer, ModelError>,
    call: &ModelCall,
) -> Option<(&'a ModelError, ModelCall)> {
    let error = answer.as_ref().err().filter(|error| error.failure == ModelFailure::Refused)?;
    let said = error.message.to_lowercase();
    if !OF_MEDIA.iter().any(|word| said.contains(word)) {
        return None;
    }
    let places = call.turns.iter().enumerate().flat_map(|(turn, said)| {
        said.media.iter().enumerate().map(move |(number, medium)| (turn, number, medium))
    });
    let (turn, number, _) = places.max_by_key(|(turn, number, medium)| {
        let place = format!("attachment {} of message {}", number + 1, turn + 1);
        let class = match medium.mime_type.split('/').next().unwrap_or_default() {
            "application" => "pages",
            class => class,
        };
        let is_named = (said.contains(&place), said.contains(&medium.mime_type), said.contains(class));
        let is_long = said.contains(TOO_LONG) && class != "image";
        (is_named, is_long, medium.data.len())
    })?;
    let mut call = call.clone();
    call.slot = None;
    call.turns[turn].media.remove(number);
    let missing = "Not every image or file that came with this thread could be opened. If the answer depends on one \
                   that you do not see, say so.";
    if call.turns.last().is_none_or(|last| last.text != missing) {
        call.turns.push(Turn::text(Speaker::User, missing));
    }
    Some((error, call))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(["github.com", "*.githubusercontent.com", "files.example.com"])
    }

    fn of_text(text: &str) -> Vec<(String, String)> {
        let event = Event { text: text.to_owned(), ..Event::new("issues.opened", "o/r", "o/r#1", "mona") };
        let files = listed(&event, &hosts()).files.into_iter();
        files.map(|file| (file.mime_type.to_owned(), file.url.to_string())).collect()
    }

    #[test]
    fn images_of_a_comment_are_shown() {
        let asset = "https://github.com/user-attachments/assets/0b4a-1e9a";
        assert_eq!(of_text(&format!("see ![x]({asset})")), [("image/png".to_owned(), asset.to_owned())]);
        assert_eq!(of_text(&format!("<img width=\"3\" src=\"{asset}\">")).len(), 1);
        let old = "https://user-images.githubusercontent.com/1/2.JPG";
        assert_eq!(of_text(&format!("![]({old}) ![]({old})")), [("image/jpeg".to_owned(), old.to_owned())]);
        let log = "https://github.com/user-attachments/files/17/trace.log";
        assert_eq!(of_text(&format!("[trace.log]({log})")), [("text/plain".to_owned(), log.to_owned())]);
    }

    #[test]
    fn pages_and_references_are_not() {
        for text in [
            "https://github.com/octo/repo/blob/main/a.png",
            "https://raw.githubusercontent.com/octo/repo/main/README.md",
            "https://github.com/user-attachments/assets/0b4a-1e9a",
            "https://github.com/octo/repo/issues/7",
            "![x](https://files.example.com/a.svg)",
            "![x](https://files.example.com/a)",
        ] {
            assert!(of_text(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn our_credentials_open_what_is_of_the_place_itself_and_nothing_else_that_a_text_names() {
        let posted = |url: &str, needs_login| Attachment {
            name: "a.png".to_owned(),
            url: Some(url.to_owned()),
            needs_login,
            ..Attachment::default()
        };
        let slack = "https://files.slack.com/files-pri/T1-F1/a.png";
        let forwarded = "https://files.slack.com/files-pri/T1-F2/a.png?pub_secret=x";
        let mut event = Event {
            attachments: vec![posted(slack, true), posted(forwarded, false)],
            ..Event::new("issues.opened", "octo/repo", "octo/repo#7", "mona")
        };
        let own = |event: &Event, url: &str| is_own(&Url::parse(url).unwrap(), event);
        assert!(own(&event, slack) && !own(&event, forwarded));
        assert!(!own(&event, "https://files.slack.com/files-pri/T1-F3/named-in-a-text.png"));
        let assets = [
            ("https://github.com/user-attachments/assets/0b4a-1e9a", true),
            ("https://github.com/Octo/repo/files/17/trace.log", true),
            ("https://github.com/octo/other/files/17/trace.log", false),
            ("https://github.com/user-attachments/files/17/trace.log", false),
            ("https://github.com/octo/repo/blob/main/a.png", false),
        ];
        for (url, _) in assets {
            assert!(!own(&event, url), "{url}: everybody can read the repository");
        }
        event.is_closed_place = true;
        for (url, is_own) in assets {
            assert_eq!(own(&event, url), is_own, "{url}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_are_never_fetched() {
        for address in [
            "http://files.example.com/a.png",
            "https://127.0.0.1/a.png",
            "https://2130706433/a.png",
            "https://[::1]/a.png",
            "https://169.254.169.254/latest/a.png",
            "https://localhost/a.png",
            "https://files.example.com:8443/a.png",
            "https://u:p@files.example.com/a.png",
            "https://u@files.example.com/a.png",
            "https://files.example.com.evil.example/a.png",
            "https://evil.example\\@files.example.com/a.png",
            "https://evil.example/a.png?https://files.example.com/a.png",
            "https://githubusercontent.com/a.png",
            "ftp://files.example.com/a.png",
            "file:///etc/a.png",
            "data:image/png;base64,AAAA",
        ] {
            assert!(of_text(&format!("![x]({address})")).is_empty(), "{address}");
            let attachment = Attachment {
                name: "a.png".to_owned(),
                url: Some(address.to_owned()),
                ..Attachment::default()
            };
            assert_eq!(attached(&attachment, &hosts()), None, "{address}");
        }
        let long = format!("![x](https://files.example.com/{}.png)", "a".repeat(MAX_ADDRESS));
        assert!(of_text(&long).is_empty());
    }

    #[test]
    fn few_and_small_files_are_shown_and_the_rest_is_named() {
        let file = |n: usize, bytes: u64| Attachment {
            name: format!("{n}.png"),
            mime_type: Some("image/png; x=y".to_owned()),
            url: Some(format!("https://files.example.com/{n}")),
            bytes: Some(bytes),
            ..Attachment::default()
        };
        let mut attachments: Vec<Attachment> = (0..12).map(|n| file(n, 10)).collect();
        attachments[0].bytes = Some(MAX_MEDIUM_BYTES + 1);
        attachments[1].bytes = Some(0);
        attachments[2].url = None;
        let event = Event { attachments, ..Event::new("app_mention", "T1", "T1/C1/1", "U1") };
        let listed = listed(&event, &hosts());
        assert_eq!(listed.files.len(), MAX_MEDIA);
        assert_eq!(listed.unseen, ["0.png", "1.png", "2.png", "11.png"]);
    }

    #[test]
    fn what_is_dropped_into_a_comment_of_github_may_come_from_its_store_and_no_text_names_that() {
        let asset = "https://github-production-user-asset-6210df.s3.amazonaws.com/1/2.png?X-Amz-Signature=x";
        assert!(may_come_from(&Url::parse(asset).unwrap(), &hosts()));
        assert!(!may_come_from(&Url::parse(asset).unwrap(), &Hosts::new(["files.example.com"])));
        assert!(of_text(&format!("![x]({asset})")).is_empty());
        for other in [
            "https://evil.s3.amazonaws.com/1/2.png",
            "http://github-production-user-asset-6210df.s3.amazonaws.com/1/2.png",
            "https://github-production-user-asset-6210df.s3.amazonaws.com.evil.example/1/2.png",
        ] {
            assert!(!may_come_from(&Url::parse(other).unwrap(), &hosts()), "{other}");
        }
    }

    #[test]
    fn the_medium_that_is_named_goes_else_the_largest_and_none_for_another_reason() {
        let medium = |kind: &str, bytes| domain::Media { mime_type: kind.to_owned(), data: vec![1; bytes] };
        let media = vec![medium("image/png", 3), medium("application/pdf", 9), medium("image/heic", 12)];
        let turns = vec![Turn { media, ..Turn::text(Speaker::User, "?") }];
        let call = ModelCall { turns, ..domain::contract::plain_call("") };
        let left = |message: &str| {
            let error = ModelError {
                step: String::new(),
                failure: ModelFailure::Refused,
                message: message.to_owned(),
                usage: Vec::new(),
                exchanges: Vec::new(),
            };
            let answer = Err(error);
            let (_, call) = refused(&answer, &call)?;
            Some(call.turns[0].media.iter().map(|one| one.data.len()).collect::<Vec<_>>())
        };
        assert_eq!(left("Unable to process input image."), Some(vec![3, 9]));
        assert_eq!(left("Unsupported MIME type: image/png"), Some(vec![9, 12]));
        assert_eq!(left("attachment 1 of message 1 is empty"), Some(vec![9, 12]));
        assert_eq!(left("Request contains an invalid argument."), Some(vec![3, 9]));
        let too_long =
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
        assert_eq!(left(too_long), Some(vec![3, 12]));
        for too_large in [
            "m: HTTP 400 INVALID_ARGUMENT: Request payload size exceeds the limit: 20971520 bytes.",
            "m: HTTP 413: request entity too large",
            "m: HTTP 413",
            "the request has 101 MB, and the service takes 100 MB at most: attach fewer files",
        ] {
            assert_eq!(left(too_large), Some(vec![3, 9]), "{too_large}");
        }
        assert_eq!(left("Please use a valid role: user, model."), None);
    }

    #[test]
    fn what_hides_in_a_comment_of_html_is_not_shown() {
        assert!(of_text("<!-- ![x](https://files.example.com/a.png) -->").is_empty());
    }
}
