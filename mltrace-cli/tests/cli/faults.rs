//! Input that makes no sense, input of absurd size, secrets, and surroundings that lack what every program takes for given.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::{Answer, TestEnv, runs};

/// Nothing went wrong inside, and what is stored is in order.
fn check_sane(env: &TestEnv, answer: &Answer) {
    assert!(!answer.stderr.contains("panicked"), "{}", answer.stderr);
    assert!([0, 1, 2, 3].contains(&answer.code), "{}", answer.stderr);
    env.done(&["doctor"]);
}

fn line(component: &str, output: &str) -> String {
    serde_json::json!({
        "component": component, "outputs": [output],
        "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z",
    })
    .to_string()
}

#[test]
fn names_that_are_empty_or_too_long_are_refused_whole() {
    let env = TestEnv::new();
    let long = "n".repeat(1 << 20);
    for line in [line("", "x"), line("c", ""), line(&long, "x"), line("c", &long)] {
        let answer = env.call_with_input(&["import", "-"], &line);
        assert_eq!(answer.code, 1, "{}", answer.stderr);
        check_sane(&env, &answer);
    }
    let path = "d/".repeat(4 << 10);
    env.fails(2, &["log", "--component", "", "-o", "x"]);
    env.fails(2, &["log", "--component", "c", "-o", ""]);
    env.fails(2, &["log", "--component", "c", "-o", &format!("{path}x")]);
    assert_eq!(env.json(&["recent"])["runs"], serde_json::json!([]));
}

#[test]
fn names_that_a_person_cannot_tell_apart_are_kept_apart() {
    let (composed, decomposed) = ("caf\u{e9}.csv", "cafe\u{301}.csv");
    let env = TestEnv::with_lines(&[line("one", composed), line("two", decomposed), line("three", "nul\u{0}.csv")]);
    assert_eq!(env.json(&["trace", composed])["runs"][0]["component"], "one");
    assert_eq!(env.json(&["trace", decomposed])["runs"][0]["component"], "two");
    assert_eq!(env.json(&["history", "three"])["runs"][0]["outputs"][0]["name"], "nul\u{0}.csv");
}

#[test]
fn json_that_makes_no_sense_is_refused_by_its_line() {
    let env = TestEnv::new();
    let deep = format!(r#"{{"component": "c", "params": {{"p": {}1{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (what, text) in [
        ("a depth of a hundred thousand", deep.as_str()),
        ("a number beyond all numbers", r#"{"component": "c", "duration_ms": 1e400}"#),
        ("half a letter", r#"{"component": "\ud800"}"#),
        ("data after the end", r#"{"component": "c"} {}"#),
        ("half a line", r#"{"component": "c""#),
        ("a key twice", r#"{"component": "c", "component": "d"}"#),
        ("a list", "[1]"),
    ] {
        let answer = env.call_with_input(&["import", "-"], text);
        assert_eq!(answer.code, 1, "{what}: {}", answer.stderr);
        assert!(answer.stderr.contains("line 1"), "{what}: {}", answer.stderr);
        check_sane(&env, &answer);
    }
    assert_eq!(env.json(&["recent"])["runs"], serde_json::json!([]));
    // What is unusual and makes sense is taken.
    let large = line("large", "x").replace('}', r#","params":{"p":9223372036854775808}}"#);
    for text in [format!("\u{feff}{}", line("marked", "x")), large] {
        let answer = env.call_with_input(&["import", "-"], &text);
        check_sane(&env, &answer);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_of_a_hundred_thousand_inputs_is_a_run() {
    let env = TestEnv::new();
    let inputs: Vec<String> = (0..100_000).map(|number| format!("part-{number}.csv")).collect();
    let mut line: serde_json::Value = serde_json::from_str(&line("wide", "x")).unwrap();
    line["inputs"] = serde_json::json!(inputs);
    std::fs::write(env.project().join("wide.ndjson"), format!("{line}\n")).unwrap();
    let limit = room(&env, 150 << 10);
    let begun = Instant::now();
    for words in [["import", "wide.ndjson"], ["trace", "x"]] {
        let answer = spoilt(&env, &format!("{limit} exec"), &words);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    hold_to_mark("a run of 100000 inputs is imported and traced", begun);
    assert_eq!(env.json(&["inspect", "latest"])["inputs"].as_array().unwrap().len(), 100_000);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    const STEPS: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let drawings: Vec<String> = (1..=STEPS).map(|step| format!("f{} -> step -> f{step}", step - 1)).collect();
    let lines = runs(&drawings.iter().map(String::as_str).collect::<Vec<_>>());
    // A line a second, which the drawings' minutes do not allow.
    let at = |step: usize| {
        format!("2021-01-{:02}T{:02}:{:02}:{:02}Z", 1 + step / 86_400, step / 3_600 % 24, step / 60 % 60, step % 60)
    };
    let lines: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(step, line)| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["started_at"] = at(2 * step).into();
            line["ended_at"] = at(2 * step + 1).into();
            line.to_string()
        })
        .collect();
    let env = TestEnv::with_lines(&lines);
    let last = format!("f{STEPS}");
    assert_eq!(env.json(&["trace", &last])["runs"].as_array().unwrap().len(), STEPS);
    let begun = Instant::now();
    assert!(env.done(&["trace", &last]).lines().count() > STEPS);
    hold_to_mark(&format!("{STEPS} runs, each of which reads what the last wrote, are traced"), begun);
}

/// Prints how long something took. What was built to be fast is held to two seconds.
#[expect(clippy::print_stdout, reason = "the figure is for people")]
fn hold_to_mark(what: &str, begun: Instant) {
    let took = begun.elapsed();
    println!("{what} in {:.2} s", took.as_secs_f64());
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(2), "{what} in {took:?}");
}

#[test]
fn what_a_person_says_is_kept_without_its_secrets() {
    let env = TestEnv::with_lines(&[line("c", "x")]);
    let secret = "AKIAIOSFODNN7EXAMPLE";
    let said = format!("ask {secret}");
    env.done(&["flag", "x", "--reason", &said]);
    env.done(&["note", "latest", &said]);
    env.done(&["component", "c", "--owner", &said, "--description", &said, "--tag", &said]);
    env.done(&["log", "--component", "d", "-o", &said, "--param", &format!("p={said}"), "--note", &said]);
    env.done(&["log", "--component", "e", "--owner", &said, "--description", &said, "--tag", &said, "--error", &said]);
    let mut bytes = Vec::new();
    let mut folders = vec![env.project()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { bytes.extend(std::fs::read(path).unwrap()) }
        }
    }
    assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    assert!(String::from_utf8_lossy(&bytes).contains("ask [redacted]"));
}

/// Runs the command by way of a shell that spoils something first.
#[cfg(unix)]
pub(crate) fn spoilt(env: &TestEnv, spoil: &str, words: &[&str]) -> Answer {
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("{spoil} \"$0\" \"$@\""), env!("CARGO_BIN_EXE_mltrace")])
        .args(words)
        .current_dir(env.project())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Answer {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// Returns the shell's words that leave a command room for so many KiB of addresses beside what it takes when it does
/// nothing, which grows with the program.
#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods, reason = "nothing tells when another program has nothing left to do")]
pub(crate) fn room(env: &TestEnv, beside: u64) -> String {
    let mut idle = env.std_command(&["import", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut own = 0;
    loop {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = crate::load::memory(idle.id(), "VmPeak");
        if now > 0 && now == own {
            break;
        }
        own = now;
    }
    idle.kill().unwrap();
    idle.wait().unwrap();
    format!("ulimit -v {};", (own >> 10) + beside)
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_without_end_costs_no_memory() {
    const LENGTH: u64 = 1 << 30;
    let env = TestEnv::new();
    let limit = room(&env, 36 << 10);
    let endless = format!("{limit} head -c {LENGTH} /dev/zero | exec");
    let answer = spoilt(&env, &endless, &["import", "-"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (1, "1 line: 0 stored, 0 known already, 1 wrong\n"));
    assert_eq!(answer.stderr, "error: line 1: it is longer than 16 MiB\n");
    let file = std::fs::File::create(env.project().join("sparse.ndjson")).unwrap();
    file.set_len(LENGTH).unwrap();
    let answer = spoilt(&env, &format!("{limit} exec"), &["import", "sparse.ndjson"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (1, "error: line 1: it is longer than 16 MiB\n"));
}

#[cfg(unix)]
#[test]
fn surroundings_that_lack_something_are_borne() {
    for (spoil, is_answered) in [
        ("exec", true),
        ("LANG=C LC_ALL=C exec", true),
        ("COLUMNS=20 exec", true),
        ("COLUMNS=0 exec", true),
        ("TZ=Nowhere/None exec", true),
        ("umask 000; exec", true),
        ("umask 777; exec", false),
        ("ulimit -n 5; exec", false),
        ("ulimit -n 12; exec", true),
        ("mkdir gone; cd gone; rmdir ../gone; exec", false),
    ] {
        let env = TestEnv::with_lines(&[line("c", "x")]);
        let answer = spoilt(&env, spoil, &["recent"]);
        check_sane(&env, &answer);
        assert!(answer.code == 0 || !is_answered, "`{spoil}`: {}", answer.stderr);
        assert!(answer.stdout.contains('c') || !is_answered, "`{spoil}`: {}", answer.stdout);
        assert!(answer.code == 0 || !answer.stderr.is_empty(), "`{spoil}`: it says why");
    }
}

#[cfg(unix)]
#[test]
fn closed_streams_are_borne() {
    let env = TestEnv::with_lines(&[line("c", "x")]);
    for streams in [">&- exec", "2>&- exec", "<&- exec", "<&- >&- 2>&- exec"] {
        let (closing, _) = streams.split_once(" exec").unwrap();
        let answer = spoilt(&env, &format!("exec {closing}; exec"), &["recent"]);
        check_sane(&env, &answer);
    }
}

#[cfg(unix)]
#[test]
fn what_is_recorded_is_for_its_owner_only_whatever_the_mask() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::new();
    std::fs::remove_dir(env.project().join(".mltrace")).unwrap();
    let log = "umask 000; \"$0\" log --component c -o x";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", log, env!("CARGO_BIN_EXE_mltrace")]).current_dir(env.project()).env_clear();
    assert!(command.output().unwrap().status.success());
    let mut paths = vec![env.project().join(".mltrace")];
    while let Some(path) = paths.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o077;
        let is_public = path.file_name().is_some_and(|name| name == ".gitignore");
        assert!(mode == 0 || is_public, "{}: {mode:o}", path.display());
        if path.is_dir() {
            paths.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[cfg(unix)]
#[test]
fn pipes_in_the_place_of_files_keep_no_command_waiting() {
    let journal = ".mltrace/journal/01a1ffd2-1212-72a6-aa23-18198f3e6b87";
    let (log, lock) = (format!("{journal}.log"), format!("{journal}.lock"));
    for name in [".mltrace/mltrace.db", ".mltrace/write.lock", ".mltrace/fingerprints", &log, &lock, "mltrace.toml"] {
        let env = TestEnv::with_lines(&[line("c", "x")]);
        let spoil = format!(
            "mkdir -p .mltrace/journal; rm -f {name}; mkfifo {name}; test -e {log} || : > {log}; exec timeout 15"
        );
        let answer = spoilt(&env, &spoil, &["recent"]);
        assert!(answer.code == 0 || (answer.code == 3 && !answer.stderr.is_empty()), "{name}: {}", answer.stderr);
    }
}
