//! A Postgres cluster of the test run's own, made from the installed binaries. It keeps fsync on: durability is tested on it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::folder::Folder;
use crate::server::{free_port, spawn};

pub struct Cluster {
    port: u16,
    process: Child,
    binaries: PathBuf,
    as_user: Option<&'static str>,
    databases: AtomicU32,
    _folder: Folder,
}

impl Cluster {
    /// Makes and starts a cluster. Postgres refuses to run as root: then it runs as the user its package made.
    pub fn start() -> Self {
        let binaries = binaries();
        let as_user = is_root().then_some("postgres");
        let folder = Folder::new("postgres");
        let data = folder.path().join("data");
        if let Some(user) = as_user {
            let done = Command::new("chown").arg(user).arg(folder.path()).status().expect("chown runs");
            assert!(done.success(), "the cluster's folder can be given to {user}");
        }
        let mut initdb = command(&binaries.join("initdb"), as_user);
        initdb.args(["-A", "trust", "-U", "kalends", "-E", "UTF8", "--locale", "C.UTF-8", "-D"]).arg(&data).stdout(Stdio::null());
        assert!(initdb.status().expect("initdb runs").success(), "initdb makes a cluster");
        let port = free_port();
        let mut server = command(&binaries.join("postgres"), as_user);
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        server.arg("-c").arg(format!("unix_socket_directories={}", folder.path().display()));
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let process = spawn(server);
        let cluster = Self { port, process, binaries, as_user, databases: AtomicU32::new(0), _folder: folder };
        cluster.wait();
        cluster
    }

    /// A new, empty database.
    pub fn database(&self) -> String {
        let name = format!("kalends{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut createdb = Command::new(self.binaries.join("createdb"));
        createdb.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "kalends", &name]);
        assert!(createdb.status().expect("createdb runs").success(), "createdb makes {name}");
        format!("postgres://kalends@127.0.0.1:{}/{name}", self.port)
    }

    /// Its first process, which all others descend from.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    fn wait(&self) {
        for _ in 0..300 {
            let mut ready = Command::new(self.binaries.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the Postgres cluster does not answer on port {}", self.port);
    }
}

impl Drop for Cluster {
    /// A fast shutdown; the process may belong to another user.
    fn drop(&mut self) {
        let _ = command(std::path::Path::new("kill"), self.as_user).args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.trim_ascii() == b"0"
}

/// Runs a program as another user, and makes it end when this process does.
fn command(program: &std::path::Path, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if let Some(user) = user {
        command.args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
    }
    command.arg("--").arg(program);
    command
}

/// The newest installed binaries.
fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("PostgreSQL is installed: compliance-tests/run installs it")
}
