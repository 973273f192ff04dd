//! Secrets on command lines: options whose value is one.

/// A program, or what else stands before, and its option for a password: the value follows (or is glued to it), or only
/// the latter.
const OPTIONS: &[(&str, &str, Value)] = &[
    ("mysql", "-p", Value::Glued),
    ("mariadb", "-p", Value::Glued),
    ("7z", "-p", Value::Glued),
    ("rar ", "-p", Value::Glued),
    ("curl", "-u", Value::Glued),
    ("sshpass", "-p", Value::Either),
    ("docker login", "-p", Value::Either),
    ("podman login", "-p", Value::Either),
    ("az login", "-p", Value::Either),
    ("oc login", "-p", Value::Either),
    ("mongo", "-p", Value::Either),
    ("redis-cli", "-a", Value::Either),
    ("ldap", "-w", Value::Either),
    ("sqlcmd", "-P", Value::Either),
    ("zip", "-P", Value::Either),
    ("smbclient", "-U", Value::Either),
    ("aws configure", "aws_secret_access_key", Value::Either),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Glued,
    Either,
}

/// The bytes of `word` that are an option, if a secret follows: glued to it, or as the next word. `said` stands before it
/// on the line.
pub(super) fn option(said: &str, word: &str) -> Option<usize> {
    let option = |&(program, option, value): &(&str, &str, Value)| {
        let rest = word.strip_prefix(option).filter(|_| said.contains(program))?;
        (!rest.is_empty() || value == Value::Either).then_some(option.len())
    };
    OPTIONS.iter().find_map(option)
}
