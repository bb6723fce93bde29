//! A model that is loaded once and predicts for long.

use std::fs;

use mltrace::Loaded;

use crate::{block_on, here};

struct Server {
    model: Loaded,
    weights: usize,
}

impl Server {
    fn start(path: &str) -> Self {
        Self { model: mltrace::loaded(path), weights: fs::read(path).unwrap().len() }
    }

    #[mltrace::register(inputs = [self.model], outputs = [return])]
    async fn predict(&self, number: usize) -> String {
        format!("prediction-{}-{number}", self.weights)
    }
}

#[mltrace::register(outputs = [path])]
fn train_served(path: &str, size: usize) {
    fs::write(path, "w".repeat(size)).unwrap();
}

#[test]
fn ten_thousand_predictions_name_the_model_that_was_loaded() {
    const PREDICTIONS: usize = 10_000;
    here();
    train_served("./served.bin", 100);
    let first = Server::start("served.bin");
    train_served("served.bin", 200);
    let second = Server::start("./served.bin");
    // Nothing is there to be looked at any more.
    fs::remove_file("served.bin").unwrap();
    block_on(async {
        for number in 0..PREDICTIONS {
            let server = if number % 2 == 0 { &first } else { &second };
            server.predict(number).await;
        }
    });
    let trained: Vec<_> = mltrace::history("train_served").unwrap().runs;
    let (new, old) = (&trained[0], &trained[1]);
    let runs = mltrace::history("Server::predict").unwrap().runs;
    assert_eq!(runs.len(), PREDICTIONS);
    for run in runs {
        let writer = if run.outputs[0].name.as_str().starts_with("prediction-100-") { old } else { new };
        let input = &run.inputs[0];
        assert_eq!((run.inputs.len(), input.name.as_str(), input.written_by), (1, "served.bin", Some(writer.id)));
        assert_eq!(Some(&input.version), writer.outputs[0].version.as_ref());
    }
}

#[test]
fn what_is_loaded_may_be_anything_that_names_artifacts() {
    here();
    fs::write("part-a.bin", "a".repeat(100)).unwrap();
    let both = mltrace::loaded(["part-a.bin", "s3://b/part-b"]);
    let declared = mltrace::loaded("nothing-there.bin");
    fs::write("part-a.bin", "changed").unwrap();
    #[mltrace::register(inputs = [both, declared])]
    fn use_them(both: &Loaded, declared: &Loaded) {}
    use_them(&both, &declared);
    let run = crate::run_of("use_them");
    let versions: Vec<_> =
        run.inputs.iter().map(|input| (input.name.as_str(), input.version.is_known_content())).collect();
    assert_eq!(versions, [("part-a.bin", true), ("s3://b/part-b", false), ("nothing-there.bin", false)]);
}
