//! The configuration: told, judged, and read again.

use std::process::{Command, Output};

use compliance_tests::account::event_with;
use compliance_tests::folder::Folder;
use compliance_tests::server::binary;

use super::ByHand;

fn config(folder: &Folder, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary());
    command.arg("config").args(arguments).current_dir(folder.path()).envs(environment.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_is_in_force_is_shown_with_where_it_comes_from() {
    let folder = Folder::new("config");
    let file = "listen = [\"127.0.0.1:1\", \"unix:k.sock\"]\ndatabase = \"postgres://u:secret@h/n\"\n[limits]\nobject_bytes_max = 2048\n";
    std::fs::write(folder.path().join("kalends.toml"), file).unwrap();
    let environment = [("KALENDS_LIMITS_XML_BYTES_MAX", "70000"), ("KALENDS_CONFIG", "kalends.toml")];
    let shown = config(&folder, &["show", "--changed", "--json", "--set", "log=off"], &environment);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["listen"], serde_json::json!({"value": ["127.0.0.1:1", "unix:k.sock"], "from": "kalends.toml"}));
    assert_eq!(shown["limits.object_bytes_max"], serde_json::json!({"value": 2048, "from": "kalends.toml"}));
    assert_eq!(shown["limits.xml_bytes_max"], serde_json::json!({"value": 70000, "from": "KALENDS_LIMITS_XML_BYTES_MAX"}));
    assert_eq!(shown["log"], serde_json::json!({"value": "off", "from": "flag"}));
    assert!(!shown.to_string().contains("secret") && shown.as_object().unwrap().len() == 5, "{shown}");
    // What is shown is a configuration file again.
    let all = text(&config(&folder, &["show"], &[]).stdout);
    std::fs::write(folder.path().join("again.toml"), all.replace("tls.hsts_seconds = 0", "tls.hsts_seconds = 1")).unwrap();
    let again = config(&folder, &["show", "--config", "again.toml"], &[]);
    assert!(text(&again.stdout).contains("tls.hsts_seconds = 1"), "{}", text(&again.stderr));
}

#[test]
fn mistakes_are_one_sentence_that_says_what_to_do() {
    let folder = Folder::new("config");
    let file = |text: &str| std::fs::write(folder.path().join("kalends.toml"), text).unwrap();
    for (content, said) in [
        ("[limits]\nobject_byte_max = 1", "there is no key limits.object_byte_max: did you mean limits.object_bytes_max?"),
        ("[limits]\nobject_bytes_max = 1", "kalends.toml: limits.object_bytes_max = 1 must be a number from 1024 to 1073741824"),
        ("listen = true", "listen must be a text, a number or a list of texts"),
        ("listen = \"https://127.0.0.1:1\"", "there is no certificate: set tls.certificate and tls.key"),
        ("listen =", "kalends.toml"),
    ] {
        file(content);
        let output = config(&folder, &["check", "--config", "kalends.toml"], &[]);
        assert!(!output.status.success() && text(&output.stderr).contains(said), "{content}: {}", text(&output.stderr));
    }
    let output = config(&folder, &["check", "--set", "listn=1"], &[]);
    assert!(text(&output.stderr).contains("did you mean listen?"));
    let output = config(&folder, &["check"], &[("KALENDS_LISTN", "1")]);
    assert!(output.status.success() && text(&output.stdout).contains("KALENDS_LISTN"), "{}", text(&output.stdout));
}

#[test]
fn sighup_puts_in_force_what_can_be_and_says_what_cannot() {
    let write = |folder: &Folder, port: u16, more: &str| {
        let file = format!("listen = \"127.0.0.1:{port}\"\n{more}");
        std::fs::write(folder.path().join("kalends.toml"), file).unwrap();
    };
    let server = ByHand::start(|command, folder, port| {
        write(folder, port, "[limits]\nobject_bytes_max = 2048\n");
        command.env("KALENDS_CONFIG", "kalends.toml");
    });
    let client = server.client();
    let body = event_with("big", &format!("DTSTART:20260601T090000Z\r\nSUMMARY:{}\r\n", "x".repeat(3000)));
    let put = |status| client.put("/dav/calendars/me/calendar/big.ics", &body).expect(status);
    put(403);
    write(&server.folder, server.port, "data = \"elsewhere\"\n[limits]\nobject_bytes_max = 4096\n");
    server.signal("HUP");
    server.says("takes effect when the server is started again");
    server.says("key=\"limits.object_bytes_max\"");
    put(201);
    write(&server.folder, server.port, "[limits]\nobject_bytes_max = \"much\"\n");
    server.signal("HUP");
    server.says("the configuration stays as it was");
    put(204);
}

#[test]
fn the_shipped_configuration_can_be_used() {
    let folder = Folder::new("shipped");
    std::fs::write(folder.path().join("kalends.toml"), include_str!("../../../../deploy/kalends.toml")).unwrap();
    let output = config(&folder, &["check", "--config", "kalends.toml"], &[]);
    assert_eq!(text(&output.stdout), "The configuration can be used.\n", "{}", text(&output.stderr));
    // And with all that stands there as an example.
    let shipped = include_str!("../../../../deploy/kalends.toml");
    let examples: Vec<&str> =
        shipped.lines().map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)).collect();
    std::fs::write(folder.path().join("kalends.toml"), examples.join("\n")).unwrap();
    let shown = config(&folder, &["show", "--changed", "--config", "kalends.toml"], &[]);
    for key in ["database", "base_url", "tls.certificate", "http.trusted_proxies", "metrics.listen"] {
        assert!(text(&shown.stdout).contains(&format!("{key} = ")), "no {key}: {}", text(&shown.stderr));
    }
}
