//! Every message that asks about a draft is there once, and says in the end how the draft was decided.

use std::collections::BTreeSet;

use super::After;

pub(super) fn check(after: &After<'_>) -> Vec<String> {
    let messages = after.world.channel.messages();
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for message in &messages {
        let (task, name) = (&message.task, &message.name);
        if !names.insert((task, name)) {
            found.push(format!("{task}: {name} was asked twice"));
        }
        if message.says.is_none() {
            found.push(format!("{task}: {name} still asks"));
        }
    }
    found
}
