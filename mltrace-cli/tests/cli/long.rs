//! No answer fills more than a screen by default, however much is recorded, and each says what it left out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::env::TestEnv;

/// What people see at once.
const SCREEN: usize = 40;
/// How many runs there are.
const RUNS: usize = 3_000;
/// Commands that answer in a line, and the one that is tried by itself.
const IN_A_LINE: [&str; 10] =
    ["note", "log", "log-output", "log-feedback", "run", "import", "ingest", "forget", "clear", "profile"];
/// Commands whose answer is a document, a drawing or a stream, and those that go on until they are ended.
const WHOLE: [&str; 7] = ["trace", "export", "completions", "man", "serve", "report", "help"];

fn at(second: usize) -> String {
    format!("2021-01-{:02}T{:02}:{:02}:{:02}Z", 1 + second / 86_400, second / 3600 % 24, second / 60 % 60, second % 60)
}

fn id(number: usize) -> String {
    format!("0190f3a0-0000-7000-8000-{number:012x}")
}

/// 3,000 runs of 100 components read what was written again since, and one run reads what most of them wrote.
fn much() -> TestEnv {
    let outcome = |number: usize| if number.is_multiple_of(3) { "failed" } else { "passed" };
    let run = |number: usize| {
        let component = format!("c{:03}", number % 100);
        json!({"id": id(number), "component": component, "owner": format!("owner-{component}"), "tags": [component],
            "inputs": [{"name": "s3://b/raw", "version": format!("b3:{}", "1".repeat(64))}],
            "outputs": [format!("out/{number}.csv")], "params": {"rows": number},
            "metrics": [{"name": "rmse", "value": number}, {"name": "mae", "value": 1}],
            "checks": (0..3).map(|check| json!({"name": format!("k{check}"), "outcome": outcome(number)})).collect::<Vec<_>>(),
            "started_at": at(1000 + number * 60), "ended_at": at(1030 + number * 60)})
    };
    let load = |number: usize, digit: &str, second: usize| {
        json!({"id": id(number), "component": "load", "started_at": at(second), "ended_at": at(second + 9),
            "outputs": [{"name": "s3://b/raw", "version": format!("b3:{}", digit.repeat(64))}]})
    };
    let names = |what: &str, count: usize| (0..count).map(|number| format!("{what}{number}")).collect::<Vec<_>>();
    let many = |what: &str| names(what, 60).into_iter().map(|name| (name, json!(1))).collect::<serde_json::Map<_, _>>();
    let pack = json!({"id": id(9_000), "component": "pack", "started_at": at(900_000), "ended_at": at(900_100),
        "inputs": (0..2_500).map(|number| format!("out/{number}.csv")).collect::<Vec<_>>(), "outputs": names("packed/", 60),
        "params": many("p"), "notes": names("note ", 60).iter().map(|text| json!({"text": text, "at": at(900_050)})).collect::<Vec<_>>(),
        "metrics": names("m", 60).iter().map(|name| json!({"name": name, "value": 1})).collect::<Vec<_>>(),
        "observations": names("o", 50).iter().map(|name| json!({"name": name, "count": 2, "is_whole": true,
            "top": [{"value": "x", "count": 2}]})).collect::<Vec<_>>(),
        "checks": names("k", 60).iter().map(|name| json!({"name": name, "outcome": "passed"})).collect::<Vec<_>>()});
    let mut lines: Vec<Value> = vec![load(8_000, "1", 0)];
    lines.extend((0..RUNS).map(run));
    lines.extend([load(8_001, "2", 800_000), pack]);
    lines.extend((0..600).map(|number| {
        json!({"type": "label", "id": id(10_000 + number), "name": format!("out/{number}.csv"), "version": format!("w:{}", id(number)),
            "verdict": if number.is_multiple_of(2) { "flagged" } else { "ok" }, "at": at(950_000 + number)})
    }));
    let said = |kind: &str, task: usize, hour: usize| json!({"type": kind, "task": format!("t{task}"), "id": format!("{task}-{hour}"), "value": hour, "at": at(hour * 3600)});
    lines.extend((0..60).map(|task| said("output", task, 0)));
    lines.extend((1..100).flat_map(|hour| ["output", "feedback"].map(|kind| said(kind, 0, hour))));
    TestEnv::with_lines(&lines.iter().map(Value::to_string).collect::<Vec<_>>())
}

/// A command, whether it has to leave something out, and where the JSON has how many of what.
type Asked<'a> = (&'a [&'a str], bool, Option<(&'a str, usize)>);

/// Shows a table of a hundred columns.
fn try_wide_table(env: &TestEnv) {
    let columns = (0..100).map(|number| format!("c{number}")).collect::<Vec<_>>().join(",");
    std::fs::write(env.project().join("wide.csv"), format!("{columns}\n{columns}\n")).unwrap();
    env.done(&["log", "--component", "widen", "-o", "wide.csv"]);
    let profile = env.done(&["profile", "wide.csv"]);
    assert!(profile.lines().count() <= SCREEN && profile.contains(" more"), "{profile}");
}

#[test]
fn no_answer_is_longer_than_a_screen_and_what_is_left_out_is_said() {
    let env = much();
    let pack = id(9_000);
    let asked: [Asked<'_>; 32] = [
        (&["impact", "s3://b/raw@b3:1111"], true, Some(("artifacts", RUNS + 60))),
        (&["impact", "--component", "load"], true, None),
        (&["stale"], true, None),
        (&["stale", "packed/0"], true, None),
        (&["flag", "-n", "out/*.csv"], true, Some(("versions", RUNS))),
        (&["unflag", "-n", "--all"], true, Some(("versions", 600))),
        (&["flag", "--where", "component=c001", "--reason", "all of them"], true, None),
        (&["unflag", "--all"], false, None),
        (&["review"], false, None),
        (&["diff", "packed/0", "out/7.csv"], true, None),
        (&["blame", "param:rows"], false, None),
        (&["last-good", "packed/0"], true, None),
        (&["verify"], false, Some(("artifacts", RUNS + 61))),
        (&["recent"], false, None),
        (&["history", "c001"], false, None),
        (&["inspect", &pack], true, None),
        (&["components"], true, Some(("components", 102))),
        (&["component", "c001"], false, None),
        (&["tags"], true, Some(("tags", 100))),
        (&["metrics"], true, None),
        (&["checks"], true, None),
        (&["checks", "--failed"], true, None),
        (&["compare", &pack, &id(7)], true, None),
        (&["gate", "packed/0", "--unflagged", "--checks"], true, None),
        (&["alias"], false, None),
        (&["health"], true, Some(("components", 102))),
        (&["doctor"], false, None),
        (&["config"], false, None),
        (&["project", "list"], false, None),
        (&["observations"], true, Some(("observations", 50))),
        (&["task"], true, Some(("tasks", 60))),
        (&["task", "t0", "--window", "1h"], true, Some(("windows", 100))),
    ];
    let mut met: BTreeSet<&str> = BTreeSet::from(IN_A_LINE);
    for (arguments, leaves_out, json) in asked {
        met.insert(arguments[0]);
        let json = json.map(|(field, count)| {
            let told = env.call(&[arguments, &["--format", "json"]].concat()).stdout;
            let told: Value = serde_json::from_str(&told).unwrap();
            (told[field].as_array().map(Vec::len), count)
        });
        assert!(json.is_none_or(|(found, count)| found == Some(count)), "{arguments:?}: {json:?}");
        let answer = env.call(arguments);
        let lines = answer.stdout.lines().count();
        assert!(lines > 0 && lines <= SCREEN, "{arguments:?} has {lines} lines:\n{}{}", answer.stdout, answer.stderr);
        let says = answer.stdout.contains(" more") || answer.stdout.contains("--limit");
        assert!(says || !leaves_out, "{arguments:?} does not say that it is cut:\n{}", answer.stdout);
        let how = answer
            .stdout
            .lines()
            .filter(|line| line.contains(" more: ") || line.contains("more lines: ") || line.contains(" more, "));
        how.for_each(|line| assert!(line.contains("use `"), "{arguments:?}: {line}"));
    }
    try_wide_table(&env);
    for name in ["out/5.csv", "packed/0"] {
        let lines = env.done(&["report", name]).lines().count();
        assert!(lines <= 4 * SCREEN, "a report is a document of eight sections, not of {lines} lines");
    }
    let help = env.done(&["--help"]);
    let verbs = help.lines().skip_while(|line| !line.starts_with("Commands")).skip(1);
    let verbs =
        verbs.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: BTreeSet<&str> = verbs.filter_map(|line| line.split_whitespace().next()).collect();
    let missing: Vec<_> = verbs.iter().filter(|verb| !met.contains(*verb) && !WHOLE.contains(verb)).collect();
    assert!(verbs.len() > 20 && missing.is_empty(), "a command of which nobody knows how long it is: {missing:?}");
}

#[test]
fn more_is_shown_to_who_asks_for_it() {
    let env = much();
    let count = |arguments: &[&str]| env.call(arguments).stdout.lines().count();
    assert_eq!(count(&["recent", "--limit", "100"]), 101);
    assert_eq!(count(&["flag", "-n", "out/*.csv", "-v"]), RUNS);
    assert_eq!(count(&["tags", "-v"]), 100);
    assert!(count(&["impact", "s3://b/raw@b3:1111", "-v"]) > RUNS);
    assert!(count(&["inspect", &id(9_000), "-v"]) > 2_500);
}
