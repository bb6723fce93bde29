//! Whatever a secret is made of, and whichever door it comes through, nothing of it reaches the disk.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use crate::env::TestEnv;
use crate::serve::Serving;

/// Names that say what they hold.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "pw",
    "pass",
    "db-password",
    "token",
    "api-key",
    "client-secret",
    "auth-token",
    "access_key",
    "private-key",
];

/// Stands in each secret, and nowhere else.
const NEEDLE: &str = "Zq7Xk2Vw9Rt4";

/// What a command line can hold: anything but a zero, with signs that shells, JSON and SQL care for more often.
fn secret() -> impl Strategy<Value = String> {
    let part = || "[\\PC\n\t\"'\\\\;&|$`(){}<>=:,.# -]{0,6}";
    (part(), part()).prop_map(|(before, after)| format!("{before}{NEEDLE}{after}").replace('\0', ""))
}

/// Returns a word as a shell wants it to be written, in each of its ways.
fn styles(word: &str) -> [String; 4] {
    let before = |signs: &[char], word: &str| {
        word.chars()
            .flat_map(|sign| signs.contains(&sign).then_some('\\').into_iter().chain([sign]))
            .collect::<String>()
    };
    let escaped = |sign: char| match sign {
        // An escaped end of a line is none.
        '\n' => "'\n'".to_owned(),
        _ if sign.is_alphanumeric() => sign.to_string(),
        _ => format!("\\{sign}"),
    };
    [
        format!("'{}'", word.replace('\'', r"'\''")),
        format!("\"{}\"", before(&['\\', '"', '$', '`'], word)),
        word.chars().map(escaped).collect(),
        format!("$'{}'", before(&['\\', '\''], word)),
    ]
}

/// Returns what a shell is given: each secret behind an option, a variable and a letter.
fn shell_text(option: &str, variable: &str, secret: &str) -> String {
    let command = |secret: String| {
        format!(
            "true {option} {secret} -v {option}={secret}; {variable}={secret} true; export {variable}={secret} A=1\n\
             true mysql -u root -p{secret} db && true curl -u ada:{secret} h\n"
        )
    };
    styles(secret).map(command).concat()
}

/// Reports each secret through every door of the command and the server.
fn tell(env: &TestEnv, serving: &Serving, name: &str, secret: &str) {
    let option = format!("--{name}");
    let joined = format!("--{name}={secret}");
    let variable = format!("{}={secret}", name.to_uppercase().replace('-', "_"));
    let user = format!("ada:{secret}");
    let words = ["true", &option, secret, "-v", &joined, "-e", &variable, "--user", &user];
    env.done(&[&["run", "--component", "words", "--"][..], &words].concat());
    let name_of_variable = variable.split('=').next().unwrap_or_default();
    // Shells differ in what they know; what is recorded is the same for each, and none has to run.
    let shell = ["true", "sh", "-c", &shell_text(&option, name_of_variable, secret)];
    env.done(&[&["run", "--component", "shell", "--"][..], &shell].concat());
    // A command that does not start is reported as well.
    let answer = env.call(&["run", "--component", "missing", "--", "/nowhere/train", &option, secret]);
    assert_ne!(answer.code, 0);
    let param = format!("{name}={secret}");
    env.done(&["log", "--component", "logged", "-p", &param, "-o", "a"]);
    // Tables and objects of settings: a name beside its value.
    let row = json!({ "Variable": name, "value": secret }).to_string() + "\n";
    env.write("settings.ndjson", &row.repeat(2));
    let mut table = csv::Writer::from_writer(Vec::new());
    [["name", "value"], [name, secret], [name, secret]].iter().for_each(|row| table.write_record(row).unwrap());
    env.write("settings.csv", &String::from_utf8(table.into_inner().unwrap()).unwrap());
    for (from, to) in [("settings.csv", "copy.csv"), ("settings.ndjson", "copy.ndjson")] {
        env.done(&["run", "--component", "tables", "-o", to, "--profile", "--", "cp", from, to]);
        assert!(env.done(&["profile", to]).contains("not kept: a name says that it is secret"));
        [from, to].iter().for_each(|table| fs::remove_file(env.project().join(table)).unwrap());
    }
    let pair = format!("settings={}", json!([{ "key": name, "value": secret }]));
    env.done(&["log", "--component", "pairs", "-p", &pair]);
    let line = json!({ "component": "told", "ended_at": "2021-05-01T00:00:00Z", "params": { name: secret } });
    let answer = env.call_with_input(&["import", "-"], &line.to_string());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let posted = json!({ "component": "posted", "ended_at": "2021-05-01T00:00:00Z", "params": { name: secret } });
    post(serving, "runs", &posted);
    // In running text a secret ends where a reader would say that it does, so it is one word there.
    let text = format!("{name}={NEEDLE}");
    let run = env.done(&["log", "--component", "texts", "--tag", &text, "--owner", &text, "--description", &text]);
    env.done(&["note", run.trim_end(), &text]);
    post(serving, "component", &json!({ "name": "texts", "owner": text, "description": text, "tags": [text] }));
    post(serving, "note", &json!({ "run": run.trim_end(), "text": text }));
    post(serving, "flag", &json!({ "artifacts": ["a"], "reason": text }));
}

fn post(serving: &Serving, path: &str, body: &serde_json::Value) {
    let head = format!("POST /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json");
    let answer = serving.send(&head, &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{path}: {answer}");
}

/// Returns the files below a folder in which the secret stands.
fn found(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(found(&path));
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(NEEDLE.len()).any(|part| part == NEEDLE.as_bytes())) {
            names.push(path.display().to_string());
        }
    }
    names
}

#[test]
fn nothing_of_a_secret_reaches_the_disk_whatever_it_is_made_of() {
    let env = TestEnv::new();
    env.done(&["log", "--component", "first", "-o", "a"]);
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() });
    let told = runner.run(&(prop::sample::select(&NAMES[..]), secret()), |(name, secret)| {
        tell(&env, &serving, name, &secret);
        let found = found(&env.project());
        prop_assert!(found.is_empty(), "{found:?} hold it");
        Ok(())
    });
    if let Err(error) = told {
        panic!("{error}");
    }
}

#[test]
fn a_project_that_is_called_by_an_address_keeps_no_login_and_is_found() {
    let env = TestEnv::new();
    env.write("mltrace.toml", &format!("project = \"https://ada:{NEEDLE}@git.example.org/ml.git\"\n"));
    env.done(&["log", "--component", "train", "-o", "a"]);
    let line = json!({
        "component": "told", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["b"],
        "project": format!("https://ada:{NEEDLE}@git.example.org/ml.git"),
    });
    let answer = env.call_with_input(&["import", "-"], &line.to_string());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for (artifact, component) in [("a", "train"), ("b", "told")] {
        assert!(env.done(&["trace", artifact]).contains(component), "{artifact}");
    }
    assert!(env.done(&["config"]).contains("https://git.example.org/ml.git"));
    assert!(found(&env.project().join(".mltrace")).is_empty());
}
