//! A long history as import lines, to measure `mltrace review` with: a thousand days of a daily pipeline, and verdicts.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::random::Random;

/// How many predictions a day makes.
const PREDICTIONS: usize = 92;
/// How many runs a day has: two ingests, two cleans, three feature steps, the predictions and a training.
const DAY: usize = 8 + PREDICTIONS;
/// How many outputs are flagged.
const FLAGGED: usize = 100;
/// How many outputs are ok.
const OK: usize = 1000;
const BEGIN_US: i64 = 1_700_000_000_000_000;

/// Writes the lines of so many runs, and of verdicts on their predictions.
///
/// A feature step runs with another parameter on one day in the middle; the flagged predictions are those of the model trained on it.
pub fn write(runs: usize, out: &mut impl Write) -> io::Result<()> {
    let days = runs.div_ceil(DAY);
    let broken = days / 2 / 7 * 7 + 1;
    for day in 0..days {
        for place in 0..DAY {
            writeln!(out, "{}", run(day, place, broken))?;
        }
    }
    let mut random = Random::new(1, 1);
    // The model that is trained on that day's features serves the week after.
    let served = broken + 6..broken + 13;
    let of_that_week = (0..FLAGGED).map(|number| (served.start + number % 7, number / 7, "flagged"));
    let of_others = (0..OK).map(|_| (random.below(days), random.below(PREDICTIONS), "ok"));
    let mut seen = std::collections::BTreeSet::new();
    for (number, (day, prediction, verdict)) in (0_u64..).zip(of_that_week.chain(of_others)) {
        let is_bad = served.contains(&day) || day == broken;
        if (verdict == "ok") == is_bad || day >= days || !seen.insert((day, prediction)) {
            continue;
        }
        let version = format!("w:{}", id(day, 7 + prediction));
        let at = time(days, 0, 0);
        let line = json!({"type": "label", "id": format!("0190f3a1-0000-7000-8000-{number:012x}"),
            "name": name("prediction", day, prediction), "version": version, "verdict": verdict, "at": at});
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn run(day: usize, place: usize, broken: usize) -> Value {
    let one = |kind: &str, number: usize| vec![name(kind, day, number)];
    let week = day / 7 * 7;
    let model = name("model", week, 0);
    let (component, inputs, outputs) = match place {
        0 | 1 => ("ingest", vec![format!("source-{place}")], one("raw", place)),
        2 | 3 => ("clean", one("raw", place - 2), one("clean", place - 2)),
        4..=6 => ("featuregen", one("clean", place % 2), one("features", place - 4)),
        place if place < DAY - 1 => {
            let number = place - 7;
            ("predict", [one("features", number % 3), vec![model]].concat(), one("prediction", number))
        }
        _ if day == week => {
            // The week's model is made before that day's predictions, of the features of the week before.
            let features = (0..21).map(|number| name("features", day.saturating_sub(1 + number / 3), number % 3));
            ("train", features.collect(), vec![model])
        }
        _ => ("report", one("prediction", 0), one("report", 0)),
    };
    let params = if place == 4 { json!({"unit": if day == broken { "mg" } else { "g" }}) } else { json!({}) };
    // A training comes before the predictions.
    let minute = if component == "train" {
        7
    } else if place >= 7 {
        place + 1
    } else {
        place
    };
    json!({"id": id(day, place), "component": component, "started_at": time(day, minute, 0),
        "ended_at": time(day, minute, 30), "inputs": inputs, "outputs": outputs, "params": params})
}

fn id(day: usize, place: usize) -> String {
    format!("0190f3a0-0000-7000-8000-{:012x}", day * DAY + place)
}

fn name(kind: &str, day: usize, number: usize) -> String {
    format!("s3://bench/day-{day:05}/{kind}-{number:02}.parquet")
}

fn time(day: usize, minute: usize, second: usize) -> String {
    let seconds = ((day * 24 * 60 + minute) * 60 + second) as i64;
    mltrace_core::model::Timestamp(BEGIN_US + seconds * 1_000_000).to_string()
}
