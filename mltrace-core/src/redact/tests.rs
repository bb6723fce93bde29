//! Planted secrets vanish, look-alikes stay.

use std::borrow::Cow;
use std::fmt::Write;

use proptest::prelude::*;

use super::{remote, text, tokens, uri};
use crate::model::{Git, Record};
use crate::redact::record;

/// Letters that look drawn by lot, the same in every run.
struct Lot(u64);

impl Lot {
    fn draw(&mut self, alphabet: &str, count: usize) -> String {
        let letters = alphabet.as_bytes();
        let mut drawn = String::new();
        for _ in 0..count {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            drawn.push(char::from(letters[usize::try_from(self.0 >> 33).unwrap() % letters.len()]));
        }
        drawn
    }
}

const HEX: &str = "0123456789abcdef";
const CAPITAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PLAIN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ADDRESS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// What stands before a secret, the letters of the secret, and how many.
const PLANTED: &[(&str, &str, usize)] = &[
    ("AKIA", CAPITAL, 16),
    ("ASIA", CAPITAL, 16),
    ("AIza", ADDRESS, 35),
    ("ghp_", PLAIN, 36),
    ("gho_", PLAIN, 36),
    ("ghs_", PLAIN, 36),
    ("ghu_", PLAIN, 36),
    ("github_pat_", PLAIN, 82),
    ("glpat-", ADDRESS, 20),
    ("hf_", PLAIN, 34),
    ("sk-", PLAIN, 48),
    ("sk-proj-", ADDRESS, 120),
    ("sk-ant-api03-", ADDRESS, 93),
    ("xoxb-123456789012-1234567890123-", PLAIN, 24),
    ("xoxp-123456789012-", PLAIN, 24),
    ("npm_", PLAIN, 36),
    ("pypi-AgEIcHlwaS5vcmc", ADDRESS, 100),
    ("sk_live_", PLAIN, 24),
    ("dapi", HEX, 32),
    ("gsk_", PLAIN, 52),
    ("Bearer ", PLAIN, 40),
    ("authorization: basic ", PLAIN, 24),
    ("Authorization: Bearer ", ADDRESS, 30),
    ("X-Api-Key: ", HEX, 32),
    ("password=", PLAIN, 9),
    ("DB_PASSWORD=", ADDRESS, 12),
    ("aws_secret_access_key = \"", PLAIN, 40),
    ("\"api_key\": \"", HEX, 20),
    ("\\\"clientSecret\\\": \\\"", PLAIN, 20),
    ("Server=db;User Id=sa;Password=", PLAIN, 12),
    ("AccountName=a;AccountKey=", PLAIN, 86),
    ("--token ", PLAIN, 20),
    ("--password=", PLAIN, 20),
    ("postgres://ada:", PLAIN, 12),
    ("-----BEGIN RSA PRIVATE KEY-----\n", PLAIN, 64),
    ("https://hooks.slack.com/services/", PLAIN, 40),
    ("https://discord.com/api/webhooks/123456789012345678/", ADDRESS, 68),
    ("https://acme.webhook.office.com/webhookb2/", HEX, 40),
    ("https://api.telegram.org/bot1234567890:", PLAIN, 35),
    ("1234567890:", PLAIN, 35),
    ("hvs.", PLAIN, 90),
    ("SK", HEX, 32),
    ("key-", HEX, 32),
    ("ATATT3xFfGF0", ADDRESS, 170),
    ("xai-", PLAIN, 80),
    ("NRAK-", CAPITAL, 27),
    ("lsv2_pt_", HEX, 32),
    ("\"auth\": \"", PLAIN, 24),
    ("client-key-data: ", PLAIN, 60),
    ("\nDB_PW=", PLAIN, 8),
    ("\nmachine h login ada password ", PLAIN, 8),
];

/// Returns tokens of every shape: their random part, and the whole.
fn planted(lot: &mut Lot) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (prefix, alphabet, count) in PLANTED {
        let (count, alphabet) = (*count, *alphabet);
        let secret = lot.draw(alphabet, count);
        let whole = match *prefix {
            "postgres://ada:" => format!("{prefix}{secret}@db.example.org/ml"),
            "-----BEGIN RSA PRIVATE KEY-----\n" => format!("{prefix}{secret}\n-----END RSA PRIVATE KEY-----"),
            _ if prefix.ends_with("\\\"") => format!("{prefix}{secret}\\\""),
            _ if prefix.ends_with('"') => format!("{prefix}{secret}\""),
            _ => format!("{prefix}{secret}"),
        };
        all.push((secret, whole));
    }
    let parts = [17, 60, 43].map(|count| lot.draw(PLAIN, count));
    all.push((parts[1].clone(), format!("eyJ{}.eyJ{}.{}", parts[0], parts[1], parts[2])));
    // Its first part may hold a certificate.
    all.push((parts[1].clone(), format!("eyJ{}.eyJ{}.{}", parts[0].repeat(12), parts[1], parts[2])));
    for name in ["X-Amz-Signature", "X-Goog-Signature", "Signature", "sig", "token", "access_token", "key", "password"]
    {
        let secret = lot.draw(HEX, 32);
        all.push((secret.clone(), format!("https://bucket.example.org/a/b.csv?v=1&{name}={secret}&x=2")));
    }
    all
}

#[test]
fn planted_secrets_vanish_wherever_they_stand() {
    let mut lot = Lot(7);
    let mut count = 0;
    for round in 0..5 {
        for (secret, whole) in planted(&mut lot) {
            for (before, after) in
                [("", ""), ("loaded with ", " at noon"), ("\n  (", ")\n"), ("é→", "…"), ("a,", "\t.")]
            {
                let given = format!("{before}{whole}{after}");
                let found = text(&given);
                assert!(!found.contains(&secret), "round {round}: {given:?} became {found:?}");
                assert!(found.starts_with(before), "{given:?} became {found:?}");
                count += 1;
            }
        }
    }
    assert!(count >= 200, "{count}");
}

#[test]
fn what_surrounds_a_secret_stays() {
    let token = Lot(1).draw(PLAIN, 36);
    for (given, expected) in [
        ("got ghp_§, retrying", "got [redacted], retrying"),
        ("\"ghp_§\"", "\"[redacted]\""),
        ("a\\nghp_§\\nb", "a\\n[redacted]\\nb"),
        ("https://h/x?next%3Dghp_§", "https://h/x?next%3D[redacted]"),
        ("password=§; Encrypt=yes", "password=[redacted]; Encrypt=yes"),
        ("f(user=ada, password=§)", "f(user=ada, password=[redacted])"),
        ("{\"password\": \"§\", \"lr\": 1}", "{\"password\": \"[redacted]\", \"lr\": 1}"),
        ("{\"password\":123456,\"lr\":1}", "{\"password\":[redacted],\"lr\":1}"),
        ("password: \"a\\\"§\"; x", "password: \"[redacted]\"; x"),
        ("os.environ[\"API_KEY\"] = '§'", "os.environ[\"API_KEY\"] = '[redacted]'"),
        ("let secret = b\"§\";", "let secret = b\"[redacted]\";"),
        ("Db { password: Some(\"§\"), port: 1 }", "Db { password: Some(\"[redacted]\"), port: 1 }"),
        ("password: Some(\n    \"§\",\n)", "password: Some(\n    \"[redacted]\",\n)"),
        ("aws_secret_access_key = §\nregion = eu", "aws_secret_access_key = [redacted]\nregion = eu"),
        ("api_key: §, retries: 3", "api_key: [redacted], retries: 3"),
        ("PGPASSWORD=§ psql", "PGPASSWORD=[redacted] psql"),
        ("api_key := \"§\"", "api_key := \"[redacted]\""),
        ("'password' => '§',", "'password' => '[redacted]',"),
        ("curl -H \"Authorization: Bearer §\" x", "curl -H \"Authorization: Bearer [redacted]\" x"),
        ("Authorization: Basic §\nHost: h", "Authorization: Basic [redacted]\nHost: h"),
        ("authorization: §", "authorization: [redacted]"),
        ("\"Authorization\": \"Bearer §\"", "\"Authorization\": \"Bearer [redacted]\""),
        ("PRIVATE-TOKEN: §", "PRIVATE-TOKEN: [redacted]"),
        ("psql --password § -h db", "psql --password [redacted] -h db"),
        ("see postgres://u:§@db:5432/x for", "see postgres://db:5432/x for"),
        ("http://§@h/, https://v@h", "http://h/, https://h"),
        ("mongodb://u:§@a:1,b:2/d?w=1", "mongodb://a:1,b:2/d?w=1"),
        ("redis://:§@h", "redis://h"),
        ("postgres://u:p/§@h/d", "postgres://h/d"),
        ("<https://h/a?sig=§&x=1>", "<https://h/a>"),
        ("https://h/a?x=1&token=§#top", "https://h/a#top"),
        ("https://h/a?x=1#access_token=§&y=1", "https://h/a?x=1"),
        ("https://a/?next=https://u:§@h/x", "https://a/?next=https://h/x"),
        ("jdbc:sqlserver://h;user=u;password=§;x=1", "jdbc:sqlserver://h;user=u;password=[redacted];x=1"),
    ] {
        let given = given.replace('§', &token);
        assert_eq!(text(&given), expected, "{given}");
        assert_eq!(text(&text(&given)), expected, "twice: {given}");
    }
}

#[test]
fn a_line_of_settings_loses_its_value_and_a_type_stays() {
    for name in ["password", "db_pass", "secret", "api_key", "pw"] {
        for (before, after) in
            [("", ""), ("user: ada\n", "\nport: 1"), ("db:\n  - ", "  # of the test"), ("", "\r\nx: y")]
        {
            let given = format!("{before}{name}: hunter{after}");
            assert_eq!(text(&given), given.replace("hunter", "[redacted]"), "{given}");
        }
    }
    for given in ["password: String,", "password: &str", "password: str", "secret: required", "  token: String\n}"] {
        assert_eq!(text(given), given);
    }
}

#[test]
fn a_private_key_goes_to_its_last_line_or_to_the_end() {
    let key = |kind: &str| format!("-----BEGIN {kind}-----\nMIIE\n-----END {kind}-----");
    for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"] {
        assert_eq!(text(&format!("a\n{}\nb", key(kind))), "a\n[redacted]\nb");
    }
    assert_eq!(tokens("x -----BEGIN EC PRIVATE KEY-----\nMIIE"), "x [redacted]");
    let public = key("CERTIFICATE");
    assert_eq!(text(&public), public);
}

#[test]
fn a_uri_loses_credentials_and_signatures_and_nothing_else() {
    for (given, expected) in [
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
        ("s3://bucket/a b?versionId=3", "s3://bucket/a b?versionId=3"),
        ("https://ada:pw@h:8080/a?x=1#f", "https://h:8080/a?x=1#f"),
        ("https://h/a?X-Amz-Date=1&X-Amz-Signature=2", "https://h/a"),
        ("https://h/a?x-goog-credential=1&b=2#f", "https://h/a#f"),
        ("https://h/a?sv=1&se=2&sig=3%3D", "https://h/a"),
        ("https://h/a?tokenizer=bpe&max_tokens=1", "https://h/a?tokenizer=bpe&max_tokens=1"),
        ("abfss://container@account.dfs.core.windows.net/a", "abfss://container@account.dfs.core.windows.net/a"),
        ("abfss://u:pw@account.dfs.core.windows.net/a", "abfss://account.dfs.core.windows.net/a"),
        ("git+ssh://git@h/a@v1", "git+ssh://h/a@v1"),
        ("http://h/@user", "http://h/@user"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("http://h:80/a@b", "http://h:80/a@b"),
        ("ftp://u:p@ss@h/a", "ftp://h/a"),
        ("models:/m/1?token=x", "models:/m/1"),
        ("https://h/?a", "https://h/?a"),
    ] {
        assert_eq!(uri(given), expected);
        assert_eq!(uri(expected), expected);
    }
}

#[test]
fn a_path_keeps_what_looks_like_an_assignment_or_an_address() {
    let token = format!("ghp_{}", Lot(3).draw(PLAIN, 36));
    for path in ["data/token=1/part-0.parquet", "password=x/a", "a/http:/u@b/c", "-----BEGIN x", "--token abc1"] {
        assert!(matches!(tokens(path), Cow::Borrowed(found) if found == path));
    }
    assert_eq!(tokens(&format!("data/{token}/a")), "data/[redacted]/a");
}

#[test]
fn the_source_does_not_tell_what_a_parameter_of_a_secret_name_is() {
    for (source, expected) in [
        (r#"mltrace::param!("password", "hunter2");"#, r#"mltrace::param!("password", "[redacted]");"#),
        ("param!(\n    \"api_key\",\n    \"hunter2\",\n)", "param!(\n    \"api_key\",\n    \"[redacted]\",\n)"),
        (
            r#"run.param("db_password", String::from("hunter2"))"#,
            r#"run.param("db_password", String::from("[redacted]"))"#,
        ),
        (r#"param!("password", password()); f("hunter2")"#, r#"param!("password", password()); f("hunter2")"#),
        (r#"param!("lr", "0.1"); set("password", "hunter2")"#, r#"param!("lr", "0.1"); set("password", "hunter2")"#),
    ] {
        assert_eq!(text(source), expected);
    }
}

/// Text of every day that holds the letters of secrets.
const LOOK_ALIKES: &str = r#"
the token count, max_tokens = 512, pad_token_id=0, cls_token: "[CLS]", tokenizer="bert-base-uncased"
tokenizer.model tokenizer=bpe num_tokens=1000 token_type_ids=[0, 1] eos_token="</s>" special_tokens=["<s>"]
password: &str, password: String, let password = read_password()?; if password == expected { } password != ""
fn login(user: &str, password: &str, api_key: Option<&str>) -> Result<Token, Error>
struct Config { token: String, secret: Secret<String>, credentials: Vec<u8> }
password={password} password=${DB_PASSWORD} password=$DB_PASSWORD password=<password> password=%s password=***
token=token, api_key=config.api_key, password=self.password)
"password": null, "secret": false, "token": ""
the password is required; a secret: keep it simple. Secrets and passwords are never kept
key=id sort_key=name primary_key="id" keys=["a", "b"] monkey=1 partition_key=day public_key="none"
data/token=17/part-0.parquet s3://bucket/key=1/secret=2/file.csv s3://bucket/prefix/password.txt
https://example.org/a?q=1&tokenizer=bpe https://example.org/path@2x.png http://localhost:8080/@user
https://example.org:443/x http://[::1]:80/a mailto:ada@example.org ada@example.org git@github.com:org/repo.git
postgres://{user}:{password}@db/x postgres://db:5432/ml jdbc:postgresql://db/ml?user=ada
risk-model-v2-with-2024-features-and-more task-force-0123456789abcdef sk-learn-pipeline-with-standard-scaler
sk-ant-colony-optimisation-for-routes sk-internationalization-of-everything disk-0123456789abcdefghij
hf_model_repository_name_of_some_length hf_transformersfinetuningpipelinelarge npm_config_registry npm_package_version
pypi-upload-to-the-test-index-and-then-to-production AKIAAAA ASIAN AKIA AIzawa ghp_ ghp_short glpat- xoxo-hugs-and-kisses
eyJ eyJ.eyJ.x eyJhbGciOi file.eyJ.txt bearer of good news and other things Bearer token-authentication-is-used
Authorization: required, authorization: none of this applies, Authorization header, "Authorization": header
2026-11-21T10:07:26Z 550e8400-e29b-41d4-a716-446655440000 b3:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 commit 83baae61804e65cc73a7201a7252750c76066a30
a == b, a != b, a <= b, x => y, x -> y, std::io::Result<()>, C:\Users\ada\token.txt, ::token::, --help, ---
-----BEGIN CERTIFICATE----- MIIB -----END CERTIFICATE----- -----BEGIN PUBLIC KEY----- MIIB -----END PUBLIC KEY-----
--token is a flag, --password takes a word, --api-key <KEY>, --secret [FILE], --tokenizer gpt2, --max-tokens 512
NRAK-short key-value xai-models hvs.file bot1 123456:7 hooks.slack.com/services discord.com/api tskey- SKU-12
PWD=/home/ada OLDPWD=/tmp pwd=. passes=3 n_passes = 2 compass="north" author="Ada" session=3 access=rw
model/checkpoint-1000/pytorch_model.bin experiments/dapi-test/run_7 SG.csv ya29.csv r8_short GOCSPX x-api-version: 2
"#;

#[test]
fn look_alikes_are_untouched() {
    let mut count = 0;
    for line in LOOK_ALIKES.lines().filter(|line| !line.is_empty()) {
        assert!(matches!(text(line), Cow::Borrowed(_)), "{line:?} became {:?}", text(line));
        count += line.split(' ').count();
    }
    assert!(matches!(text(LOOK_ALIKES), Cow::Borrowed(_)));
    assert!(count >= 200, "{count}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_panics_and_nothing_is_cut_inside_a_letter(given in "\\PC{0,200}") {
        let _ = (text(&given), super::shell(&given), uri(&given), tokens(&given), super::super::is_secret_name(&given));
    }

    #[test]
    fn a_token_vanishes_whatever_stands_around_it(
        before in prop::collection::vec(prop::sample::select(PARTS), 0..8),
        after in prop::collection::vec(prop::sample::select(PARTS), 0..8),
    ) {
        let token = format!("ghp_{}", Lot(5).draw(PLAIN, 36));
        let given = format!("{} {token} {}", before.concat(), after.concat());
        for clean in [text(&given), uri(&given), tokens(&given)] {
            prop_assert!(!clean.contains(&token), "{} became {}", given, clean);
        }
    }

    #[test]
    fn what_was_cleaned_stays_as_it_is(parts in prop::collection::vec(prop::sample::select(PARTS), 0..12)) {
        let given = parts.concat();
        for clean in [text, super::shell, uri, tokens] {
            let once = clean(&given).into_owned();
            prop_assert_eq!(clean(&once), &*once, "{} at first", given);
        }
    }

    #[test]
    fn plain_words_are_never_touched(words in prop::collection::vec("[a-z]{1,12}|[0-9]{1,6}", 0..30)) {
        let mut given = String::new();
        for word in &words {
            let _ = write!(given, "{word} ");
        }
        prop_assert!(matches!(text(&given), Cow::Borrowed(_)));
    }
}

const PARTS: &[&str] = &[
    "password",
    "token",
    "=",
    ":",
    "://",
    "@",
    "\"",
    "'",
    "\\",
    "\n",
    " ",
    "é",
    "hunter2",
    "?",
    "&",
    "#",
    "/",
    "--",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "sk-",
    "eyJ",
    ".",
    "a1B2c3D4e5F6g7H8i9",
    "{",
    "}",
    "Authorization",
    "Bearer ",
    "sig",
    "[",
    "]",
    "%3D",
    "$",
    "<",
    ">",
];

#[test]
fn a_text_that_is_clean_in_one_place_is_looked_at_again_in_another() {
    let assigned = "token=Zm9vYmFyYmF6cXV4";
    for _ in 0..3 {
        assert_eq!(tokens(assigned), assigned, "a path may say so");
        assert_eq!(text(assigned), "token=[redacted]");
    }
    // Texts that share a place in the memory of what is clean, and their beginnings and ends.
    for number in 0..1_000 {
        let harmless = format!("features://shop/{number:04}/of-the-day");
        let secret = format!("features://ada:pw@shop/{number:04}/of-the-day");
        assert_eq!(uri(&harmless), harmless);
        assert_eq!(uri(&secret), harmless);
        assert_eq!(uri(&harmless), harmless);
    }
}

#[test]
fn the_address_of_a_remote_loses_its_user_query_and_fragment() {
    for (given, expected) in [
        ("https://u:p@h/x.git", "https://h/x.git"),
        ("ssh://git@h:22/x.git", "ssh://h:22/x.git"),
        ("https://h/x.git#pw", "https://h/x.git"),
        ("https://h/x.git?a=pw#b", "https://h/x.git"),
        ("https://u:p?q#r@h/x.git", "https://h/x.git"),
        ("git@h:org/x.git", "h:org/x.git"),
        ("h:org/x.git", "h:org/x.git"),
        ("git@h:org/x.git#hunter", "h:org/x.git"),
        ("hunter@h:org/x.git?a=hunter", "h:org/x.git"),
        ("/srv/git@home/x.git", "/srv/git@home/x.git"),
        ("../x.git", "../x.git"),
        ("C:\\git\\x", "C:\\git\\x"),
    ] {
        assert_eq!(remote(given), expected);
    }
    // Whoever says it.
    let git = Git { remote: Some("https://u:p@h/x.git#hunter".to_owned()), ..Git::default() };
    let mut said = Record::Git(git);
    record(&mut said);
    assert!(matches!(said, Record::Git(Git { remote: Some(address), .. }) if address == "https://h/x.git"));
}
