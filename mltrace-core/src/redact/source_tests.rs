//! Secrets in source text: what calls, constants and defaults are given, and what only looks like it.

use super::text;

const SECRETS: &str = r#"
let mail = client.password("§");
let mail = Client::new("host").with_password("§").user("ada");
request.bearer_auth("§").send()?
request.basic_auth("ada", Some("§"))
builder.token("§")
builder.api_key(String::from("§")).build()
builder.set_secret(&Zeroizing::new("§".to_owned()))
let key = SecretString::new("§".into());
cmd.env("DB_PASS", "§")
cmd.env("DB_PASS".to_owned(), "§")
map.insert("DB_PASSWORD".to_string(), "§".to_string());
map.insert("DB_PASSWORD".into(), "§".into());
map.insert(String::from("password"), String::from("§"));
let key = ApiKey::new("§", 3);
cmd.env("API_KEY", "§").arg("-v")
std::env::set_var("DB_PASS", "§");
const API_KEY: &str = "§";
static DB_PASS: &'static str = "§";
pub const API_KEY: Option<&str> = Some("§");
let password: String = String::from("§");
let mut password: std::string::String = "§".into();
let password = SecretString::from("§");
let password = "§".to_owned();
let password =\n    "§";
let password = env::var("DB").unwrap_or("§".into());
env::var("DB_PASS").unwrap_or("§".into())
env::var("DB_PASS").ok().filter(|x| x.len() > 1).unwrap_or_else(|| "§".to_string())
std::env::var("DB_PASS")\n        .unwrap_or_else(|_| String::from("§"))
args.password.clone().unwrap_or("§".into())
option_env!("API_KEY").unwrap_or("§")
headers.insert("Authorization", "Bearer §".parse()?);
[("Authorization", "Bearer §".parse()?), ("Accept", "text/plain".parse()?)]
client.header("Authorization", format!("Basic §"))
let header = ("Authorization", format!("Bearer {}", key.len()), "§".to_owned());
let fallback = std::env::var("RELIABILITY_DB_PASS").unwrap_or("§".into());
Login::default().basic_auth("ada", Some("§")).with_password("§");
client.post(url).form(&[("user", "ada"), ("password", "§")])
password: str = "§"
def login(user: str = "ada", password: str = "§"):
os.environ.get("DB_PASS", "§")
os.environ["DB_PASS"] = "§"
os.getenv('DB_PASS', '§')
requests.get(url, auth=("ada", "§"))
requests.get(url, auth=HTTPBasicAuth("ada", "§"))
client = Client(password="§", retries=3)
"#;

const HARMLESS: &str = r#"
client.password(&std::env::var("DB_PASSWORD")?).bearer_auth(env::var("HF_TOKEN").expect("no token in HF_TOKEN"))
let password = rpassword::prompt_password("Password: ")?; let token = get_token("prod/db");
fn password(&self, name: &str) -> &'static str { "x" }
let password: Option<String> = None; let password: &str = &config.password;
parser.add_token("if"); lexer.token_kind("x"); token("let"); tokenizer.encode("a b").tokens("c")
compiler.add_pass("canonicalize").run_pass("inline"); render_pass("shadow");
env::var("DB_PASS").unwrap_or_default(); env::var("DB_PASS").unwrap_or_else(|_| panic!("DB_PASS is not set"));
env::var("MODEL").unwrap_or("resnet".into()); cmd.env("RUST_LOG", "debug").arg("train")
let schema = [("password", "text"), ("user", "text")]; let lr: f64 = f64::from("0.1")
row.get("password"), os.environ.get("DB_PASS"), os.getenv("HOME", "/root"), config.get("token", None)
let name: &str = "ada"; const TITLE: &str = "the token budget"; let label = Some("x");
client.header("Accept", "text/csv").header("Authorization", format!("Bearer {token}"))
"#;

fn lines(table: &str) -> impl Iterator<Item = String> {
    table.lines().filter(|line| !line.is_empty()).map(|line| line.replace("\\n", "\n"))
}

#[test]
fn source_text_does_not_tell_secrets() {
    let mut kept = Vec::new();
    for line in lines(SECRETS) {
        for secret in ["hunter", "hunter 2, (é)"] {
            for (before, after) in [("", ""), ("fn f() {\n    ", "\n}\n")] {
                let given = format!("{before}{}{after}", line.replace('§', secret));
                let found = text(&given);
                if found != given.replace(secret, "[redacted]") {
                    kept.push(format!("{given} became {found}"));
                }
                assert_eq!(text(&found), found);
            }
        }
    }
    assert!(kept.is_empty(), "{}", kept.join("\n"));
}

#[test]
fn source_text_without_secrets_stays() {
    for line in lines(HARMLESS) {
        assert_eq!(text(&line), line);
    }
}

#[test]
fn blocks_of_yaml_and_elements_of_xml_lose_their_secrets() {
    for (given, expected) in [
        ("db:\n  password:\n    hunter\n  port: 1", "db:\n  password:\n    [redacted]\n  port: 1"),
        ("secret: |\n  hunter a\n  hunter b\nport: 1", "secret: |\n  [redacted]\nport: 1"),
        ("- api_key: >-\n    hunter", "- api_key: >-\n    [redacted]"),
        ("<db><password>hunter</password></db>", "<db><password>[redacted]</password></db>"),
        (
            "<property>\n  <name>fs.s3a.secret.key</name>\n  <value>hunter a</value>\n</property>",
            "<property>\n  <name>fs.s3a.secret.key</name>\n  <value>[redacted]</value>\n</property>",
        ),
        (
            "env:\n- name: DB_PASSWORD\n  value: hunter\n- name: LANG\n  value: C",
            "env:\n- name: DB_PASSWORD\n  value: [redacted]\n- name: LANG\n  value: C",
        ),
        ("  - name: \"API_KEY\"\n    value: \"hunter a\"\n", "  - name: \"API_KEY\"\n    value: \"[redacted]\"\n"),
        ("<x:apiKey>\n  hunter a\n</x:apiKey>", "<x:apiKey>\n  [redacted]\n</x:apiKey>"),
    ] {
        assert_eq!(text(given), expected);
        assert_eq!(text(expected), expected);
    }
    for same in [
        "secret:\n  defaultMode: 420\n  items:\n",
        "credentials:\n  - a\n  - b\n",
        "password:\n  required\nuser:\n  x",
        "class A:\n    password: str\n    def f(self):\n        pass",
        "<password/> <password></password> <token>${TOKEN}</token> <title>hunter</title> Vec<Password>x</a>",
        "note: |\n  hunter",
        "<name>fs.s3a.path</name><value>hunter</value> <name>a</name><b/><value>hunter</value>",
        "- name: max_tokens\n  value: 512\n- name: DB_PASSWORD\n  valueFrom:\n    fieldRef: x\nvalue: hunter\n",
    ] {
        assert_eq!(text(same), same);
    }
}
