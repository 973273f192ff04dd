//! `[sources.NAME]` of senders other than GitHub: schemes, maps, sites, priorities.

use std::time::Duration;

use domain::Event;
use settings::SourceSettings;
use webhook::{Encoding, KeyForm, Pointer, Provider, Scheme, SignedContent, TimeFormat, TimePlace};

use crate::project::parse;

fn source(text: &str, name: &str) -> SourceSettings {
    parse(text).unwrap().sources[name].clone()
}

/// Line, column, key, problem and suggestion of each mistake.
fn mistakes(text: &str) -> Vec<String> {
    let found = parse(text).unwrap_err();
    found.as_slice().iter().map(|one| one.to_string().replacen("agent.toml:", "", 1)).collect()
}

#[test]
fn every_built_in_sender_needs_no_more_than_its_name() {
    for provider in Provider::ALL.iter().filter(|it| !matches!(it, Provider::Api | Provider::Custom)) {
        let name = provider.name();
        let source = source(&format!("[sources.{name}]"), name);
        assert_eq!((source.sender.provider, &source.sender.scheme), (*provider, &provider.scheme()));
        assert_eq!(source.sender.name, name);
    }
}

#[test]
fn a_source_has_threads_if_their_place_is_known() {
    let has = |text: &str, name: &str| source(text, name).has_threads();
    assert!(has("[sources.github]", "github") && has("[sources.linear]", "linear"));
    assert!(has("[sources.zendesk]\nsubdomain = \"a\"", "zendesk"));
    for name in ["stripe", "shopify", "zendesk", "svix"] {
        assert!(!has(&format!("[sources.{name}]"), name), "{name}");
    }
}

#[test]
fn a_sender_is_described_without_code() {
    let text = r#"
[sources.billing]
scheme = { header = "X-Signature", prefix = "sha256=", encoding = "hex", signed = "{timestamp}.{body}", timestamp_header = "X-Timestamp", tolerance = "2m" }
map = { event = "/type", tenant = "/account", thread = "/ticket/id", actor = "/user", text = "/ticket/description" }
identity = "/id"
"#;
    let sender = source(text, "billing").sender;
    assert_eq!((sender.provider, sender.name.as_str()), (Provider::Custom, "billing"));
    assert_eq!(sender.identity, Some(Pointer::new("/id").unwrap()));
    assert_eq!(sender.map.thread, Some(Pointer::new("/ticket/id").unwrap()));
    assert_eq!(sender.map.title, None);
    let scheme = sender.scheme;
    assert_eq!((scheme.header.as_str(), scheme.prefix.as_str()), ("x-signature", "sha256="));
    assert_eq!((scheme.encoding, scheme.key), (Encoding::Hex, KeyForm::Text));
    assert_eq!(scheme.signed, SignedContent::new("{timestamp}.{body}").unwrap());
    let freshness = scheme.freshness.unwrap();
    assert_eq!(freshness.place, TimePlace::Header("x-timestamp".to_owned()));
    assert_eq!((freshness.format, freshness.within), (TimeFormat::UnixSeconds, Duration::from_secs(120)));
}

#[test]
fn every_part_of_a_scheme_can_be_described() {
    let text = r#"
[sources.own]
scheme = { header = "Sig", separator = ",", prefix = "v1=", encoding = "base64", key = "base64", signed = "{id}.{timestamp}.{body}", id_header = "Msg-Id", timestamp_item = "t=", timestamp_format = "unix_ms" }
"#;
    let scheme = source(text, "own").sender.scheme;
    assert_eq!(
        (scheme.separator, scheme.key, scheme.encoding),
        (Some(','), KeyForm::Base64, Encoding::Base64)
    );
    assert_eq!(scheme.id_header.as_deref(), Some("msg-id"));
    let freshness = scheme.freshness.unwrap();
    assert_eq!(freshness.place, TimePlace::Item("t=".to_owned()));
    assert_eq!((freshness.format, freshness.within), (TimeFormat::UnixMillis, Duration::from_secs(300)));
}

#[test]
fn a_scheme_may_be_named_and_may_replace_a_senders_own() {
    let custom = source("[sources.jobs]\nscheme = \"standard-webhooks\"", "jobs").sender;
    assert_eq!((custom.provider, custom.scheme), (Provider::Custom, Scheme::standard_webhooks()));
    let gitlab = source("[sources.gitlab]\nscheme = \"standard-webhooks\"", "gitlab").sender;
    assert_eq!((gitlab.provider, gitlab.scheme), (Provider::Gitlab, Scheme::standard_webhooks()));
}

#[test]
fn sites_are_configured_and_checked() {
    let sender = source("[sources.jira]\nhost = \"harbor.atlassian.net\"", "jira").sender;
    assert_eq!(sender.site.as_deref(), Some("harbor.atlassian.net"));
    let text = "[sources.jira]\nhost = \"https://harbor.atlassian.net/x\"\n[sources.zendesk]\nsubdomain = \"a.b\"\n\
                [sources.slack]\nhost = \"x\"";
    assert_eq!(
        mistakes(text)[..2],
        [
            "2:8: sources.jira.host: \"https://harbor.atlassian.net/x\" is not a host of jira; write it like \"acme.atlassian.net\"; \
             issues of a Data Center are read and not answered: without `host`, name another `automation`",
            "4:13: sources.zendesk.subdomain: \"a.b\" is not a subdomain of zendesk; write it like \"acme\"",
        ]
    );
    assert!(mistakes(text)[2].starts_with("6:1: sources.slack.host: unknown key"));
    let own = mistakes("[sources.jira]\nhost = \"jira.example.com\"");
    assert!(own[0].contains("is not a host of jira") && own[0].contains("Data Center"), "{own:?}");
}

#[test]
fn mistakes_in_a_scheme_name_line_and_remedy() {
    let one = |scheme: &str| {
        let mut found = mistakes(&format!("[sources.own]\nscheme = {scheme}"));
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    };
    let cases = [
        (
            "\"standard-webhook\"",
            "2:10: sources.own.scheme: no scheme is called \"standard-webhook\"; did you mean \"standard-webhooks\"?",
        ),
        (
            "{ signed = \"{body}\" }",
            "2:10: sources.own.scheme.header: missing; name the header with the signature",
        ),
        (
            "{ header = \"X\", signed = \"{timestamp}\" }",
            "2:35: sources.own.scheme.signed: \"{timestamp}\": {body} must occur exactly once, or the body is not what was signed; write it like \"{timestamp}.{body}\" or \"{body}\"",
        ),
        (
            "{ header = \"X\", tolerance = \"5m\" }",
            "2:38: sources.own.scheme.tolerance: there is no signed time to be tolerant about; add `timestamp_header = \"X-Timestamp\"` and put {timestamp} into `signed`, or remove it",
        ),
        (
            "{ header = \"X\", signed = \"{timestamp}.{body}\" }",
            "2:10: sources.own.scheme: `signed` contains {timestamp}; name the header that carries it (`timestamp_header`)",
        ),
        (
            "{ header = \"X\", timestamp_header = \"T\" }",
            "2:10: sources.own.scheme: the time is sent but not signed; put {timestamp} into `signed`, or drop `timestamp_header`",
        ),
        (
            "{ header = \"X:\" }",
            "2:21: sources.own.scheme.header: \"X:\" is not a name of a header; write it like \"X-Signature\"",
        ),
        (
            "{ header = \"X\", encoding = \"hexx\" }",
            "2:37: sources.own.scheme.encoding: unknown value \"hexx\"; did you mean \"hex\"?",
        ),
        (
            "{ header = \"X\", separator = \"ab\" }",
            "2:38: sources.own.scheme.separator: must be one character; write it like \",\"",
        ),
        (
            "{ header = \"X\", timestamp_header = \"T\", timestamp_body = \"/t\" }",
            "2:10: sources.own.scheme: the time stands in one place; keep one of `timestamp_header`, `timestamp_item` and `timestamp_body`",
        ),
    ];
    for (scheme, expected) in cases {
        assert_eq!(one(scheme), expected);
    }
    let found = mistakes("[sources.own]\nscheme = { header = \"X\", tolerence = \"5m\" }");
    assert!(found[0].contains("unknown key; did you mean `tolerance`?"), "{found:?}");
}

#[test]
fn pointers_that_point_nowhere_get_a_better_one() {
    let text = "[sources.billing]\nscheme = \"standard-webhooks\"\nidentity = \"id\"\n\
                map = { tenant = \"$.account.id\", thread = \"/a~b\", txt = \"/x\" }";
    assert_eq!(
        mistakes(text),
        [
            "3:12: sources.billing.identity: \"id\" is not a JSON pointer: it begins with `/`; did you mean \"/id\"?",
            "4:18: sources.billing.map.tenant: \"$.account.id\" is not a JSON pointer: it begins with `/`; did you mean \"/account/id\"?",
            "4:43: sources.billing.map.thread: \"/a~b\" is not a JSON pointer: a `~` in a JSON pointer is written `~0`, and a `/` within a name `~1`; write it like \"/ticket/id\"",
            "4:51: sources.billing.map.txt: unknown key; did you mean `text`?",
        ]
    );
}

#[test]
fn a_map_is_for_senders_without_a_reader() {
    assert_eq!(
        mistakes("[sources.stripe]\nmap = { text = \"/x\" }"),
        [
            "2:7: sources.stripe.map: the events of stripe are read without a map; remove it, or set `provider = \"custom\"` and name the `scheme` to read them your way"
        ]
    );
}

#[test]
fn senders_that_nobody_knows_are_refused() {
    assert_eq!(
        mistakes("[sources.strip]"),
        ["1:1: sources.strip: no sender is called \"strip\"; did you mean \"stripe\"?"]
    );
    assert_eq!(
        mistakes("[sources.api]"),
        [
            "1:1: sources.api: \"api\" is the source of tasks without a webhook; remove the source: `POST /tasks` needs none"
        ]
    );
    assert!(mistakes("[sources.own]")[0].ends_with("; or describe its signatures with `scheme`"));
    assert!(mistakes("[sources.own]\nprovider = \"custom\"")[0].contains("needs a `scheme`; add `scheme = "));
}

#[test]
fn priorities_follow_event_label_and_sender() {
    let text = r#"
[sources.github]
[[sources.github.priority]]
when = { event = "issues.opened", label = "outage" }
priority = 5
[[sources.github.priority]]
when = { sender = "renovate" }
priority = 1
"#;
    let rules = source(text, "github").priorities;
    let event = |label: &str, actor: &str| Event {
        labels: vec![label.to_owned()],
        ..Event::new("issues.opened", "o/r", "o/r#1", actor)
    };
    assert_eq!(rules.of(&event("Outage", "mona")).level(), 5);
    assert_eq!(rules.of(&event("bug", "Renovate")).level(), 1);
    assert_eq!(rules.of(&event("bug", "mona")).level(), 3);
}

#[test]
fn mistakes_in_priorities_are_found() {
    let text = "[sources.github]\n[[sources.github.priority]]\nwhen = { event = \"issue.opened\", lable = \"x\" }\n\
                [[sources.github.priority]]\nwhen = { event = \"issues\" }\npriority = 9";
    assert_eq!(
        mistakes(text),
        [
            "2:1: sources.github.priority[0].priority: missing; add `priority = 5`",
            "3:18: sources.github.priority[0].when.event: unknown event \"issue.opened\"; did you mean \"issues.opened\"?",
            "3:34: sources.github.priority[0].when.lable: unknown key; did you mean `label`?",
            "6:12: sources.github.priority[1].priority: 9 is outside 1 to 5; choose a number within",
        ]
    );
}

#[test]
fn customers_who_write_to_zendesk_need_mention_nobody() {
    use webhook::CommentPolicy;
    for provider in Provider::ALL.iter().filter(|it| !matches!(it, Provider::Api | Provider::Custom)) {
        let name = provider.name();
        let usual = match provider {
            Provider::Zendesk | Provider::Pagerduty => CommentPolicy::Thread,
            _ => CommentPolicy::Mention,
        };
        assert_eq!(source(&format!("[sources.{name}]"), name).filter.comments, usual, "{name}");
        let said = format!("[sources.{name}]\nrespond_to_comments = \"never\"");
        assert_eq!(source(&said, name).filter.comments, CommentPolicy::Never, "{name}");
    }
}

#[test]
fn internal_events_are_ignored_unless_their_service_can_keep_the_answer_among_the_staff() {
    use webhook::InternalPolicy;
    for provider in Provider::ALL.iter().filter(|it| !matches!(it, Provider::Api | Provider::Custom)) {
        let name = provider.name();
        assert_eq!(source(&format!("[sources.{name}]"), name).filter.internal, InternalPolicy::Ignore);
        let ignore = format!("[sources.{name}]\ninternal = \"ignore\"");
        assert_eq!(source(&ignore, name).filter.internal, InternalPolicy::Ignore);
        let answer = format!("[sources.{name}]\ninternal = \"answer_internally\"");
        if matches!(provider, Provider::Zendesk | Provider::Jira | Provider::Gitlab) {
            assert_eq!(source(&answer, name).filter.internal, InternalPolicy::AnswerInternally);
        } else {
            let problem = format!(
                "2:12: sources.{name}.internal: answers to {name} cannot be kept among the staff; \
                 write \"ignore\", or remove the key"
            );
            assert_eq!(mistakes(&answer), [problem]);
        }
    }
}

#[test]
fn other_events_of_github_are_described_by_a_map() {
    let text = "[sources.github]\nevents = [\"check_run.completed\"]\n\
                map = { text = \"/check_run/output/summary\", comment = \"/id\" }\n\
                [[sources.github.priority]]\nwhen = { event = \"check_run.completed\" }\npriority = 2";
    let sender = source(text, "github").sender;
    assert_eq!(sender.map.comment, Some(Pointer::new("/id").unwrap()));
    let unmapped = mistakes("[sources.github]\nevents = [\"check_run.completed\"]");
    assert!(unmapped[0].starts_with("2:11: sources.github.events[0]: unknown event"), "{unmapped:?}");
}

#[test]
fn discussions_can_be_subscribed_to() {
    let text = "[sources.github]\nevents = [\"discussion.created\", \"discussion_comment.created\"]";
    assert_eq!(source(text, "github").filter.events.unwrap().len(), 2);
}

#[test]
fn hooks_are_repositories_and_organisations_of_github_alone() {
    let text = "[sources.github]\nhooks = [\"octo/hello.rs\", \"octo\"]";
    assert_eq!(source(text, "github").hooks, ["octo/hello.rs", "octo"]);
    assert!(mistakes("[sources.github]\nhooks = [\"\"]")[0].contains("must not be empty"));
    for bad in ["octo/..", "a/b/c", "https://github.com/octo"] {
        let found = mistakes(&format!("[sources.github]\nhooks = [\"{bad}\"]"));
        assert!(found[0].contains("no repository or organisation"), "{bad}: {found:?}");
    }
    assert!(mistakes("[sources.stripe]\nhooks = [\"octo\"]")[0].contains("unknown key"));
}

#[test]
fn a_map_of_zendesks_triggers_says_what_is_public() {
    let text = "[sources.zendesk]\nmap = { thread = \"/ticket\", text = \"/text\", public = \"/public\" }";
    assert_eq!(source(text, "zendesk").sender.map.public, Some(Pointer::new("/public").unwrap()));
    let found = mistakes("[sources.zendesk]\nmap = { thread = \"/ticket\", text = \"/text\" }");
    let expected = "sources.zendesk.map.public: missing; say where, such as \"/public\": internal notes are told by \
                    nothing else";
    assert!(found.len() == 1 && found[0].ends_with(expected), "{found:?}");
}
