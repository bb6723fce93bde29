//! `mltrace import` and `export`.

use serde_json::json;

use crate::env::{MODEL, TestEnv};

const TAXI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/taxi.ndjson");

#[test]
fn importing_twice_changes_nothing() {
    let env = TestEnv::new();
    assert_eq!(env.done(&["import", TAXI]), "7 lines: 7 stored, 0 known already\n");
    let before = env.json(&["trace", MODEL]);
    assert_eq!(env.done(&["import", TAXI]), "7 lines: 0 stored, 7 known already\n");
    assert_eq!(env.json(&["trace", MODEL]), before);
    assert_eq!(
        env.json(&["import", TAXI]),
        serde_json::json!({"lines": 7, "stored": 0, "known": 7, "wrong": 0, "errors": []})
    );
}

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, text).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_gzipped_export_is_imported() {
    let env = TestEnv::new();
    let lines = std::fs::read(TAXI).unwrap();
    let (first, second) = lines.split_at(lines.len() / 2);
    // Two that stand behind each other are one, as for `zcat`.
    std::fs::write(env.project().join("two.gz"), [gzipped(first), gzipped(second)].concat()).unwrap();
    assert_eq!(env.done(&["import", "two.gz"]), "7 lines: 7 stored, 0 known already\n");
    let packed = gzipped(&lines);
    let piped = env.command(&["import", "-"]).write_stdin(packed.clone()).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), "7 lines: 0 stored, 7 known already\n");
    std::fs::write(env.project().join("cut.gz"), &packed[..packed.len() - 20]).unwrap();
    let cut = env.call(&["import", "cut.gz"]);
    assert_eq!(cut.code, 1);
    assert!(cut.stderr.contains("it could not be read: "), "{}", cut.stderr);
    std::fs::write(env.project().join("no.gz"), b"\x1f\x8brubbish").unwrap();
    assert_eq!(env.call(&["import", "no.gz"]).code, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn what_unpacks_to_no_end_costs_no_memory() {
    let env = TestEnv::new();
    let mut packed = gzipped(&vec![b'x'; 16 << 20]);
    packed = packed.repeat(16);
    std::fs::write(env.project().join("bomb.gz"), packed).unwrap();
    let limit = crate::faults::room(&env, 36 << 10);
    let answer = crate::faults::spoilt(&env, &format!("{limit} exec"), &["import", "bomb.gz"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (1, "error: line 1: it is longer than 16 MiB\n"));
}

#[test]
fn wrong_lines_are_told_by_number_and_the_rest_lands() {
    let env = TestEnv::new();
    let lines = "{\"component\":\"a\",\"outputs\":[\"x\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}\nno json\n\n{\"inputs\":[]}\n{\"component\":\"b\",\"outputs\":[\"y\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}\n";
    let answer = env.call_with_input(&["import", "-"], lines);
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.stdout, @r"5 lines: 2 stored, 0 known already, 2 wrong");
    insta::assert_snapshot!(answer.stderr, @r"
    error: line 2: it is not JSON: expected ident
    error: line 4: missing field `component`
    ");
    assert_eq!(env.json(&["recent"])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let env = TestEnv::new();
    insta::assert_snapshot!(env.fails(1, &["import", "missing.ndjson"]), @r"error: `missing.ndjson` cannot be read: No such file or directory (os error 2)");
    env.fails(1, &["import", "."]);
    assert!(!env.project().join(".mltrace/mltrace.db").exists());
}

#[test]
fn an_export_imported_elsewhere_gives_the_same_answers() {
    let one = TestEnv::taxi();
    one.done(&["note", "latest", "the first one"]);
    one.done(&["component", "train", "--owner", "ada", "--description", "fits the model", "--tag", "slow"]);
    one.done(&["flag", MODEL, "--reason", "too low"]);
    let exported = one.done(&["export"]);
    let other = TestEnv::new();
    let answer = other.call_with_input(&["import", "-"], &exported);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for arguments in [
        &["trace", MODEL][..],
        &["recent"],
        &["history", "cleaning"],
        &["components"],
        &["component", "train"],
        &["tags"],
        &["review"],
        &["inspect", "latest"],
    ] {
        assert_eq!(other.json(arguments), one.json(arguments), "{arguments:?}");
    }
    // A component's line says when it was exported.
    let told = |env: &TestEnv| {
        let lines = env.done(&["export"]);
        lines.lines().filter(|line| !line.contains(r#""type":"component""#)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&other), told(&one));
    assert_eq!(other.call_with_input(&["import", "-"], &exported).code, 0);
}

#[test]
fn an_export_can_begin_late() {
    let env = TestEnv::taxi();
    let lines = env.done(&["export", "--since", "2021-05-01"]);
    assert_eq!(lines.lines().filter(|line| line.contains("\"started_at\"")).count(), 3, "{lines}");
    assert_eq!(TestEnv::new().done(&["export"]), "");
}

#[test]
fn an_export_imported_twice_is_known_already() {
    let one = TestEnv::taxi();
    one.done(&["note", "latest", "the first one"]);
    one.done(&["component", "train", "--owner", "ada", "--tag", "slow"]);
    one.done(&["flag", MODEL, "--reason", "too low"]);
    let exported = one.done(&["export"]);
    let lines = exported.lines().count();
    let other = TestEnv::new();
    for (stored, known) in [(lines, 0), (0, lines)] {
        let answer = other.call_with_input(&["import", "-"], &exported);
        assert_eq!(answer.stdout, format!("{lines} lines: {stored} stored, {known} known already\n"));
    }
    // What is new of something known is stored.
    one.done(&["note", "latest", "the second one"]);
    one.done(&["component", "train", "--owner", "grace"]);
    let answer = other.call_with_input(&["import", "-"], &one.done(&["export"]));
    assert_eq!(answer.stdout, format!("{lines} lines: 2 stored, {} known already\n", lines - 2));
    let back = one.call_with_input(&["import", "-"], &one.done(&["export"]));
    assert_eq!(back.stdout, format!("{lines} lines: 0 stored, {lines} known already\n"));
}

#[test]
fn what_was_recorded_here_reads_the_same_elsewhere() {
    let one = TestEnv::new();
    one.write("raw.csv", "a,b\n1,2\n");
    one.done(&["log", "--component", "clean", "-i", "raw.csv", "-o", "clean.csv", "-p", "lr=0.5"]);
    one.call(&["run", "--component", "fails", "-i", "raw.csv", "-o", "never.csv", "--", "false"]);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &one.done(&["export"])).code, 0);
    assert!(one.json(&["inspect", "latest"])["last_seen"].is_string());
    for arguments in [&["recent"][..], &["inspect", "latest"], &["trace", "raw.csv"]] {
        assert_eq!(other.json(arguments), one.json(arguments), "{arguments:?}");
    }
    for env in [&one, &other] {
        let answer = env.call_with_input(&["import", "-"], &one.done(&["export"]));
        assert_eq!(answer.stdout, "2 lines: 0 stored, 2 known already\n", "{}", answer.stderr);
    }
}

#[test]
fn whether_the_work_tree_held_the_code_is_handed_on() {
    let line = |number: u32, is_held: &str| {
        format!(
            r#"{{"id":"11111111-1111-4111-8111-11111111111{number}","component":"c{number}","started_at":"2021-01-01T00:0{number}:00Z","ended_at":"2021-01-01T00:0{number}:01Z","host":"h","code":{{"file":"f.rs","line":1,"hash":"aa","source":"fn a() {{}}","is_in_work_tree":{is_held}}}}}"#
        )
    };
    let lines = [line(1, "true"), line(2, "false"), line(3, "null"), line(4, "true")];
    let one = TestEnv::with_lines(&lines);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &one.done(&["export"])).code, 0);
    for env in [&one, &other] {
        let runs = env.json(&["recent"])["runs"].as_array().unwrap().clone();
        let held: Vec<_> = runs.iter().map(|run| run["code"]["is_in_work_tree"].clone()).collect();
        assert_eq!(serde_json::json!(held), serde_json::json!([true, null, false, true]));
        assert!(runs.iter().all(|run| run["host"] == "h"));
    }
    assert_eq!(one.done(&["export"]), other.done(&["export"]));
}

#[test]
fn a_line_without_a_time_is_the_same_line_twice() {
    let env = TestEnv::new();
    let line = r#"{"component":"a","status":"completed","outputs":["x"],"notes":["by hand"]}"#;
    let answer = env.call_with_input(&["import", "-"], &format!("{line}\n{line}\n"));
    assert_eq!((answer.stdout.as_str(), answer.code), ("2 lines: 1 stored, 1 known already\n", 0));
    let answer = env.call_with_input(&["import", "-"], line);
    assert_eq!((answer.stdout.as_str(), answer.code), ("1 line: 0 stored, 1 known already\n", 0));
    assert_eq!(env.json(&["inspect", "latest"])["notes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_parameter_that_contradicts_is_told_by_its_name() {
    let line = |more: &str, params: &str| {
        format!(
            r#"{{"id":"11111111-1111-4111-8111-111111111111","component":"train","started_at":"2021-01-01T00:00:00Z",{more}"params":{params}}}"#
        )
    };
    let ended = r#""ended_at":"2021-01-01T00:01:00Z","#;
    let env = TestEnv::new();
    assert_eq!(env.call_with_input(&["import", "-"], &line("", r#"{"lr":0.1}"#)).code, 0);
    let check = |line: &str, reason: &str| {
        let answer = env.call_with_input(&["import", "-"], line);
        assert_eq!(answer.code, i32::from(!reason.is_empty()), "{line}: {}", answer.stderr);
        assert!(answer.stderr.contains(reason), "{line}: {}", answer.stderr);
    };
    // Of a run that goes on news are taken, and no other value of what is known.
    check(&line("", r#"{"lr":0.2}"#), "is known with the parameter `lr` as 0.1, not 0.2; the first is kept");
    check(&line(ended, r#"{"lr":0.2,"depth":3}"#), "the parameter `lr` as 0.1, not 0.2");
    assert_eq!(env.json(&["inspect", "latest"])["params"], serde_json::json!({"lr": 0.1}));
    check(&line("", r#"{"depth":3}"#), "");
    check(&line(ended, r#"{"lr":0.1}"#), "");
    assert_eq!(env.json(&["inspect", "latest"])["params"], serde_json::json!({"lr": 0.1, "depth": 3}));
    // Of a run that ended, too; what a line leaves out contradicts nothing.
    check(&line(ended, r#"{"lr":0.2,"depth":3}"#), "the parameter `lr` as 0.1, not 0.2");
    check(&line(ended, r#"{"lr":0.1,"depth":3,"seed":7}"#), "");
    assert_eq!(env.json(&["inspect", "latest"])["params"], serde_json::json!({"lr": 0.1, "depth": 3, "seed": 7}));
    check(&line(ended, "{}"), "");
}

#[test]
fn the_same_id_with_other_facts_is_an_error_of_its_line() {
    let id = "11111111-1111-4111-8111-111111111111";
    let line = |more: &str| {
        format!(
            r#"{{"id":"{id}","component":"a","started_at":"2021-01-01T00:00:00Z","ended_at":"2021-01-01T00:01:00Z",{more}}}"#
        )
    };
    let facts = |version: &str, read: &str, error: &str, commit: &str| {
        line(&format!(
            r#""status":"failed","outputs":[{{"name":"o","version":"v:{version}"}}],"inputs":[{{"name":"i","version":"v:{read}"}}],"error":"{error}","git_commit":"{commit}""#
        ))
    };
    let env = TestEnv::new();
    assert_eq!(env.call_with_input(&["import", "-"], &facts("1", "1", "disk full", "aaaa")).code, 0);
    for (told, code, reason) in [
        (facts("1", "1", "disk full", "aaaa"), 0, ""),
        (line(r#""status":"failed","outputs":["o"],"inputs":["i"]"#), 0, ""),
        (facts("1", "2", "disk full", "aaaa"), 1, "another version of `i`"),
        (facts("1", "1", "no memory", "aaaa"), 1, "another error"),
        (facts("1", "1", "disk full", "bbbb"), 1, "another commit"),
        (line(r#""status":"completed","outputs":["o"],"inputs":["i"]"#), 1, "the status failed"),
        (line(r#""status":"failed","outputs":["o", "p"],"inputs":["i"]"#), 0, ""),
    ] {
        let answer = env.call_with_input(&["import", "-"], &told);
        assert_eq!(answer.code, code, "{told}\n{}", answer.stderr);
        assert!(answer.stderr.contains(reason), "{told}\n{}", answer.stderr);
    }
    let done =
        |version: &str| line(&format!(r#""outputs":[{{"name":"o","version":"v:{version}"}}]"#)).replace('1', "2");
    assert_eq!(env.call_with_input(&["import", "-"], &done("3")).code, 0);
    assert_eq!(env.call_with_input(&["import", "-"], &done("3")).code, 0);
    let answer = env.call_with_input(&["import", "-"], &done("4"));
    assert!(answer.code == 1 && answer.stderr.contains("another version of `o`"), "{}", answer.stderr);
}

#[test]
fn events_in_parts_are_one_run_and_only_contradictions_are_refused() {
    let event = |more: &str| format!(r#"{{"id":"11111111-1111-4111-8111-111111111111","component":"train",{more}}}"#);
    let start = event(r#""started_at":"2021-01-01T00:00:00Z","inputs":["s3://b/f"]"#);
    let running = event(r#""inputs":["s3://b/g"],"outputs":["s3://b/n"]"#);
    let end = event(r#""ended_at":"2021-01-01T00:05:00Z","inputs":["s3://b/h"],"outputs":["s3://b/m"]"#);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let env = TestEnv::new();
        for part in order.map(|place| [&start, &running, &end][place]) {
            let answer = env.call_with_input(&["import", "-"], part);
            assert_eq!(answer.code, 0, "{order:?}: {}", answer.stderr);
        }
        let run = env.json(&["inspect", "latest"]);
        let names = |edges: &str| {
            let edges = run[edges].as_array().into_iter().flatten();
            let mut names: Vec<String> = edges.map(|edge| edge["name"].to_string()).collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(names("inputs"), r#""s3://b/f" "s3://b/g" "s3://b/h""#, "{order:?}");
        assert_eq!(names("outputs"), r#""s3://b/m" "s3://b/n""#, "{order:?}");
        assert_eq!(run["duration_ms"], 300_000.0, "{order:?}");
        assert!(run["inputs"].as_array().unwrap().iter().all(|input| input["at"] == "2021-01-01T00:00:00Z"), "{run}");
        for (told, reason) in [
            (event(r#""started_at":"2021-01-01T00:01:00Z""#), "another start"),
            (event(r#""ended_at":"2021-01-01T00:06:00Z""#), "another end"),
            (event(r#""ended_at":"2021-01-01T00:05:00Z","status":"failed""#), "the status completed"),
        ] {
            let answer = env.call_with_input(&["import", "-"], &told);
            assert!(answer.code == 1 && answer.stderr.contains(reason), "{told}: {}", answer.stderr);
        }
    }
    // Two parts mention a run that ended before it began.
    let env = TestEnv::new();
    assert_eq!(env.call_with_input(&["import", "-"], &end).code, 0);
    let late = event(r#""started_at":"2021-01-01T00:06:00Z""#);
    let answer = env.call_with_input(&["import", "-"], &late);
    assert!(answer.code == 1 && answer.stderr.contains("before this start"), "{}", answer.stderr);
}

#[test]
fn code_without_its_text_has_no_source() {
    let env = TestEnv::new();
    let line = |source: &str| {
        format!(
            r#"{{"component":"a","ended_at":"2021-01-01T00:00:00Z","code":{{"file":"f.rs","line":1,"hash":"aa"{source}}}}}"#
        )
    };
    env.call_with_input(&["import", "-"], &line(""));
    assert_eq!(env.json(&["inspect", "latest"])["code"]["source"], serde_json::Value::Null);
    env.call_with_input(&["import", "-"], &line(r#","source":"fn a() {}""#));
    env.call_with_input(&["import", "-"], &line("").replace("2021", "2022"));
    assert_eq!(env.json(&["inspect", "latest"])["code"]["source"], "fn a() {}");
}

#[test]
fn a_run_that_is_forgotten_explains_nothing_and_does_not_come_back() {
    let env = TestEnv::new();
    let lines = concat!(
        r#"{"id":"11111111-1111-4111-8111-111111111111","component":"trial","started_at":"2021-01-01T00:00:00Z","ended_at":"2021-01-01T00:01:00Z","outputs":["s3://b/f"]}"#,
        "\n",
        r#"{"component":"train","started_at":"2021-01-01T00:02:00Z","ended_at":"2021-01-01T00:03:00Z","inputs":["s3://b/f"],"outputs":["s3://b/m"]}"#,
        "\n"
    );
    assert_eq!(env.call_with_input(&["import", "-"], lines).code, 0);
    let asked = env.call(&["forget", "11111111"]);
    assert!(asked.code == 2 && asked.stderr.contains("this would remove run"), "{}", asked.stderr);
    assert_eq!(env.json(&["trace", "s3://b/m"])["runs"].as_array().unwrap().len(), 2);
    assert_eq!(env.call(&["forget", "11111111", "--yes"]).code, 0);
    assert_eq!(env.json(&["trace", "s3://b/m"])["runs"].as_array().unwrap().len(), 1);
    assert_eq!(env.call(&["inspect", "11111111"]).code, 1);
    assert_eq!(env.call_with_input(&["import", "-"], lines).code, 0);
    assert_eq!(env.json(&["trace", "s3://b/m"])["runs"][0]["inputs"][0]["bound"], "unknown_writer");
}

#[test]
fn a_verdict_is_recorded_for_the_project_that_answers() {
    let env = TestEnv::new();
    let line = r#"{"project":"elsewhere","component":"train","started_at":"2021-01-01T00:00:00Z","ended_at":"2021-01-01T00:01:00Z","outputs":["s3://b/m"]}"#;
    assert_eq!(env.call_with_input(&["import", "-"], &format!("{line}\n")).code, 0);
    assert_eq!(env.call(&["flag", "s3://b/m"]).code, 0);
    assert_eq!(env.call(&["note", "latest", "seen"]).code, 0);
    let review = env.json(&["review"]);
    assert_eq!(review["flagged"][0]["name"], "s3://b/m", "{review}");
    let export = env.done(&["export"]);
    let project = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["project"].clone();
    assert!(export.lines().all(|line| project(line) == "elsewhere"), "{export}");
    assert_eq!(env.json(&["inspect", "latest"])["notes"][0]["text"], "seen");
}

#[test]
fn an_export_comes_back_byte_for_byte() {
    let one = TestEnv::taxi();
    one.done(&["note", "latest", "the first one"]);
    one.done(&["component", "train", "--owner", "ada", "--tag", "slow"]);
    one.done(&["flag", MODEL, "--reason", "too low"]);
    let exported = one.done(&["export"]);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &exported).code, 0);
    assert_eq!(other.done(&["export"]), exported);
}

#[test]
fn since_yesterday_means_from_its_midnight_on() {
    let env = TestEnv::new();
    env.done(&["log", "--component", "today"]);
    let old = r#"{"component":"old","started_at":"2021-01-01T00:00:00Z","ended_at":"2021-01-01T00:01:00Z"}"#;
    assert_eq!(env.call_with_input(&["import", "-"], old).code, 0);
    let shown = env.done(&["recent", "--since", "yesterday"]);
    assert!(shown.contains("today") && !shown.contains("old"), "{shown}");
}

#[test]
fn every_kind_of_measure_survives_an_export_and_the_export_of_that() {
    let env = TestEnv::new();
    env.write("data/rides.csv", "fare,tip\n7.5,1\n12,\n");
    env.write("m.json", r#"{"test": {"rmse": 0.70, "auc": "NaN"}}"#);
    let log =
        ["log", "--component", "train", "--out-id", "model", "-o", "data/rides.csv", "--profile", "--subject", "ada"];
    let measured = ["--metric", "rmse=0.640", "--metrics-from", "m.json", "--check", "whole=failed"];
    env.done(&[&log[..], &measured[..]].concat());
    let run = json!({
        "id": "0190f3a0-0000-7000-8000-000000000001", "component": "predict", "inputs": ["model"], "outputs": ["out"],
        "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:09Z",
        "metrics": [{"name": "loss", "value": "1e-3", "step": 2, "about": "out"}],
        "checks": [{"name": "few", "outcome": "errored", "severity": "warn", "about": "out"}],
        "observations": [{"name": "zone", "count": 3, "is_whole": true, "missing": 1, "others": 0, "top": [{"value": "JFK", "count": 2}]}],
    });
    let imported = env.call_with_input(&["--format", "json", "import", "-"], &run.to_string());
    assert!(imported.stdout.contains("\"stored\":1"), "{}{}", imported.stdout, imported.stderr);
    env.done(&["alias", "production", "model", "--reason", "good"]);
    env.done(&["log-output", "fare", "17", "12.50", "--run", "00000001"]);
    env.done(&["log-feedback", "fare", "17", "14"]);
    env.done(&["log-feedback", "fare", "18", "late"]);
    env.call(&["forget", "--subject", "ada", "--yes"]);

    let export = env.done(&["export"]);
    let line = |kind: &str| export.lines().filter(|line| line.contains(&format!("\"type\":\"{kind}\""))).count();
    let kinds = ["run", "profile", "alias", "output", "feedback", "retract"].map(line);
    assert_eq!(kinds, [2, 1, 1, 1, 2, 1], "{export}");
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &export);
    assert_eq!(other.done(&["export"]), export);
    // From the second store into a third one, its lines the other way round.
    let (third, mut lines) = (TestEnv::new(), export.lines().collect::<Vec<_>>());
    lines.reverse();
    third.call_with_input(&["import", "-"], &lines.join("\n"));
    assert_eq!(third.done(&["export"]), export);
    for asked in [
        &["metrics"][..],
        &["checks"],
        &["observations"],
        &["alias", "production"],
        &["task", "fare"],
        &["profile", "data/rides.csv"],
        &["inspect", "00000001"],
        &["compare", "00000001"],
        &["gate", "model", "--metric", "rmse", "< 1"],
    ] {
        assert_eq!(third.json(asked), env.json(asked), "{asked:?}");
    }
    let held = |env: &TestEnv| env.call(&["--format", "json", "forget", "--subject", "ada"]).stdout;
    assert_eq!(held(&third).matches("retracted_at\":\"20").count(), 1, "{}", held(&third));
}
