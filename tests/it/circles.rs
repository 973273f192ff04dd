//! No circle of imports within a crate: a file can be read with nothing in mind but what it imports. A pair of
//! files may import each other, such as a type and its method in a file of its own.
//!
//! Read are the imports as text: `use` declarations and paths such as `crate::a::b`. A name that another file
//! passes on (`pub use`) counts as imported from where it is defined. Unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that are free of circles.
const FREE: &[&str] = &["functions/processor", "shared/gemini", "shared/github"];
/// Files that may import each other.
const MAX_CIRCLE: usize = 2;

/// A module by its path: `["task", "claim"]`; the root is empty.
type Module = Vec<String>;

/// The files of a crate.
struct Crate(BTreeMap<Module, Source>);

#[derive(Default)]
struct Source {
    /// Paths that the file uses, absolute within the crate.
    used: BTreeSet<Module>,
    /// Names that it passes on, with their paths.
    passed_on: BTreeMap<String, Module>,
}

impl Crate {
    fn read(folder: &Path) -> Self {
        let mut files = Vec::new();
        list(&folder.join("src"), &mut Vec::new(), &mut files);
        let modules: BTreeSet<Module> = files.iter().map(|(module, _)| module.clone()).collect();
        let sources = files.iter().map(|(module, file)| {
            let text = production(&fs::read_to_string(file).unwrap());
            (module.clone(), Source::read(module, &text, &modules))
        });
        Self(sources.collect())
    }

    /// The module that defines what `path` names; `None` if it is none of the crate's.
    fn definer(&self, path: &[String], hops: usize) -> Option<Module> {
        let module =
            (0..=path.len()).rev().map(|end| &path[..end]).find(|part| self.0.contains_key(*part))?;
        let name = path.get(module.len());
        match name.and_then(|name| self.0[module].passed_on.get(name)) {
            Some(further) if hops > 0 => self.definer(further, hops - 1),
            _ => Some(module.to_vec()),
        }
    }

    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let definers = self.0[module].used.iter().filter_map(|path| self.definer(path, 8));
        definers.filter(|definer| definer != module).collect()
    }

    /// What `module` imports of `circle`.
    fn told(&self, module: &Module, circle: &BTreeSet<Module>) -> String {
        let within: Vec<String> =
            self.imports(module).intersection(circle).map(|other| other.join("::")).collect();
        format!("{} imports {}", module.join("::"), within.join(", "))
    }

    /// Every set of files that reach each other.
    fn circles(&self) -> BTreeSet<BTreeSet<Module>> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> =
            self.0.keys().map(|module| (module, self.imports(module))).collect();
        let reach = |from: &Module| {
            let (mut reached, mut open) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(next) = open.pop() {
                open.extend(imports[&next].iter().filter(|below| reached.insert((*below).clone())).cloned());
            }
            reached
        };
        let reached: BTreeMap<&Module, BTreeSet<Module>> =
            self.0.keys().map(|module| (module, reach(module))).collect();
        let circle = |module: &Module| -> BTreeSet<Module> {
            reached[module].iter().filter(|other| reached[other].contains(module)).cloned().collect()
        };
        self.0.keys().map(circle).filter(|circle| circle.len() > 1).collect()
    }
}

impl Source {
    fn read(module: &Module, text: &str, modules: &BTreeSet<Module>) -> Self {
        let mut source = Self::default();
        let mut others = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some((before, tree)) = use_declaration(line) else {
                others.push_str(line);
                others.push('\n');
                continue;
            };
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree.push_str(lines.next().expect("a use declaration ends"));
            }
            let mut paths = Vec::new();
            expand(tree.trim_end_matches(';'), &[], &mut paths);
            let paths =
                paths.iter().filter_map(|(path, name)| Some((absolute(module, path, modules)?, name)));
            if before.contains("pub") {
                source.passed_on.extend(paths.map(|(path, name)| (name.clone(), path)));
            } else {
                source.used.extend(paths.map(|(path, _)| path));
            }
        }
        // A file that defines something by a name that it passes on uses it, too.
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let declares = |line: &&str| !line.trim_end().ends_with(';') || !line.contains("mod ");
        let words: BTreeSet<&str> =
            others.lines().filter(declares).flat_map(|line| line.split(|c| !is_word(c))).collect();
        let own = source.passed_on.iter().filter(|(name, _)| words.contains(name.as_str()));
        let own: Vec<Module> = own.map(|(_, path)| path.clone()).collect();
        source.used.extend(own);
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let paths = others.split(|c| !is_path(c)).filter(|word| word.contains("::"));
        let paths = paths.map(|word| word.split("::").map(str::to_owned).collect::<Module>());
        source.used.extend(paths.filter_map(|path| absolute(module, &path, modules)));
        source
    }
}

/// All modules below `folder`, with their files.
fn list(folder: &Path, module: &mut Module, files: &mut Vec<(Module, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            module.push(name);
            list(&path, module, files);
            module.pop();
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "main" {
            let own = (name != "mod" && name != "lib").then_some(name);
            files.push((module.iter().cloned().chain(own).collect(), path));
        }
    }
}

/// The text without comments, and without its unit tests: a file of their own, or the end of this one.
fn production(text: &str) -> String {
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// What stands before and behind the `use` of a declaration that begins in `line`.
fn use_declaration(line: &str) -> Option<(&str, &str)> {
    let (before, tree) = line.trim_start().split_once("use ")?;
    (before.is_empty() || (before.starts_with("pub") && before.ends_with(' ')))
        .then_some((before, tree.trim_end()))
}

/// The paths of a `use` tree, each with the name that it gets.
fn expand(tree: &str, prefix: &[String], paths: &mut Vec<(Module, String)>) {
    for part in split(tree) {
        let (path, group) = part.split_once('{').map_or((part, None), |(path, group)| (path, Some(group)));
        let (path, alias) = path.split_once(" as ").map_or((path, None), |(path, name)| (path, Some(name)));
        let segments =
            path.split("::").map(str::trim).filter(|segment| !segment.is_empty() && *segment != "self");
        let path: Module = prefix.iter().cloned().chain(segments.map(str::to_owned)).collect();
        match group {
            Some(group) => expand(group.trim_end().trim_end_matches('}'), &path, paths),
            None => {
                let name = alias.map(str::to_owned).or(path.last().cloned()).unwrap_or_default();
                paths.push((path, name));
            }
        }
    }
}

/// The parts of a list, split at the commas outside of braces.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// `path`, written in `module`, from the crate's root; `None` if it begins at another crate.
fn absolute(module: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" => Some([&module[..module.len().checked_sub(supers)?], &path[supers..]].concat()),
        child => {
            let below = [&module[..], &[child.to_owned()]].concat();
            modules.contains(&below).then(|| [below.as_slice(), rest].concat())
        }
    }
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    for folder in FREE {
        let krate = Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder));
        assert!(krate.0.len() > 10, "{folder}: its files are not found");
        let large: Vec<String> = krate
            .circles()
            .iter()
            .filter(|circle| circle.len() > MAX_CIRCLE)
            .flat_map(|circle| circle.iter().map(|module| krate.told(module, circle)))
            .collect();
        assert!(large.is_empty(), "{folder}:\n{}", large.join("\n"));
    }
}

#[test]
fn a_circle_is_found_through_lists_parents_and_names_that_are_passed_on() {
    let dir = tempfile::tempdir().unwrap();
    let src = dir.path().join("src");
    fs::create_dir_all(src.join("room")).unwrap();
    for (file, text) in [
        ("lib.rs", "mod room;\nmod top;\npub use room::{a::A, b};\npub struct Root(A);\n"),
        ("top.rs", "use crate::b;\n// use crate::c;\nfn top() { let x = \"a\"; }\n"),
        ("room/mod.rs", "pub(crate) mod a;\npub mod b;\nmod c;\npub(crate) use self::c::C;\n"),
        ("room/a.rs", "use std::{fmt, mem};\nuse super::b::{self, B};\npub struct A(crate::Root);\n"),
        (
            "room/b.rs",
            "use crate::room::C;\nfn b() { crate::top::top() }\n#[cfg(test)]\nmod tests { use crate::A; }\n",
        ),
        (
            "room/c.rs",
            "#[cfg(test)]\nmod tests;\nuse crate::{\n    A,\n    room::nothing,\n};\npub(crate) struct C;\n",
        ),
    ] {
        fs::write(src.join(file), text).unwrap();
    }
    let krate = Crate::read(dir.path());
    let named: Vec<Vec<String>> = krate
        .circles()
        .into_iter()
        .map(|circle| circle.iter().map(|module| module.join("::")).collect())
        .collect();
    assert_eq!(named, [["", "room::a", "room::b", "room::c", "top"]]);
    fs::write(src.join("room/c.rs"), "pub(crate) struct C;\n").unwrap();
    let left = Crate::read(dir.path()).circles();
    assert_eq!(left.iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 2], "two pairs are left");
}
