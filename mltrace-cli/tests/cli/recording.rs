//! `mltrace log`, `run` and `note`.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
#[cfg(unix)]
use std::process::Stdio;

use crate::env::TestEnv;

#[test]
fn log_prints_the_id_alone_and_the_run_is_there() {
    let env = TestEnv::new();
    env.write("raw.csv", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7,8,9");
    env.write("clean.csv", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7,8");
    let arguments = [
        "log",
        "--component",
        "clean",
        "-i",
        "raw.csv",
        "-o",
        "clean.csv",
        "-p",
        "lr=0.1",
        "-p",
        "month=2020-01",
        "--started",
        "2021-05-02 12:07",
        "--ended",
        "2021-05-02T12:08:30Z",
        "--owner",
        "shreya",
        "--description",
        "drops rows",
        "--tag",
        "etl",
        "--note",
        "by hand",
        "--git-commit",
        "08e52a7e3db401b3c4533005a4589303f5f41490",
    ];
    let id = env.done(&arguments);
    let run = env.json(&["inspect", id.trim_end()]);
    assert_eq!(id, format!("{}\n", run["id"].as_str().unwrap()));
    insta::assert_json_snapshot!(run, {
        ".id" => "[ID]", ".host" => "[HOST]", ".notes[].at" => "[TIME]", ".last_seen" => "[TIME]", ".project" => "[PROJECT]",
    }, @r#"
    {
      "code": null,
      "component": "clean",
      "depends_on": [],
      "description": "drops rows",
      "duration_ms": 90000.0,
      "ended_at": "2021-05-02T12:08:30Z",
      "error": null,
      "git": {
        "branch": null,
        "commit": "08e52a7e3db401b3c4533005a4589303f5f41490",
        "dirty": null,
        "remote": null,
        "tags": []
      },
      "host": "[HOST]",
      "id": "[ID]",
      "inputs": [
        {
          "argument": null,
          "at": "2021-05-02T12:07:00Z",
          "bound": "unknown_writer",
          "changed_since": null,
          "kind": "data",
          "name": "raw.csv",
          "same_content_as": null,
          "version": "b3:c76075ae0b219a692c1cf6e4a4383d4c863853e1878f9ffc63522a1c5a3a604a",
          "written_by": null
        }
      ],
      "last_seen": "[TIME]",
      "notes": [
        {
          "at": "[TIME]",
          "by": "tester",
          "text": "by hand"
        }
      ],
      "outputs": [
        {
          "argument": null,
          "at": "2021-05-02T12:08:30Z",
          "kind": "data",
          "label": null,
          "name": "clean.csv",
          "version": "b3:e7b1d2cc1796169470d0361feacb4c03969f431f00c555163425db2efae73bbc"
        }
      ],
      "owner": "shreya",
      "params": {
        "lr": 0.1,
        "month": "2020-01"
      },
      "parent": null,
      "project": "[PROJECT]",
      "stale": [],
      "started_at": "2021-05-02T12:07:00Z",
      "status": "completed",
      "tags": [
        "etl"
      ],
      "user": "tester"
    }
    "#);
}

#[test]
fn log_tells_failed_runs_and_refuses_what_makes_no_sense() {
    let env = TestEnv::new();
    let id = env.done(&["log", "--component", "train", "--error", "out of memory"]);
    let run = env.json(&["inspect", id.trim_end()]);
    assert_eq!((run["status"].as_str(), run["error"].as_str()), (Some("failed"), Some("out of memory")));
    env.fails(2, &["log", "--component", "train", "--started", "2021-05-02", "--ended", "2021-05-01"]);
    env.fails(2, &["log", "--component", ""]);
    env.fails(2, &["log", "--component", "train", "-i", ""]);
    env.fails(2, &["log", "--component", "train", "-p", "novalue"]);
    env.fails(2, &["log", "--component", &"x".repeat(8193)]);
    env.fails(2, &["log", "--component", "train", "--error", &"x".repeat(65537)]);
    env.fails(2, &["log"]);
    assert_eq!(env.json(&["recent"])["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn log_that_cannot_be_kept_says_so_and_prints_no_id() {
    let env = TestEnv::new();
    env.write("occupied", "");
    let said = env.fails(3, &["--db", "occupied/mltrace.db", "log", "--component", "train"]);
    assert!(said.contains("the run is not logged"), "{said}");
}

#[test]
fn logged_runs_are_bound_by_content() {
    let env = TestEnv::new();
    env.write("m.json", &"first ".repeat(20));
    env.done(&["log", "--component", "old", "-o", "m.json"]);
    env.write("m.json", &"second ".repeat(20));
    env.done(&["log", "--component", "new", "-o", "m.json"]);
    env.done(&["log", "--component", "serve", "-i", "m.json", "-o", "prediction-1"]);
    assert_eq!(env.done(&["trace", "prediction-1"]), "serve\n├── prediction-1\n└── new\n    └── m.json\n");
}

#[test]
fn run_passes_on_the_status_and_the_streams() {
    let env = TestEnv::new();
    let answer =
        env.call_with_input(&["run", "--component", "echo", "--", "sh", "-c", "cat; echo oops >&2; exit 7"], "hello");
    assert_eq!((answer.stdout.as_str(), answer.stderr.as_str(), answer.code), ("hello", "oops\n", 7));
    let run = env.json(&["inspect", "latest"]);
    assert_eq!((run["status"].as_str(), run["error"].as_str()), (Some("failed"), Some("exit status 7")));
    assert_eq!(env.call(&["run", "--component", "fine", "--", "true"]).code, 0);
    assert_eq!(env.json(&["inspect", "latest"])["status"], "completed");
}

#[test]
fn run_says_when_a_command_cannot_be_started() {
    let env = TestEnv::new();
    let missing = env.call(&["run", "--component", "c", "--", "no-such-command"]);
    assert_eq!(missing.code, 127);
    insta::assert_snapshot!(missing.stderr, @r"error: `no-such-command` cannot be started: No such file or directory (os error 2)");
    env.write("plain.txt", "no program");
    assert_eq!(env.call(&["run", "--component", "c", "--", "./plain.txt"]).code, 126);
    assert_eq!(env.json(&["recent", "--status", "failed"])["runs"].as_array().unwrap().len(), 2);
}

#[cfg(unix)]
#[test]
fn run_reports_the_signal_that_ended_the_command() {
    let env = TestEnv::new();
    assert_eq!(env.call(&["run", "--component", "c", "--", "sh", "-c", "kill -TERM $$"]).code, 128 + 15);
    assert_eq!(env.json(&["inspect", "latest"])["error"], "ended by signal 15");
    assert_eq!(env.call(&["run", "--component", "c", "--", "sh", "-c", "kill -KILL $$"]).code, 128 + 9);
}

#[cfg(unix)]
#[test]
fn run_passes_on_a_signal_and_records_the_end() {
    let env = TestEnv::new();
    let script = "trap 'kill $!; exit 9' TERM; sleep 60 & echo ready; wait";
    let mut child = env
        .std_command(&["run", "--component", "c", "--", "sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert_eq!(env.json(&["inspect", "latest"])["error"], "exit status 9");
}

#[test]
#[cfg(unix)]
#[allow(clippy::disallowed_methods, reason = "signals are sent one after the other until the process has ended")]
fn a_signal_ends_run_while_it_waits_for_the_store() {
    let env = TestEnv::new();
    env.done(&["log", "--component", "c"]);
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut child = env
        .std_command(&["run", "--component", "slow", "--", "sh", "-c", "exec 1>&-"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let began = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // The first ones may reach the command.
        if began.elapsed() > std::time::Duration::from_secs(1) {
            rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(began.elapsed().as_secs() < 6, "{status} after {:?}", began.elapsed());
    drop(store);
    assert_eq!(env.json(&["recent", "--component", "slow"])["runs"][0]["status"], "completed");
}

#[test]
fn run_passes_on_the_status_even_if_nothing_can_be_recorded() {
    let env = TestEnv::new();
    env.write("occupied", "");
    let answer =
        env.call(&["--db", "occupied/mltrace.db", "run", "--component", "c", "--", "sh", "-c", "echo out; exit 5"]);
    assert_eq!((answer.stdout.as_str(), answer.code), ("out\n", 5));
    assert!(answer.stderr.contains("warning:"), "{}", answer.stderr);
}

#[test]
fn run_looks_at_outputs_when_the_command_has_ended_and_runs_inside_are_its_children() {
    let env = TestEnv::new();
    let inner = format!(
        "{} log --component inner -o made.csv; echo {} > made.csv",
        env!("CARGO_BIN_EXE_mltrace"),
        "x".repeat(99)
    );
    env.done(&["run", "--component", "outer", "-o", "made.csv", "--", "sh", "-c", &inner]);
    let outer = env.json(&["recent", "--component", "outer"])["runs"][0].clone();
    assert!(outer["outputs"][0]["version"].as_str().unwrap().starts_with("b3:"), "{outer}");
    assert_eq!(env.json(&["recent", "--component", "inner"])["runs"][0]["parent"], outer["id"]);
}

#[test]
fn recording_that_is_switched_off_leaves_commands_alone() {
    let env = TestEnv::new();
    let call = |arguments: &[&str]| env.command(arguments).env("MLTRACE_DISABLED", "1").output().unwrap();
    assert_eq!(call(&["run", "--component", "c", "--", "sh", "-c", "exit 4"]).status.code(), Some(4));
    let logged = call(&["log", "--component", "c"]);
    assert_eq!((logged.status.code(), logged.stdout.len()), (Some(0), 0));
    assert_eq!(env.json(&["recent"])["runs"], serde_json::json!([]));
}

#[test]
fn notes_stay_on_their_run() {
    let env = TestEnv::taxi();
    let answer = env.call(&["note", "latest", "the first with the new fares"]);
    assert_eq!((answer.stdout.as_str(), answer.code), ("", 0));
    assert!(answer.stderr.contains("of `train`"), "{}", answer.stderr);
    let note = &env.json(&["note", "latest", "second"])["notes"];
    assert_eq!(
        (note[0]["text"].as_str(), note[1]["by"].as_str()),
        (Some("the first with the new fares"), Some("tester"))
    );
    env.fails(2, &["note", "latest", " "]);
    env.fails(2, &["note", "latest", &"x".repeat(65537)]);
    env.fails(1, &["note", "ffffffff", "text"]);
}

#[test]
fn the_command_that_ran_is_its_code_without_its_secrets() {
    let env = TestEnv::new();
    let command = ["sh", "-c", "exit 0", "it's", "--password=hunter2", "API_KEY=hunter2", "--token", "hunter2"];
    env.done(&[&["run", "--component", "c", "--"][..], &command].concat());
    let run = env.json(&["inspect", "latest"]);
    let source = run["code"]["source"].as_str().unwrap();
    assert!(source.starts_with("sh -c 'exit 0' \"it's\" "), "{source}");
    assert!(!run.to_string().contains("hunter2"), "{source}");
    assert_eq!(run["params"], serde_json::json!({}));
    let text = env.done(&["inspect", "latest"]);
    assert!(text.contains("code         command line\n") && text.contains("sh -c 'exit 0'"), "{text}");
    // Another command is a difference between two runs, and the same one is none.
    env.done(&["run", "--component", "c", "-o", "a", "--", "true"]);
    env.done(&["run", "--component", "c", "-o", "b", "--", "true"]);
    env.done(&["run", "--component", "c", "-o", "d", "--", "true", "2"]);
    let fields = |a: &str, b: &str| -> Vec<String> {
        let differences = env.json(&["diff", a, b])["differences"].as_array().unwrap().clone();
        differences.iter().map(|found| found["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields("a", "b"), [""; 0]);
    assert_eq!(fields("a", "d"), ["param:argument 1"]);
}

#[test]
fn an_option_takes_what_the_shell_made_of_a_pattern() {
    let env = TestEnv::new();
    for name in ["a.csv", "b.csv", "c.csv"] {
        env.write(name, name);
    }
    env.done(&["log", "--component", "join", "-i", "a.csv", "b.csv", "-o", "c.csv", "-i", "d.csv"]);
    let answer = env.done(&["--format", "json", "recent"]);
    for name in ["a.csv", "b.csv", "c.csv", "d.csv"] {
        assert!(answer.contains(&format!("\"name\":\"{name}\"")), "{answer}");
    }
    env.done(&["run", "--component", "same", "-i", "a.csv", "b.csv", "--", "true", "x.csv"]);
    assert!(!env.done(&["--format", "json", "recent"]).contains("x.csv\""));
}

/// Makes recording impossible, or hard, in some way; returns what is put before the command in a shell, and the options.
type Spoil = fn(&TestEnv) -> (String, Vec<std::ffi::OsString>);

fn prefix(shell: &str) -> (String, Vec<std::ffi::OsString>) {
    (shell.to_owned(), vec!["--component".into(), "c".into()])
}

fn options(options: &[&str]) -> (String, Vec<std::ffi::OsString>) {
    (String::new(), options.iter().map(Into::into).collect())
}

#[cfg(unix)]
const SPOILS: &[(&str, Spoil)] = &[
    ("the folder is a file", |env| {
        std::fs::remove_dir(env.project().join(".mltrace")).unwrap();
        env.write(".mltrace", "");
        prefix("")
    }),
    ("the journal is a file", |env| {
        env.write(".mltrace/journal", "");
        prefix("")
    }),
    ("the settings make no sense", |env| {
        env.write("mltrace.toml", "db = [");
        prefix("")
    }),
    ("the settings cannot be read", |env| {
        std::fs::create_dir(env.project().join("mltrace.toml")).unwrap();
        prefix("")
    }),
    ("the store that is named is nowhere", |env| {
        env.write("mltrace.toml", "db = '/proc/nowhere/x.db'");
        prefix("")
    }),
    ("the store is of a newer schema", |env| {
        env.done(&["log", "--component", "c"]);
        let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
        let newer = "PRAGMA user_version = 99; UPDATE meta SET value = '99' WHERE key LIKE 'min_%';";
        store.execute_batch(newer).unwrap();
        prefix("")
    }),
    ("the store is no database", |env| {
        env.write(".mltrace/mltrace.db", &"x".repeat(4096));
        prefix("")
    }),
    ("the store is a folder", |env| {
        std::fs::create_dir(env.project().join(".mltrace/mltrace.db")).unwrap();
        prefix("")
    }),
    ("no file may grow", |_| prefix("ulimit -f 0;")),
    ("files may grow a little", |env| {
        env.done(&["log", "--component", "c"]);
        prefix("ulimit -f 16;")
    }),
    ("the working directory is gone", |_| prefix("mkdir gone; cd gone; rmdir ../gone;")),
    ("the working directory is everybody's", |_| prefix("cd /;")),
    ("the component has no name", |_| options(&["--component", ""])),
    ("the component's name is too long", |_| options(&["--component", &"x".repeat(8193)])),
    ("the component's name is not UTF-8", |_| {
        let name = std::os::unix::ffi::OsStringExt::from_vec(vec![b'c', 0xFF]);
        (String::new(), vec!["--component".into(), name])
    }),
    ("an input has no name", |_| options(&["--component", "c", "-i", ""])),
    ("an output's name is too long", |_| options(&["--component", "c", "-o", &"x".repeat(8193)])),
    ("a parameter has no value", |_| options(&["--component", "c", "-p", "lr"])),
];

#[cfg(unix)]
#[test]
fn run_runs_its_command_whatever_becomes_of_the_record_and_says_the_trouble_in_a_line() {
    for (name, spoil) in SPOILS {
        let env = TestEnv::new();
        let (before, options) = spoil(&env);
        let script = format!("{before} exec \"$0\" \"$@\"");
        let mut command = env.std_command(&[]);
        let exe = command.get_program().to_owned();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &script]).arg(exe).arg("run").args(options).args(["--", "sh", "-c", "echo out; exit 5"]);
        shell.current_dir(env.project()).env_clear();
        shell.envs(command.env("PWD", "").get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{name}: {said}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n", "{name}");
        // The shell has something to say of a folder that is gone.
        let ours: Vec<&str> = said.lines().filter(|line| !line.starts_with("sh: ")).collect();
        assert!(ours.len() == 1 && ours[0].starts_with("warning: "), "{name}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_hour_that_came_twice_is_understood_where_the_clocks_are_put_back() {
    let env = TestEnv::new();
    let log = |started: &str, ended: &str| {
        // A rule of its own needs no list of zones: summer time ends at three on the last Sunday of October.
        let mut command = env.std_command(&["log", "--component", "c", "--started", started, "--ended", ended]);
        command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3").output().unwrap()
    };
    for (started, ended, minutes) in [
        ("2021-10-31 02:30", "2021-10-31 02:10", 40),
        ("2021-10-31 02:10", "2021-10-31 02:30", 20),
        ("2021-10-31 01:30", "2021-10-31 02:10", 40),
    ] {
        let done = log(started, ended);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let run = env.json(&["inspect", String::from_utf8(done.stdout).unwrap().trim()]);
        assert_eq!(run["duration_ms"], f64::from(minutes * 60_000), "{started} to {ended}: {run}");
    }
    assert_eq!(log("2021-10-31 03:30", "2021-10-31 02:10").status.code(), Some(2));
}
