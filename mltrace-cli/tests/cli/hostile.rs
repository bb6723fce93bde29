//! Names that try to drive a terminal, readers that go away, and arguments that make no sense.

use crate::env::{MODEL, TestEnv, runs};

/// Names that a terminal would obey or hide.
const NAMES: [&str; 8] = [
    "\u{1b}]0;x\u{7}",
    "\u{1b}[2J",
    "a\nb",
    "tab\there\r",
    "\u{202e}fdp.exe",
    "zero\u{200b}width",
    "\u{9b}31m",
    "<img src=x onerror=alert(1)>\"];`|",
];

fn line(name: &str) -> String {
    serde_json::json!({
        "component": format!("c{name}"), "inputs": ["in", format!("i{name}")], "outputs": [format!("o{name}")],
        "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z", "owner": format!("w{name}"),
        "description": format!("d{name}"), "tags": [format!("t{name}")], "notes": [format!("n{name}")],
        "params": {"p": name}, "error": format!("e{name}"), "status": "completed",
    })
    .to_string()
}

#[test]
fn text_never_holds_what_a_terminal_obeys_or_hides() {
    let env = TestEnv::with_lines(&NAMES.map(line));
    for name in NAMES {
        let (output, component) = (format!("o{name}"), format!("c{name}"));
        env.done(&["flag", &output, "--reason", name]);
        for arguments in [
            &["trace", &output][..],
            &["-v", "trace", &output],
            &["trace", &output, "--format", "dot"],
            &["trace", &output, "--format", "mermaid"],
            &["trace", &format!("i{name}")],
            &["recent"],
            &["components"],
            &["component", &component],
            &["history", &component],
            &["tags"],
            &["review"],
            &["impact", &format!("i{name}")],
            &["impact", &output],
            &["-v", "verify"],
            &["stale"],
            &["report", &output],
            &["report", &output, "--html"],
            &["diff", &output, &format!("o{}", NAMES[0])],
            &["inspect", "latest"],
            &["trace", &format!("x{name}")],
            &["history", &format!("x{name}")],
            &["inspect", name],
            &["metrics"],
            &["metrics", &component],
            &["checks"],
            &["blame", "duration", "--component", &component],
            &["blame", &format!("m{name}")],
            &["last-good", &output],
            &["flag", "--dry-run", &output],
            &["project", "list"],
            &["project", "merge", &format!("p{name}"), &format!("p{}", NAMES[0])],
            &["alias"],
            &["recent", "--since", name],
        ] {
            let answer = env.call(arguments);
            for text in [&answer.stdout, &answer.stderr] {
                let bad = |letter: char| {
                    letter.is_control() && !matches!(letter, '\n' | '\t') || "\u{202e}\u{200b}\u{9b}".contains(letter)
                };
                assert!(!text.contains(bad), "{arguments:?}: {text:?}");
            }
        }
    }
}

#[test]
fn json_is_exact() {
    let env = TestEnv::with_lines(&NAMES.map(line));
    for name in NAMES {
        let output = format!("o{name}");
        let answer = env.json(&["trace", &output]);
        assert_eq!(answer["artifact"]["name"], output.as_str());
        assert_eq!(answer["runs"][0]["params"]["p"], name);
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_is_no_error() {
    let env = TestEnv::taxi();
    for arguments in [
        &["trace", MODEL][..],
        &["recent"],
        &["recent", "--format", "json"],
        &["export"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = env.std_command(arguments).stdout(writer).stderr(std::process::Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let env = TestEnv::taxi();
    for arguments in [&["trace", MODEL][..], &["recent", "--format", "json"], &["export"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = env.std_command(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("the answer cannot be written"), "{arguments:?}");
    }
}

#[test]
fn wrong_usage_is_told_with_exit_2() {
    let env = TestEnv::new();
    for arguments in [
        &[][..],
        &["trace"],
        &["nonsense"],
        &["trace", "a", "--format", "xml"],
        &["recent", "--limit", "-1"],
        &["trace", ""],
        &["run", "--component", "c"],
        &["-q", "-v", "recent"],
    ] {
        assert_eq!(env.call(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn colours_come_only_when_asked_for() {
    let env = TestEnv::with_lines(&runs(&["a -> c -> b"]));
    assert!(!env.done(&["trace", "b"]).contains('\u{1b}'));
    assert!(env.done(&["trace", "b", "--color", "always"]).contains('\u{1b}'));
    assert!(!env.done(&["trace", "b", "--color", "never"]).contains('\u{1b}'));
    assert!(env.call(&["trace", "x", "--color", "always"]).stderr.contains('\u{1b}'));
}

#[test]
fn the_ends_of_the_calendar_are_times() {
    let env = TestEnv::taxi();
    for time in ["0000-01-01", "9999-12-31 23:59", "0000-01-01T00:00:00+23:59", "99999 years"] {
        env.done(&["recent", "--since", time]);
        env.call(&["trace", MODEL, "--as-of", time]);
    }
}
