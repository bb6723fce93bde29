//! A Rust step reads what a task of Airflow wrote: `cargo run --example airflow-and-rust`, after what the README says.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]
#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::error::Error;
use std::path::Path;
use std::{fs, io};

use mltrace::register;

/// Stands for a client of the object store, which is the folder `lake` here.
fn fetch(address: &str) -> io::Result<String> {
    fs::read_to_string(Path::new("lake").join(address.trim_start_matches("s3://lake/")))
}

#[register(inputs = [clean], outputs = [model])]
fn train(clean: &str) -> Result<&'static Path, Box<dyn Error>> {
    let rides = fetch(clean)?;
    let fares: Vec<f64> = rides.lines().skip(1).filter_map(|ride| ride.split(',').next_back()?.parse().ok()).collect();

    let model = Path::new("model.txt");
    fs::write(model, format!("{}\n", fares.iter().sum::<f64>() / fares.len() as f64))?;
    Ok(model)
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = train("s3://lake/clean.csv")?;
    println!("the mean fare is {}", fs::read_to_string(model)?);

    for step in mltrace::trace("model.txt")?.runs {
        println!("{} ({})", step.run.component, step.run.status.as_str());
        for input in &step.run.inputs {
            println!("    read  {} ({})", input.name, input.bound.as_str());
        }
        for output in &step.run.outputs {
            println!("    wrote {}", output.name);
        }
    }
    Ok(())
}
