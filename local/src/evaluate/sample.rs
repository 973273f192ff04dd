//! The samples that cases can be made of: where each has its title, what its thread was opened with, and its text.

use serde_json::Value;

/// A sample, and JSON pointers into it.
pub(crate) struct Sample {
    /// `github/issues.opened`: the sender, and the kind of event.
    pub(crate) name: &'static str,
    json: &'static str,
    title: Option<&'static str>,
    opening: Option<&'static str>,
    text: Option<&'static str>,
}

/// What a case puts into its sample; what it leaves out stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words<'w> {
    pub(crate) title: Option<&'w str>,
    pub(crate) opening: Option<&'w str>,
    pub(crate) text: Option<&'w str>,
}

macro_rules! sample {
    ($name:literal, $title:expr, $opening:expr, $text:expr) => {
        Sample {
            name: $name,
            json: include_str!(concat!("../../../events/bodies/", $name, ".json")),
            title: $title,
            opening: $opening,
            text: $text,
        }
    };
}

/// Every sample that a case can name.
pub(crate) static SAMPLES: &[Sample] = &[
    sample!("github/issues.opened", Some("/issue/title"), None, Some("/issue/body")),
    sample!("github/issue_comment.created", Some("/issue/title"), Some("/issue/body"), Some("/comment/body")),
    sample!("github/discussion.created", Some("/discussion/title"), None, Some("/discussion/body")),
    sample!("github/pull_request.opened", Some("/pull_request/title"), None, Some("/pull_request/body")),
    sample!(
        "gitlab/issue.open",
        Some("/object_attributes/title"),
        None,
        Some("/object_attributes/description")
    ),
    sample!(
        "gitlab/note.create",
        Some("/issue/title"),
        Some("/issue/description"),
        Some("/object_attributes/note")
    ),
    sample!("jira/issue.created", Some("/issue/fields/summary"), None, Some("/issue/fields/description")),
    sample!("jira/comment.created", Some("/issue/fields/summary"), None, Some("/comment/body")),
    sample!("linear/issue.create", Some("/data/title"), None, Some("/data/description")),
    sample!("linear/comment.create", Some("/data/issue/title"), None, Some("/data/body")),
    sample!("slack/app_mention", None, None, Some("/event/text")),
    sample!("slack/message.im", None, None, Some("/event/text")),
    sample!("zendesk/ticket.created", Some("/detail/subject"), None, Some("/detail/description")),
    sample!("zendesk/ticket.comment_added", Some("/detail/subject"), None, Some("/event/comment/body")),
    sample!("pagerduty/incident.triggered", Some("/event/data/title"), None, None),
    sample!("stripe/charge.failed", None, None, Some("/data/object/description")),
    sample!("shopify/orders.create", None, None, Some("/note")),
    sample!("svix/contact.created", None, None, Some("/data/note")),
    sample!("sentry/issue.created", Some("/data/issue/title"), None, Some("/data/issue/culprit")),
];

/// The sample called `name`, if there is one.
pub(crate) fn named(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

impl Sample {
    /// The raw body with these words in it.
    ///
    /// # Errors
    /// Which of them the sample has no place for.
    pub(crate) fn with(&self, words: Words<'_>) -> Result<Vec<u8>, String> {
        let mut body: Value = serde_json::from_str(self.json).map_err(|error| error.to_string())?;
        let parts = [
            ("title", words.title, self.title),
            ("opening", words.opening, self.opening),
            ("text", words.text, self.text),
        ];
        for (part, word, place) in parts {
            let Some(word) = word else { continue };
            let place = place.ok_or_else(|| format!("the sample `{}` has no {part}", self.name))?;
            let field = body.pointer_mut(place);
            *field.ok_or_else(|| format!("the sample `{}` has nothing at {place}", self.name))? = word.into();
        }
        // Slack says the text twice; the second one is what it shows.
        if let Some(event) = body.get_mut("event").and_then(Value::as_object_mut) {
            event.remove("blocks");
        }
        serde_json::to_vec(&body).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_sample_is_there() {
        for sample in SAMPLES {
            let all = Words {
                title: sample.title.map(|_| "TITLE-WORDS"),
                opening: sample.opening.map(|_| "OPENING-WORDS"),
                text: sample.text.map(|_| "TEXT-WORDS"),
            };
            let body = String::from_utf8(sample.with(all).unwrap()).unwrap();
            for word in [all.title, all.opening, all.text].into_iter().flatten() {
                assert!(body.contains(word), "{}: {word}", sample.name);
            }
        }
    }

    #[test]
    fn a_word_without_a_place_is_told() {
        let slack = named("slack/message.im").unwrap();
        let words = Words { title: Some("x"), ..Words::default() };
        assert!(slack.with(words).unwrap_err().contains("has no title"));
        assert!(named("slack/nothing").is_none());
    }
}
