//! A pipeline that was busy up to now: rounds of ten steps with long names, some of which failed or died, and five rounds in
//! which one step took the wrong scale.

use mltrace_core::model::Timestamp;
use serde_json::{Value, json};

/// The steps of a round, with whom to ask.
const STEPS: [(&str, &str); 10] = [
    ("extract", "ada"),
    ("deduplicate", "ada"),
    ("clean", "ada"),
    ("enrich_with_weather", "grace"),
    ("featuregen", "grace"),
    ("split", "grace"),
    ("train", "alan"),
    ("evaluate", "alan"),
    ("predict", "alan"),
    ("publish", "edsger"),
];
/// So far apart are two rounds, in microseconds.
const ROUND: i64 = 2 * 3_600_000_000;

/// Returns as many rounds up to now, so many runs in all; in the last five of every eleven before the end the fare was scaled
/// by 1 and not by 1000, and the check of the evaluation fails.
pub(crate) fn busy(runs: usize) -> Vec<Value> {
    let rounds = runs.div_ceil(STEPS.len());
    let now = Timestamp::now();
    let lines = (0..rounds).flat_map(|round| {
        let back = i64::try_from(rounds - round).unwrap();
        round_at(round, rounds, now.plus_micros(-back * ROUND))
    });
    lines.take(runs).collect()
}

fn is_bad(round: usize, rounds: usize) -> bool {
    let back = rounds - round;
    back % 11 == 6 && back / 11 < 5
}

fn round_at(round: usize, rounds: usize, from: Timestamp) -> Vec<Value> {
    let day = from.to_string().chars().take(10).collect::<String>();
    let hour = from.to_string().chars().skip(11).take(2).collect::<String>();
    let id = format!("{:08x}-7c1e-4d30-9a52-{:012x}", round.wrapping_mul(2_654_435_761) & 0xffff_ffff, round);
    let name = |file: &str| {
        format!("s3://acme-datalake-production-eu-central-1/curated/taxi/fares/date={day}/hour={hour}/{id}/{file}")
    };
    let files = [
        "raw.parquet",
        "unique.parquet",
        "clean.parquet",
        "weather.parquet",
        "features.parquet",
        "train.parquet",
        "model.bin",
        "metrics.json",
        "predictions.parquet",
        "published.json",
    ];
    let bad = is_bad(round, rounds);
    let mut lines = Vec::new();
    for (place, (component, owner)) in STEPS.iter().enumerate() {
        let began = from.plus_micros(i64::try_from(place).unwrap() * 240_000_000);
        let took = 30_000_000 + i64::try_from((round * 7 + place * 13) % 40).unwrap() * 1_000_000;
        let inputs: Vec<String> = place.checked_sub(1).map(|before| name(files[before])).into_iter().collect();
        let mut line = json!({
            "component": component, "owner": owner, "inputs": inputs, "outputs": [name(files[place])],
            "started_at": began, "ended_at": began.plus_micros(took),
            "git": { "commit": format!("{:08x}{:032x}", 0xdead_beef_u64 + (round / 60) as u64, round / 60), "branch": "main" },
        });
        match *component {
            "featuregen" => line["params"] = json!({ "fare_scale": if bad { 1 } else { 1000 }, "window": 24 }),
            "train" => line["params"] = json!({ "penalty": 0.05, "epochs": 10 + round % 3 }),
            "evaluate" => {
                let rmse = if bad { 9.1 } else { 1.0 + (round % 10) as f64 / 100.0 };
                line["metrics"] = json!([{ "name": "rmse", "value": rmse }]);
                line["checks"] = json!([{ "name": "rmse_is_low", "outcome": if bad { "failed" } else { "passed" } }]);
            }
            // Now and then the store of others does not keep up, or a machine is taken away.
            "extract" if round % 17 == 3 => {
                line["status"] = "failed".into();
                line["error"] =
                    format!("SlowDown: Please reduce your request rate (request {id}, host node{})", round % 7).into();
            }
            "enrich_with_weather" if round % 23 == 5 => {
                line["status"] = "failed".into();
                line["error"] = format!("Traceback (most recent call last):\n  File \"weather.py\", line 41\nTimeoutError: no answer from weather-api.example after {} s", 30 + round % 3).into();
            }
            _ => {}
        }
        lines.push(line);
    }
    lines
}
