//! Forms of secrets that stayed on the disk once, and what looks like them.

use serde_json::json;

use super::{arguments, param, text, uri};
use crate::model::{Git, Header, Record};

const X: &str = "hunter7xyzzy";

fn command(line: &str) -> String {
    arguments(line.split(' ')).join(" ")
}

#[test]
fn a_long_option_with_one_dash_is_not_read_by_its_letter() {
    for line in [
        "influx -username ada -password X",
        "mysql -password X",
        "doctl auth init -token X",
        "curl -x u:X@p:1 http://h",
        "curl --proxy http://u:X@p:1 http://h",
        "curl --tlspassword X http://h",
        "curl -E cert.pem:X http://h",
        "mycli -p X",
        "redis-cli CONFIG SET requirepass X",
        "redis-cli config set masterauth X",
    ] {
        let line = line.replace('X', X);
        for told in [command(&line), text(&line).into_owned()] {
            assert!(!told.contains(X), "{line}: {told}");
        }
    }
    assert_eq!(command("mysql -pword1 -u ada"), "mysql -p[redacted] -u ada");
}

#[test]
fn quotes_and_slashes_of_a_shell_belong_to_the_word() {
    for line in [
        r#"mysql -uroot -p"X" db"#,
        r#"mysql -uroot -p"a X" db"#,
        r#"mariadb -p'X' db"#,
        r#"7z a -p"X" a.7z"#,
        r#"rar a -hp"X" a.rar"#,
        r"export DB_PASS=a\;X",
        r"export DB_PASS=a\ X",
        r"mysql --password=a\ X -e 1",
        r"train --password a\&X",
        r"curl -u u:a\ X https://h",
        r"mysql -pa\ X",
        r"PGPASSWORD=a\\X psql",
        r#"PGPASSWORD=${PGPASSWORD:-X} psql"#,
    ] {
        let line = line.replace('X', X);
        let shell = arguments(["sh", "-c", &line]).join(" ");
        let inner = arguments(["ssh", "h", &format!("sh -c {line:?}")]).join(" ");
        let said = format!("it's {line}");
        let failed = format!("`{line}` ended with 1, it's said");
        for told in [shell, inner, text(&said).into_owned(), text(&failed).into_owned()] {
            assert!(!told.contains(X), "{line}: {told}");
        }
        for whole in [json!({ "command": line }).to_string(), format!("{:?}", ["sh", "-c", &line])] {
            assert!(line.contains('\\') || !text(&whole).contains(X), "{whole}: {}", text(&whole));
        }
    }
    let shell = |line: &str| arguments(["sh", "-c", line]).remove(2);
    for (line, expected) in [
        (r#"mysql -p"a b" db"#, r#"mysql -p"[redacted]" db"#),
        (r#"a "--password=b c" d"#, r#"a "--password=[redacted]" d"#),
        (r#"a; DB_PASS="a b"c d"#, r#"a; DB_PASS="[redacted]" d"#),
        (r"a; DB_PASS=a\ b c", r"a; DB_PASS=[redacted] c"),
        (r#"ssh h "mysql -p'a b' db""#, r#"ssh h "mysql -p'[redacted]' db""#),
        (r#"x="$(mysql -pword -e "select 1")" y"#, r#"x="$(mysql -p[redacted] -e "select 1")" y"#),
        (r#"train --password "$DB_PASS" --epochs 3"#, r#"train --password "$DB_PASS" --epochs 3"#),
        (r#"a; # it's --password=b"#, r#"a; # it's --password=[redacted]"#),
    ] {
        assert_eq!(shell(line), expected);
        assert_eq!(shell(expected), expected, "twice");
    }
    for same in [
        r#"awk '{ print $1 " " $2 }' a.csv | sort -k"2" > "b c.csv""#,
        r"cp a\ b.csv c\;d.csv && find . -name '*.csv' -exec rm {} \;",
        r#"python -c "print('a b')" || echo "it's over""#,
        r#"for f in $(ls "a b"); do cat "${f:-x y}"; done"#,
        r#"["-p", "x", "-u", "y"] and C:\Users\ada\a.txt \( \)"#,
    ] {
        assert_eq!((shell(same).as_str(), text(same).as_ref()), (same, same));
    }
}

#[test]
fn a_password_in_an_address_may_hold_any_sign() {
    for sign in ["'", "|", "<", ">", "\"", "`"] {
        for form in
            ["mysql://root:oSX@h/db", "url=mysql://root:aSbX@h.example:3306/db and", "see postgres://u:S1X@[::1]/d"]
        {
            let form = form.replace('S', sign).replace('X', X);
            let told = text(&form);
            assert!(!told.contains(X), "{form}: {told}");
            assert!(!uri(&form).contains(X), "{form}");
        }
    }
    for form in ["url=//root:X@h", "root:X@h:5432/db", "conn root:X@db.example:5432", "//root:X@h.example/db?x=1"] {
        let form = form.replace('X', X);
        let told = text(&form);
        assert!(!told.contains(X), "{form}: {told}");
    }
    for same in [
        "redis:7@sha256:0123456789abcdef0123456789abcdef",
        "at 10:30@room:5",
        "git@h.example:group/name.git",
        "[\"http://h:8080\",\"ada@example.org\"]",
        "<a href='http://h:80'>ada@h</a>",
        "`http://h:80`, mail ada@h",
        "model:latest@v2",
        "pkg:npm/a@1.0.0",
    ] {
        assert_eq!(text(same), same);
    }
}

#[test]
fn a_service_right_before_token_decides() {
    for name in [
        "model_hf_token",
        "training.github_token",
        "logger.github_token",
        "hydra.job.env_set.HF_TOKEN",
        "model_access_token",
    ] {
        assert_eq!(param(name, json!(X)), json!("[redacted]"), "{name}");
        let form = format!("python t.py {name}={X}");
        assert!(!command(&form).contains(X) && !text(&form).contains(X), "{form}");
    }
    for name in ["pad_token", "mask_token", "next_token", "image_start_token"] {
        assert_eq!(param(name, json!(X)), json!(X), "{name}");
    }
}

#[test]
fn a_password_of_digits_is_longer_than_a_count() {
    for form in ["DB_PASS=9876543213", "PASS=987654", "PW=9876543213"] {
        let value = form.split('=').nth(1).unwrap();
        assert!(!text(form).contains(value) && !command(form).contains(value), "{form}");
    }
    assert_eq!(param("db_pass", json!(9_876_543_213_u64)), json!("[redacted]"));
    for same in ["n_passes=3", "pass=3", "passes=1000000", "pass=12345", "auth=true"] {
        assert_eq!((text(same).as_ref(), command(same).as_str()), (same, same));
    }
    assert_eq!((param("pass", json!(3)), param("n_passes", json!(3_000_000))), (json!(3), json!(3_000_000)));
}

#[test]
fn a_name_and_its_value_may_stand_side_by_side() {
    let kept = |value| param("x", value).to_string();
    assert!(!kept(json!({"name": "password", "value": X})).contains(X));
    assert!(!kept(json!([{"key": "API_KEY", "value": X}])).contains(X));
    assert!(!kept(json!([["password", X], ["user", "ada"]])).contains(X));
    for same in [json!({"name": "lr", "value": X}), json!([["user", X]]), json!(["password", "user", "host"])] {
        assert_eq!(param("x", same.clone()), same);
    }
}

#[test]
fn quotes_of_python_may_be_three() {
    for quotes in ["'''", "\"\"\""] {
        let line = format!("password = {quotes}{X} and{quotes}");
        assert!(!text(&line).contains(X) && !arguments(["python", "-c", &line]).concat().contains(X), "{line}");
    }
    assert_eq!(text("password = '' + other"), "password = '' + other");
}

#[test]
fn a_bracket_at_the_end_of_a_secret_is_no_call_and_a_pair_may_begin_a_text() {
    for given in ["DB_PASSWORD=corRect1(", "connect with password=Xy7!k( now", "(\"password\", \"corRect1\")"] {
        let cleaned = text(given);
        assert!(
            cleaned.contains("[redacted]") && !cleaned.contains("corRect1") && !cleaned.contains("Xy7"),
            "{cleaned}"
        );
    }
    assert_eq!(text("password = load(\"x\")"), "password = load(\"x\")");
}

#[test]
fn bearer_with_a_capital_is_a_scheme_in_a_sentence_too() {
    assert_eq!(text("we sent Bearer Zk29xQpL1, then"), "we sent Bearer [redacted], then");
    for kept in
        ["Bearer authentication", "the bearer came 2024 times", "Bearer of 20240101 news", "Bearer tokens-and-more"]
    {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn a_slash_in_the_name_of_a_branch_begins_no_partition() {
    let branch = |name: &str| {
        let mut record = Record::Git(Git { branch: Some(name.to_owned()), ..Git::default() });
        super::record(&mut record);
        match record {
            Record::Git(git) => git.branch.unwrap(),
            _ => unreachable!(),
        }
    };
    assert_eq!(branch(&format!("feature/token={X}9hunter8abcdef77")), "feature/token=[redacted]");
    assert_eq!(branch(&format!("feature/password={X}")), "feature/password=[redacted]");
    assert_eq!([branch("feature/a-b"), branch("main")], ["feature/a-b", "main"]);
}

#[test]
fn the_name_of_a_project_may_be_an_address() {
    for (given, expected) in [
        ("https://ada:X@git.example.org/ml.git", "https://git.example.org/ml.git"),
        ("https://git.example.org/ml.git?private_token=X", "https://git.example.org/ml.git"),
        ("ml password=X", "ml password=[redacted]"),
        ("ml", "ml"),
        ("Token budget, v2 (2024)", "Token budget, v2 (2024)"),
        ("a/b:c@d", "a/b:c@d"),
    ] {
        assert_eq!(super::project(&given.replace('X', X)), expected);
        let mut header = Header { project: given.replace('X', X), ..Header::default() };
        super::header(&mut header);
        assert_eq!(header.project, expected);
    }
}

#[test]
fn a_login_has_any_sign_in_its_password() {
    for password in ["correct horse1", "Tr0ub\\dor8", "a b\tc", "o'neill", "x\\"] {
        for said in ["", "connect ", "--db="] {
            let found = text(&format!("{said}postgresql://u:{password}@h:5432/d now")).into_owned();
            assert_eq!(found, format!("{said}postgresql://h:5432/d now"), "{password}");
        }
    }
    for kept in [
        "redis://cache:main is used by ops@corp",
        "see http://host:8080 and mail ada@example.org/x",
        "file://C:\\data\\x@v1.csv",
    ] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn a_value_in_braces_ends_with_them() {
    for value in ["{Tr0ub&X}", "{a;hunter}", "{ü;1 2}"] {
        let found = text(&format!("Driver={{x}};UID=sa;PWD={value};Encrypt=yes")).into_owned();
        assert_eq!(found, "Driver={x};UID=sa;PWD=[redacted];Encrypt=yes");
    }
    let kept = "f\"Driver={driver};PWD={password};Encrypt=yes\"";
    assert_eq!(text(kept), kept);
}

#[test]
fn an_argument_may_be_json_or_share_a_dash() {
    let found = arguments(["job", "--config", r#"{"passwords":{"bob":"hunter"},"rows":3}"#]);
    assert!(!found.concat().contains("hunter") && found.concat().contains("rows"), "{found:?}");
    assert_eq!(arguments(["curl", "-fsSLuadmin:hunter", "x"]), ["curl", "-fsSLuadmin:[redacted]", "x"]);
    assert_eq!(arguments(["ldapsearch", "-xw", "hunter"]), ["ldapsearch", "-xw", "[redacted]"]);
}
