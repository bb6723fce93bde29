//! Runs the pipeline with a model that is worse than the one in production.

use std::path::Path;

use wine_quality::{Settings, run};

#[test]
#[expect(clippy::disallowed_methods, reason = "a process records where it is")]
fn a_model_that_is_worse_than_the_one_in_production_grades_no_bottle() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::env::set_current_dir(folder.path()).expect("the folder is there");
    let good = run(Path::new("wine-out"), &Settings { penalty: 0.05, ..Settings::default() }).expect("all is well");
    assert_eq!((good.withheld.as_slice(), good.batches), (&[][..], 6));

    let worse = run(Path::new("wine-out"), &Settings { penalty: 0.5, ..Settings::default() }).expect("nothing failed");
    assert_eq!(worse.batches, 0);
    assert_eq!(worse.withheld.len(), 1, "{:?}", worse.withheld);
    assert!(worse.withheld[0].contains("is worse than"), "{:?}", worse.withheld);
    assert_eq!(mltrace::alias("production").expect("a model is live").history.len(), 1, "the better one stays");
    assert_eq!(mltrace::history("predict").expect("there were predictions").runs.len(), 6);
}
