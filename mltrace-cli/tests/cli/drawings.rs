//! `mltrace trace` as Graphviz and Mermaid.

use crate::env::{TestEnv, runs};

fn small() -> TestEnv {
    TestEnv::with_lines(&runs(&["raw.csv -> clean -> clean.csv", "clean.csv -> train -> model.pkl"]))
}

#[test]
fn dot_draws_runs_and_versions() {
    insta::with_settings!({filters => vec![(r"[0-9a-f]{8} 2021", "[RUN] 2021")]}, {
        insta::assert_snapshot!(small().done(&["trace", "model.pkl", "--format", "dot"]), @"");
    });
}

#[test]
fn mermaid_draws_runs_and_versions() {
    insta::with_settings!({filters => vec![(r"[0-9a-f]{8} 2021", "[RUN] 2021")]}, {
        insta::assert_snapshot!(small().done(&["--format", "mermaid", "trace", "model.pkl"]), @"");
    });
}

#[test]
fn other_commands_have_no_drawing() {
    let env = small();
    insta::assert_snapshot!(env.fails(2, &["recent", "--format", "dot"]), @"");
    env.fails(2, &["review", "--format", "mermaid"]);
    env.fails(2, &["run", "--component", "c", "--format", "dot", "--", "touch", "made"]);
    assert!(!env.project().join("made").exists());
}
