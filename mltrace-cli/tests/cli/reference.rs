//! `docs/cli.md` is what the command itself says of its use.

use std::path::Path;

use crate::env::TestEnv;

/// The variable that lets this test write the document anew.
const UPDATE: &str = "MLTRACE_UPDATE_DOCS";

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for whoever changes the command line")]
fn the_reference_is_up_to_date() {
    let reference = reference(&TestEnv::new());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference,
        "docs/cli.md is stale: run `{UPDATE}=1 cargo test -p mltrace-cli --test cli reference`\n{}",
        first_difference(&written, &reference)
    );
}

fn reference(env: &TestEnv) -> String {
    let mut text =
        "# The command line\n\nWhat `mltrace --help` and `mltrace COMMAND --help` say; a test keeps it so.\n\
         The global options, which every command takes, are told once.\n"
            .to_owned();
    let help = env.done(&["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 15, "{commands:?}");
    text.push_str(&section("mltrace", &help));
    for command in commands {
        text.push_str(&section(&format!("mltrace {command}"), &without_global(&env.done(&[command, "--help"]))));
    }
    text
}

/// Leaves out the options that are the same for every command.
fn without_global(help: &str) -> String {
    let mut is_global = false;
    let lines = help.lines().filter(|line| {
        if line.ends_with(':') && !line.starts_with(' ') {
            is_global = *line == "Global options:";
        }
        !is_global
    });
    lines.map(|line| format!("{line}\n")).collect()
}

fn section(title: &str, help: &str) -> String {
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    format!("\n## {title}\n\n```text\n{}\n```\n", lines.join("\n").trim_end())
}

fn first_difference(written: &str, wanted: &str) -> String {
    let pair = written.lines().zip(wanted.lines()).find(|(a, b)| a != b);
    pair.map_or_else(|| "one is longer".to_owned(), |(a, b)| format!("- {a}\n+ {b}"))
}
