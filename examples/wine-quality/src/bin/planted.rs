//! Plants each fault in a pipeline of its own, and prints how often `review` names the cause first.
//!
//! `planted [STEP]`: each fault, or every so manyth. It runs itself as `planted one NUMBER` for each of them, in a temporary
//! folder: a process records in one project.

#![allow(clippy::disallowed_methods, reason = "each pipeline runs in a folder of its own")]

use std::process::Command;

use wine_quality::Error;
use wine_quality::planted::{FAULTS, plant};

#[expect(clippy::print_stdout, reason = "a program says what it did")]
fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [one, number] = arguments.as_slice()
        && one == "one"
    {
        let found = plant(number.parse()?)?;
        println!("{} | {} | {}", if found.is_cause { "yes" } else { "no" }, found.flagged, found.says);
        return Ok(());
    }
    println!("| kind | fault | cause first | rounds flagged | what is named first |\n|---|---|---|---|---|");
    let step = arguments.first().map_or(Ok(1), |step| step.parse())?;
    let (mut named, mut planted) = (0, 0);
    for (number, fault) in FAULTS.iter().enumerate().step_by(step) {
        let folder = std::env::temp_dir().join(format!("planted-{}-{number}", std::process::id()));
        std::fs::create_dir_all(folder.join(".mltrace"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["one", &number.to_string()])
            .current_dir(&folder)
            .env_remove("MLTRACE_DB")
            .env_remove("MLTRACE_DISABLED");
        let output = command.output()?;
        std::fs::remove_dir_all(&folder)?;
        if !output.status.success() {
            return Err(format!("{}: {}", fault.says, String::from_utf8_lossy(&output.stderr)).into());
        }
        let told = String::from_utf8(output.stdout)?;
        named += u32::from(told.starts_with("yes"));
        planted += 1;
        println!("| {} | {} | {} |", fault.kind, fault.says, told.trim());
    }
    println!("\n{named} of {planted} causes are named first");
    Ok(())
}
