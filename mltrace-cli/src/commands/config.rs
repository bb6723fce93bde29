//! `mltrace config`: each setting, its value, and where it came from.

use serde::Serialize;

use crate::error::{Error, Exit};
use crate::render::table;
use crate::session::Session;

/// Show each setting, its value, and where it came from
///
/// Settings are read from `mltrace.toml` at the project's root and from `mltrace/config.toml` in the user's
/// configuration folder; a flag counts more than the environment, that more than the project's file, and that more than
/// the user's.
///
/// `metrics` under `[prometheus]` lists, by name, the metrics that `mltrace metrics --prometheus` and `/metrics` of `mltrace
/// serve` report, at most 50; a server reads the list when it starts.
///
/// `shared` lists the folders in which an absolute path is the same file on every host, as of a network file system:
/// `shared = ["/mnt/data"]`. Everywhere else it is another file on each host.
///
/// A project's `db`, or a link in the place of its `.mltrace`, may lead out of the project only where the user's file allows
/// it, by the folder of the project or one above it: `trusted-projects = ["/home/ada/ours"]`. Else every command that needs
/// the store ends with 3. A file of another user in the user's configuration folder is ignored.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The answer of `config`.
#[derive(Serialize)]
struct Settings {
    settings: Vec<Setting>,
    warnings: Vec<String>,
}

/// A setting in words.
#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    origin: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let settings = session.home.settings.iter().map(|setting| Setting {
            name: setting.name,
            value: setting.value.clone(),
            origin: setting.origin.to_string(),
        });
        let answer = Settings { settings: settings.collect(), warnings: session.home.warnings.clone() };
        session.output.answer(&answer, |answer| {
            let rows = answer.settings.iter().map(|setting| [setting.name, &setting.value, &setting.origin]);
            // Paths are there to be copied: none is folded to fit the terminal.
            table::draw(["SETTING", "VALUE", "FROM"], rows, None)
        })?;
        Ok(Exit::Done)
    }
}
