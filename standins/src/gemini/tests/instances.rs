//! Instances of schemas, judged by the crate `jsonschema`.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::gemini::question::Question;
use crate::gemini::schema::instance;

fn made(schema: &Value, text: &str) -> Value {
    instance(schema, &Question::of(text))
}

fn assert_valid(schema: &Value, text: &str) -> Value {
    let made = made(schema, text);
    let validator = jsonschema::validator_for(schema).unwrap();
    if let Err(error) = validator.validate(&made) {
        panic!("{error}\nschema {schema}\ninstance {made}");
    }
    made
}

/// What a registry of automations asks of triage.
fn triage() -> Value {
    json!({
        "type": "object",
        "properties": {
            "intent": {"type": "string", "enum": ["bug_report", "feature_request", "question", "refund", "incident"]},
            "confidence": {"type": "number", "minimum": 0.0, "maximum": 1.0}, "spam": {"type": "boolean"},
            "parameters": {"type": "object", "properties": {
                "bug_report": {"type": "object", "properties": {"version": {"type": "string"}},
                               "required": ["version"]},
                "refund": {"$ref": "#/$defs/Refund"},
            }},
        },
        "required": ["intent", "confidence", "spam"],
        "$defs": {"Refund": {"type": "object", "required": ["payment", "amount", "reason"], "properties": {
            "payment": {"type": "string", "maxLength": 64}, "amount": {"type": "number"},
            "reason": {"type": ["string", "null"]},
        }}},
    })
}

#[test]
fn triage_is_answered_by_what_the_text_says() {
    let cases = [
        ("Title: Crash on save\nIt fails with an error every time.", "bug_report", false),
        ("Title: How do I change the port?\nI cannot find it.", "question", false),
        ("Title: Dark theme\nPlease add a dark theme.", "feature_request", false),
        ("Charged twice\nI want my money back, please refund me.", "refund", false),
        ("The shop is down\nSince noon everybody sees a blank page.", "incident", false),
        (
            "Import drops the last line\n\n### What happened\nThe list is short.\n### How to see it\nRun it on any \
             file.\n### What I expected\nAll lines. Shall I send a patch?",
            "bug_report",
            false,
        ),
        ("Title: Free spins at our casino!!! click here to win", "question", true),
    ];
    for (text, intent, spam) in cases {
        let answer = assert_valid(&triage(), text);
        assert_eq!(answer["spam"], spam, "{text}");
        if !spam {
            assert_eq!(answer["intent"], intent, "{text}");
            assert!(answer["confidence"].as_f64().unwrap() >= 0.86, "{text}: {answer}");
        }
    }
    let vague = assert_valid(&triage(), "Title: hm\nBody: well");
    assert!(vague["confidence"].as_f64().unwrap() < 0.8, "{vague}");
    let mut only = triage();
    only["properties"]["intent"]["enum"] = json!(["everything"]);
    let sure = assert_valid(&only, "Title: hm\nBody: well");
    assert!(sure["confidence"].as_f64().unwrap() >= 0.86, "there is nothing else to say: {sure}");
}

#[test]
fn of_parameters_by_intent_only_the_chosen_ones_are_filled() {
    let answer = assert_valid(&triage(), "Refund please\nI was charged for ch_1042, refund 19.99 of it.");
    let refund = json!({"payment": "ch_1042", "amount": 19.99, "reason": null});
    assert_eq!(answer["parameters"], json!({"refund": refund}));
    let question = assert_valid(&triage(), "How do I change the port?");
    assert!(question.get("parameters").is_none(), "{question}");
}

#[test]
fn several_events_are_answered_each_under_its_number() {
    let mut event = triage();
    let defs = event.as_object_mut().unwrap().remove("$defs").unwrap();
    event["properties"]["index"] = json!({"type": "integer"});
    event["required"].as_array_mut().unwrap().insert(0, json!("index"));
    let schema = json!({"type": "array", "items": event, "minItems": 3, "maxItems": 3, "$defs": defs});
    let answer = assert_valid(&schema, "It crashes\nAlways, with an error.");
    let events = answer.as_array().unwrap().iter().map(|event| (&event["index"], &event["intent"]));
    let bug = &json!("bug_report");
    assert_eq!(events.collect::<Vec<_>>(), [(&json!(1), bug), (&json!(2), bug), (&json!(3), bug)]);
}

#[test]
fn the_openapi_subset_is_understood() {
    let schema = json!({
        "type": "OBJECT",
        "properties": {
            "a": {"type": "STRING", "nullable": true}, "count": {"type": "INTEGER", "format": "int32"},
            "kind": {"type": "STRING", "enum": ["x", "y"]},
            "tags": {"type": "ARRAY", "items": {"type": "STRING"}, "min_items": "2"},
        },
        "required": ["tags", "a", "kind", "count"],
    });
    let tags = ["Three apples.", "Three apples."];
    assert_eq!(made(&schema, "Three apples."), json!({"tags": tags, "kind": "x", "count": 1, "a": null}));
}

#[test]
fn keywords_are_kept() {
    let schemas = [
        json!({"type": "string", "minLength": 50, "maxLength": 60}),
        json!({"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3}),
        json!({"type": "array", "items": {"type": "integer"}, "maxItems": 0}),
        json!({"enum": [null, 3, true]}),
        json!({"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 7}]}),
        json!({"type": "object", "properties": {}, "required": ["undeclared"]}),
        json!({"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties": {
            "name": {"type": "string"}, "child": {"anyOf": [{"type": "null"}]}}, "required": ["name", "child"]}}}),
        json!({}),
        json!(true),
    ];
    for schema in schemas {
        assert_valid(&schema, "Some text about 3 apples");
    }
}

#[test]
fn schemas_that_never_end_get_an_answer_all_the_same() {
    let endless = json!({"$ref": "#"});
    assert!(!made(&endless, "x").is_string());
    let deep = json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]});
    assert!(made(&deep, "x").is_object());
    let huge = json!({"type": "array", "minItems": 999_999_999,
                      "items": {"type": "array", "minItems": 999_999_999, "items": {"type": "string"}}});
    assert!(made(&huge, "x").to_string().len() < 10_000_000);
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_u64..8, 0_u64..40)
            .prop_map(|(min, more)| json!({"type": "string", "minLength": min, "maxLength": min + more})),
        (-50_i64..50, 0_i64..20)
            .prop_map(|(min, more)| json!({"type": "integer", "minimum": min, "maximum": min + more})),
        (-5.0_f64..5.0, 0.5_f64..3.0)
            .prop_map(|(min, more)| json!({"type": "number", "minimum": min, "maximum": min + more})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["string", "null"]})),
        prop::collection::hash_set("[a-z_]{1,12}", 1..5)
            .prop_map(|words| json!({"type": "string", "enum": words})),
        "[a-z]{1,8}".prop_map(|word| json!({"const": word})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 5, |inner| {
        let member = (inner.clone(), any::<bool>());
        prop_oneof![
            prop::collection::btree_map("[a-z_]{1,10}", member, 0..5).prop_map(|properties| {
                let required: Vec<&String> =
                    properties.iter().filter(|(_, (_, required))| *required).map(|(name, _)| name).collect();
                let inner = properties.iter().map(|(name, (schema, _))| (name.clone(), schema.clone()));
                let inner: serde_json::Map<String, Value> = inner.collect();
                json!({"type": "object", "properties": inner, "required": required, "additionalProperties": false})
            }),
            (inner.clone(), 0_u64..4, 0_u64..4).prop_map(
                |(items, min, more)| json!({"type": "array", "items": items, "minItems": min, "maxItems": min + more})
            ),
            inner.clone().prop_map(|inner| json!({"anyOf": [inner, {"type": "null"}]})),
            prop::collection::vec(inner, 1..4).prop_map(|options| json!({"anyOf": options})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_instance_is_valid(schema in schema(), text in "\\PC{0,80}") {
        assert_valid(&schema, &text);
    }
}
