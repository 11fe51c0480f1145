//! Files as their users rely on them: large ones, bounds, crashes, backups.

use std::io::{Read, Write};
use std::time::Duration;

use compliance_tests::account::{Account, add};
use compliance_tests::client::Client;
use compliance_tests::server::{Kind, Server};

on_each_database! {
    memory_does_not_grow_with_a_file,
    a_file_that_is_too_large_is_413_and_leaves_nothing,
    files_that_are_too_many_are_refused_by_name,
    a_body_that_breaks_off_leaves_nothing,
    a_client_that_waits_for_100_is_told_before_it_sends,
    an_acknowledged_file_survives_a_kill,
    pruning_and_erasing_mind_files,
    one_of_20_concurrent_moves_wins,
    files_go_through_a_zip_file_unchanged,
}

fn started(kind: Kind, more: &[&str]) -> (Server, Client) {
    let mut server = Server::new(kind, more);
    server.go();
    add(&server, "ann", "correct horse");
    let client = Client::new(&format!("127.0.0.1:{}", server.port), "ann", "correct horse");
    (server, client)
}

fn used(client: &Client) -> u64 {
    client.properties("/dav/files/ann/", "<D:quota-used-bytes/>").value("D:quota-used-bytes").parse().unwrap()
}

fn whole(server: &Server) {
    let verified = server.command_ok(&["log", "verify"], "");
    assert!(verified.contains(" 0 differences"), "{verified}");
}

/// Sends a PUT's head and as many octets, a piece at a time; the connection.
fn send(client: &Client, path: &str, header: &str, length: usize) -> std::net::TcpStream {
    let mut stream = std::net::TcpStream::connect(&client.authority).unwrap();
    let authorization = client.authorization.clone().unwrap();
    write!(stream, "PUT {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\n{header}\r\n\r\n", client.authority).unwrap();
    let piece: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let mut left = length;
    while left > 0 {
        let part = left.min(piece.len());
        if stream.write_all(&piece[..part]).is_err() {
            break;
        }
        left -= part;
    }
    stream
}

fn status_line(mut stream: std::net::TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer).unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
}

fn memory_does_not_grow_with_a_file(kind: Kind) {
    const LENGTH: usize = 96 << 20;
    let (server, client) = started(kind, &[]);
    client.get("/dav/calendars/ann/calendar/").expect(200);
    let before = server.memory_kib();
    let stream = send(&client, "/dav/files/ann/large", &format!("Content-Length: {LENGTH}"), LENGTH);
    assert!(status_line(stream).starts_with("HTTP/1.1 201"), "{}", server.log());
    let after_put = server.memory_kib();
    let mut stream = std::net::TcpStream::connect(&client.authority).unwrap();
    let authorization = client.authorization.clone().unwrap();
    write!(stream, "GET /dav/files/ann/large HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n").unwrap();
    let (mut buffer, mut read) = (vec![0; 1 << 20], 0);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            count => read += count,
        }
    }
    assert!((LENGTH..LENGTH + 2000).contains(&read), "{read}");
    let after_get = server.memory_kib();
    for (what, after) in [("PUT", after_put), ("GET", after_get)] {
        assert!(after < before + (32 << 10), "{what}: {before} KiB became {after}");
    }
    whole(&server);
}

fn a_file_that_is_too_large_is_413_and_leaves_nothing(kind: Kind) {
    let (server, client) = started(kind, &["--set", "limits.file_bytes_max=3000000"]);
    client.send("PUT", "/dav/files/ann/fits", &[], vec![0; 3_000_000]).expect(201);
    client.send("PUT", "/dav/files/ann/a", &[], vec![1; 3_000_001]).expect(413);
    // Without a length it is told once it is read.
    let mut stream = send(&client, "/dav/files/ann/a", "Transfer-Encoding: chunked", 0);
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..4 {
        write!(stream, "{:x}\r\n", piece.len()).unwrap();
        stream.write_all(&piece).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert!(status_line(stream).starts_with("HTTP/1.1 413"));
    client.get("/dav/files/ann/a").expect(404);
    assert_eq!(used(&client), 3_000_000);
    whole(&server);
}

fn files_that_are_too_many_are_refused_by_name(kind: Kind) {
    let bounds = ["--set", "limits.files_bytes_max=2000000", "--set", "limits.files_max=5", "--set", "limits.copy_members_max=2"];
    let (server, client) = started(kind, &bounds);
    let put = |name: &str, body: Vec<u8>| client.send("PUT", &format!("/dav/files/ann/{name}"), &[], body);
    put("a", vec![0; 1_500_000]).expect(201);
    put("b", vec![1; 1_500_000]).refuses(507, "D:quota-not-exceeded");
    put("b", vec![1; 500_001]).refuses(507, "D:quota-not-exceeded");
    put("b", vec![1; 500_000]).expect(201);
    put("c", vec![2; 1]).refuses(507, "D:quota-not-exceeded");
    // A copy takes no room; the fifth is the last, with the root.
    client.send("COPY", "/dav/files/ann/b", &[("destination", "/dav/files/ann/c")], "").expect(201);
    client.send("MKCOL", "/dav/files/ann/f/", &[], "").expect(201);
    put("d", vec![1; 500_000]).refuses(507, "D:quota-not-exceeded");
    client.send("MKCOL", "/dav/files/ann/g/", &[], "").refuses(507, "D:quota-not-exceeded");
    client.send("COPY", "/dav/files/ann/a", &[("destination", "/dav/files/ann/d")], "").refuses(507, "D:quota-not-exceeded");
    client.send("MOVE", "/dav/files/ann/a", &[("destination", "/dav/files/ann/f/a")], "").expect(201);
    client.send("MOVE", "/dav/files/ann/b", &[("destination", "/dav/files/ann/f/b")], "").expect(201);
    client.delete("/dav/files/ann/c").expect(204);
    client.send("COPY", "/dav/files/ann/f/", &[("destination", "/dav/files/ann/g/")], "").refuses(507, "D:quota-not-exceeded");
    assert_eq!(used(&client), 2_000_000);
    client.delete("/dav/files/ann/f/").expect(204);
    assert_eq!(used(&client), 0);
    whole(&server);
}

fn a_body_that_breaks_off_leaves_nothing(kind: Kind) {
    let (server, client) = started(kind, &[]);
    let stream = send(&client, "/dav/files/ann/a", "Content-Length: 5000000", 3_000_000);
    let arrived = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        used(&client) > 0
    });
    assert!(arrived);
    drop(stream);
    let gone = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        used(&client) == 0
    });
    assert!(gone, "{}", server.log());
    client.get("/dav/files/ann/a").expect(404);
    whole(&server);
}

fn a_client_that_waits_for_100_is_told_before_it_sends(kind: Kind) {
    let (_server, client) = started(kind, &["--set", "limits.file_bytes_max=2048"]);
    let stream = send(&client, "/dav/files/ann/a", "Content-Length: 3000\r\nExpect: 100-continue", 0);
    assert!(status_line(stream).starts_with("HTTP/1.1 413"));
    let stream = send(&client, "/dav/files/ann/a", "Content-Length: 2000\r\nExpect: 100-continue", 0);
    assert!(status_line(stream).starts_with("HTTP/1.1 100"));
}

fn an_acknowledged_file_survives_a_kill(kind: Kind) {
    let (mut server, client) = started(kind, &[]);
    for round in 0..5_u8 {
        let path = format!("/dav/files/ann/{round}");
        let body = vec![round; 1_500_000 + usize::from(round)];
        client.send("PUT", &path, &[], body.clone()).expect(201);
        let copy = format!("/dav/files/ann/copy{round}");
        client.send("COPY", &path, &[("destination", &copy)], "").expect(201);
        // One that is on its way is not there afterwards.
        let stream = send(&client, "/dav/files/ann/half", "Content-Length: 9000000", 5_000_000);
        server.kill();
        drop(stream);
        server.go();
        if kind == Kind::Postgres {
            // Postgres may still be ending what the killed server had sent it.
            std::thread::sleep(Duration::from_millis(300));
        }
        assert!(client.get(&path).expect(200).body == body);
        let deleted = client.try_send("DELETE", &path, &[], "".into());
        assert!(deleted.as_ref().is_ok_and(|answer| answer.status == 204), "{deleted:?}\n{}", server.log());
        assert!(client.get(&copy).expect(200).body == body);
        client.get("/dav/files/ann/half").expect(404);
    }
    whole(&server);
}

fn pruning_and_erasing_mind_files(kind: Kind) {
    let server: &'static Server = Box::leak(Box::new(Server::start(kind)));
    let account = Account::new(server, "ann");
    let files = account.files();
    account.client.send("MKCOL", &format!("{files}f/"), &[], "").expect(201);
    account.client.send("PUT", &format!("{files}f/a"), &[("content-type", "text/plain")], vec![b'a'; 100_000]).expect(201);
    account.client.set(&format!("{files}f/a"), "<X:p>1</X:p>");
    account.client.send("MOVE", &format!("{files}f/"), &[("destination", &format!("{files}g/"))], "").expect(201);
    server.command_ok(&["log", "prune", "--keep-days", "0"], "");
    whole(server);
    assert_eq!(account.client.get(&format!("{files}g/a")).expect(200).body.len(), 100_000);
    account.client.send("PUT", &format!("{files}g/b"), &[], "after the baseline").expect(201);
    account.client.send("MOVE", &format!("{files}g/"), &[("destination", &format!("{files}h/"))], "").expect(201);
    whole(server);
    if kind == Kind::Sqlite {
        let backup = server.data().with_file_name("backup");
        let backup = backup.to_str().unwrap();
        assert!(server.command_ok(&["backup", backup], "").contains(" 0 differences"));
    }
    server.command_ok(&["user", "remove", "ann", "--erase"], "");
    whole(server);
}

fn one_of_20_concurrent_moves_wins(kind: Kind) {
    let (server, client) = started(kind, &[]);
    for round in 0..10 {
        let (from, folder) = (format!("/dav/files/ann/{round}"), format!("/dav/files/ann/f{round}/"));
        client.send("PUT", &from, &[], format!("round {round}")).expect(201);
        client.send("MKCOL", &folder, &[], "").expect(201);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let racers = (0..20).map(|racer| {
                let (client, from, to) = (&client, &from, format!("{folder}{racer}"));
                scope.spawn(move || client.send("MOVE", from, &[("destination", &to)], "").status)
            });
            let racers: Vec<_> = racers.collect();
            racers.into_iter().map(|racer| racer.join().expect("a racer ends well")).collect()
        });
        let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
        assert_eq!((count(201), count(404)), (1, 19), "round {round}: {statuses:?}");
        let listed = client.propfind(&folder, "1", "<D:getetag/>").multistatus();
        assert_eq!(listed.responses.len(), 2);
        assert_eq!(client.get(&listed.responses[1].href).expect(200).text(), format!("round {round}"));
    }
    whole(&server);
}

fn files_go_through_a_zip_file_unchanged(kind: Kind) {
    let (mut server, client) = started(kind, &[]);
    add(&server, "bob", "correct horse");
    let bob = Client::new(&client.authority, "bob", "correct horse");
    let large: Vec<u8> = (0..=250).cycle().take(3_000_000).collect();
    let folders = ["a%20b/", "a%20b/%C3%A9%25/", "empty/"];
    let files = [("top.txt", "text/plain", b"top".to_vec()), ("a%20b/%C3%A9%25/x", "image/x", large), ("a%20b/none", "text/css", vec![])];
    for folder in folders {
        client.send("MKCOL", &format!("/dav/files/ann/{folder}"), &[], "").expect(201);
    }
    for (path, media_type, body) in &files {
        client.send("PUT", &format!("/dav/files/ann/{path}"), &[("content-type", media_type)], body.clone()).expect(201);
    }
    client.set("/dav/files/ann/top.txt", "<X:p>1</X:p>");
    client.set("/dav/files/ann/a%20b/", "<X:p>2</X:p>");
    let zip = server.data().with_file_name("ann.zip");
    let zip = zip.to_str().unwrap();
    let told = server.command_ok(&["export", "ann", "--output", zip], "");
    assert!(told.contains(" and 3 files to "), "{told}");
    assert!(server.command_ok(&["import", "bob", zip, "--dry-run"], "").contains("Would import 3 of 3 files"));
    assert_eq!(bob.propfind("/dav/files/bob/", "1", "<D:getetag/>").multistatus().responses.len(), 1);
    assert!(server.command_ok(&["import", "bob", zip], "").contains("Imported 3 of 3 files: 3 added"));
    for (path, media_type, body) in &files {
        let got = bob.get(&format!("/dav/files/bob/{path}")).expect(200);
        assert!(got.body == *body && got.header("content-type") == Some(media_type), "{path}");
    }
    for folder in folders {
        bob.propfind(&format!("/dav/files/bob/{folder}"), "0", "<D:getetag/>").expect(207);
    }
    assert_eq!(bob.properties("/dav/files/bob/top.txt", "<X:p/>").value("X:p"), "1");
    assert_eq!(bob.properties("/dav/files/bob/a%20b/", "<X:p/>").value("X:p"), "2");
    // Again it changes nothing; what is different stays, is replaced, or fails.
    bob.send("PUT", "/dav/files/bob/top.txt", &[("content-type", "text/plain")], "other").expect(204);
    assert!(server.command_ok(&["import", "bob", zip], "").contains("2 unchanged, 1 skipped"));
    assert!(!server.command(&["import", "bob", zip, "--on-conflict", "fail"], "").status.success());
    assert_eq!(bob.get("/dav/files/bob/top.txt").text(), "other");
    assert!(server.command_ok(&["import", "bob", zip, "--on-conflict", "replace"], "").contains("1 replaced, 2 unchanged"));
    assert_eq!(bob.get("/dav/files/bob/top.txt").text(), "top");
    // A server that runs goes by its own bounds, whatever the command says.
    server.kill();
    let refused = server.command(&["import", "bob", zip, "--on-conflict", "replace", "--set", "limits.file_bytes_max=1024"], "");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stdout).contains("at most 1024 bytes"));
    whole(&server);
}
