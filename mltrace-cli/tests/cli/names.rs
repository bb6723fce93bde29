//! One thing has one name, whatever way it is written and wherever it is written.

use serde_json::json;

use crate::env::TestEnv;

/// Returns the components upstream of an artifact, nearest first.
fn upstream(env: &TestEnv, artifact: &str) -> Vec<String> {
    let answer = env.json(&["trace", artifact]);
    let runs = answer["runs"].as_array().unwrap();
    runs.iter().map(|run| run["component"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_name_is_found_whatever_way_it_was_written_at_whichever_door() {
    let here = mltrace_core::host::name().unwrap();
    let place = TestEnv::new();
    let root = place.project().canonicalize().unwrap().display().to_string();
    let home = place.project().parent().unwrap().canonicalize().unwrap().join("home").display().to_string();
    for (written, read, asked) in [
        (format!("{root}/d/x"), "d/x".to_owned(), "./d/x".to_owned()),
        ("./d/x".to_owned(), format!("file://{root}/d/x"), format!("{root}/d/x")),
        ("d/../d/x".to_owned(), format!("file:{root}/d/x"), format!("file://{here}{root}/d//x")),
        ("d//x/".to_owned(), "./d/./x".to_owned(), "d/x/".to_owned()),
        ("s3://b/t/".to_owned(), "s3://b/t".to_owned(), "s3://b/t/".to_owned()),
        ("/abs/y".to_owned(), "file:///abs/y".to_owned(), "file:/abs/z/../y".to_owned()),
        ("~/y".to_owned(), format!("{home}/y"), "~/y".to_owned()),
        (
            "file://elsewhere/abs/y".to_owned(),
            "file://elsewhere/abs/y/".to_owned(),
            "file://elsewhere/abs/y".to_owned(),
        ),
    ] {
        let line = |component: &str, hour: usize, input: Option<&str>, output: &str| {
            json!({"component": component, "started_at": format!("2026-01-01T{hour:02}:00:00Z"),
                "ended_at": format!("2026-01-01T{hour:02}:01:00Z"), "inputs": input.into_iter().collect::<Vec<_>>(),
                "outputs": [output]})
            .to_string()
        };
        for doors in ["import import", "import log", "log import", "log log"] {
            let (writer, reader) = doors.split_once(' ').unwrap();
            place.call(&["clear", "--yes"]);
            let through = |door: &str, name: &str| door == "log" || !name.starts_with('~');
            if !through(writer, &written) || !through(reader, &read) {
                continue;
            }
            let send = |door: &str, component: &str, hour, input: Option<&str>, output: &str| {
                if door == "import" {
                    let answer = place.call_with_input(&["import", "-"], &line(component, hour, input, output));
                    assert_eq!(answer.code, 0, "{}", answer.stderr);
                    return;
                }
                let ended = format!("2026-01-01T{hour:02}:01:00Z");
                let mut arguments = vec!["log", "--component", component, "--ended", &ended, "-o", output];
                arguments.extend(input.into_iter().flat_map(|input| ["-i", input]));
                place.done(&arguments);
            };
            send(writer, "write", 1, None, &written);
            send(reader, "read", 2, Some(&read), "pred");
            assert_eq!(upstream(&place, "pred"), ["read", "write"], "{doors}: {written} {read}");
            assert_eq!(upstream(&place, &asked), ["write"], "{doors}: {asked}");
            place.done(&["flag", &asked]);
            assert_eq!(place.json(&["review"])["flagged"].as_array().unwrap().len(), 1, "{asked}");
        }
    }
}

#[test]
fn other_things_have_other_names() {
    for (written, read) in [
        ("s3://b//k", "s3://b/k"),
        ("/abs/y", "file://elsewhere/abs/y"),
        ("s3://b/k", "gs://b/k"),
        ("https://h/a?x=1", "https://h/a"),
        ("prediction-17", "prediction-7"),
    ] {
        let lines = [("write", 1, vec![], vec![written]), ("read", 2, vec![read], vec!["pred"])];
        let lines = lines.map(|(component, day, inputs, outputs)| {
            let at = format!("2026-01-0{day}T00:00:00Z");
            json!({"component": component, "started_at": at, "ended_at": at, "inputs": inputs, "outputs": outputs})
                .to_string()
        });
        assert_eq!(upstream(&TestEnv::with_lines(&lines), "pred"), ["read"], "{written} {read}");
    }
}

#[test]
fn the_names_of_another_project_and_of_another_host_are_not_moved_under_this_root() {
    let env = TestEnv::new();
    let root = env.project().canonicalize().unwrap().display().to_string();
    let at = "2026-01-01T00:00:00Z";
    let line = json!({"component": "there", "host": "elsewhere", "started_at": at, "ended_at": at,
        "outputs": [format!("{root}/x"), "./y"]});
    assert_eq!(env.call_with_input(&["import", "-"], &line.to_string()).code, 0);
    let run = env.json(&["inspect", "latest"]);
    let names: Vec<_> = run["outputs"].as_array().unwrap().iter().map(|output| output["name"].clone()).collect();
    assert_eq!(names, [json!(format!("{root}/x")), json!("y")]);
}
