//! Words and numbers, as people read them.

use std::borrow::Cow;

use domain::{TaskDoc, TaskStatus, TimelineEntry, Timestamp};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is percent-encoded: everything that RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A status in words.
pub(crate) fn label(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Received => "Received",
        TaskStatus::Processing => "Running",
        TaskStatus::Waiting => "Waiting",
        TaskStatus::AwaitingApproval => "Needs approval",
        TaskStatus::Completed => "Completed",
        TaskStatus::Ignored => "Ignored",
        TaskStatus::Rejected => "Rejected",
        TaskStatus::Expired => "Expired",
        TaskStatus::Failed => "Failed",
    }
}

/// The status as a coloured pill.
pub(crate) fn pill(status: TaskStatus) -> Markup {
    html! { span class={ "pill " (status.as_str()) } { (label(status)) } }
}

/// The heading of a task.
pub(crate) fn title(doc: &TaskDoc) -> Cow<'_, str> {
    doc.title.as_deref().map_or_else(|| doc.thread_name(), Cow::from)
}

/// A time: UTC here, and how long ago or how far ahead where the script runs.
pub(crate) fn time(at: Timestamp) -> Markup {
    time_as(at, None)
}

/// A point in time that is named rather than counted from now: the reader's own clock where the script runs.
pub(crate) fn clock(at: Timestamp) -> Markup {
    time_as(at, Some("clock"))
}

/// A time that somebody waits for: both.
pub(crate) fn ahead(at: Timestamp) -> Markup {
    time_as(at, Some("both"))
}

fn time_as(at: Timestamp, form: Option<&str>) -> Markup {
    html! { time datetime=(at) data-as=[form] { (at.strftime("%-d %b %H:%M:%S UTC")) } }
}

/// A text for people in which times and addresses may stand: the former as times, the latter as links that
/// show all of where they lead.
pub(crate) fn noted(text: &str) -> Markup {
    html! { @for word in text.split_inclusive(char::is_whitespace) { (noted_word(word, true)) } }
}

/// The same without links, for what is part of one.
pub(crate) fn timed(text: &str) -> Markup {
    html! { @for word in text.split_inclusive(char::is_whitespace) { (noted_word(word, false)) } }
}

fn noted_word(word: &str, links: bool) -> Markup {
    let end = word.trim_end_matches(|c: char| c.is_whitespace() || ".,;:)".contains(c)).len();
    let (core, rest) = word.split_at(end);
    let at = core.parse::<Timestamp>().ok();
    html! {
        @if let Some(at) = at { (clock(at)) }
        @else if links && is_web(core) {
            a rel="noopener noreferrer nofollow" target="_blank" href=(core) { (core) }
        } @else { (core) }
        (rest)
    }
}

/// A line of a timeline in the words of people: what the code calls a step is known to those who run it. `has_moved`: the
/// status is another one than that of the line before.
pub(crate) fn plain(entry: &TimelineEntry, has_moved: bool) -> Cow<'_, str> {
    let note = entry.note.as_str();
    let is_decided =
        ["approved by ", "edited and approved by ", "retried by "].iter().any(|by| note.starts_with(by));
    match (entry.status, note) {
        (_, "stored") => "received".into(),
        (_, "claimed") => "picked up".into(),
        (_, "its processor died; it runs alone") => {
            "the program that worked on it stopped; it is tried again, by itself".into()
        }
        // What the ledger writes before an outside effect.
        (_, "about to reply") => "publishing the answer".into(),
        (_, note) if note.starts_with("about to ") => note.replacen("about to ", "begun: ", 1).into(),
        (_, "a fresh message was sent") => "woken up: its message had gone missing".into(),
        (TaskStatus::AwaitingApproval, why) if has_moved => {
            format!("answer written, waiting for a person: {why}").into()
        }
        (TaskStatus::Waiting, why) if has_moved && !is_decided => format!("waiting: {why}").into(),
        (_, note) => note.into(),
    }
}

/// The lines of a timeline, each with its plain words.
pub fn plain_notes(timeline: &[TimelineEntry]) -> impl Iterator<Item = (&TimelineEntry, Cow<'_, str>)> {
    let before = [None].into_iter().chain(timeline.iter().map(|entry| Some(entry.status)));
    timeline.iter().zip(before).map(|(entry, before)| (entry, plain(entry, before != Some(entry.status))))
}

/// A link may come from a service's answer: nothing but the web is followed.
pub(crate) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// A sentence of ours, with what stands in it between backticks as code.
pub(crate) fn sentence(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A name that programs use, such as `model_refused`, as a person reads it.
pub(crate) fn phrase(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// US dollars, with as many digits as matter.
#[must_use]
pub fn usd(amount: f64) -> String {
    let sign = if amount < 0.0 { "−" } else { "" };
    match amount.abs() {
        0.0 => "$0".to_owned(),
        small if small < 0.000_1 && amount < 0.0 => "> −$0.0001".to_owned(),
        small if small < 0.000_1 => "< $0.0001".to_owned(),
        small if small < 1.0 => format!("{sign}${small:.4}"),
        large => format!("{sign}${large:.2}"),
    }
}

/// US dollars of a sum, in cents: what is less than one is said to be so.
pub(crate) fn money(amount: f64) -> String {
    match amount {
        0.0 => "$0".to_owned(),
        small if small > 0.0 && small < 0.01 => "< $0.01".to_owned(),
        amount => format!("{}${:.2}", if amount < 0.0 { "−" } else { "" }, amount.abs()),
    }
}

/// A count: `12`, `3.4k`, `5.6M`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn count(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..10_000 => format!("{:.1}k", count as f64 / 1e3),
        10_000..1_000_000 => format!("{:.0}k", count as f64 / 1e3),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

/// Milliseconds as a person says them.
pub(crate) fn millis(ms: f64) -> String {
    match ms {
        ..1_000.0 => format!("{ms:.0} ms"),
        ..60_000.0 => format!("{:.1} s", ms / 1e3),
        ..3_600_000.0 => format!("{:.0} min", ms / 6e4),
        _ => format!("{:.1} h", ms / 3.6e6),
    }
}

/// How much of the whole a part is, in percent.
#[expect(clippy::cast_precision_loss, reason = "a whole percent is shown")]
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.0} %", part as f64 * 100.0 / whole as f64) }
}

/// `value` for a query string.
pub(crate) fn percent_encode(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_addresses_in_a_note_are_what_they_are_and_nothing_else_is() {
        let out =
            noted("used up until 2026-11-20T17:55:30Z. See (https://a.example/x?y=1&z) <b>").into_string();
        assert!(out.contains("until <time datetime=\"2026-11-20T17:55:30Z\" data-as=\"clock\">"), "{out}");
        assert!(out.contains("20 Nov 17:55:30 UTC</time>. See"), "{out}");
        assert!(out.ends_with("&lt;b&gt;"), "{out}");
        for plain in ["(https://a.example", "javascript:alert(1)", "2026", "12:00", "a  b\n"] {
            assert_eq!(noted(plain).into_string(), plain);
        }
        let link = noted("published https://a.example/x?y=1&z").into_string();
        assert!(
            link.contains("href=\"https://a.example/x?y=1&amp;z\">https://a.example/x?y=1&amp;z</a>"),
            "{link}"
        );
    }

    #[test]
    fn backticks_become_code_and_names_become_words() {
        assert_eq!(sentence("no `a<b`.").into_string(), "no <code>a&lt;b</code>.");
        assert_eq!([phrase("model_refused"), phrase("")], ["Model refused", ""]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([count(7), count(1_234), count(45_678), count(2_340_000)], ["7", "1.2k", "46k", "2.3M"]);
        assert_eq!(
            [usd(0.0), usd(0.000_01), usd(0.0123), usd(12.0)],
            ["$0", "< $0.0001", "$0.0123", "$12.00"]
        );
        assert_eq!(
            [money(0.0), money(0.004), money(0.016), money(-2.0)],
            ["$0", "< $0.01", "$0.02", "−$2.00"]
        );
        assert_eq!([usd(-0.0), usd(-0.01), usd(-3.0)], ["$0", "−$0.0100", "−$3.00"]);
        assert_eq!([millis(12.3), millis(1_500.0), millis(90_000.0)], ["12 ms", "1.5 s", "2 min"]);
        assert_eq!([percent(1, 3), percent(0, 0)], ["33 %", "–"]);
    }
}
