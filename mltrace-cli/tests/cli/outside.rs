//! Links that a stranger's project lays under `.mltrace`: no command and no recording writes where they lead.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::env::{TestEnv, runs};

/// A process that is gone, and whose journal a stranger made up.
pub(crate) const PROCESS: &str = "01900000-0000-7000-8000-000000000001";

/// Every name that is ever opened under `.mltrace` and can be foreseen; `{process}` is a process whose journal is there.
pub(crate) const NAMES: &[&str] = &[
    ".gitignore",
    "fingerprints",
    "write.lock",
    "mltrace.db",
    "mltrace.db-wal",
    "mltrace.db-shm",
    "mltrace.db-journal",
    "mltrace.db.schema-2.backup",
    "mltrace.db.schema-2.backup.unchecked",
    "mltrace.db.schema-2.backup.unchecked-wal",
    "mltrace.db.schema-2.backup.unchecked-journal",
    "journal",
    "journal/reserve",
    "journal/.reserve",
    "journal/lost",
    "journal/{process}.log",
    "journal/{process}.1.log",
    "journal/{process}.lock",
    "damaged",
    "damaged/{process}.log.0",
];

/// Every command, with words that let it do what it does.
pub(crate) const COMMANDS: &[&[&str]] = &[
    &["recent"],
    &["ingest"],
    &["doctor", "--full"],
    &["trace", "c"],
    &["impact", "a"],
    &["flag", "c"],
    &["unflag", "c"],
    &["review"],
    &["diff", "b", "c"],
    &["verify"],
    &["stale"],
    &["report", "c"],
    &["history", "first"],
    &["inspect", "latest"],
    &["components"],
    &["component", "first", "--owner", "ada"],
    &["tags"],
    &["note", "latest", "seen"],
    &["log", "--component", "logged", "-o", "d"],
    &["run", "--component", "made", "-o", "made.txt", "--", "sh", "-c", "seq 1000 > made.txt"],
    &["import", "lines.ndjson"],
    &["export"],
    &["export", "openlineage"],
    &["export", "prov"],
    &["import", "dvc"],
    &["import", "mlflow", "mlruns"],
    &["config"],
    &["completions", "bash"],
    &["man"],
    &["help"],
    &["serve"],
    &["blame", "duration"],
    &["last-good", "c"],
    &["metrics", "first"],
    &["observations", "first"],
    &["checks"],
    &["alias", "live", "c"],
    &["log-output", "fare", "17", "1"],
    &["log-feedback", "fare", "17", "1"],
    &["task", "fare"],
    &["gate", "c", "--unflagged"],
    &["compare", "latest"],
    &["health"],
    &["profile", "c"],
    &["forget", "latest", "--yes"],
    &["project", "list"],
    &["clear", "--yes"],
];

/// What a link leads to.
#[derive(Clone, Copy, Debug)]
enum Target {
    File,
    Folder,
    Nothing,
    Empty,
    Store,
}

/// A project that came from somewhere, and somebody's things beside it.
pub(crate) struct Place {
    pub(crate) env: TestEnv,
    /// Whose project it is, when the superuser works in it.
    owner: Option<u32>,
}

impl Place {
    pub(crate) fn new(owner: Option<u32>) -> Self {
        let place = Self { env: TestEnv::new(), owner };
        fs::write(place.outside("file"), "precious\n").unwrap();
        fs::create_dir(place.outside("folder")).unwrap();
        fs::write(place.outside("folder/kept"), "precious too\n").unwrap();
        fs::write(place.outside(".bashrc"), "precious as well\n").unwrap();
        place.env.write("lines.ndjson", &runs(&["a -> first -> b", "b -> second -> c"]).join("\n"));
        place
    }

    /// Returns a path beside the project.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        let folder = self.env.project().join("../outside");
        fs::create_dir_all(&folder).unwrap();
        folder.canonicalize().unwrap().join(name)
    }

    pub(crate) fn ours(&self, name: &str) -> PathBuf {
        self.env.project().join(".mltrace").join(name.replace("{process}", PROCESS))
    }

    /// Makes everything a clone could bring along: a store of an older schema, and a journal of damaged records.
    pub(crate) fn fill(&self) {
        let folder = self.env.project().join(".mltrace");
        if folder.is_symlink() {
            fs::remove_file(&folder).unwrap();
            fs::create_dir(&folder).unwrap();
        }
        let store = self.ours("mltrace.db");
        if store.symlink_metadata().is_err() {
            let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../mltrace-core/tests/golden/v2.db");
            fs::write(store, fs::read(golden).unwrap()).unwrap();
        }
        for folder in ["journal", "damaged"] {
            let _ = fs::create_dir(self.ours(folder));
        }
        let journal = self.ours("journal/{process}.log");
        let folder = self.ours("journal");
        if folder.is_dir() && !folder.is_symlink() && journal.symlink_metadata().is_err() {
            fs::write(journal, "ssh-rsa AAAA of a stranger\n").unwrap();
        }
    }

    /// Puts a link in the place of whatever lies under a name.
    pub(crate) fn lay(&self, name: &str, target: &Path) {
        let path = if name == ".mltrace" { self.env.project().join(name) } else { self.ours(name) };
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
        if path.parent().is_some_and(|parent| parent.is_dir() && !parent.is_symlink()) {
            symlink(target, &path).unwrap();
        }
    }

    /// Gives the project away, as far as it is somebody's.
    pub(crate) fn give(&self) {
        let Some(owner) = self.owner else { return };
        let mut waiting = vec![self.env.project()];
        while let Some(path) = waiting.pop() {
            std::os::unix::fs::lchown(&path, Some(owner), Some(owner)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }

    /// Runs a command to its end, whatever it says.
    pub(crate) fn call(&self, arguments: &[&str]) -> Output {
        let mut command = self.env.std_command(arguments);
        if arguments == ["serve"] {
            return serve(command);
        }
        command.stdin(Stdio::null()).output().unwrap()
    }
}

/// Starts a server, queries it, sends it something, and ends it.
pub(crate) fn serve(mut command: Command) -> Output {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};

    command.args(["--bind", "127.0.0.1:0", "--format", "json"]).process_group(0);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    if let Ok(told) = serde_json::from_str::<serde_json::Value>(&line) {
        let port = told["url"].as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
        let run = r#"{"component": "served", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["e"]}"#;
        for request in [
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            format!(
                "POST /api/v1/runs HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{run}",
                run.len()
            ),
        ] {
            let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
            let request = request.replacen("\r\n", "\r\nhost: localhost\r\nconnection: close\r\n", 1);
            stream.write_all(request.as_bytes()).unwrap();
            let _ = stream.read_to_string(&mut String::new());
        }
    }
    // The whole group: anyone who traces the server hands no signal on.
    let _ = Command::new("kill").args(["-TERM", "--", &format!("-{}", child.id())]).status();
    child.wait_with_output().unwrap()
}

/// Returns everything about what lies below a folder that a change would change.
pub(crate) fn picture(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let at = path.symlink_metadata().unwrap();
        let times = (at.mtime(), at.mtime_nsec(), at.ctime(), at.ctime_nsec());
        let content = if at.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let rights = (at.permissions().mode(), at.uid(), at.gid(), at.nlink());
        found.push(format!("{} {rights:?} {times:?} {}", path.display(), content.escape_ascii()));
        if at.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    found.sort();
    found
}

pub(crate) fn is_superuser() -> bool {
    tempfile::tempfile().unwrap().metadata().unwrap().uid() == 0
}

/// Lays a link at each name in turn and runs each command.
fn try_every_name(target: Target, owner: Option<u32>) {
    try_names(NAMES, target, owner);
}

fn try_names(names: &[&str], target: Target, owner: Option<u32>) {
    let mut changed = Vec::new();
    for name in names {
        let place = Place::new(owner);
        let to = match target {
            Target::File => place.outside("file"),
            Target::Folder => place.outside("folder"),
            Target::Nothing => place.outside("nothing"),
            Target::Empty => place.outside("empty"),
            Target::Store => place.outside("store"),
        };
        if matches!(target, Target::Empty | Target::Store) {
            fs::create_dir(&to).unwrap();
        }
        if matches!(target, Target::Store) {
            place.fill();
            fs::copy(place.ours("mltrace.db"), to.join("mltrace.db")).unwrap();
        }
        let mut before = picture(&place.outside(""));
        for command in COMMANDS {
            place.fill();
            place.lay(name, &to);
            place.give();
            place.call(command);
            let after = picture(&place.outside(""));
            if after != before {
                changed.push(format!("`{}` with a link at `{name}`", command.join(" ")));
                before = after;
            }
        }
    }
    assert!(changed.is_empty(), "{} changed what lies outside:\n{}", changed.len(), changed.join("\n"));
}

/// Nobody's number.
const SOMEBODY: u32 = 65534;

#[expect(clippy::print_stdout, reason = "what is left out is said")]
fn try_every_name_in_somebodys_project(target: Target) {
    if is_superuser() {
        try_every_name(target, Some(SOMEBODY));
    } else {
        println!("this is not the superuser: nothing is tried in somebody else's project");
    }
}

/// An archive may bring `.mltrace` itself as a link, and no git shows it.
#[test]
fn no_link_in_the_place_of_the_folder_leads_out_of_a_project() {
    for target in [Target::File, Target::Folder, Target::Nothing, Target::Empty, Target::Store] {
        try_names(&[".mltrace"], target, None);
        if is_superuser() {
            try_names(&[".mltrace"], target, Some(SOMEBODY));
        }
    }
}

#[test]
fn no_link_to_a_file_leads_out_of_a_project() {
    try_every_name(Target::File, None);
}

#[test]
fn no_link_to_a_folder_leads_out_of_a_project() {
    try_every_name(Target::Folder, None);
}

#[test]
fn no_link_to_nothing_leads_out_of_a_project() {
    try_every_name(Target::Nothing, None);
}

#[test]
fn no_link_to_a_file_leads_the_superuser_out_of_somebodys_project() {
    try_every_name_in_somebodys_project(Target::File);
}

#[test]
fn no_link_to_a_folder_leads_the_superuser_out_of_somebodys_project() {
    try_every_name_in_somebodys_project(Target::Folder);
}

#[test]
fn no_link_to_nothing_leads_the_superuser_out_of_somebodys_project() {
    try_every_name_in_somebodys_project(Target::Nothing);
}

#[test]
fn no_pipe_in_the_place_of_a_file_holds_a_command() {
    for name in NAMES {
        let place = Place::new(None);
        for command in [&["recent"][..], &["doctor", "--full"], &["log", "--component", "logged"], &["clear", "--yes"]]
        {
            place.fill();
            let path = place.ours(name);
            let _ = fs::remove_file(&path);
            let _ = fs::remove_dir_all(&path);
            let _ = fs::create_dir(path.parent().unwrap());
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success(), "{name}");
            place.call(command);
        }
    }
}

#[test]
fn every_command_is_tried() {
    let help = Place::new(None).env.done(&["--help"]);
    let listed = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    let missing: Vec<_> = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !COMMANDS.iter().any(|command| command[0] == *name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn damaged_records_of_a_stranger_are_not_written_where_a_link_leads() {
    for command in [&["recent"][..], &["doctor"], &["ingest"], &["serve"]] {
        let place = Place::new(None);
        place.fill();
        place.lay("damaged/{process}.log.0", Path::new("../../../outside/.bashrc"));
        place.call(command);
        assert_eq!(fs::read_to_string(place.outside(".bashrc")).unwrap(), "precious as well\n", "{command:?}");
    }
}

#[test]
fn the_reserve_is_not_written_where_a_link_leads() {
    let place = Place::new(None);
    place.fill();
    place.lay("journal/.reserve", &place.outside("file"));
    place.call(&["log", "--component", "logged"]);
    assert_eq!(fs::read_to_string(place.outside("file")).unwrap(), "precious\n");
    assert!(place.ours("journal/reserve").symlink_metadata().unwrap().is_file());
}

#[test]
fn a_store_with_another_name_elsewhere_is_read_and_not_written() {
    let place = Place::new(None);
    place.env.done(&["import", "lines.ndjson"]);
    fs::hard_link(place.ours("mltrace.db"), place.outside("store")).unwrap();
    let before = fs::read(place.outside("store")).unwrap();
    let answer = place.env.call(&["import", "lines.ndjson"]);
    assert!(answer.code == 3 && answer.stderr.contains("another name elsewhere"), "{}", answer.stderr);
    assert!(place.env.done(&["recent"]).contains("second"));
    assert_eq!(fs::read(place.outside("store")).unwrap(), before);
}

#[test]
fn what_lies_beside_the_store_under_another_name_elsewhere_is_not_touched() {
    for suffix in ["-wal", "-shm", "-journal"] {
        let place = Place::new(None);
        place.env.done(&["import", "lines.ndjson"]);
        let beside = place.ours(&format!("mltrace.db{suffix}"));
        let _ = fs::remove_file(&beside);
        fs::hard_link(place.outside("file"), &beside).unwrap();
        for command in [&["recent"][..], &["import", "lines.ndjson"]] {
            let answer = place.env.call(command);
            assert!(answer.code == 3 && answer.stderr.contains("another name elsewhere"), "{}", answer.stderr);
        }
        assert_eq!(fs::read_to_string(place.outside("file")).unwrap(), "precious\n", "{suffix}");
    }
}

#[test]
fn the_superuser_records_in_somebodys_project_as_that_person() {
    if !is_superuser() {
        return println!("this is not the superuser: nothing is recorded in somebody else's project");
    }
    let place = Place::new(Some(SOMEBODY));
    place.give();
    chown(place.env.project().join("lines.ndjson"), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    assert!(place.call(COMMANDS[19]).status.success());
    assert!(place.env.done(&["trace", "made.txt"]).contains("made"));
    let (mut found, mut waiting) = (0, vec![place.env.project().join(".mltrace")]);
    while let Some(path) = waiting.pop() {
        let at = path.symlink_metadata().unwrap();
        assert_eq!((at.uid(), at.gid()), (SOMEBODY, SOMEBODY), "{}", path.display());
        found += 1;
        if at.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(found >= 4, "{found}");
}

#[test]
fn the_superuser_tells_nobody_what_only_the_superuser_may_read() {
    if !is_superuser() {
        return println!("this is not the superuser: nothing is read that others may not read");
    }
    let place = Place::new(Some(SOMEBODY));
    let own = place.outside("own");
    fs::create_dir(&own).unwrap();
    // One in a folder that is closed to others, one that the superuser's group may read.
    for (name, mode) in [("shadow", 0o600), ("of_group", 0o640)] {
        fs::write(own.join(name), "root:$6$salt$hash\nada:secret\n").unwrap();
        fs::set_permissions(own.join(name), PermissionsExt::from_mode(mode)).unwrap();
    }
    let project = place.env.project();
    for above in place.outside("").ancestors().take_while(|above| *above != std::env::temp_dir()) {
        fs::set_permissions(above, PermissionsExt::from_mode(0o755)).unwrap();
    }
    fs::write(place.outside("by_group"), "root:of_group\nada:secret\n").unwrap();
    fs::set_permissions(place.outside("by_group"), PermissionsExt::from_mode(0o640)).unwrap();
    for (name, to) in [("a.csv", own.join("shadow")), ("b.csv", place.outside("by_group")), ("d", own.clone())] {
        symlink(to, project.join(name)).unwrap();
    }
    fs::set_permissions(&own, PermissionsExt::from_mode(0o700)).unwrap();
    fs::write(project.join("own.csv"), "x,y\n1,2\n").unwrap();
    let settings = "[profile]\nartifacts = [\"*\"]\n[profile.expect.\"*.csv\".columns]\nx = { values = [\"1\"] }\n";
    fs::write(project.join("mltrace.toml"), settings).unwrap();
    place.give();
    let inputs = ["-i", "a.csv", "-i", "b.csv", "-i", "d", "-i", "own.csv"];
    let arguments = [&["run", "--component", "etl"][..], &inputs, &["--", "cat", "a.csv", "b.csv"]].concat();
    // As somebody who logged in: in the superuser's group.
    let command = place.env.std_command(&arguments);
    let mut with_group = Command::new("setpriv");
    with_group.args(["--groups=0", "--"]).arg(command.get_program()).args(command.get_args());
    with_group.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let done = with_group.current_dir(command.get_current_dir().unwrap()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let told = String::from_utf8(place.call(&["export"]).stdout).unwrap();
    assert!(told.contains("\"x\"") && told.contains("own.csv"), "what that person may read is read: {told}");
    for secret in ["ada", "of_group", "shadow", "salt"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    let lines = told.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let run = lines.into_iter().find(|line| line["component"] == "etl").unwrap();
    let known: Vec<_> = run["inputs"].as_array().unwrap().iter().filter(|input| !input["version"].is_null()).collect();
    assert_eq!(known.len(), 1, "only a content that this person may read is told: {run}");
    // Nor what a command is to read, where a link in the project leads there.
    fs::write(own.join("m.json"), "{\"salary\": 99123}").unwrap();
    fs::write(own.join("p.csv"), "ada,99123\n").unwrap();
    for (name, to) in [("m.json", "m.json"), ("p.csv", "p.csv")] {
        fs::set_permissions(own.join(to), PermissionsExt::from_mode(0o600)).unwrap();
        symlink(own.join(to), project.join(name)).unwrap();
    }
    place.give();
    for command in [
        &["log", "--component", "etl", "--metrics-from", "m.json"][..],
        &["log-output", "fare", "--from", "p.csv"],
        &["import", "p.csv"],
    ] {
        let answer = place.call(command);
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(!answer.status.success() && said.contains("denied"), "{command:?}: {said}");
    }
    assert!(!String::from_utf8_lossy(&place.call(&["export"]).stdout).contains("99123"));
}
