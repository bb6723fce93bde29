//! `mltrace stale`.

use crate::env::{TestEnv, runs};

const RUNS: [(&str, &str); 2] =
    [(r"(run |inspect )[0-9a-f]{8}", "$1[RUN]"), (r"written \d+ days ago", "written [MANY] days ago")];

#[test]
fn stale_tells_why_and_where_the_fresher_run_is() {
    let env = TestEnv::with_lines(&runs(&["a -> ingest -> raw", "raw -> train -> model", "b -> ingest -> raw"]));
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["stale", "model"]), @r"
        train  run [RUN], 2021-01-01 00:01:00
          if used now: `model` was written [MANY] days ago  mltrace inspect [RUN]
          if used now: run [RUN] wrote a later version of `raw` at 2021-01-01 00:02:30 UTC  mltrace inspect [RUN]
        ");
    });
    let answer = env.json(&["stale", "model"]);
    assert_eq!(answer["runs"][0]["stale_now"].as_array().unwrap().len(), 2);
    assert_eq!(answer["artifact"]["name"], "model");
    assert_eq!(env.json(&["stale"])["artifact"], serde_json::Value::Null);
}

#[test]
fn nothing_is_stale_where_nothing_is_recorded() {
    let env = TestEnv::new();
    assert_eq!(env.done(&["stale"]), "nothing is stale\n");
    env.fails(1, &["stale", "model"]);
}
