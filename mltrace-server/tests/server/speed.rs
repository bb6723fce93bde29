//! How large and how fast: the first load, the graph of 300 runs, a store of 100,000.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

/// What a page may take; a program that is not optimised gets ten times as long.
const ALLOWED: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 50 });

/// Returns the shortest time of five that a page takes.
fn fastest(served: &Served, path: &str) -> Duration {
    let timed = (0..5).map(|_| {
        let begun = Instant::now();
        assert_eq!(served.get(path).status, StatusCode::OK, "{path}");
        begun.elapsed()
    });
    timed.min().unwrap_or_default()
}

/// Returns a run that happened so many seconds after the first.
fn run(second: usize, component: &str, inputs: &[String], outputs: &[String]) -> Value {
    let at = format!(
        "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        1 + second / 2_419_200,
        1 + second / 86_400 % 28,
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    json!({ "component": component, "started_at": at, "ended_at": at, "inputs": inputs, "outputs": outputs })
}

/// Returns a pipeline of `count` steps with joins and edges over many layers.
fn woven(count: usize) -> Vec<Value> {
    let name = |at: usize| format!("data/{at}.csv");
    let step = |at: usize| {
        let back = [1, 3, 7, 40].into_iter().filter(|back| at >= *back && (*back == 1 || at.is_multiple_of(*back)));
        let inputs: Vec<String> = back.map(|back| name(at - back)).collect();
        run(at, &format!("step_{}", at % 12), &inputs, &[name(at)])
    };
    (0..count).map(step).collect()
}

#[test]
fn the_first_load_is_small() {
    let served = Served::with(&woven(60));
    let page = served.get("/");
    let mut bytes = page.text.len();
    for part in page.text.split("/assets/").skip(1) {
        let path = format!("/assets/{}", part.split('"').next().unwrap());
        bytes += served.get(&path).text.len();
    }
    println!("first load: {bytes} bytes");
    assert!(bytes <= 60 << 10, "{bytes} bytes");
}

#[test]
fn three_hundred_runs_are_drawn_in_time_with_no_edge_through_a_box() {
    let served = Served::with(&woven(300));
    let path = "/trace?artifact=data/299.csv&all=1";
    let page = served.get(path).text;
    let boxes: Vec<[f64; 4]> =
        page.split("<rect x").skip(1).map(|rect| ["", "y", "width", "height"].map(|name| number(rect, name))).collect();
    assert_eq!(boxes.len(), 300);
    let mut bends = 0;
    for path in page.split("<path class=\"edge").skip(1) {
        let way = path.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
        for point in trail(way) {
            let met = boxes.iter().any(|[x, y, width, height]| {
                point.0 > x + 0.2 && point.0 < x + width - 0.2 && point.1 > y + 0.2 && point.1 < y + height - 0.2
            });
            assert!(!met, "an edge passes through a box at {point:?}: {way}");
        }
        bends += way.matches('C').count();
    }
    assert!(bends > 100, "the graph is woven");
    let took = fastest(&served, path);
    println!("300 runs, {} boxes, {bends} bends: {took:?}", boxes.len());
    assert!(took < ALLOWED, "{took:?}");
}

fn number(text: &str, name: &str) -> f64 {
    let value = text.split(&format!("{name}=\"")).nth(1).unwrap();
    value.split('"').next().unwrap().parse().unwrap()
}

/// Returns points along the way that a path's `d` describes.
fn trail(way: &str) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let parts = way.split_inclusive(|letter: char| letter.is_ascii_digit()).collect::<String>();
    for part in parts.replace('C', "\nC").replace('H', "\nH").lines() {
        let numbers: Vec<f64> = part[1..].split(' ').map(|number| number.parse().unwrap()).collect();
        let from = points.last().copied().unwrap_or_default();
        match (part.as_bytes()[0], &numbers[..]) {
            (b'M', [x, y]) => points.push((*x, *y)),
            (b'H', [x]) => points.extend((1..=16).map(|step| (from.0 + (x - from.0) * f64::from(step) / 16.0, from.1))),
            (b'C', [ax, ay, bx, by, x, y]) => points.extend((1..=16).map(|step| {
                let t = f64::from(step) / 16.0;
                let u = 1.0 - t;
                let mix = |p: f64, a: f64, b: f64, q: f64| {
                    u * u * u * p + 3.0 * u * u * t * a + 3.0 * u * t * t * b + t * t * t * q
                };
                (mix(from.0, *ax, *bx, *x), mix(from.1, *ay, *by, *y))
            })),
            other => panic!("{other:?}"),
        }
    }
    points
}

#[test]
fn many_runs_of_a_component_share_a_box() {
    let served = Served::with(&woven(300));
    let page = served.get("/trace?artifact=data/299.csv").text;
    assert!(page.matches("<rect x").count() <= 24 && page.contains("Draw every run"));
}

/// Takes a minute: `cargo test --release -p mltrace-server --test server -- speed --include-ignored --nocapture`.
#[test]
#[ignore = "imports 100,000 runs"]
fn pages_of_a_large_store_answer_in_time() {
    let served = Served::new();
    for chunk in 0..100 {
        let lines: Vec<Value> = (0..1000)
            .map(|at| {
                let number = chunk * 1000 + at;
                let name = |number: usize| vec![format!("data/{number}.csv")];
                // Chains of twenty runs.
                let inputs = if number % 20 == 0 { Vec::new() } else { name(number - 1) };
                run(number, &format!("step_{}", number % 20), &inputs, &name(number))
            })
            .collect();
        assert_eq!(served.record(&lines).status, StatusCode::OK);
    }
    let mut late = Vec::new();
    for path in [
        "/",
        "/runs",
        "/runs?q=component:step_7",
        "/runs?q=status:failed",
        "/runs?q=step_7+since:2026-01-01",
        "/outputs",
        "/component?name=step_7",
        "/trace?artifact=data/99999.csv",
        "/run?run=latest",
        "/components",
        "/search?q=9999",
    ] {
        let took = fastest(&served, path);
        println!("{path} {took:?}");
        late.extend((took >= ALLOWED).then_some(path));
    }
    assert!(late.is_empty(), "{late:?} took too long");
}
