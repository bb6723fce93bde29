//! Shell completion and the manual.

use crate::env::TestEnv;

fn completed(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let output = env
        .command(&[&["--"], words].concat())
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .env("_CLAP_IFS", "\n")
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn commands_and_names_are_completed() {
    let env = TestEnv::taxi();
    assert_eq!(completed(&env, &["mltrace", "comp"]), ["components", "component", "compare", "completions"]);
    assert_eq!(completed(&env, &["mltrace", "history", "tr"]), ["train", "train_dev"]);
    assert_eq!(completed(&env, &["mltrace", "trace", "s3://toy-applied-ml-pipeline/prod"]), [crate::env::MODEL]);
    let id = env.json(&["inspect", "latest"])["id"].as_str().unwrap().to_owned();
    assert_eq!(completed(&env, &["mltrace", "inspect", &id[28..32]]), [&id[28..]]);
    assert_eq!(completed(&env, &["mltrace", "inspect", "l"]), ["latest"]);
    assert_eq!(completed(&env, &["mltrace", "inspect", ""])[0], "latest");
    assert!(completed(&TestEnv::new(), &["mltrace", "inspect", "l"]).is_empty());
    let status = completed(&env, &["mltrace", "recent", "--status", "f"]);
    assert_eq!(status, ["failed"]);
}

#[test]
fn completion_uses_the_store_that_is_typed() {
    let env = TestEnv::taxi();
    let store = env.project().join(".mltrace/mltrace.db").display().to_string();
    let other = TestEnv::new();
    assert_eq!(completed(&other, &["mltrace", "--db", &store, "history", "split"]), ["split_dev"]);
    assert_eq!(completed(&other, &["mltrace", "history", "split"]), Vec::<String>::new());
}

#[test]
fn completion_keeps_quiet_about_trouble() {
    let env = TestEnv::new();
    env.write(".mltrace/mltrace.db", "this is no database");
    assert_eq!(completed(&env, &["mltrace", "history", ""]).iter().filter(|name| !name.starts_with('-')).count(), 0);
}

#[test]
fn every_shell_has_a_script() {
    let env = TestEnv::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(env.done(&["completions", shell]).contains("mltrace"), "{shell}");
    }
    env.fails(2, &["completions", "tcsh"]);
}

#[cfg(unix)]
#[test]
fn bash_completes_names_with_colons() {
    let env = TestEnv::taxi();
    let script = r#"
        PATH="$1:$PATH"
        source <(mltrace completions bash)
        COMP_LINE='mltrace trace s3://toy-applied-ml-pipeline/dev/cl'
        COMP_POINT=${#COMP_LINE} COMP_WORDS=(mltrace trace s3 : //toy-applied-ml-pipeline/dev/cl) COMP_CWORD=4 COMP_TYPE=9
        _mltrace mltrace //toy-applied-ml-pipeline/dev/cl :
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_mltrace")).parent().unwrap();
    let mut bash = std::process::Command::new("bash");
    bash.args(["--norc", "-c", script, "bash"]).arg(folder).current_dir(env.project());
    let output = bash.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = text.lines().collect();
    assert_eq!(
        names,
        [
            "//toy-applied-ml-pipeline/dev/clean/2020_01/20210429-192900.pq",
            "//toy-applied-ml-pipeline/dev/clean/2020_02/20210429-193240.pq",
        ],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let env = TestEnv::new();
    assert!(env.done(&["man"]).contains(".TH mltrace 1"));
    assert!(env.done(&["man", "trace"]).contains(".TH mltrace-trace 1"));
    env.fails(2, &["man", "nonsense"]);
}

#[test]
fn a_verb_of_other_tools_is_answered_with_ours() {
    let env = TestEnv::new();
    for (verb, ours) in [
        ("list", "mltrace recent"),
        ("runs", "mltrace recent"),
        ("show", "mltrace inspect RUN"),
        ("status", "mltrace stale"),
        ("init", "nothing to set up"),
    ] {
        let answer = env.call(&[verb, "x"]);
        assert_eq!(answer.code, 2, "{verb}");
        assert!(answer.stderr.contains("hint: ") && answer.stderr.contains(ours), "{verb}: {}", answer.stderr);
    }
    assert!(!env.call(&["frobnicate"]).stderr.contains("hint: "));
}

#[test]
fn a_store_that_was_named_and_is_not_there_is_an_error() {
    let env = TestEnv::new();
    for command in ["recent", "components"] {
        let answer = env.call(&["--db", "stroe", command]);
        assert_eq!(answer.code, 1, "{command}");
        assert!(answer.stderr.contains("stroe") && answer.stderr.contains("--db"), "{}", answer.stderr);
    }
    let traced = env.fails(1, &["--db", "stroe", "trace", "x"]);
    assert!(traced.contains("hint: check the path given to `--db`"), "{traced}");
    assert_eq!(env.call(&["recent"]).code, 0, "where a store is only looked for there may be none yet");
}
