//! `mltrace diff`.

use serde_json::{Value, json};

use crate::env::{TestEnv, runs};

const RUNS: [(&str, &str); 2] =
    [(r"run [0-9a-f]{8} → [0-9a-f]{8}", "run [A] → [B]"), (r"(w:|run none → )[0-9a-f]{8}", "$1[RUN]")];

/// Two rounds of a pipeline: another commit, another parameter, other raw data, and one step more.
fn pipeline() -> TestEnv {
    let drawings = ["raw -> clean -> rows", "rows -> train -> model", "model -> predict -> p"];
    let rounds = [
        &drawings[..],
        &["raw -> clean -> rows", "rows -> check -> fine", "rows fine -> train -> model", "model -> predict -> p"],
    ]
    .concat();
    let lines = runs(&rounds).into_iter().enumerate().map(|(number, line)| {
        let mut line: Value = serde_json::from_str(&line).unwrap();
        line["git_commit"] = json!(if number < 3 { "aaaa1111aaaa1111" } else { "bbbb2222bbbb2222" });
        if line["component"] == "clean" {
            line["params"] = json!({"month": if number < 3 { "may" } else { "june" }, "strict": true});
            line["inputs"] = json!([{"name": "raw", "version": format!("b3:{}", format!("{:x}", 10 + number).repeat(64)), "size": 99}]);
        }
        line.to_string()
    });
    TestEnv::with_lines(&lines.collect::<Vec<_>>())
}

#[test]
fn diff_names_causes_and_counts_what_follows() {
    let env = pipeline();
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["diff", "p"]), @r"
        a  p (w:[RUN]), the one written before
        b  p (w:[RUN])
        clean  run [A] → [B]
          commit: aaaa1111aaaa → bbbb2222bbbb, and in 2 more runs
          parameter month: may → june
          input raw: b3:aaaaaaaaaaaa → b3:dddddddddddd
        check  run none → [RUN]
          ran for b only
        ");
    });
    let answer = env.json(&["diff", "p"]);
    assert_eq!(answer["baseline"], "previous");
    assert_eq!(answer["differences"][0]["component"], "clean");
    let first = &env.json(&["trace", "p"])["artifact"]["version"];
    let same = env.json(&["diff", "p", &format!("p@{}", first.as_str().unwrap())]);
    assert_eq!(same["differences"], json!([]));
    assert!(env.done(&["diff", "p", "p"]).ends_with("nothing differs\n"));
}

#[test]
fn diff_needs_something_to_compare_with() {
    insta::assert_snapshot!(pipeline().fails(1, &["diff", "fine"]), @r"
    error: no other version of `fine` was written before it, and none is labelled ok
    hint: name two versions: `mltrace diff A B`
    ");
}

#[test]
fn diff_shows_the_lines_of_source_text_that_changed() {
    let text = |unit: &str, more: usize| {
        let lines: String = (0..more).map(|line| format!("\tstep({unit}, {line});\n")).collect();
        format!("fn clean(raw: &Path) {{\n    let rows = read(raw);\n    scale(&rows, {unit});\n{lines}}}\n")
    };
    let of = |texts: [String; 2]| {
        let lines = runs(&["raw -> clean -> rows", "rows -> train -> m", "raw -> clean -> rows", "rows -> train -> m"]);
        let lines = lines.into_iter().enumerate().map(|(number, line)| {
            let mut line: Value = serde_json::from_str(&line).unwrap();
            if line["component"] == "clean" {
                let source = &texts[number / 2];
                let hash = if number == 0 { "1" } else { "2" }.repeat(64);
                line["code"] = json!({"file": "src/steps.rs", "line": 7, "hash": hash, "source": source});
            }
            line.to_string()
        });
        TestEnv::with_lines(&lines.collect::<Vec<_>>())
    };
    let env = of([text("1000", 0), text("1", 0)]);
    insta::with_settings!({filters => RUNS}, {
        insta::assert_snapshot!(env.done(&["diff", "m"]), @r"
        a  m (w:[RUN]), the one written before
        b  m (w:[RUN])
        clean  run [A] → [B]
          its source text
            @@ -1,4 +1,4 @@
             fn clean(raw: &Path) {
                 let rows = read(raw);
            -    scale(&rows, 1000);
            +    scale(&rows, 1);
             }
        1 more run differs only because of this
        ");
    });
    let difference = &env.json(&["diff", "m"])["differences"][0];
    assert_eq!(difference["field"], "code");
    assert!(difference["source_diff"].as_str().unwrap().ends_with("+    scale(&rows, 1);\n }\n"), "{difference}");

    let long = of([text("1000", 30), text("1", 30)]).done(&["diff", "m"]);
    assert!(long.contains("\n    … and ") && long.lines().count() <= 40, "{long}");

    // Of a text that was not recorded only its hash is known.
    let line = |number: usize, hash: &str| {
        json!({"component": "c", "outputs": ["x"], "ended_at": format!("2021-01-0{number}T00:00:00Z"),
        "code": {"file": "f", "line": 1, "hash": hash.repeat(64)}})
        .to_string()
    };
    let unknown = TestEnv::with_lines(&[line(1, "a"), line(2, "b")]);
    assert!(unknown.done(&["diff", "x"]).contains("its source text: see `mltrace inspect"));
    assert_eq!(unknown.json(&["diff", "x"])["differences"][0]["source_diff"], Value::Null);
}
