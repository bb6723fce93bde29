//! What commands were called with: by that runs are compared, whatever their files are called.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::serve::Serving;

/// The days on which the scale was wrong.
const WRONG: std::ops::RangeInclusive<usize> = 14..=16;
/// The days that were found fine.
const FINE: [usize; 4] = [3, 8, 11, 19];

/// Copies what it is told to read to where it is told to write.
const STEP: &str = r#"
for word in "$@"; do
  case "$word" in *raw/*) from=${word#in=} ;; *out/*) to=${word#out=} ;; esac
done
{ cat "$from"; echo "$@"; } >"$to"
"#;

fn name(folder: &str, day: usize) -> String {
    format!("{folder}/2026-11-{day:02}.csv")
}

/// Twenty days of a step that is run by a command, each over a file of its own.
fn days(command: impl Fn(&str, &str, usize) -> Vec<String>) -> TestEnv {
    let env = TestEnv::new();
    env.write("step.sh", STEP);
    env.write("out/.keep", "");
    for day in 1..=20 {
        let (raw, out) = (name("raw", day), name("out", day));
        env.write(&raw, &format!("a,b\n1,{day}\n"));
        let command = command(&raw, &out, if WRONG.contains(&day) { 1 } else { 100 });
        let run = ["run", "--component", "clean", "-i", &raw, "-o", &out, "--"].map(str::to_owned);
        env.done(&run.iter().chain(&command).map(String::as_str).collect::<Vec<_>>());
    }
    let flagged: Vec<String> = WRONG.map(|day| name("out", day)).collect();
    env.done(&["flag"].into_iter().chain(flagged.iter().map(String::as_str)).collect::<Vec<_>>());
    let fine = FINE.map(|day| name("out", day));
    env.done(&["flag", "--ok"].into_iter().chain(fine.iter().map(String::as_str)).collect::<Vec<_>>());
    env
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Checks that the first line of a review reports this, and of which aspect the first fact is.
fn check(env: &TestEnv, aspect: &str, told: &str) {
    let first = env.done(&["review"]).lines().next().unwrap().to_owned();
    assert!(first.starts_with("3 bad, 4 ok. clean ran with ") && first.contains(told), "{first}");
    let fact = &env.json(&["review"])["facts"][0];
    assert_eq!([&fact["aspect"], &fact["strength"]], [aspect, "strong"].map(Value::from).each_ref(), "{fact}");
    assert_eq!(fact["runs"].as_array().unwrap().len(), 3, "{fact}");
}

#[test]
fn the_argument_that_was_wrong_comes_first_though_each_day_has_files_of_its_own() {
    let env = days(|raw, out, scale| words(&format!("sh step.sh {raw} {out} --scale {scale}")));
    check(&env, "param:--scale", "--scale = 1 (before: 100) in 3 runs");

    // What is recorded is what was run.
    let run = env.json(&["review"])["facts"][0]["runs"][1].clone();
    let run = env.json(&["inspect", run.as_str().unwrap()]);
    assert_eq!(run["code"]["source"], "sh step.sh raw/2026-11-15.csv out/2026-11-15.csv --scale 1");
    assert_eq!(run["params"], json!({}));
    let still = run["still_differs"][0].as_str().unwrap();
    assert!(still.starts_with("parameter `--scale` = 1, before 100, since the run before"), "{still}");
    let inspected = env.done(&["inspect", run["id"].as_str().unwrap()]);
    assert!(inspected.contains("still differs\n  parameter `--scale` = 1, before 100"), "{inspected}");

    // The run that a review tells to inspect shows what the review says of it.
    let first = env.json(&["review"])["facts"][0]["runs"][0].as_str().unwrap().to_owned();
    let changed = env.json(&["inspect", &first])["changed"].clone();
    let scale =
        changed["differences"].as_array().unwrap().iter().find(|of| of["field"] == "param:--scale").unwrap().clone();
    assert_eq!(["a", "b"].map(|side| scale[side].to_string().replace('"', "")), ["100", "1"]);
    let inspected = env.done(&["inspect", &first]);
    let told = format!("changed since run {}\n", &changed["run"].as_str().unwrap()[28..]);
    let (_, changes) = inspected.split_once(&told).unwrap();
    assert!(
        changes.lines().take_while(|line| !line.is_empty()).any(|line| line == "  parameter --scale: 100 → 1"),
        "{inspected}"
    );

    let diff = env.json(&["diff", &name("out", 15)]);
    let fields: Vec<&str> =
        diff["differences"].as_array().unwrap().iter().map(|of| of["field"].as_str().unwrap()).collect();
    assert!(fields.contains(&"param:--scale") && !fields.contains(&"code"), "{diff}");
    let blame = env.json(&["blame", "param:--scale"]);
    assert_eq!(blame["series"][0]["runs"], 20, "{blame}");
    let flagged = env.done(&["flag", "--where", "param.--scale=1", "--dry-run"]);
    assert!(flagged.contains(&name("out", 14)) && !flagged.contains(&name("out", 13)), "{flagged}");
}

#[test]
fn an_argument_is_the_same_in_whatever_order_it_comes() {
    let env = days(|raw, out, scale| words(&format!("sh step.sh --scale {scale} {out} {raw}")));
    check(&env, "param:--scale", "--scale = 1 (before: 100)");
}

#[test]
fn what_is_given_by_a_key_is_compared_by_it() {
    let env = days(|raw, out, scale| words(&format!("sh step.sh in={raw} out={out} scale={scale}")));
    check(&env, "param:scale", "scale = 1 (before: 100)");
}

#[test]
fn a_text_for_a_shell_is_one_argument_which_is_compared_without_the_names_of_its_files() {
    let command =
        |raw: &str, out: &str, scale| vec!["sh".into(), "-c".into(), format!("sh step.sh {raw} {out} --scale {scale}")];
    let told = "-c = sh step.sh raw/#-#-#.csv out/#-#-#.csv --scale 1 (before: sh step.sh raw/#-#-#.csv out/#-#-#.csv --scale 100)";
    check(&days(command), "param:-c", told);
}

#[test]
fn the_last_good_one_of_what_is_written_once_is_that_of_an_earlier_day_on_every_surface() {
    let env = days(|raw, out, scale| words(&format!("sh step.sh {raw} {out} --scale {scale}")));
    let answer = env.json(&["last-good", &name("out", 16)]);
    assert_eq!(answer["good"]["name"], name("out", 13));
    assert_eq!(answer["good"]["disk"], "unchanged");
    let names: Vec<&Value> = answer["newer"].as_array().unwrap().iter().map(|newer| &newer["name"]).collect();
    assert_eq!(names, [&Value::Null, &name("out", 15).into(), &name("out", 14).into()]);
    let text = env.done(&["last-good", &name("out", 16)]);
    assert!(
        text.starts_with("out/2026-11-13.csv@b3:") && text.contains("on disk\nwhat stands against 3 newer versions\n"),
        "{text}"
    );
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let page = serving.send("GET /last-good?artifact=out/2026-11-16.csv HTTP/1.1\r\nhost: localhost", "");
    assert!(page.contains("out/2026-11-13.csv") && page.contains("in its place"), "{page}");
    let api = serving.send("GET /api/v1/last-good?artifact=out/2026-11-16.csv HTTP/1.1\r\nhost: localhost", "");
    assert!(api.contains(r#""name":"out/2026-11-13.csv""#), "{api}");
    let fine = env.json(&["last-good", &name("out", 20)]);
    assert_eq!((&fine["good"]["name"], &fine["newer"]), (&Value::Null, &json!([])));
}
