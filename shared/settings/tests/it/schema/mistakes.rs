//! What the reader refuses, editors underline.

use settings::Settings;

use super::{refusals, validator};

/// A section with one mistake, put before a good source unless it brings its own.
const WRONG: &[(&str, &str)] = &[
    // Types.
    ("a number for a text", "[agent]\nname = 5"),
    ("a text for a number", "[agent]\nhistory = \"5\""),
    ("a fraction for a whole number", "[agent]\nhistory = 5.5"),
    ("a text for a list", "[agent]\ndocuments = \"docs/*.md\""),
    ("a number in a list of texts", "[agent]\nlink_hosts = [5]"),
    ("a text for a table", "[models]\ngeneration = \"hot\""),
    ("a text for yes or no", "[sources.github]\ntrusted = \"yes\""),
    ("a table for a list", "[intents]\nname = \"a\"\nwhen = \"b\"\nautomation = \"reply\""),
    ("a number for a table or a text", "[models.generation]\nthinking = 5"),
    // Keys.
    ("an unknown section", "[agnet]\nname = \"a\""),
    ("an unknown key", "[agent]\nhistroy = 5"),
    ("an unknown key of a model", "[models.limits.\"gemini-pro-latest\"]\nrpmm = 5"),
    ("an unknown key in a table within", "[models.limits.gemini-pro-latest]\nbreaker = { error_rte = 0.5 }"),
    ("an unknown key of a source", "[sources.github]\ncolour = \"red\""),
    (
        "an unknown key of an intent",
        "[[intents]]\nname = \"a\"\nwhen = \"b\"\nautomation = \"reply\"\nprio = 3",
    ),
    ("an unknown automation with settings", "[automations.lable]\nallowed = [\"bug\"]"),
    ("an unknown key of a call", "[automations.http.a]\nurl = \"https://a.example.com/\"\nretries = 3"),
    ("a key of another sender", "[sources.github]\nsubdomain = \"acme\""),
    ("a key of another provider", "[sources.issues]\nprovider = \"github\"\nhost = \"acme.atlassian.net\""),
    (
        "a key of another's for a sender of one's own",
        "[sources.billing]\nscheme = { header = \"X-Signature\" }\nhost = \"acme.atlassian.net\"",
    ),
    ("a map for a sender that needs none", "[sources.stripe]\nmap = { thread = \"/id\" }"),
    // What must be there.
    ("an intent without a condition", "[[intents]]\nname = \"a\"\nautomation = \"reply\""),
    ("a call without an address", "[automations.http.a]\nmethod = \"PUT\""),
    ("an approval channel without approvers", "[approvals.slack]\nchannel = \"C1\"\n[sources.slack]"),
    ("no sources", "[sources]"),
    ("a scheme without its header", "[sources.billing]\nscheme = { prefix = \"a\" }"),
    ("a sender of nobody knows whom", "[sources.billing]\nevents = [\"a.b\"]"),
    ("a sender of one's own without a scheme", "[sources.billing]\nprovider = \"custom\""),
    ("a sender called so without a scheme", "[sources.custom]"),
    // Values.
    ("an unknown choice", "[agent]\napproval = \"low-confidence\""),
    ("an unknown tier", "[models]\ntier = \"tier4\""),
    ("an unknown method", "[automations.http.a]\nurl = \"https://a.example.com/\"\nmethod = \"GET\""),
    ("an unknown provider", "[sources.a]\nprovider = \"githup\""),
    ("an unknown scheme", "[sources.a]\nscheme = \"githup\""),
    ("a level of thinking that is none", "[models.generation]\nthinking = \"deep\""),
    ("two ways to bound thinking", "[models.generation]\nthinking = { level = \"low\", budget = 5 }"),
    ("a share above one", "[agent]\nconfidence_threshold = 1.5"),
    ("a number below its bound", "[models]\nendpoints = [{ weight = -1 }]"),
    ("a project with a path", "[models]\nendpoints = [{ project = \"a/b\" }]"),
    (
        "a priority that is none",
        "[[intents]]\nname = \"a\"\nwhen = \"b\"\nautomation = \"reply\"\npriority = 6",
    ),
    ("a budget of nothing", "[budget]\nper_day_usd = 0"),
    ("a blank text", "[agent]\nname = \" \""),
    (
        "too many stop sequences",
        "[models.generation]\nstop_sequences = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]",
    ),
    ("no label", "[automations.label]\nallowed = []"),
    ("no currency", "[automations.refund_request]\nmax_amount = {}"),
    ("a currency that is none", "[automations.refund_request]\nmax_amount = { dollars = 5 }"),
    ("a name for an id", "[automations.summarise]\nchannel = \"#general\""),
    ("a name with a space", "[[intents]]\nname = \"a b\"\nwhen = \"b\"\nautomation = \"reply\""),
    ("a route with a capital", "[sources.Github]\nprovider = \"github\""),
    ("a model with a path", "[models]\nanswer = \"models/gemini-pro-latest\""),
    ("a host with a scheme", "[agent]\nlink_hosts = [\"https://example.com\"]"),
    ("a pointer without its slash", "[sources.svix]\nidentity = \"id\""),
    ("an event of a kind that the sender has not", "[sources.github]\nevents = [\"check_run.completed\"]"),
    ("an event without its action", "[sources.gitlab]\nevents = [\"issue\"]"),
    ("an event of another provider", "[sources.a]\nprovider = \"jira\"\nevents = [\"issues.opened\"]"),
    ("a rule for such an event", "[[sources.github.priority]]\nwhen = { event = \"push\" }\npriority = 5"),
    (
        "a header with a variable of another's",
        "[automations.http.a]\nurl = \"https://a.example.com/\"\nheaders = { Authorization = \"GEMINI_API_KEY\" }",
    ),
    (
        "a parameter of a type that has no place",
        "[automations.http.a]\nurl = \"https://a.example.com/\"\nparameters = { properties = { a = { type = \"array\" } } }",
    ),
    (
        "a keyword that is not heeded",
        "[automations.http.a]\nurl = \"https://a.example.com/\"\n\
         parameters = { properties = { a = { type = \"string\", pattern = \"x\" } } }",
    ),
    // Durations.
    ("a duration in words", "[agent]\napproval_expires = \"48 hours\""),
    ("a duration without a unit", "[models]\ncache_ttl = \"90\""),
    ("a duration as a number", "[models.limits.gemini-pro-latest]\ntimeout = 90"),
    ("a duration with a fraction", "[sources.github]\nmax_event_age = \"1.5d\""),
];

/// The intents that the calls of the samples need, so that each has the one mistake.
fn whole(section: &str) -> String {
    let source = if section.contains("[sources") { "" } else { "\n[sources.github]" };
    let mut text = format!("{section}{source}\n");
    for automation in ["http.a", "label", "summarise", "refund_request"] {
        if section.contains(&format!("[automations.{automation}]")) {
            let name = automation.replace('.', "_");
            text += &format!("[[intents]]\nname = \"{name}\"\nwhen = \"b\"\nautomation = \"{automation}\"\n");
        }
    }
    text
}

#[test]
fn reader_and_schema_refuse_the_same_mistakes() {
    let (validator, dir) = (validator(), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("prompts")).unwrap();
    std::fs::write(dir.path().join("prompts/persona.md"), "You help.").unwrap();
    assert_eq!(refusals(&validator, &whole("")), Vec::<String>::new());
    assert!(Settings::parse(&whole(""), dir.path()).is_ok());
    for (what, section) in WRONG {
        let text = whole(section);
        let read = Settings::parse(&text, dir.path());
        let Err(read) = read else { panic!("the reader takes {what}:\n{text}") };
        let key = read.as_slice()[0].key.replace(['.', '['], "/").replace(']', "");
        let found = refusals(&validator, &text);
        assert!(found.iter().any(|refusal| is_at(refusal, &format!("/{key}"))), "{what}, {key}: {found:#?}");
    }
}

/// Whether the schema refuses what stands at `key`, the table around it, or something in it.
fn is_at(refusal: &str, key: &str) -> bool {
    let place = refusal.split(": ").next().unwrap_or_default();
    let within = |whole: &str, part: &str| part.strip_prefix(whole).map(|rest| rest.matches('/').count());
    within(place, key).is_some_and(|deeper| deeper <= 1) || within(key, place).is_some()
}
