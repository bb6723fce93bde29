//! Which model may grade bottles: the gate that each one comes to, and the alias of the one that passed it last.

use std::path::Path;

use mltrace::answer::{MetricRequirement, NotWorseThan, Requirements, Tolerance};

use crate::Error;

/// Puts a model into production if it may be, and returns what keeps it from that.
///
/// It may miss the grade of the test bottles by less than one, and by hardly more than the model in production does.
///
/// # Errors
/// When the alias cannot be moved.
pub fn release(model: &Path) -> Result<Vec<String>, Error> {
    let model = model.display().to_string();
    let production = NotWorseThan::new("@production");
    let required = Requirements {
        metrics: vec![MetricRequirement::parse("test/rmse", "< 1")?],
        baseline: Some(NotWorseThan { tolerance: Tolerance::parse("1%")?, may_be_first: true, ..production }),
        ..Requirements::default()
    };
    match mltrace::gate(&model, &required) {
        Ok(gate) if gate.passes => {
            mltrace::point_alias("production", &model, Some("passed the gate"))?;
            Ok(Vec::new())
        }
        Ok(gate) => Ok(gate.reasons().into_iter().map(str::to_owned).collect()),
        // Where nothing is recorded, nothing is known of the model.
        Err(error) => Ok(vec![error.to_string()]),
    }
}
