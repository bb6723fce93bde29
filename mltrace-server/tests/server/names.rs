//! Names of any bytes, through the pages as a browser reads and sends them: each can be opened, judged, noted, compared,
//! filtered by and searched for, and none stands raw where it could turn or hide what is beside it.

use std::collections::{BTreeSet, VecDeque};

use axum::http::StatusCode;
use mltrace_core::escape::is_hidden;
use serde_json::{Value, json};

use crate::client::{Answer, Served};

/// What names may hold, each in one.
const NAMES: &[&str] = &[
    "out/line\nfeed",
    "out/carriage\rreturn",
    "out/both\r\nof them",
    "out/\nafter a line",
    "\nfirst",
    "last\n",
    "out/nul\0sign",
    "out/\u{1}start of heading",
    "out/tab\tsign",
    "out/\u{7f}\u{9b}31m",
    "out/\u{202e}gnp.exe",
    "out/\u{2066}isolate\u{2069}",
    "out/zero\u{200b}width\u{feff}",
    "out/line\u{2028}separator",
    "out/not utf-8 %FF%0A",
    "out/a+b&c=d*e#f?g%h;i",
    "out/\"><script>document.title='owned'</script>'",
    "out/&amp;&#10;&lt;",
    "out/plain",
];

/// A tag of a page, with its attributes as a browser reads them.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// What follows it until the next.
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the tags of a page as a browser reads them.
fn tags(page: &str) -> Vec<Tag> {
    // A browser does this before it looks at anything.
    let page = page.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    let meant = |text: &str| {
        ["&lt;<", "&gt;>", "&quot;\"", "&amp;&"].iter().fold(text.to_owned(), |text, pair| {
            let (code, sign) = pair.split_at(pair.len() - 1);
            text.replace(code, sign)
        })
    };
    let tag = |piece: &str| {
        let (inside, text) = piece.split_once('>').expect("a tag ends");
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while let Some((key, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').expect("an attribute ends");
            attributes.push((key.trim().rsplit(' ').next().unwrap().to_owned(), meant(value)));
            rest = after;
        }
        Tag { name: name.to_owned(), attributes, text: meant(text) }
    };
    // The signs of tags are escaped everywhere else.
    page.split('<').skip(1).map(tag).collect()
}

/// A form of a page.
struct Form {
    action: String,
    is_sent: bool,
    /// Names and values that are sent unless somebody changes them.
    fields: Vec<(String, String)>,
    /// What else a selection offers.
    choices: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

/// Returns the forms of a page, with their fields as a browser would send them.
fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut select = String::new();
    for tag in tags(page) {
        let of = |name: &str| tag.get(name).unwrap_or_default().to_owned();
        if tag.name == "form" {
            let (fields, choices, buttons) = Default::default();
            forms.push(Form { action: of("action"), is_sent: of("method") == "post", fields, choices, buttons });
        }
        let Some(form) = forms.last_mut() else { continue };
        match tag.name.as_str() {
            "input" if of("type") == "hidden" => form.fields.push((of("name"), of("value").replace('\n', "\r\n"))),
            // A field of one line holds no other.
            "input" => form.fields.push((of("name"), of("value").replace('\n', ""))),
            "textarea" => {
                let text = tag.text.strip_prefix('\n').unwrap_or(&tag.text);
                form.fields.push((of("name"), text.replace('\n', "\r\n")));
            }
            "select" => select = of("name"),
            "option" => {
                let choice = (select.clone(), of("value").replace('\n', "\r\n"));
                if form.fields.iter().all(|(name, _)| *name != select) {
                    form.fields.push(choice.clone());
                }
                form.choices.push(choice);
            }
            "button" if tag.get("name").is_some() => form.buttons.push((of("name"), of("value").replace('\n', "\r\n"))),
            _ => {}
        }
    }
    forms
}

impl Form {
    fn of(page: &str, action: &str) -> Self {
        let form = forms(page).into_iter().find(|form| form.action == action);
        form.unwrap_or_else(|| panic!("no form for {action}: {page}"))
    }

    /// Sends the form with some fields changed, and a button pressed.
    fn send(&self, served: &Served, changed: &[(&str, &str)]) -> Answer {
        let mut fields = self.fields.clone();
        for (name, value) in changed {
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some(field) => field.1 = (*value).to_owned(),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.is_sent {
            return served.submit(&self.action, &fields);
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        served.get(&format!("{}?{query}", self.action))
    }
}

/// Returns a project in which everything is called `name`, with two versions of it.
fn called(name: &str) -> Served {
    let line = |day: u8| {
        json!({ "component": name, "owner": name, "tags": [name], "description": name, "params": { name: name, "day": day },
            "started_at": format!("2026-01-{day:02}T00:00:00Z"), "ended_at": format!("2026-01-{day:02}T01:00:00Z"),
            "inputs": ["raw", format!("{name}-read")], "outputs": [name], "notes": [name] })
    };
    let reads = json!({ "component": "reads", "ended_at": "2026-02-01T00:00:00Z", "inputs": [name], "outputs": ["end"],
        "status": "failed", "error": name });
    Served::with(&[line(1), line(2), reads])
}

fn path(of: &str, field: &str, value: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(field, value).finish();
    format!("{of}?{query}")
}

fn ok(answer: Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.text
}

#[test]
fn whatever_a_name_holds_its_page_works() {
    for name in NAMES {
        let served = called(name);
        let opened = ok(served.get(&path("/search", "q", name)));
        let link = path("/trace", "artifact", name);
        assert!(tags(&opened).iter().any(|tag| tag.get("href") == Some(&link)), "{name:?} is found: {opened}");
        // Searched for again, from the page.
        let again = ok(Form::of(&opened, "/search").send(&served, &[]));
        assert!(tags(&again).iter().any(|tag| tag.get("href") == Some(&link)), "{name:?} is found again");

        // Flagged, with a reason, and marked as ok.
        let trace = ok(served.get(&format!("{}&{}", link, path("", "reason", name).trim_start_matches('?'))));
        for form in forms(&trace).iter().filter(|form| form.action == "/flag") {
            let (button, value) = &form.buttons[0];
            let judged = form.send(&served, &[(button, value)]);
            assert_eq!(judged.status, StatusCode::SEE_OTHER, "{name:?} is judged: {}", judged.text);
        }
        let review = served.ask("/api/v1/review");
        assert_eq!(review["flagged"][0]["name"], *name, "{review}");
        assert_eq!(review["flagged"].as_array().unwrap().len(), 1, "{review}");
        assert_eq!(review["flagged"][0]["reason"], name.trim(), "{name:?}: {review}");
        let page = ok(served.get("/review"));
        let taken = Form::of(&page, "/flag");
        assert_eq!(taken.send(&served, &[]).status, StatusCode::SEE_OTHER, "the reason is saved as it is");
        assert_eq!(served.ask("/api/v1/review")["flagged"][0]["reason"], name.trim(), "{name:?}");

        // Compared: the two versions that the form offers.
        let artifact = ok(served.get(&path("/artifact", "name", name)));
        ok(Form::of(&artifact, "/diff").send(&served, &[]));
        ok(served.get(&path("/impact", "artifact", name)));
        ok(served.get(&path("/stale", "artifact", name)));
        let verify = ok(served.get(&path("/verify", "artifact", name)));
        ok(Form::of(&verify, "/verify").send(&served, &[]));

        // Filtered by: each thing that the forms offer.
        for field in ["component", "owner", "tag"] {
            let found = ok(served.get(&path("/runs", field, name)));
            assert!(found.contains("data-row"), "{field} {name:?}: {found}");
            let again = Form::of(&found, "/runs").send(&served, &[]);
            assert!(ok(again).contains("data-row"), "the search stays");
        }
    }
}

#[test]
fn a_component_is_saved_as_it_is_unless_something_is_changed() {
    for name in NAMES {
        let served = called(name);
        let known = served.ask(&path("/api/v1/component", "name", name));
        let page = ok(served.get(&path("/component", "name", name)));
        let form = Form::of(&page, "/component");
        let saved = form.send(&served, &[]);
        assert_eq!(
            (saved.status, saved.header("location")),
            (StatusCode::SEE_OTHER, &*path("/component", "name", name))
        );
        assert_eq!(served.ask(&path("/api/v1/component", "name", name)), known, "{name:?}");
        let (field, value) = form.choices.last().expect("the tag can be taken off");
        assert_eq!(form.send(&served, &[(field, value)]).status, StatusCode::SEE_OTHER);
        assert_eq!(served.ask(&path("/api/v1/component", "name", name))["tags"], json!([]), "{name:?}");

        let run = ok(served.get("/run?run=latest"));
        let noted = Form::of(&run, "/note").send(&served, &[("text", "two\r\nlines")]);
        assert_eq!(noted.status, StatusCode::SEE_OTHER);
        let notes = &served.ask("/api/v1/inspect?run=latest")["notes"];
        assert_eq!(notes[0]["text"], "two\nlines", "as it was typed");
        let begun = ok(served.get(&format!("/run?run=latest&{}", path("", "note", name).trim_start_matches('?'))));
        assert_eq!(Form::of(&begun, "/note").send(&served, &[]).status, StatusCode::SEE_OTHER);
        let notes: Value = served.ask("/api/v1/inspect?run=latest")["notes"].clone();
        assert!(notes.as_array().unwrap().iter().any(|note| note["text"] == *name), "{name:?}: {notes}");
    }
}

#[test]
fn nothing_that_hides_or_turns_stands_raw_on_any_page() {
    for name in NAMES {
        let served = called(name);
        served.post("/api/v1/flag", &json!({ "artifacts": [name], "reason": name }));
        let is_json = |path: &str| path.starts_with("/api/") || path.starts_with("/marquez/");
        let of_pages = served.routes.iter().filter(|route| route.method == "GET" && !is_json(route.path));
        let paths =
            of_pages.map(|route| route.path.to_owned()).filter(|path| path != "/live" && !path.starts_with("/assets"));
        let more = ["/search", "/trace", "/verify", "/go"]
            .map(|page| path(page, if page == "/go" { "q" } else { "artifact" }, name));
        let mut next: VecDeque<String> = paths.chain(more).collect();
        next.push_back(path("/search", "q", name));
        next.push_back(path("/trace", "artifact", &format!("{name}x")));
        next.push_back(path("/component", "name", &format!("{name}x")));
        next.push_back(path(&format!("/{}", "no/such"), "a", name));
        let mut seen = BTreeSet::new();
        while let Some(at) = next.pop_front() {
            if seen.len() > 80 || !seen.insert(at.clone()) {
                continue;
            }
            let answer = served.get(&at);
            assert!(answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{at}: {}", answer.text);
            assert!(!answer.header("location").contains(is_hidden), "{at}");
            if !answer.header("content-type").starts_with("text/html") {
                continue;
            }
            let raw = answer.text.chars().find(|sign| is_hidden(*sign) && *sign != '\n' && *sign != '\t');
            assert!(raw.is_none(), "{at} of {name:?} holds {raw:?}");
            for tag in tags(&answer.text) {
                for (key, value) in &tag.attributes {
                    let is_raw = value.contains(is_hidden);
                    assert!(!is_raw, "{at} of {name:?}: <{} {key}={value:?}>", tag.name);
                }
                let href = tag.get("href").filter(|href| href.starts_with('/') && !href.starts_with("/assets"));
                next.extend(href.map(|href| href.split('#').next().unwrap().to_owned()));
            }
        }
        assert!(seen.len() > 30, "{name:?}: {seen:?}");
        let lines = served.ask(&path("/api/v1/complete", "q", "trace out"))["lines"].clone();
        assert!(!lines.to_string().contains(is_hidden) && !lines.to_string().contains("\\u00"), "{lines}");
    }
}
