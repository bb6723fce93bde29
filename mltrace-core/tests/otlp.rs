//! Spans that OpenTelemetry exports become runs, whether they come in protobuf or in JSON.

#![cfg(feature = "store")]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::time::Instant;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest::{self, ImportReport, SpanReport};
use mltrace_core::model::Record;
use mltrace_core::otlp::Encoding;
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

/// A project in a folder of its own.
struct Project {
    home: Home,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("taxi");
        std::fs::create_dir_all(root.join(".mltrace")).unwrap();
        let home = Home::find(&root, None, &Environment::default());
        let store = store::open(&home, Mode::Write).unwrap();
        Self { home, store, _folder: folder }
    }

    fn import(&mut self, exports: &[Value]) -> ImportReport {
        let text: String = exports.iter().map(|export| format!("{export}\n")).collect();
        ingest::import_spans(&self.home, self.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap()
    }

    /// Returns what a journal holds of an export, and what became of its spans.
    fn records(&self, body: &[u8], encoding: Encoding) -> (Vec<Record>, SpanReport) {
        let mut records = Vec::new();
        let keep = &mut |record, _| {
            records.push(record);
            true
        };
        let report = ingest::spans(&self.home, body, encoding, keep).unwrap();
        (records, report)
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, &self.home.root)
    }

    /// Returns what an export of the store prints.
    fn export(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        let keep = &mut |line| {
            lines.push(line);
            true
        };
        self.reader().export(None, keep).unwrap();
        lines
    }

    /// Returns the run of a component.
    fn run(&mut self, component: &str) -> Value {
        let mut runs = self.export();
        runs.retain(|line| line["component"] == component && line["type"] == "run");
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.pop().unwrap()
    }
}

/// When the first span begins, in nanoseconds.
const START: u64 = 1_769_853_600_000_000_000;

fn attribute(key: &str, value: Value) -> Value {
    json!({"key": key, "value": any(value)})
}

fn any(value: Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(is_so) => json!({"boolValue": is_so}),
        Value::Number(number) if number.is_i64() => json!({"intValue": number.to_string()}),
        Value::Number(number) => json!({"doubleValue": number}),
        Value::Array(items) => json!({"arrayValue": {"values": items.into_iter().map(any).collect::<Vec<_>>()}}),
        Value::Object(fields) => {
            let pairs = fields.into_iter().map(|(key, value)| attribute(&key, value));
            json!({"kvlistValue": {"values": pairs.collect::<Vec<_>>()}})
        }
        Value::Null => json!({}),
    }
}

/// A span of a number, of a second, with these attributes.
fn span(number: u64, name: &str, attributes: Value) -> Value {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let attributes: Vec<Value> = attributes.into_iter().map(|(key, value)| attribute(&key, value)).collect();
    let start = START + number * 1_000_000_000;
    json!({
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{number:016x}"), "name": name, "kind": 1,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 1_000_000_000).to_string(),
        "attributes": attributes, "status": {}, "flags": 257, "traceState": "a=b",
    })
}

/// An export of a service, with these attributes of its resource.
fn export(resource: Value, spans: &[Value]) -> Value {
    let Value::Object(resource) = resource else { panic!("attributes are an object") };
    let resource: Vec<Value> = resource.into_iter().map(|(key, value)| attribute(&key, value)).collect();
    json!({"resourceSpans": [{
        "scopeSpans": [{"scope": {"name": "tests"}, "spans": spans, "schemaUrl": "https://example.test/"}],
        "resource": {"attributes": resource, "droppedAttributesCount": 0},
    }]})
}

/// Returns the number of a field, and how it is written: as what, or as which message.
fn field(message: &str, key: &str) -> Option<(u64, &'static str)> {
    Some(match (message, key) {
        ("export", "resourceSpans") => (1, "of_resource"),
        ("of_resource", "resource") => (1, "resource"),
        ("of_resource", "scopeSpans") => (2, "of_scope"),
        ("of_scope", "spans") => (2, "span"),
        ("span", "traceId") => (1, "hex"),
        ("span", "spanId") => (2, "hex"),
        ("span", "parentSpanId") => (4, "hex"),
        ("span", "traceState") => (3, "text"),
        ("span", "name") => (5, "text"),
        ("span", "kind") => (6, "varint"),
        ("span", "startTimeUnixNano") => (7, "fixed"),
        ("span", "endTimeUnixNano") => (8, "fixed"),
        ("resource", "attributes") => (1, "pair"),
        ("span", "attributes") => (9, "pair"),
        ("span", "events") => (11, "event"),
        ("span", "status") => (15, "status"),
        ("span", "flags") => (16, "fixed32"),
        ("event", "name") => (2, "text"),
        ("event", "attributes") => (3, "pair"),
        ("status", "message") => (2, "text"),
        ("status", "code") => (3, "varint"),
        ("pair", "key") => (1, "text"),
        ("pair", "value") => (2, "any"),
        ("any", "stringValue") => (1, "text"),
        ("any", "boolValue") => (2, "bool"),
        ("any", "intValue") => (3, "varint"),
        ("any", "doubleValue") => (4, "real"),
        ("any", "arrayValue") => (5, "array"),
        ("any", "kvlistValue") => (6, "pairs"),
        ("array", "values") => (1, "any"),
        ("pairs", "values") => (1, "pair"),
        _ => return None,
    })
}

/// Writes an export in protobuf, by the numbers of its fields.
fn protobuf(message: &str, value: &Value) -> Vec<u8> {
    let varint = |mut number: u64, out: &mut Vec<u8>| {
        while number > 0x7f {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    };
    let (mut out, number) = (Vec::new(), |value: &Value| match value {
        Value::String(text) => text.parse::<i64>().unwrap().cast_unsigned(),
        value => value.as_u64().unwrap_or_default(),
    });
    for (key, value) in value.as_object().unwrap() {
        let Some((field, sort)) = field(message, key) else { continue };
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            let bytes = match sort {
                "text" => value.as_str().unwrap().as_bytes().to_vec(),
                "hex" => {
                    let digits = value.as_str().unwrap();
                    (0..digits.len())
                        .step_by(2)
                        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
                        .collect()
                }
                "varint" | "bool" => {
                    varint(field << 3, &mut out);
                    varint(if sort == "bool" { value.as_bool().unwrap().into() } else { number(value) }, &mut out);
                    continue;
                }
                "fixed" | "real" => {
                    varint(field << 3 | 1, &mut out);
                    let real = || value.as_f64().unwrap().to_bits();
                    out.extend(if sort == "real" { real() } else { number(value) }.to_le_bytes());
                    continue;
                }
                "fixed32" => {
                    varint(field << 3 | 5, &mut out);
                    out.extend(u32::try_from(number(value)).unwrap().to_le_bytes());
                    continue;
                }
                message => protobuf(message, value),
            };
            varint(field << 3 | 2, &mut out);
            varint(bytes.len() as u64, &mut out);
            out.extend(bytes);
        }
    }
    out
}

/// All that a span may say, of a service.
fn rich() -> Value {
    let mut failed = span(
        2,
        "train",
        json!({
            "mltrace.inputs": ["s3://lake/clean.csv", "s3://lake/clean.csv"], "mltrace.outputs": "model.bin",
            "lr": 0.5, "epochs": 3, "is_warm": true, "layers": [1, 2], "tuning": {"a": {"b": "c"}}, "offset": -7,
            "vcs.ref.head.revision": "9d59409acf479dfa0df1aa568182e43e43df8bbe",
        }),
    );
    failed["parentSpanId"] = json!(format!("{:016x}", 1));
    failed["status"] = json!({"code": 2, "message": "ValueError: no convergence"});
    let attributes = [("exception.type", "ValueError"), ("exception.message", "no convergence")];
    let attributes: Vec<Value> = attributes.iter().map(|(key, value)| attribute(key, json!(value))).collect();
    failed["events"] = json!([{"name": "log"}, {"name": "exception", "attributes": attributes}]);
    let around = span(1, "pipeline", json!({"mltrace.inputs": []}));
    let resource = json!({"service.name": "rides", "host.name": "far", "process.owner": "ada"});
    export(resource, &[span(3, "GET /", json!({"http.route": "/"})), around, failed])
}

#[test]
fn a_span_says_the_same_in_both_encodings() {
    let project = Project::new();
    let (of_json, report) = project.records(rich().to_string().as_bytes(), Encoding::Json);
    assert_eq!(report, SpanReport { runs: 2, dropped: 1, ..SpanReport::default() });
    assert_eq!(project.records(&protobuf("export", &rich()), Encoding::Protobuf), (of_json, report));
}

#[test]
fn a_span_that_names_inputs_or_outputs_is_a_run() {
    let mut project = Project::new();
    let report = project.import(&[rich()]);
    assert_eq!((report.stored, report.known, report.wrong), (2, 0, 0), "{report:?}");
    let run = project.run("rides/train");
    let around = project.run("rides/pipeline");
    assert_eq!(run["parent"], around["id"]);
    assert_eq!((&run["status"], &run["error"]), (&json!("failed"), &json!("no convergence")));
    assert_eq!((&run["host"], &run["user"]), (&json!("far"), &json!("ada")));
    assert_eq!(run["git"]["commit"], "9d59409acf479dfa0df1aa568182e43e43df8bbe");
    let params =
        json!({"lr": 0.5, "epochs": 3, "is_warm": true, "layers": [1, 2], "tuning": {"a": {"b": "c"}}, "offset": -7});
    assert_eq!(run["params"], params);
    assert_eq!((&run["started_at"], &run["duration_ms"]), (&json!("2026-01-31T10:00:02Z"), &json!(1000.0)));
    assert_eq!(run["inputs"].as_array().unwrap().len(), 1, "{run}");
    assert_eq!(around["status"], "completed");
}

#[test]
fn the_same_spans_in_any_order_change_nothing() {
    let spans: Vec<Value> = (1..5)
        .map(|number| {
            let reads = format!("s3://lake/{}", number - 1);
            let mut made = span(
                number,
                "step",
                json!({"mltrace.inputs": reads, "mltrace.outputs": format!("s3://lake/{number}")}),
            );
            made["parentSpanId"] = json!(format!("{:016x}", number + 1));
            made
        })
        .collect();
    let mut first = Project::new();
    first.import(&[export(json!({}), &spans)]);
    let told = first.export();
    let again = first.import(&[export(json!({}), &spans), export(json!({}), &spans)]);
    assert_eq!((again.stored, again.known), (0, 8));
    assert_eq!(first.export(), told);
    let mut second = Project::new();
    let one_by_one: Vec<Value> = spans.iter().rev().map(|span| export(json!({}), std::slice::from_ref(span))).collect();
    for export in one_by_one {
        second.import(&[export]);
    }
    assert_eq!(second.export(), told);
    let trace = first.reader().trace("s3://lake/4", &TraceOptions::default()).unwrap();
    assert_eq!(trace.runs.len(), 4);
}

#[test]
fn a_clock_that_went_back_says_nothing_of_how_long_it_took() {
    let mut project = Project::new();
    let mut back = span(1, "back", json!({"mltrace.outputs": "a"}));
    back["endTimeUnixNano"] = json!(START);
    let mut open = span(2, "open", json!({"mltrace.outputs": "b"}));
    open.as_object_mut().unwrap().remove("endTimeUnixNano");
    let report = project.import(&[export(json!({}), &[back, open.clone()])]);
    assert_eq!(report.errors, []);
    let run = project.run("back");
    assert_eq!((&run["status"], &run["duration_ms"]), (&json!("completed"), &Value::Null), "{run}");
    assert_eq!(project.run("open")["status"], "running");
    open["endTimeUnixNano"] = json!(START + 3_000_000_000);
    project.import(&[export(json!({}), &[open])]);
    let run = project.run("open");
    assert_eq!((&run["status"], &run["duration_ms"]), (&json!("completed"), &json!(1000.0)), "{run}");
}

#[test]
fn a_component_is_named_as_jobs_of_a_namespace_are() {
    for (service, named, expected) in [
        (Some("rides"), None, "rides/fit"),
        (Some("taxi"), None, "fit"),
        (Some("unknown_service:python"), None, "fit"),
        (None, None, "fit"),
        (Some("rides"), Some("train"), "train"),
    ] {
        let mut project = Project::new();
        let mut attributes = json!({"mltrace.outputs": "model"});
        if let Some(named) = named {
            attributes["mltrace.component"] = named.into();
        }
        let resource = service.map_or(json!({}), |service| json!({"service.name": service}));
        project.import(&[export(resource, &[span(1, "fit", attributes)])]);
        assert_eq!(project.run(expected)["type"], "run");
    }
}

#[test]
fn a_file_of_this_host_has_the_name_that_a_rust_step_gives_it() {
    let mut project = Project::new();
    let path = project.home.root.join("out/model.bin");
    let path = path.to_str().unwrap();
    let of = |number: u64, host: Value| {
        let spans =
            [span(number, &format!("fit {number}"), json!({"mltrace.outputs": [path, format!("file://{path}")]}))];
        export(json!({"host.name": host}), &spans)
    };
    project.import(&[of(1, json!(mltrace_core::host::name().unwrap())), of(2, json!("far"))]);
    assert_eq!(project.run("fit 1")["outputs"][0]["name"], "out/model.bin");
    assert_ne!(project.run("fit 2")["outputs"][0]["name"], "out/model.bin");
}

#[test]
fn no_secret_reaches_a_journal() {
    let project = Project::new();
    let mut told = span(
        1,
        "load from postgres://ada:hunter2hunter2@db/x",
        json!({"mltrace.inputs": "postgres://ada:hunter2hunter2@db/x"}),
    );
    let secrets = json!({"db.password": "hunter2hunter2", "http.url": "https://a/?token=hunter2hunter2",
                         "nested": {"api_key": "hunter2hunter2"}});
    for (key, value) in secrets.as_object().unwrap() {
        told["attributes"].as_array_mut().unwrap().push(attribute(key, value.clone()));
    }
    told["status"] = json!({"code": 2, "message": "cannot log in with password=hunter2hunter2"});
    let body = export(json!({"service.name": "svc", "process.owner": "password=hunter2hunter2"}), &[told]);
    for (body, encoding) in
        [(body.to_string().into_bytes(), Encoding::Json), (protobuf("export", &body), Encoding::Protobuf)]
    {
        let (records, report) = project.records(&body, encoding);
        assert_eq!(report.runs, 1);
        let written = format!("{records:?}");
        assert!(!written.contains("hunter2"), "{written}");
    }
}

#[test]
fn what_can_never_be_taken_is_refused_alone_and_the_rest_lands() {
    let project = Project::new();
    let runs = |number: u64| span(number, "step", json!({"mltrace.outputs": "a"}));
    let with = |number: u64, field: &str, value: Value| {
        let mut span = runs(number);
        span[field] = value;
        span
    };
    let deep = (0..200).fold(json!("end"), |value, _| json!([value]));
    let ahead = (START * 2).to_string();
    for (wrong, reason) in [
        (with(1, "traceId", json!("00000000000000000000000000000000")), "its trace id is not"),
        (with(1, "spanId", json!("00")), "its span id is not"),
        (with(1, "startTimeUnixNano", json!("0")), "it has no start"),
        (with(1, "startTimeUnixNano", json!(ahead)), "more than a day ahead"),
        (with(1, "name", json!("")), "`component` is empty"),
        (span(1, "step", json!({"mltrace.outputs": "a".repeat(10_000)})), "an artifact's name is 10000 bytes long"),
        (span(1, "step", json!({"mltrace.outputs": "a", "deep": deep})), "recursion limit"),
        (span(1, "step", json!({"mltrace.outputs": "a", "wide": vec![1; 60_000]})), "too many values"),
    ] {
        let body = export(json!({}), &[runs(7), wrong, runs(8)]);
        let (_, report) = project.records(&protobuf("export", &body), Encoding::Protobuf);
        assert_eq!((report.runs, report.refused), (2, 1), "{reason}");
        let (_, report) = project.records(body.to_string().as_bytes(), Encoding::Json);
        assert_eq!((report.runs, report.refused), (2, 1), "{reason}");
        assert!(report.reason.as_deref().unwrap().contains(reason), "{report:?}");
    }
}

#[test]
fn what_is_no_export_is_refused_whole_and_nothing_is_kept() {
    let project = Project::new();
    let good = span(1, "step", json!({"mltrace.outputs": "a"}));
    let late =
        json!({"resourceSpans": [{"scopeSpans": [{"spans": [good]}]}, {"scopeSpans": [{"spans": 7}]}]}).to_string();
    let whole = protobuf("export", &rich());
    let cut = &whole[..whole.len() - 1];
    for (body, encoding) in [
        (b"nonsense".as_slice(), Encoding::Protobuf),
        (cut, Encoding::Protobuf),
        (b"nonsense", Encoding::Json),
        (b"[]", Encoding::Json),
        (b"\xff", Encoding::Json),
        (late.as_bytes(), Encoding::Json),
    ] {
        let fault = ingest::spans(&project.home, body, encoding, &mut |_, _| panic!("it is kept")).unwrap_err();
        assert!(fault.to_string().contains("ExportTraceServiceRequest"), "{fault}");
    }
    for body in [&b"{}"[..], br#"{"resourceSpans": null}"#, br#"{"resourceSpans": [{"scopeSpans": [{}]}], "new": 1}"#] {
        assert_eq!(project.records(body, Encoding::Json), (vec![], SpanReport::default()));
    }
    assert_eq!(project.records(b"", Encoding::Protobuf), (vec![], SpanReport::default()));
}

#[test]
fn json_may_write_numbers_keys_and_halves_of_characters_as_clients_do() {
    let mut project = Project::new();
    let text = span(1, "step", json!({})).to_string();
    let text = text.replace("\"attributes\":[]", r#""attributes":[{"key":"mltr\u0061ce.outputs","value":{"stringValue":"a\udcff"}},
        {"key":"n","value":{"intValue":7}},{"key":"r","value":{"doubleValue":"NaN"}},{"key":"b","value":{"bytesValue":"AAEC"}}]"#);
    let text = text.replace("\"1769853601000000000\"", "1769853601000000000").replace("\n", "");
    let line = format!("\u{feff}{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{text}]}}]}}]}}\n\n");
    let report =
        ingest::import_spans(&project.home, project.store.as_mut(), &mut line.as_bytes(), &mut |_| {}).unwrap();
    assert_eq!((report.stored, report.errors), (1, vec![]));
    let run = project.run("step");
    assert_eq!(run["params"], json!({"n": 7, "r": "NaN", "b": "AAEC"}));
    assert_eq!(run["outputs"][0]["name"], "a\u{fffd}");
    assert_eq!(run["started_at"], "2026-01-31T10:00:01Z");
}

/// Prints how many spans a second are read for a journal, beside a parse of the same bytes into values: run it with
/// `--release -- --ignored --nocapture`.
#[test]
#[ignore = "half a million spans, for the figure"]
fn speed() {
    let project = Project::new();
    let spans: Vec<Value> = (1..=10_000)
        .map(|number| {
            let attributes = json!({"mltrace.inputs": [format!("s3://lake/raw/{number}.csv")], "lr": 0.1, "epochs": 3,
                "mltrace.outputs": [format!("s3://lake/clean/{number}.csv")], "http.route": "/rides", "thread.id": 7});
            let others =
                json!({"http.request.method": "GET", "http.route": "/rides", "server.port": 80, "thread.id": 7});
            if number % 2 == 0 { span(number, "clean", attributes) } else { span(number, "GET", others) }
        })
        .collect();
    let body = export(json!({"service.name": "rides"}), &spans);
    let json = body.to_string().into_bytes();
    let raw = protobuf("export", &body);
    let rounds = 50;
    let per_second = |begun: Instant| f64::from(rounds) * 10_000.0 / begun.elapsed().as_secs_f64();
    for (name, body, encoding) in [("protobuf", &raw, Encoding::Protobuf), ("JSON", &json, Encoding::Json)] {
        let begun = Instant::now();
        for _ in 0..rounds {
            let (records, report) = project.records(body, encoding);
            assert_eq!((report.runs, report.dropped, records.len()), (5000, 5000, 10));
        }
        println!("{name}: {:.0} spans a second to the records of a journal", per_second(begun));
    }
    let begun = Instant::now();
    for _ in 0..rounds {
        assert!(serde_json::from_slice::<Value>(&json).unwrap().is_object());
    }
    println!("JSON: {:.0} spans a second parsed alone", per_second(begun));
}
