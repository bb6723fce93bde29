//! What a child process does: this program, started again as a pipeline, an ingester or a reader.

use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mltrace::register;
use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::model::Status;
use mltrace_core::query::{QueryError, Reader, RunFilter};
use mltrace_core::record::{Hooks, OpenRun, Opening, Recorder};

use crate::place::pause;
use crate::promise::Result;
use crate::{blocking, clocks, daemons, secrets, shape, signals, writers};

#[register(component = "work", outputs = [written], params = [number])]
fn work(number: usize) -> PathBuf {
    let written = PathBuf::from(format!("out-{}.txt", number % 16));
    // What is written matters less than that it is recorded.
    let _ = fs::write(&written, format!("{number} {}", "x".repeat(100)));
    written
}

#[register(component = "small", params = [number])]
pub(crate) fn small(number: usize) -> usize {
    std::hint::black_box(number)
}

#[register(component = "daemon", inputs = [read])]
pub(crate) fn daemon(read: &Path) -> bool {
    read.exists()
}

#[register(component = "handler")]
pub(crate) fn handler() {}

#[register(component = "waiting")]
fn waiting() {
    println!("waiting");
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
}

#[register(component = "slow", params = [number])]
fn slow(number: usize) {
    println!("slow {number}");
    pause(Duration::from_millis(300));
}

/// Plays a part.
pub(crate) fn play(arguments: &[String]) -> Result<ExitCode> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["shape", twin, name] => {
            if twin == "noisy" {
                println!("recording");
            }
            let twin = if twin == "noisy" { "registered" } else { twin };
            println!("value {}", shape::call(twin, name));
        }
        ["many", from, count, threads, when] => {
            many(from.parse()?, count.parse()?, threads.parse()?, when == "before");
        }
        ["calls", number] => println!("{}", small(number.parse()?)),
        ["wait"] => waiting(),
        ["slow", count] => (0..count.parse()?).for_each(slow),
        ["daemon", when, folder, count] => daemons::play(when, folder, count.parse()?)?,
        ["clock", how, seconds, count] => clocks::play(how, seconds.parse()?, count.parse()?),
        ["signals", how, count] => signals::play(how, count.parse()?),
        ["ingest"] => println!("{:?}", ingest_here()?),
        ["read", seconds] => read_on(seconds.parse()?)?,
        ["deferred", seconds] => writers::write_deferred(&here()?, seconds.parse()?)?,
        ["hold"] => blocking::hold(&here()?)?,
        ["away", count, leak] => away(count.parse()?, leak.parse()?)?,
        ["emit", count, threads] => emit(count.parse()?, threads.parse()?, false)?,
        ["emit-aloud", count] => emit(count.parse()?, 1, true)?,
        ["timed", count, delay] => timed(count.parse()?, delay.parse()?),
        ["steps"] => steps()?,
        ["secrets", file] => secrets::record(Path::new(file))?,
        _ => return Err(format!("no part is called {arguments:?}").into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn here() -> Result<Home> {
    Ok(Home::find(&std::env::current_dir()?, None, &Environment::read()))
}

/// Calls a function many times on some threads, and prints the number of each call that has returned; or, when told to
/// break its word, of each that begins.
fn many(from: usize, count: usize, threads: usize, is_early: bool) {
    let next = AtomicUsize::new(from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= from + count {
                        return;
                    }
                    if is_early {
                        println!("{number}");
                        work(number);
                    } else {
                        work(number);
                        println!("{number}");
                    }
                }
            });
        }
    });
}

fn ingest_here() -> Result<ingest::FoldReport> {
    let folded = ingest::open_folded(&here()?, &|_| {})?;
    match folded.behind {
        None => Ok(folded.report),
        Some(error) => Err(error.into()),
    }
}

/// Asks again and again, and says what a person would have read instead of an answer.
fn read_on(seconds: u64) -> Result<()> {
    let home = here()?;
    let begun = Instant::now();
    let mut answers = 0;
    while begun.elapsed() < Duration::from_secs(seconds) && !Path::new("over").exists() {
        let answer = ingest::open_folded(&home, &|_| {}).and_then(|mut folded| {
            if let Some(error) = folded.behind {
                return Err(error);
            }
            let filter = RunFilter { limit: Some(20), ..RunFilter::default() };
            let mut reader = Reader::new(folded.store.as_mut(), &home, &home.root);
            match reader.recent(&filter) {
                Err(QueryError::Store(error)) => Err(error),
                // Nothing recorded yet is an answer.
                Ok(_) | Err(_) => Ok(()),
            }
        });
        match answer {
            Ok(()) => answers += 1,
            Err(mltrace_core::store::StoreError::Missing(_)) => {}
            Err(error) => println!("error: {error}: {:?}", std::error::Error::source(&error).map(ToString::to_string)),
        }
    }
    println!("answers {answers}");
    Ok(())
}

/// Prints by how many KiB the memory of this process grew over so many calls; `leak` bytes are lost at each.
fn away(count: usize, leak: usize) -> Result<()> {
    for number in 0..1_000 {
        small(number);
    }
    let before = resident_kib()?;
    for number in 0..count {
        small(number);
        if leak > 0 {
            std::hint::black_box(Box::leak(vec![1_u8; leak].into_boxed_slice()));
        }
    }
    println!("{}", resident_kib()?.saturating_sub(before));
    Ok(())
}

fn resident_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

fn nobody_forks() -> &'static Recorder {
    unreachable!("this part does not fork")
}

/// Records runs on some threads, each a start and an end and no other record, and prints how many records were emitted
/// and how many the recorder still counts as lost; or, aloud, a line for each run that has returned.
fn emit(count: usize, threads: usize, is_aloud: bool) -> Result<()> {
    let environment = Environment::default();
    let hooks = Hooks { warn: |_| {}, appended: || {}, here: nobody_forks };
    let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(here()?, &environment, hooks)));
    println!("ready");
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..count {
                    let opening = Opening { component: "emitted".into(), ..Opening::default() };
                    OpenRun::begin(recorder, opening).end(Status::Completed, None, None);
                    if is_aloud {
                        println!("returned");
                    }
                    // Long enough for what is wrong with the store to come and go meanwhile.
                    pause(Duration::from_micros(300));
                }
            });
        }
    });
    println!("emitted {} lost {}", 2 * count * threads, recorder.lost());
    Ok(())
}

/// Prints how many microseconds each call took; every fiftieth is held up by `delay` milliseconds.
fn timed(count: usize, delay: u64) {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let begun = Instant::now();
        if delay > 0 && number % 50 == 0 {
            pause(Duration::from_millis(delay));
        }
        small(number);
        times.push(begun.elapsed().as_micros());
    }
    let words: Vec<String> = times.iter().map(ToString::to_string).collect();
    println!("{}", words.join(" "));
}

/// Makes one call for each line of stdin, whose number it is, and says so.
fn steps() -> Result<()> {
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let number: usize = line?.parse()?;
        small(number);
        println!("{number}");
    }
    Ok(())
}
