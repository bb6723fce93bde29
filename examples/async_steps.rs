//! Registered async functions, two at once and one cancelled: `cargo run --example async_steps`.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]
#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use mltrace::register;

#[register(outputs = [page], params = [city])]
async fn fetch(folder: &Path, city: &str) -> Result<PathBuf, Box<dyn Error>> {
    // What a service would have sent; both fetches are under way at once.
    tokio::task::yield_now().await;

    let page = folder.join(format!("{city}.txt"));
    fs::write(&page, format!("{city}: sunny\n"))?;
    Ok(page)
}

#[register(inputs = [pages], outputs = [report])]
async fn merge(pages: &[PathBuf], folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let text = pages.iter().map(fs::read_to_string).collect::<Result<String, _>>()?;

    let report = folder.join("report.txt");
    fs::write(&report, text)?;
    Ok(report)
}

#[register(params = [city])]
async fn fetch_slowly(city: &str) -> Result<(), Box<dyn Error>> {
    mltrace::note!("waiting for {city}");
    std::future::pending().await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("target/async_steps");
    fs::create_dir_all(folder)?;

    let (berlin, lisbon) = tokio::join!(fetch(folder, "berlin"), fetch(folder, "lisbon"));
    let report = merge(&[berlin?, lisbon?], folder).await?;
    print!("{}", fs::read_to_string(report)?);

    // A time-out drops the future: the run is recorded as cancelled.
    tokio::select! {
        biased;
        done = fetch_slowly("tokyo") => done?,
        () = std::future::ready(()) => println!("tokyo took too long"),
    }

    println!();
    for step in mltrace::trace("target/async_steps/report.txt")?.runs {
        let outputs: Vec<_> = step.run.outputs.iter().map(|output| output.name.as_str()).collect();
        println!("{}{} wrote {}", "  ".repeat(step.depth as usize), step.run.component, outputs.join(", "));
    }
    for run in mltrace::history("fetch_slowly")?.runs.iter().take(1) {
        println!("fetch_slowly was {}", run.status.as_str());
    }
    Ok(())
}
