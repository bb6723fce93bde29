//! Steps recorded without the attribute: `cargo run --example explicit`.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]
#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    fs::create_dir_all("target/explicit")?;
    let (scores, limit) = ("target/explicit/scores.csv", 0.5);

    let run = mltrace::start("scoring").input("s3://bucket/visits.parquet").param("seed", 7).owner("ada");
    fs::write(scores, "visit,score\n17,0.91\n18,0.12\n")?;
    run.output(scores).finish();

    // An output needs no file: here it is the id of a prediction that some other system keeps.
    for line in fs::read_to_string(scores)?.lines().skip(1) {
        let (visit, score) = line.split_once(',').ok_or("a line is a visit and its score")?;
        let run = mltrace::start("alarm").input(scores).param("limit", limit);
        if score.parse::<f64>()? > limit {
            run.output(format!("alarm-{visit}")).note("somebody should look").finish();
        } else {
            run.finish();
        }
    }

    for step in mltrace::trace("alarm-17")?.runs {
        let inputs: Vec<_> = step.run.inputs.iter().map(|input| input.name.as_str()).collect();
        println!("{}{} read {}", "  ".repeat(step.depth as usize), step.run.component, inputs.join(", "));
    }
    Ok(())
}
