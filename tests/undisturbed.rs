//! Whole processes that nothing of ours may end or hold: daemons that go to `/`, clocks that stand nowhere.
#![cfg(unix)]
#![allow(unsafe_code, reason = "forks and clocks are the kernel's")]
#![allow(clippy::disallowed_methods, reason = "children are told by the environment which part they play")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use mltrace::answer::Run;
use mltrace::register;
use mltrace_core::config::{Environment, Home};
use mltrace_core::model::{Status, Timestamp};

mod place;

use place::{PART, Place};

/// The second at which the wall clock of this process stands; the least one: it goes as the system's does.
static CLOCK: AtomicI64 = AtomicI64::new(i64::MIN);

/// Takes the place of the C library's clock in this process, for whoever asks.
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
