//! Whose data it is: said of runs, followed downstream, marked, and shown to be gone.

use serde_json::{Value, json};

use crate::env::TestEnv;

/// Customers become a table and a model that is live; prices become something of their own.
fn served() -> TestEnv {
    let env = TestEnv::new();
    env.write("customers.csv", "name\nada\n");
    env.write("prices.csv", "price\n1\n");
    env.write("clean.csv", "cleaned");
    env.done(&[
        "log",
        "--component",
        "clean",
        "-i",
        "customers.csv",
        "prices.csv",
        "-o",
        "clean.csv",
        "--subject",
        "ada",
    ]);
    env.write("model.bin", "trained");
    env.done(&["log", "--component", "train", "-i", "clean.csv", "-o", "model.bin", "--out-id", "registry/model"]);
    env.write("prices.txt", "shown");
    env.done(&["log", "--component", "show", "-i", "prices.csv", "-o", "prices.txt"]);
    env.done(&["alias", "production", "model.bin"]);
    env
}

/// Returns each version with its state and why.
fn held(env: &TestEnv, arguments: &[&str], code: i32) -> Vec<String> {
    let answer = env.call(&[&["--format", "json", "forget", "--subject", "ada"], arguments].concat());
    assert_eq!(answer.code, code, "{}{}", answer.stdout, answer.stderr);
    let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(answer["is_left"], json!(code == 1));
    let versions = answer["versions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    versions.map(|of| format!("{} {}: {}", text(&of["state"]), text(&of["name"]), text(&of["because"]))).collect()
}

#[test]
fn what_holds_the_data_of_a_subject_is_listed_until_nothing_does() {
    let env = served();
    let listed = held(&env, &[], 1);
    assert_eq!(
        listed,
        [
            "live model.bin: `production` points to it",
            "there clean.csv: this disk holds it",
            "unknown registry/model: nobody can look, and nothing was written there since",
        ],
        "what was made of the prices alone is not among them"
    );

    // Cleaned and trained anew, without her; the alias moves on.
    env.write("clean.csv", "cleaned without her");
    env.done(&["log", "--component", "clean", "-i", "prices.csv", "-o", "clean.csv"]);
    env.write("model.bin", "trained without her");
    env.done(&["log", "--component", "train", "-i", "clean.csv", "-o", "model.bin", "--out-id", "registry/model"]);
    assert_eq!(
        held(&env, &[], 1),
        [
            "live model.bin: `production` points to it",
            "gone clean.csv: something else lies there",
            "gone registry/model: it was written again since",
        ],
        "an alias keeps what no disk holds any more"
    );
    env.done(&["alias", "production", "model.bin"]);
    assert_eq!(held(&env, &[], 0)[1], "gone model.bin: something else lies there");
    std::fs::remove_file(env.project().join("model.bin")).unwrap();
    assert_eq!(held(&env, &[], 0)[1], "gone model.bin: nothing lies there");
    assert!(
        env.done(&["forget", "--subject", "ada"])
            .ends_with("none is left: 3 versions were made from these data, and all are gone\n")
    );

    // Somebody puts the old file back, under the old name.
    env.write("clean.csv", "cleaned");
    assert_eq!(held(&env, &[], 1)[0], "there clean.csv: this disk holds it");
}

#[test]
fn an_output_of_a_task_that_was_made_from_the_data_is_left() {
    let env = TestEnv::new();
    env.write("c.csv", "x");
    let ingest = ["run", "--component", "ingest", "-i", "c.csv", "-o", "d.csv", "--subject", "ada", "--"];
    env.done(&[&ingest[..], &["sh", "-c", "cat c.csv > d.csv"]].concat());
    env.done(&["run", "--component", "predict", "-i", "d.csv", "--", "true"]);
    env.done(&["log-output", "grade", "ada-17", "0.93", "--run", "latest"]);
    env.done(&["run", "--component", "other", "--", "true"]);
    env.done(&["log-output", "grade", "eve-17", "0.12", "--run", "latest"]);
    for file in ["c.csv", "d.csv"] {
        std::fs::remove_file(env.project().join(file)).unwrap();
    }
    assert_eq!(held(&env, &[], 1), ["gone d.csv: nothing lies there"]);
    let answer = env.call(&["forget", "--subject", "ada"]);
    let said = "1 version was made from these data, and it is gone; 1 output of the task `grade` is in this store\n";
    assert!(answer.code == 1 && answer.stdout.ends_with(said), "{}{}", answer.stdout, answer.stderr);
    let told = env.call(&["--format", "json", "forget", "--subject", "ada"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    let run = told["outputs"][0]["made_by"][0].as_str().unwrap().to_owned();
    assert_eq!(told["outputs"], json!([{"task": "grade", "count": 1, "made_by": [run]}]));
    // Its outputs go with the run, also where something came of them.
    env.done(&["log-feedback", "grade", "ada-17", "1"]);
    env.done(&["forget", &run, "--yes"]);
    assert!(env.done(&["forget", "--subject", "ada"]).contains("none is left: 1 version was made"));
}

#[test]
fn a_retracted_subject_is_marked_wherever_its_runs_are_shown() {
    let env = served();
    let shown = env.call(&["forget", "--subject", "ada", "--yes"]);
    assert_eq!(shown.code, 1, "{}", shown.stderr);
    assert!(shown.stdout.contains("retracted 20") && shown.stdout.contains(" by tester\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("customers.csv@b3:") && shown.stdout.contains("prices.csv@b3:"), "{}", shown.stdout);
    let first = env.json(&["inspect", env.json(&["history", "clean"])["runs"][0]["id"].as_str().unwrap()]);
    let marked = first["subjects"][0]["retracted_at"].as_str().unwrap().to_owned();
    assert!(env.done(&["trace", "model.bin"]).contains("holds data of s:e6d7749038be, retracted 20"));
    assert!(!env.done(&["trace", "prices.txt"]).contains("holds data"));
    env.call(&["forget", "--subject", "ada", "--yes"]);
    let again = env.json(&["history", "clean"])["runs"][0]["subjects"][0]["retracted_at"].as_str().unwrap().to_owned();
    assert_eq!(again, marked, "once");
}

#[test]
fn the_name_of_a_subject_is_kept_nowhere() {
    let env = TestEnv::new();
    let name = "augusta.ada.king@example.com";
    env.write("in.csv", "x");
    env.done(&["log", "--component", "clean", "-i", "in.csv", "--out-id", "made", "--subject", name]);
    env.done(&["run", "--component", "clean", "--out-id", "made", "--subject", name, "--", "true"]);
    env.call(&["forget", "--subject", name, "--yes"]);
    let exported = env.done(&["export"]);
    assert_eq!(exported.matches("\"s:").count(), 3, "{exported}");
    let mut looked = 0;
    for path in files(&env.project().join(".mltrace")) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(name.len()).any(|part| part == name.as_bytes());
        assert!(!found, "{}", path.display());
        looked += 1;
    }
    assert!(looked > 0 && !exported.contains("augusta"));
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn an_unknown_subject_proves_nothing() {
    let env = served();
    let said = env.fails(1, &["forget", "--subject", "Ada"]);
    assert!(said.contains("no subject is called `s:") && !said.contains("Ada"), "{said}");
    assert_eq!(env.call(&["forget", "--subject", ""]).code, 2);
    assert_eq!(env.call(&["forget"]).code, 2);
    assert_eq!(env.call(&["forget", "latest", "--subject", "ada"]).code, 2);
}

/// Puts what lies in a folder into another one.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for path in files(from) {
        let copied = to.join(path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(copied.parent().unwrap()).unwrap();
        std::fs::copy(&path, copied).unwrap();
    }
}

#[test]
fn what_lies_where_a_store_or_an_export_came_from_is_not_gone() {
    let env = served();
    let exported = env.done(&["export"]);
    let (copied, told) = (TestEnv::new(), TestEnv::new());
    copy(&env.project().join(".mltrace"), &copied.project().join(".mltrace"));
    told.call_with_input(&["import", "-"], &exported);
    for (env, why) in [(&copied, "the store was copied from `"), (&told, "its run was imported")] {
        let held = held(env, &[], 1);
        let clean = held.iter().find(|line| line.contains(" clean.csv: ")).unwrap();
        assert!(clean.starts_with("unknown") && clean.contains(why), "{held:?}");
        assert!(!held.iter().any(|line| line.starts_with("gone")), "{held:?}");
    }
    // A run that the copy records itself says of its files all the same that they may lie in either.
    copied.write("clean.csv", "cleaned");
    assert!(held(&copied, &[], 1).contains(&"there clean.csv: this disk holds it".to_owned()));
    // What is moved as a whole stays what it was.
    let moved = env.project().with_file_name("moved");
    std::fs::rename(env.project(), &moved).unwrap();
    std::fs::remove_file(moved.join("clean.csv")).unwrap();
    std::fs::rename(&moved, env.project()).unwrap();
    assert!(held(&env, &[], 1).contains(&"gone clean.csv: nothing lies there".to_owned()));
}

#[test]
fn what_another_host_wrote_is_not_gone_because_it_is_not_here() {
    let line = json!({"component": "clean", "inputs": ["in"], "host": "elsewhere", "subjects": ["ada"],
        "outputs": [{"name": "clean.csv", "version": format!("b3:{}", "a".repeat(64))}, {"name": "model", "version": "v:1"}],
        "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z"});
    let env = TestEnv::with_lines(&[line.to_string()]);
    assert_eq!(
        held(&env, &[], 1),
        [
            "unknown clean.csv: it was written on `elsewhere`, which is another host",
            "unknown model: nobody can look for a declared version",
        ]
    );
}

#[test]
fn an_export_brings_subjects_along() {
    let env = served();
    env.call(&["forget", "--subject", "ada", "--yes"]);
    let export = env.done(&["export"]);
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &export);
    assert_eq!(other.done(&["export"]), export);
    let again = other.call_with_input(&["--format", "json", "import", "-"], &export);
    assert!(again.stdout.contains("\"stored\":0"), "{}", again.stdout);
    // A line may say the name, or the digits that it became.
    let told = |name: &str| {
        json!({"component": "c", "id": "0190f3a0-0000-7000-8000-000000000001", "outputs": ["x"], "subjects": [name],
            "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z"})
        .to_string()
    };
    let first = other.call_with_input(&["--format", "json", "import", "-"], &told("ada"));
    assert!(first.stdout.contains("\"stored\":1"), "{}{}", first.stdout, first.stderr);
    let digits =
        other.call_with_input(&["--format", "json", "import", "-"], &told("s:e6d7749038bececd3b683681f56696ce"));
    assert!(digits.stdout.contains("\"stored\":0"), "{}{}", digits.stdout, digits.stderr);
}

#[test]
fn a_run_that_is_taken_back_takes_its_subjects_along() {
    let env = served();
    env.call(&["forget", "--subject", "ada", "--yes"]);
    let run = env.json(&["history", "clean"])["runs"][0]["id"].as_str().unwrap().to_owned();
    env.done(&["forget", &run, "--yes"]);
    let shown = env.done(&["forget", "--subject", "ada"]);
    assert!(
        shown.contains("taken in by no run any more") && shown.contains("nothing that is recorded was made"),
        "{shown}"
    );
}

#[test]
fn nothing_is_gone_because_somebody_asks_elsewhere_or_something_was_added() {
    let env = served();
    std::fs::create_dir(env.project().join("out")).unwrap();
    env.write("out/part-1.csv", &"ada ".repeat(40));
    env.done(&["log", "--component", "split", "-i", "clean.csv", "-o", "out"]);
    env.write("out/part-2.csv", &"eve ".repeat(40));
    let of_folder = held(&env, &[], 1).into_iter().find(|line| line.contains(" out:"));
    assert_eq!(
        of_folder.as_deref(),
        Some("unknown out: something in the folder is another, and the rest may be what it was")
    );
    let elsewhere = TestEnv::new();
    let store = env.project().join(".mltrace/mltrace.db");
    let asked = elsewhere.call(&["--db", store.to_str().unwrap(), "forget", "--subject", "ada"]);
    assert!(asked.code == 1 && asked.stdout.contains(" 0 gone"), "{}{}", asked.stdout, asked.stderr);
}

#[test]
fn what_nobody_can_look_for_is_gone_once_somebody_says_that_they_removed_it() {
    let env = served();
    let model = ["log", "--component", "publish", "-i", "clean.csv", "-o", "s3://lake/model", "s3://lake/copy"];
    env.done(&model);
    let said = |arguments: &[&str]| env.call(&[&["forget", "--subject", "ada", "--removed"], arguments].concat());
    // What is known to be around is not removed, and what holds nothing of hers is not meant.
    for (wrong, why) in [
        ("model.bin", "`model.bin` is not removed: `production` points to it"),
        ("clean.csv", "`clean.csv` is not removed: this disk holds it"),
        ("prices.txt", "no version is called `prices.txt`"),
        ("s3://lake/model@w:00000000", "no version is called"),
    ] {
        let answer = said(&[wrong]);
        assert!(answer.code == 1 && answer.stderr.contains(why), "{wrong}: {}", answer.stderr);
    }
    assert!(held(&env, &[], 1).iter().any(|of| of.starts_with("unknown s3://lake/model: nobody can look")));
    assert_eq!(said(&["s3://lake/model"]).code, 1, "others are left");
    let listed = held(&env, &[], 1);
    let gone = listed.iter().find(|of| of.contains("s3://lake/model")).unwrap();
    assert!(
        gone.starts_with("gone s3://lake/model: `tester` said at 20") && gone.ends_with("that it is removed there"),
        "{gone}"
    );
    // It is a note on the run that wrote it, and known wherever that is.
    let notes = env.json(&["history", "publish"])["runs"][0]["notes"].clone();
    assert_eq!(
        (&notes[0]["text"], &notes[0]["by"]),
        (&json!("removed where it lay: s3://lake/model"), &json!("tester"))
    );
    for name in ["clean.csv", "model.bin"] {
        std::fs::remove_file(env.project().join(name)).unwrap();
    }
    env.done(&["alias", "production", "--remove"]);
    let last = said(&["s3://lake/copy", "registry/model"]);
    assert_eq!(last.code, 0, "{}{}", last.stdout, last.stderr);
    assert_eq!(said(&["s3://lake/copy"]).code, 0, "said twice, nothing is new");
    let run = env.json(&["history", "publish"])["runs"][0]["notes"].as_array().unwrap().len();
    assert_eq!(run, 2);
    // Written again from the data, it is there again.
    env.done(&model);
    assert!(held(&env, &[], 1).iter().any(|of| of.starts_with("unknown s3://lake/copy")));
}
