//! What it costs to say what is in a table.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;

use mltrace_core::profile::{Limits, profile};

use crate::measure::by_turns;
use crate::table::Report;

/// The table's size.
const BYTES: usize = 200 << 20;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rides.csv");
    write(&path);
    let pair = by_turns(
        5,
        1,
        || {
            black_box(profile(&path, &Limits::default()).expect("the table can be read"));
        },
        || {
            black_box(mltrace_minimum::read_csv(&path));
        },
    );
    report.pair("profile of a CSV file of 200 MiB", "a bare reader of CSV", pair, 2.0);
}

/// Writes rides: keys and numbers that are hardly there twice, and few zones, payments and flags.
fn write(path: &Path) {
    let mut file = BufWriter::new(File::create(path).expect("room for a file"));
    let mut state = 88_172_645_463_325_252_u64;
    let mut below = |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    let mut bytes = 0;
    let mut line = String::from("id,pickup,zone,distance,fare,tip,passengers,payment,flag,note\n");
    for id in 0_u64.. {
        file.write_all(line.as_bytes()).expect("room for 200 MiB");
        bytes += line.len();
        if bytes >= BYTES {
            break;
        }
        let (month, day, hour) = (below(12) + 1, below(28) + 1, below(24));
        let [distance, fare, tip] =
            [5_000, 20_000, 2_000].map(|most| format!("{}.{:02}", below(most) / 100, below(100)));
        let payment = ["card", "cash", "app"][usize::try_from(below(3)).expect("it is small")];
        let flag = if below(2) == 0 { "true" } else { "" };
        line = format!(
            "{id},2021-{month:02}-{day:02}T{hour:02}:00:00,{},{distance},{fare},{tip},{},{payment},{flag},note {}\n",
            below(265),
            below(6) + 1,
            below(100_000)
        );
    }
    file.flush().expect("room for 200 MiB");
}
