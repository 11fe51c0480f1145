//! What was acknowledged stays: through SIGKILL, through races, through a stop in the middle of a request.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use compliance_tests::account::{Account, add, event_with};
use compliance_tests::client::Client;
use compliance_tests::server::{Kind, Server};

on_each_database! {
    acknowledged_writes_survive_25_kills,
    the_same_bytes_put_by_several_at_once_survive_25_kills,
    one_of_20_concurrent_creates_wins_25_times,
    sigterm_lets_a_running_request_end,
}

const ROUNDS: u32 = 25;
const WRITERS: usize = 3;
const NAMES: u32 = 12;

/// What a writer knows of an object: `None` is that it is not there. More than one state is possible where no answer came.
type Known = BTreeMap<String, Vec<Option<String>>>;

fn acknowledged_writes_survive_25_kills(kind: Kind) {
    let mut server = Server::start(kind);
    add(&server, "ann", "correct horse");
    let client = Client::new(&format!("127.0.0.1:{}", server.port), "ann", "correct horse");
    let mut known: Vec<Known> = vec![Known::new(); WRITERS];
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let stop = AtomicBool::new(false);
        acknowledged += std::thread::scope(|scope| {
            let writers = known.iter_mut().enumerate().map(|(writer, known)| {
                let (client, stop) = (&client, &stop);
                scope.spawn(move || write_until(stop, client, known, writer, round))
            });
            let writers: Vec<_> = writers.collect();
            // Each round another moment: between statements, in a commit, between commit and answer.
            std::thread::sleep(Duration::from_micros(u64::from(150_000 + round * 13_577 % 100_000)));
            server.kill();
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().map(|writer| writer.join().expect("a writer ends well")).sum::<u32>()
        });
        server.go();
        if kind == Kind::Postgres {
            // Postgres may still be ending what the killed server had sent it.
            std::thread::sleep(Duration::from_millis(300));
        }
        for (path, states) in known.iter_mut().flatten() {
            let answer = client.get(path);
            let found = (answer.status == 200).then(|| answer.text());
            assert!(found.is_some() || answer.status == 404, "{path}: {}", answer.status);
            assert!(states.contains(&found), "round {round}, {path}: {found:?} is none of {states:?}");
            *states = vec![found];
        }
    }
    assert!(acknowledged > ROUNDS * 5, "only {acknowledged} writes in {ROUNDS} rounds");
    let verified = server.command_ok(&["log", "verify"], "");
    assert!(verified.contains(" 0 differences"), "{verified}");
    // Every object is whole in the listing too, and nothing else is there.
    let listed = client.propfind("/dav/calendars/ann/calendar/", "1", "<D:getetag/>").multistatus();
    let there = known.iter().flatten().filter(|(_, states)| states[0].is_some()).count();
    assert_eq!(listed.responses.len(), there + 1);
}

/// Whoever is told that nothing changed relies on what another has put: it must be on the disk as well.
fn the_same_bytes_put_by_several_at_once_survive_25_kills(kind: Kind) {
    let mut server = Server::start(kind);
    add(&server, "ann", "correct horse");
    let client = Client::new(&format!("127.0.0.1:{}", server.port), "ann", "correct horse");
    client.get("/dav/calendars/ann/calendar/").expect(200);
    let mut acknowledged = std::collections::BTreeSet::new();
    for round in 0..ROUNDS {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let put = |_| {
                let (client, stop) = (&client, &stop);
                scope.spawn(move || {
                    let mut done = Vec::new();
                    for number in 0.. {
                        let path = format!("/dav/calendars/ann/calendar/same-{round}-{number}.ics");
                        let body = event_with(&format!("same-{round}-{number}"), "DTSTART:20260601T090000Z\r\n");
                        let answer = client.try_send("PUT", &path, &[("content-type", "text/calendar")], body.into());
                        match answer {
                            Ok(answer) if answer.status < 300 => done.push(path),
                            _ => break,
                        }
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                    done
                })
            };
            let writers: Vec<_> = (0..6).map(put).collect();
            std::thread::sleep(Duration::from_micros(u64::from(120_000 + round * 13_577 % 100_000)));
            server.kill();
            stop.store(true, Ordering::Relaxed);
            acknowledged.extend(writers.into_iter().flat_map(|writer| writer.join().expect("a writer ends well")));
        });
        server.go();
    }
    assert!(acknowledged.len() > 25, "{} writes", acknowledged.len());
    let listed = client.propfind("/dav/calendars/ann/calendar/", "1", "<D:getetag/>").multistatus();
    let there: std::collections::BTreeSet<&str> = listed.hrefs().into_iter().collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|path| !there.contains(path.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
}

/// PUTs and DELETEs in turn until told to stop or the server is gone; how many were acknowledged.
fn write_until(stop: &AtomicBool, client: &Client, known: &mut Known, writer: usize, round: u32) -> u32 {
    let mut acknowledged = 0;
    for step in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("w{writer}-{}", step * 7 % NAMES);
        let path = format!("/dav/calendars/ann/calendar/{name}.ics");
        let states = known.entry(path.clone()).or_insert_with(|| vec![None]);
        let there = states[0].is_some();
        let (wanted, answer) = if there && step % 3 == 0 {
            (None, client.try_send("DELETE", &path, &[], "".into()))
        } else {
            let body = event_with(&name, &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{round}/{step} {}\r\n", "x".repeat(500)));
            let headers = [("content-type", "text/calendar")];
            (Some(body.clone()), client.try_send("PUT", &path, &headers, body.into()))
        };
        match answer {
            Ok(answer) => {
                assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
                *states = vec![wanted];
                acknowledged += 1;
            }
            // No answer: done or not, but nothing in between.
            Err(_) => {
                states.push(wanted);
                break;
            }
        }
    }
    acknowledged
}

fn one_of_20_concurrent_creates_wins_25_times(kind: Kind) {
    let server: &'static Server = Box::leak(Box::new(Server::start(kind)));
    let account = Account::new(server, "ann");
    let changes = || {
        let verified = server.command_ok(&["log", "verify"], "");
        let words: Vec<&str> = verified.split_whitespace().collect();
        let at = words.iter().position(|word| word.starts_with("changes")).expect("a number of changes");
        words[at - 1].parse::<u32>().expect("a number")
    };
    account.client.get(&account.calendar).expect(200);
    let before = changes();
    for round in 0..ROUNDS {
        let path = account.object(&format!("race{round}.ics"));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let racers = (0..20).map(|racer| {
                let (account, path) = (&account, &path);
                scope.spawn(move || {
                    let body = event_with(&format!("race{round}"), &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{racer}\r\n"));
                    account.client.send("PUT", path, &[("if-none-match", "*"), ("content-type", "text/calendar")], body).status
                })
            });
            let racers: Vec<_> = racers.collect();
            racers.into_iter().map(|racer| racer.join().expect("a racer ends well")).collect()
        });
        let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
        assert_eq!((count(201), count(412)), (1, 19), "round {round}: {statuses:?}");
    }
    assert_eq!(changes() - before, ROUNDS, "one log row for each round");
}

fn sigterm_lets_a_running_request_end(kind: Kind) {
    use std::io::{Read, Write};
    let mut server = Server::start(kind);
    add(&server, "ann", "correct horse");
    let client = Client::new(&format!("127.0.0.1:{}", server.port), "ann", "correct horse");
    let path = "/dav/calendars/ann/calendar/slow.ics";
    let body = event_with("slow", "DTSTART:20260601T090000Z\r\n");
    let (first, rest) = body.split_at(body.len() / 2);
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: text/calendar\r\nContent-Length: {}\r\n\r\n{first}",
        client.authorization.clone().unwrap(),
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(&client.authority).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let rest = rest.to_owned();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let (status, took) = server.terminate();
    let answer = writer.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(status.success() && took < Duration::from_secs(10), "{status} after {took:?}\n{}", server.log());
    server.go();
    client.get(path).expect(200);
}
