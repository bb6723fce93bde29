//! What recording adds to a call, as it is and while the store hangs.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use mltrace_core::config::Home;
use mltrace_core::store::{self, Mode};
use rustix::fs::{CWD, FileType};
use rustix::process::Signal;

use crate::place::{Place, Process};
use crate::promise::{Form, Outcome, Result};

const MOST_P99_MS: f64 = 50.0;
const MOST_MS: f64 = 1_000.0;
/// How many calls are made while something hangs.
const CALLS: usize = 1_000;

/// Measures each call of a pipeline that does nothing else.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let count = form.count(4_000, 10_000);
    let delay = if form.breaks("slow-call") { 60 } else { 0 };
    let usual = measure(&Place::new()?, count, delay, "a store that answers", &mut outcome)?;
    let mut worst = Times::default();
    for (what, hang) in HANGS {
        let place = Place::new()?;
        let hung = hang(&place)?;
        let times = measure(&place, CALLS, 0, what, &mut outcome)?;
        worst = Times { p99_ms: worst.p99_ms.max(times.p99_ms), most_ms: worst.most_ms.max(times.most_ms) };
        drop(hung);
        release(&place)?;
        place.fold()?;
        let stored = place.number("SELECT count(*) FROM runs WHERE status = 'completed'")?;
        outcome.hold(stored == i64::try_from(CALLS)?, || format!("{what}: {stored} of {CALLS} runs stored afterwards"));
    }
    outcome.figure = format!(
        "{count} calls: p99 {:.2} ms, at worst {:.1} ms; {} ways to hang: p99 {:.2} ms, at worst {:.1} ms",
        usual.p99_ms,
        usual.most_ms,
        HANGS.len(),
        worst.p99_ms,
        worst.most_ms
    );
    Ok(outcome)
}

/// How long calls took.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    p99_ms: f64,
    most_ms: f64,
}

fn measure(place: &Place, count: usize, delay: usize, what: &str, outcome: &mut Outcome) -> Result<Times> {
    let mut process = Process::start(&mut place.part(&["timed", &count.to_string(), &delay.to_string()])?)?;
    let line = process.line()?.ok_or("the child said nothing")?;
    let told = Instant::now();
    let (code, _) = process.end()?;
    let end_ms = told.elapsed().as_secs_f64() * 1e3;
    let mut times: Vec<f64> = line.split(' ').map(|word| Ok(word.parse::<f64>()? / 1e3)).collect::<Result<_>>()?;
    times.sort_by(f64::total_cmp);
    let p99_ms = times.get(times.len() * 99 / 100).copied().unwrap_or(f64::MAX);
    let most_ms = times.last().copied().unwrap_or(f64::MAX);
    outcome.hold(times.len() == count && code == 0, || format!("{what}: {} calls, exit code {code}", times.len()));
    outcome.hold(p99_ms <= MOST_P99_MS, || format!("{what}: p99 is {p99_ms:.1} ms"));
    outcome.hold(most_ms <= MOST_MS, || format!("{what}: a call took {most_ms:.0} ms"));
    outcome.hold(end_ms <= MOST_MS, || format!("{what}: the process took {end_ms:.0} ms to end"));
    Ok(Times { p99_ms, most_ms })
}

/// What keeps a store hanging until it is dropped.
#[expect(dead_code, reason = "held, not looked at")]
enum Hung {
    Lock(File),
    Process(Process),
    File,
}

type Hang = (&'static str, fn(&Place) -> Result<Hung>);

/// Ways to hang.
const HANGS: [Hang; 4] = [
    ("somebody keeps the lock", |place| {
        let lock = File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
        lock.lock()?;
        Ok(Hung::Lock(lock))
    }),
    ("a process is stopped in the middle of a write", |place| {
        drop(store::open(&place.home(), Mode::Write)?);
        let mut holder = Process::start(place.part(&["hold"])?.stdin(std::process::Stdio::piped()))?;
        holder.until("held")?;
        holder.signal(Signal::STOP)?;
        Ok(Hung::Process(holder))
    }),
    ("the lock's file is a pipe that nobody reads", |place| pipe(&place.path(".mltrace/write.lock"))),
    ("the store's file is a pipe that nobody reads", |place| pipe(&place.path(".mltrace/mltrace.db"))),
];

fn pipe(path: &Path) -> Result<Hung> {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)?;
    Ok(Hung::File)
}

/// Takes pipes away.
fn release(place: &Place) -> Result<()> {
    for name in [".mltrace/write.lock", ".mltrace/mltrace.db"] {
        let path = place.path(name);
        if path.exists() && !path.is_file() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Keeps both locks of a store until its input ends, or it is killed.
pub(crate) fn hold(home: &Home) -> Result<()> {
    let lock = File::options().create(true).append(true).open(home.folder.join("write.lock"))?;
    lock.lock()?;
    let connection = rusqlite::Connection::open(home.store.file().expect("it is a file"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    println!("held");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
