//! Free-text answers: short Markdown that quotes what was asked and deals with that kind of message.

use super::facts::Facts;
use super::guess;
use super::intent::{self, Kind};

/// The answer to a conversation.
pub(super) fn compose(facts: &Facts) -> String {
    let kind = intent::kind(facts);
    let mut blocks = vec![opening(kind, facts)];
    if facts.sentence != facts.title && !facts.sentence.is_empty() {
        blocks.push(format!("> {}", quotable(&facts.sentence)));
    }
    blocks.extend(evidence(kind, facts));
    blocks.extend(passage(facts));
    blocks.push(advice(kind, facts));
    blocks.push(closing(kind).to_owned());
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n")
}

fn opening(kind: Kind, facts: &Facts) -> String {
    let title = quotable(&facts.title);
    if title.is_empty() {
        return "Thanks for getting in touch.".to_owned();
    }
    if facts.follow_up {
        return format!("Thanks for the follow-up on “{title}”.");
    }
    match kind {
        Kind::Bug => format!("Thanks for the report, and sorry for the trouble with **“{title}”**."),
        Kind::Feature => format!("Thanks for the suggestion **“{title}”**."),
        Kind::Question => format!("You ask about **“{title}”**."),
        Kind::Refund => format!("I am sorry about the trouble with this payment (**“{title}”**)."),
        Kind::Docs => format!("Thanks for reading so closely: **“{title}”**."),
        Kind::Security => format!("Thank you for telling us about **“{title}”**."),
        Kind::Thanks => format!("Thank you, **“{title}”** is good to read."),
        Kind::Cancel | Kind::Account | Kind::Other => format!("Thanks for your message **“{title}”**."),
    }
}

/// What the text itself gives away: a version, the line of an error.
fn evidence(kind: Kind, facts: &Facts) -> Option<String> {
    if kind != Kind::Bug {
        return None;
    }
    let version = guess::version(facts).map(|v| format!("You are on `{}`.", quotable(&v)));
    let error =
        guess::error_line(facts).map(|line| format!("The line that stands out is `{}`.", quotable(&line)));
    let found: Vec<String> = version.into_iter().chain(error).collect();
    (!found.is_empty()).then(|| found.join(" "))
}

fn passage(facts: &Facts) -> Option<String> {
    let (name, paragraph) = facts.passage()?;
    Some(format!("From {}:\n\n> {}", quotable(name), quotable(domain::clip(paragraph, 400))))
}

fn advice(kind: Kind, facts: &Facts) -> String {
    let topic = facts.keywords().into_iter().next().unwrap_or_else(|| "this".to_owned());
    match kind {
        Kind::Bug => {
            let version = match guess::version(facts) {
                Some(_) => "the last version in which it still worked, if there is one",
                None => "the exact version you run, and on which system",
            };
            let output = match guess::error_line(facts) {
                Some(_) => "the lines above that message, if they are not private",
                None => "the complete output or stack trace, as text",
            };
            format!(
                "That should not happen. To find the cause, please add:\n\n1. {version};\n2. {output};\n3. the \
                 smallest set of steps that shows it from a fresh start.\n\nAs a first check, try it once with the \
                 default settings: if it goes away, the setting around `{topic}` is where to look."
            )
        }
        Kind::Question => format!(
            "In short: start from the defaults, change only the setting for `{topic}`, and check the effect \
             before you go on:\n\n1. look up `{topic}` in the reference to see which values it takes;\n2. set it in \
             one place only, so that nothing overrides it;\n3. run it once on a small example.\n\nIf that does not do \
             what you want, tell us what you tried and what you saw instead."
        ),
        Kind::Feature => format!(
            "To weigh it we need to know a little more:\n\n- what are you trying to get done, and what do you do \
             today instead?\n- would it be enough if `{topic}` could be configured, or do you need it built in?\n- \
             how often does it come up?"
        ),
        Kind::Refund => "A person checks the charge before any money moves, and answers here. Please do not post card \
                         numbers or other payment details."
            .to_owned(),
        Kind::Docs => "The page should be clear by itself. A pull request with the corrected sentence is welcome; please \
                       name the page and the sentence if they are not in your message."
            .to_owned(),
        Kind::Security => "Please do not add details in public. Send them through the project's private channel for \
                           security reports, where the maintainers can look at them first."
            .to_owned(),
        Kind::Cancel => "You can end the plan at any time on the billing page; it then runs until the end of the \
                         period that is paid."
            .to_owned(),
        Kind::Account => "Please try a fresh sign-in first (private window, no extensions). If that fails, use the \
                          reset link; we never ask for your password."
            .to_owned(),
        Kind::Thanks => "If there is one thing that we could do better, tell us that too.".to_owned(),
        Kind::Other => "To help you, we need to know a little more: what did you want to do, what happened, and what \
                        did you expect instead?"
            .to_owned(),
    }
}

fn closing(kind: Kind) -> &'static str {
    match kind {
        Kind::Bug => "With that the cause can be looked for.",
        Kind::Feature => "Whether it will be built is for the maintainers to decide.",
        Kind::Question | Kind::Other => "If something is still unclear, just ask here.",
        _ => "",
    }
}

/// Somebody else's words in one line that can do no harm in Markdown: nobody is mentioned, nothing is
/// linked or shown as an image, no markup is opened.
fn quotable(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let safe: String = line
        .chars()
        .filter(|c| !matches!(c, '@' | '`' | '<' | '>' | '[' | ']' | '*' | '|' | '#' | '!'))
        .collect();
    let safe = safe.replace("https://", "").replace("http://", "");
    safe.trim_matches(['“', '”', '"', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_quotes_the_question_and_fits_its_kind() {
        let bug = compose(&Facts::of("Crash on start\n\nv2.1.0 panics.\n```\nerror: no such file\n```"));
        assert!(bug.contains("“Crash on start”") && bug.contains("v2.1.0"), "{bug}");
        assert!(bug.contains("`error: no such file`"), "{bug}");
        let question = compose(&Facts::of("How do I set the timeout?"));
        assert!(
            question.contains("How do I set the timeout?") && question.contains("`timeout`"),
            "{question}"
        );
    }

    #[test]
    fn the_same_question_gets_the_same_answer() {
        let answer = || compose(&Facts::of("Please add a dark mode\nIt would be great at night."));
        assert_eq!(answer(), answer());
    }

    #[test]
    fn quoted_words_cannot_mention_link_or_open_markup() {
        let answer =
            compose(&Facts::of("@everyone ![x](http://evil.example/p.png) <img src=x>\n<b>`rm`</b>"));
        for forbidden in ["@", "](", "http", "<", "!["] {
            assert!(!answer.contains(forbidden), "{forbidden} in {answer}");
        }
    }

    #[test]
    fn a_fitting_passage_of_the_documents_is_quoted() {
        let contents = [crate::gemini::ordered::Node::from(serde_json::json!({
            "role": "user",
            "parts": [{"text": "<document name=\"docs/retry.md\">\n# Retries\n\nThe retry limit is set with retry_limit, \
                                and it is 3 by default.\n</document>\n<issue>\nHow do I change the retry limit?\n</issue>"}],
        }))];
        let answer = compose(&Facts::read(&[], &[], &contents));
        assert!(
            answer.contains("From docs/retry.md:\n\n> The retry limit is set with retry_limit"),
            "{answer}"
        );
    }
}
