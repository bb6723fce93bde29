//! Text that is made to be slow takes no longer than other text.

use std::time::Duration;

use super::scan::shell;
use super::{param, text, tokens, uri};

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
    "</name><value>",
    "name: token\nvalue: ",
    "key: |\n ",
    "pass:\n a ",
    "a_secret '",
    "a_secret \"b ",
    "create secret a_token \"",
    "a_secret  ",
    "cookie=a=",
    "pw('",
    "with_password(",
    "pw(1,",
    "var(\"PW\").unwrap_or(",
    "pw=x ",
    "password ''",
    "password $$ ",
    "password /* ",
    "password N'",
];

/// What stands before and behind what is repeated in JSON, where `N` is a number of its own.
const SLOW_JSON: &[&str] = &[
    "\"a_nameN\":\"passN\",\"a_valueN\":1,§\"a\":1}",
    "\"password\",\"-aN\",3,§0]",
    "\"-p\",{\"left\":\"password\"},§0]",
    "\"a\":1,\"a\":2,§\"a\":1}",
    "\"[\\\"{}\\\"]\",§0]",
];

/// How many times as long as source text such a text may take.
const MOST_TIMES: f64 = 4.0;

/// Returns the time of this thread alone: others work beside it.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

#[test]
fn text_made_to_be_slow_is_not() {
    let took = |part: &str, bytes: usize| {
        // A text without a space is not looked through for commands.
        let long = "x ".to_owned() + &part.repeat(bytes / part.len());
        let started = now();
        let _ = (text(&long).len(), shell(&long).len(), uri(&long).len(), tokens(&long).len());
        now() - started
    };
    let all = now();
    for part in SLOW {
        // Four times as long takes four times as long; quadratic work takes sixteen times as long.
        let is_linear = || {
            let (short, long) = (took(part, 8 << 10), took(part, 32 << 10));
            long < short * 9 + Duration::from_millis(5)
        };
        assert!((0..4).any(|_| is_linear()), "{part:?}");
    }
    let nested = format!("password=a{}{}", "(".repeat(64 * 1024), ")".repeat(64 * 1024));
    let _ = text(&nested).len();
    // Quadratic work would take minutes.
    assert!((now() - all).as_secs() < 60, "{:?}", now() - all);
}

#[test]
fn text_made_to_be_slow_costs_little_more_than_any() {
    let took = |part: &str| {
        let long = "x ".to_owned() + &part.repeat((8 << 10) / part.len());
        let started = now();
        let _ = (text(&long).len(), shell(&long).len());
        (now() - started).as_secs_f64()
    };
    let source = "let rate = config.get(\"rate\", 0.5); // see https://example.org/a?b=1, key: rows, ada@example.org\n";
    for part in SLOW {
        let times = || took(part) / took(source);
        assert!((0..4).any(|_| times() < MOST_TIMES), "{part:?}: {:?}", [times(), times()]);
    }
}

#[test]
fn json_made_to_be_slow_is_not() {
    let of_parts = |part: &str, bytes: usize| {
        let (open, close) = part.split_once('§').unwrap();
        let parts = (0..bytes / part.len()).map(|number| open.replace('N', &number.to_string()));
        let first = if close.ends_with('}') { '{' } else { '[' };
        format!("{first}{}{close}", parts.collect::<String>())
    };
    // Each text in another needs little more room than itself.
    let nested = |_: &str, bytes: usize| {
        let mut text = "1".to_owned();
        while text.len() < bytes {
            text = format!("[\"{}\"]", text.replace('\\', "\\u005c").replace('"', "\\u0022"));
        }
        text
    };
    // What a KiB takes does not grow with the text.
    let is_linear = |part: &str, given: &dyn Fn(&str, usize) -> String| {
        let took = |bytes: usize| {
            let given = given(part, bytes);
            let size = u32::try_from(given.len() >> 10).unwrap();
            let started = now();
            let _ = param("config", given.into());
            (now() - started) / size
        };
        let (short, long) = (took(16 << 10), took(64 << 10));
        long < short * 2 + Duration::from_micros(100)
    };
    for part in SLOW_JSON {
        assert!((0..4).any(|_| is_linear(part, &of_parts)), "{part:?}");
    }
    assert!((0..4).any(|_| is_linear("", &nested)));
}
