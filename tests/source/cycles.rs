//! Finds files of a crate that use each other: which module a path leads to is worked out from the paths alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::without_text;

/// The names that lead from a crate's root to a module.
type Module = Vec<String>;

/// The modules of a crate that are files of their own, with what each uses.
#[derive(Default)]
pub(crate) struct Modules {
    files: BTreeMap<Module, Vec<Path>>,
    /// What a module gives out under its own name, and where that stands.
    given_out: BTreeMap<Module, BTreeMap<String, Module>>,
}

/// A path that a file names.
struct Path {
    steps: Vec<String>,
    /// Whether the file gives out what it leads to, and may use it no further.
    is_given_out: bool,
}

impl Modules {
    /// Reads the files of a crate, each by its path below `src`; what tests use does not count.
    pub(crate) fn of<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let mut modules = Self::default();
        let files: Vec<(Module, &str)> = files.into_iter().map(|(name, text)| (module_of(name), text)).collect();
        let renamed: BTreeMap<Module, Module> = files.iter().flat_map(|(module, text)| renamed(module, text)).collect();
        for (module, text) in files {
            let module = renamed.get(&module).cloned().unwrap_or(module);
            if !module.last().is_some_and(|last| last.ends_with("tests")) {
                modules.files.entry(module).or_default().extend(paths(&without_text(text)));
            }
        }
        // What is given out may have been given out before.
        for _ in 0..3 {
            modules.given_out = modules.find_given_out();
        }
        modules
    }

    fn find_given_out(&self) -> BTreeMap<Module, BTreeMap<String, Module>> {
        let of = |(module, paths): (&Module, &Vec<Path>)| {
            let given_out = paths.iter().filter(|path| path.is_given_out).filter_map(|path| {
                let found = self.find(module, &path.steps).filter(|found| found != module)?;
                Some((path.steps.last()?.clone(), found))
            });
            (module.clone(), given_out.collect())
        };
        self.files.iter().map(of).collect()
    }

    /// Returns the module that holds what a path in `module` leads to, if it is a file of this crate.
    fn find(&self, module: &Module, steps: &[String]) -> Option<Module> {
        let (first, rest) = steps.split_first()?;
        let (mut at, mut rest) = match first.as_str() {
            "crate" => (Module::new(), rest),
            "self" => (module.clone(), rest),
            "super" => (module.clone(), steps),
            _ => (module.clone(), steps),
        };
        let is_from_here = ["crate", "self", "super"].contains(&first.as_str());
        while let Some((_, further)) = rest.split_first().filter(|(step, _)| *step == "super") {
            at.pop();
            rest = further;
        }
        let child = |at: &Module, step: &String| at.iter().chain([step]).cloned().collect::<Module>();
        if !is_from_here && !self.files.contains_key(&child(&at, first)) {
            return None;
        }
        while let Some((step, further)) = rest.split_first() {
            let next = child(&at, step);
            let given = self.given_out.get(&at).and_then(|given| given.get(step));
            // A function and its module may have one name: what follows says which is meant.
            let is_module = self.files.contains_key(&next);
            match given.filter(|given| !is_module || (further.is_empty() && **given != next)) {
                Some(given) => at.clone_from(given),
                None if is_module => at = next,
                None => break,
            }
            rest = further;
        }
        Some(at)
    }

    /// Returns each circle of files that use each other, by its shortest way round.
    pub(crate) fn circles(&self) -> Vec<String> {
        let uses: BTreeMap<&Module, BTreeSet<Module>> = self
            .files
            .iter()
            .map(|(module, paths)| {
                let used = paths.iter().filter(|path| !path.is_given_out);
                let used = used.filter_map(|path| self.find(module, &path.steps)).filter(|used| used != module);
                (module, used.collect())
            })
            .collect();
        let mut circles = BTreeSet::new();
        for start in uses.keys() {
            if let Some(way) = way_back(start, &uses) {
                let least = way.iter().min().cloned();
                let turn = way.iter().position(|module| Some(module) == least.as_ref()).unwrap_or_default();
                let way: Vec<String> =
                    way.iter().cycle().skip(turn).take(way.len() + 1).map(|module| module.join("::")).collect();
                circles.insert(way.join(" -> "));
            }
        }
        circles.into_iter().collect()
    }
}

/// Returns the module that a file is, by its path below `src`.
fn module_of(name: &str) -> Module {
    let mut steps: Module = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if steps.last().is_some_and(|last| last == "mod") || ["lib.rs", "main.rs"].contains(&name) {
        steps.pop();
    }
    steps
}

/// Returns the modules that a file has under another name than their files have: `#[path = "unix.rs"] mod system;`.
fn renamed(module: &Module, text: &str) -> Vec<(Module, Module)> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter_map(|pair| {
        let file = pair[0].strip_prefix("#[path = \"")?.strip_suffix(".rs\"]")?;
        let name = pair[1].strip_prefix("mod ")?.strip_suffix(';')?;
        let child = |name: &str| module.iter().cloned().chain([name.to_owned()]).collect::<Module>();
        Some((child(file), child(name)))
    });
    pairs.collect()
}

/// Returns the modules on the shortest way from a module back to it.
fn way_back(start: &Module, uses: &BTreeMap<&Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<Module, Module> = BTreeMap::new();
    let mut waiting = VecDeque::from([start.clone()]);
    while let Some(module) = waiting.pop_front() {
        for used in uses.get(&module).into_iter().flatten() {
            if used == start {
                let mut way = vec![module];
                while let Some(before) = way.last().and_then(|last| came_from.get(last)).cloned() {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(used) {
                came_from.insert(used.clone(), module.clone());
                waiting.push_back(used.clone());
            }
        }
    }
    None
}

/// Returns the paths in a file, those in `use` groups taken apart; modules called `tests` are passed over.
fn paths(code: &str) -> Vec<Path> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    // For each brace that is open, whether it is a module's.
    let mut open: Vec<bool> = Vec::new();
    let (mut at, mut is_public) = (0, false);
    while let Some(token) = tokens.get(at) {
        let inside = open.iter().filter(|is_module| **is_module).count();
        match token.as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|next| next == "{") => {
                at += 2;
                if tokens[at - 1] == "tests" {
                    at = end_of_block(&tokens, at);
                } else {
                    open.push(true);
                }
            }
            "use" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap_or_default();
                let mut paths = Vec::new();
                spread(&tokens[at + 1..end], &[], &mut paths);
                let seen = |steps: Vec<String>| seen_from_file(steps, inside);
                found.extend(paths.into_iter().map(seen).map(|steps| Path { steps, is_given_out: is_public }));
                at = end;
            }
            "{" => open.push(false),
            "}" => drop(open.pop()),
            "::" => {}
            word if is_name(word) => {
                let mut steps = vec![word.to_owned()];
                while tokens.get(at + 1).is_some_and(|next| next == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_name(next))
                {
                    steps.push(tokens[at + 2].clone());
                    at += 2;
                }
                if steps.len() > 1 {
                    found.push(Path { steps: seen_from_file(steps, inside), is_given_out: false });
                }
            }
            _ => {}
        }
        // `pub(crate) use` has a bracket between.
        is_public = match tokens[at].as_str() {
            "pub" => true,
            ";" | "{" | "}" => false,
            _ => is_public,
        };
        at += 1;
    }
    found
}

/// Returns a path in a module inside a file as it would be written in the file itself.
fn seen_from_file(mut steps: Vec<String>, inside: usize) -> Vec<String> {
    let supers = steps.iter().take_while(|step| *step == "super").count().min(inside);
    steps.drain(..supers);
    if supers > 0 && steps.first().is_none_or(|step| step != "super") {
        steps.insert(0, "self".to_owned());
    }
    steps
}

/// Adds the paths of a `use`, whose braces may stand in each other.
fn spread(tokens: &[String], before: &[String], to: &mut Vec<Vec<String>>) {
    let (mut depth, mut start) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate().chain([(tokens.len(), &",".to_owned())]) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 0 => {
                let part = &tokens[start..at];
                start = at + 1;
                let open = part.iter().position(|token| token == "{");
                let names = part[..open.unwrap_or(part.len())].iter().take_while(|token| *token != "as");
                let steps: Vec<String> = before.iter().chain(names.filter(|token| *token != "::")).cloned().collect();
                match open {
                    Some(open) => spread(&part[open + 1..part.len() - 1], &steps, to),
                    None if part.is_empty() => {}
                    None => to.push(without_self(steps)),
                }
            }
            _ => {}
        }
    }
}

/// In a group `self` is what stands before the group.
fn without_self(mut steps: Vec<String>) -> Vec<String> {
    if steps.len() > 1 && steps.last().is_some_and(|last| last == "self") {
        steps.pop();
    }
    steps
}

fn end_of_block(tokens: &[String], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len() - 1
}

fn is_name(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// Returns names, `::`, and all other signs one by one.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

#[test]
fn files_that_use_each_other_are_found() {
    let circles = |files: &[(&str, &str)]| Modules::of(files.iter().copied()).circles();
    let of = |one, other| {
        circles(&[
            ("lib.rs", "mod room;"),
            ("room/mod.rs", "mod one; pub use one::One;\nmod other;"),
            ("room/one.rs", one),
            ("room/other.rs", other),
        ])
    };
    let met = ["room::one -> room::other -> room::one"];
    assert_eq!(of("use super::other::Other; pub struct One;", "use super::one::One; pub struct Other;"), met);
    assert_eq!(of("use super::{other::{self, Other}};", "fn f() { crate::room::One::new() }"), met);
    assert_eq!(of("mod inner { use super::super::other::Other; }", "use super::One as First;"), met);
    for (one, other) in [
        ("use super::other::Other;", "pub struct Other; mod tests { use super::super::one::One; }"),
        ("use super::other::Other;", "// super::one::One\nmod inner { use super::Other; }"),
        ("use super::other::Other;", "use crate::elsewhere::One; use std::one::Two;"),
    ] {
        assert_eq!(of(one, other), [""; 0], "{one} {other}");
    }
    let system = ("a.rs", "#[path = \"unix.rs\"]\nmod system;\nuse system::f; pub struct A;");
    assert_eq!(circles(&[system, ("a/unix.rs", "use super::A; pub fn f() {}")]), ["a -> a::system -> a"]);
    let parent = circles(&[("a/mod.rs", "mod b; use b::f; pub struct A;"), ("a/b.rs", "use super::A; pub fn f() {}")]);
    assert_eq!(parent, ["a -> a::b -> a"]);
}
