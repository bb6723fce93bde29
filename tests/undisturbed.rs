//! Whole processes that nothing of ours may end or hold: daemons that go to `/`, clocks that stand nowhere, signals that
//! come at any moment, a stderr that nobody reads.
#![cfg(unix)]
#![allow(unsafe_code, reason = "forks and clocks are the kernel's")]
#![allow(clippy::print_stdout, reason = "parts tell on stdout how they went")]
#![allow(clippy::disallowed_methods, reason = "children are told by the environment which part they play")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mltrace::answer::Run;
use mltrace::register;
use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::model::{Status, Timestamp};
use mltrace_core::store::{self, Mode};

mod place;

use place::{PART, Place};

/// The second at which the wall clock of this process stands; the least one: it goes as the system's does.
static CLOCK: AtomicI64 = AtomicI64::new(i64::MIN);

/// Takes the place of the C library's clock in this process, for the one who asks.
///
/// # Safety
/// `time` points to a time that may be written.
#[cfg(target_os = "linux")]
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the kernel is handed over what the caller has.
    let answered = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    let seconds = CLOCK.load(Ordering::Relaxed);
    if clock == libc::CLOCK_REALTIME && seconds != i64::MIN {
        // SAFETY: as the caller promises.
        unsafe { (*time).tv_sec = seconds };
    }
    i32::try_from(answered).unwrap_or(-1)
}

/// Interrupts the thread at one of its allocations, as a signal may at any moment.
struct Interrupting;

#[global_allocator]
static ALLOCATOR: Interrupting = Interrupting;

/// After how many allocations a signal comes; negative: none does.
static COMES_AFTER: AtomicI64 = AtomicI64::new(-1);
/// The thread that it comes to.
static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

fn this_thread() -> u64 {
    // SAFETY: it has no arguments.
    unsafe { libc::pthread_self() as u64 }
}

// SAFETY: memory is the system's; what is done before touches none of it.
unsafe impl std::alloc::GlobalAlloc for Interrupting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        let is_armed = COMES_AFTER.load(Ordering::Relaxed) >= 0 && this_thread() == INTERRUPTED.load(Ordering::Relaxed);
        if is_armed && COMES_AFTER.fetch_sub(1, Ordering::Relaxed) == 0 {
            // SAFETY: the signal has a handler, which allocates as this thread does now: the system's lock is not held.
            unsafe { libc::raise(libc::SIGUSR1) };
        }
        // SAFETY: as the caller promises.
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: as the caller promises.
        unsafe { std::alloc::System.dealloc(pointer, layout) };
    }
}

#[register(params = [number])]
fn handling(number: i64) -> i64 {
    mltrace::note!("handled {number}");
    number
}

extern "C" fn handle(signal: libc::c_int) {
    handling(i64::from(signal));
}

/// Records, interrupted at each of the allocations that this takes, by a handler that records.
fn interrupted() {
    let handler: extern "C" fn(libc::c_int) = handle;
    // SAFETY: the handler takes the signal's number.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    INTERRUPTED.store(this_thread(), Ordering::Relaxed);
    let record = |month| drop(cleaning(Path::new("raw.csv"), month));
    // The first call makes what lasts: threads, the journal. It is interrupted as any other.
    for month in 0_u32.. {
        COMES_AFTER.store(i64::from(month), Ordering::Relaxed);
        record(month);
        let is_over = COMES_AFTER.swap(-1, Ordering::Relaxed) >= 0;
        if is_over {
            println!("interrupted {month}");
            break;
        }
    }
}

/// Fills the pipe that is this process' stderr, and then has something to say.
fn unread() {
    // SAFETY: the bytes outlive the calls.
    unsafe {
        libc::fcntl(2, libc::F_SETFL, libc::O_NONBLOCK);
        while libc::write(2, [b'x'; 4096].as_ptr().cast(), 4096) > 0 {}
        libc::fcntl(2, libc::F_SETFL, 0);
    }
    println!("{:?}", cleaning(Path::new("raw.csv"), 3));
}

/// Has something to say to a stderr that is a pipe of which nobody reads, in a program that such a pipe ends.
fn unread_for_good() {
    let mut ends = [0; 2];
    // SAFETY: the ends outlive the calls, and nothing else uses their numbers.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::pipe(ends.as_mut_ptr());
        libc::close(ends[0]);
        libc::dup2(ends[1], 2);
    }
    println!("{:?}", cleaning(Path::new("raw.csv"), 3));
    // What the program itself raises is still the program's.
    let mut pending = std::mem::MaybeUninit::uninit();
    // SAFETY: the set outlives the call, which fills it in.
    let is_pending = unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    };
    println!("pending: {is_pending}");
}

#[register(inputs = [read])]
fn reading(read: &Path) -> String {
    mltrace::note!("read");
    fs::read_to_string(read).unwrap_or_default()
}

#[register(component = "cleaning", inputs = [raw], outputs = [return], params = [month])]
fn cleaning(raw: &Path, month: u32) -> std::io::Result<PathBuf> {
    let clean = raw.with_file_name("clean.csv");
    mltrace::fs::write(&clean, mltrace::fs::read_to_string(raw)?.to_uppercase())?;
    Ok(clean)
}

/// Goes on in a child of its own session that stands in `folder`, and waits for its end.
fn detach(folder: &str, then: impl FnOnce()) {
    // SAFETY: the child makes calls as a daemon does, and leaves without running anything of the parent's.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: it has no arguments.
        unsafe { libc::setsid() };
        std::env::set_current_dir(folder).unwrap();
        then();
        // SAFETY: it only ends the process.
        unsafe { libc::_exit(0) }
    }
    let mut status = -1;
    // SAFETY: the status outlives the call.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0);
}

/// Records with the wall clock at that second.
#[cfg(target_os = "linux")]
fn with_clock(seconds: &str) {
    CLOCK.store(seconds.parse().unwrap(), Ordering::Relaxed);
    for month in 0..3 {
        println!("{:?}", cleaning(Path::new("raw.csv"), month));
    }
    mltrace::start("by hand").input("raw.csv").note("n").finish();
}

/// What a child does; the parent test runs this test alone in a process of its own.
#[test]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    match part.split_once(' ').unwrap_or((&part, "")) {
        // The parent has recorded where it stands, and a file of its own name lies where the child goes.
        ("daemon", folder) => {
            reading(Path::new("raw.csv"));
            detach(folder, || drop(reading(Path::new("etc/hostname"))));
        }
        ("early-daemon", folder) => detach(folder, || drop(reading(Path::new("etc/hostname")))),
        // The parent has the store open while it forks, as it has for a second after each fold.
        ("fork-of-a-busy-one", _) => {
            reading(Path::new("raw.csv"));
            println!("parent: {}", mltrace::components().is_ok());
            detach(".", || {
                reading(Path::new("raw.csv"));
                println!("child: {:?}", mltrace::components().map(drop));
            });
        }
        ("interrupted", _) => interrupted(),
        ("judge", _) => {
            let bad = mltrace::answer::Many { artifacts: vec!["s3://b/m".to_owned()], ..Default::default() };
            let judge = || mltrace::judge(&bad, mltrace::Verdict::Flagged, None).map(|review| review.flagged.len());
            println!("{:?} {:?}", judge(), mltrace::recent(&Default::default()).map(|runs| runs.runs.len()));
        }
        ("unread", _) => unread(),
        ("unread-for-good", _) => unread_for_good(),
        #[cfg(target_os = "linux")]
        ("clock", seconds) => with_clock(seconds),
        (other, _) => panic!("no part is called {other}"),
    }
}

/// Returns the names of what these runs read.
fn read_by(runs: &[Run]) -> Vec<String> {
    let mut names: Vec<_> =
        runs.iter().flat_map(|run| &run.inputs).map(|input| input.name.as_str().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_daemon_records_where_its_parent_did_and_names_mean_what_they_meant_at_the_call() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("etc")).unwrap();
    fs::write(elsewhere.path().join("etc/hostname"), "elsewhere\n".repeat(20)).unwrap();
    let was_there = Path::new("/.mltrace").exists();
    for folder in [elsewhere.path(), Path::new("/")] {
        let place = Place::new();
        let output = place.run(&format!("daemon {}", folder.display()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr).matches("mltrace: ").count(), 0);
        let runs = place.runs();
        let expected = folder.join("etc/hostname").display().to_string();
        assert_eq!(read_by(&runs), [expected, "raw.csv".to_owned()]);
        assert!(runs.iter().all(|run| run.status == Status::Completed));
        assert!(!elsewhere.path().join(".mltrace").exists());
    }
    assert_eq!(Path::new("/.mltrace").exists(), was_there);
}

#[test]
fn a_child_that_was_forked_while_the_store_was_open_leaves_the_store_to_others() {
    let place = Place::new();
    let output = place.run("fork-of-a-busy-one");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("parent: true") && said.contains("forked from one that had the store open"), "{said}");
    assert_eq!(place.runs().len(), 2, "its journal is stored by who asks next");
}

#[test]
fn a_daemon_that_records_only_in_the_root_belongs_to_the_project_it_was_started_in() {
    let place = Place::new();
    fs::create_dir(place.folder.path().join(".mltrace")).unwrap();
    let mut command = place.command("early-daemon /");
    assert!(command.env("PWD", place.folder.path()).output().unwrap().status.success());
    assert_eq!(place.runs().len(), 1);
}

#[test]
fn nothing_is_recorded_in_the_root_of_the_file_system_and_it_is_said_once() {
    let home = Home::find(Path::new("/"), None, &Environment::default());
    assert!(!home.is_enabled && home.warnings.len() == 1, "{:?}", home.warnings);
    let place = Place::new();
    let was_there = Path::new("/.mltrace").exists();
    let output = place.command("early-daemon /").env_remove("PWD").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.matches("mltrace: ").count() == 1, "{said}");
    assert!(said.contains("nothing is recorded in `/`") && said.contains("MLTRACE_DB"), "{said}");
    assert_eq!(Path::new("/.mltrace").exists(), was_there);
    // A store that is named is used.
    let mut command = place.command("early-daemon /");
    let output = command.env_remove("PWD").env("MLTRACE_DB", place.folder.path().join(".mltrace/")).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.runs().len(), 1);
}

#[test]
fn what_the_environment_says_of_a_repository_moves_no_store() {
    let other = tempfile::tempdir().unwrap();
    let place = Place::new();
    fs::create_dir(place.folder.path().join(".git")).unwrap();
    let mut command = place.command("daemon /");
    command.env("GIT_DIR", other.path().join(".git")).env("GIT_WORK_TREE", other.path());
    command.env("GIT_CEILING_DIRECTORIES", place.folder.path());
    assert!(command.output().unwrap().status.success());
    assert_eq!(place.runs().len(), 2);
    assert!(fs::read_dir(other.path()).unwrap().next().is_none());
}

/// Returns what a part has printed, or `None` when it has not come to its end in time.
fn within(patience: Duration, mut child: Child) -> Option<String> {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > patience {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::yield_now();
    }
    let mut said = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    Some(said)
}

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_handler_that_records_holds_nobody_at_any_moment_and_what_it_cannot_record_is_counted() {
    let place = Place::new();
    let said = within(PATIENCE, place.command("interrupted").spawn().unwrap()).expect("it is held by a lock of ours");
    let interrupted: usize = said.split_once("interrupted ").unwrap().1.lines().next().unwrap().parse().unwrap();
    assert!(interrupted > 100, "{said}");
    let runs = place.runs();
    assert!(runs.iter().all(|run| run.status == Status::Completed));
    let count = |component: &str| runs.iter().filter(|run| run.component == component).count();
    assert_eq!(count("cleaning"), interrupted + 1, "who is interrupted loses nothing");
    let store = rusqlite::Connection::open(place.folder.path().join(".mltrace/mltrace.db")).unwrap();
    let lost: i64 = store.query_row("SELECT sum(count) FROM tally WHERE name = 'lost'", [], |row| row.get(0)).unwrap();
    let lost = usize::try_from(lost).unwrap();
    assert!(lost > 0 && count("handling") > 0, "{lost} lost, {} recorded", count("handling"));
    assert_eq!(count("handling") + lost, interrupted, "each is recorded or counted");
}

#[test]
fn a_stderr_that_nobody_reads_holds_nobody() {
    let place = Place::new();
    // What would be said: that the store is nowhere.
    let child = place.command("unread").env("MLTRACE_DB", "/proc/nowhere/x.db").spawn().unwrap();
    let said = within(PATIENCE, child).expect("it waits for a reader of stderr");
    assert!(said.contains("Ok("), "{said}");
}

#[test]
fn a_verdict_on_what_another_project_recorded_is_that_projects() {
    let place = Place::new();
    let shared = place.folder.path().join("shared/x.db");
    let environment = Environment::default();
    let mut home = Home::find(place.folder.path(), Some(&shared), &environment);
    home.project = "another".to_owned();
    let line = r#"{"component": "train", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["s3://b/m"]}"#;
    let mut store = store::open(&home, Mode::Write).unwrap();
    ingest::import(&home, store.as_mut(), &mut line.as_bytes(), &mut |_| {}).unwrap();
    drop(store);
    let output = place.command("judge").env("MLTRACE_DB", &shared).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Ok(1) Ok(1)"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_stderr_whose_reader_is_gone_ends_nobody() {
    let place = Place::new();
    let child = place.command("unread-for-good").env("MLTRACE_DB", "/proc/nowhere/x.db").spawn().unwrap();
    let said = within(PATIENCE, child).expect("it ends by itself");
    assert!(said.contains("Ok(") && said.contains("pending: false"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_stands_nowhere_ends_nobody_and_every_run_is_recorded() {
    let expected = Place::new().run("clock 1600000000");
    let day = 86_400;
    for seconds in [-1, 0, -day, -80 * 365 * day, i64::MIN + 1, 253_402_300_800, 1 << 44, i64::MAX] {
        let place = Place::new();
        let output = place.run(&format!("clock {seconds}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status, expected.status, "{seconds}: {said}");
        assert!(!said.contains("panicked") && !said.contains("mltrace: "), "{seconds}: {said}");
        let told = |output: &std::process::Output| {
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            stdout.lines().filter_map(|line| Some(line.split_once("Ok(")?.1.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!((told(&output), told(&output).len()), (told(&expected), 3), "{seconds}");
        let runs = place.runs();
        assert_eq!(runs.len(), 4, "{seconds}");
        let clamped = Timestamp(seconds.saturating_mul(1_000_000)).clamp(Timestamp::MIN, Timestamp::MAX);
        for run in &runs {
            assert_eq!(run.status, Status::Completed, "{seconds}");
            assert!(run.started_at.micros_since(clamped).abs() < 2_000_000, "{seconds}: {}", run.started_at);
        }
    }
}
