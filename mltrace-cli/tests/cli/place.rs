//! Where a store is: a file, or an address, which this version answers with an error that gives no password away.

use std::fs;

use crate::env::{Answer, TestEnv, runs};

const ADDRESS: &str = "postgres://ada:hunter2@db.example/runs";
const SHOWN: &str = "postgres://db.example/runs";

fn with_address(env: &TestEnv, arguments: &[&str]) -> Answer {
    let output = env.command(arguments).env("MLTRACE_DB", ADDRESS).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let answer =
        Answer { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap() };
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("hunter2"), "{}", answer.stderr);
    answer
}

#[test]
fn an_address_is_answered_with_an_error_that_says_what_to_do() {
    let env = TestEnv::with_lines(&runs(&["a -> b -> c"]));
    let commands = [
        &["recent"][..],
        &["trace", "c"],
        &["import", "lines"],
        &["note", "latest", "x"],
        &["clear"],
        &["clear", "--yes"],
    ];
    env.write("lines", &runs(&["c -> d -> e"]).join("\n"));
    for command in commands {
        let answer = with_address(&env, command);
        let expected = format!(
            "error: the store `{SHOWN}` cannot be used: this build keeps stores in files\n\
             hint: name a file or a folder with `--db`, with `MLTRACE_DB`, or as `db` in the settings\n"
        );
        assert_eq!((answer.code, answer.stderr, answer.stdout), (3, expected, String::new()), "{command:?}");
        let flagged = env.fails(3, &[&["--db", ADDRESS], command].concat());
        assert!(flagged.contains(SHOWN) && !flagged.contains("hunter2"), "{flagged}");
    }
    let answer = with_address(&env, &["doctor"]);
    let wrong = format!("wrong  the store `{SHOWN}` cannot be used: this build keeps stores in files");
    assert!(answer.code == 1 && answer.stdout.contains(&wrong), "{}", answer.stdout);
    assert!(with_address(&env, &["config"]).stdout.contains(SHOWN));
    let names: Vec<_> = fs::read_dir(env.project()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| name == ".mltrace" || name == "lines"), "{names:?}");
    assert!(env.done(&["recent"]).contains('b'), "what is in the file was not touched");
}

#[test]
fn what_is_recorded_for_an_address_waits_in_the_journal() {
    let env = TestEnv::new();
    let ran = with_address(&env, &["run", "--component", "step", "--", "sh", "-c", "exit 7"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("the run is not in the store yet"), "{}", ran.stderr);
    assert!(!env.project().join(".mltrace/mltrace.db").exists());
    assert!(env.done(&["recent"]).contains("step"), "a store that this version knows takes it");
}

#[test]
fn settings_of_a_project_name_an_address_only_where_the_user_trusts_it() {
    let env = TestEnv::new();
    env.write("mltrace.toml", &format!("db = {ADDRESS:?}"));
    let said = env.fails(3, &["recent"]);
    assert!(said.contains("leads out of the project") && said.contains(SHOWN) && !said.contains("hunter2"), "{said}");
    env.write("../home/.config/mltrace/config.toml", &format!("trusted-projects = [{:?}]", env.project()));
    let said = env.fails(3, &["recent"]);
    assert!(said.contains("this build keeps stores in files") && !said.contains("hunter2"), "{said}");
}
