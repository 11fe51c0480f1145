//! The contract of the store, once, for every database.
#![allow(clippy::disallowed_methods, reason = "tests have a real source of randomness")]

mod files;

use std::sync::OnceLock;

use bytes::Bytes;
use compliance_tests::folder::Folder;
use compliance_tests::postgres::Cluster;
use kalends_dav::name::Name;
use kalends_dav::resource::StoredProperty;
use kalends_ical::filter::TimeRange;
use kalends_ical::{CalendarObject, Limits};

use super::*;
use crate::environment::Environment;
use files::*;

/// Runs each test on each database.
macro_rules! contract {
    ($($name:ident,)*) => {
        mod sqlite_contract { $(#[test] fn $name() { super::run(super::Place::sqlite(), super::$name); })* }
        mod postgres_contract { $(#[test] fn $name() { super::run(super::Place::postgres(), super::$name); })* }
    };
}

contract! {
    every_statement_prepares,
    a_dropped_write_leaves_nothing,
    a_write_that_is_given_up_anywhere_harms_no_other,
    positions_have_no_gap,
    one_of_many_concurrent_creates_wins,
    concurrent_writes_to_many_homes_all_commit,
    the_log_cannot_be_changed,
    the_log_can_be_pruned_below_a_baseline_only,
    verify_rebuilds_every_kind_of_change,
    verify_names_what_was_tampered_with,
    verify_goes_on_from_a_baseline,
    candidates_narrow_by_the_window,
    changed_names_come_once_in_order,
    erasing_leaves_no_row_behind,
    erasing_while_someone_writes_leaves_no_row_behind,
    migrating_again_changes_nothing,
    verify_rebuilds_every_change_of_files,
    verify_names_files_that_were_tampered_with,
    bodies_are_read_back_and_go_with_their_last_file,
    a_body_that_becomes_no_file_is_removed,
    erasing_while_a_body_arrives_leaves_no_row_behind,
}

/// A fresh database.
struct Place {
    location: Location,
    _folder: Option<Folder>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = Folder::new("contract");
        Self { location: Location::Folder(folder.path().to_owned()), _folder: Some(folder) }
    }

    fn postgres() -> Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        Self { location: Location::Postgres(CLUSTER.get_or_init(Cluster::start).database()), _folder: None }
    }
}

fn run<F: Future<Output = ()>>(place: Place, test: impl FnOnce(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&place.location).await.unwrap();
        store.migrate(&place.location).await.unwrap();
        test(store.clone()).await;
        store.close().await;
    });
}

const ENVIRONMENT: Environment = Environment { now: || 1_767_225_600_000_000, random: |bytes| getrandom::fill(bytes).unwrap() };

fn context() -> Context {
    Context {
        actor: None,
        credential: String::new(),
        client: "test".into(),
        address: String::new(),
        reason: Reason::Request,
        request_id: ENVIRONMENT.uuid(),
        at: (ENVIRONMENT.now)(),
    }
}

async fn add(store: &Store, login: &str) -> HomeId {
    let new = NewPrincipal {
        login: login.into(),
        display_name: login.into(),
        addresses: vec![format!("{login}@example.org")],
        password: None,
        uuid: ENVIRONMENT.uuid(),
    };
    store.add_principal(&new, context()).await.unwrap().unwrap()
}

fn object(uid: &str, start: &str) -> CalendarObject {
    let text =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
}

/// What PUT does, without HTTP; `None` if the name is taken.
async fn create(store: &Store, home: HomeId, name: &str, object: &CalendarObject) -> Option<Position> {
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    let calendar = write.collection(home, "calendar").await.unwrap().unwrap();
    if write.object(home, calendar.id, name).await.unwrap().is_some() {
        return None;
    }
    let new = NewObject::of(object.clone());
    let position = write.append(home, Change::ObjectPut { collection: calendar.id, name, new: &new, before: None }).await.unwrap();
    write.commit().await.unwrap();
    Some(position)
}

async fn calendar(store: &Store, home: HomeId) -> Collection {
    store.collection(home, "calendar").await.unwrap().unwrap()
}

async fn execute(store: &Store, statement: &'static str) -> Result<u64, Failure> {
    store.database.clone().execute(statement, &[]).await
}

async fn every_statement_prepares(store: Store) {
    use sqlx::Executor;
    for (name, text) in sql::ALL {
        let prepared = match &store.database {
            Database::Sqlite { readers, .. } => readers.acquire().await.unwrap().prepare(sqlx::SqlStr::from_static(text)).await.map(|_| ()),
            Database::Postgres(pool) => pool.acquire().await.unwrap().prepare(sqlx::SqlStr::from_static(text)).await.map(|_| ()),
        };
        prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Polls a future so often at most, then drops it.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn a_write_that_is_given_up_anywhere_harms_no_other(store: Store) {
    let home = add(&store, "ann").await;
    let mut ended = 0;
    for polls in 0..60 {
        let name = format!("given-up-{polls}");
        let object = object(&name, "20260601T090000Z");
        ended += usize::from(give_up_after(polls, create(&store, home, &name, &object)).await.is_some());
        let name = format!("kept-{polls}");
        create(&store, home, &name, &self::object(&name, "20260601T090000Z")).await.unwrap();
    }
    assert!(ended > 0 && ended < 60, "{ended} ended");
    let calendar = calendar(&store, home).await;
    for polls in 0..60 {
        assert!(store.object(home, calendar.id, &format!("kept-{polls}"), Bodies::Without).await.unwrap().is_some(), "{polls}");
    }
    assert_eq!(store.verify(home).await.unwrap().unwrap().differences, Vec::<String>::new());
}

async fn a_dropped_write_leaves_nothing(store: Store) {
    let home = add(&store, "ann").await;
    let before = store.home(home).await.unwrap();
    {
        let mut write = store.write(&[home], context()).await.unwrap().unwrap();
        let calendar = write.collection(home, "calendar").await.unwrap().unwrap();
        let new = NewObject::of(object("u", "20260601T090000Z"));
        write.append(home, Change::ObjectPut { collection: calendar.id, name: "a", new: &new, before: None }).await.unwrap();
    }
    // The next write waits for the undoing of the dropped one.
    create(&store, home, "b", &object("v", "20260601T090000Z")).await.unwrap();
    let calendar = calendar(&store, home).await;
    assert_eq!(store.object(home, calendar.id, "a", Bodies::Without).await.unwrap(), None);
    assert_eq!(store.home(home).await.unwrap().unwrap().position.0, before.unwrap().position.0 + 1);
}

async fn positions_have_no_gap(store: Store) {
    let home = add(&store, "ann").await;
    let first = store.home(home).await.unwrap().unwrap().position.0;
    for number in 1..=5 {
        let position = create(&store, home, &format!("{number}.ics"), &object(&number.to_string(), "20260601T090000Z")).await.unwrap();
        assert_eq!(position.0, first + number);
    }
    assert!(store.verify(home).await.unwrap().unwrap().differences.is_empty());
}

async fn one_of_many_concurrent_creates_wins(store: Store) {
    let home = add(&store, "ann").await;
    for round in 0..10 {
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(8));
        let tasks: Vec<_> = (0..8)
            .map(|writer| {
                let (store, barrier) = (store.clone(), std::sync::Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    create(&store, home, &format!("{round}.ics"), &object(&format!("{round}-{writer}"), "20260601T090000Z")).await
                })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            winners += usize::from(task.await.unwrap().is_some());
        }
        assert_eq!(winners, 1, "round {round}");
    }
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.changes, found.differences.len()), (14, 0));
}

async fn concurrent_writes_to_many_homes_all_commit(store: Store) {
    let mut homes = Vec::new();
    for number in 0..4 {
        homes.push(add(&store, &format!("user{number}")).await);
    }
    let tasks: Vec<_> = (0..80)
        .map(|number| {
            let (store, home) = (store.clone(), homes[number % 4]);
            tokio::spawn(async move {
                let object = object(&number.to_string(), "20260601T090000Z");
                let created = create(&store, home, &format!("{number}.ics"), &object).await;
                // A refused one in between must not take the others of its group with it.
                assert!(create(&store, home, &format!("{number}.ics"), &object).await.is_none());
                created.is_some()
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    for home in homes {
        let found = store.verify(home).await.unwrap().unwrap();
        assert_eq!((found.objects, found.differences), (20, vec![]));
    }
}

async fn the_log_cannot_be_changed(store: Store) {
    add(&store, "ann").await;
    assert!(execute(&store, "UPDATE log SET at = 0").await.is_err());
    assert!(execute(&store, "DELETE FROM log").await.is_err());
}

async fn the_log_can_be_pruned_below_a_baseline_only(store: Store) {
    let home = add(&store, "ann").await;
    let now = (ENVIRONMENT.now)();
    assert_eq!(store.prune(home, now, now).await.unwrap(), None, "nothing is older than now");
    let floor = store.prune(home, now + 1, now + 1).await.unwrap().unwrap();
    assert_eq!(store.home(home).await.unwrap().unwrap().history_floor, floor);
    create(&store, home, "a", &object("u", "20260601T090000Z")).await.unwrap();
    assert!(execute(&store, "DELETE FROM log").await.is_err(), "what is above the baseline stays");
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.changes, found.objects, found.differences), (1, 1, vec![]));
}

async fn verify_rebuilds_every_kind_of_change(store: Store) {
    let home = add(&store, "ann").await;
    create(&store, home, "a", &object("a", "20260601T090000Z")).await.unwrap();
    create(&store, home, "b", &object("b", "20260601T090000Z")).await.unwrap();
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    let calendar = write.collection(home, "calendar").await.unwrap().unwrap();
    let before = write.object(home, calendar.id, "a").await.unwrap().unwrap().hash;
    write.append(home, Change::ObjectDeleted { collection: calendar.id, name: "a", before }).await.unwrap();
    let property = PropertyValue { namespace: "urn:x".into(), local: "p".into(), xml: "<p xmlns='urn:x'>1</p>".into() };
    let set = Alteration { set: vec![property.clone()], removed: vec![] };
    for (collection, name) in [(CollectionId::HOME, ""), (calendar.id, ""), (calendar.id, "b")] {
        write.append(home, Change::PropertiesAltered { collection, name, alteration: &set }).await.unwrap();
    }
    let removed = Alteration { set: vec![], removed: vec![("urn:x".into(), "p".into())] };
    write.append(home, Change::PropertiesAltered { collection: calendar.id, name: "", alteration: &removed }).await.unwrap();
    let stored = StoredProperty { name: Name::read("urn:x", "q"), xml: "<q xmlns='urn:x'/>".into() };
    let new = NewCollection::new("second", kalends_dav::Kind::Calendar, &["VEVENT"], &[stored]);
    let id = write.append(home, Change::CollectionCreated(&new)).await.unwrap();
    write.append(home, Change::CollectionRemoved { collection: CollectionId(id.0), segment: "second" }).await.unwrap();
    let again = write.append(home, Change::CollectionCreated(&new)).await.unwrap();
    write.commit().await.unwrap();
    assert!(again > id);
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.collections, found.objects, found.differences), (5, 1, vec![]));
}

async fn verify_names_what_was_tampered_with(store: Store) {
    let home = add(&store, "ann").await;
    create(&store, home, "a", &object("a", "20260601T090000Z")).await.unwrap();
    for statement in [
        "UPDATE objects SET last_end = 0",
        "UPDATE objects SET uid = 'z'",
        "UPDATE collections SET changed_position = 1",
        "UPDATE properties SET xml = ''",
        "UPDATE homes SET position = 99",
        "UPDATE log_values SET value = '{}'",
        "DELETE FROM objects",
    ] {
        let before = store.verify(home).await.unwrap().unwrap().differences;
        execute(&store, statement).await.unwrap();
        let after = store.verify(home).await.unwrap().unwrap().differences;
        assert_ne!(before, after, "{statement}");
        // A baseline made of it would hide it for ever.
        assert!(store.write_baseline_if_worth(home, 0).await.is_err(), "{statement}");
        assert!(store.prune(home, i64::MAX, 0).await.is_err(), "{statement}");
    }
}

async fn verify_goes_on_from_a_baseline(store: Store) {
    let home = add(&store, "ann").await;
    for number in 0..20 {
        let (name, object) = (number.to_string(), object(&number.to_string(), "20260601T090000Z"));
        create(&store, home, &name, &object).await.unwrap();
        let mut write = store.write(&[home], context()).await.unwrap().unwrap();
        let calendar = write.collection(home, "calendar").await.unwrap().unwrap();
        let before = Hash::of(object.bytes());
        write.append(home, Change::ObjectDeleted { collection: calendar.id, name: &name, before }).await.unwrap();
        write.commit().await.unwrap();
    }
    store.write_baseline_if_worth(home, 0).await.unwrap();
    create(&store, home, "last", &object("last", "20260601T090000Z")).await.unwrap();
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.changes, found.objects, found.differences), (1, 1, vec![]));
}

async fn candidates_narrow_by_the_window(store: Store) {
    let home = add(&store, "ann").await;
    for day in 10..20 {
        create(&store, home, &format!("{day}.ics"), &object(&day.to_string(), &format!("202606{day}T090000Z"))).await.unwrap();
    }
    let calendar = calendar(&store, home).await;
    let at = |text| kalends_ical::date::parse_utc(text);
    let range = TimeRange { start: at("20260612T000000Z"), end: at("20260614T000000Z") };
    let mut walk = Candidates::new(Some(&range), Some(ComponentKind::Event));
    assert_eq!(store.candidates(home, calendar.id, &mut walk).await.unwrap(), ["12.ics", "13.ics"]);
    assert!(store.candidates(home, calendar.id, &mut walk).await.unwrap().is_empty());
    let mut tasks = Candidates::new(Some(&range), Some(ComponentKind::Todo));
    assert!(store.candidates(home, calendar.id, &mut tasks).await.unwrap().is_empty());
    execute(&store, "UPDATE objects SET facts_version = 0, first_start = 0, last_end = 0").await.unwrap();
    store.look_for_stale_facts().await.unwrap();
    let mut walk = Candidates::new(Some(&range), None);
    assert_eq!(store.candidates(home, calendar.id, &mut walk).await.unwrap().len(), 10, "stale facts do not narrow");
    while store.refresh_facts().await.unwrap() {}
    let mut walk = Candidates::new(Some(&range), None);
    assert_eq!(store.candidates(home, calendar.id, &mut walk).await.unwrap().len(), 2, "recomputed ones do");
}

async fn changed_names_come_once_in_order(store: Store) {
    let home = add(&store, "ann").await;
    let first = create(&store, home, "a", &object("a", "20260601T090000Z")).await.unwrap();
    create(&store, home, "b", &object("b", "20260601T090000Z")).await.unwrap();
    let calendar = calendar(&store, home).await;
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    let before = Hash::of(object("a", "20260601T090000Z").bytes());
    write.append(home, Change::ObjectDeleted { collection: calendar.id, name: "a", before }).await.unwrap();
    write.commit().await.unwrap();
    let until = store.home(home).await.unwrap().unwrap().position;
    let names = |changed: Vec<calendar::Changed>| changed.into_iter().map(|c| c.name).collect::<Vec<_>>();
    assert_eq!(names(store.changed(home, calendar.id, Position(0), until, 10).await.unwrap()), ["b", "a"]);
    assert_eq!(names(store.changed(home, calendar.id, first, until, 1).await.unwrap()), ["b"]);
    assert!(store.changed(home, calendar.id, until, until, 10).await.unwrap().is_empty());
}

async fn erasing_while_someone_writes_leaves_no_row_behind(store: Store) {
    let home = add(&store, "ann").await;
    let write = |number: u32| {
        let store = store.clone();
        async move {
            for round in 0..20 {
                let Some(mut write) = store.write(&[home], context()).await.unwrap() else { return };
                let Some(calendar) = write.collection(home, "calendar").await.unwrap() else { return };
                let name = format!("{number}-{round}");
                let new = NewObject::of(object(&name, "20260601T090000Z"));
                write.append(home, Change::ObjectPut { collection: calendar.id, name: &name, new: &new, before: None }).await.unwrap();
                write.commit().await.unwrap();
            }
        }
    };
    let writers: Vec<_> = (0..4).map(|number| tokio::spawn(write(number))).collect();
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    store.erase(home.0, 0).await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    for table in
        ["SELECT COUNT(*) FROM log", "SELECT COUNT(*) FROM collections", "SELECT COUNT(*) FROM objects", "SELECT COUNT(*) FROM bodies"]
    {
        let row = store.database.clone().row(table, &[]).await.unwrap().unwrap();
        assert_eq!(row.integer(0).unwrap(), 0, "{table}");
    }
}

async fn erasing_leaves_no_row_behind(store: Store) {
    let home = add(&store, "ann").await;
    let other = add(&store, "bob").await;
    create(&store, home, "a", &object("a", "20260601T090000Z")).await.unwrap();
    store.add_app_password(home.0, "abcdefgh", "phone", &[1; 32], 0).await.unwrap();
    store.erase(home.0, 0).await.unwrap();
    assert_eq!(store.principal_by_id(home.0).await.unwrap(), None);
    assert_eq!(store.verify(home).await.unwrap(), None);
    for table in ["SELECT COUNT(*) FROM log", "SELECT COUNT(*) FROM collections", "SELECT COUNT(*) FROM properties"] {
        let row = store.database.clone().row(table, &[]).await.unwrap().unwrap();
        assert!(row.integer(0).unwrap() <= 4, "{table} holds the other account alone");
    }
    for table in ["SELECT COUNT(*) FROM bodies", "SELECT COUNT(*) FROM objects", "SELECT COUNT(*) FROM app_passwords"] {
        let row = store.database.clone().row(table, &[]).await.unwrap().unwrap();
        assert_eq!(row.integer(0).unwrap(), 0, "{table}");
    }
    assert!(store.verify(other).await.unwrap().unwrap().differences.is_empty());
    assert!(add(&store, "ann").await > other, "ids are not used again");
}

async fn migrating_again_changes_nothing(store: Store) {
    let home = add(&store, "ann").await;
    migrate::run(&store.database).await.unwrap();
    assert!(store.verify(home).await.unwrap().unwrap().differences.is_empty());
}
