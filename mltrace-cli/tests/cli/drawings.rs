//! `mltrace trace` as Graphviz and Mermaid.

use crate::env::{TestEnv, runs};

fn small() -> TestEnv {
    TestEnv::with_lines(&runs(&["raw.csv -> clean -> clean.csv", "clean.csv -> train -> model.pkl"]))
}

#[test]
fn dot_draws_runs_and_versions() {
    insta::with_settings!({filters => vec![(r"(\\n|<br>)[0-9a-f]{8}(\\n|<br>)", "$1[RUN]$2")]}, {
        insta::assert_snapshot!(small().done(&["trace", "model.pkl", "--format", "dot"]), @r#"
        digraph trace {
            rankdir=LR;
            node [fontname="sans-serif"];
            n0 [shape=note, label="model.pkl", penwidth=3];
            n1 [shape=box, style="rounded", label="train\n[RUN]\n2021-01-01 00:01:00"];
            n2 [shape=note, label="clean.csv"];
            n3 [shape=box, style="rounded", label="clean\n[RUN]\n2021-01-01 00:00:00"];
            n4 [shape=note, label="raw.csv"];
            n1 -> n0;
            n2 -> n1 [style=dashed, label="by time"];
            n3 -> n2;
            n4 -> n3 [style=dashed, label="unknown writer"];
        }
        "#);
    });
}

#[test]
fn mermaid_draws_runs_and_versions() {
    insta::with_settings!({filters => vec![(r"(\\n|<br>)[0-9a-f]{8}(\\n|<br>)", "$1[RUN]$2")]}, {
        insta::assert_snapshot!(small().done(&["--format", "mermaid", "trace", "model.pkl"]), @r#"
        flowchart LR
            n0(["model.pkl"])
            n1["train<br>[RUN]<br>2021-01-01 00:01:00"]
            n2(["clean.csv"])
            n3["clean<br>[RUN]<br>2021-01-01 00:00:00"]
            n4(["raw.csv"])
            n1 --> n0
            n2 -. by time .-> n1
            n3 --> n2
            n4 -. unknown writer .-> n3
            style n0 stroke-width:3px
        "#);
    });
}

#[test]
fn other_commands_have_no_drawing() {
    let env = small();
    insta::assert_snapshot!(env.fails(2, &["recent", "--format", "dot"]), @r"
    error: only `mltrace trace` can be drawn
    hint: run it with `--format text` or `--format json`
    ");
    env.fails(2, &["review", "--format", "mermaid"]);
    env.fails(2, &["run", "--component", "c", "--format", "dot", "--", "touch", "made"]);
    assert!(!env.project().join("made").exists());
}
