//! What every request works with: the project, a fresh look at its store, and the way to record.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mltrace_core::config::Home;
use mltrace_core::desk::{self, Desk, Unanswered, Watch, Watched};
use mltrace_core::ingest::{self, ImportOptions, ImportReport, MOST_FACTS};
use mltrace_core::model::Record;
use mltrace_core::query::{QueryError, Reader};
use mltrace_core::record::Recorder;
use mltrace_core::store::{self, Bounds, Mode};
use tokio::sync::watch;

use crate::api::SpanCounts;
use crate::failure::Failure;
use crate::inbox::Inbox;
use crate::lines::{self, Within};
use crate::memory;
use crate::metrics::Watching;
use crate::room::Room;
use crate::safety::Guard;
use crate::turns::{Demand, Turns, Verbs, Waiting};

/// How many times memory is given back after it was taken: once a second for as long as a client may take it.
const TIMES: u8 = 25;

/// How long an import gives way to verbs, in all.
const GIVES_WAY: Duration = Duration::from_secs(5);

/// About how many bytes of imported lines the journal takes at once.
const JOURNALED: usize = 1 << 20;

/// One project, served: to all, and to the one request whose turn it is.
#[derive(Clone)]
pub struct App {
    pub(crate) home: Home,
    pub(crate) guard: Arc<Guard>,
    folder: PathBuf,
    recorder: &'static Recorder,
    /// The way of events to the journal.
    pub(crate) inbox: Inbox,
    /// The room for long bodies.
    pub(crate) room: Room,
    turns: Arc<Turns>,
    verbs: Arc<Verbs>,
    /// How far the request may go whose turn it is.
    bounds: Option<Arc<Bounds>>,
    /// Held by the one request that compares the disk with the record.
    pub(crate) checking: Arc<Mutex<()>>,
    /// Whether journals hold something that the store did not take.
    is_behind: Arc<AtomicBool>,
    /// How many times more memory is given back: what was taken is free once the client has it.
    to_give_back: Arc<AtomicU8>,
    /// What became of spans.
    pub(crate) spans: SpanCounts,
    /// What a monitoring system received the last time.
    pub(crate) watching: Watching,
    /// Counts up when the newest runs changed; `None` when the server is about to stop.
    pub(crate) news: watch::Sender<Option<u64>>,
}

/// What became of imported lines.
pub(crate) enum Kept {
    /// They are in the store.
    Stored(ImportReport),
    /// They are safe in the journal, because the store was away.
    Journaled(ImportReport),
}

impl App {
    /// Returns the project of the recorder's home, served behind `guard`.
    #[must_use]
    pub fn new(recorder: &'static Recorder, guard: Guard) -> Self {
        let home = recorder.home().clone();
        Self {
            // A name in a request is meant from the project's root, wherever the server was started.
            folder: home.root.clone(),
            home,
            guard: Arc::new(guard),
            recorder,
            inbox: Inbox::new(recorder),
            room: Room::default(),
            turns: Arc::new(Turns::new()),
            verbs: Arc::default(),
            bounds: None,
            checking: Arc::new(Mutex::new(())),
            is_behind: Arc::new(AtomicBool::new(false)),
            to_give_back: Arc::new(AtomicU8::new(0)),
            spans: SpanCounts::default(),
            watching: Watching::default(),
            news: watch::Sender::new(Some(0)),
        }
    }

    /// Returns what comes of a question. One that turns out to be long is stopped, and asked again in a long turn.
    pub(crate) async fn question<T: Send + 'static>(
        self: Arc<Self>,
        demand: Demand,
        question: impl Fn(&Self) -> Result<T, Failure> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let question = Arc::new(question);
        if demand == Demand::Short {
            let asked = Arc::clone(&question);
            match self.in_turn(demand, move |app| asked(app)).await {
                Err(failure) if failure.is_out_of_bounds => {}
                done => return done,
            }
        }
        self.in_turn(Demand::Long, move |app| question(app)).await
    }

    /// Does `work` that changes something, or compares with the disk.
    pub(crate) async fn work<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.work_as(Demand::Verb, work).await
    }

    /// Does `work` that changes something, in a turn of the sort that it needs.
    pub(crate) async fn work_as<T: Send + 'static>(
        self: Arc<Self>,
        demand: Demand,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let work = move |app: &Self| {
            let done = work(app);
            app.give_back_soon();
            done
        };
        self.in_turn(demand, work).await
    }

    /// Does `work`, which may wait for the disk, on a thread of its own once it has its turn.
    pub(crate) async fn in_turn<T: Send + 'static>(
        &self,
        demand: Demand,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.turns.take(demand).await?;
        let verb = (demand == Demand::Verb).then(|| self.verbs.begin());
        let app = Self { bounds: Some(Arc::clone(&turn.bounds)), ..self.clone() };
        // What is begun to be recorded is finished, no matter who waits for it.
        let _waiting = (demand != Demand::Verb).then(|| Waiting(Arc::clone(&turn.bounds)));
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&app);
            if demand == Demand::Long {
                app.give_back_soon();
            }
            // Held until the work is over, even when the client has gone.
            drop((turn, verb));
            done
        });
        done.await.unwrap_or_else(|_| Err(Failure::bug()))
    }

    /// Has memory given back that was taken and is free now, or will be in a moment.
    pub(crate) fn give_back_soon(&self) {
        self.to_give_back.store(TIMES, Ordering::Relaxed);
    }

    /// Returns whether the request whose turn it is may go on.
    pub(crate) fn goes_on(&self) -> bool {
        self.bounds.as_ref().is_none_or(|bounds| bounds.goes_on(0))
    }

    /// Gives back the memory that was taken; called again and again.
    pub(crate) fn give_back(&self) {
        let less = |times: u8| times.checked_sub(1);
        if self.to_give_back.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            memory::give_back();
        }
    }

    /// Returns the answer to a question; where nothing was ever recorded, that of an empty store.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>) -> Result<T, Failure> {
        let desk = self.desk();
        let mut store = desk.open()?.map_or_else(store::empty, Ok)?;
        desk.ask(store.as_mut(), question).map_err(unanswered)
    }

    /// Returns what a monitoring system receives; `watch` knows what was found the last time.
    pub(crate) fn watch(&self, watch: &mut Watch) -> Result<Watched, Failure> {
        let desk = self.desk();
        let mut store = desk.open()?.map_or_else(store::empty, Ok)?;
        desk.watch(store.as_mut(), watch).map_err(unanswered)
    }

    /// Returns how many versions are flagged as bad; none where the store cannot say.
    pub(crate) fn flagged(&self) -> u64 {
        let desk = self.desk();
        let Ok(Some(mut store)) = desk.open() else { return 0 };
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
        desk.ask(store.as_mut(), |reader| reader.flagged_count()).unwrap_or_default()
    }

    fn desk(&self) -> Desk<'_> {
        Desk { home: &self.home, folder: &self.folder, bounds: self.bounds.as_ref() }
    }

    /// Returns the name of the user that this server records as.
    pub(crate) fn user(&self) -> Option<String> {
        self.recorder.user().map(str::to_owned)
    }

    /// Returns whether something that was recorded is not in the store yet.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Relaxed)
    }

    /// Records facts: when this returns `Ok` they are safe in the journal, and in the store too unless it is away.
    pub(crate) fn record(&self, records: Vec<Record>) -> Result<(), Failure> {
        // A store that is away says nothing of its project.
        let records = self.ask(|reader| desk::of_answering(reader, records.clone())).unwrap_or(records);
        if !self.recorder.offer(records) {
            return Err(Failure::unrecorded(&self.home));
        }
        self.fold();
        Ok(())
    }

    /// Stores imported lines, or keeps them in the journal when the store is away.
    pub(crate) fn import(&self, bytes: &[u8], demand: Demand) -> Result<Kept, Failure> {
        if !self.home.is_enabled {
            return Err(Failure::unrecorded(&self.home));
        }
        let options = ImportOptions { most_facts: Some(MOST_FACTS), ..ImportOptions::default() };
        // A short import is itself a verb.
        let verbs = Some(&*self.verbs).filter(|_| demand == Demand::Import);
        let mut lines = Within { lines: bytes, bounds: self.bounds.as_deref(), verbs, patience: GIVES_WAY };
        let stored = store::open(&self.home, Mode::Fold)
            .and_then(|mut store| ingest::import_with(&self.home, store.as_mut(), &mut lines, options, &mut |_| {}));
        match stored {
            Ok(report) => Ok(Kept::Stored(report)),
            Err(_) => self.keep_in_journal(bytes, options).map(Kept::Journaled),
        }
    }

    /// Keeps imported lines in the journal, a part at a time: in memory they are many times as large.
    fn keep_in_journal(&self, bytes: &[u8], options: ImportOptions) -> Result<ImportReport, Failure> {
        let mut all = ImportReport::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (part, left) = lines::part(rest, JOURNALED);
            rest = left;
            let (report, records) = ingest::journaled(&self.home, part, options);
            if !records.is_empty() && !self.recorder.offer(records) {
                return Err(Failure::unrecorded(&self.home));
            }
            all.add(report);
        }
        self.is_behind.store(true, Ordering::Relaxed);
        Ok(all)
    }

    /// Takes into the store what journals hold, so that questions need not.
    pub(crate) fn fold(&self) {
        let folded = self.desk().fold(&|_| {});
        if folded.as_ref().is_ok_and(|folded| folded.as_ref().is_some_and(|folded| folded.report.records > 0)) {
            self.give_back_soon();
        }
        let is_behind = folded.map_or(true, |folded| folded.is_some_and(|folded| folded.behind.is_some()));
        self.is_behind.store(is_behind, Ordering::Relaxed);
    }
}

fn unanswered(none: Unanswered) -> Failure {
    let mut failure = Failure::from(none.error).or_one_of(none.near);
    failure.is_out_of_bounds |= none.is_out_of_bounds;
    failure
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use mltrace_core::config::Environment;
    use mltrace_core::record::Hooks;
    use mltrace_core::store::StoreError;
    use tower::ServiceExt as _;

    use super::*;
    use crate::turns::PATIENCE;

    fn app(folder: &std::path::Path) -> Arc<App> {
        let home = Home::find(folder, None, &Environment::default());
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        let guard = Guard::new("127.0.0.1:8090".parse().unwrap(), Vec::new(), None).unwrap();
        Arc::new(App::new(recorder, guard))
    }

    /// A turn that is taken until the sender is dropped.
    type Taken = (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Failure>>);

    const SORTS: [Demand; 4] = [Demand::Short, Demand::Long, Demand::Verb, Demand::Import];

    /// Takes all turns of a sort.
    fn take_all(app: &Arc<App>, demand: Demand) -> Vec<Taken> {
        let taken = (0..demand.places()).map(|_| {
            let (end, wait) = mpsc::channel::<()>();
            let app = Arc::clone(app);
            let work = move |_: &App| {
                let _ = wait.recv();
                Ok(())
            };
            (end, tokio::spawn(async move { app.in_turn(demand, work).await }))
        });
        taken.collect()
    }

    async fn in_a_while() {
        tokio::task::yield_now().await;
        tokio::time::advance(PATIENCE * 2).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_all_turns_taken_is_told_to_come_back_and_who_asks_otherwise_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        for demand in SORTS {
            let taken = take_all(&app, demand);
            tokio::task::yield_now().await;
            let asker = Arc::clone(&app);
            let late = tokio::spawn(async move { asker.in_turn(demand, |_| Ok(())).await });
            for other in SORTS.into_iter().filter(|other| *other != demand) {
                app.in_turn(other, |_| Ok(())).await.expect("others have their own places");
            }
            in_a_while().await;
            assert!(late.is_finished(), "it does not wait for ever");
            assert_eq!(late.await.unwrap().unwrap_err().status, StatusCode::SERVICE_UNAVAILABLE);
            for (end, taken) in taken {
                drop(end);
                taken.await.unwrap().unwrap();
            }
            app.in_turn(demand, |_| Ok(())).await.expect("there are turns again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_in_a_body_takes_no_turn_of_what_records() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let _taken = take_all(&app, Demand::Verb);
        tokio::task::yield_now().await;
        let (router, _) = crate::service(Arc::clone(&app));
        for (path, body) in [
            ("gate", r#"{"artifact": "nothing", "unflagged": true}"#),
            // Which runs are meant is asked before anything is recorded.
            ("flag", r#"{"where": ["component=nothing"]}"#),
            ("unflag", r#"{"where": ["component=nothing"]}"#),
        ] {
            let post = Request::post(format!("/api/v1/{path}")).header("host", "127.0.0.1:8090");
            let asked = post.header("content-type", "application/json").body(Body::from(body)).unwrap();
            let answer = tokio::spawn(router.clone().oneshot(asked));
            in_a_while().await;
            assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::NOT_FOUND, "{path} is answered");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_event_waits_for_its_turn_and_a_short_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
        let app = app(folder.path());
        let (router, _) = crate::service(Arc::clone(&app));
        let send = |path: &str, blanks: usize| {
            let event = r#"{"eventTime": "2026-01-31T10:00:00Z", "producer": "p", "schemaURL": "s",
                "job": {"namespace": "n", "name": "j"}}"#;
            let body = format!("{event}{}", " ".repeat(blanks));
            let body = if path.ends_with("batch") { format!("[{body}]") } else { body };
            let post = Request::post(path).header("host", "127.0.0.1:8090").header("content-type", "application/json");
            tokio::spawn(router.clone().oneshot(post.body(Body::from(body)).unwrap()))
        };
        let taken = take_all(&app, Demand::Import);
        tokio::task::yield_now().await;
        for (path, status) in [("/api/v1/lineage", StatusCode::CREATED), ("/api/v1/lineage/batch", StatusCode::OK)] {
            assert_eq!(send(path, 0).await.unwrap().unwrap().status(), status, "{path}");
            let long = send(path, 70_000);
            in_a_while().await;
            assert_eq!(long.await.unwrap().unwrap().status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        drop(taken);
        assert_eq!(send("/api/v1/lineage", 70_000).await.unwrap().unwrap().status(), StatusCode::CREATED);
    }

    #[tokio::test(start_paused = true)]
    async fn verdicts_stand_when_their_review_fails_and_it_takes_no_turn_of_what_records() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let line = br#"{"component": "predict", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["p1", "p2"]}"#;
        assert!(matches!(app.import(line, Demand::Verb), Ok(Kept::Stored(_))));
        let (router, _) = crate::service(Arc::clone(&app));
        let post = |path: &str, body: &'static str| {
            let post = Request::post(format!("/api/v1/{path}")).header("host", "127.0.0.1:8090");
            let post = post.header("content-type", "application/json").body(Body::from(body)).unwrap();
            tokio::spawn(router.clone().oneshot(post))
        };
        let json = async |answer: axum::response::Response| {
            let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
        };
        let taken = take_all(&app, Demand::Long);
        tokio::task::yield_now().await;
        let recorded = [
            post("flag", r#"{"artifacts": ["p1"], "reason": "all zero"}"#),
            post("flag", r#"{"artifacts": ["p2"], "ok": true}"#),
        ];
        let is_recorded = || app.ask(|reader| Ok(reader.verdicts()?.len() == recorded.len())).unwrap();
        while !is_recorded() {
            assert!(recorded.iter().all(|answer| !answer.is_finished()), "each waits for a long turn");
            tokio::task::yield_now().await;
        }
        let note = post("note", r#"{"run": "latest", "text": "seen"}"#).await.unwrap().unwrap();
        assert_eq!(note.status(), StatusCode::OK);
        // Once all turns of what records are free, each of the two waits for a long turn, or is about to.
        drop([app.turns.take(Demand::Verb).await.unwrap(), app.turns.take(Demand::Verb).await.unwrap()]);
        while !recorded.iter().all(tokio::task::JoinHandle::is_finished) {
            for _ in 0..10_000 {
                tokio::task::yield_now().await;
            }
            tokio::time::advance(PATIENCE).await;
        }
        for (answer, [name, verdict, other]) in
            recorded.into_iter().zip([["p1", "flagged", "ok"], ["p2", "ok", "flagged"]])
        {
            let answer = answer.await.unwrap().unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            let answer = json(answer).await;
            assert_eq!(answer[verdict][0]["name"], name);
            assert_eq!((&answer[other], &answer["suspects"]), (&serde_json::json!([]), &serde_json::json!([])));
            let why = "the verdicts are recorded, but the suspects are unknown: too many requests wait for the store";
            assert_eq!(answer["not_reviewed"], why);
        }
        drop(taken);
        let answer = post("unflag", r#"{"artifacts": ["p2"]}"#).await.unwrap().unwrap();
        let answer = json(answer).await;
        assert_eq!((&answer["flagged"][0]["name"], answer.get("not_reviewed")), (&"p1".into(), None));
        assert_eq!(answer["suspects"][0]["components"], serde_json::json!(["predict"]));
    }

    #[tokio::test]
    async fn a_question_that_turns_out_to_be_long_is_asked_again_in_a_long_turn() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let steps = |app: &App| app.bounds.as_ref().is_some_and(|bounds| bounds.goes_on(2_000_000));
        let stopped = move |app: &App| if steps(app) { Ok(()) } else { Err(Failure::from(StoreError::Stopped)) };
        let long = take_all(&app, Demand::Long);
        let asked = tokio::spawn(Arc::clone(&app).question(Demand::Short, stopped));
        // It has ended when all short turns can be had, and waits for another.
        drop(take_all(&app, Demand::Short));
        assert!(!asked.is_finished());
        drop(long);
        asked.await.unwrap().expect("it goes further in a long turn");
    }

    #[tokio::test]
    async fn a_question_ends_when_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let (told, ended) = mpsc::channel();
        let endless = move |app: &App| {
            while app.bounds.as_ref().is_some_and(|bounds| bounds.goes_on(0)) {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
            Ok(())
        };
        let asked = tokio::spawn(async move { app.in_turn(Demand::Long, endless).await });
        tokio::task::yield_now().await;
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        ended.recv().expect("the work ended before its time");
    }
}
