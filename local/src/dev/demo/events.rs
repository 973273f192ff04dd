//! The events of the demo, by chapter.

use domain::Timestamp;
use serde_json::{Value, json};
use webhook::Sender;

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Github,
    Zendesk,
    Pagerduty,
}

/// Something that somebody writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) from: From,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

const fn github(title: &'static str, text: &'static str) -> Event {
    Event { from: From::Github, title, text }
}

const fn zendesk(title: &'static str, text: &'static str) -> Event {
    Event { from: From::Zendesk, title, text }
}

const fn pagerduty(title: &'static str) -> Event {
    Event { from: From::Pagerduty, title, text: "" }
}

/// Yesterday: one clear question, and four texts that nobody could be sure of.
pub(super) const YESTERDAY: [Event; 5] = [
    github("How do I set the time zone of a harbour?", "I could not find it in the manual."),
    github("Tides", "Something about tides, see the attachment."),
    github("Hello", "Hi there."),
    github("Regarding my harbour", "As discussed with a colleague of yours."),
    zendesk("Re: Re: Fwd:", "See below, thank you."),
];
/// How many of them wait for a person.
pub(super) const UNSURE: usize = 4;

/// A busy quarter of an hour: all kinds of things, spam and a body that our parser does not understand.
pub(super) const BUSY: [Event; 10] = [
    github("Crash on export", "The export crashes with an error. To reproduce: run it on any file."),
    github("CSV export drops the last row", "The last line is missing. What I expected: all lines."),
    github("Calendar files are broken", "They no longer open, with the error `unexpected end`."),
    github("How can I export twice a day?", "Is there a setting? How do I do it?"),
    github(
        "Please add an option to sort by harbour",
        "It would be nice, and I could send a patch. Please add it.",
    ),
    zendesk("How do I invite a colleague?", "Where can I find it? How does it work?"),
    zendesk("Login is broken", "It stopped working today and fails with an error."),
    github("Which versions are supported?", "What is the oldest one? How do I upgrade?"),
    github("Best online casino", "Click here to win free money, limited time offer."),
    github(UNREADABLE, "Its number is a word."),
];
/// The title of the issue whose body is no issue's.
pub(super) const UNREADABLE: &str = "An issue without a number";

/// While no model can be had.
pub(super) const OUTAGE: [Event; 7] = [
    github("Import fails with error 500", "It worked before. To reproduce: import any file."),
    github("Panic when the disk is full", "It panics with an error instead of a message."),
    github("How do I move to another machine?", "Is it possible? How do I keep my tables?"),
    github("Please add support for lakes", "It would be great to have them. Please add support for it."),
    zendesk("Export hangs", "It hangs, and the error says that the limit is exceeded."),
    zendesk("How do I change my address?", "Where can I do it? How does it work?"),
    github("The map is wrong", "Two harbours are missing, a regression: it worked in 4.1."),
];

/// While its answer is posted, everything stops.
pub(super) const CRASH: Event =
    github("Sync loses changes", "It loses changes and the error is unexpected. To reproduce: sync twice.");

/// Now.
pub(super) const NOW: [Event; 7] = [
    github("Docs: broken link", "The link in chapter 2 is broken, with a 500 error."),
    github("How do I print a table?", "Is there a command? How do I use it?"),
    zendesk("Export is incorrect", "The times are wrong and a line is missing, an error since today."),
    github("Please add a dark theme", "It would be nice to have. Please add it as a feature."),
    github("A thought", "On the whole, and all in all."),
    zendesk("(no subject)", "Thanks."),
    pagerduty("Outage: the export service is down for everybody"),
];

impl From {
    /// The name of the source.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Zendesk => "zendesk",
            Self::Pagerduty => "pagerduty",
        }
    }

    /// The name of the event.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Github => "issues.opened",
            Self::Zendesk => "ticket.created",
            Self::Pagerduty => "incident.triggered",
        }
    }

    fn sample(self) -> &'static str {
        match self {
            Self::Github => include_str!("../../../../events/bodies/github/issues.opened.json"),
            Self::Zendesk => include_str!("../../../../events/bodies/zendesk/ticket.created.json"),
            Self::Pagerduty => include_str!("../../../../events/bodies/pagerduty/incident.triggered.json"),
        }
    }
}

impl Event {
    /// Its body as the sender sends it at `now`, about the thread with this number.
    pub(super) fn body(&self, sender: &Sender, number: u64, now: Timestamp) -> Vec<u8> {
        let mut body: Value = serde_json::from_str(self.from.sample()).unwrap_or_default();
        for (place, value) in self.values(number) {
            if let Some(at) = body.pointer_mut(place) {
                *at = value;
            }
        }
        let body = body.to_string().into_bytes();
        sender.stamped(&sender.renewed(&body, now), now)
    }

    fn values(&self, number: u64) -> Vec<(&'static str, Value)> {
        let (title, text) = (json!(self.title), json!(self.text));
        match self.from {
            From::Github => {
                let shown = if self.title == UNREADABLE { json!("seven") } else { json!(number) };
                vec![
                    ("/issue/title", title),
                    ("/issue/body", text),
                    ("/issue/number", shown),
                    ("/issue/id", json!(2_674_410_000 + number)),
                    ("/issue/labels", json!([])),
                ]
            }
            From::Zendesk => vec![
                ("/detail/subject", title),
                ("/detail/description", text),
                ("/detail/id", json!(number.to_string())),
                ("/detail/tags", json!([])),
                ("/detail/priority", Value::Null),
                ("/subject", json!(format!("zen:ticket:{number}"))),
            ],
            From::Pagerduty => vec![
                ("/event/data/title", title),
                ("/event/data/id", json!(format!("PDEMO{number}"))),
                ("/event/data/number", json!(number)),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use webhook::{ParseError, Parsed, Provider, Received, Sender};

    use super::*;

    #[test]
    fn there_are_thirty_and_all_but_one_can_be_read() {
        let all: Vec<&Event> =
            YESTERDAY.iter().chain(&BUSY).chain(&OUTAGE).chain([&CRASH]).chain(&NOW).collect();
        assert_eq!(all.len(), 30);
        for (number, event) in (1..).zip(all) {
            let provider = Provider::from_name(event.from.source()).unwrap();
            let site = provider.row().site.map(|site| site.example.to_owned());
            let sender = Sender { site, ..Sender::of(provider) };
            let body = event.body(&sender, number, Timestamp::from_second(1_800_000_000).unwrap());
            let hint = (provider.row().hint_of)(event.from.event());
            match sender.parse(&Received { event_hint: Some(&hint), body: &body }) {
                Ok(Parsed::Event(read)) => {
                    assert_eq!(read.title.as_deref(), Some(event.title));
                    assert_eq!(read.name, event.from.event());
                }
                Err(ParseError::Unreadable(_)) => assert_eq!(event.title, UNREADABLE),
                other => panic!("{}: {other:?}", event.title),
            }
        }
    }
}
