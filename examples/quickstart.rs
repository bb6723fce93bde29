//! Two registered functions, and how what they wrote came to be: `cargo run --example quickstart`.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]
#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use mltrace::register;

#[register(inputs = [raw], outputs = [clean], owner = "shreya", description = "drops rides that cost nothing")]
fn cleaning(raw: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let rides = fs::read_to_string(raw)?;
    let paid: Vec<_> = rides.lines().filter(|ride| !ride.ends_with(",0")).collect();

    let clean = raw.with_file_name("clean.csv");
    fs::write(&clean, paid.join("\n"))?;
    Ok(clean)
}

#[register(inputs = [clean], outputs = [report], params = [currency])]
fn summary(clean: &Path, currency: &str) -> Result<PathBuf, Box<dyn Error>> {
    let rides = fs::read_to_string(clean)?;
    let fares = rides.lines().skip(1).filter_map(|ride| ride.split(',').next_back());
    let total = fares.map(str::parse::<u32>).sum::<Result<u32, _>>()?;

    let report = clean.with_file_name("summary.txt");
    fs::write(&report, format!("{total} {currency}\n"))?;
    Ok(report)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("target/quickstart");
    fs::create_dir_all(folder)?;
    let raw = folder.join("rides.csv");
    fs::write(&raw, "day,fare\n1,12\n1,0\n2,30\n")?;

    let clean = cleaning(&raw)?;
    let report = summary(&clean, "dollars")?;
    println!("{}: {}", report.display(), fs::read_to_string(&report)?);

    let trace = mltrace::trace("target/quickstart/summary.txt")?;
    for step in &trace.runs {
        println!("{} wrote it, {} steps up:", step.run.component, step.depth);
        for input in &step.run.inputs {
            println!("    read  {} ({})", input.name, input.bound.as_str());
        }
        for output in &step.run.outputs {
            println!("    wrote {}", output.name);
        }
    }
    Ok(())
}
