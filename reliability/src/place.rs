//! A pipeline's working folder, the processes that run in it, and what is stored of them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest::{self, FoldReport};
use rusqlite::{Connection, OpenFlags, Row};

use crate::promise::Result;

/// A folder of its own, with a pipeline's input and an empty store folder.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// Makes one.
    pub(crate) fn new() -> Result<Self> {
        let place = Self::bare()?;
        fs::create_dir(place.path(".mltrace"))?;
        Ok(place)
    }

    /// Makes one without a store folder.
    pub(crate) fn bare() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("mltrace-reliability-").tempdir()?;
        fs::write(folder.path().join("raw.csv"), "a,b\n".repeat(50))?;
        Ok(Self { folder })
    }

    /// Returns a path inside.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns where mltrace keeps what happens here.
    pub(crate) fn home(&self) -> Home {
        Home::find(self.folder(), None, &Environment::default())
    }

    /// Returns the file of the store.
    pub(crate) fn store_file(&self) -> PathBuf {
        self.home().store.file().expect("what happens here is kept in a file").to_owned()
    }

    /// Returns this program in another part, ready to run here.
    pub(crate) fn part(&self, arguments: &[&str]) -> Result<Command> {
        Ok(self.part_of(&std::env::current_exe()?, arguments))
    }

    /// Returns the program `exe` in another part, ready to run here.
    pub(crate) fn part_of(&self, exe: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(exe);
        command.arg("part").args(arguments).current_dir(self.folder());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.folder()).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Folds every journal into the store.
    pub(crate) fn fold(&self) -> Result<FoldReport> {
        let folded = ingest::open_folded(&self.home(), &|_| {})?;
        match folded.behind {
            None => Ok(folded.report),
            Some(error) => Err(error.into()),
        }
    }

    /// Returns the rows that a statement finds in the store.
    pub(crate) fn rows<T>(&self, sql: &str, map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        let connection = Connection::open_with_flags(self.store_file(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(Duration::from_secs(20))?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], map)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the one number that a statement finds in the store.
    pub(crate) fn number(&self, sql: &str) -> Result<i64> {
        Ok(self.rows(sql, |row| row.get(0))?.first().copied().unwrap_or(0))
    }

    /// Changes the store behind mltrace's back.
    pub(crate) fn tamper(&self, sql: &str) -> Result<()> {
        let connection = Connection::open(self.store_file())?;
        connection.busy_timeout(Duration::from_secs(20))?;
        Ok(connection.execute_batch(sql)?)
    }

    /// Returns what SQLite says about the store's file; `ok` when all is well.
    pub(crate) fn integrity(&self) -> Result<String> {
        Ok(self.rows("PRAGMA integrity_check", |row| row.get::<_, String>(0))?.join("; "))
    }

    /// Returns the files in the journal's folder, except the reserve and the count of what is lost.
    pub(crate) fn journal_files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.home().journal()).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| {
            path.file_name().is_some_and(|name| !["reserve", ".reserve", "lost"].iter().any(|kept| name == *kept))
        });
        files.sort();
        files
    }
}

/// A process that is killed when it is let go of, however that comes.
pub(crate) struct Process {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.spawn()?;
        let lines = child.stdout.take().map(BufReader::new);
        Ok(Self { child, lines })
    }

    /// Returns the next line that it prints; `None` at its end.
    pub(crate) fn line(&mut self) -> Result<Option<String>> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let mut line = String::new();
        Ok((lines.read_line(&mut line)? > 0).then(|| line.trim_end().to_owned()))
    }

    /// Reads up to a line, which must come.
    pub(crate) fn until(&mut self, wanted: &str) -> Result<()> {
        loop {
            match self.line()? {
                Some(line) if line == wanted => return Ok(()),
                Some(_) => {}
                None => return Err(format!("the child ended before it said `{wanted}`").into()),
            }
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        Ok(rustix::process::kill_process(pid, signal)?)
    }

    /// Returns its input.
    pub(crate) fn input(&mut self) -> Result<&mut ChildStdin> {
        Ok(self.child.stdin.as_mut().ok_or("the child has no input")?)
    }

    /// Kills it, waits until it is gone, and returns what it had still printed.
    pub(crate) fn kill(&mut self) -> Result<Vec<String>> {
        self.child.kill()?;
        self.child.wait()?;
        self.rest()
    }

    /// Waits for its end; returns its exit code (`-1` after a signal) and what it had still printed.
    pub(crate) fn end(&mut self) -> Result<(i32, Vec<String>)> {
        drop(self.child.stdin.take());
        let rest = self.rest()?;
        Ok((self.child.wait()?.code().unwrap_or(-1), rest))
    }

    fn rest(&mut self) -> Result<Vec<String>> {
        let mut rest = Vec::new();
        while let Some(line) = self.line()? {
            rest.push(line);
        }
        Ok(rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits a little, for what notifies nobody when it happens.
#[expect(clippy::disallowed_methods, reason = "moments are drawn by lot, and some things tell nobody when they happen")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Returns whether rights do not bind this process, and file systems can be mounted.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
