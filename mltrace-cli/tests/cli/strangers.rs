//! What a stranger's repository brings along: settings that lead elsewhere, and journals that nobody here wrote.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::env::TestEnv;
use crate::outside::Place;

/// Returns whether git did it; without git, the test that asks is left out aloud.
fn git(env: &TestEnv, arguments: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(env.project()).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.output().is_ok_and(|output| output.status.success())
}

#[test]
fn journals_that_git_tracks_are_not_stored_and_that_is_said() {
    let place = Place::new(None);
    place.fill();
    fs::remove_file(place.ours("mltrace.db")).unwrap();
    if !git(&place.env, &["init", "-q"]) {
        return println!("git is not there: what it tracks is not tried");
    }
    assert!(git(&place.env, &["add", "-f", "--", ".mltrace"]));
    let said = place.env.call(&["recent"]).stderr;
    assert!(said.contains("1 journals") && said.contains("tracked by git"), "{said}");
    assert!(!place.ours("mltrace.db").exists(), "nothing is made where nothing was recorded");
    place.env.done(&["import", "lines.ndjson"]);
    let answer = place.env.call(&["recent"]);
    assert!(answer.stdout.contains("second") && answer.stderr.contains("tracked by git"), "{}", answer.stderr);
    assert!(place.ours("journal/{process}.log").exists());
    assert_eq!(fs::read_dir(place.ours("damaged")).unwrap().count(), 0);
    let answer = place.env.call(&["doctor"]);
    assert!(answer.code == 1 && answer.stdout.contains("tracked by git"), "{}", answer.stdout);
    // Anyone who trusts them takes them out of git.
    assert!(git(&place.env, &["rm", "-q", "--cached", "-r", ".mltrace"]));
    assert!(!place.env.call(&["recent"]).stderr.contains("tracked"));
    assert!(!place.ours("journal/{process}.log").exists());
}

#[test]
fn settings_of_a_project_lead_out_of_it_only_where_the_user_trusts_it() {
    for db in ["../outside/store.db", "../outside/folder/", "{outside}/folder", "link/store.db", "no/../../s"] {
        let place = Place::new(None);
        symlink("../outside", place.env.project().join("link")).unwrap();
        let db = db.replace("{outside}", &place.outside("").display().to_string());
        place.env.write("mltrace.toml", &format!("db = {db:?}"));
        let before = crate::outside::picture(&place.outside(""));
        for command in [&["recent"][..], &["import", "lines.ndjson"], &["log", "--component", "a"], &["clear", "--yes"]]
        {
            let said = place.env.fails(3, command);
            assert!(said.contains("leads out of the project") && said.contains("hint: name a store"), "{db}: {said}");
        }
        let ran = place.env.call(&["run", "--component", "a", "--", "sh", "-c", "exit 7"]);
        assert_eq!(ran.code, 7, "{}", ran.stderr);
        assert_eq!(place.env.call(&["doctor"]).code, 1);
        assert_eq!(crate::outside::picture(&place.outside("")), before, "{db}");
        place.env.done(&["--db", "own.db", "import", "lines.ndjson"]);
        let trusted = format!("trusted-projects = [{:?}]", place.env.project().parent().unwrap());
        place.env.write("../home/.config/mltrace/config.toml", &trusted);
        place.env.done(&["import", "lines.ndjson"]);
        assert!(!place.ours("mltrace.db").exists(), "{db}");
    }
}

#[test]
fn settings_of_a_project_lead_into_no_folder_of_gits() {
    for db in [".git/hooks/", ".git/x.db", ".GIT/x.db", "sub/.git/refs/", "link/x.db"] {
        let place = Place::new(None);
        fs::create_dir_all(place.env.project().join(".git/hooks")).unwrap();
        symlink(".git/hooks", place.env.project().join("link")).unwrap();
        place.env.write("mltrace.toml", &format!("db = {db:?}"));
        let trusted = format!("trusted-projects = [{:?}]", place.env.project().parent().unwrap());
        place.env.write("../home/.config/mltrace/config.toml", &trusted);
        let before = crate::outside::picture(&place.env.project().join(".git"));
        let said = place.env.fails(3, &["import", "lines.ndjson"]);
        assert!(said.contains("leads into git's own folder"), "{db}: {said}");
        assert_eq!(place.env.call(&["run", "--component", "a", "--", "true"]).code, 0);
        assert_eq!(crate::outside::picture(&place.env.project().join(".git")), before, "{db}");
    }
}

#[test]
fn settings_of_a_project_may_name_a_place_inside_it() {
    let place = Place::new(None);
    place.env.write("mltrace.toml", "db = \"data/store.db\"");
    place.env.done(&["import", "lines.ndjson"]);
    assert!(place.env.project().join("data/store.db").is_file());
}

#[test]
fn a_link_in_the_place_of_the_folder_is_followed_where_the_user_laid_it_or_trusts_the_project() {
    let place = Place::new(None);
    let link = place.env.project().join(".mltrace");
    fs::remove_dir(&link).unwrap();
    fs::create_dir(place.outside("empty")).unwrap();
    symlink("../outside/empty", &link).unwrap();
    let before = crate::outside::picture(&place.outside(""));
    let said = place.env.fails(3, &["import", "lines.ndjson"]);
    assert!(said.contains("it is a link") && said.contains("trusted-projects"), "{said}");
    assert!(place.env.call(&["run", "--component", "a", "--", "true"]).stderr.contains("nothing is recorded"));
    assert_eq!(crate::outside::picture(&place.outside("")), before);

    let trusted = format!("trusted-projects = [{:?}]", place.env.project().parent().unwrap());
    place.env.write("../home/.config/mltrace/config.toml", &trusted);
    place.env.done(&["import", "lines.ndjson"]);
    assert!(place.outside("empty/mltrace.db").is_file());
    assert!(place.env.done(&["recent"]).contains("second"));

    // Without that, where git does not track it, and it is no other project's folder that it leads to.
    fs::remove_file(place.env.project().join("../home/.config/mltrace/config.toml")).unwrap();
    assert!(place.env.fails(3, &["recent"]).contains("not one that you laid"));
    if git(&place.env, &["init", "-q"]) {
        assert!(place.env.done(&["recent"]).contains("second"));
        git(&place.env, &["add", "-f", "--", ".mltrace"]);
        assert!(place.env.fails(3, &["recent"]).contains("not one that you laid"));
        git(&place.env, &["rm", "-q", "--cached", "--", ".mltrace"]);
        fs::rename(place.outside("empty"), place.outside(".mltrace")).unwrap();
        fs::remove_file(&link).unwrap();
        symlink("../outside/.mltrace", &link).unwrap();
        assert!(place.env.fails(3, &["recent"]).contains("not one that you laid"), "another project's");
        fs::create_dir_all(place.outside(".git/refs")).unwrap();
        fs::remove_file(&link).unwrap();
        symlink("../outside/.git/refs", &link).unwrap();
        assert!(place.env.fails(3, &["recent"]).contains("not one that you laid"), "git's");
        // An archive that was unpacked in a work tree of the user's.
        let inner = place.env.project().join("vendor/evil");
        fs::create_dir_all(&inner).unwrap();
        fs::create_dir(place.outside("free")).unwrap();
        symlink(place.outside("free"), inner.join(".mltrace")).unwrap();
        let said = place.env.std_command(&["recent"]).current_dir(&inner).output().unwrap();
        assert!(String::from_utf8_lossy(&said.stderr).contains("not one that you laid"), "{said:?}");
        fs::remove_dir_all(place.env.project().join(".git")).unwrap();
    }
    place.env.write("../home/.config/mltrace/config.toml", &trusted);

    // A folder of other things is no store.
    fs::remove_file(&link).unwrap();
    symlink("../outside/folder", &link).unwrap();
    let before = crate::outside::picture(&place.outside(""));
    assert!(place.env.fails(3, &["import", "lines.ndjson"]).contains("it is a link"));
    assert!(!place.env.call(&["run", "--component", "a", "--", "true"]).stderr.is_empty());
    assert_eq!(crate::outside::picture(&place.outside("")), before);
}

#[test]
fn a_link_that_the_user_names_as_the_store_is_followed() {
    let place = Place::new(None);
    fs::create_dir(place.outside("empty")).unwrap();
    symlink("../outside/empty", place.env.project().join("store")).unwrap();
    place.env.done(&["--db", "store", "import", "lines.ndjson"]);
    assert!(place.outside("empty/mltrace.db").is_file());
    symlink("../outside/empty/mltrace.db", place.env.project().join("mine.db")).unwrap();
    assert!(place.env.done(&["--db", "mine.db", "recent"]).contains("second"));
}

#[test]
fn a_pipe_that_git_would_wait_at_holds_no_command() {
    let names = [".gitignore", ".gitattributes", ".git/info/exclude", ".git/objects/info/alternates", "excluded"];
    std::thread::scope(|threads| {
        for name in names {
            threads.spawn(move || {
                let env = TestEnv::new();
                env.write("kept", "one");
                if !git(&env, &["init", "-q"]) {
                    return println!("git is not there: its pipes are not tried");
                }
                let excludes = env.project().join("excluded");
                assert!(git(&env, &["config", "core.excludesFile", excludes.to_str().unwrap()]));
                assert!(git(&env, &["add", "--", "kept"]));
                // Of another size, so that git asks what the file holds.
                env.write("kept", "another");
                let path = env.project().join(name);
                let _ = fs::remove_file(&path);
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success(), "{name}");
                for command in
                    [&["run", "--component", "a", "--", "sh", "-c", "exit 7"][..], &["log", "--component", "b"]]
                {
                    let mut child = env.std_command(command).stderr(std::process::Stdio::null()).spawn().unwrap();
                    let begun = std::time::Instant::now();
                    let ended = loop {
                        match child.try_wait().unwrap() {
                            Some(status) => break status,
                            None if begun.elapsed() > std::time::Duration::from_secs(20) => {
                                child.kill().unwrap();
                                panic!("`{name}` holds {command:?}");
                            }
                            None => std::thread::yield_now(),
                        }
                    };
                    assert_eq!(ended.code(), Some(if command[0] == "run" { 7 } else { 0 }), "{name}");
                }
                assert_eq!(env.json(&["recent"])["runs"].as_array().unwrap().len(), 2, "{name}");
            });
        }
    });
}

/// The home of a process may be somebody else's, as under `sudo` or in a container.
#[test]
fn settings_in_somebody_elses_home_give_no_trust() {
    if !crate::outside::is_superuser() {
        return println!("this is not the superuser: somebody else's settings are not tried");
    }
    let place = Place::new(None);
    place.env.write("mltrace.toml", "db = \"../outside/store.db\"");
    let trusted = format!("trusted-projects = [{:?}]", place.env.project().parent().unwrap());
    let settings = place.env.write("../home/.config/mltrace/config.toml", &trusted);
    std::os::unix::fs::chown(&settings, Some(65534), Some(65534)).unwrap();
    let said = place.env.fails(3, &["import", "lines.ndjson"]);
    assert!(said.contains("belongs to another user and is ignored"), "{said}");
    std::os::unix::fs::chown(&settings, Some(0), Some(0)).unwrap();
    place.env.done(&["import", "lines.ndjson"]);
}

#[test]
fn an_empty_name_of_a_store_keeps_no_command_from_running() {
    let place = Place::new(None);
    let ran = place.env.call(&["--db", "", "run", "--component", "a", "--", "sh", "-c", "exit 7"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing is recorded"), "{}", ran.stderr);
    assert!(place.env.fails(3, &["--db", "", "recent"]).contains("`--db`, or `db` in the settings, is empty"));
}
