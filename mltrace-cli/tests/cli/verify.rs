//! `mltrace verify`.

use crate::env::TestEnv;

const RUNS: [(&str, &str); 1] = [(r"run [0-9a-f]{8}", "run [RUN]")];

/// A project in which one run read `raw.csv` and wrote `made.csv` and `gone.csv`.
fn project() -> TestEnv {
    let env = TestEnv::new();
    env.write("raw.csv", &"raw\n".repeat(50));
    let script = "cp raw.csv made.csv; echo made >> made.csv; cp made.csv gone.csv; echo gone >> gone.csv";
    let io = ["-i", "raw.csv", "-o", "made.csv", "-o", "gone.csv", "-o", "s3://bucket/x"];
    env.done(&[&["run", "--component", "make"], &io[..], &["--", "sh", "-c", script]].concat());
    env
}

#[test]
fn verify_is_fine_while_nothing_changed() {
    let env = project();
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["verify"]), @"1 unknown writer, 2 unchanged, 1 not local");
        insta::assert_snapshot!(env.done(&["-v", "verify"]), @r"
        unchanged      gone.csv  run [RUN] wrote b3:4304e7a7e76f
        unchanged      made.csv  run [RUN] wrote b3:46f37a803b8d
        unknown writer raw.csv  last read as b3:eac957ad8f84
        not local      s3://bucket/x
        1 unknown writer, 2 unchanged, 1 not local
        ");
    });
}

#[test]
fn verify_fails_when_something_changed_or_is_missing() {
    let env = project();
    env.write("made.csv", "somebody was here");
    std::fs::remove_file(env.project().join("gone.csv")).unwrap();
    let answer = env.call(&["verify"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (1, ""));
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(answer.stdout, @r"
        missing        gone.csv  run [RUN] wrote b3:4304e7a7e76f
        changed        made.csv  run [RUN] wrote b3:46f37a803b8d, it holds b3:645116331c9e
        1 changed, 1 missing, 1 unknown writer, 1 not local
        ");
    });
    let json = env.call(&["verify", "gone.csv", "--format", "json"]);
    assert_eq!(json.code, 1);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["artifacts"][0]["state"], "missing");
    env.done(&["verify", "raw.csv"]);
}

#[test]
fn verify_of_an_unknown_artifact_is_not_found() {
    insta::assert_snapshot!(project().fails(1, &["verify", "mode.csv"]), @r"
    error: no artifact is called `mode.csv`
      did you mean `made.csv` or `gone.csv`?
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps
    ");
}
