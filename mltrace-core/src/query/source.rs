//! How the source texts of two runs differ, line by line.

use foldhash::HashMap;

use super::difference::Difference;
use super::{QueryError, Reader};
use crate::model::RunId;
use crate::store::{Extent, RunKey};

/// Of how many differences the source texts are compared: the first ones.
pub(super) const COMPARED: usize = 32;

impl Reader<'_> {
    /// Adds to each difference in source texts how they differ, as far as both are recorded.
    pub(super) fn compare_sources(&mut self, differences: &mut [Difference]) -> Result<(), QueryError> {
        let mut left = COMPARED;
        differences.iter_mut().try_for_each(|difference| self.compare_source(difference, &mut left))
    }

    /// Adds to a difference in source texts how they differ, when both are recorded and some are `left` to compare.
    pub(super) fn compare_source(&mut self, difference: &mut Difference, left: &mut usize) -> Result<(), QueryError> {
        if let ("code", [Some(a), Some(b)], 1..) = (difference.field.as_str(), difference.runs, *left) {
            *left = left.saturating_sub(1);
            difference.source_diff = self.in_passing(|reader| reader.source_diff([a, b]))?;
        }
        Ok(())
    }

    fn source_diff(&mut self, runs: [RunId; 2]) -> Result<Option<String>, QueryError> {
        let mut keys: Vec<RunKey> = Vec::new();
        for run in runs {
            keys.extend(self.store.run(run)?);
        }
        let details = self.store.details(&keys, Extent::Source)?.into_iter();
        let source = |code: Option<crate::store::CodeDetail>| code.and_then(|code| code.source);
        let mut sources: HashMap<RunId, String> =
            details.filter_map(|detail| Some((detail.row.id, source(detail.code)?))).collect();
        let [a, b] = runs.map(|run| sources.remove(&run));
        Ok(a.zip(b).map(|(a, b)| unified(&a, &b)))
    }
}

/// Returns a unified diff with three lines around what changed; of texts that take long to compare a longer one than need
/// be.
#[cfg(feature = "store")]
fn unified(a: &str, b: &str) -> String {
    let mut how = similar::TextDiff::configure();
    let diff = how.timeout(std::time::Duration::from_millis(200)).diff_lines(a, b);
    // Functions end without one.
    diff.unified_diff().context_radius(3).missing_newline_hint(false).to_string()
}

/// Without a store nobody asks.
#[cfg(not(feature = "store"))]
fn unified(_: &str, _: &str) -> String {
    String::new()
}

#[cfg(all(test, feature = "store"))]
mod tests {
    use super::unified;

    #[test]
    fn what_changed_is_told_with_the_lines_around_it() {
        let text = |unit: &str| format!("fn f() {{\n    a();\n    b();\n    c();\n    unit({unit});\n    d();\n}}");
        let told = unified(&text("1000"), &text("1"));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "@@ -2,6 +2,6 @@");
        assert_eq!(&lines[4..6], ["-    unit(1000);", "+    unit(1);"]);
        assert_eq!(unified("same", "same"), "");
    }

    #[test]
    fn texts_that_have_nothing_in_common_take_no_longer_than_others() {
        let text = |from: usize| (from..from + 60_000).map(|line| format!("{line}\n")).collect::<String>();
        let begun = std::time::Instant::now();
        assert!(unified(&text(0), &text(30_001).replace('7', "8")).len() > 1000);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
