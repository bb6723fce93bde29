//! Tasks through the API: outputs and feedback come as lines, and the answer is that of the command.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

fn said(kind: &str, id: u32, value: &Value, day: u32) -> Value {
    json!({ "type": kind, "task": "fare", "id": id, "value": value, "at": format!("2021-05-0{day}T00:00:00Z") })
}

#[test]
fn a_task_is_asked_for_by_window() {
    let served = Served::with(&[
        said("output", 1, &json!(10), 3),
        said("output", 2, &json!(7), 4),
        said("feedback", 1, &json!(12), 5),
        said("feedback", 3, &json!(12), 5),
    ]);
    let all = served.ask("/api/v1/tasks");
    let counts = ["outputs", "with_feedback", "without_output"].map(|count| all["tasks"][0][count].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(1)]);
    let days = served.ask("/api/v1/task?name=fare&window_s=86400");
    let mae = |window: &Value| window["metrics"]["mae"].clone();
    assert_eq!(days["windows"].as_array().unwrap().iter().map(mae).collect::<Vec<_>>(), [json!(2.0), Value::Null]);
    let one = served.ask("/api/v1/task?name=fare&since=2021-05-04&metric=mae");
    assert_eq!(one["windows"][0]["metrics"], json!({ "mae": null }));
    assert_eq!(served.ask("/api/v1/trace?artifact=fare:1")["artifact"]["name"], "fare:1");
}

#[test]
fn a_threshold_says_from_which_score_on_an_output_means_yes() {
    let served = Served::with(&[
        said("output", 1, &json!(0.6), 3),
        said("output", 2, &json!(0.9), 3),
        said("feedback", 1, &json!(0), 4),
        said("feedback", 2, &json!(1), 4),
    ]);
    let accuracy = |more: &str| {
        let task = served.ask(&format!("/api/v1/task?name=fare&metric=accuracy{more}"));
        task["windows"][0]["metrics"]["accuracy"].clone()
    };
    assert_eq!(
        [accuracy(""), accuracy("&threshold="), accuracy("&threshold=0.8")],
        [json!(0.5), json!(0.5), json!(1.0)]
    );
    assert!(served.get("/task?name=fare&threshold=0.8").text.contains("<td data-label=\"accuracy\">1</td>"));
}

#[test]
fn what_no_task_has_is_refused() {
    let served = Served::with(&[said("output", 1, &json!(10), 3)]);
    let status = |path: &str| served.get(path).status;
    assert_eq!(status("/api/v1/task?name=tip"), StatusCode::NOT_FOUND);
    for wrong in
        ["metric=roc_auc", "metric=auc", "window_s=0", "window_s=-1", "kind=words", "threshold=much", "threshold=NaN"]
    {
        assert_eq!(status(&format!("/api/v1/task?name=fare&{wrong}")), StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[test]
fn the_pages_of_tasks_say_what_the_answers_do() {
    assert!(Served::new().get("/tasks").text.contains("mltrace log-output TASK ID VALUE"));
    let mut lines = Vec::new();
    for (id, (output, feedback)) in [("<cat>", "<cat>"), ("<cat>", "dog"), ("dog", "dog")].into_iter().enumerate() {
        let id = u32::try_from(id).unwrap();
        lines.push(said("output", id, &json!(output), 3 + id));
        lines.push(said("feedback", id, &json!(feedback), 6));
    }
    let served = Served::with(&lines);
    let page = served.get("/tasks").text;
    assert!(
        page.contains("<a href=\"/task?name=fare\"><bdi class=\"name\">fare</bdi></a></td><td data-label=\"outputs\">3</td><td data-label=\"with feedback\">100 %"),
        "{page}"
    );
    let page = served.get("/task?name=fare").text;
    for said in [
        "classes: 3 outputs, 3 with feedback (100 %).",
        "<td data-label=\"accuracy\">0.666667</td>",
        "&lt;cat&gt;</bdi></td><td data-label=\"feedback\"><bdi class=\"name\">dog",
    ] {
        assert!(page.contains(said), "`{said}` is not in {page}");
    }
    let page = served.get("/task?name=fare&window_s=86400").text;
    let days = ["2021-05-05", "2021-05-04", "2021-05-03"].map(|day| page.find(day).expect(day));
    assert!(days.is_sorted() && page.contains("<strong>by day</strong>") && !page.contains("What became"), "{page}");
    assert_eq!(served.get("/go?q=task+fare").header("location"), "/task?name=fare");
    let wrong = served.get("/task?name=fares");
    assert!(wrong.status == StatusCode::NOT_FOUND && wrong.text.contains("/task?name=fare"), "{}", wrong.text);
}
