//! `mltrace flag`, `unflag` and `review`.

use crate::env::{TestEnv, runs};

fn pipeline() -> TestEnv {
    TestEnv::with_lines(&runs(&[
        "raw -> ingest -> data",
        "data -> good_features -> f1",
        "data -> bad_features -> f2",
        "f1 -> predict -> p1",
        "f2 -> predict -> p2",
        "f2 -> predict -> p3",
    ]))
}

#[test]
fn flag_ends_with_the_suspects() {
    let env = pipeline();
    env.done(&["flag", "--ok", "p1"]);
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[TIME]"), (r"(run|w:)( ?)[0-9a-f]{8}", "$1$2[RUN]")]}, {
        insta::assert_snapshot!(env.done(&["flag", "p2", "p3", "--reason", "all fares are zero"]), @r"
        flagged
          p2: all fares are zero  w:[RUN], by tester, [TIME]
          p3: all fares are zero  w:[RUN], by tester, [TIME]
        ok
          p1  w:[RUN], by tester, [TIME]
        suspects
          1. bad_features (run [RUN])  78 %
             upstream of 2 of 2 flagged and 0 of 1 ok outputs
             score 1.9 = 1.9 for the verdicts + 0.0 for what changed
          2. ingest (run [RUN])  21 %
             upstream of 2 of 2 flagged and 1 of 1 ok outputs
             score 1.3 = 1.3 for the verdicts + 0.0 for what changed
          no recorded run  1 %
        look next
          data@w:[RUN]
            made with suspect 2, without suspect 1: its verdict tells 0.22 bits
          f2@w:[RUN]
            made with suspect 1, 2: its verdict tells 0.02 bits
        ");
    });
    let answer = env.json(&["review"]);
    assert_eq!(answer["suspects"][0]["components"][0], "bad_features");
    assert_eq!(answer["flagged"][0]["reason"], "all fares are zero");
    assert_eq!(env.json(&["flag"]), answer, "`flag` alone is `review`");
}

#[test]
fn nothing_is_flagged_unless_everything_is_known() {
    let env = pipeline();
    insta::assert_snapshot!(env.fails(1, &["flag", "p2", "p9", "nothing alike"]), @r"
    error: no artifact is called `p9`
      did you mean `p1` or `p2` or `p3`?
    error: no artifact is called `nothing alike`
    hint: run `mltrace recent` to see what the last runs wrote, or `mltrace components` for the steps; no verdict was recorded
    ");
    assert_eq!(env.json(&["review"])["flagged"], serde_json::json!([]));
    assert_eq!(env.done(&["review"]), "nothing is flagged\n");
}

#[test]
fn verdicts_are_taken_back() {
    let env = pipeline();
    env.done(&["flag", "p2", "p3"]);
    let left = env.json(&["unflag", "p3"]);
    assert_eq!(left["flagged"].as_array().unwrap().len(), 1);
    env.done(&["flag", "--ok", "p1"]);
    let none = env.json(&["unflag", "--all"]);
    assert_eq!((&none["flagged"], &none["ok"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(env.done(&["unflag", "--all"]), "nothing is flagged\n");
    env.fails(2, &["unflag"]);
    env.fails(2, &["unflag", "p1", "--all"]);
    env.fails(2, &["flag", "--ok"]);
}

#[test]
fn a_verdict_belongs_to_the_version() {
    let mut lines = runs(&["a -> old -> m", "b -> new -> m"]);
    let env = TestEnv::with_lines(&lines);
    env.done(&["flag", "m"]);
    assert_eq!(env.done(&["trace", "m"]), "new\n└── m [flagged]\n");
    lines = vec![runs(&["a -> x -> y", "a -> x -> y", "c -> fixed -> m"]).remove(2)];
    env.call_with_input(&["import", "-"], &lines.join("\n"));
    assert_eq!(env.done(&["trace", "m"]), "fixed\n└── m\n");
}
