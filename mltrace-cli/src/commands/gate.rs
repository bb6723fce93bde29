//! `mltrace gate`: whether a version may be used.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{MetricRequirement, NotWorseThan, Requirements, Tolerance};

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::gate;
use crate::session::Session;
use crate::time;

/// Ask whether a version may be used: exit code 0 when all that is required of it holds, 1 with the reasons when not
///
/// What is not known does not hold: a metric that nobody measured, checks that nobody made. A metric is what was measured of
/// the version by name, else by the run that wrote it, else by a run that read it and no other version. Always required is
/// that the run that wrote it completed. Where a local file or folder is named without a version or alias and lies on this disk,
/// it must be the version that is looked at: something else there, or what nobody can know, does not pass.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace gate model.json --metric auc '>= .9' --unflagged
  mltrace gate model.json --metric auc '>= .9' --not-worse-than @production --tolerance 1% --fresh 7d --checks
  mltrace gate model.json --metric rmse lower --not-worse-than @production --or-first &&
    mltrace alias production model.json --reason 'passed the gate'")]
pub(crate) struct Args {
    /// The version: a path, a URI or an identifier
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: String,
    /// A metric and what it must be: `'>= 0.9'`, or `higher` or `lower` to compare it with the baseline alone; at most 500
    #[arg(long = "metric", value_names = ["NAME", "CONDITION"], num_args = 2, action = clap::ArgAction::Append)]
    metrics: Vec<String>,
    /// Each of these metrics may not be worse than that of this version; `production` is the alias, as `@production` is
    #[arg(long, value_name = "ALIAS|ARTIFACT@VERSION", value_parser = crate::args::asked(), add = complete::aliases())]
    not_worse_than: Option<String>,
    /// How much worse a metric may be: an amount, or a share such as `1%`
    #[arg(long, value_name = "AMOUNT", value_parser = Tolerance::parse, requires = "not_worse_than")]
    tolerance: Option<Tolerance>,
    /// Let it pass as the first while the alias was never set
    #[arg(long, requires = "not_worse_than")]
    or_first: bool,
    /// It was written at most so long ago: `7d`, `36h`; or at or after that time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    fresh: Option<Timestamp>,
    /// Neither it is flagged, nor anything that it was made from
    #[arg(long)]
    unflagged: bool,
    /// Every check of it passed, and there is one; one that only warns may fail
    #[arg(long)]
    checks: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let required = self.requirements().map_err(Error::usage)?;
        required.check().map_err(|wrong| {
            Error::usage(wrong).hint("such as `--metric auc '>= .9'`, `--fresh 7d`, `--unflagged` or `--checks`")
        })?;
        let answer = session.ask_of(&self.artifact, |reader, artifact| reader.gate_here(artifact, &required))?;
        session.output.answer(&answer, gate::text)?;
        Ok(if answer.passes { Exit::Done } else { Exit::Wrong })
    }

    fn requirements(&self) -> Result<Requirements, String> {
        let metric = |pair: &[String]| match pair {
            [name, condition] => MetricRequirement::parse(name, condition),
            _ => Err("a metric has a name and a condition".to_owned()),
        };
        Ok(Requirements {
            metrics: self.metrics.chunks(2).map(metric).collect::<Result<_, _>>()?,
            baseline: self.not_worse_than.as_ref().map(|artifact| NotWorseThan {
                artifact: artifact.clone(),
                tolerance: self.tolerance.unwrap_or_default(),
                may_be_first: self.or_first,
            }),
            since: self.fresh,
            is_unflagged: self.unflagged,
            is_checked: self.checks,
        })
    }
}
