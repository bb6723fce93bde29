//! Single events and short stories of them, each with the one right answer.

use mltrace_core::model::{LIMIT_NAME, Timestamp};
use mltrace_core::openlineage::Event;
use serde_json::{Value, json};

use crate::orders::trials;
use crate::project::{More as _, Project, event, id, names, time};

fn version(text: &str) -> Value {
    json!({"datasetVersion": text})
}

/// Returns all orders of three events.
fn orders(events: &[Value; 3]) -> Vec<[Value; 3]> {
    let order = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    order.iter().map(|order| order.map(|place: usize| events[place].clone())).collect()
}

#[test]
fn an_event_is_taken_once() {
    let mut project = Project::new();
    let events = trials();
    let first = project.import(&events);
    assert_eq!((first.lines, first.stored, first.known, first.wrong), (11, 11, 0, 0));
    let before = project.export();
    let again = project.import(&events);
    assert_eq!((again.stored, again.known, again.wrong), (0, 11, 0));
    assert_eq!(project.export(), before);
}

#[test]
fn what_can_never_be_read_is_refused_by_its_field() {
    let whole = event("START", "10:00:00", 1, "clean").reads("file", "/a");
    let fault = |change: &dyn Fn(&mut Value)| {
        let mut event = whole.clone();
        change(&mut event);
        Event::parse(&event.to_string()).unwrap_err().to_string()
    };
    assert_eq!(fault(&|event| event["run"]["runId"] = json!("7")), "`run.runId` is not a UUID");
    assert_eq!(fault(&|event| event["run"] = json!({})), "`run.runId` is missing");
    assert_eq!(fault(&|event| event["run"] = json!(3)), "`run` is not an object");
    assert_eq!(fault(&|event| event["job"] = json!({"name": "a"})), "`job.namespace` is missing");
    assert_eq!(fault(&|event| event["job"] = Value::Null), "`job` is not an object");
    assert_eq!(
        fault(&|event| event["eventTime"] = json!("yesterday")),
        "`eventTime` is not a time as RFC 3339 writes it"
    );
    assert_eq!(fault(&|event| event["eventTime"] = Value::Null), "`eventTime` is missing");
    assert_eq!(fault(&|event| event["producer"] = Value::Null), "`producer` is missing");
    assert_eq!(fault(&|event| event["inputs"][0]["name"] = json!(7)), "`inputs[0].name` is not a text");
    assert_eq!(fault(&|event| event["outputs"] = json!({})), "`outputs` is not a list");
    assert_eq!(Event::parse("[]").unwrap_err().to_string(), "the event is not an object");
    assert!(Event::parse("{").unwrap_err().to_string().starts_with("the event is not JSON: "));
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(Event::parse(&deep).unwrap_err().to_string(), "the event is nested deeper than 100 levels");
    // Parsed, its 15 MB would be gigabytes.
    let heavy = format!("{{\"run\":{{\"facets\":{{\"a\":[{}{{}}]}}}}}}", "{\"a\":{}},".repeat(1_700_000));
    assert_eq!(Event::parse(&heavy).unwrap_err().to_string(), "the event holds more values than one event may");
    let mut project = Project::new();
    let report = project.import(&[json!({"a": 1}), whole.clone(), json!([])]);
    assert_eq!((report.stored, report.wrong), (1, 2));
    assert_eq!(report.errors[0], (1, "`producer` is missing".to_owned()));
}

#[test]
fn what_is_not_known_is_taken_and_kept() {
    let mut told = event("SOMETIMES", "10:00:00", 1, "clean").of_run("mine", json!(["anything", {"at": 1.50}]));
    told["run"]["facets"]["errorMessage"] = json!("no object");
    told["run"]["facets"]["parent"] = json!({"run": {"runId": "no id"}});
    told["job"]["facets"]["ownership"] = json!({"_deleted": true, "owners": [{"name": "ada"}]});
    told["inputs"] = Value::Null;
    told["extra"] = json!({});
    let mut project = Project::told(&[told]);
    let run = project.run("clean");
    assert_eq!((&run["status"], &run["parent"], &run["owner"]), (&json!("running"), &Value::Null, &Value::Null));
}

#[test]
fn a_run_is_one_whatever_comes_first() {
    let events = [
        event("COMPLETE", "10:05:00", 1, "clean").writes("file", "/data/clean.csv"),
        event("START", "10:00:00", 1, "clean").reads("file", "/data/raw.csv"),
        event("RUNNING", "10:02:00", 1, "clean"),
    ];
    let told: Vec<Vec<Value>> = orders(&events).iter().map(|events| Project::told(events).export()).collect();
    assert!(told.iter().all(|other| *other == told[0]));
    let mut project = Project::told(&events);
    let run = project.run("clean");
    assert_eq!((&run["started_at"], &run["ended_at"]), (&json!(time("10:00:00")), &json!(time("10:05:00"))));
    assert_eq!((&run["status"], &run["duration_ms"]), (&json!("completed"), &json!(300_000.0)));
    assert_eq!(names(&run, "inputs"), ["/data/raw.csv"]);
}

#[test]
fn what_a_cancelled_run_named_is_no_version() {
    let events = [
        event("START", "10:01:00", 1, "late"),
        event("OTHER", "10:00:00", 1, "late").writes("file", "/data/x.csv"),
        event("ABORT", "10:02:00", 1, "late"),
    ];
    for events in orders(&events) {
        let mut project = Project::told(&events);
        let run = project.run("late");
        assert_eq!((&run["status"], names(&run, "outputs").len()), (&json!("cancelled"), 0));
        assert_eq!(run["started_at"], time("10:01:00"));
    }
}

#[test]
fn a_second_try_is_a_second_run() {
    let mut project = Project::told(&trials());
    let tries = project.runs("clean");
    let told = |run: &Value| (run["id"].clone(), run["status"].clone(), run["error"].clone());
    assert_eq!(told(&tries[0]), (json!(id(1)), json!("failed"), json!("no memory")));
    let second = uuid::Uuid::new_v5(&id(1).parse().unwrap(), time("10:02:00").as_bytes());
    assert_eq!(told(&tries[1]), (json!(second), json!("completed"), Value::Null));
    assert_eq!((names(&tries[0], "outputs").len(), tries.len()), (0, 2));
    assert_eq!(names(&tries[1], "inputs"), ["/data/raw.csv", "/data/more.csv"]);
}

#[test]
fn a_stream_reads_and_writes_as_it_goes_and_never_dies() {
    let mut project = Project::told(&[
        event("START", "10:00:00", 1, "agg")
            .of_job("jobType", json!({"processingType": "STREAMING", "integration": "FLINK"})),
        event("RUNNING", "10:05:00", 1, "agg").reads("kafka://broker:9092", "rides").writes("s3://b", "part-1"),
        event("RUNNING", "10:10:00", 1, "agg").reads("kafka://broker:9092", "rides").writes("s3://b", "part-2"),
        event("COMPLETE", "10:07:00", 2, "early").reads("s3://b", "part-2").writes("s3://b", "x"),
        event("COMPLETE", "10:11:00", 3, "later").reads("s3://b", "part-2").writes("s3://b", "y"),
    ]);
    let run = project.run("agg");
    assert_eq!(run["status"], "running");
    let at = |side: &str, place: usize| run[side][place]["at"].clone();
    assert_eq!([at("inputs", 0), at("inputs", 1)], [time("10:05:00"), time("10:10:00")]);
    assert_eq!([at("outputs", 0), at("outputs", 1)], [time("10:05:00"), time("10:10:00")]);
    assert_eq!(project.run("early")["inputs"][0]["bound"], "unknown_writer");
    assert_eq!(project.run("later")["inputs"][0]["written_by"], id(1));
}

#[test]
fn a_declared_version_is_the_one_that_is_read() {
    let write = |clock, run, told| {
        event("COMPLETE", clock, run, "load").writes("s3://b", "t").of_last(
            "outputs",
            "facets",
            "version",
            version(told),
        )
    };
    let mut project = Project::told(&[
        write("10:00:00", 1, "v17"),
        write("10:10:00", 2, "v18"),
        event("COMPLETE", "10:20:00", 3, "train").reads("s3://b", "t").of_last(
            "inputs",
            "facets",
            "version",
            version("v17"),
        ),
    ]);
    let read = project.run("train")["inputs"][0].clone();
    assert_eq!(
        (&read["bound"], &read["written_by"], &read["version"]),
        (&json!("declaration"), &json!(id(1)), &json!("v:v17"))
    );
}

#[test]
fn a_file_that_is_not_here_is_known_by_its_name() {
    let project = Project::new();
    let root = project.root().to_string_lossy().into_owned();
    let mut project = Project::told(&[event("COMPLETE", "10:00:00", 1, "clean").writes("file", "/data/x.csv")]);
    std::fs::write(project.root().join("later.csv"), "1\n").unwrap();
    let here = project.root().join("later.csv").to_string_lossy().into_owned();
    project.import(&[event("COMPLETE", "10:01:00", 2, "here").writes("file", &here)]);
    let (clean, here) = (project.run("clean"), project.run("here"));
    assert_eq!(
        (names(&clean, "outputs"), &clean["outputs"][0]["version"]),
        (vec!["/data/x.csv".to_owned()], &json!(format!("w:{}", id(1))))
    );
    assert_eq!(
        (names(&here, "outputs"), &here["outputs"][0]["version"]),
        (vec!["later.csv".to_owned()], &json!(format!("w:{}", id(2))))
    );
    assert!(!root.is_empty());
}

#[test]
fn a_table_of_two_names_is_one_trace() {
    let link = json!({"identifiers": [{"namespace": "hive://meta:9083", "name": "default.rides", "type": "TABLE"}]});
    let write = event("COMPLETE", "10:00:00", 1, "load").writes("s3://lake", "rides");
    let read = event("COMPLETE", "10:10:00", 2, "train").writes("s3://lake", "model");
    // Anyone who knows the other name says so: the writer, or the reader.
    for (write, read) in [
        (
            write.clone().of_last("outputs", "facets", "symlinks", link.clone()),
            read.clone().reads("hive://meta:9083", "default.rides"),
        ),
        (
            event("COMPLETE", "10:00:00", 1, "load").writes("hive://meta:9083", "default.rides"),
            read.clone().reads("s3://lake", "rides").of_last("inputs", "facets", "symlinks", link.clone()),
        ),
    ] {
        let mut project = Project::told(&[write, read]);
        assert_eq!(project.run("train")["depends_on"], json!([id(1)]));
    }
}

#[test]
fn a_table_that_has_another_name_now_comes_from_the_old_one() {
    let renamed =
        json!({"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "pg://db", "name": "a.old"}});
    let mut project = Project::told(&[
        event("COMPLETE", "10:00:00", 1, "load").writes("pg://db", "a.old"),
        event("COMPLETE", "10:01:00", 2, "rename").writes("pg://db", "a.new").of_last(
            "outputs",
            "facets",
            "lifecycleStateChange",
            renamed,
        ),
        event("COMPLETE", "10:02:00", 3, "train").reads("pg://db", "a.new").writes("s3://b", "m"),
    ]);
    assert_eq!(project.run("train")["depends_on"], json!([id(2)]));
    assert_eq!(project.run("rename")["depends_on"], json!([id(1)]));
    let trace = project.trace("pg://db/a.new").to_string();
    assert!(trace.contains(&id(1)) && trace.contains(&id(2)), "{trace}");
}

#[test]
fn a_part_of_a_dataset_is_said_beside_the_read() {
    let parts = json!({"inputCondition": {"type": "partition", "partitions": [
        {"identifier": "dt=2026-01-31"}, {"dimensions": {"dt": "2026-02-01", "hour": 3}}]}});
    let told = event("COMPLETE", "10:00:00", 1, "train").reads("s3://b", "t").of_last(
        "inputs",
        "inputFacets",
        "subset",
        parts,
    );
    let read = Project::told(&[told]).run("train")["inputs"][0].clone();
    assert_eq!(read["argument"], "subset dt=2026-01-31, dt=2026-02-01/hour=3");
}

#[test]
fn a_parent_that_sends_nothing_is_not_made_up() {
    let told = event("COMPLETE", "10:00:00", 1, "task")
        .of_run("parent", json!({"run": {"runId": id(9)}, "job": {"namespace": "taxi", "name": "dag"}}));
    let mut project = Project::told(&[told]);
    assert_eq!(project.run("task")["parent"], id(9));
    assert_eq!(project.export().iter().filter(|line| line["type"] == "run").count(), 1);
}

#[test]
fn times_are_read_with_their_zones() {
    let at = |told: &str| {
        let mut told_so = event("COMPLETE", "10:00:00", 1, "clean");
        told_so["eventTime"] = json!(told);
        let mut project = Project::told(&[told_so]);
        let run = project.run("clean");
        (run["ended_at"].as_str().unwrap().to_owned(), run["notes"].as_array().unwrap().len())
    };
    for told in ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00+00:00", "2026-01-31T12:00:00.000000000+02:00"] {
        assert_eq!(at(told), (time("10:00:00"), 0), "{told}");
    }
    assert_eq!(at("2026-01-31T10:00:00.123456789Z"), ("2026-01-31T10:00:00.123456Z".to_owned(), 0));
    assert_eq!(at("2026-01-31T10:00:00"), (time("10:00:00"), 1), "a note says that it is taken as UTC");
}

#[test]
fn a_job_is_called_as_it_is() {
    let odd = format!("a b/c\u{7}\u{202e}{}", "x".repeat(4096));
    let mut project = Project::told(&[event("COMPLETE", "10:00:00", 1, &odd)]);
    let run = project.run(&odd);
    assert_eq!(run["id"], id(1));
    let mut told = event("COMPLETE", "10:00:00", 2, &odd);
    told["job"]["namespace"] = json!("elsewhere");
    project.import(&[told]);
    let component = format!("elsewhere/{odd}");
    assert!(component.len() < LIMIT_NAME);
    assert_eq!(project.run(&component)["id"], id(2));
}

#[test]
fn no_secret_reaches_the_store() {
    let variables = json!({"environmentVariables": [{"name": "DB_PASSWORD", "value": "hunter2"}]});
    let told = event("FAIL", "10:00:00", 1, "load")
        .reads("postgres://ada:hunter2@db:5432", "shop.public.rides")
        .of_job("sql", json!({"query": "copy t from 's3://b' with password='hunter2'"}))
        .of_run("environmentVariables", variables)
        .of_run("errorMessage", json!({"message": "no", "stackTrace": "open(password='hunter2')"}));
    let mut project = Project::told(&[told]);
    let run = project.run("load");
    assert_eq!(names(&run, "inputs"), ["postgres://db:5432/shop.public.rides"]);
    assert!(!run.to_string().contains("hunter2"), "{run:#}");
    let query = "SELECT hash, root, body FROM lineage_event";
    let file = project.home.store.file().unwrap().to_owned();
    let store = rusqlite::Connection::open(file).unwrap();
    let body: Vec<u8> = store.query_row(query, [], |row| row.get(2)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::DeflateDecoder::new(body.as_slice()), &mut text).unwrap();
    assert!(text.contains("errorMessage") && !text.contains("hunter2"), "{text}");
}

#[test]
fn an_event_that_tells_all_takes_the_place_of_those_before() {
    let mode = json!({"processingType": "BATCH", "integration": "X",
        "emissionPattern": {"eventTrigger": "PERIODIC", "eventContentMode": "COMPLETE_SNAPSHOT"}});
    let mut project = Project::told(&[
        event("START", "10:00:00", 1, "agg").of_job("jobType", mode).reads("s3://b", "one"),
        event("RUNNING", "10:01:00", 1, "agg").reads("s3://b", "two"),
        event("COMPLETE", "10:02:00", 1, "agg"),
    ]);
    assert_eq!(names(&project.run("agg"), "inputs"), ["s3://b/two"]);
}

#[test]
fn jobs_and_datasets_alone_are_known_without_a_run() {
    let mut job = event("", "10:00:00", 1, "declared")
        .reads("s3://b", "in")
        .writes("s3://b", "out")
        .of_job("documentation", json!({"description": "later"}));
    job.as_object_mut().unwrap().remove("run");
    let mut dataset = job.clone();
    for gone in ["job", "inputs", "outputs"] {
        dataset.as_object_mut().unwrap().remove(gone);
    }
    dataset["dataset"] = json!({"namespace": "s3://b", "name": "alone", "facets": {}});
    let mut project = Project::told(&[job, dataset]);
    assert_eq!(project.export().iter().filter(|line| line["type"] == "run").count(), 0);
    let component = project.reader().component("declared").unwrap();
    assert_eq!(serde_json::to_value(component).unwrap()["description"], "later");
    for (name, declared_by) in [("in", json!(null)), ("out", json!(["declared"])), ("alone", json!(null))] {
        let trace = project.trace(&format!("s3://b/{name}"));
        assert_eq!((&trace["runs"], &trace["declared_by"]), (&json!([]), &declared_by), "{name}");
    }
    // Once it is read it is something that nobody wrote.
    project.import(&[event("COMPLETE", "10:00:00", 1, "train").reads("s3://b", "out")]);
    assert_eq!(project.trace("s3://b/out")["declared_by"], json!(null));
}

#[test]
fn a_clock_that_is_ahead_binds_no_read_to_a_later_write() {
    let mut project = Project::told(&[
        event("COMPLETE", "11:00:00", 1, "ahead").writes("s3://b", "t"),
        event("COMPLETE", "10:30:00", 2, "train").reads("s3://b", "t").writes("s3://b", "m"),
    ]);
    assert_eq!(project.run("train")["inputs"][0]["bound"], "unknown_writer");
}

#[test]
fn events_of_a_clock_that_is_ahead_are_reported() {
    let mut project = Project::new();
    for (run, minutes, expected) in [(1, 4, 0), (2, 60, 1)] {
        let at = mltrace_core::model::Timestamp(mltrace_core::model::Timestamp::now().0 + minutes * 60_000_000);
        let mut told = event("COMPLETE", "10:00:00", run, "ahead");
        told["eventTime"] = json!(at);
        project.import(&[told]);
        let wrong = mltrace_core::upkeep::doctor(&project.home, false).wrong;
        let said = wrong.iter().filter(|wrong| wrong.starts_with("1 events were dated more than 5 minutes ahead"));
        assert_eq!(said.count(), expected, "{wrong:?}");
        assert_eq!(project.runs("ahead").len(), usize::try_from(run).unwrap());
    }
}

#[test]
fn what_is_said_of_a_run_is_found_with_it() {
    let told = event("COMPLETE", "10:05:00", 1, "clean")
        .writes("s3://b", "t")
        .of_last("outputs", "outputFacets", "outputStatistics", json!({"rowCount": 10, "size": 120}))
        .of_job("ownership", json!({"owners": [{"name": "ada", "type": "MAINTAINER"}, {"name": "bo"}]}))
        .of_job("tags", json!({"tags": [{"key": "etl", "value": "true"}, {"key": "team", "value": "data"}]}))
        .of_job("sourceCodeLocation", json!({"type": "git", "url": "https://h/r/x.py", "repoUrl": "https://h/r", "version": "1f2e3d4c", "path": "dags/x.py"}))
        .of_job("sourceCode", json!({"language": "python", "sourceCode": "print(1)"}))
        .of_run("nominalTime", json!({"nominalStartTime": "2026-01-31T00:00:00Z"}))
        .of_run("processing_engine", json!({"name": "Airflow", "version": "3.3"}))
        .of_run("test", json!({"tests": [{"name": "fresh", "status": "fail", "severity": "warn"}, {"name": "skipped", "status": "skip"}]}));
    let mut project = Project::told(&[told]);
    let run = project.run("clean");
    assert_eq!(run["metrics"].as_array().unwrap().len(), 2);
    assert_eq!(
        run["checks"],
        json!([{"name": "fresh", "outcome": "failed", "severity": "warn", "at": time("10:05:00")}])
    );
    assert_eq!((&run["git"]["commit"], &run["git"]["remote"]), (&json!("1f2e3d4c"), &json!("https://h/r")));
    assert_eq!((&run["code"]["file"], &run["code"]["source"]), (&json!("dags/x.py"), &json!("print(1)")));
    assert_eq!(
        run["params"],
        json!({"nominal_start": "2026-01-31T00:00:00Z", "engine": "Airflow", "engine_version": "3.3"})
    );
    let component = serde_json::to_value(project.reader().component("clean").unwrap()).unwrap();
    assert_eq!((&component["owner"], &component["tags"]), (&json!("ada, bo"), &json!(["etl", "team=data"])));
}

#[test]
fn a_moment_is_kept_to_the_microsecond() {
    let told = "2026-01-31T10:00:00.000001Z".parse::<Timestamp>().unwrap();
    assert_eq!(Event::parse(&event("START", "10:00:00.000001", 1, "x").to_string()).unwrap().at, told);
}

#[test]
fn a_half_of_a_character_is_stored_as_an_unknown_one_and_what_cannot_be_read_is_refused() {
    let mut project = Project::new();
    let failed = |message: &str| {
        let told = json!({"message": "MESSAGE", "programmingLanguage": "python"});
        let event = event("FAIL", "10:00:00", 1, "clean").of_run("errorMessage", told).to_string();
        event.replace("\"MESSAGE\"", message)
    };
    let mut import = |text: String| {
        mltrace_core::ingest::import_events(&project.home, project.store.as_mut(), &mut text.as_bytes(), &mut |_| {})
            .unwrap()
    };
    let report = import(failed("1e999"));
    assert_eq!((report.stored, report.errors.len()), (0, 1), "{report:?}");
    let report = import(failed(r#""no file \udcff.csv""#));
    assert_eq!((report.stored, report.errors.len()), (1, 0), "{report:?}");
    assert_eq!(project.run("clean")["error"], "no file \u{fffd}.csv");
}
