//! Several folders that share a store: which of them are one project, and what each command speaks of.

use std::path::{Path, PathBuf};

use crate::env::TestEnv;

/// A store that several folders share.
struct Shared {
    env: TestEnv,
}

impl Shared {
    fn new() -> Self {
        Self { env: TestEnv::new() }
    }

    fn store(&self) -> PathBuf {
        self.folder("team", None).join("mltrace.db")
    }

    /// Returns a folder beside the project's, a checkout of `origin` if that is one.
    fn folder(&self, name: &str, origin: Option<&str>) -> PathBuf {
        let folder = self.env.project().join("..").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        if let Some(origin) = origin {
            std::fs::create_dir_all(folder.join(".git")).unwrap();
            let settings = format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {origin}\n");
            std::fs::write(folder.join(".git/config"), settings).unwrap();
        }
        folder
    }

    /// Runs the command in a folder with the store that all share.
    fn in_folder(&self, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
        let mut command = self.env.command(arguments);
        let output = command.current_dir(folder).env("MLTRACE_DB", self.store()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn done(&self, folder: &Path, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.in_folder(folder, arguments);
        assert_eq!(code, 0, "{arguments:?}\n{stdout}{stderr}");
        stdout
    }

    fn logs(&self, folder: &Path, component: &str, edges: &[&str]) {
        self.done(folder, &[&["log", "--component", component][..], edges].concat());
    }

    /// Returns the components that the list of runs shows.
    fn recent(&self, folder: &Path, arguments: &[&str]) -> Vec<String> {
        let text = self.done(folder, &[&["recent", "--format", "json"][..], arguments].concat());
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        answer["runs"].as_array().unwrap().iter().map(|run| run["component"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn two_checkouts_of_one_repository_are_one_project_whatever_they_are_called() {
    let shared = Shared::new();
    let one = shared.folder("one", Some("git@github.com:ada/taxi.git"));
    let two = shared.folder("two", Some("https://ada:hunter2@github.com/ada/taxi"));
    shared.logs(&one, "clean", &["-o", "clean.csv"]);
    shared.logs(&two, "train", &["-i", "clean.csv", "-o", "model"]);
    assert_eq!(shared.recent(&one, &[]), ["train", "clean"]);
    let trace = shared.done(&two, &["trace", "model"]);
    assert!(trace.contains("└── clean\n"), "{trace}");
    let projects = shared.done(&one, &["project", "list"]);
    assert!(projects.contains("github.com/ada/taxi") && !projects.contains("hunter2"), "{projects}");
}

#[test]
fn work_trees_of_one_repository_are_one_project() {
    let shared = Shared::new();
    let main = shared.folder("main", Some("github.com:ada/taxi"));
    let tree = shared.folder("tree", None);
    let inside = main.join(".git/worktrees/tree");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("commondir"), "../..\n").unwrap();
    std::fs::write(tree.join(".git"), format!("gitdir: {}\n", inside.display())).unwrap();
    shared.logs(&main, "clean", &["-o", "clean.csv"]);
    shared.logs(&tree, "train", &["-i", "clean.csv"]);
    assert_eq!(shared.recent(&tree, &[]), ["train", "clean"]);
}

#[test]
fn work_trees_of_a_repository_without_a_remote_are_one_project() {
    let shared = Shared::new();
    let (main, tree) = (shared.folder("main", None), shared.folder("tree", None));
    let inside = main.join(".git/worktrees/tree");
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(inside.join("commondir"), "../..\n").unwrap();
    std::fs::write(tree.join(".git"), format!("gitdir: {}\n", inside.display())).unwrap();
    shared.logs(&main, "clean", &["-o", "clean.csv"]);
    shared.logs(&tree, "train", &["-i", "clean.csv"]);
    assert_eq!(shared.recent(&tree, &[]), ["train", "clean"]);
}

#[test]
fn an_absolute_path_of_another_host_is_told_and_joined_once_settings_share_its_folder() {
    let shared = Shared::new();
    let folder = shared.folder("one", None);
    let far = r#"{"component": "far", "host": "elsewhere", "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:01Z", "outputs": ["/data/raw.csv"]}"#;
    std::fs::write(folder.join("far.ndjson"), far.replace('\n', " ")).unwrap();
    shared.done(&folder, &["import", "far.ndjson"]);
    shared.logs(&folder, "near", &["-i", "/data/raw.csv", "-o", "model"]);
    let trace = shared.done(&folder, &["trace", "model"]);
    assert!(trace.contains("wrote the same name on host elsewhere]") && !trace.contains("── far"), "{trace}");
    std::fs::write(folder.join("mltrace.toml"), "shared = [\"/data\"]").unwrap();
    // Nothing waits to be folded but that.
    let trace = shared.done(&folder, &["trace", "model"]);
    assert!(trace.contains("── far"), "{trace}");
}

#[test]
fn two_folders_of_one_name_are_two_projects() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("a/src", None), shared.folder("b/src", Some("github.com:ada/taxi")));
    shared.logs(&one, "clean", &["-o", "data.csv"]);
    shared.logs(&two, "train", &["-i", "data.csv"]);
    assert_eq!(shared.recent(&one, &[]), ["clean"]);
    assert_eq!(shared.recent(&two, &[]), ["train"]);
    let all = shared.done(&one, &["recent", "--all-projects"]);
    assert!(all.contains("clean") && all.contains("train") && all.contains("github.com/ada/taxi"), "{all}");
}

#[test]
fn a_name_in_the_settings_is_the_project_wherever_it_lies() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", Some("github.com:ada/other")));
    for folder in [&one, &two] {
        std::fs::write(folder.join("mltrace.toml"), "project = \"taxi\"\n").unwrap();
    }
    // A folder that happens to be called so is another project, and gives way.
    let three = shared.folder("taxi", None);
    shared.logs(&three, "other", &["-o", "x"]);
    shared.logs(&one, "clean", &["-o", "clean.csv"]);
    shared.logs(&two, "train", &["-i", "clean.csv"]);
    assert_eq!(shared.recent(&one, &[]), ["train", "clean"]);
    assert_eq!(shared.recent(&three, &[]), ["other"]);
}

#[test]
fn a_folder_of_a_repository_is_a_project_of_its_own() {
    let shared = Shared::new();
    let top = shared.folder("top", Some("github.com:ada/taxi"));
    let inside = top.join("models");
    std::fs::create_dir_all(inside.join(".mltrace")).unwrap();
    shared.logs(&top, "clean", &["-o", "x"]);
    shared.logs(&inside, "train", &["-o", "y"]);
    assert_eq!(shared.recent(&top, &[]), ["clean"]);
    assert!(shared.done(&top, &["project", "list"]).contains("github.com/ada/taxi//models"));
}

#[test]
fn what_is_cleared_is_what_was_counted_and_what_the_hint_exports() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", None));
    shared.logs(&one, "clean", &["-o", "one.csv"]);
    shared.logs(&one, "clean", &["-o", "two.csv"]);
    shared.logs(&two, "train", &["-i", "three.csv", "-o", "model"]);
    let (code, _, said) = shared.in_folder(&one, &["clear"]);
    assert_eq!(code, 2);
    assert!(said.contains("2 runs of 1 components of the project `one`"), "{said}");
    shared.done(&one, &["alias", "live", "two.csv", "--reason", "the second word"]);
    let exported = shared.done(&one, &["export"]);
    assert_eq!(exported.lines().count(), 3, "{exported}");
    assert_eq!(shared.done(&one, &["export", "--all-projects"]).lines().count(), 4);
    let (_, _, said) = shared.in_folder(&one, &["clear", "--all-projects"]);
    assert!(said.contains("3 runs of 2 projects") && said.contains("export --all-projects"), "{said}");
    shared.done(&one, &["clear", "--yes"]);
    assert_eq!(shared.recent(&two, &["--all-projects"]), ["train"]);
    // Nothing of it is left in the file.
    let bytes = std::fs::read(shared.store()).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("three.csv") && !holds("one.csv") && !holds("two.csv") && !holds("second word"));
    let doctor = shared.done(&two, &["doctor", "--full"]);
    assert!(!doctor.contains("two projects"), "{doctor}");
    // What was exported comes back, and is this project's again.
    std::fs::write(one.join("backup.ndjson"), exported).unwrap();
    shared.done(&one, &["import", "backup.ndjson"]);
    shared.logs(&one, "late", &["-i", "two.csv"]);
    assert_eq!(shared.recent(&one, &[]), ["late", "clean", "clean"]);
    shared.done(&one, &["clear", "--all-projects", "--yes"]);
    assert_eq!(shared.done(&two, &["recent"]), "no runs\n");
}

#[test]
fn who_is_not_in_a_shared_store_clears_nothing() {
    let shared = Shared::new();
    let (one, two, three) = (shared.folder("one", None), shared.folder("two", None), shared.folder("three", None));
    shared.logs(&one, "clean", &["-o", "x"]);
    shared.logs(&two, "train", &["-o", "y"]);
    let (code, _, said) = shared.in_folder(&three, &["clear", "--yes"]);
    assert_eq!(code, 1);
    assert!(said.contains("nothing of the project `three` is recorded"), "{said}");
    assert_eq!(shared.recent(&one, &["--all-projects"]), ["train", "clean"]);
}

#[test]
fn projects_that_are_one_are_joined() {
    let shared = Shared::new();
    let (old, new) = (shared.folder("old", None), shared.folder("new", None));
    shared.logs(&old, "ingest", &["-o", "raw.csv"]);
    shared.logs(&old, "clean", &["-i", "raw.csv", "-o", "clean"]);
    shared.done(&old, &["flag", "raw.csv", "--reason", "wrong"]);
    std::fs::write(old.join("same.txt"), "the same").unwrap();
    std::fs::write(new.join("same.txt"), "the same").unwrap();
    shared.logs(&old, "ingest", &["-o", "same.txt"]);
    shared.done(&old, &["alias", "live", "same.txt"]);
    shared.done(&old, &["component", "clean", "--owner", "ada"]);
    shared.logs(&new, "clean", &["-i", "raw.csv", "-o", "clean"]);
    shared.logs(&new, "train", &["-i", "clean", "-i", "raw.csv", "-o", "model"]);
    shared.logs(&new, "ingest", &["-o", "same.txt"]);
    shared.done(&new, &["alias", "live", "same.txt"]);
    let trace = shared.done(&new, &["trace", "model"]);
    assert!(!trace.contains("ingest"), "{trace}");
    assert_eq!(shared.in_folder(&new, &["project", "merge", "nobody", "new"]).0, 1);
    let merged = shared.done(&new, &["project", "merge", "old", "new"]);
    assert_eq!(merged, "`old` is `new` now, with 6 runs\n");
    let trace = shared.done(&new, &["trace", "model"]);
    assert!(trace.contains("ingest\n"), "{trace}");
    // Either folder is that project from now on.
    shared.logs(&old, "late", &["-i", "model"]);
    assert_eq!(shared.recent(&new, &[]), ["late", "ingest", "train", "clean", "ingest", "clean", "ingest"]);
    assert!(shared.done(&new, &["components"]).contains("ada"));
    assert!(shared.done(&old, &["review"]).contains("raw.csv"));
    assert_eq!(shared.done(&old, &["alias", "live"]).lines().count(), 4, "a heading over the moves of both");
    assert!(shared.done(&new, &["impact", "raw.csv"]).contains("train"));
    shared.done(&new, &["doctor", "--full"]);
    assert_eq!(shared.in_folder(&new, &["project", "merge", "old", "new"]).0, 2);
}

#[test]
fn what_another_project_wrote_is_told_where_nobody_here_did() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", None));
    shared.logs(&one, "predict", &["-o", "s3://lake/raw", "--out-id", "pred-17"]);
    shared.logs(&two, "train", &["-i", "pred-17", "-i", "nobodys", "-o", "model"]);
    let trace = shared.done(&two, &["trace", "model"]);
    let run: serde_json::Value =
        serde_json::from_str(&shared.done(&one, &["inspect", "latest", "--format", "json"])).unwrap();
    let run = run["id"].as_str().unwrap();
    let short = &run[run.len() - 8..];
    let told = format!("[unknown writer here; in the project one run {short} wrote it]");
    assert!(trace.contains(&format!("pred-17 {told}")), "{trace}");
    assert!(trace.contains("nobodys [unknown writer]"), "{trace}");
    let inspected = shared.done(&two, &["inspect", "latest"]);
    assert!(inspected.contains("in the project one run"), "{inspected}");
    let json: serde_json::Value =
        serde_json::from_str(&shared.done(&two, &["trace", "model", "--format", "json"])).unwrap();
    let inputs = json["runs"][0]["inputs"].as_array().unwrap();
    assert_eq!(inputs[0]["elsewhere"], serde_json::json!([{"project": "one", "run": run}]));
    assert_eq!(inputs[1].get("elsewhere"), None);
}

#[test]
fn a_trace_goes_on_in_another_project_by_a_uri_and_by_a_name_with_its_project() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", None));
    shared.logs(&one, "predict", &["-i", "s3://lake/rows", "-o", "s3://lake/raw", "--out-id", "pred-17"]);
    shared.logs(&one, "ingest", &["-o", "s3://lake/other"]);
    for input in ["s3://lake/raw", "one::pred-17"] {
        shared.logs(&two, "train", &["-i", input, "-o", "model"]);
        let trace = shared.done(&two, &["trace", "model"]);
        assert!(trace.contains("└── predict [in the project one]"), "{trace}");
        let impact = shared.done(&one, &["impact", "s3://lake/rows"]);
        assert!(impact.contains("train"), "{impact}");
    }
}

#[test]
fn who_shares_a_store_that_holds_one_project_alone_clears_nothing_of_it() {
    let shared = Shared::new();
    let (a, b) = (shared.folder("a", None), shared.folder("b", None));
    shared.logs(&a, "first", &["-o", "x"]);
    let (code, _, said) = shared.in_folder(&b, &["clear", "--yes"]);
    assert_eq!((code, said.contains("nothing of the project")), (1, true), "{said}");
    assert_eq!(shared.recent(&a, &[]), ["first"]);
}

#[test]
fn a_project_that_is_called_as_the_store_s_own_is_recorded_too() {
    let shared = Shared::new();
    let (own, other) = (shared.env.project().join("../taxi"), shared.folder("other", None));
    std::fs::create_dir_all(own.join(".mltrace")).unwrap();
    let own = own.canonicalize().unwrap();
    let there = |folder: &Path, arguments: &[&str]| {
        let mut command = shared.env.command(arguments);
        let output = command.current_dir(folder).env("MLTRACE_DB", own.join(".mltrace/mltrace.db")).output().unwrap();
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shared.env.command(&["log", "--component", "c"]).current_dir(&own).output().unwrap().status.success());
    std::fs::write(other.join("mltrace.toml"), "project = \"taxi\"").unwrap();
    there(&other, &["log", "--component", "d"]);
    let recent = there(&other, &["recent", "--all-projects"]);
    assert!(recent.contains(" c ") && recent.contains(" d ") && recent.contains("taxi (2)"), "{recent}");
    assert!(there(&other, &["ingest"]).contains("0 ") || !recent.is_empty());
}

#[test]
fn what_a_project_calls_itself_drives_no_terminal() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", None));
    let name = "b\u{1b}[1mX\u{202e}\u{7}";
    std::fs::write(one.join("mltrace.toml"), format!("project = {}\n", serde_json::to_string(name).unwrap())).unwrap();
    for folder in [&one, &two] {
        shared.logs(folder, "clean", &["-o", "y"]);
    }
    for arguments in [&["project", "list"][..], &["project", "merge", name, "two"], &["project", "merge", name, name]] {
        let (_, stdout, stderr) = shared.in_folder(&two, arguments);
        for text in [stdout, stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{arguments:?}: {text:?}");
        }
    }
}

#[test]
fn all_projects_are_cleared_also_where_the_only_one_is_another() {
    let shared = Shared::new();
    let (one, two) = (shared.folder("one", None), shared.folder("two", None));
    shared.logs(&one, "clean", &["-o", "y"]);
    let (code, _, stderr) = shared.in_folder(&two, &["clear", "--yes"]);
    assert_eq!(code, 1, "{stderr}");
    shared.done(&two, &["clear", "--yes", "--all-projects"]);
    assert!(shared.recent(&one, &[]).is_empty());
    let line = r#"{"component": "c", "project": "", "started_at": "2021-01-01T00:00:00Z"}"#;
    std::fs::write(two.join("lines.ndjson"), line).unwrap();
    let (code, stdout, stderr) = shared.in_folder(&two, &["import", "lines.ndjson"]);
    assert!(code != 0 && format!("{stdout}{stderr}").contains("`project` is empty"), "{stdout}{stderr}");
}
