//! Text that is made to be slow takes no longer than other text.

use std::time::Duration;

use super::scan::shell;
use super::{text, tokens, uri};

/// What a search that begins anew at each letter stumbles over, when it is repeated.
const SLOW: &[&str] = &[
    "key=",
    "key:",
    "key: ",
    "-key=",
    "key==",
    "key='",
    "key=Some(",
    "\"key\":",
    "key=a.",
    "sig=",
    "eos_token=",
    "pass=",
    "pass:",
    "pass=1",
    "auth=",
    "auth:",
    "pw=\"",
    "a_pat=",
    "key=a,",
    "key=(",
    "param(key=",
    "@",
    "a:b@",
    "//a:b@",
    "a://a:b'",
    "'''",
    "pass='''",
    "sk-",
    "xoxb-",
    "eyJ.",
    "a://",
    "a://a:x/",
    "a://?",
    "password=",
    "password='",
    "\"token\":",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY",
    "Authorization:",
    "--token ",
    "\\",
    "bearer ",
    "?",
    "=",
    ":",
    "password={",
    "%3D",
    "http://u:p@",
    "pypi-a",
    "token=\\\"",
    "--token '",
    "-u '",
    "curl -u ",
    "mysql -p ",
    "password='\n",
    "set password ",
    "--a ",
    "machine a login b password ",
    "'a'\"",
    "1:",
    "pass: \n",
    "\"$(",
    "\"$( ",
    "`a ",
    "${",
    "$'a",
    "a\\ ",
    "\\\\",
    "-p\"",
    "-p\" ",
    "-p\\\" ",
    "-p'\n",
    ".",
    ">:",
    "\"a 'b ",
    "'a b'",
    "{\"a\":\"b -p\"",
    "pass=a\\ ",
    ".password(",
    ".password(\"a\"",
    ".password('",
    "x.unwrap_or(",
    "(\"password\",",
    "a: a=",
    "password: &str =",
    "auth=(\"a\",",
    "Some(",
    "password('a' ",
    "password(\"a\", ",
    "<password>",
    "<key>a</key>",
    "key: |\n ",
    "pass:\n a ",
];

#[test]
fn text_made_to_be_slow_is_not() {
    // The time of this thread alone: others work beside it.
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
    };
    let took = |part: &str, bytes: usize| {
        // A text without a space is not looked through for commands.
        let long = "x ".to_owned() + &part.repeat(bytes / part.len());
        let started = now();
        let _ = (text(&long).len(), shell(&long).len(), uri(&long).len(), tokens(&long).len());
        now() - started
    };
    let started = now();
    for part in SLOW {
        // Four times as long takes four times as long; quadratic work takes sixteen times as long.
        let is_linear = || {
            let (short, long) = (took(part, 16 << 10), took(part, 64 << 10));
            long < short * 9 + Duration::from_millis(5)
        };
        assert!((0..4).any(|_| is_linear()), "{part:?}");
    }
    let nested = format!("password=a{}{}", "(".repeat(64 * 1024), ")".repeat(64 * 1024));
    let _ = text(&nested).len();
    // Quadratic work would take minutes.
    assert!((now() - started).as_secs() < 60, "{:?}", now() - started);
}
