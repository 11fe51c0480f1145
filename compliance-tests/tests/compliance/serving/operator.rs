//! Commands that write, while a server holds the data folder: it does them.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use compliance_tests::account::{Account, event};
use compliance_tests::server::{Kind, Server, binary};

fn started() -> &'static Server {
    Box::leak(Box::new(Server::start(Kind::Sqlite)))
}

/// How many commands the server has done.
fn done(server: &Server) -> usize {
    server.log().matches("a command of the command line").count()
}

#[test]
fn the_server_does_what_is_asked_and_says_it() {
    let server = started();
    let account = Account::new(server, "ann");
    let before = done(server);
    assert_eq!(before, 1, "the account was added by the server: {}", server.log());
    let said = server.command_ok(&["calendar", "add", "ann", "Team"], "");
    assert!(said.contains("Added"), "{said}");
    assert!(server.command_ok(&["calendar", "list", "ann"], "").contains("Team"));
    let path = server.data().join("in.ics");
    std::fs::write(&path, event("imported")).unwrap();
    let said = server.command_ok(&["import", "ann", path.to_str().unwrap(), "--calendar", "Team"], "");
    assert!(said.contains("Imported 1 of 1 objects"), "{said}");
    let said = server.command_ok(&["import", "ann", "-", "--calendar", "Team"], &event("piped"));
    assert!(said.contains("Imported 1 of 1 objects"), "{said}");
    assert_eq!(done(server), before + 4);
    let password = server.command_ok(&["app-password", "add", "ann", "--label", "phone"], "");
    assert!(!server.log().contains(password.trim()), "what is said is not in the log");
    assert!(account.client.get(&account.calendar).status == 200);
    let left: Vec<_> = std::fs::read_dir(server.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("kalends.sock-")), "{left:?}");
}

#[test]
fn what_fails_there_fails_here() {
    let server = started();
    let failed = server.command(&["user", "remove", "nobody"], "");
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("nobody"), "{failed:?}");
    let failed = server.command(&["user", "add", "ann", "--password-stdin"], "short\n");
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("at least"), "{failed:?}");
    let failed = server.command(&["import", "ann", "not-there.ics"], "");
    assert!(String::from_utf8_lossy(&failed.stderr).contains("cannot read not-there.ics"), "{failed:?}");
}

#[test]
fn without_a_server_or_after_its_kill_commands_write_themselves() {
    let mut server = Server::start(Kind::Sqlite);
    server.kill();
    assert!(server.data().join("kalends.sock").exists(), "SIGKILL leaves it behind");
    server.command_ok(&["user", "add", "ann", "--email", "ann@example.org", "--password-stdin"], "long enough\n");
    server.go();
    server.command_ok(&["user", "add", "bob", "--email", "bob@example.org", "--password-stdin"], "long enough\n");
    assert_eq!(done(&server), 1);
    server.terminate();
    assert!(!server.data().join("kalends.sock").exists());
    assert!(server.command_ok(&["user", "list"], "").contains("bob"));
}

#[test]
fn who_gives_up_is_not_waited_for() {
    let server = started();
    Account::new(server, "ann");
    let events: String = (0..20_000).map(|n| format!("BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART:20260101T090000Z\r\nEND:VEVENT\r\n")).collect();
    let path = server.data().join("many.ics");
    std::fs::write(&path, format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")).unwrap();
    let mut command = Command::new(binary());
    command.args(["import", "ann", path.to_str().unwrap(), "--json", "--data"]).arg(server.data());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !server.log().contains("a command was not done") {
        assert!(Instant::now() < until, "{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Whole batches, and the log agrees with them.
    assert!(server.command_ok(&["log", "verify"], "").contains("0 differences"));
    server.command_ok(&["import", "ann", path.to_str().unwrap()], "");
}

#[test]
fn others_are_not_listened_to() {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    if !is_root {
        eprintln!("only root can be somebody else: not tested");
        return;
    }
    let server = started();
    // As careless as can be.
    for (path, mode) in [(server.data(), 0o755), (server.data().join("kalends.sock"), 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let copy = server.data().join("kalends");
    std::fs::copy(binary(), &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(copy);
    let output = command.args(["user", "remove", "me", "--erase", "--data"]).arg(server.data()).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(done(server), 0);
    assert!(server.command_ok(&["user", "list"], "").contains("me"));
}

#[test]
fn many_at_once_are_done_one_after_the_other_or_side_by_side() {
    let server = started();
    let adding: Vec<_> = (0..8)
        .map(|number| {
            let name = format!("user{number}");
            std::thread::spawn(move || {
                server.command_ok(&["user", "add", &name, "--email", &format!("{name}@example.org"), "--password-stdin"], "long enough\n")
            })
        })
        .collect();
    adding.into_iter().for_each(|adding| drop(adding.join().unwrap()));
    let list = server.command_ok(&["user", "list"], "");
    assert!((0..8).all(|number| list.contains(&format!("user{number}"))), "{list}");
    assert_eq!(done(server), 9);
}

#[test]
fn a_password_is_read_up_to_the_end_of_its_line() {
    let server = started();
    for (name, folder) in [("ann", server.data()), ("bob", server.data().join("another"))] {
        let mut command = Command::new(binary());
        command.args(["user", "add", name, "--email", &format!("{name}@example.org"), "--password-stdin", "--data"]).arg(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, b"long enough\n").unwrap();
        // Its input stays open, as a terminal's does.
        assert!(child.wait().unwrap().success());
        drop(input);
    }
}
