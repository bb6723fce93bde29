//! `mltrace report`, as Markdown and as HTML.

use serde_json::{Value, json};

use crate::env::{TestEnv, runs};

/// What differs each time.
const FILTERS: [(&str, &str); 6] = [
    // How suspects are ranked is for the tests of `review`.
    (r"(?s)(Suspects\S*\n).*?(\S*Freshness)", "$1[SUSPECTS]\n$2"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
    (r"20(2[2-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[NOW]"),
    (r"(run |w:|>)[0-9a-f]{8}\b", "$1[ID]"),
    (r"(, )[0-9a-f]{8}, 2021", "$1[ID], 2021"),
    (r"\d+ days ago", "[MANY] days ago"),
];

/// Two rounds of a pipeline, the first of which was fine; the names begin with `prefix`.
fn pipeline(prefix: &str) -> TestEnv {
    let drawings = ["raw -> clean -> rows", "rows -> train -> model", "model -> predict -> p"];
    let lines = runs(&[drawings, drawings].concat()).into_iter().enumerate().map(|(number, line)| {
        let mut line: Value = serde_json::from_str(&line).unwrap();
        for edge in line["inputs"].as_array_mut().unwrap() {
            *edge = json!(format!("{prefix}{}", edge.as_str().unwrap()));
        }
        for edge in line["outputs"].as_array_mut().unwrap() {
            *edge = json!(format!("{prefix}{}", edge.as_str().unwrap()));
        }
        line["owner"] = json!(format!("{prefix}{}", if number % 3 == 2 { "cy" } else { "ada" }));
        line["component"] = json!(format!("{prefix}{}", line["component"].as_str().unwrap()));
        line["git_commit"] = json!("aaaa1111aaaa1111");
        line["params"] =
            json!({format!("{prefix}lr"): if number < 3 { format!("{prefix}low") } else { format!("{prefix}high") }});
        line.to_string()
    });
    let env = TestEnv::with_lines(&lines.collect::<Vec<_>>());
    let model = format!("{prefix}model");
    let runs = env.json(&["history", &format!("{prefix}train")]);
    let old = runs["runs"][1]["outputs"][0]["version"].as_str().unwrap().to_owned();
    env.done(&["flag", "--ok", &format!("{model}@{old}"), "--reason", &format!("{prefix}looked at it")]);
    env.done(&["flag", &model, "--reason", &format!("{prefix}all fives")]);
    env
}

#[test]
fn a_report_is_one_page_of_markdown() {
    insta::with_settings!({filters => FILTERS}, {
        insta::assert_snapshot!(pipeline("").done(&["report", "model"]), @r"
        # About `model`

        Version `w:[ID]`, written by `train` (`[ID]`), which began at 2021-01-01 00:04:00 UTC and completed, owned by `ada`.

        Flagged at [NOW] by `tester`: all fives

        ## What the bad ones share

        Over the verdicts on all artifacts: 1 bad, 1 ok. clean ran with lr = high (before: low) in one run at 2021-01-01 00:03 UTC: 1 of 1 bad, 0 of 1 ok. Ask ada.

        Of this, upstream of this artifact:

        - `clean` ran with lr = high (before: low): 1 of 1 bad, 0 of 1 ok
          - fair, 2.5 times likelier than chance; in one run at 2021-01-01 00:03 UTC: `[ID]`
        - `train` ran with lr = high (before: low): 1 of 1 bad, 0 of 1 ok
          - fair, 2.5 times likelier than chance; in one run at 2021-01-01 00:04 UTC: `[ID]`

        ## How it came to be

        ```text
        train  run [ID], 2021-01-01 00:04:00, 30.0 s
        ├── model  w:[ID] [flagged]
        └── clean  run [ID], 2021-01-01 00:03:00, 30.0 s [rows by time]
            ├── rows  w:[ID]
            └── raw [unknown writer]
        ```

        | run | component | began | status | commit | owner |
        | --- | --- | --- | --- | --- | --- |
        | `[ID]` | `train` | 2021-01-01 00:04:00 UTC | completed | `aaaa1111` | `ada` |
        | `[ID]` | `clean` | 2021-01-01 00:03:00 UTC | completed | `aaaa1111` | `ada` |

        ## What changed upstream

        Since version `w:[ID]`, the last one that somebody found fine, first divergence first:

        - `clean`: parameter lr: low → high (runs `[ID]` and `[ID]`)
        - `train`: parameter lr: low → high (runs `[ID]` and `[ID]`)

        ## Suspects
        [SUSPECTS]
        Freshness

        - `train` (run `[ID]`)
          - if used now: \`model\` was written [MANY] days ago (run `[ID]`)

        ## What was made from it

        1 current, 0 superseded, 0 rebuilt since.

        | state | artifact | version | run | owner |
        | --- | --- | --- | --- | --- |
        | current | `p` | `w:[ID]` | `[ID]` | `cy` |

        ## Whom to tell

        - `cy`
          - owns 1 current version made from it
        - `ada`
          - wrote it
          - owns run `[ID]`, which changed or is suspected
          - owns run `[ID]`, which changed or is suspected

        Made by mltrace 0.1.0 at [NOW].
        ");
    });
}

#[test]
fn a_report_is_one_page_of_html() {
    let page = pipeline("").done(&["report", "model", "--html"]);
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("href="), "{page}");
    let body = page.split("</style>").nth(1).unwrap();
    insta::with_settings!({filters => FILTERS}, {
        insta::assert_snapshot!(body, @r#"
        </head>
        <body>
        <h1>About <code>model</code></h1>
        <p>Version <code>w:[ID]</code>, written by <code>train</code> (<code>[ID]</code>), which began at 2021-01-01 00:04:00 UTC and completed, owned by <code>ada</code>.</p>
        <p>Flagged at [NOW] by <code>tester</code>: all fives</p>
        <h2>What the bad ones share</h2>
        <p>Over the verdicts on all artifacts: 1 bad, 1 ok. clean ran with lr = high (before: low) in one run at 2021-01-01 00:03 UTC: 1 of 1 bad, 0 of 1 ok. Ask ada.</p>
        <p>Of this, upstream of this artifact:</p>
        <ul>
        <li><code>clean</code> ran with lr = high (before: low): 1 of 1 bad, 0 of 1 ok
        <ul>
        <li>fair, 2.5 times likelier than chance; in one run at 2021-01-01 00:03 UTC: <code>[ID]</code></li>
        </ul>
        </li>
        <li><code>train</code> ran with lr = high (before: low): 1 of 1 bad, 0 of 1 ok
        <ul>
        <li>fair, 2.5 times likelier than chance; in one run at 2021-01-01 00:04 UTC: <code>[ID]</code></li>
        </ul>
        </li>
        </ul>
        <h2>How it came to be</h2>
        <figure>
        <svg xmlns="http://www.w3.org/2000/svg" role="img" width="628" height="88" viewBox="0 0 628 88" style="min-width:439px">
        <title>The trace, data flowing to the right</title>
        <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>
        <polyline points="512.5,44.0 548.5,44.0" marker-end="url(#tip)"></polyline>
        <polyline class="loose" points="321.8,44.0 357.8,44.0" marker-end="url(#tip)"><title>by time</title></polyline>
        <polyline points="240.6,44.0 276.6,44.0" marker-end="url(#tip)"></polyline>
        <polyline class="loose" points="49.9,44.0 85.9,44.0" marker-end="url(#tip)"><title>unknown writer</title></polyline>
        <g><title>model, flagged</title><rect class="version asked bad" x="548.5" y="20.0" width="67.1" height="48.0" rx="0"/><text x="556.5" y="40.0">model</text><text x="556.5" y="56.0">flagged</text></g>
        <g><title>train, [ID], 2021-01-01 00:04:00</title><rect class="run" x="357.8" y="12.0" width="154.7" height="64.0" rx="8"/><text x="365.8" y="32.0">train</text><text x="365.8" y="48.0">[ID]</text><text x="365.8" y="64.0">2021-01-01 00:04:00</text></g>
        <g><title>rows</title><rect class="version" x="276.6" y="28.0" width="45.2" height="32.0" rx="0"/><text x="284.6" y="48.0">rows</text></g>
        <g><title>clean, [ID], 2021-01-01 00:03:00</title><rect class="run" x="85.9" y="12.0" width="154.7" height="64.0" rx="8"/><text x="93.9" y="32.0">clean</text><text x="93.9" y="48.0">[ID]</text><text x="93.9" y="64.0">2021-01-01 00:03:00</text></g>
        <g><title>raw</title><rect class="version" x="12.0" y="28.0" width="37.9" height="32.0" rx="0"/><text x="20.0" y="48.0">raw</text></g>
        </svg>
        </figure>
        <table>
        <tr><th>run</th><th>component</th><th>began</th><th>status</th><th>commit</th><th>owner</th></tr>
        <tr><td><code>[ID]</code></td><td><code>train</code></td><td>2021-01-01 00:04:00 UTC</td><td>completed</td><td><code>[ID]</code></td><td><code>ada</code></td></tr>
        <tr><td><code>[ID]</code></td><td><code>clean</code></td><td>2021-01-01 00:03:00 UTC</td><td>completed</td><td><code>[ID]</code></td><td><code>ada</code></td></tr>
        </table>
        <h2>What changed upstream</h2>
        <p>Since version <code>w:[ID]</code>, the last one that somebody found fine, first divergence first:</p>
        <ul>
        <li><code>clean</code>: parameter lr: low → high (runs <code>[ID]</code> and <code>[ID]</code>)</li>
        <li><code>train</code>: parameter lr: low → high (runs <code>[ID]</code> and <code>[ID]</code>)</li>
        </ul>
        <h2>Suspects</h2>
        [SUSPECTS]
        <h2>Freshness</h2>
        <ul>
        <li><code>train</code> (run <code>[ID]</code>)
        <ul>
        <li>if used now: `model` was written [MANY] days ago (run <code>[ID]</code>)</li>
        </ul>
        </li>
        </ul>
        <h2>What was made from it</h2>
        <p>1 current, 0 superseded, 0 rebuilt since.</p>
        <table>
        <tr><th>state</th><th>artifact</th><th>version</th><th>run</th><th>owner</th></tr>
        <tr><td>current</td><td><code>p</code></td><td><code>w:[ID]</code></td><td><code>[ID]</code></td><td><code>cy</code></td></tr>
        </table>
        <h2>Whom to tell</h2>
        <ul>
        <li><code>cy</code>
        <ul>
        <li>owns 1 current version made from it</li>
        </ul>
        </li>
        <li><code>ada</code>
        <ul>
        <li>wrote it</li>
        <li>owns run <code>[ID]</code>, which changed or is suspected</li>
        <li>owns run <code>[ID]</code>, which changed or is suspected</li>
        </ul>
        </li>
        </ul>
        <p>Made by mltrace 0.1.0 at [NOW].</p>
        </body>
        </html>
        "#);
    });
}

#[test]
fn a_report_is_json_too() {
    let env = pipeline("");
    let answer = env.json(&["report", "model"]);
    assert_eq!(answer["diff"]["baseline"], "ok");
    assert_eq!(answer["flagged"]["reason"], "all fives");
    let suspects: Vec<_> =
        answer["suspects"].as_array().unwrap().iter().flat_map(|s| s["components"].as_array().unwrap()).collect();
    assert!(suspects.contains(&&json!("train")) && suspects.contains(&&json!("clean")), "{suspects:?}");
    assert_eq!(answer["impact"]["artifacts"][0]["name"], "p");
    env.fails(2, &["report", "model", "--html", "--format", "json"]);
    env.fails(2, &["report", "model", "--format", "dot"]);
    env.fails(1, &["report", "mode"]);
}

/// Two rounds of two steps that share one source text, which changed between them; it is written in place of `SCALE`.
fn rewritten(sources: [&str; 2]) -> TestEnv {
    let drawings = ["raw -> clean -> rows", "more -> clean -> others", "rows others -> train -> model"];
    let lines = runs(&[drawings, drawings].concat()).into_iter().enumerate().map(|(number, line)| {
        let mut line: Value = serde_json::from_str(&line).unwrap();
        if line["component"] == "clean" {
            let hash = ["1", "2"][number / 3].repeat(64);
            line["code"] = json!({"file": "src/steps.rs", "line": 7, "hash": hash, "source": sources[number / 3]});
        }
        line.to_string()
    });
    TestEnv::with_lines(&lines.collect::<Vec<_>>())
}

#[test]
fn a_report_shows_once_how_a_source_text_changed() {
    let text = |unit: &str| format!("fn clean(raw: &Path) {{\n\tlet rows = read(raw);\n\tscale(&rows, {unit});\n}}");
    let env = rewritten([&text("<b>1000"), &text("`````1\u{202e}")]);
    let page = env.done(&["report", "model"]);
    insta::with_settings!({filters => FILTERS}, {
        let changed = page.split("## What changed upstream").nth(1).unwrap().split("## Suspects").next().unwrap();
        insta::assert_snapshot!(changed, @r"
        Since version `w:[ID]`, the one written before, first divergence first:

        - `clean`: its source text (runs `[ID]` and `[ID]`)

        ``````diff
        @@ -1,4 +1,4 @@
         fn clean(raw: &Path) {
         	let rows = read(raw);
        -	scale(&rows, <b>1000);
        +	scale(&rows, `````1\u{202e});
         }
        ``````

        - `clean`: its source text, as above (runs `[ID]` and `[ID]`)

        1 more run differs only because of this.
        ");
    });
    let page = env.done(&["report", "model", "--html"]);
    let source = page.split("<pre class=\"source\">").nth(1).unwrap().split("</pre>").next().unwrap();
    insta::assert_snapshot!(source, @r"
    @@ -1,4 +1,4 @@
     fn clean(raw: &amp;Path) {
     	let rows = read(raw);
    <del>-	scale(&amp;rows, &lt;b&gt;1000);</del>
    <ins>+	scale(&amp;rows, `````1\u{202e});</ins>
     }
    ");
    assert_eq!(page.matches("<pre class").count(), 1, "{page}");

    let lines = |word: &str| (0..40).map(|line| format!("{word}({line});\n")).collect::<String>();
    let page = rewritten([&lines("old"), &lines("new")]).done(&["report", "model"]);
    assert!(page.contains("-old(18);\n```\n\n… and 61 more lines: see"), "{page}");
}

#[test]
fn an_artifact_that_nobody_wrote_has_a_report() {
    let page = pipeline("").done(&["report", "raw"]);
    assert!(page.contains("No recorded run wrote it. Read by "), "{page}");
    assert!(page.contains("`model`"), "what was made from it: {page}");
}

/// Names that would be markup in one language or the other.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'></text></svg><b>",
    "a|b||c",
    "```\n# x\n`",
    "\u{202e}[x](javascript:1)",
    "&lt;--> *_~@ada ]]>",
];

/// Returns the opening and closing tags of a page in their order, without their attributes.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split([' ', '>', '\n']).next().unwrap()).collect()
}

#[test]
fn names_change_neither_tags_nor_headings_nor_columns() {
    let plain = pipeline("plain").done(&["report", "plainmodel", "--html"]);
    for prefix in HOSTILE {
        let (env, model) = (pipeline(prefix), format!("{prefix}model"));
        let page = env.done(&["report", &model, "--html"]);
        assert_eq!(tags(&page), tags(&plain), "{prefix:?}\n{page}");
        let attributes = page.matches("=\"").count();
        assert_eq!(attributes, plain.matches("=\"").count(), "{prefix:?}\n{page}");

        let page = env.done(&["report", &model]);
        let headings = page.lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(headings, 8, "{prefix:?}\n{page}");
        let rows = page.lines().filter(|line| line.starts_with("| "));
        let columns: Vec<usize> = rows.map(|line| line.replace("\\|", "").matches('|').count()).collect();
        assert_eq!(columns, [7, 7, 7, 7, 6, 6, 6], "{prefix:?}\n{page}");
    }
}

#[test]
fn a_report_shows_what_was_measured_and_checked_of_the_run_that_wrote_it() {
    let env = TestEnv::new();
    let train = |rows: u32, last: &[&str]| {
        let metric = format!("rows={rows}");
        let words = ["log", "--component", "train", "-i", "raw", "-o", "model", "--metric", &metric];
        env.done(&[&words[..], last].concat());
    };
    (0..8).for_each(|run| train(900 + run, &[]));
    let checks = ["--check", "no nulls=failed,warn:7 of fare", "--check", "a=passed", "--metric", "importance=0.3@age"];
    train(12, &checks);
    let page = env.done(&["report", "model"]);
    let (_, section) = page.split_once("## What was measured and checked\n").unwrap();
    let section = section.split("\n## ").next().unwrap().trim();
    insta::with_settings!({filters => FILTERS}, {
        insta::assert_snapshot!(section, @r"
        Of the run that wrote it, run `[ID]`.

        | check | of | outcome | message |
        | --- | --- | --- | --- |
        | `no nulls` |  | failed (warning) | 7 of fare |
        | `a` |  | passed |  |

        | metric | of | value |
        | --- | --- | --- |
        | `importance` | `age` | 0.3 |
        | `rows` |  | 12 |

        Out of line with earlier runs:

        - measured rows = 12, usually 901 to 905
        ");
    });
    let of = env.json(&["report", "model"])["measured"].clone();
    assert_eq!((of["metrics"].as_array().unwrap().len(), of["checks"].as_array().unwrap().len()), (2, 2), "{of}");
    assert!(of["unusual"][0].as_str().unwrap().starts_with("measured rows = 12"), "{of}");
    assert!(env.done(&["report", "model", "--html"]).contains("<h2>What was measured and checked</h2>"));

    // How good a model is most often is measured by a step of its own.
    env.done(&["log", "--component", "evaluate", "-i", "model", "--metric", "test/auc=0.90"]);
    let page = env.done(&["report", "model"]);
    let (_, section) = page.split_once("Measured by runs that read it:\n").unwrap();
    insta::with_settings!({filters => FILTERS}, {
        insta::assert_snapshot!(section.split("\n\nOut of").next().unwrap().trim(), @r"
        | metric | value | by |
        | --- | --- | --- |
        | `test/auc` | 0.90 | run `[ID]` |
        ");
    });
    // Of what no run wrote, and of a run without any, nothing is said.
    assert!(env.json(&["report", "raw"]).get("measured").is_none());
    assert!(pipeline("").json(&["report", "model"]).get("measured").is_none());
}
