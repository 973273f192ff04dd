//! What only the staff can see is known as such, of every sender that has such a thing.

use crate::senders::sender;
use crate::support::{event as github, json_of, opened, read, read_by};
use domain::Audience;
use serde_json::{Value, json};
use webhook::{CommentPolicy, FieldMap, Filter, IgnoreReason, InternalPolicy, Pointer, Provider, Sender};

/// `body` with `value` at a place that may not be there yet.
fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}"))[key] = value;
    body
}

#[test]
fn a_comment_of_zendesk_is_private_unless_it_says_that_it_is_public() {
    let body = json_of("zendesk/ticket.comment_added.json");
    assert_eq!(read(Provider::Zendesk, &body).audience, Audience::Public);
    for private in [json!(false), json!(null), json!("true")] {
        let body = with(&body, "/event/comment/is_public", private.clone());
        assert_eq!(read(Provider::Zendesk, &body).audience, Audience::Internal, "{private}");
    }
    let mut absent = body.clone();
    absent["event"]["comment"].as_object_mut().unwrap().remove("is_public");
    assert_eq!(read(Provider::Zendesk, &absent).audience, Audience::Internal);
    let staff = with(
        &body,
        "/event/comment",
        json!({
            "id": "99", "author": {"id": "777", "is_staff": true}, "body": "she is on the fraud list", "is_public": false,
        }),
    );
    assert_eq!(read(Provider::Zendesk, &staff).audience, Audience::Internal);
}

#[test]
fn a_private_ticket_of_zendesk_is_internal_and_so_is_its_description() {
    let created = json_of("zendesk/ticket.created.json");
    assert_eq!(read(Provider::Zendesk, &created).audience, Audience::Public);
    let private = with(&created, "/detail/is_public", json!(false));
    assert_eq!(read(Provider::Zendesk, &private).audience, Audience::Internal);
    let comment = with(&json_of("zendesk/ticket.comment_added.json"), "/detail/is_public", json!(false));
    let event = read(Provider::Zendesk, &comment);
    assert_eq!((event.audience, event.opening), (Audience::Public, None), "the comment speaks for itself");
}

#[test]
fn a_change_of_a_zendesk_ticket_in_which_nobody_writes_is_internal_and_by_zendesk_itself_no_persons() {
    let created = json_of("zendesk/ticket.created.json");
    for (kind, audience) in [
        ("created", Audience::Public),
        ("subject_changed", Audience::Public),
        ("tags_changed", Audience::Internal),
        ("status_changed", Audience::Internal),
    ] {
        let changed = with(&created, "/type", json!(format!("zen:event-type:ticket.{kind}")));
        let event = read(Provider::Zendesk, &changed);
        assert_eq!((event.audience, event.actor_is_bot), (audience, false), "{kind}");
        for id in [json!(-1), json!("-1")] {
            assert!(read(Provider::Zendesk, &with(&changed, "/detail/actor_id", id)).actor_is_bot, "{kind}");
        }
    }
}

#[test]
fn a_trigger_of_zendesk_must_say_what_is_public() {
    let at = |text: &str| Some(Pointer::new(text).unwrap());
    let map = FieldMap {
        event: at("/event"),
        thread: at("/ticket"),
        actor: at("/author"),
        title: at("/title"),
        text: at("/text"),
        public: at("/public"),
        ..FieldMap::default()
    };
    let trigger = Sender { map: map.clone(), ..sender(Provider::Zendesk) };
    let body = json_of("zendesk/ticket.triggered.json");
    let event = read_by(&trigger, &body, None);
    assert_eq!((event.name.as_str(), event.thread.as_str()), ("ticket.comment_added", "ticket/35436"));
    assert_eq!(event.actor_id.as_deref(), Some("8447388090494"));
    assert!(event.target.is_some() && event.text.starts_with("One more thing"));
    assert_eq!(event.audience, Audience::Public);
    assert_eq!(read_by(&trigger, &with(&body, "/public", json!("true")), None).audience, Audience::Public);
    for private in [json!(false), json!("false"), json!(null), json!("yes"), json!(1)] {
        let body = with(&body, "/public", private.clone());
        assert_eq!(read_by(&trigger, &body, None).audience, Audience::Internal, "{private}");
    }
    let untold = Sender { map: FieldMap { public: None, ..map }, ..sender(Provider::Zendesk) };
    assert_eq!(read_by(&untold, &body, None).audience, Audience::Internal);
    // Its own events are read as ever.
    let own = json_of("zendesk/ticket.comment_added.json");
    assert_eq!(read_by(&trigger, &own, None), read(Provider::Zendesk, &own));
}

#[test]
fn a_comment_of_jira_is_not_for_everybody_by_any_of_its_three_signs() {
    let body = json_of("jira/comment.created.json");
    assert_eq!(read(Provider::Jira, &body).audience, Audience::Public);
    let note = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
    let role = json!({"type": "role", "value": "Developers"});
    for (pointer, value, expected) in [
        ("/comment/jsdPublic", json!(false), Audience::Internal),
        ("/comment/visibility", role, Audience::Restricted),
        ("/comment/properties", note, Audience::Internal),
    ] {
        let audience = read(Provider::Jira, &with(&body, pointer, value)).audience;
        assert_eq!(audience, expected, "{pointer}");
    }
    let within = json_of("jira/issue.commented.data-center.json");
    let within = with(&within, "/comment/visibility", json!({"type": "group", "value": "staff"}));
    assert_eq!(read(Provider::Jira, &within).audience, Audience::Restricted);
}

#[test]
fn what_the_customers_of_a_service_desk_do_not_see_of_a_jira_issue_is_internal() {
    let changed = with(&json_of("jira/issue.created.json"), "/webhookEvent", json!("jira:issue_updated"));
    let fields = |names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({"field": name})).collect();
        with(&changed, "/changelog/items", json!(items))
    };
    for (names, expected) in [
        (&["summary"][..], Audience::Public),
        (&["description", "summary"], Audience::Public),
        (&["Fraud score"], Audience::Internal),
        (&["summary", "assignee"], Audience::Internal),
        (&[], Audience::Internal),
    ] {
        let body = fields(names);
        let event = read(Provider::Jira, &body);
        assert_eq!((event.name.as_str(), event.audience), ("issue.updated", expected), "{names:?}");
        let of_type = |kind: &str| {
            read(Provider::Jira, &with(&body, "/issue/fields/project/projectTypeKey", json!(kind))).audience
        };
        assert_eq!(of_type("service_desk"), expected, "{names:?}");
        assert_eq!(of_type("software"), Audience::Public, "nobody is a customer there: {names:?}");
    }
}

#[test]
fn a_change_of_a_confidential_issue_in_which_nobody_writes_is_answered_among_the_staff() {
    let update = with(&json_of("gitlab/issue.open.json"), "/object_attributes/action", json!("update"));
    let confidential = with(&update, "/object_attributes/confidential", json!(true));
    let internally = |body: &Value, changes: Value| match read(
        Provider::Gitlab,
        &with(body, "/changes", changes),
    )
    .target
    {
        Some(domain::Target::GitlabIssue { internal, .. }) => internal,
        other => panic!("{other:?}"),
    };
    let labels = || json!({"labels": {"previous": [], "current": [{"title": "fraud"}]}});
    assert!(internally(&confidential, labels()));
    assert!(!internally(&confidential, json!({"title": {"previous": "a", "current": "b"}})));
    assert!(!internally(&update, labels()), "everybody sees it");
}

#[test]
fn an_answer_of_the_staff_of_zendesk_is_answered_only_if_it_mentions_the_agent() {
    let customer = json_of("zendesk/ticket.comment_added.json");
    let staff =
        with(&customer, "/event/comment/author", json!({"id": "777", "is_staff": true, "name": "Kim"}));
    let thread = Filter { comments: CommentPolicy::Thread, ..Filter::default() };
    let named = Filter { login: Some("afterhook".to_owned()), ..thread.clone() };
    let verdict = |filter: &Filter, body: &Value| filter.ignores(&read(Provider::Zendesk, body));
    let (silent, spoken) = (Some(IgnoreReason::NotMentioned), None);
    for (filter, other) in [(&thread, None), (&named, silent)] {
        assert_eq!(verdict(filter, &customer), spoken);
        assert_eq!(verdict(filter, &staff), silent);
        let says = |text: &str| with(&staff, "/event/comment/body", json!(text));
        assert_eq!(verdict(filter, &says("@afterhook is that so?")), spoken);
        assert_eq!(verdict(filter, &says("@mona is that so?")), other, "whoever knows the name decides");
    }
    let asks = with(&staff, "/detail/requester_id", json!("777"));
    assert_eq!(verdict(&named, &asks), spoken, "a colleague who has asked");
    let note = with(&staff, "/event/comment/is_public", json!(false));
    let among_staff = Filter { internal: InternalPolicy::AnswerInternally, ..named };
    assert_eq!(verdict(&among_staff, &note), spoken, "a note among the staff is no answer");
}

#[test]
fn a_note_or_issue_of_gitlab_is_internal_by_any_of_its_four_signs() {
    let (note, issue) = (json_of("gitlab/note.create.json"), json_of("gitlab/issue.open.json"));
    assert_eq!(read(Provider::Gitlab, &note).audience, Audience::Public);
    assert_eq!(read(Provider::Gitlab, &issue).audience, Audience::Public);
    for (body, pointer, value) in [
        (&note, "/event_type", json!("confidential_note")),
        (&note, "/object_attributes/internal", json!(true)),
        (&note, "/issue/confidential", json!(true)),
        (&issue, "/event_type", json!("confidential_issue")),
        (&issue, "/object_attributes/confidential", json!(true)),
    ] {
        assert_eq!(
            read(Provider::Gitlab, &with(body, pointer, value)).audience,
            Audience::Internal,
            "{pointer}"
        );
    }
    for hook in ["Confidential Note Hook", "Confidential Issue Hook"] {
        let event = read_by(&sender(Provider::Gitlab), &note, Some(hook));
        assert_eq!(event.audience, Audience::Internal, "{hook}");
    }
    assert_eq!(read_by(&sender(Provider::Gitlab), &note, Some("Note Hook")).audience, Audience::Public);
}

#[test]
fn the_unsigned_name_of_a_hook_makes_nothing_public() {
    let internal = with(&json_of("gitlab/note.create.json"), "/object_attributes/internal", json!(true));
    for hook in [None, Some("Note Hook"), Some("Issue Hook"), Some("")] {
        assert_eq!(read_by(&sender(Provider::Gitlab), &internal, hook).audience, Audience::Internal);
    }
}

#[test]
fn private_places_whose_readers_are_the_readers_of_the_answer_are_public() {
    let mut private: Value = serde_json::from_slice(&opened()).unwrap();
    private["repository"]["private"] = json!(true);
    assert_eq!(github(private.to_string().as_bytes()).audience, Audience::Public);
    assert_eq!(read(Provider::Slack, &json_of("slack/message.im.json")).audience, Audience::Public);
}

#[test]
fn internal_events_are_ignored_unless_they_are_answered_internally() {
    let body = with(&json_of("zendesk/ticket.comment_added.json"), "/event/comment/is_public", json!(false));
    let event = read(Provider::Zendesk, &body);
    let thread = Filter { comments: CommentPolicy::Thread, ..Filter::default() };
    assert_eq!(thread.ignores(&event), Some(IgnoreReason::Internal));
    assert_eq!(IgnoreReason::Internal.as_str(), "internal");
    let among_staff = Filter { internal: InternalPolicy::AnswerInternally, ..thread };
    assert_eq!(among_staff.ignores(&event), None);
    let own = Filter { login: Some("8447388090494".to_owned()), ..among_staff };
    assert_eq!(own.ignores(&event), Some(IgnoreReason::OwnAccount), "the loop guard holds there, too");
}
