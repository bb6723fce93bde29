//! `mltrace serve` as a process: what it prints, whom it serves, how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::env::TestEnv;

/// A server that was started and has said where it is.
pub(crate) struct Serving {
    child: Child,
    /// What it printed at its start, as JSON.
    pub(crate) told: serde_json::Value,
}

impl Serving {
    pub(crate) fn start(env: &TestEnv, arguments: &[&str]) -> Self {
        Self::start_in(env, arguments, "/usr/bin:/bin")
    }

    /// Starts a server that finds programs in `path`.
    fn start_in(env: &TestEnv, arguments: &[&str], path: &str) -> Self {
        let mut command = env.std_command(&[&["serve", "--format", "json"], arguments].concat());
        command.env("PATH", path);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, told }
    }

    /// Sends a request and returns the whole response.
    pub(crate) fn send(&self, request: &str, body: &str) -> String {
        let port = self.told["url"].as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let length = body.len();
        write!(stream, "{request}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// Tells the process to end as a service manager does, and returns its exit code.
    fn end(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_records_answers_and_ends_without_a_loss() {
    let env = TestEnv::new();
    let mut serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    assert_eq!((&serving.told["project"], &serving.told["token"]), (&"project".into(), &serde_json::Value::Null));
    let head = "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    let line = r#"{"component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["clean.csv"]}"#;
    assert!(serving.send(head, line).starts_with("HTTP/1.1 200"));
    let page = serving.send("GET /runs HTTP/1.1\r\nhost: localhost", "");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("clean.csv"), "{page}");
    let note = "POST /api/v1/note HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    assert!(serving.send(note, r#"{"run": "latest", "text": "seen"}"#).starts_with("HTTP/1.1 200"));
    assert!(serving.send("GET / HTTP/1.1\r\nhost: evil.example", "").starts_with("HTTP/1.1 403"));
    assert_eq!(serving.end(), Some(0));
    assert_eq!(env.json(&["inspect", "latest"])["notes"][0]["text"], "seen");
}

#[test]
fn what_is_being_told_when_the_server_is_told_to_end_is_taken_and_kept() {
    let env = TestEnv::new();
    let mut serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let port = serving.told["url"].as_str().unwrap().trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let connect = || TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    // A page that listens for news must not keep the server.
    let mut page = connect();
    write!(page, "GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(page.read(&mut [0; 16]).unwrap() > 0, "it listens");
    let line = r#"{"component": "late", "ended_at": "2021-05-01T00:00:00Z"}"#;
    let (first, rest) = line.split_at(10);
    let mut stream = connect();
    let head = "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{first}", line.len()).unwrap();
    // Its head has been read when another request, sent later, is answered.
    assert!(serving.send("GET /api/v1/tags HTTP/1.1\r\nhost: localhost", "").starts_with("HTTP/1.1 200"));
    let begun = std::time::Instant::now();
    let id = serving.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    page.read_to_end(&mut Vec::new()).unwrap();
    assert!(TcpStream::connect(format!("127.0.0.1:{port}")).is_err(), "it takes no more connections");
    stream.write_all(rest.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    assert!(begun.elapsed().as_secs() < 8, "it ends when all is answered: {:?}", begun.elapsed());
    assert_eq!(env.json(&["recent"])["runs"][0]["component"], "late");
}

#[test]
fn a_server_that_others_can_reach_has_a_token() {
    let env = TestEnv::taxi();
    let serving = Serving::start(&env, &["--bind", "0.0.0.0:0", "--allowed-host", "lineage.example"]);
    let token = serving.told["token"].as_str().expect("it made a token");
    assert!(token.len() >= 32 && serving.told["url"].as_str().unwrap().starts_with("http://lineage.example:"));
    let get = "GET /api/v1/tags HTTP/1.1\r\nhost: lineage.example";
    assert!(serving.send(get, "").starts_with("HTTP/1.1 401"));
    assert!(serving.send(&format!("{get}\r\nauthorization: Bearer {token}"), "").starts_with("HTTP/1.1 200"));
}

#[cfg(unix)]
fn permit(env: &TestEnv, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::set_permissions(env.project().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_no_file_of_ones_own_holds_no_token_and_is_not_waited_for() {
    let env = TestEnv::new();
    let refused = |name: &str, why: &str| {
        let told = env.fails(2, &["serve", "--bind", "127.0.0.1:0", "--token-file", name]);
        assert!(told.contains(why), "{name}: {told}");
    };
    assert!(std::process::Command::new("mkfifo").arg(env.project().join("pipe")).status().unwrap().success());
    std::fs::create_dir(env.project().join("folder")).unwrap();
    std::os::unix::fs::symlink("pipe", env.project().join("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(env.project().join("socket")).unwrap();
    refused("pipe", "it is a pipe, a socket or a device");
    refused("link", "it is a pipe, a socket or a device");
    refused("socket", "it is a pipe, a socket or a device");
    refused("/dev/zero", "it is a pipe, a socket or a device");
    refused("/dev/stdin", "it is a pipe, a socket or a device");
    refused("folder", "it is a folder");
    let token = "correct-horse-battery-staple";
    for (mode, why) in [(0o644, "every user"), (0o602, "every user"), (0o660, "a group"), (0o666, "every user")] {
        env.write("token.txt", token);
        permit(&env, "token.txt", mode);
        refused("token.txt", why);
    }
    for (text, why) in [("", "it is empty"), ("\n\n", "at least 16"), ("\0\0\0\0", "at least 16")] {
        env.write("token.txt", text);
        permit(&env, "token.txt", 0o600);
        refused("token.txt", why);
    }
    env.write("token.txt", &"x".repeat(5000));
    permit(&env, "token.txt", 0o600);
    refused("token.txt", "longer than 4096 bytes");
    let huge = std::fs::File::options().write(true).open(env.project().join("token.txt")).unwrap();
    huge.set_len(1 << 40).unwrap();
    refused("token.txt", "longer than 4096 bytes");

    env.write("token.txt", &format!("{token}\n"));
    permit(&env, "token.txt", 0o640);
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0", "--token-file", "token.txt"]);
    let get = "GET /api/v1/tags HTTP/1.1\r\nhost: localhost";
    assert!(serving.send(get, "").starts_with("HTTP/1.1 401"));
    assert!(serving.send(&format!("{get}\r\nauthorization: Bearer {token}"), "").starts_with("HTTP/1.1 200"));
}

#[test]
fn what_cannot_be_served_is_said() {
    let env = TestEnv::new();
    env.write("token.txt", "short");
    #[cfg(unix)]
    permit(&env, "token.txt", 0o600);
    assert!(env.fails(2, &["serve", "--token-file", "token.txt"]).contains("at least 16 characters"));
    assert!(env.fails(1, &["serve", "--token-file", "nothing.txt"]).contains("cannot be read"));
    assert!(env.fails(2, &["serve", "--allowed-host", "*.example"]).contains("neither a host name nor an address"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(env.call(&["serve", "--bind", &address]).stderr.contains("cannot be listened on"));
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn a_browser_is_opened_at_the_pages() {
    use std::os::unix::fs::PermissionsExt as _;

    let env = TestEnv::new();
    env.write("bin/xdg-open", "#!/bin/sh\nprintf '%s' \"$1\" > opened\n");
    let (opener, opened) = (env.project().join("bin/xdg-open"), env.project().join("opened"));
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&opened).status().unwrap().success());
    let (tell, told) = std::sync::mpsc::channel();
    // Reading waits for the one who writes.
    std::thread::spawn(move || tell.send(std::fs::read_to_string(opened)));
    let path = format!("{}:/usr/bin:/bin", opener.parent().unwrap().display());
    let serving = Serving::start_in(&env, &["--bind", "127.0.0.1:0", "--open"], &path);
    let opened = told.recv_timeout(std::time::Duration::from_secs(20)).expect("the browser is opened").unwrap();
    assert_eq!(opened, serving.told["url"].as_str().unwrap());
}
