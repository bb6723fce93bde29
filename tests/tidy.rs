//! Reads the source tree and holds it to the rules of the house that no compiler checks.

#![allow(clippy::disallowed_methods, reason = "what it looks at is the source")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod source;

use source::{Functions, Modules, without_text};

const LINES_OF_A_FILE: usize = 500;
const LINES_OF_A_FUNCTION: usize = 70;
const LINES_OF_A_DECISION: usize = 60;
/// The home that tests make up.
const INVENTED_HOME: &str = "/home/ada";

#[test]
fn every_source_file_says_on_its_first_line_what_lives_there() {
    let says = |text: &str| text.starts_with("//! ") && text.lines().next().is_some_and(|line| line.len() > 12);
    let silent = sources().filter(|file| !says(&file.text)).map(|file| file.name);
    check("start with `//! ` and a sentence", silent);
}

#[test]
fn no_source_file_is_long() {
    let long = sources().map(|file| (file.text.lines().count(), file.name));
    let long = long.filter(|(lines, _)| *lines > LINES_OF_A_FILE);
    check("have at most 500 lines", long.map(|(lines, name)| format!("{name}: {lines}")));
}

#[test]
fn no_function_is_long() {
    let mut long = Vec::new();
    for file in sources() {
        let code = without_text(&file.text);
        for function in Functions::of(&code).filter(|function| function.lines > LINES_OF_A_FUNCTION) {
            long.push(format!("{}:{}: `{}` has {}", file.name, function.line, function.name, function.lines));
        }
    }
    check("have functions of at most 70 lines", long);
}

#[test]
fn rooms_use_only_the_rooms_that_the_architecture_allows() {
    let architecture = read("ARCHITECTURE.md");
    let table = architecture.split("\n| room | uses |\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows =
        table.expect("a table of the rooms").lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let mut allowed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (room, uses) in rows {
        let uses = words(uses);
        // A room stands below all that it uses, so no two rooms use each other, directly or by way of others.
        let below = uses.iter().filter(|used| !allowed.contains_key(*used));
        wrong.extend(below.map(|used| format!("ARCHITECTURE.md: `{room}` stands above `{used}`")));
        allowed.insert(room.to_owned(), uses);
    }
    for file in sources() {
        let Some(inside) = file.name.strip_prefix("mltrace-core/src/").filter(|name| *name != "lib.rs") else {
            continue;
        };
        let room = inside.split(['/', '.']).next().unwrap_or_default();
        let Some(uses) = allowed.get(room) else {
            wrong.push(format!("{}: its room is not in the table", file.name));
            continue;
        };
        for path in source::crate_paths(&without_text(&file.text)) {
            if path.room != room && !uses.contains(&path.room) {
                wrong.push(format!("{}:{}: `{}`", file.name, path.line, path.room));
            }
        }
    }
    check("use only the rooms that ARCHITECTURE.md allows", wrong);
}

#[test]
fn no_files_of_a_crate_use_each_other() {
    let files: Vec<_> = sources().collect();
    let mut circles = Vec::new();
    for place in ["src/", "mltrace-core/src/", "mltrace-cli/src/"] {
        let of_crate = files.iter().filter_map(|file| Some((file.name.strip_prefix(place)?, file.text.as_str())));
        circles.extend(Modules::of(of_crate).circles().into_iter().map(|circle| format!("{place}: {circle}")));
    }
    check("use each other in no circle", circles);
}

#[test]
fn the_recipes_name_every_file_that_their_samples_stand_in() {
    let architecture = read("ARCHITECTURE.md");
    let recipes = architecture.split("\n## Recipes\n").nth(1).expect("a chapter of recipes");
    let tries = ["tests/", "fuzz/", "benches/", "reliability/", "triage-bench/", "examples/"];
    let is_tried =
        |file: &File| tries.iter().any(|folder| file.name.starts_with(folder) || file.name.contains("/tests/"));
    let sources: Vec<_> = sources().filter(|file| !is_tried(file)).collect();
    let codes: Vec<_> = sources.iter().map(|file| (file.name.as_str(), without_text(&file.text))).collect();
    let mut wrong = Vec::new();
    for recipe in recipes.split("\n### ").skip(1) {
        let title = recipe.lines().next().unwrap_or_default();
        let named: Vec<&str> = recipe.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
        let gone = named.iter().filter(|name| !root().join(name).is_file());
        wrong.extend(gone.map(|name| format!("{title}: `{name}` does not exist")));
        let sample = recipe.split(", by `").nth(1).and_then(|rest| rest.split('.').next()).unwrap_or_default();
        let words: Vec<&str> = sample.split('`').step_by(2).filter(|word| !word.is_empty()).collect();
        // What the sample keeps in a folder of its own is not touched for another.
        let own = if title == "A database" { "mltrace-core/src/store/sqlite/" } else { "" };
        let is_own = |name: &str| !own.is_empty() && name.starts_with(own);
        let holds = |code: &str| words.iter().any(|word| source::holds_word(code, word));
        let met = codes.iter().filter(|(name, code)| !is_own(name) && holds(code)).map(|(name, _)| *name);
        let met: Vec<&str> = met.collect();
        wrong.extend(
            met.iter().filter(|name| !named.contains(name)).map(|name| format!("{title}: `{name}` is not named")),
        );
        if met.len() < 2 {
            wrong.push(format!("{title}: {words:?} stand in {met:?} only"));
        }
    }
    check("are what the recipes of ARCHITECTURE.md name", wrong);
}

#[test]
fn nothing_below_the_command_line_prints() {
    let printing = ["println!", "print!", "eprintln!", "eprint!", "dbg!", "io::stdout", "io::stderr"];
    // The doorway reports once, on stderr, what keeps it from recording: nobody else could.
    let allowed = ["src/process.rs"];
    check("print nothing", below_the_command_line(&printing, &allowed));
}

#[test]
fn only_the_settings_read_the_environment() {
    let reading = ["env::var", "env::vars", "env::set_var", "env::remove_var"];
    check("read no environment", below_the_command_line(&reading, &["mltrace-core/src/config.rs"]));
}

#[test]
fn whoever_sleeps_or_ends_the_process_says_why_in_that_file() {
    // Tests may make files, for which the lint that forbids these calls is off in most of them.
    let calls = ["thread::sleep(", "process::exit(", "set_current_dir("];
    let is_silent = |file: &File| {
        let code = without_text(&file.text);
        calls.iter().any(|call| code.contains(call)) && !code.contains("clippy::disallowed_methods")
    };
    let ours = |file: &File| !["tests/mistakes/", "tests/tidy.rs"].iter().any(|place| file.name.starts_with(place));
    check("say why they wait or end", sources().filter(|file| ours(file) && is_silent(file)).map(|file| file.name));
}

#[test]
fn every_file_has_a_name_that_says_something() {
    let empty = ["util", "utils", "helper", "helpers", "common", "misc", "stuff"];
    let named = |file: &File| file.name.split(['/', '.', '_', '-']).any(|word| empty.contains(&word));
    check("be called after what they hold", files().filter(named).map(|file| file.name));
}

#[test]
fn every_design_decision_is_a_page_and_listed() {
    let index = read("docs/design/README.md");
    let decisions =
        files().filter(|file| file.name.starts_with("docs/design/") && file.name != "docs/design/README.md");
    let mut wrong = Vec::new();
    for file in decisions {
        let lines = file.text.lines().count();
        if lines > LINES_OF_A_DECISION {
            wrong.push(format!("{}: {lines} lines", file.name));
        }
        let name = file.name.trim_start_matches("docs/design/");
        if !index.contains(&format!("({name})")) {
            wrong.push(format!("{}: not in docs/design/README.md", file.name));
        }
    }
    check("be at most 60 lines and stand in the index", wrong);
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let homes = ["root", "home", "Users", "work"].map(|folder| format!("/{folder}/"));
    let mut found = Vec::new();
    for file in files() {
        for (number, line) in (1..).zip(file.text.lines()) {
            let starts_a_path = |place: usize| {
                let before = line[..place].chars().next_back();
                before.is_none_or(|before| before.is_whitespace() || "\"'`(=".contains(before))
            };
            let is_invented = |place: usize| line[place..].starts_with(INVENTED_HOME);
            let is_one = |place: usize| starts_a_path(place) && !is_invented(place);
            let names_one = |home: &String| line.match_indices(home.as_str()).any(|(place, _)| is_one(place));
            if homes.iter().any(names_one) {
                found.push(format!("{}:{number}: {}", file.name, line.trim()));
            }
        }
    }
    check("hold no path of one machine", found);
}

#[test]
fn the_test_command_of_the_readme_is_the_one_that_ci_runs() {
    let ci = read(".ci/run");
    let last = ci.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let command = last.strip_prefix("step ").unwrap_or(last);
    assert!(command.starts_with("cargo test"), ".ci/run ends with the tests, not with `{last}`");
    assert!(read("README.md").lines().any(|line| line == command), "README.md has no line `{command}`");
}

/// A text file of the tree, with its path from the root.
struct File {
    name: String,
    text: String,
}

fn check(rule: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<_> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "files {rule}:\n  {}", offenders.join("\n  "));
}

fn below_the_command_line(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let rooms = ["src/", "mltrace-core/src/", "mltrace-macros/src/"];
    let mut found = Vec::new();
    for file in sources().filter(|file| rooms.iter().any(|room| file.name.starts_with(room))) {
        if allowed.iter().any(|place| file.name.starts_with(place)) {
            continue;
        }
        let code = without_text(&file.text);
        for (number, line) in (1..).zip(code.lines()) {
            let holds = |word: &&str| {
                let starts_a_word = |place: usize| !line[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                line.match_indices(*word).any(|(place, _)| starts_a_word(place))
            };
            if words.iter().any(holds) {
                found.push(format!("{}:{number}: {}", file.name, line.trim()));
            }
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("`{name}`: {error}"))
}

fn sources() -> impl Iterator<Item = File> {
    files().filter(|file| file.name.ends_with(".rs"))
}

/// Returns the text files that belong to the project.
fn files() -> impl Iterator<Item = File> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    found.into_iter().filter_map(|path| {
        let name = path.strip_prefix(root()).ok()?.to_str()?.replace('\\', "/");
        Some(File { name, text: std::fs::read_to_string(&path).ok()? })
    })
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    const NOT_OURS: &[&str] = &[".git", ".mltrace", "target", "wine-out", "node_modules"];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && is_ours => collect(&path, found),
            Ok(kind) if kind.is_file() && is_ours => found.push(path),
            _ => {}
        }
    }
}
