//! Whole processes that record: killed, stopped, forked off, ended early, or without any place to record to.
#![cfg(unix)]
#![allow(unsafe_code, reason = "forks and limits are the kernel's")]
#![allow(clippy::disallowed_methods, reason = "children are told by the environment which part they play")]

use std::fs;
use std::io::{BufRead, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mltrace::answer::Run;
use mltrace::register;
use mltrace_core::model::Status;

mod place;

use place::{PART, Place, until};

#[register(component = "cleaning", inputs = [raw], outputs = [clean], params = [month])]
fn cleaning(raw: &Path, month: u32) -> Result<PathBuf, String> {
    let text = fs::read_to_string(raw).map_err(|error| error.to_string())?;
    let clean = raw.with_file_name("clean.csv");
    fs::write(&clean, text.to_uppercase()).map_err(|error| error.to_string())?;
    Ok(clean)
}

#[register]
fn waiting() {
    println!("waiting");
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
}

#[register]
fn leaving() {
    std::process::exit(7);
}

#[register(outputs = [return])]
fn failing() -> Result<String, String> {
    Err("no rows left".to_owned())
}

#[register(inputs = [raw], outputs = [clean], before = [is_file(raw)], after = [is_short(clean)])]
fn checking(raw: &Path, name: &str) -> Result<usize, String> {
    let clean = raw.with_file_name(name);
    fs::copy(raw, &clean).map_err(|error| error.to_string())?;
    Ok(name.len())
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}

fn is_short(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.len() < 5)
}

#[register]
fn panicking() {
    panic!("index out of every bound");
}

#[register(params = [depth])]
fn recursing(depth: u32) -> u32 {
    if depth == 0 { 0 } else { 1 + recursing(depth - 1) }
}

#[register]
fn forking() {
    // SAFETY: the child makes one call, as pipelines do that fork workers, and leaves without running anything at exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        recursing(0);
        // SAFETY: nothing of the parent's is flushed or dropped twice.
        unsafe { libc::_exit(0) }
    }
    let child = rustix::process::Pid::from_raw(child);
    rustix::process::waitpid(child, rustix::process::WaitOptions::empty()).unwrap();
}

#[register]
fn unmarked() {}

/// The settings cannot be read at the first use; then they can.
fn settling() {
    unmarked();
    assert!(!Path::new(".mltrace").exists());
    fs::remove_dir("mltrace.toml").unwrap();
    fs::write("mltrace.toml", "db = \"elsewhere/\"").unwrap();
    while !Path::new("elsewhere/journal").exists() {
        unmarked();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Both sides of the fork record the run and end it.
#[register(outputs = [mine])]
fn sharing(child: &mut libc::pid_t) -> Result<&'static str, String> {
    // SAFETY: the child records, and leaves without running anything of the parent's.
    *child = unsafe { libc::fork() };
    let is_child = *child == 0;
    mltrace::output!(if is_child { "s3://b/told-by-child" } else { "s3://b/told-by-parent" });
    let mine = if is_child { "s3://b/child" } else { "s3://b/parent" };
    if is_child {
        return Ok(mine);
    }
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(*child, std::ptr::null_mut(), 0) };
    Err("the parent failed".to_owned())
}

fn share() {
    let mut child = -1;
    let _ = sharing(&mut child);
    if child == 0 {
        // SAFETY: it only ends the process.
        unsafe { libc::_exit(0) };
    }
}

/// Lets no file of this process get longer.
fn allow(most: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
}

/// The kernel ends a process whose files get longer than they may.
fn limited() {
    allow(8192);
    assert!(hashing(Path::new("raw.csv")));
    for _ in 0..400 {
        unmarked();
    }
    allow(4096);
    assert!(mltrace::trace("raw.csv").is_err());
}

#[register(inputs = [raw])]
fn hashing(raw: &Path) -> bool {
    raw.exists()
}

/// No file may grow at the first use; then it may.
fn full() {
    // SAFETY: an ignored signal runs no code; without this the kernel would end the process.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    allow(0);
    unmarked();
    allow(libc::RLIM_INFINITY);
    let has_records = |path: &Path| path.extension().is_some_and(|end| end == "log");
    let journals = || fs::read_dir(".mltrace/journal").into_iter().flatten().flatten();
    while !journals().any(|entry| has_records(&entry.path())) {
        unmarked();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    unmarked();
}

/// Looks which signals the threads beside this one take.
fn masked() {
    unmarked();
    let mut open = vec!["mltrace-fold", "mltrace-beside"];
    while !open.is_empty() {
        for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let Some(at) = open.iter().position(|open| *open == name.trim()) else { continue };
            let status = fs::read_to_string(task.path().join("status")).unwrap();
            let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap().trim();
            let blocked = u64::from_str_radix(blocked, 16).unwrap();
            assert!(blocked & (1 << (libc::SIGUSR1 - 1)) != 0, "{name}: {status}");
            open.remove(at);
        }
        std::thread::yield_now();
    }
}

/// What a child does; the parent test runs this test alone in a process of its own.
#[test]
fn part() {
    let Ok(part) = std::env::var(PART) else { return };
    match part.as_str() {
        "clean" => println!("{:?}", cleaning(Path::new("raw.csv"), 3)),
        "wait" => waiting(),
        "leave" => leaving(),
        "fail" => println!("{:?}", failing()),
        "check" => {
            let calls = [("raw.csv", "a.csv"), ("raw.csv", "a"), ("nowhere.csv", "a")];
            println!("{:?}", calls.map(|(raw, name)| checking(Path::new(raw), name)));
        }
        "panic" => panicking(),
        "fork" => forking(),
        "crowd" => std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| recursing(3));
            }
        }),
        "settle" => settling(),
        "share" => share(),
        "full" => full(),
        "limit" => limited(),
        "mask" => masked(),
        "many" => {
            for month in 0..200 {
                assert!(cleaning(Path::new("raw.csv"), month).is_ok());
                println!("{month}");
            }
        }
        other => panic!("no part is called {other}"),
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_pipeline_is_recorded_by_the_time_it_has_ended() {
    let place = Place::new();
    assert!(place.run("clean").status.success());
    let run = place.only_run();
    assert_eq!((run.component.as_str(), run.status), ("cleaning", Status::Completed));
    assert_eq!(run.inputs[0].name.as_str(), "raw.csv");
    assert_eq!(run.outputs[0].name.as_str(), "clean.csv");
    assert_eq!(run.params["month"], "3");
    assert!(run.outputs[0].version.clone().unwrap().to_string().starts_with("b3:"));
    assert!(run.code.is_some() && run.host.is_some());
}

#[test]
fn a_check_stops_its_function_where_nothing_is_recorded_too() {
    let said = |is_disabled: bool| {
        let place = Place::new();
        let mut command = place.command("check");
        if is_disabled {
            command.env("MLTRACE_DISABLED", "1");
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let line =
        r#"[Err("the check `is_short(clean)` did not pass"), Ok(1), Err("the check `is_file(raw)` did not pass")]"#;
    for is_disabled in [false, true] {
        let said = said(is_disabled);
        assert!(said.contains(line), "{is_disabled}: {said}");
    }
}

#[test]
fn a_killed_run_is_shown_as_died_and_a_waiting_one_as_running() {
    let place = Place::new();
    let mut child = place.command("wait").spawn().unwrap();
    let _lines = until(&mut child, "waiting");
    assert_eq!(place.only_run().status, Status::Running);
    signal(&child, "-STOP");
    assert_eq!(place.only_run().status, Status::Running, "stopped is not dead");
    signal(&child, "-KILL");
    child.wait().unwrap();
    let run = place.only_run();
    assert_eq!((run.status, run.ended_at), (Status::Died, None));
    assert!(run.last_seen.is_some());
}

#[test]
fn a_process_that_leaves_in_the_middle_of_a_run_shows_it_as_died() {
    let place = Place::new();
    assert_eq!(place.run("leave").status.code(), Some(7));
    assert_eq!(place.only_run().status, Status::Died);
}

#[test]
fn errors_and_panics_are_recorded_with_their_words() {
    let place = Place::new();
    place.run("fail");
    place.run("panic");
    let runs = place.runs();
    let told: Vec<_> = runs.iter().map(|run| (run.status, run.error.clone().unwrap_or_default())).collect();
    assert_eq!(told[0], (Status::Failed, "index out of every bound".to_owned()));
    assert_eq!(told[1], (Status::Failed, "no rows left".to_owned()));
}

#[test]
fn a_run_that_has_returned_survives_kill_9() {
    for round in 0..5 {
        let place = Place::new();
        let mut child = place.command("many").spawn().unwrap();
        let last = 3 + round * 7;
        let lines = until(&mut child, &last.to_string());
        signal(&child, "-KILL");
        child.wait().unwrap();
        let told = lines.lines().map_while(Result::ok).filter_map(|line| line.parse::<usize>().ok()).max();
        let acknowledged = told.unwrap_or(last) + 1;
        let runs = place.runs();
        let completed = runs.iter().filter(|run| run.status == Status::Completed).count();
        assert!(completed >= acknowledged, "{completed} of {acknowledged}");
        assert!(runs.len() - completed <= 1, "one run at most was under way");
        let mut journals = fs::read_dir(place.folder.path().join(".mltrace/journal")).unwrap();
        let is_kept = |name: &std::ffi::OsStr| name == "reserve" || name == "lost";
        assert!(journals.all(|entry| is_kept(&entry.unwrap().file_name())), "every journal is folded");
    }
}

#[test]
fn settings_that_could_not_be_read_are_asked_for_again() {
    let place = Place::new();
    fs::create_dir(place.folder.path().join("mltrace.toml")).unwrap();
    let output = place.run("settle");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("nothing is recorded until it can").count(), 1, "{said}");
    assert!(!place.folder.path().join(".mltrace").exists());
    assert_eq!(place.runs().last().map(|run| run.status), Some(Status::Completed));
}

#[test]
fn both_sides_of_a_fork_are_kept_and_the_process_that_began_the_run_ends_it() {
    let place = Place::new();
    assert!(place.run("share").status.success());
    let run = place.only_run();
    assert_eq!((run.status, run.error.as_deref()), (Status::Failed, Some("the parent failed")));
    let mut names: Vec<_> = run.outputs.iter().map(|output| output.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["s3://b/child", "s3://b/parent", "s3://b/told-by-child", "s3://b/told-by-parent"]);
}

#[test]
fn a_disk_that_was_full_at_first_is_written_when_there_is_room() {
    let place = Place::new();
    let output = place.run("full");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.runs().first().map(|run| run.status), Some(Status::Completed));
}

#[test]
fn a_limit_on_the_length_of_files_ends_nobody() {
    let place = Place::new();
    let output = place.run("limit");
    assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.runs().len(), 401, "and nothing is lost");
}

#[cfg(target_os = "linux")]
#[test]
fn the_threads_beside_the_pipeline_take_no_signals() {
    let output = Place::new().run("mask");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The journal of a process that is gone.
const ABANDONED: &str = "journal/01a1ffd2-1212-72a6-aa23-18198f3e6b87.log";

fn pipe(path: &Path) {
    let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: the path ends with a zero and outlives the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

/// Runs a part with recording made impossible in some way, and without recording: nothing but stderr may differ.
fn check_fault(name: &str, spoil: impl Fn(&Place, &mut Command)) {
    for part in ["clean", "fail", "panic", "leave"] {
        let outcome = |is_spoiled: bool| {
            let place = Place::new();
            let mut command = place.command(part);
            if is_spoiled {
                spoil(&place, &mut command);
            } else {
                command.env("MLTRACE_DISABLED", "1");
            }
            let output = command.output().unwrap();
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            let stdout: Vec<&str> = stdout.lines().filter(|line| !line.contains("finished in")).collect();
            (stdout.join("\n"), output.status.code(), output.status.signal())
        };
        assert_eq!(outcome(true), outcome(false), "{name}, {part}");
    }
}

#[test]
fn a_pipeline_does_not_notice_that_nothing_can_be_recorded() {
    let file = |path: PathBuf, content: &[u8]| fs::write(path, content).unwrap();
    check_fault("the folder is a file", |place, _| file(place.folder.path().join(".mltrace"), b""));
    check_fault("the store is a folder", |place, _| {
        fs::create_dir_all(place.folder.path().join(".mltrace/mltrace.db")).unwrap();
    });
    check_fault("the store is no database", |place, _| {
        fs::create_dir(place.folder.path().join(".mltrace")).unwrap();
        file(place.folder.path().join(".mltrace/mltrace.db"), &[b'x'; 4096]);
    });
    check_fault("the journal is a file", |place, _| {
        fs::create_dir(place.folder.path().join(".mltrace")).unwrap();
        file(place.folder.path().join(".mltrace/journal"), b"");
    });
    check_fault("there is no such place", |_, command| {
        command.env("MLTRACE_DB", "/proc/nowhere/x.db");
    });
    check_fault("the settings are a pipe", |place, _| pipe(&place.folder.path().join("mltrace.toml")));
    check_fault("what is kept beside the store is a pipe", |place, _| {
        let folder = place.folder.path().join(".mltrace");
        fs::create_dir_all(folder.join("journal")).unwrap();
        for name in ["fingerprints", "write.lock", "journal/reserve", "journal/.reserve", "journal/lost", ABANDONED] {
            pipe(&folder.join(name));
        }
    });
    check_fault("the settings never end", |place, _| {
        std::os::unix::fs::symlink("/dev/zero", place.folder.path().join("mltrace.toml")).unwrap();
    });
    check_fault("stderr is closed", |_, command| {
        command.stderr(Stdio::null());
    });
}

#[test]
fn a_read_only_store_folder_changes_nothing_about_the_pipeline() {
    if !rustix::process::geteuid().is_root() {
        check_fault("read-only folder", |place, _| {
            let folder = place.folder.path().join(".mltrace");
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        });
        return;
    }
    // Rights do not bind the superuser: the child is nobody.
    let place = Place::new();
    let folder = place.folder.path().join(".mltrace");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let exe = place.folder.path().join("part");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(exe);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    command.args(["--exact", "part", "--nocapture"]).current_dir(place.folder.path()).env(PART, "clean");
    let output = command.uid(65534).gid(65534).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Ok(\"clean.csv\")"));
    assert!(fs::read_dir(&folder).unwrap().next().is_none(), "nothing was written");
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches("mltrace: ").count(), 1, "it says so once");
}

#[test]
fn writing_to_a_child_that_waits_lets_it_end() {
    let place = Place::new();
    let mut child = place.command("wait").spawn().unwrap();
    let _lines = until(&mut child, "waiting");
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(place.only_run().status, Status::Completed);
}

#[test]
fn sixty_four_at_once_and_each_inside_another_are_all_recorded() {
    let place = Place::new();
    assert!(place.run("crowd").status.success());
    let runs = place.runs();
    assert_eq!(runs.len(), 64 * 4);
    assert!(runs.iter().all(|run| run.status == Status::Completed));
    for run in &runs {
        let parent = run.parent.and_then(|parent| runs.iter().find(|other| other.id == parent));
        let depth = |run: &Run| run.params["depth"].to_string().trim_matches('"').parse::<u32>().unwrap();
        assert_eq!(parent.map_or(4, depth), depth(run) + 1, "each is inside the one before");
    }
}

#[test]
fn a_forked_child_records_into_a_journal_of_its_own() {
    let place = Place::new();
    assert!(place.run("fork").status.success());
    let runs = place.runs();
    let find = |component: &str| runs.iter().find(|run| run.component == component).unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!((find("forking").status, find("recursing").status), (Status::Completed, Status::Completed));
    assert_eq!(find("recursing").parent, Some(find("forking").id));
}

/// Has a process take the signals that end it, which it would ignore where anyone who started these tests does.
fn with_own_signals(command: &mut Command) -> &mut Command {
    let reset = || {
        for number in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            // SAFETY: it may be called between `fork` and `exec`, and installs no function.
            unsafe { libc::signal(number, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: `reset` calls nothing but `signal`, and allocates nothing.
    unsafe { command.pre_exec(reset) }
}

#[test]
fn a_signal_that_ends_a_process_shows_its_run_as_died() {
    for name in ["-TERM", "-INT", "-HUP"] {
        let place = Place::new();
        let mut child = with_own_signals(&mut place.command("wait")).spawn().unwrap();
        let _lines = until(&mut child, "waiting");
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), None, "{name} is not caught");
        assert_eq!(place.only_run().status, Status::Died, "{name}");
    }
}
