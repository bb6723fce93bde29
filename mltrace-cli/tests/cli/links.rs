//! Links: a project that is reached through one, folders that are made of them.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::env::TestEnv;

/// Returns the components upstream of an artifact, nearest first.
pub(crate) fn upstream(env: &TestEnv, artifact: &str) -> Vec<String> {
    let answer = env.json(&["trace", artifact]);
    let runs = answer["runs"].as_array().unwrap();
    runs.iter().map(|run| run["component"].as_str().unwrap().to_owned()).collect()
}

/// Runs a shell command as a component; each option is `-i` or `-o` and a name.
pub(crate) fn run(env: &TestEnv, component: &str, options: &[&str], shell: &str) {
    let arguments = [&["run", "--component", component][..], options, &["--", "sh", "-c", shell]].concat();
    env.done(&arguments);
}

#[test]
fn a_project_that_is_reached_through_a_link_is_one_project() {
    let env = TestEnv::new();
    let link = env.project().parent().unwrap().join("link");
    symlink(env.project(), &link).unwrap();
    let by_link = |name: &str| link.join(name).display().to_string();
    run(&env, "a", &["-o", "x.txt"], "echo 1 > x.txt");
    run(&env, "b", &["-i", &by_link("x.txt"), "-o", &by_link("y.txt")], "echo 22 > y.txt");
    run(&env, "c", &["-i", "y.txt", "-o", "z.txt"], "echo 333 > z.txt");
    for asked in ["z.txt".to_owned(), by_link("z.txt"), format!("file://{}", by_link("z.txt"))] {
        assert_eq!(upstream(&env, &asked), ["c", "b", "a"], "{asked}");
    }
    let line = format!(
        "{{\"component\":\"d\",\"status\":\"completed\",\"inputs\":[\"{}\"],\"outputs\":[\"w\"]}}",
        by_link("z.txt")
    );
    assert_eq!(env.call_with_input(&["import", "-"], &line).code, 0);
    assert_eq!(upstream(&env, "w"), ["d", "c", "b", "a"]);
}

#[test]
fn a_change_behind_a_link_in_a_folder_is_seen() {
    for (made, changed) in [("file", "store/f"), ("folder", "store/d/g"), ("chain", "store/f")] {
        let env = TestEnv::new();
        env.write("store/f", &"a".repeat(100));
        env.write("store/d/g", &"b".repeat(100));
        env.write("data/own", "own");
        let at = |name: &str| -> PathBuf { env.project().join(name) };
        match made {
            "file" => symlink("../store/f", at("data/f")).unwrap(),
            "folder" => symlink(at("store/d"), at("data/d")).unwrap(),
            _ => {
                symlink("f", at("store/latest")).unwrap();
                symlink("../store/latest", at("data/f")).unwrap();
            }
        }
        let read = || {
            run(&env, "train", &["-i", "data", "-o", "model"], "date +%N > model");
            env.json(&["inspect", "latest"])["inputs"][0]["version"].as_str().unwrap().to_owned()
        };
        let before = read();
        assert_eq!(read(), before, "{made}");
        assert!(before.starts_with("b3:"));
        env.write(changed, "other bytes");
        assert_ne!(read(), before, "{made}");
    }
}

#[test]
fn either_name_finds_what_was_recorded_under_one() {
    let env = TestEnv::new();
    run(&env, "train", &["-o", "v2/model.bin"], "mkdir v2; seq 100 > v2/model.bin");
    symlink("v2", env.project().join("latest")).unwrap();
    symlink("v2/model.bin", env.project().join("model.bin")).unwrap();
    for asked in ["latest/model.bin", "model.bin", "./latest/../latest/model.bin", "v2/model.bin"] {
        assert_eq!(upstream(&env, asked), ["train"], "{asked}");
    }
    // What nobody recorded is found by its name alone.
    run(&env, "edited", &["-o", "v2/edited.bin"], "seq 300 > v2/edited.bin");
    env.write("v2/edited.bin", "by hand");
    assert_eq!(upstream(&env, "latest/edited.bin"), ["edited"]);
    // What was written through a link is found by its content.
    run(&env, "again", &["-o", "latest/other.bin"], "seq 200 > latest/other.bin");
    for asked in ["latest/other.bin", "v2/other.bin"] {
        assert_eq!(upstream(&env, asked), ["again"], "{asked}");
    }
    // A link to nothing, and one to itself, are no error.
    symlink("nowhere", env.project().join("dangling")).unwrap();
    symlink("around", env.project().join("around")).unwrap();
    for asked in ["dangling", "around/x"] {
        env.fails(1, &["trace", asked]);
    }
}

#[test]
fn what_is_written_through_a_link_is_written_where_it_leads() {
    // What lies there before, what the run does and names, and what it has written then.
    let before = "mkdir v1 v2; ln -s v2 latest; seq 9 > real.bin; ln -s real.bin link.bin; seq 8 > v1/m; seq 8 > v2/m";
    for (names, shell, written) in [
        (vec!["latest/x"], "seq 100 > latest/x", vec!["latest/x", "v2/x"]),
        (vec!["link.bin"], "seq 100 > link.bin", vec!["link.bin", "real.bin"]),
        (vec!["latest/x", "v2/x"], "seq 100 > latest/x", vec!["latest/x", "v2/x"]),
        (vec!["v2/x", "latest/x"], "seq 100 > latest/x", vec!["v2/x", "latest/x"]),
        (vec!["v2/x"], "seq 100 > v2/x", vec!["v2/x"]),
        // What a link leads to now was written by somebody else.
        (vec!["latest"], "rm latest; ln -s v1 latest", vec!["latest"]),
        (vec!["link.bin"], "rm link.bin; seq 100 > link.bin", vec!["link.bin"]),
        (vec!["s3://b/latest/x"], "true", vec!["s3://b/latest/x"]),
    ] {
        let env = TestEnv::new();
        run(&env, "before", &["-o", "real.bin"], before);
        let begun = std::time::Instant::now();
        while begun.elapsed() < std::time::Duration::from_millis(25) {
            std::thread::yield_now();
        }
        let options: Vec<&str> = names.iter().flat_map(|name| ["-o", name]).collect();
        run(&env, "write", &options, shell);
        let outputs = env.json(&["inspect", "latest"])["outputs"].clone();
        let found: Vec<&str> =
            outputs.as_array().unwrap().iter().map(|output| output["name"].as_str().unwrap()).collect();
        assert_eq!(found, written, "{names:?} {shell}");
        // Anyone who reads under either name reads what this run wrote, however short it is.
        for name in written.iter().filter(|name| !name.contains("://")) {
            run(&env, "read", &["-i", name, "-o", "pred"], "date +%N > pred");
            assert_eq!(upstream(&env, "pred"), ["read", "write"], "{names:?} {shell}: {name}");
        }
    }
}

#[test]
fn a_read_through_a_link_saw_what_was_written_where_it_leads_whatever_the_bytes_tell() {
    let env = TestEnv::new();
    run(&env, "train", &["-o", "v2/x"], "mkdir v2; echo 1 > v2/x");
    run(&env, "another", &["-o", "v3"], "echo 1 > v3");
    symlink("v2", env.project().join("latest")).unwrap();
    run(&env, "score", &["-i", "latest/x", "-o", "y"], "cat latest/x latest/x > y");
    assert_eq!(upstream(&env, "y"), ["score", "train"]);
    // Bytes that are distinctive need no second name, unless a folder is a link: it may have been written as a whole.
    run(&env, "train", &["-o", "v2/x"], "seq 100 > v2/x");
    symlink("v2/x", env.project().join("x")).unwrap();
    run(&env, "score", &["-i", "x", "-o", "y"], "cat x x > y");
    let inputs = env.json(&["inspect", "latest"])["inputs"].as_array().unwrap().len();
    assert_eq!((inputs, upstream(&env, "y")), (1, vec!["score".to_owned(), "train".to_owned()]));
}

#[test]
fn a_folder_that_is_read_through_a_link_comes_from_who_wrote_it_or_in_it() {
    let write = "mkdir -p v2/sub; seq 100 > v2/m; seq 200 > v2/sub/m";
    for (written, reads) in [
        ("v2", &["latest", "latest/m", "latest/sub/m"][..]),
        ("v2/m", &["latest", "latest/m", "latest/sub"]),
        ("v2/sub/m", &["latest", "latest/m", "latest/sub", "latest/sub/m"]),
    ] {
        for &read in reads {
            let env = TestEnv::new();
            run(&env, "w2", &["-o", written], write);
            symlink("v2", env.project().join("latest")).unwrap();
            run(&env, "score", &["-i", read, "-o", "o"], "date +%N > o");
            let real = read.replace("latest", "v2");
            let is_of =
                written == real || real.starts_with(&format!("{written}/")) || written.starts_with(&format!("{real}/"));
            let expected: &[&str] = if is_of { &["score", "w2"] } else { &["score"] };
            assert_eq!(upstream(&env, "o"), expected, "{written} {read}");
        }
    }
}
