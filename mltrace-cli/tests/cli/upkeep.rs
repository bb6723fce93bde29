//! `mltrace ingest`, `doctor`, `config`, `clear`, and stores that cannot be used.

use crate::env::{MODEL, TestEnv};

#[test]
fn doctor_finds_nothing_wrong_with_a_healthy_store() {
    let env = TestEnv::taxi();
    env.done(&["log", "--component", "c", "-o", "x"]);
    let checkup = env.json(&["doctor"]);
    assert_eq!(checkup["wrong"], serde_json::json!([]));
    assert!(!checkup["fine"].as_array().unwrap().is_empty());
    env.done(&["doctor", "--full"]);
    TestEnv::new().done(&["doctor"]);
}

#[test]
fn a_file_that_is_no_store_is_told_apart() {
    let env = TestEnv::new();
    env.write(".mltrace/mltrace.db", &"this is no database ".repeat(100));
    let said = env.fails(3, &["recent"]);
    assert!(said.contains("is not a store of mltrace"), "{said}");
    let checkup = env.call(&["doctor"]);
    assert_eq!(checkup.code, 1, "{}", checkup.stdout);
    assert_eq!(env.call(&["--version"]).code, 0);
    assert_eq!(env.call(&["config"]).code, 0);
}

/// Makes the store one of a later schema that asks for at least these.
fn make_newer(env: &TestEnv, min_reader: i64, min_writer: i64) {
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    let meta = format!(
        "PRAGMA user_version = 99; UPDATE meta SET value = '9.9.0' WHERE key = 'writer';
         UPDATE meta SET value = '{min_reader}' WHERE key = 'min_reader';
         UPDATE meta SET value = '{min_writer}' WHERE key = 'min_writer';"
    );
    store.execute_batch(&meta).unwrap();
}

#[test]
fn a_newer_store_that_may_be_read_is_read() {
    let env = TestEnv::taxi();
    make_newer(&env, 1, 99);
    assert_eq!(env.json(&["trace", MODEL])["runs"].as_array().unwrap().len(), 7);
    insta::assert_snapshot!(env.fails(3, &["note", "latest", "slow"]), @r"
    error: the store `[TEMP]/project/.mltrace/mltrace.db` was written by mltrace 9.9.0 (schema 99), which this version cannot write
    hint: install that version of mltrace, or newer
    ");
    make_newer(&env, 1, 1);
    let run = env.json(&["inspect", "latest"]);
    assert_eq!(run["notes"], serde_json::json!([]), "what was refused is not stored after all");
}

#[test]
fn a_newer_store_that_may_not_be_read_is_named_with_its_version() {
    let env = TestEnv::taxi();
    make_newer(&env, 99, 99);
    insta::assert_snapshot!(env.fails(3, &["recent"]), @r"
    error: the store `[TEMP]/project/.mltrace/mltrace.db` was written by mltrace 9.9.0 (schema 99), which this version cannot read
    hint: install that version of mltrace, or newer
    ");
    let checkup = env.call(&["doctor"]);
    assert_eq!(checkup.code, 1);
    assert!(checkup.stdout.contains("was written by mltrace 9.9.0 (schema 99)"), "{}", checkup.stdout);
    env.done(&["--version"]);
    env.done(&["config"]);
}

#[test]
fn doctor_tells_how_a_store_stands() {
    let env = TestEnv::taxi();
    let place = env.project().canonicalize().unwrap().display().to_string();
    let version = format!("mltrace {}", env!("CARGO_PKG_VERSION").replace('.', "\\."));
    insta::with_settings!({filters => vec![(regex_of(&place).as_str(), "[PROJECT]"), (&version, "mltrace [VERSION]")]}, {
        insta::assert_snapshot!(env.done(&["doctor"]), @r"
        ok     the store `[PROJECT]/.mltrace/mltrace.db` can be opened
        ok     its schema is 10, by mltrace [VERSION]
        ok     every page of it can be read
        ok     every row's references hold
        ok     runs: 7, components: 5, versions: 8, artifacts: 10, verdicts: 0, runs that died: 0
        ok     nothing is dated ahead of the clock
        ok     every record was written
        ok     no journal was found cut
        ok     no record was damaged
        ok     no record held more than one may
        ok     `[PROJECT]/.mltrace` can be written
        ok     processes that are recording: 0
        ");
    });
}

#[test]
fn ingest_stores_what_is_in_the_journals() {
    let env = TestEnv::new();
    assert_eq!(env.json(&["ingest"])["records"], 0);
    assert!(!env.project().join(".mltrace/mltrace.db").exists());
    env.done(&["log", "--component", "c", "-o", "x"]);
    assert_eq!(env.json(&["ingest"])["died"], 0);
    let left = std::fs::read_dir(env.project().join(".mltrace/journal")).unwrap().filter_map(Result::ok);
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().ends_with(".log")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn config_tells_where_each_setting_comes_from() {
    let env = TestEnv::new();
    env.write("mltrace.toml", "project = \"taxi\"\nhash-limit = 1000\n");
    let place = env.project().canonicalize().unwrap().display().to_string();
    insta::with_settings!({filters => vec![(regex_of(&place).as_str(), "[PROJECT]"), (" +", " ")]}, {
        insta::assert_snapshot!(env.done(&["config", "--db", "elsewhere/"]), @r"
        SETTING VALUE FROM
        root [PROJECT] default
        db [PROJECT]/elsewhere/mltrace.db flag
        project taxi [PROJECT]/mltrace.toml
        enabled true default
        durability process default
        hash-limit 1000 [PROJECT]/mltrace.toml
        ");
    });
    let told = env.command(&["config", "--format", "json"]).env("MLTRACE_DB", "other.db").output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["settings"][1]["origin"], "environment MLTRACE_DB");
}

#[test]
fn folders_that_all_hosts_share_are_a_setting_and_the_root_of_the_disk_is_none() {
    let env = TestEnv::new();
    env.write("mltrace.toml", "shared = [\"/mnt/data/\", \"here\", \"/\"]\n");
    let called = env.call(&["config"]);
    assert!(called.stdout.contains("shared") && called.stdout.contains("/mnt/data "), "{}", called.stdout);
    assert!(called.stderr.contains("\"here\"") && called.stderr.contains("\"/\""), "{}", called.stderr);
}

#[test]
fn a_setting_that_is_not_understood_is_a_warning() {
    let env = TestEnv::new();
    env.write("mltrace.toml", "projekt = \"taxi\"\n");
    let said = env.call(&["recent"]).stderr;
    assert!(said.contains("warning:") && said.contains("projekt"), "{said}");
}

#[test]
fn clear_wants_to_be_sure() {
    let env = TestEnv::taxi();
    insta::assert_snapshot!(env.fails(2, &["clear"]), @r"
    error: this would remove 7 runs of 5 components and all else that is recorded in `[TEMP]/project/.mltrace/mltrace.db` for good
    hint: run `mltrace export > backup.ndjson` to keep it, then `mltrace clear --yes`
    ");
    assert_eq!(env.json(&["recent"])["runs"].as_array().unwrap().len(), 7);
    env.done(&["clear", "--yes"]);
    assert_eq!(env.json(&["recent"])["runs"], serde_json::json!([]));
    env.done(&["doctor"]);
}

#[test]
fn a_store_that_is_named_and_not_there_is_an_error_that_names_it() {
    let env = TestEnv::new();
    for arguments in [&["clear", "--yes"][..], &["clear"], &["recent"], &["components"]] {
        let said = env.fails(1, &[&["--db", "no/such"][..], arguments].concat());
        assert!(said.contains("no/such") && said.contains("`--db`") && !said.contains("removed"), "{said}");
        let output = env.command(arguments).env("MLTRACE_DB", "no/such").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("no/such") && said.contains("`MLTRACE_DB`") && !said.contains("removed"), "{said}");
    }
    assert!(!env.project().join("no").exists());
    // Where nobody named one, there may be none yet.
    let said = env.call(&["clear", "--yes"]).stderr;
    assert!(said.contains("nothing has been recorded yet") && !said.contains("removed"), "{said}");
}

#[test]
fn clear_leaves_other_files_alone() {
    let env = TestEnv::new();
    let path = env.write("precious.db", &"somebody's own ".repeat(100));
    env.fails(3, &["--db", "precious.db", "clear", "--yes"]);
    assert!(path.exists());
}

#[test]
fn a_store_elsewhere_is_used_before_and_after_the_command() {
    let env = TestEnv::taxi();
    let store = env.project().join(".mltrace/mltrace.db").display().to_string();
    let elsewhere = TestEnv::new();
    // The project is part of the key: another project of the same name sees the same runs.
    assert_eq!(elsewhere.json(&["--db", &store, "trace", MODEL])["runs"].as_array().unwrap().len(), 7);
    assert_eq!(elsewhere.json(&["trace", "--db", &store, MODEL])["runs"].as_array().unwrap().len(), 7);
    let told = elsewhere.command(&["trace", MODEL]).env("MLTRACE_DB", &store).output().unwrap();
    assert_eq!(told.status.code(), Some(0));
    assert_eq!(elsewhere.json(&["recent"])["runs"], serde_json::json!([]));
}

fn regex_of(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_alphanumeric() { letter.to_string() } else { format!("\\{letter}") })
        .collect()
}

#[cfg(unix)]
#[test]
fn doctor_finds_a_folder_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let env = TestEnv::taxi();
    let folder = env.project().join(".mltrace");
    let allow = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    assert!(env.done(&["doctor"]).contains("can be written"));
    allow(env.project().parent().unwrap(), 0o755);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        allow(&path, if path.is_dir() { 0o555 } else { 0o444 });
    }
    allow(&folder, 0o555);
    let mut command = env.std_command(&["doctor"]);
    if rustix::process::getuid().is_root() {
        // Permissions bind everybody but root.
        command.uid(65_534);
    }
    let output = command.output().unwrap();
    allow(&folder, 0o755);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(".mltrace` cannot be written, so not all is recorded: Permission denied"), "{text}");
    assert!(!text.contains("mltrace ingest"), "{text}");
}
