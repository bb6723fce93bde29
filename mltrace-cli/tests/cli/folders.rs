//! Folders on the disk: what lies in them is recorded with their content.

use crate::env::TestEnv;
use crate::links::{run, upstream};

/// Longer than what is too short to be recognised by.
fn write(name: &str, letter: &str) -> String {
    format!("printf '{}' > {name}", letter.repeat(100))
}

#[test]
fn a_step_that_reads_a_folder_saw_the_parts_that_were_still_there() {
    let env = TestEnv::new();
    std::fs::create_dir(env.project().join("out")).unwrap();
    for (component, part) in [("first", "1.csv"), ("second", "2.csv"), ("third", "3.csv")] {
        let name = format!("out/{part}");
        run(&env, component, &["-o", &name], &write(&name, component));
    }
    std::fs::remove_file(env.project().join("out/2.csv")).unwrap();
    std::fs::write(env.project().join("out/3.csv"), "edited by hand").unwrap();
    run(&env, "train", &["-i", "out", "-o", "model"], &write("model", "m"));
    assert_eq!(upstream(&env, "model"), ["train", "first"]);
    // A store that imports the export knows as much.
    let other = TestEnv::with_lines(&env.done(&["export"]).lines().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(upstream(&other, "model"), ["train", "first"]);
}

#[test]
fn a_step_that_reads_a_file_of_a_folder_saw_the_folder_that_held_it() {
    let env = TestEnv::new();
    let split = |letter: &str| format!("mkdir -p out && {} && {}", write("out/1.csv", letter), write("out/2.csv", "b"));
    run(&env, "split", &["-o", "out"], &split("a"));
    std::fs::copy(env.project().join("out/1.csv"), env.project().join("kept.csv")).unwrap();
    run(&env, "again", &["-o", "out"], &split("c"));
    std::fs::copy(env.project().join("kept.csv"), env.project().join("out/1.csv")).unwrap();
    run(&env, "train", &["-i", "out/1.csv", "-o", "model"], &write("model", "m"));
    assert_eq!(upstream(&env, "model"), ["train", "split"]);
    std::fs::write(env.project().join("out/1.csv"), "edited by hand").unwrap();
    run(&env, "score", &["-i", "out/1.csv", "-o", "scores"], &write("scores", "s"));
    assert_eq!(upstream(&env, "scores"), ["score"]);
}

#[test]
fn what_lies_in_a_folder_is_recorded_once_for_each_content() {
    let env = TestEnv::new();
    std::fs::create_dir(env.project().join("in")).unwrap();
    std::fs::write(env.project().join("in/1.csv"), "x".repeat(100)).unwrap();
    for _ in 0..3 {
        run(&env, "read", &["-i", "in"], "true");
    }
    let lines = env.done(&["export"]);
    assert_eq!(lines.lines().filter(|line| line.contains("\"type\":\"folder\"")).count(), 1, "{lines}");
}
