//! Profiles of tables: recorded by runs, asked for, compared, and carried elsewhere.

use insta::assert_snapshot;

use crate::env::TestEnv;

const MAY: &str = "zone,fare,api_key,paid\nJFK,10.5,k-12345,true\nJFK,20.5,k-67890,true\nEWR,,k-11111,false\n";
const JUNE: &str = "zone,fare,tip\nJFK,100.5,1\nJFK,200.5,2\n";

fn write(env: &TestEnv, name: &str, text: &str) {
    std::fs::write(env.project().join(name), text).unwrap();
}

/// Two versions of a table, recorded by a command's option; both runs write what is there already.
fn told() -> TestEnv {
    let env = TestEnv::new();
    write(&env, "may.csv", MAY);
    env.done(&["run", "--component", "clean", "-o", "rides.csv", "--profile", "--", "cp", "may.csv", "rides.csv"]);
    write(&env, "june.csv", JUNE);
    env.done(&["run", "--component", "clean", "-o", "rides.csv", "--profile", "--", "cp", "june.csv", "rides.csv"]);
    env
}

/// Returns the versions of the table, the last first.
fn versions(env: &TestEnv) -> Vec<String> {
    let runs = env.json(&["history", "clean"]);
    let version = |run: &serde_json::Value| run["outputs"][0]["version"].as_str().unwrap().to_owned();
    runs["runs"].as_array().unwrap().iter().map(version).collect()
}

#[test]
fn a_profile_tells_rows_and_columns_and_no_secret() {
    let env = told();
    let old = format!("rides.csv@{}", versions(&env)[1]);
    let text = env.done(&["profile", &old]);
    let table = text.split_once('\n').unwrap().1;
    assert!(text.contains("csv, 3 rows, 4 columns\n"), "{text}");
    assert_snapshot!(table, @r"
    COLUMN   TYPE     NULL    DISTINCT  MIN   MEDIAN  MAX   MOST FREQUENT
    zone     text     0 %     2                             JFK (2), EWR (1)
    fare     number   33.3 %  2         10.5  10.5    20.5
    api_key  text     0 %     3                             not kept: a name says that it is secret
    paid     boolean  0 %     2                             true (2), false (1)
    ");
    let json = env.json(&["profile", &old]);
    assert_eq!((json["name"].as_str(), json["profile"]["columns"][1]["nulls"].as_u64()), (Some("rides.csv"), Some(1)));
    let all = env.done(&["export"]);
    assert!(!all.contains("k-12345") && all.contains("api_key"), "{all}");
}

#[test]
fn two_versions_are_compared_by_the_size_of_what_changed() {
    let env = told();
    let old = format!("rides.csv@{}", versions(&env)[1]);
    let text = env.done(&["profile", "rides.csv", &old]);
    let differences = text.splitn(3, '\n').nth(2).unwrap();
    assert_snapshot!(differences, @r"
    rows: 3 before, 2 now
    columns that came: tip
    columns that went: api_key, paid
    COLUMN  TYPE    NULL          MEDIAN        PSI     MEAN
    fare    number  33.3 % → 0 %  10.5 → 100.5  17.479  +27.00 sd  moved far
    zone    text    0 %                         2.838              moved far
    ");
    let drift = &env.json(&["profile", "rides.csv", &old])["drift"];
    assert_eq!(drift["came"], serde_json::json!(["tip"]));
    assert!(drift["columns"][0]["psi"].as_f64().unwrap() > 0.25);
}

#[test]
fn what_no_run_told_is_read_from_the_file_while_it_holds_the_version() {
    let env = TestEnv::new();
    write(&env, "rides.csv", MAY);
    env.done(&["log", "--component", "clean", "-o", "rides.csv"]);
    let text = env.done(&["profile", "rides.csv"]);
    assert!(text.contains("3 rows") && text.contains("it was read now, from the file"), "{text}");
    assert!(!env.done(&["export"]).contains("\"profile\""));
    write(&env, "rides.csv", JUNE);
    let version = &versions(&env)[0][..15];
    assert_snapshot!(env.fails(1, &["profile", "rides.csv@latest"]).replace(version, "[VERSION]"), @r"
    error: no profile of `rides.csv@latest` is known ([VERSION])
    hint: have it told with `profile = [x]` in `#[register]`, `--profile` of `log` and `run`, or `[profile]` in `mltrace.toml`; a file that still holds the version is read at once
    ");
}

#[test]
fn a_table_of_parquet_has_a_profile() {
    let env = TestEnv::new();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../mltrace-core/tests/cases/tables/polars.parquet");
    std::fs::copy(table, env.project().join("rides.parquet")).unwrap();
    env.done(&["log", "--component", "clean", "-o", "rides.parquet", "--profile"]);
    let text = env.done(&["profile", "rides.parquet"]);
    let (head, columns) = text.split_once('\n').unwrap();
    assert!(head.ends_with("parquet, 300 rows, 8 columns"), "{head}");
    assert_snapshot!(columns, @r"
    COLUMN  TYPE     NULL    DISTINCT  MIN    MEDIAN  MAX   MOST FREQUENT
    id      integer  0 %     300       0      149     299
    zone    text     14.0 %  4                              JFK (69), EWR (67), LGA (62)
    fare    number   12.3 %  259       2.85   37.61   79.1  14.84 (2), 15.04 (2), 54.26 (2)
    price   number   10.3 %  246       -4.99  0.26    4.98  -0.20 (2), -0.27 (2), -1.24 (2)
    paid    boolean  9.3 %   2                              true (210), false (62)
    day     date     11.7 %  40                             2021-05-28 (13), 2021-05-18 (11), 2021-05-25 (11)
    at      date     6.7 %   50                             2021-05-03T10:00:01 (9), 2021-05-03T10:00:24 (9), 2021-05-03T10:00:41 (9)
    seats   integer  11.7 %  6         1      4       6     3 (50), 5 (47), 6 (46)
    ");
    assert_eq!(env.json(&["profile", "rides.parquet"])["is_read_now"], false);
}

#[test]
fn settings_say_which_tables_have_profiles_and_how_far_they_are_read() {
    let env = TestEnv::new();
    write(&env, "mltrace.toml", "[profile]\nartifacts = [\"in/*.csv\"]\nbytes = 60\n");
    std::fs::create_dir(env.project().join("in")).unwrap();
    write(&env, "in/rides.csv", MAY);
    write(&env, "rides.csv", MAY);
    env.done(&["log", "--component", "load", "-i", "in/rides.csv", "-o", "rides.csv"]);
    let json = env.json(&["profile", "in/rides.csv"]);
    assert_eq!((json["is_read_now"].as_bool(), json["profile"]["is_whole"].as_bool()), (Some(false), Some(false)));
    assert!(env.done(&["profile", "in/rides.csv"]).contains("the rest was not read"));
    let compared = env.done(&["profile", "in/rides.csv", "in/rides.csv"]);
    assert!(compared.contains("neither table was read as a whole"), "{compared}");
    assert!(env.done(&["config"]).contains("in/*.csv"));
}

#[test]
fn profiles_survive_an_export_and_an_import_and_the_fuller_one_counts() {
    let env = told();
    let exported = env.done(&["export"]);
    let other = TestEnv::new();
    other.call_with_input(&["import", "-"], &exported);
    let again = other.done(&["export"]);
    let profiles = |text: &str| -> Vec<String> {
        let mut lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.retain(|line| line["type"] == "profile");
        lines.iter().map(|line| format!("{}{}", line["version"], line["profile"])).collect()
    };
    assert_eq!(profiles(&exported).len(), 2);
    assert_eq!(profiles(&exported), profiles(&again));
    let line = exported.lines().find(|line| line.contains("\"type\":\"profile\"") && line.contains("api_key")).unwrap();
    let more = line.replace("\"rows\":3", "\"rows\":7");
    let cut = more.replace("\"is_whole\":true", "\"is_whole\":false").replace("\"rows\":7", "\"rows\":9");
    assert!(other.call_with_input(&["import", "-"], &cut).stdout.contains("known"));
    assert!(!other.done(&["export"]).contains("\"rows\":9"), "what is cut stands for nothing whole");
    other.call_with_input(&["import", "-"], &more);
    assert!(other.done(&["export"]).contains("\"rows\":7"));
    other.call_with_input(&["import", "-"], line);
    assert!(other.done(&["export"]).contains("\"rows\":7"), "the fuller one counts");
    let impossible = line.replace("\"rows\":3", "\"rows\":2");
    let refused = other.call_with_input(&["import", "-"], &impossible).stderr;
    assert!(refused.contains("counts 3 values and nulls in 2 rows"), "{refused}");
    let wrong = line.replace("\"csv\"", "\"clay\"");
    assert!(other.call_with_input(&["import", "-"], &wrong).stderr.contains("clay"));
}

#[test]
fn a_table_that_is_not_as_expected_fails_a_check_of_the_run_that_wrote_it() {
    let env = TestEnv::new();
    let settings = "[profile.expect.\"rides.csv\"]\nseverity = \"warn\"\n
                    [profile.expect.\"rides.csv\".columns]\nfare = { type = \"number\", max = 50, nulls = 0.5 }
                    zone = { values = [\"JFK\", \"EWR\"] }\n";
    write(&env, "mltrace.toml", settings);
    write(&env, "rides.csv", MAY);
    env.done(&["log", "--component", "clean", "-o", "rides.csv"]);
    assert_eq!(env.json(&["checks", "--failed"])["checks"], serde_json::json!([]));
    for _ in 0..2 {
        write(&env, "rides.csv", JUNE);
        env.done(&["log", "--component", "clean", "-o", "rides.csv"]);
        let failed = env.json(&["checks", "--failed", "--limit", "1"]);
        let of: Vec<_> = failed["checks"].as_array().unwrap().iter().map(|check| check["name"].clone()).collect();
        assert_eq!(of, ["schema", "schema:fare"], "{failed}");
        let check = &failed["checks"][1];
        let told = ["about", "severity", "message"].map(|field| check[field].as_str().unwrap().to_owned());
        assert_eq!(told, ["rides.csv", "warn", "its greatest number is 200.5; `max = 200.5` allows that"]);
    }
    let version = |env: &TestEnv| env.json(&["checks", "--limit", "1"])["checks"][0]["message"].to_string();
    let before = version(&env);
    write(&env, "mltrace.toml", &settings.replace("50", "60"));
    env.done(&["log", "--component", "clean", "-o", "rides.csv"]);
    assert_ne!(version(&env), before, "another expectation is another schema");
}

#[test]
fn what_is_no_table_has_not_passed_what_is_expected_of_it() {
    let env = TestEnv::new();
    let expect = |name: &str| format!("[profile.expect.\"{name}\".columns]\nfare = {{}}\n");
    let settings: String = ["rides.csv", "rides.ndjson", "rides.parquet", "rides.bin"].map(expect).concat();
    write(&env, "mltrace.toml", &settings);
    for (name, text, why) in [
        ("rides.csv", "a\0b\n", "it is not text"),
        ("rides.ndjson", "no row\n", "its first line is no JSON object"),
        ("rides.parquet", "", "the file is empty"),
        ("rides.parquet", "PAR1 and no end", "it is no Parquet file, or not all of one"),
        ("rides.bin", MAY, "nothing is known of such a file"),
    ] {
        write(&env, name, text);
        env.done(&["log", "--component", "clean", "-o", name]);
        let failed = env.json(&["checks", "--failed", "--limit", "1"]);
        let check = &failed["checks"][0];
        let told = ["name", "about", "outcome"].map(|field| check[field].as_str().unwrap());
        assert_eq!(told, ["schema", name, "errored"], "{failed}");
        assert!(check["message"].as_str().unwrap().contains(&format!(": {why}")), "{failed}");
    }
    let shown = env.done(&["config"]);
    assert!(shown.contains("expected: rides.bin, rides.csv, rides.ndjson, rides.parquet"), "{shown}");
}

#[test]
fn a_line_that_is_no_row_is_named_with_why() {
    let env = TestEnv::new();
    let of = |name: &str, text: &str| {
        write(&env, name, text);
        env.done(&["log", "--component", "ingest", "-o", name]);
        env.done(&["profile", name]).lines().next().unwrap().split_once("  ").unwrap().1.to_owned()
    };
    let rows = "{\"a\": 1}\n\n{\"a\": 2}\n";
    assert_snapshot!(of("a.ndjson", &format!("{rows}{{\"a\": 3,\n7\n")), @"ndjson, 2 rows, 1 column; 2 lines are no rows: the first is line 4, which is no JSON from column 8 on");
    assert_snapshot!(of("b.ndjson", &format!("{rows}\"hunter2\"\n")), @"ndjson, 2 rows, 1 column; 1 line is no row: line 4, which is no JSON object");
    assert_snapshot!(of("c.csv", "a,b\n1,2\n3\n4,5,6\n"), @"csv, 3 rows, 2 columns; 2 rows of another length: the first is line 3, which has 1 field");
}

#[test]
fn a_table_that_was_changed_since_is_said_to_be() {
    let env = told();
    write(&env, "rides.csv", "zone\nEWR\n");
    let answer = env.call(&["profile", "rides.csv"]);
    assert!(
        answer.stderr.contains("on disk now: not recorded") && answer.stdout.contains("2 rows"),
        "{}",
        answer.stderr
    );
    // What lies there again is meant.
    write(&env, "rides.csv", MAY);
    let answer = env.call(&["profile", "rides.csv"]);
    assert!(answer.stderr.contains("on disk now: b3:") && answer.stdout.contains("3 rows"), "{}", answer.stderr);
    let answer = env.call(&["profile", "rides.csv@latest"]);
    assert!(answer.stderr.is_empty() && answer.stdout.contains("2 rows"), "{}", answer.stderr);
}

#[test]
fn a_column_with_a_new_name_is_found_by_what_is_in_it() {
    let env = TestEnv::new();
    let table = |fare: &str, zone: &str| {
        let rows = (0..200).map(|n| format!("{}.5,{},{n}\n", n % 40, if n % 3 == 0 { "JFK" } else { "EWR" }));
        format!("{fare},{zone},n\n{}", rows.collect::<String>())
    };
    write(&env, "rides.csv", &table("fare", "zone"));
    env.done(&["log", "--component", "clean", "-o", "rides.csv", "--profile"]);
    write(&env, "rides.csv", &table("amount", "pickup"));
    env.done(&["log", "--component", "clean", "-o", "rides.csv", "--profile"]);
    let old = format!("rides.csv@{}", versions(&env)[1]);
    let text = env.done(&["profile", "rides.csv", &old]);
    assert!(
        text.contains(
            "`fare` may be called `amount` now: it is of the same type, and its values are alike, PSI 0.000\n"
        ),
        "{text}"
    );
    let renamed = env.json(&["profile", "rides.csv", &old])["drift"]["renamed"].clone();
    assert_eq!(renamed.as_array().unwrap().len(), 2, "{renamed}");
    assert_eq!((renamed[1]["before"].as_str(), renamed[1]["name"].as_str()), (Some("zone"), Some("pickup")));
}
