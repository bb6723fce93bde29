//! What is loaded once and used for long: a model that a server predicts with.

pub use mltrace_core::values::Declared as Loaded;
use mltrace_core::values::{Artifact, artifact};

use crate::private::ours;

/// Returns an artifact that remembers the version which is loaded now.
///
/// A server loads a model once and predicts for days. With `inputs = [self.path]` each prediction would look at the disk, and
/// name a model that was never loaded once the file is replaced. What this returns is an input like any other, means the
/// version of this moment, and costs no look at the disk. Call it just before the file is loaded: it is read once, to its
/// end, so that its content is known.
///
/// ```no_run
/// use mltrace::{Loaded, register};
///
/// struct Server {
///     model: Loaded,
///     weights: Vec<u8>,
/// }
///
/// impl Server {
///     fn start(path: &str) -> std::io::Result<Self> {
///         Ok(Self { model: mltrace::loaded(path), weights: std::fs::read(path)? })
///     }
///
///     #[register(inputs = [self.model])]
///     async fn predict(&self, fare: f64) -> f64 {
///         fare + self.weights.len() as f64
///     }
/// }
/// ```
pub fn loaded<M>(named: impl Artifact<M>) -> Loaded {
    let named = artifact(named);
    ours(|| named.clone(), || named.clone().loaded(|given| crate::recorder().loaded(given)))
}
