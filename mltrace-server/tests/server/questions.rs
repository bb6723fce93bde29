//! The questions of the API.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use mltrace_core::query::percent;
use serde_json::{Value, json};

use crate::client::{Served, TOKEN};

/// Returns `count` runs of `step`, one a minute, each writing `out`.
fn minutes(count: usize) -> Vec<Value> {
    let line = |minute: usize| {
        let at = format!("2021-05-02T{:02}:{:02}:00Z", minute / 60, minute % 60);
        json!({ "component": "step", "started_at": at, "ended_at": at, "outputs": ["out"], "tags": ["etl"] })
    };
    (0..count).map(line).collect()
}

#[test]
fn an_empty_store_answers() {
    let served = Served::new();
    assert!(served.get("/stale").text.contains("Nothing is stale."));
    assert!(served.submit("/verify", &[]).text.contains("No artifacts."));
    assert_eq!(served.ask("/api/v1/recent"), json!({ "runs": [], "next": null }));
    assert_eq!(served.ask("/api/v1/components"), json!({ "components": [] }));
    assert_eq!(served.ask("/api/v1/tags"), json!({ "tags": [] }));
    assert_eq!(served.ask("/api/v1/review")["suspects"], json!([]));
    assert_eq!(served.get("/api/v1/trace?artifact=x").status, StatusCode::NOT_FOUND);
    assert!(!served.folder().join("mltrace.db").exists(), "a question makes no store");
    let page = served.get("/").text;
    assert!(page.contains("Nothing is recorded yet") && page.contains(" http://127.0.0.1:8090/api/v1/runs"), "{page}");
    let guarded = Served::guarded("0.0.0.0:9000", &["lineage.example"], Some(TOKEN));
    let asked = Served::request(Method::GET, "/").header("authorization", format!("Bearer {TOKEN}"));
    let page = guarded.send(asked.body(Body::empty()).unwrap()).text;
    assert!(page.contains("Bearer TOKEN") && page.contains(" http://lineage.example:9000/api/v1/runs"), "{page}");
}

#[test]
fn pages_of_runs_follow_each_other_without_a_gap() {
    let served = Served::with(&minutes(25));
    let mut seen = Vec::new();
    let mut before = String::new();
    loop {
        let page = served.ask(&format!("/api/v1/recent?limit=10{before}"));
        seen.extend(page["runs"].as_array().unwrap().iter().map(|run| run["started_at"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let mut sorted = seen.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (25, &sorted));
}

#[test]
fn pages_of_versions_follow_each_other_without_a_gap() {
    let served = Served::with(&minutes(130));
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = served.ask(&format!("/api/v1/versions?artifact=out&limit=60{before}"));
        seen.extend(page["versions"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap().to_owned()));
        assert_eq!(page["is_cut"], !page["next"].is_null());
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let known: std::collections::HashSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), known.len()), (130, 130));
    let page = served.get("/artifact?name=out").text;
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let last = served.get(&next).text;
    assert!(
        last.matches("name=\"verdict\" value=\"flagged\"").count() == 30 && !last.contains("rel=\"next\""),
        "{last}"
    );
}

#[test]
fn runs_are_filtered() {
    let served = Served::with(&[
        json!({ "component": "a", "owner": "ada", "tags": ["etl"], "ended_at": "2021-05-01T00:00:00Z" }),
        json!({ "component": "b", "owner": "bob", "ended_at": "2021-05-02T00:00:00Z", "error": "no", "status": "failed" }),
        json!({ "component": "c", "owner": "ada", "ended_at": "2021-05-03T00:00:00Z" }),
    ]);
    let found = |query: &str| {
        let answer = served.ask(&format!("/api/v1/recent?{query}"));
        let runs = answer["runs"].as_array().unwrap();
        runs.iter().map(|run| run["component"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(""), "c b a");
    assert_eq!(found("owner=ada"), "c a");
    assert_eq!(found("tag=etl"), "a");
    assert_eq!(found("tag=nothing"), "");
    assert_eq!(found("status=failed&component=&tag="), "b");
    assert_eq!(found("since=2021-05-02&until=2021-05-02T12:00"), "b");
    assert_eq!(found("owner=ada&tag=etl&component=a"), "a");
}

#[test]
fn wrong_questions_are_told_what_is_wrong() {
    let served = Served::with(&minutes(1));
    for (path, message) in [
        ("recent?limit=0", "`limit` is wrong: a limit is from 1 to 500, not `0`"),
        ("recent?limit=501", "`limit` is wrong: a limit is from 1 to 500, not `501`"),
        ("recent?status=gone", "`status` cannot be `gone`"),
        ("recent?since=tomorrow", "`since` is wrong: `tomorrow` is neither a time nor a span such as `2d`"),
        ("recent?unknown=1", "`unknown` is not known here"),
        ("recent?before=zzz", "`before` is wrong: `zzz` is no id of a run"),
        ("trace", "`artifact` is missing"),
        ("trace?artifact=out&depth=-1", "`depth` is wrong: a depth is a whole number from 0, not `-1`"),
        ("history", "`component` is missing"),
        ("names?kind=step", "`kind` cannot be `step`"),
        ("impact", "name one of `artifact`, `run` and `component`"),
    ] {
        let answer = served.get(&format!("/api/v1/{path}"));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(error["message"], message, "{path}");
        assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{path} gets a hint: {error}");
    }
    let page = served.get("/trace?artifact=out&depth=many");
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.text.contains("A depth is a whole number") || page.text.contains("a depth is a whole number"));
}

#[test]
fn what_is_not_there_comes_with_a_way_to_find_it() {
    let served = Served::with(&minutes(1));
    for (path, message, hint) in [
        ("history?component=nothing", "no component is called `nothing`", "`components`"),
        ("component?name=nothing", "no component is called `nothing`", "`components`"),
        ("inspect?run=ffffffff", "no run is called `ffffffff`", "`recent`"),
        ("trace?artifact=nothing", "no artifact is called `nothing`", "`search`"),
        ("versions?artifact=nothing", "no artifact is called `nothing`", "`search`"),
        ("trace?artifact=out@b3:00", "no version is called `out@b3:00`", "`versions NAME`"),
        ("trace?artifact=out&as_of=2001-01-01", "nothing is known of `out` at 2001-01-01T00:00:00Z", "later time"),
        ("diff?a=out", "no other version of `out` was written before it", "as `b`"),
    ] {
        let answer = served.get(&format!("/api/v1/{path}"));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
        let error = &answer.json()["error"];
        assert!(error["message"].as_str().unwrap().starts_with(message), "{path}: {error}");
        assert!(error["hint"].as_str().is_some_and(|told| told.contains(hint)), "{path}: {error}");
    }
}

#[test]
fn what_may_have_been_meant_is_a_click_away() {
    let line = |day: usize, version: &str| {
        json!({ "component": "train", "ended_at": format!("2021-05-0{day}T00:00:00Z"),
            "id": format!("0195e2a1-0000-7000-8000-00000000000{day}"), "outputs": [{ "name": "out/model.json", "version": version }] })
    };
    let served = Served::with(&[line(1, "v:2021-05-01"), line(2, "v:2021-05-02")]);
    for (path, status, candidates, link) in [
        ("trace?artifact=modle.json", 404, json!(["out/model.json"]), "/trace?artifact=out%2Fmodel.json"),
        ("component?name=Trian", 404, json!(["train"]), "/component?name=train"),
        ("trace?artifact=zzz", 404, json!([]), "/"),
        (
            "trace?artifact=out/model.json@2021",
            409,
            json!(["v:2021-05-02", "v:2021-05-01"]),
            "/trace?artifact=out%2Fmodel.json%40v%3A2021-05-01",
        ),
    ] {
        let answer = served.get(&format!("/api/v1/{path}"));
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.json()["error"]["candidates"], candidates, "{path}");
        let page = served.get(&format!("/{path}"));
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert!(page.text.contains(&format!("href=\"{link}\"")), "{path}: {}", page.text);
        assert_eq!(page.text.contains("It may be:"), candidates != json!([]), "{path}: {}", page.text);
        if status == 409 {
            assert_eq!(served.get(link).status, StatusCode::OK);
        }
    }
    let run = served.ask("/api/v1/recent")["runs"][1]["id"].as_str().unwrap().to_owned();
    let several = served.get("/run?run=0195e2a1");
    assert_eq!(several.status, StatusCode::CONFLICT);
    assert!(several.text.contains(&format!("href=\"/run?run={run}\"")), "{}", several.text);
}

#[test]
fn a_version_is_traced_searched_and_listed() {
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-05-01T00:00:00Z", "inputs": ["raw.csv"], "outputs": ["clean.csv"] }),
        json!({ "component": "train", "ended_at": "2021-05-02T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["Model.json"] }),
        json!({ "component": "train", "ended_at": "2021-05-03T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["Model.json"] }),
    ]);
    let trace = served.ask("/api/v1/trace?artifact=Model.json");
    let steps: Vec<_> =
        trace["runs"].as_array().unwrap().iter().map(|run| (&run["component"], &run["depth"])).collect();
    assert_eq!(steps, [(&json!("train"), &json!(0)), (&json!("clean"), &json!(1))]);
    let versions = served.ask("/api/v1/versions?artifact=Model.json");
    assert_eq!(versions["versions"].as_array().unwrap().len(), 2);
    assert_eq!(versions["versions"][0]["written_at"], "2021-05-03T00:00:00Z");
    assert_eq!(served.ask("/api/v1/versions?artifact=Model.json&limit=1")["is_cut"], true);
    assert_eq!(served.ask("/api/v1/search?q=model")["artifacts"], json!(["Model.json"]));
    assert_eq!(served.ask("/api/v1/search?q=TRAI")["components"], json!(["train"]));
    assert_eq!(served.ask("/api/v1/names?kind=artifact&prefix=c")["names"], json!(["clean.csv"]));
}

#[test]
fn the_document_describes_every_route_of_the_api() {
    let served = Served::new();
    let document = served.ask("/api/v1/openapi.json");
    let mut known = std::collections::HashSet::new();
    let is_described =
        |path: &str| path.starts_with("/api/v1/") && !path.ends_with("openapi.json") && !path.ends_with('/');
    for route in served.routes.iter().filter(|route| is_described(route.path)) {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation["summary"].is_string(), "{route:?}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(id.ends_with(route.path.rsplit('/').next().unwrap()) && known.insert(id), "{route:?}: {id}");
        let has_answer = operation["responses"]["2XX"]["content"]["application/json"]["schema"].is_object();
        assert!(has_answer || operation["responses"]["201"]["description"].is_string(), "{route:?}");
    }
    // A program that sends runs learns from the document what it gets back when some lines are wrong.
    let runs = &document["paths"]["/api/v1/runs"]["post"];
    assert_eq!(runs["responses"]["422"], runs["responses"]["2XX"]);
    assert!(runs["requestBody"]["content"]["application/json"].is_object(), "{runs}");
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let run = &document["components"]["schemas"]["Run"]["properties"];
    assert!(run["duration_ms"].is_object() && run["depends_on"].is_object(), "{run}");
    assert!(served.get("/api").text.contains("/api/v1/trace"));
}

#[test]
fn every_page_shows_what_is_recorded() {
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["clean.csv"], "params": { "drop": 1 } }),
        json!({ "component": "train", "started_at": "2021-05-02T00:00:00Z", "ended_at": "2021-05-02T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["m"] }),
        json!({ "component": "clean", "ended_at": "2021-05-03T00:00:00Z", "outputs": ["clean.csv"], "params": { "drop": 2 } }),
        json!({ "component": "train", "started_at": "2021-05-04T00:00:00Z", "ended_at": "2021-05-04T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["m"] }),
    ]);
    for (path, said) in [
        ("/", "train"),
        ("/components", "clean"),
        ("/component?name=train", "2 runs"),
        ("/run?run=latest", "Changed since the run before"),
        ("/trace?artifact=m", "svg"),
        ("/artifact?name=m", "Show what changed upstream"),
        ("/diff?a=m", "parameter <code><bdi class=\"name\">drop</bdi></code>"),
        ("/impact?artifact=clean.csv", "in use"),
        ("/review", "Nothing is flagged"),
        ("/last-good?artifact=m", ": the latest."),
        ("/blame?number=duration&component=train", "Too few runs to say whether duration changed"),
        ("/search?q=cle", "clean.csv"),
        ("/stale", "days ago"),
        ("/verify?artifact=m", "value=\"m\""),
        ("/tags", "No component has a tag yet"),
        ("/aliases", "mltrace alias production NAME"),
        ("/api", "/api/v1/diff"),
    ] {
        let page = served.get(path);
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        assert!(page.text.contains(said), "{path} does not say `{said}`: {}", page.text);
    }
    for (typed, place) in [
        ("trace m", "/trace?artifact=m"),
        ("mltrace history 'train'", "/component?name=train"),
        ("diff a b", "/diff?a=a&b=b"),
        ("diff 'a b' \"c d\"", "/diff?a=a+b&b=c+d"),
        ("trace m --as-of 2d", "/trace?artifact=m&as_of=2d"),
        ("trace m --as-of '2021-05-02 12:07'", "/trace?artifact=m&as_of=2021-05-02+12%3A07"),
        ("history train --since 7d --limit 5", "/runs?component=train&since=7d&limit=5"),
        ("stale", "/stale"),
        ("stale m", "/stale?artifact=m"),
        ("last-good m --as-of 2d", "/last-good?artifact=m&as_of=2d"),
        ("blame duration --component train", "/blame?number=duration&component=train"),
        ("verify", "/verify"),
        ("alias production", "/aliases?name=production"),
        ("compare latest 019a57d0", "/compare?runs=latest%2C019a57d0"),
        ("verify out/m", "/verify?artifact=out%2Fm"),
        ("report m", "/trace?artifact=m"),
        ("flag m", "/trace?artifact=m"),
        ("flag m --reason 'all fives'", "/trace?artifact=m&reason=all+fives"),
        ("flag --ok m", "/trace?artifact=m"),
        ("trace m --depth 2", "/trace?artifact=m&depth=2"),
        ("recent --status failed --since 2d", "/runs?status=failed&since=2d"),
        ("impact --component train --commit 8f14", "/impact?component=train&commit=8f14"),
        ("note latest 'looked at it'", "/run?run=latest&note=looked+at+it#note"),
        ("", "/"),
        ("review", "/review"),
        ("anything else", "/search?q=anything+else"),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
        assert_eq!(served.get(&format!("/go?q={query}")).header("location"), place, "{typed}");
    }
    assert!(served.get("/trace?artifact=m&reason=all+%3Cfives%3E").text.contains("value=\"all &lt;fives&gt;\""));
    assert!(
        served.get("/trace?artifact=m").text.contains("<details class=\"why\"><summary>Say why"),
        "closed until asked"
    );
    assert!(served.get("/run?run=latest&note=looked+at+%3Cit%3E").text.contains(">\nlooked at &lt;it&gt;</textarea>"));
}

#[test]
fn the_page_of_a_component_shows_how_long_its_runs_took() {
    let run = |day: usize, minutes: usize, status: &str| {
        json!({ "component": "train", "started_at": format!("2021-05-{day:02}T00:00:00Z"), "outputs": ["m"],
            "ended_at": format!("2021-05-{day:02}T00:{minutes:02}:00Z"), "status": status, "owner": "ada" })
    };
    let served = Served::with(&[
        run(1, 10, "completed"),
        run(2, 12, "completed"),
        run(3, 10, "failed"),
        run(4, 11, "completed"),
        run(5, 45, "completed"),
    ]);
    let page = served.get("/component?name=train").text;
    assert_eq!((page.matches("mark of-completed").count(), page.matches("cross of-failed").count()), (4, 1));
    assert!(page.contains("The last 5 runs, usually 11 min 0 s; 1 took more than twice as long: <a"), "{page}");
    // What people say of it is kept.
    let said = [("name", "train"), ("owner", "grace"), ("description", "fits the model"), ("tag", "weekly")];
    assert_eq!(served.submit("/component", &said).header("location"), "/component?name=train");
    let told = served.ask("/api/v1/component?name=train");
    assert_eq!(
        (&told["owner"], &told["description"], &told["tags"]),
        (&json!("grace"), &json!("fits the model"), &json!(["weekly"]))
    );
    let page = served.get("/component?name=train").text;
    assert!(page.contains("<option value=\"weekly\">") && page.contains("left empty changes nothing"), "{page}");
    served.submit("/component", &[("name", "train"), ("owner", ""), ("untag", "weekly")]);
    let told = served.ask("/api/v1/component?name=train");
    assert_eq!((&told["owner"], &told["tags"]), (&json!("grace"), &json!([])));
}

/// Returns a chain of `count` steps, whose last writes two bad outputs and each of whose others feeds a good one.
fn chain(count: usize) -> Vec<Value> {
    let at = |place: usize| format!("2021-05-01T{:02}:{:02}:00Z", place / 60, place % 60);
    let mut lines = Vec::new();
    for place in 0..count {
        let (read, written) = (format!("data/{place}"), format!("data/{}", place + 1));
        lines.push(json!({ "component": format!("step_{place}"), "ended_at": at(2 * place), "inputs": [read],
            "outputs": [written] }));
        let (verdict, copies) = if place + 1 == count { ("bad", 2) } else { ("good", 1) };
        for copy in 0..copies {
            lines.push(json!({ "component": "score", "ended_at": at(2 * place + 1), "inputs": [written],
                "outputs": [format!("{verdict}/{place}-{copy}")] }));
        }
    }
    lines
}

#[test]
fn the_review_is_as_long_as_that_of_the_command_unless_told_otherwise() {
    let served = Served::with(&chain(14));
    let good: Vec<String> = (0..13).map(|place| format!("good/{place}-0")).collect();
    assert_eq!(served.post("/api/v1/flag", &json!({ "artifacts": good, "ok": true })).status, StatusCode::OK);
    let bad = json!({ "artifacts": ["bad/13-0", "bad/13-1"] });
    let count = |answer: &Value| answer["suspects"].as_array().unwrap().len();
    assert_eq!(count(&served.post("/api/v1/flag", &bad).json()), 10);
    assert_eq!(count(&served.ask("/api/v1/review")), 10);
    assert_eq!(count(&served.ask("/api/v1/review?limit=12")), 12);
    assert_eq!(served.get("/review").text.matches("<li class=\"suspect\">").count(), 10);
}

#[test]
fn the_review_tells_how_likely_each_suspect_is_and_why() {
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["clean.csv"], "params": { "unit": "gram" } }),
        json!({ "component": "train", "ended_at": "2021-05-02T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["m"] }),
        json!({ "component": "clean", "ended_at": "2021-05-03T00:00:00Z", "outputs": ["clean.csv"], "params": { "unit": "ounce" } }),
        json!({ "component": "train", "ended_at": "2021-05-04T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["m"] }),
        json!({ "component": "clean", "ended_at": "2021-05-05T00:00:00Z", "outputs": ["other.csv"], "params": { "unit": "ounce" } }),
    ]);
    let page = served.get("/run?run=latest").text;
    assert!(page.contains("Still differs from earlier runs") && page.contains("= ounce, before gram"), "{page}");
    let review = served.post("/api/v1/flag", &json!({ "artifacts": ["m"], "reason": "all zero" })).json();
    let suspects = review["suspects"].as_array().unwrap();
    assert_eq!((suspects.len(), suspects[0]["runs"].as_array().unwrap().len()), (1, 2), "{review}");
    let page = served.get("/review").text;
    let share =
        |probability: &Value| format!("<span class=\"share\">{}</span>", percent(probability.as_f64().unwrap()));
    // Once, as that of both runs, and not beside the first as if it were its own.
    let told = format!("{} for one of these 2", share(&suspects[0]["probability"]));
    assert_eq!(page.matches(&told).count(), 1, "{told}: {page}");
    assert!(page.contains(&format!("No recorded run: {}", share(&review["by_chance"]))), "{page}");
    assert_eq!(page.matches("class=\"share\"").count(), 2);
    assert!(page.contains("upstream of 1 of 1 flagged and 0 of 0 ok outputs") && page.contains("= ounce, before gram"));
    served.post("/api/v1/flag", &json!({ "artifacts": ["clean.csv"] }));
    let alone = served.post("/api/v1/unflag", &json!({ "artifacts": ["m"] })).json();
    assert_eq!(alone["suspects"][0]["runs"].as_array().unwrap().len(), 1);
    let page = served.get("/review").text;
    assert!(
        page.contains(&share(&alone["suspects"][0]["probability"])) && !page.contains("for one of these"),
        "{page}"
    );
}

#[test]
fn a_verdict_is_shown_with_its_reason_wherever_its_version_is() {
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["clean.csv"] }),
        json!({ "component": "train", "ended_at": "2021-05-02T00:00:00Z", "inputs": ["clean.csv"], "outputs": ["m"] }),
    ]);
    let flag = [("artifact", "clean.csv"), ("verdict", "flagged"), ("reason", " fares are <zero> "), ("back", "/tags")];
    assert_eq!(served.submit("/flag", &flag).header("location"), "/tags", "nobody is led away");
    for path in ["/trace?artifact=clean.csv", "/artifact?name=clean.csv", "/review", "/run?run=latest"] {
        let page = served.get(path).text;
        assert!(page.contains("<q class=\"reason\">fares are &lt;zero&gt;</q>"), "{path}: {page}");
    }
    let clean = served.ask("/api/v1/history?component=clean")["runs"][0]["id"].as_str().unwrap().to_owned();
    let focus = format!("/trace?artifact=m&focus={clean}");
    for path in [format!("/run?run={clean}"), focus] {
        assert!(served.get(&path).text.contains("fares are &lt;zero&gt;"), "{path}");
    }
    // What a run read can be judged where it is shown, too.
    let page = served.get("/run?run=latest").text;
    let read = page.split("<h2>Read</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
    assert!(read.contains("value=\"ok\"") && read.contains("value=\"none\"") && !read.contains("value=\"flagged\""));
}

#[test]
fn what_is_stale_is_shown_with_why() {
    let served = Served::with(&[
        json!({ "component": "clean", "ended_at": "2021-01-01T00:00:00Z", "outputs": ["table"] }),
        json!({ "component": "train", "ended_at": "2021-05-01T00:00:00Z", "inputs": ["table"], "outputs": ["m"] }),
        json!({ "component": "clean", "ended_at": "2021-05-02T00:00:00Z", "outputs": ["table"] }),
    ]);
    for path in ["/stale", "/stale?artifact=m"] {
        let page = served.get(path).text;
        for said in ["when it ran", "if used now", ">train</bdi>", "wrote a later version of", "See that run"] {
            assert!(page.contains(said), "{path} does not say `{said}`: {page}");
        }
    }
    assert!(
        served.get("/stale?artifact=table").text.contains("days ago"),
        "an old table, made of nothing that is stale"
    );
    assert_eq!(served.get("/stale?artifact=nothing").status, StatusCode::NOT_FOUND);
}

#[test]
fn what_changed_since_the_run_before_is_told_once_and_only_if_it_did() {
    let version = |letter: &str| json!({ "name": "table", "version": format!("b3:{}", letter.repeat(64)) });
    let run = |day: usize, second: Value| {
        json!({ "component": "merge", "ended_at": format!("2021-05-0{day}T00:00:00Z"), "outputs": ["m"],
            "inputs": [version("a"), second], "params": { "lr": 0.1 } })
    };
    let served = Served::with(&[run(1, version("b")), run(2, version("b"))]);
    assert!(
        served.get("/run?run=latest").text.contains("Nothing that is recorded, since"),
        "both were read before too"
    );
    assert_eq!(served.record(&[run(3, version("c"))]).status, StatusCode::OK);
    let page = served.get("/run?run=latest").text;
    assert_eq!(page.matches("input <code title=\"table\"><bdi class=\"name\">table</bdi></code>").count(), 1, "{page}");
    assert!(page.contains("b3:aaaaaaaaaaaa, b3:bbbbbbbbbbbb") && page.contains("b3:aaaaaaaaaaaa, b3:cccccccccccc"));
}
