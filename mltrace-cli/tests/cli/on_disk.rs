//! What a name means by what lies on the disk.

use serde_json::Value;

use crate::env::TestEnv;
use crate::links::{run, upstream};

/// Returns a project whose model was trained twice; the first model lies in `keep`.
fn trained() -> TestEnv {
    let env = TestEnv::new();
    run(&env, "raw", &["-o", "raw.csv"], "seq 300 > raw.csv");
    run(&env, "first", &["-i", "raw.csv", "-o", "model.bin"], "seq 100 > model.bin; cp model.bin keep");
    run(&env, "second", &["-i", "raw.csv", "-o", "model.bin"], "seq 200 > model.bin");
    env
}

fn copy(env: &TestEnv, from: &str, to: &str) {
    std::fs::copy(env.project().join(from), env.project().join(to)).unwrap();
}

/// Returns the component of the run that wrote what `flag` flagged.
fn flagged(env: &TestEnv, asked: &str) -> String {
    env.done(&["flag", asked, "--reason", "bad"]);
    let review = env.json(&["review"]);
    let version = review["flagged"][0]["version"].as_str().unwrap().to_owned();
    upstream(env, &format!("model.bin@{version}")).remove(0)
}

#[test]
fn the_version_that_lies_on_disk_is_meant() {
    // What lies there, what is asked for, whose version that is, and what is said.
    for (content, asked, writer, said) in [
        ("second", "model.bin", "second", None),
        ("first", "model.bin", "first", Some("on disk now: b3:")),
        ("first", "./model.bin", "first", Some("`model.bin@latest`")),
        ("first", "model.bin@latest", "second", None),
        ("edited", "model.bin", "second", Some("on disk now: not recorded")),
        ("gone", "model.bin", "second", None),
        ("folder", "model.bin", "second", Some("on disk now: not recorded")),
    ] {
        let env = trained();
        match content {
            "first" => copy(&env, "keep", "model.bin"),
            "edited" => drop(env.write("model.bin", "by hand")),
            "gone" | "folder" => std::fs::remove_file(env.project().join("model.bin")).unwrap(),
            _ => {}
        }
        if content == "folder" {
            env.write("model.bin/part", "a part");
        }
        let case = format!("{content} {asked}");
        assert_eq!(upstream(&env, asked), [writer, "raw"], "{case}");
        let answer = env.call(&["trace", asked]);
        match said {
            Some(said) => assert!(answer.stderr.contains(said), "{case}: {}", answer.stderr),
            None => assert_eq!(answer.stderr, "", "{case}"),
        }
        assert_eq!(env.call(&["trace", asked, "-q"]).stderr, "", "{case}");
        assert_eq!(env.json(&["report", asked])["trace"]["runs"][0]["component"], writer, "{case}");
        assert_eq!(flagged(&env, asked), writer, "{case}");
    }
}

#[test]
fn a_moment_and_a_version_mean_themselves() {
    let env = trained();
    let version = |component: &str| -> String {
        let id = env.json(&["history", component])["runs"][0]["id"].as_str().unwrap().to_owned();
        env.json(&["inspect", &id])["outputs"][0]["version"].as_str().unwrap().to_owned()
    };
    copy(&env, "keep", "model.bin");
    for (arguments, writer) in [
        (vec!["trace", "model.bin", "--as-of", "0s"], "second"),
        (vec!["trace", &format!("model.bin@{}", version("second"))], "second"),
        (vec!["trace", &format!("model.bin@{}", version("first"))], "first"),
    ] {
        assert_eq!(env.json(&arguments)["runs"][0]["component"], writer, "{arguments:?}");
        assert_eq!(env.call(&arguments).stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_file_that_was_renamed_by_hand_is_traced_by_its_content() {
    let env = trained();
    for (from, to, writer) in [("keep", "old.bin", "first"), ("model.bin", "deep/new.bin", "second")] {
        env.write(to, "");
        copy(&env, from, to);
        assert_eq!(upstream(&env, to), [writer, "raw"], "{to}");
        let answer = env.call(&["trace", to]);
        assert!(
            answer.stderr.contains(&format!("nobody recorded `{to}`; it holds what `model.bin` held")),
            "{}",
            answer.stderr
        );
    }
    assert_eq!(flagged(&env, "old.bin"), "first");
    env.write("other.bin", "nobody knows this");
    env.fails(1, &["trace", "other.bin"]);
    env.fails(1, &["trace", "nothing.bin"]);
}

#[test]
fn bytes_that_were_recorded_under_another_name_are_told_with_it() {
    let env = trained();
    run(&env, "other", &["-o", "other.bin"], "seq 400 > other.bin");
    copy(&env, "other.bin", "model.bin");
    assert_eq!(upstream(&env, "model.bin"), ["other"]);
    let said = env.call(&["trace", "model.bin"]).stderr;
    assert!(said.contains("on disk now: what `other.bin` held") && said.contains("`model.bin@latest`"), "{said}");
    assert_eq!(env.json(&["report", "model.bin"])["trace"]["runs"][0]["component"], "other");
    // Few bytes may be the same by chance.
    run(&env, "short", &["-o", "short.bin"], "echo 1 > short.bin");
    copy(&env, "short.bin", "model.bin");
    assert_eq!(upstream(&env, "model.bin"), ["second", "raw"]);
    let said = env.call(&["trace", "model.bin"]).stderr;
    assert!(said.contains("on disk now: what `short.bin` held"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_link_that_moved_means_where_it_leads_now() {
    for (written, other) in [("v2/m", "v3/m"), ("v2", "v3")] {
        let env = TestEnv::new();
        std::os::unix::fs::symlink("v2", env.project().join("latest")).unwrap();
        run(&env, "two", &["-o", written], "mkdir v2; seq 100 > v2/m");
        run(&env, "read", &["-i", "latest/m", "-o", "o"], "date > o");
        run(&env, "three", &["-o", other], "mkdir v3; seq 200 > v3/m");
        assert_eq!(upstream(&env, "latest/m"), ["two"], "{written}");
        std::fs::remove_file(env.project().join("latest")).unwrap();
        std::os::unix::fs::symlink("v3", env.project().join("latest")).unwrap();
        assert_eq!(upstream(&env, "latest/m"), ["three"], "{written}");
        let said = env.call(&["trace", "latest/m"]).stderr;
        assert!(said.contains("on disk now: what `v3/m` held"), "{said}");
    }
}

#[test]
fn a_file_in_a_folder_that_was_written_as_a_whole_is_the_one_on_disk() {
    let env = TestEnv::new();
    run(&env, "first", &["-o", "out"], "mkdir -p out/sub; seq 100 > out/p; seq 300 > out/sub/q; cp out/p keep");
    run(&env, "second", &["-o", "out"], "seq 200 > out/p");
    assert_eq!(upstream(&env, "out/p"), ["second"]);
    assert!(env.done(&["trace", "out/p"]).contains("no run wrote `out/p` under that name: it lies inside `out`"));
    copy(&env, "keep", "out/p");
    assert_eq!(upstream(&env, "out/p"), ["first"]);
    let said = env.call(&["trace", "out/p"]).stderr;
    assert!(said.contains("on disk now:") && said.contains("`out/p@latest`"), "{said}");
    assert_eq!(upstream(&env, "out/p@latest"), ["second"]);
    env.write("out/p", "by hand");
    let said = env.call(&["trace", "out/p"]).stderr;
    assert!(said.contains("on disk now: not recorded"), "{said}");
    // A verdict is on the file, and the one who wrote the folder is suspected.
    let flagged = env.done(&["flag", "out/sub/q", "--reason", "bad"]);
    assert!(flagged.contains("second"), "{flagged}");
    assert!(env.done(&["verify", "out/sub/q"]).contains("out/sub/q"));
    env.fails(1, &["trace", "out/typo"]);
    env.fails(1, &["trace", "sub/q"]);
}

#[test]
fn a_file_that_was_renamed_and_read_still_comes_from_its_writer() {
    let env = TestEnv::new();
    run(&env, "mk", &["-o", "a.csv"], "seq 100 > a.csv");
    std::fs::rename(env.project().join("a.csv"), env.project().join("b.csv")).unwrap();
    assert_eq!(upstream(&env, "b.csv"), ["mk"]);
    run(&env, "rd", &["-i", "b.csv", "-o", "o"], "date > o");
    assert_eq!(upstream(&env, "b.csv"), ["mk"]);
    assert!(env.done(&["trace", "b.csv"]).contains("it holds what `a.csv` held"));
    assert!(env.done(&["flag", "b.csv", "--reason", "bad"]).contains("mk"));
}

#[test]
fn what_is_large_is_not_read_while_somebody_waits() {
    let env = trained();
    let file = std::fs::File::create(env.project().join("model.bin")).unwrap();
    file.set_len(3 << 30).unwrap();
    let answer = env.call(&["trace", "model.bin"]);
    assert!(answer.stderr.contains("too large"), "{}", answer.stderr);
    assert_eq!(upstream(&env, "model.bin"), ["second", "raw"]);
}

#[test]
fn an_input_that_no_recorded_run_wrote_is_a_leaf() {
    let env = TestEnv::new();
    env.write("raw.csv", &"1,2\n".repeat(100));
    run(&env, "train", &["-i", "raw.csv", "s3://b/table", "-o", "model.bin"], "seq 100 > model.bin");
    let shown = env.done(&["trace", "model.bin"]);
    for name in ["raw.csv", "s3://b/table"] {
        assert!(shown.contains(&format!("{name} [unknown writer]")), "{shown}");
    }
    assert!(!env.done(&["trace", "model.bin", "-q"]).contains("unknown writer"));
    // Very many are counted.
    let names: Vec<String> = (0..50).map(|number| format!("part-{number}")).collect();
    let arguments: Vec<&str> = names.iter().map(String::as_str).collect();
    run(&env, "train", &[&["-o", "model.bin", "-i"][..], &arguments].concat(), "seq 200 > model.bin");
    let shown = env.done(&["trace", "model.bin"]);
    assert!(shown.contains("… and 30 more inputs that no recorded run wrote"), "{shown}");
    assert!(env.done(&["trace", "model.bin", "-v"]).contains("part-49 [unknown writer]"));
    let run: Value = env.json(&["inspect", "latest"]);
    assert_eq!(run["inputs"].as_array().unwrap().len(), 50);
}
