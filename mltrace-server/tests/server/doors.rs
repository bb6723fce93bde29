//! What clients on a real network cannot do: take the places of others, guess the token, send what is not read.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::client::TOKEN;
use crate::limits::start;

/// Longer than any answer here may take.
const SOON: Duration = Duration::from_secs(20);

/// Connects as a client that has the address 127.0.0.`last`.
async fn connect(server: SocketAddr, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(server).await.unwrap()
}

/// Sends a request and returns the answer as it comes, to its end.
async fn exchange(server: SocketAddr, last: u8, request: &str) -> String {
    let mut stream = connect(server, last).await;
    // A server that has said no may not wait for the rest.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "no end of the answer to {}", &request[..request.len().min(200)]);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// Begins to listen for news; returns the stream, and what the server says first.
async fn listen(server: SocketAddr, last: u8) -> (TcpStream, String) {
    let mut stream = connect(server, last).await;
    stream.write_all(b"GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 256];
    let count = tokio::time::timeout(SOON, stream.read(&mut head)).await.unwrap().unwrap();
    (stream, String::from_utf8_lossy(&head[..count]).into_owned())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn streams_of_news_take_no_place_from_pages_and_a_peer_has_its_share() {
    let (server, _folder) = start(None);
    let mut open = Vec::new();
    for last in 1..=4 {
        for _ in 0..64 {
            let (stream, head) = listen(server, last).await;
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(head.to_lowercase().contains("connection: close"), "no other request takes the place: {head}");
            open.push(stream);
        }
        let (_, head) = listen(server, last).await;
        assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after"), "{head}");
    }
    let (_, head) = listen(server, 5).await;
    assert!(head.starts_with("HTTP/1.1 429"), "all are taken: {head}");
    // As many ordinary connections as there are places are served meanwhile, at the same time.
    let mut pages = Vec::new();
    for _ in 0..256 {
        pages.push(connect(server, 1).await);
    }
    for page in &mut pages {
        page.write_all(get("/tags").as_bytes()).await.unwrap();
    }
    for mut page in pages {
        let mut answer = String::new();
        tokio::time::timeout(SOON, page.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Who goes leaves a place; the server learns of it when the connection ends.
    open.truncate(10);
    let mut head = String::new();
    for _ in 0..100 {
        head = listen(server, 2).await.1;
        if head.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}

fn log_in(token: &str) -> String {
    let body = format!("token={token}");
    format!(
        "POST /login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_and_keeps_nobody_out_elsewhere() {
    let (server, _folder) = start(Some(TOKEN));
    let bearer =
        |token: &str| get("/api/v1/tags").replace("\r\n\r\n", &format!("\r\nauthorization: Bearer {token}\r\n\r\n"));
    let session = exchange(server, 2, &log_in(TOKEN)).await;
    let session = session.split("set-cookie: ").nth(1).expect("a session").split(';').next().unwrap().to_owned();
    let (mut looked_at, mut too_many) = (0, 0);
    for number in 0..300 {
        // Through either door.
        let guess = format!("guess-number-{number:08}");
        let request = if number % 2 == 0 { log_in(&guess) } else { bearer(&guess) };
        let answer = exchange(server, 2, &request).await;
        match &answer[..12] {
            "HTTP/1.1 401" => looked_at += 1,
            "HTTP/1.1 429" => {
                assert!(answer.contains("retry-after: "), "{answer}");
                too_many += 1;
            }
            _ => panic!("{answer}"),
        }
    }
    assert_eq!(looked_at + too_many, 300);
    // Ten, and one more each six seconds that the test may have taken.
    assert!((10..60).contains(&looked_at), "{looked_at}");
    assert!(
        exchange(server, 2, &log_in(TOKEN)).await.starts_with("HTTP/1.1 429"),
        "what is not looked at tells nothing"
    );
    assert!(exchange(server, 3, &bearer(TOKEN)).await.starts_with("HTTP/1.1 200"), "from elsewhere it opens");
    assert!(exchange(server, 3, &log_in(TOKEN)).await.starts_with("HTTP/1.1 303"));
    let asked = get("/tags").replace("\r\n\r\n", &format!("\r\ncookie: {session}\r\n\r\n"));
    assert!(exchange(server, 2, &asked).await.starts_with("HTTP/1.1 200"), "who has a session is not slowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheme_of_a_token_is_written_in_any_case() {
    let (server, _folder) = start(Some(TOKEN));
    for (scheme, status) in [("bearer", 200), ("BEARER", 200), ("Bearer", 200), ("Basic", 401), ("bearer2", 401)] {
        let request = get("/tags").replace("\r\n\r\n", &format!("\r\nauthorization: {scheme} {TOKEN}\r\n\r\n"));
        let answer = exchange(server, 1, &request).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), status == 200, "{scheme}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_sent_drop_by_drop_is_not_waited_for() {
    let (server, _folder) = start(Some(TOKEN));
    let begun = std::time::Instant::now();
    let head = "POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let answer = exchange(server, 1, &format!("{head}content-length: 40\r\n\r\nt")).await;
    assert!(answer.starts_with("HTTP/1.1 5"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_let_in_leaves_the_place_to_who_comes() {
    for token in [None, Some(TOKEN)] {
        let (server, _folder) = start(token);
        let mut idle = Vec::new();
        for number in 0..300 {
            let mut stream = connect(server, 1).await;
            if token.is_some() && number % 2 == 0 {
                // What needs no token lets nobody in.
                let _ = stream.write_all(b"GET /login HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            }
            idle.push(stream);
        }
        let begun = std::time::Instant::now();
        let request = get("/tags").replace("\r\n\r\n", &format!("\r\nauthorization: Bearer {TOKEN}\r\n\r\n"));
        let answer = exchange(server, 2, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    }
}

/// Asks once over a connection; returns whether it may ask again.
async fn ask(stream: &mut TcpStream) -> bool {
    // It is let in, and asks nothing of the store, where each would wait for its turn.
    let request = b"GET /api/v1/nothing HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answer = Vec::new();
    let mut is_open = stream.write_all(request).await.is_ok();
    while is_open && !answer.ends_with(b"}") {
        is_open = stream.read_buf(&mut answer).await.unwrap_or_default() > 0;
    }
    is_open && !String::from_utf8_lossy(&answer).to_lowercase().contains("connection: close")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_asking_shares_the_place_with_who_comes() {
    let (server, _folder) = start(None);
    let mut busy = Vec::new();
    for _ in 0..256 {
        let mut stream = connect(server, 1).await;
        assert!(ask(&mut stream).await);
        busy.push(tokio::spawn(async move { while ask(&mut stream).await {} }));
    }
    for _ in 0..20 {
        let begun = std::time::Instant::now();
        let answer = exchange(server, 2, &get("/api/v1/nothing")).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    }
    busy.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_that_it_is_too_long_is_refused_unread() {
    let (server, _folder) = start(None);
    let head = "HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ";
    for (path, length) in [
        ("/api/v1/runs", "1000000000000"),
        ("/api/v1/runs", "16777217"),
        ("/api/v1/note", "262145"),
        ("/flag", "1000000000000"),
        ("/login", "18446744073709551000"),
    ] {
        // Nothing follows: an answer that waits for the body never comes.
        let answer = exchange(server, 1, &format!("POST {path} {head}{length}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path} {length}: {answer}");
    }
    for length in ["99999999999999999999", "-1", "1 1", "0x10", "+5", ""] {
        let answer = exchange(server, 1, &format!("POST /api/v1/note {head}{length}\r\n\r\n{{}}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{length}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_two_servers_could_read_differently_is_refused() {
    let (server, _folder) = start(None);
    let smuggled = "GET /api/v1/tags HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let post = |headers: &str, body: &str| {
        format!(
            "POST /api/v1/note HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}"
        )
    };
    for (headers, body) in [
        ("content-length: 4\r\ntransfer-encoding: chunked", format!("0\r\n\r\n{smuggled}")),
        ("transfer-encoding: chunked\r\ncontent-length: 4", format!("0\r\n\r\n{smuggled}")),
        ("content-length: 2\r\ncontent-length: 3", format!("{{}}{smuggled}")),
        ("transfer-encoding: gzip", smuggled.to_owned()),
        ("transfer-encoding: chunked, identity", format!("0\r\n\r\n{smuggled}")),
        ("transfer-encoding : chunked", format!("0\r\n\r\n{smuggled}")),
        ("content-length : 2", format!("{{}}{smuggled}")),
        (" folded: 1", smuggled.to_owned()),
        ("x: 1\r\n content-length: 2", format!("{{}}{smuggled}")),
        ("x: \0", smuggled.to_owned()),
        ("x\x7f: 1", smuggled.to_owned()),
        ("transfer-encoding: chunked", format!("zz\r\n\r\n{smuggled}")),
        ("transfer-encoding: chunked", format!("fffffffffffffffff\r\n\r\n{smuggled}")),
    ] {
        let answer = exchange(server, 1, &post(headers, &body)).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{headers:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), usize::from(!answer.is_empty()), "{headers:?}: {answer}");
    }
    // An old client that sends chunks does not know of them.
    let old = post("transfer-encoding: chunked", &format!("0\r\n\r\n{smuggled}")).replacen("HTTP/1.1", "HTTP/1.0", 1);
    assert_eq!(exchange(server, 1, &old).await.matches("HTTP/1.").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_chunks_have_their_limits() {
    let (server, _folder) = start(None);
    let many: String = (0..5000).map(|number| format!("x-{number}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "1".repeat(100 << 10));
    for headers in [many, long] {
        let answer = exchange(server, 1, &format!("GET /tags HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    }
    let long = exchange(server, 1, &get(&format!("/search?q={}", "a".repeat(100 << 10)))).await;
    assert!(long.starts_with("HTTP/1.1 4") || long.is_empty(), "{long}");
    // Chunks without an end: no more of them are read than the limit.
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(server).unwrap();
        stream.set_write_timeout(Some(SOON)).unwrap();
        let head = "POST /api/v1/note HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        let sent = (0..2000).take_while(|_| stream.write_all(chunk.as_bytes()).is_ok()).count();
        let mut answer = [0; 12];
        let read = stream.read(&mut answer).unwrap_or_default();
        tell.send((sent, String::from_utf8_lossy(&answer[..read]).into_owned())).unwrap();
    });
    let (sent, answer) = told.recv_timeout(SOON).expect("the server ends it");
    assert!(sent < 500, "{sent} chunks of 64 KiB were taken");
    assert!(answer.is_empty() || answer == "HTTP/1.1 413", "{answer}");
}
