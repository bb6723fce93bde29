//! Which runs `metrics`, `checks` and `observations` are about.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{MeasureFilter, QueryError, Reader, Span};

use crate::complete;
use crate::error::Error;
use crate::session::Session;
use crate::time;

/// The runs that are meant, as they were typed.
#[derive(Debug, clap::Args)]
pub(super) struct Spanned {
    /// Of this component
    #[arg(value_name = "COMPONENT", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
    /// Only of runs that started at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Only of runs that started at or before that time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Timestamp>,
    /// Of this run only: its id, a unique prefix of it, or `latest`
    #[arg(long, value_name = "RUN", conflicts_with_all = ["since", "until"])]
    run: Option<String>,
}

/// Returns a run, or else those between two moments.
pub(super) fn span(run: Option<&String>, since: Option<Timestamp>, until: Option<Timestamp>) -> Span {
    run.cloned().map_or(Span::Times { since, until }, Span::Run)
}

impl Spanned {
    /// Asks a question about the last `limit` of these runs. Where nothing is recorded yet, the answer is empty, unless a
    /// component or a run was named, which is unknown then.
    pub(super) fn ask<A: Default>(
        &self,
        session: &Session,
        limit: usize,
        question: impl FnOnce(&mut Reader<'_>, &MeasureFilter) -> Result<A, QueryError>,
    ) -> Result<A, Error> {
        let span = span(self.run.as_ref(), self.since, self.until);
        let filter = MeasureFilter { component: self.component.clone(), span, limit: Some(limit) };
        let ask = |reader: &mut Reader<'_>| question(reader, &filter);
        let is_named = self.component.is_some() || self.run.is_some();
        if is_named { session.ask(ask) } else { session.list(A::default(), ask) }
    }
}
