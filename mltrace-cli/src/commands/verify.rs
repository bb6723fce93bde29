//! `mltrace verify`: whether what lies on disk is what was recorded.

use mltrace_core::query::VerifyOptions;

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Talk;
use crate::render::verify;
use crate::session::Session;

/// Check that artifacts on disk are still what was recorded
///
/// Hashes each file and folder anew and compares it with the latest version, or with the version that is named. Of a
/// folder all that was recorded in it is checked too, and without artifacts all of the project. *Changed*: it holds something that no recorded run left there. *Missing*:
/// nothing is there. *Unknown writer*: it is as it was last read, and no recorded run wrote it. *Not local*: a URI, an
/// identifier or a declared version, of which this disk holds nothing to compare. The exit status is 1 when something
/// changed or is missing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace verify                       everything that was recorded
  mltrace verify out/model.json data   a file and a folder")]
pub(crate) struct Args {
    /// The artifacts: paths, URIs or identifiers, and the versions if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifacts: Vec<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let artifacts: Vec<&str> = self.artifacts.iter().map(String::as_str).collect();
        let output = &session.output;
        let bar = output.progress("{spinner} checked {msg}, {bytes} read, {bytes_per_sec}");
        let mut count = 0_usize;
        let answer = session.ask(|reader| {
            let mut each = |_: &_| {
                count += 1;
                bar.set_message(count.to_string());
            };
            let progress = |bytes| bar.inc(bytes);
            let options = VerifyOptions { progress: Some(&progress), ..VerifyOptions::default() };
            reader.verify(&artifacts, &mut each, &options)
        });
        bar.finish_and_clear();
        let answer = answer?;
        let names_all = !artifacts.is_empty() || output.talk >= Talk::Verbose;
        output.limited(!artifacts.is_empty(), &answer, |answer| verify::text(answer, names_all, output.is_whole()))?;
        let is_wrong = answer.artifacts.iter().any(|artifact| artifact.state.is_wrong());
        Ok(if is_wrong { Exit::Wrong } else { Exit::Done })
    }
}
