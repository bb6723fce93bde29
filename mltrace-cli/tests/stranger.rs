//! Follows `examples/wine-quality/README.md` to the letter in a copy of the pipeline: a stranger adds a check and a gate.

#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The commands of the page, with the programs that were built.
const SHELL: &str = r#"
mltrace() { "$MLTRACE" "$@"; }
cargo() {
    while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
    [ $# -eq 0 ] || shift
    "$PIPELINE" "$@"
}
exec 2>&1
"#;

#[test]
fn a_check_and_a_gate_in_ten_lines_stop_the_pipeline_and_review_names_the_cause() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("it is there");
    let page = fs::read_to_string(repository.join("examples/wine-quality/README.md")).expect("there is a page");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let steps = copy(&repository, folder.path()).join("src/steps.rs");

    let mut code = fs::read_to_string(&steps).expect("it was copied");
    let mut added = 0;
    for change in blocks(&page, "diff") {
        let old: String = change.lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix(' ')?))).collect();
        let new: String = change.lines().map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect();
        assert_eq!(code.matches(&old).count(), 1, "the change has one place:\n{change}");
        code = code.replace(&old, &new);
        added += change.lines().filter(|line| line.starts_with('+')).count();
    }
    assert!(added <= 10, "{added} lines were added");
    fs::write(&steps, code).expect("the copy can be written");
    let pipeline = built(folder.path());

    let home = folder.path().join("project");
    fs::create_dir_all(home.join(".mltrace")).expect("a folder");
    let mut followed = 0;
    for (command, shown) in blocks(&page, "console").iter().flat_map(|block| commands(block)) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{SHELL}{command}")]).current_dir(&home).env_clear();
        shell.env("USER", "ada").env("PIPELINE", &pipeline).env("MLTRACE", env!("CARGO_BIN_EXE_mltrace"));
        let output = shell.output().expect("there is a shell");
        let printed = String::from_utf8(output.stdout).expect("text");
        assert!(is_shown(&printed, &shown), "`{command}` printed\n{printed}and the page shows\n{shown}");
        followed += 1;
    }
    assert_eq!(followed, 8, "all commands of the page");
}

/// Makes a project of the pipeline alone, which uses the crates of the repository, and returns its folder.
fn copy(repository: &Path, folder: &Path) -> PathBuf {
    let (from, to) = (repository.join("examples/wine-quality"), folder.join("pipeline"));
    for part in ["src", "src/bin"] {
        fs::create_dir_all(to.join(part)).expect("a folder");
        for entry in fs::read_dir(from.join(part)).expect("it is there").map(|entry| entry.expect("it can be read")) {
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(part).join(entry.file_name())).expect("a copy");
            }
        }
    }
    // By a name of its own, so that it takes the place of no program of the repository.
    let manifest = fs::read_to_string(from.join("Cargo.toml")).expect("it is there");
    let manifest = manifest.replace("\"wine-quality\"", "\"strangers-wine\"");
    let manifest = manifest.replace("[dependencies]", "[lib]\nname = \"wine_quality\"\n\n[dependencies]");
    fs::write(to.join("Cargo.toml"), manifest).expect("the copy can be written");

    let root = fs::read_to_string(repository.join("Cargo.toml")).expect("it is there");
    let here = format!("path = \"{}/", repository.display());
    let parts = root.split("\n[").filter(|part| part.starts_with("workspace.") || part.starts_with("profile."));
    let parts: String = parts.map(|part| format!("\n[{}\n", part.replace("path = \"", &here))).collect();
    let root = format!("[workspace]\nresolver = \"3\"\nmembers = [\"pipeline\"]\n{parts}");
    fs::write(folder.join("Cargo.toml"), root).expect("the copy can be written");
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a copy");
    to
}

/// Builds the copy, and returns its program. What was built of other crates is used again.
fn built(folder: &Path) -> PathBuf {
    let mltrace = Path::new(env!("CARGO_BIN_EXE_mltrace"));
    let target = mltrace.parent().and_then(Path::parent).expect("programs lie in `target/PROFILE`");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet", "--bin", "strangers-wine"]).current_dir(folder);
    let output = cargo.env("CARGO_TARGET_DIR", target).output().expect("there is cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("debug/strangers-wine")
}

/// Returns the blocks of a page that are written in a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begins = format!("```{language}\n");
    page.split(&begins).skip(1).filter_map(|rest| Some(rest.split("```").next()?.to_owned())).collect()
}

/// Returns the commands of a block, each with what the page shows of what it prints.
fn commands(block: &str) -> Vec<(String, String)> {
    let commands = block.split("$ ").skip(1);
    commands.filter_map(|one| one.split_once('\n').map(|(one, shown)| (one.to_owned(), shown.to_owned()))).collect()
}

/// Returns whether a command printed what is shown, but for ids and times; `…` stands for any lines.
fn is_shown(printed: &str, shown: &str) -> bool {
    let mut printed = printed.lines().map(timeless);
    let mut is_gap = false;
    for line in shown.lines() {
        if line == "…" {
            is_gap = true;
            continue;
        }
        let wanted = Some(timeless(line));
        let found = if is_gap { printed.find(|line| Some(line) == wanted.as_ref()) } else { printed.next() };
        if found != wanted {
            return false;
        }
        is_gap = false;
    }
    is_gap || printed.next().is_none()
}

/// Returns a line without the ids of runs and the times in it, and without blanks at its end.
fn timeless(line: &str) -> String {
    let is_id = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_hour =
        |word: &str| word.len() <= 8 && word.contains(':') && word.starts_with(|first: char| first.is_ascii_digit());
    let is_time = |word: &str| word.starts_with("20") && word.contains('-') || is_hour(word);
    let words = line.trim_end().split(' ').map(|word| if is_id(word) || is_time(word) { "·" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
