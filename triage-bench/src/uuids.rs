//! A store as people have it: sixty days of eight steps over objects whose names are UUIDs, a wrong setting that was
//! deployed for a day, and verdicts on some of what was predicted.

use serde_json::{Value, json};

use crate::random::Random;

/// For how many days the pipeline runs, and how often a day.
const DAYS: usize = 60;
const ROUNDS: usize = 6;
/// The steps of a round: what each reads, and who owns it.
const STEPS: [(&str, &[&str], &str); 8] = [
    ("extract", &[], "bo"),
    ("validate", &["extract"], "bo"),
    ("clean", &["validate"], "cy"),
    ("join", &["clean"], "cy"),
    ("featuregen", &["join"], "ada"),
    ("split", &["featuregen"], "dee"),
    ("train", &["split"], "dee"),
    ("predict", &["train", "featuregen"], "eve"),
];
/// How many files a round predicts.
const FILES: usize = 4;
/// The first round with the wrong setting, and how many there are before it was put right.
const BROKEN: usize = 50 * ROUNDS + 2;
const LASTS: usize = 5;
/// How many outputs are flagged, and how many are ok.
const FLAGGED: usize = 12;
const OK: usize = 32;
/// 2026-09-27T03:05:00Z, a round every four hours.
const BEGIN_US: i64 = 1_790_478_300_000_000;
const ROUND_US: i64 = 4 * 3600 * 1_000_000;

/// Returns the lines of the runs and of the verdicts.
#[must_use]
pub fn lines() -> Vec<Value> {
    // Ids are drawn by themselves: what the runs do does not change with them.
    let (mut random, mut ids) = (Random::new(7, 7), Random::new(8, 8));
    let mut lines = Vec::new();
    let mut predicted: Vec<Vec<(String, String)>> = Vec::new();
    let mut commit = hex(&mut random, 40);
    let wrong = hex(&mut random, 40);
    for round in 0..DAYS * ROUNDS {
        if random.happens(0.04) {
            commit = hex(&mut random, 40);
        }
        let is_broken = (BROKEN..BROKEN + LASTS).contains(&round);
        let mut written: Vec<(&str, Vec<String>)> = Vec::new();
        for (step, (component, reads, owner)) in STEPS.iter().enumerate() {
            let inputs: Vec<&String> =
                written.iter().filter(|(writer, _)| reads.contains(writer)).flat_map(|(_, names)| names).collect();
            let raw = [object("raw", &mut random)];
            let inputs = if reads.is_empty() { raw.iter().collect() } else { inputs };
            let files = if *component == "predict" { FILES } else { 1 };
            let outputs: Vec<String> = (0..files).map(|_| object(component, &mut random)).collect();
            let is_wrong = is_broken && *component == "featuregen";
            let params = match *component {
                "extract" => json!({"date": format!("day-{:02}", round / ROUNDS)}),
                "featuregen" => json!({"fare_scale": if is_wrong { 1 } else { 100 }, "window": 7}),
                "train" => json!({"seed": random.below(1 << 20), "depth": 6}),
                _ => json!({}),
            };
            let id = format!("019a{round:04x}-{step:04x}-7000-8000-{}", hex(&mut ids, 12));
            let at = |second: i64| time(round, step as i64 * 300 + second);
            lines.push(json!({
                "id": id, "component": component, "owner": owner, "started_at": at(0),
                "ended_at": at(40 + random.below(60) as i64), "params": params,
                "git_commit": if is_wrong { &wrong } else { &commit },
                "host": format!("worker-{}", random.below(5)), "inputs": inputs, "outputs": outputs,
            }));
            if *component == "predict" {
                predicted.push(outputs.iter().map(|name| (name.clone(), format!("w:{id}"))).collect());
            }
            written.push((component, outputs));
        }
    }
    let broken = BROKEN..BROKEN + LASTS;
    let bad = predicted.get(broken.clone()).unwrap_or_default().iter().flat_map(|files| files.iter().take(3));
    let fine = predicted.iter().enumerate().filter(|(round, _)| !broken.contains(round) && *round + 20 > BROKEN);
    let fine = fine.flat_map(|(_, files)| files.iter().take(1));
    let judged = bad.take(FLAGGED).map(|of| (of, "flagged")).chain(fine.take(OK).map(|of| (of, "ok")));
    for (number, ((name, version), verdict)) in judged.enumerate() {
        let id = format!("019affff-0000-7000-8000-{number:012x}");
        let at = time(DAYS * ROUNDS, number as i64);
        lines.push(json!({"type": "label", "id": id, "name": name, "version": version, "verdict": verdict, "at": at}));
    }
    lines
}

fn object(step: &str, random: &mut Random) -> String {
    let id = [8, 4, 4, 4, 12].map(|digits| hex(random, digits)).join("-");
    format!("s3://fleet/{step}/{id}.parquet")
}

fn hex(random: &mut Random, digits: usize) -> String {
    (0..digits).map(|_| char::from(b"0123456789abcdef"[random.below(16)])).collect()
}

fn time(round: usize, second: i64) -> String {
    mltrace_core::model::Timestamp(BEGIN_US + round as i64 * ROUND_US + second * 1_000_000).to_string()
}
