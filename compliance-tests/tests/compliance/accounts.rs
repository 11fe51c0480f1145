//! Accounts from the command line, while the server runs; and what wrong passwords meet.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use compliance_tests::account::{Account, add, authority};
use compliance_tests::client::{Client, basic};
use compliance_tests::server::{Kind, Server};

on_each_database! {
    an_account_starts_with_its_collections,
    a_changed_password_counts_at_once,
    an_app_password_is_for_one_device,
    a_removed_account_is_out_at_once_and_may_come_back,
    an_erased_account_leaves_nothing,
    the_command_line_says_what_to_do,
    failures_are_slowed_but_never_remembered_good_credentials,
    an_unknown_user_takes_as_long_as_a_wrong_password,
}

const PASSWORD: &str = "correct horse";

fn status(server: &Server, name: &str, password: &str) -> u16 {
    Client::new(&authority(server), name, password).propfind("/dav/", "0", "<D:current-user-principal/>").status
}

fn an_account_starts_with_its_collections(kind: Kind) {
    let account = Account::on(kind);
    let properties = "<D:resourcetype/><D:displayname/><C:supported-calendar-component-set/>";
    let answer = account.client.propfind(&account.home, "1", properties).multistatus();
    let kinds = |name: &str| -> Vec<String> {
        let answer = answer.response(&format!("{}{name}/", account.home));
        let types = answer.prop("D:resourcetype").unwrap().children.iter();
        let components = answer.prop("C:supported-calendar-component-set");
        let components = components.into_iter().flat_map(|set| &set.children).map(|comp| comp.attributes[0].1.clone());
        types.map(|element| element.name.rsplit(':').next().unwrap().to_owned()).chain(components).collect()
    };
    assert_eq!(kinds("calendar"), ["collection", "calendar", "VEVENT"]);
    assert_eq!(kinds("tasks"), ["collection", "calendar", "VTODO"]);
    assert_eq!(kinds("inbox")[..2], ["collection", "schedule-inbox"]);
    assert_eq!(kinds("outbox")[..2], ["collection", "schedule-outbox"]);
}

fn a_changed_password_counts_at_once(kind: Kind) {
    let account = Account::on(kind);
    let Some(server) = account.server else { return };
    assert_eq!(status(server, &account.name, PASSWORD), 207);
    server.command_ok(&["user", "password", &account.name, "--password-stdin"], "battery staple\n");
    assert_eq!(status(server, &account.name, PASSWORD), 401);
    assert_eq!(status(server, &account.name, "battery staple"), 207);
    // Names are compared without case.
    assert_eq!(status(server, &account.name.to_uppercase(), "battery staple"), 207);
}

fn an_app_password_is_for_one_device(kind: Kind) {
    let account = Account::on(kind);
    let other = account.another();
    let Some(server) = account.server else { return };
    let name = account.name.as_str();
    let phone = server.command_ok(&["app-password", "add", name, "--label", "Phone"], "").trim().to_owned();
    let laptop = server.command_ok(&["app-password", "add", name, "--label", "Laptop"], "").trim().to_owned();
    let list = server.command_ok(&["app-password", "list", name], "");
    assert!(list.contains("Phone") && list.contains("Laptop"), "{list}");
    assert!(!list.contains(&phone), "a list tells no password");
    assert_eq!((status(server, name, &phone), status(server, name, &laptop)), (207, 207));
    assert_eq!(status(server, &other.name, &phone), 401, "it is no one else's");
    let id = list.lines().find(|line| line.contains("Phone")).unwrap().split('\t').next().unwrap();
    assert!(!server.command(&["app-password", "revoke", &other.name, id], "").status.success());
    server.command_ok(&["app-password", "revoke", name, id], "");
    assert_eq!((status(server, name, &phone), status(server, name, &laptop)), (401, 207));
    assert_eq!(status(server, name, PASSWORD), 207);
    assert!(!server.command_ok(&["app-password", "list", name], "").contains("Phone"));
}

fn a_removed_account_is_out_at_once_and_may_come_back(kind: Kind) {
    let account = Account::on(kind);
    let Some(server) = account.server else { return };
    let device = server.command_ok(&["app-password", "add", &account.name], "").trim().to_owned();
    assert_eq!((status(server, &account.name, PASSWORD), status(server, &account.name, &device)), (207, 207));
    server.command_ok(&["user", "remove", &account.name], "");
    assert_eq!((status(server, &account.name, PASSWORD), status(server, &account.name, &device)), (401, 401));
    let list = server.command_ok(&["user", "list"], "");
    let line = list.lines().find(|line| line.starts_with(&format!("{}\t", account.name))).expect("it is listed");
    assert!(line.ends_with("disabled"), "{line}");
    server.command_ok(&["user", "enable", &account.name], "");
    assert_eq!((status(server, &account.name, PASSWORD), status(server, &account.name, &device)), (207, 207));
    account.client.get(&account.calendar).expect(200);
}

fn an_erased_account_leaves_nothing(kind: Kind) {
    let account = Account::on(kind);
    let other = account.another();
    let Some(server) = account.server else { return };
    account.client.put(&account.object("a.ics"), &compliance_tests::account::event("a")).expect(201);
    server.command_ok(&["user", "remove", &account.name, "--erase"], "");
    assert_eq!(status(server, &account.name, PASSWORD), 401);
    assert!(!server.command_ok(&["user", "list"], "").contains(&format!("{}\t", account.name)));
    other.client.propfind(&account.principal, "0", "<D:displayname/>").expect(404);
    // Who comes next by that name finds nothing of it.
    add(server, &account.name, "another horse");
    let next = Client::new(&authority(server), &account.name, "another horse");
    next.get(&account.object("a.ics")).expect(404);
}

fn the_command_line_says_what_to_do(kind: Kind) {
    let account = Account::on(kind);
    let Some(server) = account.server else { return };
    let refused = |arguments: &[&str], input: &str, said: &str| {
        let output = server.command(arguments, input);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(error.contains(said) && !error.contains("panicked"), "{arguments:?}: {error}");
    };
    refused(&["user", "add", &account.name, "--password-stdin"], "long enough\n", "is taken");
    refused(&["user", "add", "short", "--password-stdin"], "1234567\n", "at least 8 characters");
    refused(&["user", "add", "empty", "--password-stdin"], "", "at least 8 characters");
    refused(&["user", "add", "a:b", "--password-stdin"], "long enough\n", "without spaces, colons and slashes");
    refused(&["user", "add", "new", "--email", "nowhere", "--password-stdin"], "long enough\n", "is not an e-mail address");
    let taken = format!("{}@example.org", account.name);
    refused(&["user", "add", "new", "--email", &taken, "--password-stdin"], "long enough\n", "is taken");
    refused(&["user", "add", "new"], "", "--password-stdin");
    refused(&["user", "remove", "nobody"], "", "user list");
    refused(&["app-password", "add", "nobody"], "", "user list");
    refused(&["app-password", "revoke", &account.name, "none"], "", "app-password list");
}

fn failures_are_slowed_but_never_remembered_good_credentials(kind: Kind) {
    let server = Server::start(kind);
    add(&server, "ann", PASSWORD);
    add(&server, "bob", PASSWORD);
    let mut guesser = Client::anonymous(&authority(&server));
    guesser.from = Ipv4Addr::new(127, 0, 0, 2);
    let mut guess = |user: &str, password: &str| {
        guesser.authorization = Some(basic(user, password));
        guesser.propfind("/dav/", "0", "<D:displayname/>")
    };
    assert_eq!(status(&server, "ann", PASSWORD), 207);
    let slowed = (0..12).find_map(|number| {
        let answer = guess("ann", &format!("guess {number}"));
        if answer.status == 401 {
            assert!(answer.header("www-authenticate").is_some());
        }
        (answer.status == 503).then_some(answer)
    });
    let slowed = slowed.expect("guessing is slowed");
    let seconds: u64 = slowed.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=120).contains(&seconds), "{seconds}");
    // The account is slowed from everywhere, but for whom it knows; others are not slowed at all.
    assert_eq!(status(&server, "ann", "guessed elsewhere"), 503);
    for _ in 0..20 {
        assert_eq!(status(&server, "ann", PASSWORD), 207);
    }
    assert_eq!(status(&server, "bob", PASSWORD), 207);
    // The address is slowed whatever names it tries; an app password needs no slow check and goes through.
    let names = (0..40).map(|number| guess(&format!("nobody{number}"), "x").status);
    assert!(names.into_iter().any(|status| status == 503), "an address that tries many names is slowed");
    let device = server.command_ok(&["app-password", "add", "ann"], "").trim().to_owned();
    assert_eq!(guess("ann", &device).status, 207);
    let log = server.log();
    assert!(!log.contains("guess 1") && !log.contains(&device) && !log.contains(PASSWORD), "the log tells no password");
    assert!(!log.contains("Basic "), "the log tells no credentials");
}

fn an_unknown_user_takes_as_long_as_a_wrong_password(kind: Kind) {
    let server = Server::start(kind);
    // From an address each, and under the bound of an account, so that nothing is slowed; by turns, so that what else the machine does
    // hits both alike.
    let mut fastest = [Duration::MAX; 2];
    for round in 0..5 {
        add(&server, &format!("ann{round}"), PASSWORD);
        for number in 1..=4 {
            for (known, (user, group)) in [(0, ("ann", 10)), (1, ("nobody", 11))] {
                let mut client = Client::new(&authority(&server), &format!("{user}{round}"), &format!("wrong {number}"));
                client.from = Ipv4Addr::new(127, round, group, number);
                let started = Instant::now();
                client.propfind("/dav/", "0", "<D:displayname/>").expect(401);
                fastest[known] = fastest[known].min(started.elapsed());
            }
        }
    }
    let [known, unknown] = fastest;
    // A look-up alone takes a hundredth of a hash: half of it tells them apart on any machine.
    assert!(unknown * 2 > known && known * 2 > unknown, "{known:?} for a known name, {unknown:?} for an unknown one");
}
