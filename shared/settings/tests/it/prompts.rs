//! The templates and lists of hosts that agent.toml names.

use std::fs;
use std::path::Path;

use settings::{Hosts, Settings};

const HEAD: &str = "[agent]\npersona = \"persona.md\"\n";
const REST: &str = "[sources.github]\n[[intents]]\nname = \"bug\"\nwhen = \"x\"\nautomation = \"reply\"\n";

fn dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("persona.md"), "p").unwrap();
    dir
}

fn mistakes(text: &str, dir: &Path) -> Vec<String> {
    Settings::parse(text, dir).unwrap_err().as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn mistakes_in_templates_come_with_their_file_and_line_and_those_of_agent_toml() {
    let dir = dir();
    fs::write(dir.path().join("bad.md"), "\nfine\n{{ event.titel }}\n{{ nobody }}").unwrap();
    let text = format!("{HEAD}histroy = 3\n{REST}prompt = \"bad.md\"\n");
    let found = mistakes(&text, dir.path());
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0], "agent.toml:3:1: agent.histroy: unknown key; did you mean `history`?");
    let file = dir.path().join("bad.md").display().to_string();
    let expected = format!("{file}:3:1: unknown variable `event.titel`; did you mean `event.title`?");
    assert_eq!(found[1], expected);
    assert!(found[2].starts_with(&format!("{file}:4:1: unknown variable `nobody`; known: ")), "{}", found[2]);
}

#[test]
fn a_template_that_is_not_there_is_a_mistake_of_agent_toml() {
    let found = mistakes(&format!("{HEAD}{REST}prompt = \"absent.md\"\n"), dir().path());
    let expected = "agent.toml:8:10: intents[0].prompt: `absent.md`: there is no such file; paths are relative to \
                    agent.toml";
    assert_eq!(found, [expected]);
}

#[test]
fn hosts_are_names_and_nothing_else() {
    let lists = |list: &str| format!("{HEAD}link_hosts = [{list}]\nmedia_hosts = []\n{REST}");
    let settings = Settings::parse(&lists("\"Docs.Example.com\", \"*.example.org\""), dir().path()).unwrap();
    assert_eq!(settings.agent.link_hosts, Hosts::new(["docs.example.com", "*.example.org"]));
    assert_eq!(
        (settings.agent.media_hosts, settings.agent.image_hosts),
        (Hosts::default(), Hosts::default())
    );
    let parts =
        Settings::parse(&lists("\"github.com/octo/\"").replace("link_", "image_"), dir().path()).unwrap();
    assert_eq!(parts.agent.image_hosts, Hosts::new(["github.com/octo"]));
    for bad in [
        "localhost",
        "10.0.0.1",
        "*",
        "*.",
        "https://a.example",
        "a.example/../x",
        "a.example//x",
        "a.example/x?y",
        "a.example/%2e",
        "a.example:8080",
        "*.*.example",
        "a..example",
        "-a.example",
        "[::1]",
        "a.b@c.example",
        "ex ample.com",
    ] {
        assert_eq!(mistakes(&lists(&format!("\"{bad}\"")), dir().path()).len(), 1, "{bad}");
    }
}

#[test]
fn images_of_github_are_shown_by_default() {
    let settings = Settings::parse(&format!("{HEAD}{REST}"), dir().path()).unwrap();
    assert!(settings.agent.media_hosts.contains("user-images.githubusercontent.com"));
    assert!(!settings.agent.media_hosts.contains("github.com.evil.example"));
}

#[test]
fn every_intent_that_ships_has_its_template() {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent/agent.toml");
    let settings = Settings::load(&agent).unwrap();
    assert!(settings.intents.iter().filter(|it| it.automation == "reply").all(|it| it.prompt.is_some()));
}
