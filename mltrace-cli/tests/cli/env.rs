//! A place for one test: its own home, project, store and environment.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The model at the end of the taxi pipeline.
pub(crate) const MODEL: &str = "s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl";

/// A project in a temporary folder, with nothing recorded.
pub(crate) struct TestEnv {
    folder: TempDir,
}

/// What a call of the command gave.
pub(crate) struct Answer {
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said beside.
    pub(crate) stderr: String,
    /// Its exit code.
    pub(crate) code: i32,
}

impl TestEnv {
    /// Returns an empty project.
    pub(crate) fn new() -> Self {
        let env = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(env.home()).unwrap();
        std::fs::create_dir_all(env.project().join(".mltrace")).unwrap();
        env
    }

    /// Returns a project with the seven runs of the taxi pipeline.
    pub(crate) fn taxi() -> Self {
        let env = Self::new();
        env.done(&["import", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/taxi.ndjson")]);
        env
    }

    /// Returns a project with these lines imported.
    pub(crate) fn with_lines(lines: &[String]) -> Self {
        let env = Self::new();
        let answer = env.call_with_input(&["import", "-"], &lines.join("\n"));
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        env
    }

    /// Returns the project's folder, in which commands run.
    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.project().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Returns the command with these arguments, ready to run in the project.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.std_command(arguments))
    }

    /// Returns the command for tests that take it apart.
    pub(crate) fn std_command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mltrace"));
        command.args(arguments).current_dir(self.project()).env_clear();
        command.envs([("HOME", self.home()), ("PATH", PathBuf::from("/usr/bin:/bin"))]);
        command.envs([("TZ", "UTC"), ("NO_COLOR", "1"), ("USER", "tester")]);
        command
    }

    /// Runs the command and returns what it gave.
    pub(crate) fn call(&self, arguments: &[&str]) -> Answer {
        self.call_with_input(arguments, "")
    }

    /// Runs the command with that text as its input and returns what it gave.
    pub(crate) fn call_with_input(&self, arguments: &[&str], input: &str) -> Answer {
        let output = self.command(arguments).write_stdin(input).output().unwrap();
        Answer {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: self.without_place(&String::from_utf8(output.stderr).unwrap()),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Runs the command, which must succeed, and returns what it printed.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let answer = self.call(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}\n{}{}", answer.stdout, answer.stderr);
        answer.stdout
    }

    /// Runs the command, which must succeed, and returns what it printed as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let text = self.done(&[arguments, &["--format", "json"]].concat());
        assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Runs the command, which must end with that code, and returns what it printed as JSON.
    pub(crate) fn json_of(&self, arguments: &[&str], code: i32) -> serde_json::Value {
        let answer = self.call(&[arguments, &["--format", "json"]].concat());
        assert_eq!(answer.code, code, "{arguments:?}\n{}{}", answer.stdout, answer.stderr);
        serde_json::from_str(&answer.stdout).unwrap()
    }

    /// Runs the command, which must end with that code, and returns what it said.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let answer = self.call(arguments);
        assert_eq!(answer.code, code, "{arguments:?}\n{}{}", answer.stdout, answer.stderr);
        assert_eq!(answer.stdout, "", "{arguments:?}");
        answer.stderr
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Replaces the folder's name, which differs each time.
    fn without_place(&self, text: &str) -> String {
        let place = |path: &Path| path.canonicalize().unwrap().display().to_string();
        text.replace(&place(self.folder.path()), "[TEMP]").replace(&self.folder.path().display().to_string(), "[TEMP]")
    }
}

/// Returns lines that mention runs: `"raw -> clean -> model"` is the run `clean` that read `raw` and wrote `model`.
pub(crate) fn runs(drawings: &[&str]) -> Vec<String> {
    let told = drawings.iter().enumerate().map(|(number, drawing)| {
        let parts: Vec<&str> = drawing.split("->").map(str::trim).collect();
        let [inputs, component, outputs] = parts[..] else { panic!("`{drawing}` is not `in -> run -> out`") };
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let at = |second: usize| format!("2021-01-01T{:02}:{:02}:{:02}Z", number / 60 % 24, number % 60, second);
        serde_json::json!({
            "component": component, "inputs": names(inputs), "outputs": names(outputs),
            "started_at": at(0), "ended_at": at(30),
        })
    });
    told.map(|line| line.to_string()).collect()
}
