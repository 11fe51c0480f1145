//! The servers that are measured, each started on a folder of its own: Kalends on its two databases, and others from packages.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use compliance_tests::account;
use compliance_tests::folder::Folder;
use compliance_tests::server::{Kind, Server, free_port, spawn};

pub const USER: &str = "bench";
pub const PASSWORD: &str = "benchmark";

/// A server that runs, until it is dropped.
pub struct Peer {
    pub name: String,
    /// What to know about how it was run.
    pub note: &'static str,
    pub address: SocketAddr,
    pub principal: String,
    /// What stands before the name of a calendar.
    pub home: String,
    /// The roots of its process trees, the database's included.
    pub roots: Vec<u32>,
    /// How many events its big calendar is filled with: those that are asked for, and more as far as time allows.
    pub big: usize,
    _running: Running,
}

enum Running {
    Ours { _server: Server },
    Theirs { process: Child, _folder: Folder },
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Theirs { process, .. } = self {
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
    }
}

/// How a server is started; `None` where it is not installed.
type Start = fn() -> Option<Peer>;

/// By name.
pub const PEERS: &[(&str, Start)] = &[
    ("kalends-sqlite", || Some(kalends(Kind::Sqlite))),
    ("kalends-postgres", || Some(kalends(Kind::Postgres))),
    ("radicale", radicale),
    ("xandikos", xandikos),
    ("cyrus", cyrus),
];

fn kalends(kind: Kind) -> Peer {
    let server = Server::start(kind);
    account::add(&server, USER, PASSWORD);
    let (name, note) = match kind {
        Kind::Sqlite => ("Kalends, SQLite", "fsync at each commit"),
        Kind::Postgres => ("Kalends, Postgres", "fsync at each commit; processor time and memory with the database's"),
    };
    Peer {
        name: name.to_owned(),
        note,
        address: loopback(server.port),
        principal: format!("/dav/principals/{USER}/"),
        home: format!("/dav/calendars/{USER}/"),
        roots: server.processes(),
        big: usize::MAX,
        _running: Running::Ours { _server: server },
    }
}

/// Where packages from PyPI are: the folder that `compliance-tests/benchmark` installs them into.
fn python(program: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("KALENDS_PEERS")?;
    Some(Path::new(&folder).join("bin").join(program)).filter(|path| path.exists())
}

fn radicale() -> Option<Peer> {
    let program = python("radicale")?;
    let (folder, port) = (Folder::new("radicale"), free_port());
    let users = folder.path().join("users");
    std::fs::write(&users, format!("{USER}:{PASSWORD}\n")).expect("a file can be written");
    let mut command = Command::new(&program);
    command.arg(format!("--server-hosts=127.0.0.1:{port}")).arg("--auth-type=htpasswd").arg("--auth-htpasswd-encryption=plain");
    command.arg(format!("--auth-htpasswd-filename={}", users.display())).arg("--logging-level=error");
    command.arg(format!("--storage-filesystem-folder={}", folder.path().join("data").display()));
    let version = version_of(Command::new(&program).arg("--version"));
    theirs(
        format!("Radicale {version}"),
        "plain htpasswd; closes each connection",
        command,
        folder,
        port,
        (format!("/{USER}/"), format!("/{USER}/")),
    )
}

fn xandikos() -> Option<Peer> {
    let program = python("xandikos")?;
    let (folder, port) = (Folder::new("xandikos"), free_port());
    let mut command = Command::new(&program);
    command.args(["serve", "--listen-address", "127.0.0.1", "--port", &port.to_string(), "--defaults"]);
    command.arg(format!("--current-user-principal=/{USER}/")).arg("-d").arg(folder.path().join("data"));
    let version = version_of(Command::new(&program).arg("--version"));
    let version = version.rsplit(' ').next().unwrap_or_default().to_owned();
    let places = (format!("/{USER}/"), format!("/{USER}/calendars/"));
    theirs(format!("Xandikos {version}"), "checks no password: it takes Basic only over TLS", command, folder, port, places)
}

/// Debian's, with configuration files of its own, run as the user its package made.
fn cyrus() -> Option<Peer> {
    let master = Path::new("/usr/lib/cyrus/bin/master");
    if !master.exists() || std::env::var_os("USER").is_some_and(|user| user != "root") {
        return None;
    }
    let (folder, http, imap) = (Folder::new("cyrus"), free_port(), free_port());
    let at = folder.path().display().to_string();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("a file can be written");
    write(
        "imapd.conf",
        format!(
            "configdirectory: {at}/conf\npartition-default: {at}/spool\ndefaultpartition: default\nadmins: cyrus\n\
             sasl_pwcheck_method: auxprop\nsasl_auxprop_plugin: sasldb\nsasl_sasldb_path: {at}/sasldb2\nsasl_mech_list: PLAIN\n\
             allowplaintext: yes\nhttpmodules: caldav\n"
        ),
    );
    let service = |name: &str, program: &str, port: u16| {
        format!("  {name} cmd=\"/usr/lib/cyrus/bin/{program} -C {at}/imapd.conf\" listen=\"127.0.0.1:{port}\" prefork=0 maxchild=50\n")
    };
    let services = service("imap", "imapd", imap) + &service("http", "httpd", http);
    let recover = format!("START {{\n  recover cmd=\"/usr/lib/cyrus/bin/ctl_cyrusdb -C {at}/imapd.conf -r\"\n}}\n");
    write("cyrus.conf", format!("{recover}SERVICES {{\n{services}}}\n"));
    for folder_in in ["spool", "conf/db", "conf/proc", "conf/socket", "conf/log", "conf/msg", "conf/lock", "conf/user", "conf/quota"] {
        std::fs::create_dir_all(folder.path().join(folder_in)).expect("a folder can be made");
    }
    for user in ["cyrus", USER] {
        let mut command = Command::new("saslpasswd2");
        command.args(["-p", "-c", "-f"]).arg(folder.path().join("sasldb2")).arg(user).stdin(Stdio::piped());
        let mut child = command.spawn().ok()?;
        writeln!(child.stdin.take()?, "{PASSWORD}").ok()?;
        child.wait().ok()?;
    }
    Command::new("chown").args(["-R", "cyrus:mail"]).arg(folder.path()).status().ok()?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--reuid", "cyrus", "--regid", "mail", "--init-groups", "--"]).arg(master);
    command.arg("-C").arg(folder.path().join("imapd.conf")).arg("-M").arg(folder.path().join("cyrus.conf"));
    command.arg("-p").arg(folder.path().join("pid"));
    let version = version_of(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "cyrus-imapd"]));
    let places = (format!("/dav/principals/user/{USER}/"), format!("/dav/calendars/user/{USER}/"));
    let peer = theirs(format!("Cyrus {version}"), "sasldb; its big calendar has fewer events", command, folder, http, places)?;
    // The calendar home is made where there is a mailbox.
    let mut stream = connect(loopback(imap))?;
    for line in [format!("a login cyrus {PASSWORD}\r\n"), format!("b create user/{USER}\r\n"), "c logout\r\n".to_owned()] {
        stream.write_all(line.as_bytes()).ok()?;
    }
    let mut said = String::new();
    stream.read_to_string(&mut said).ok()?;
    if !said.contains("b OK") {
        eprintln!("Cyrus did not make a mailbox: {said}");
        return None;
    }
    Some(Peer { big: 4_000, ..peer })
}

fn theirs(name: String, note: &'static str, mut command: Command, folder: Folder, port: u16, places: (String, String)) -> Option<Peer> {
    let log = std::fs::File::create(folder.path().join("log")).ok()?;
    command.stdin(Stdio::null()).stdout(log.try_clone().ok()?).stderr(log);
    let process = spawn(command);
    let roots = vec![process.id()];
    let running = Running::Theirs { process, _folder: folder };
    connect(loopback(port))?;
    let (principal, home) = places;
    Some(Peer { name, note, address: loopback(port), principal, home, roots, big: usize::MAX, _running: running })
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn connect(address: SocketAddr) -> Option<TcpStream> {
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until {
        if let Ok(stream) = TcpStream::connect(address) {
            return Some(stream);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    eprintln!("nothing listens on {address}");
    None
}

fn version_of(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
