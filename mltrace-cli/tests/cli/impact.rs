//! `mltrace impact`.

use crate::env::{TestEnv, runs};

/// Where the ids of runs differ from those of the last change.
const RUNS: [(&str, &str); 1] = [(r"(run |w:)[0-9a-f]{8}", "$1[RUN]")];

fn pipeline() -> TestEnv {
    let mut lines = runs(&[
        "raw -> clean -> rows",
        "rows -> train -> model",
        "model -> predict -> p1",
        "model -> predict -> p2",
        "other -> clean -> rows",
        "rows -> train -> model",
        "model -> predict -> p2",
    ]);
    for (line, owner) in lines.iter_mut().zip(["ada", "bob", "cy", "cy", "ada", "bob", "cy"]) {
        let commit = if owner == "ada" { "aa11" } else { "bb22" };
        *line = line.replacen('{', &format!(r#"{{"owner":"{owner}","git_commit":"{commit}","#), 1);
    }
    TestEnv::with_lines(&lines)
}

#[test]
fn impact_tells_what_became_of_everything_and_whom_to_tell() {
    let env = pipeline();
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["impact", "raw"]), @r"
        4 runs are downstream of raw; 4 versions were written
        current
          p1  w:[RUN], predict (run [RUN])
        rebuilt since, from other inputs
          rows  w:[RUN], clean (run [RUN])
          model  w:[RUN], train (run [RUN])
          p2  w:[RUN], predict (run [RUN])
        whom to tell
          cy  1 current
        ");
        insta::assert_snapshot!(env.done(&["impact", "--component", "train", "--commit", "BB"]), @r"
        3 runs are downstream of train at commit BB; 5 versions were written
        current
          model  w:[RUN], train (run [RUN])
          p1  w:[RUN], predict (run [RUN])
          p2  w:[RUN], predict (run [RUN])
        superseded by a later version that was made from the same
          model  w:[RUN], train (run [RUN])
          p2  w:[RUN], predict (run [RUN])
        whom to tell
          cy  2 current
          bob  1 current
        ");
    });
    let answer = env.json(&["impact", "raw"]);
    assert_eq!(answer["root"]["artifact"]["name"], "raw");
    assert_eq!(answer["artifacts"][0]["name"], "p1");
    assert_eq!(answer["artifacts"][0]["state"], "current");
    assert_eq!(answer["artifacts"][0]["owner"], "cy");
    assert_eq!(answer["runs"][0]["depth"], 1);
}

#[test]
fn impact_of_a_run_begins_with_what_it_wrote() {
    let env = pipeline();
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["impact", "--run", "latest"]), @r"
        0 runs are downstream of run [RUN]; 1 version was written
        current
          p2  w:[RUN], predict (run [RUN])
        whom to tell
          cy  1 current
        ");
    });
    let nothing = env.done(&["impact", "p1"]);
    assert!(nothing.starts_with("nothing was made from p1 (w:"), "{nothing}");
}

#[test]
fn impact_asks_of_one_thing_that_is_known() {
    let env = pipeline();
    env.fails(2, &["impact"]);
    env.fails(2, &["impact", "raw", "--run", "latest"]);
    env.fails(2, &["impact", "raw", "--commit", "aa"]);
    env.fails(2, &["impact", "raw", "--format", "dot"]);
    insta::assert_snapshot!(env.fails(1, &["impact", "--component", "train", "--commit", "cc"]), @r"
    error: no commit is called `cc`
    hint: run `mltrace history COMPONENT` to see the commits of its runs
    ");
    insta::assert_snapshot!(env.fails(1, &["impact", "rwas"]), @r"
    error: no artifact is called `rwas`
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps
    ");
}
