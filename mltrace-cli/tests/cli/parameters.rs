//! Parameters keep the text that they were given, whatever way they came.

use serde_json::{Value, json};

use crate::env::TestEnv;

/// What is given on a command line, and the value that answers hold.
fn given() -> [(&'static str, Value); 18] {
    [
        ("3.10", json!("3.10")),
        ("3.1", json!(3.1)),
        ("1234e56", json!("1234e56")),
        ("1e-3", json!("1e-3")),
        ("12345678901234567890123", json!("12345678901234567890123")),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("0.1000000000000000055", json!("0.1000000000000000055")),
        ("1e400", json!("1e400")),
        ("2.50", json!("2.50")),
        ("-0", json!("-0")),
        ("-1", json!(-1)),
        ("007", json!("007")),
        ("0x10", json!("0x10")),
        ("true", json!(true)),
        ("null", json!("null")),
        ("", json!("")),
        (" 1", json!(" 1")),
        ("a=b", json!("a=b")),
    ]
}

fn exported(env: &TestEnv) -> Vec<Value> {
    let lines = env.done(&["export"]);
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["params"]["v"].clone()).collect()
}

#[test]
fn every_door_keeps_the_text_of_a_parameter() {
    let env = TestEnv::new();
    let mut expected = Vec::new();
    let mut lines = String::new();
    for (number, (text, value)) in given().into_iter().enumerate() {
        let param = format!("v={text}");
        env.done(&["log", "--component", "log", "-p", &param]);
        env.done(&["run", "--component", "run", "-p", &param, "--", "true"]);
        expected.extend([value.clone(), value.clone()]);
        // JSON that is no number would be no JSON without its quotes.
        let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
            && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
        let json = if is_number { text.to_owned() } else { value.to_string() };
        lines += &format!(
            "{{\"component\":\"import\",\"started_at\":\"2026-01-01T00:00:{number:02}Z\",\"params\":{{\"v\":{json}}}}}\n"
        );
    }
    assert_eq!(exported(&env), expected);
    let other = TestEnv::new();
    let answer = other.call_with_input(&["import", "-"], &lines);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(exported(&other), given().map(|(_, value)| value));
    // Anyone who has them once more knows them, and what differs in nothing but a zero is another run.
    assert_eq!(other.call_with_input(&["import", "-"], &lines).stdout.lines().count(), 1);
    let [one, two] = ["3.1", "3.10"].map(|v| format!("{{\"component\":\"t\",\"params\":{{\"v\":{v}}}}}"));
    let both = TestEnv::with_lines(&[one, two]);
    assert_eq!(exported(&both).len(), 2);
}

#[test]
fn an_export_comes_back_byte_for_byte() {
    let env = TestEnv::new();
    for (text, _) in given() {
        env.done(&["log", "--component", "log", "-o", "out", "-p", &format!("v={text}"), &format!("--note={text}")]);
    }
    let first = env.done(&["export"]);
    let other = TestEnv::new();
    assert_eq!(other.call_with_input(&["import", "-"], &first).code, 0);
    assert_eq!(other.done(&["export"]), first);
}

#[test]
fn diff_compares_what_was_written() {
    for (a, b, is_named) in
        [("3.1", "3.10", true), ("1e3", "1000", true), ("1.0", "1", true), ("3.10", "3.10", false), ("1", "1", false)]
    {
        let env = TestEnv::new();
        for (number, value) in [a, b].into_iter().enumerate() {
            env.write("out", &format!("{number} {}", "x".repeat(100)));
            env.done(&["log", "--component", "train", "-o", "out", "-p", &format!("python={value}")]);
        }
        let text = env.done(&["diff", "out"]);
        assert_eq!(text.contains(&format!("python: {a} → {b}")), is_named, "{a} {b}\n{text}");
    }
    // One door knows a number where another one has its text.
    let lines = [json!(0.5), json!("0.5")].into_iter().enumerate().map(|(number, value)| {
        let at = format!("2026-01-0{}T00:00:00Z", number + 1);
        json!({"component": "train", "started_at": at, "ended_at": at, "params": {"lr": value},
            "outputs": [{"name": "out", "version": format!("v:{number}")}]})
        .to_string()
    });
    let env = TestEnv::with_lines(&lines.collect::<Vec<_>>());
    let text = env.done(&["diff", "out"]);
    assert!(!text.contains("lr"), "{text}");
}
