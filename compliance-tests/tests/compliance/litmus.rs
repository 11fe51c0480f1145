//! litmus, the test suite of neon for WebDAV servers, against the files of an account: every test of every suite but that of locks.

use std::process::Command;

use compliance_tests::account::Account;
use compliance_tests::folder::Folder;
use compliance_tests::server::{Kind, Server};

on_each_database! {
    all_tests_of_litmus_pass,
}

/// How many tests each suite has in litmus 0.13: one that is skipped, or never reached, does not pass.
const SUITES: [(&str, u32); 4] = [("basic", 16), ("copymove", 13), ("props", 30), ("http", 4)];

fn all_tests_of_litmus_pass(kind: Kind) {
    let server: &'static Server = Box::leak(Box::new(Server::start(kind)));
    let account = Account::new(server, "ann");
    let folder = Folder::new("litmus");
    let url = format!("http://{}{}", account.client.authority, account.files());
    for (suite, tests) in SUITES {
        let mut litmus = Command::new("litmus");
        litmus.args(["-k", &url, &account.name, &account.password]).env("TESTS", suite).current_dir(folder.path());
        let output = litmus.output().expect("litmus is installed: compliance-tests/run installs it");
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "\n");
        assert!(text.contains(&format!("of {tests} tests run: {tests} passed, 0 failed")) && !text.contains("SKIPPED"), "{suite}:\n{text}");
    }
    let verified = server.command_ok(&["log", "verify"], "");
    assert!(verified.contains(" 0 differences"), "{verified}");
}
