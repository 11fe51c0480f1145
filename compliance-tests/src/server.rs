//! Kalends itself, started on a free port with a fresh database; or any server that `KALENDS_URL` names.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::folder::Folder;
use crate::postgres::Cluster;

/// The kinds of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The Postgres of all servers of this process.
static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// A running server, killed when dropped.
pub struct Server {
    pub port: u16,
    arguments: Vec<String>,
    process: Option<Child>,
    folder: Arc<Folder>,
}

impl Server {
    /// Starts a server on a fresh database.
    pub fn start(kind: Kind) -> Self {
        let mut server = Self::new(kind, &[]);
        server.go();
        server
    }

    /// A server on a fresh database, with more arguments, not started yet.
    pub fn new(kind: Kind, more: &[&str]) -> Self {
        let folder = Arc::new(Folder::new("server"));
        let mut arguments = vec!["--data".to_owned(), folder.path().join("data").display().to_string()];
        if kind == Kind::Postgres {
            arguments.extend(["--database".to_owned(), CLUSTER.get_or_init(Cluster::start).database()]);
        }
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        Self { port: free_port(), arguments, process: None, folder }
    }

    /// Another process on the same database, not started yet.
    pub fn twin(&self) -> Self {
        Self { port: free_port(), arguments: self.arguments.clone(), process: None, folder: Arc::clone(&self.folder) }
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the process (again), and waits until it answers.
    pub fn go(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).expect("a log can be written");
        let listen = format!("127.0.0.1:{}", self.port);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary()).args(["serve", "--listen", &listen]).args(&self.arguments);
        command.stdout(log.try_clone().expect("the log can be shared")).stderr(log).stdin(Stdio::null());
        self.process = Some(spawn(command));
        wait_until_healthy(&listen, || self.log());
    }

    /// SIGKILL: what a power cut is to a process.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// SIGTERM; how the process ended, and after how long.
    pub fn terminate(&mut self) -> (std::process::ExitStatus, Duration) {
        let mut process = self.process.take().expect("the server runs");
        let started = Instant::now();
        Command::new("kill").arg(process.id().to_string()).status().expect("kill runs");
        (process.wait().expect("the server ends"), started.elapsed())
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Runs a command of the command line on the server's database.
    pub fn command(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command line starts");
        child.stdin.take().expect("it has an input").write_all(input.as_bytes()).expect("it reads its input");
        child.wait_with_output().expect("it ends")
    }

    /// As [`Server::command`], for what must succeed; its output.
    pub fn command_ok(&self, arguments: &[&str], input: &str) -> String {
        let output = self.command(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("its output is text")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The process, and its database's where that is one of its own.
    pub fn processes(&self) -> Vec<u32> {
        let own = self.process.as_ref().map(Child::id);
        own.into_iter().chain(CLUSTER.get().filter(|_| self.is_on_postgres()).map(Cluster::process)).collect()
    }

    fn is_on_postgres(&self) -> bool {
        self.arguments.iter().any(|argument| argument == "--database")
    }

    /// Memory the process holds, in KiB.
    pub fn memory_kib(&self) -> u64 {
        let pid = self.process.as_ref().expect("the server runs").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("log-{}", self.port))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `KALENDS_BINARY`, else the one built beside the tests.
pub fn binary() -> PathBuf {
    if let Some(binary) = std::env::var_os("KALENDS_BINARY") {
        return binary.into();
    }
    let test = std::env::current_exe().expect("a test knows itself");
    let target = test.ancestors().nth(2).expect("it is built in target/<profile>/deps");
    let binary = target.join("kalends");
    assert!(binary.exists(), "the server is not built: run `cargo build` first, or set KALENDS_BINARY");
    binary
}

/// Starts a process that ends with this one. The signal that ends it is tied to the thread it was started from, and a test's thread
/// ends with the test: so a thread that never ends starts it.
pub fn spawn(mut command: Command) -> Child {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        sender.send(command.spawn().expect("the process starts")).expect("someone waits for it");
        loop {
            std::thread::park();
        }
    });
    receiver.recv().expect("the process started")
}

/// Waits until a server answers; if it does not, the test fails with its log.
pub fn wait_until_healthy(authority: &str, log: impl Fn() -> String) {
    let until = Instant::now() + Duration::from_secs(60);
    let anyone = Client::anonymous(authority);
    while !anyone.try_send("GET", "/healthz", &[], "".into()).is_ok_and(|answer| answer.status == 200) {
        assert!(Instant::now() < until, "the server does not answer:\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
