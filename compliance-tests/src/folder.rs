//! Temporary folders that go away with their owner, or with this process.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// A folder that anyone may enter (Postgres runs as another user), removed when dropped.
pub struct Folder(PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Folder {
    pub fn new(what: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kalends-{what}-{}-{number}", std::process::id()));
        leave_to_the_janitor(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder can be made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its permissions can be set");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads names until this process has ended, then removes what is left of them. What servers that end too still write is in the way of
/// the first attempts.
const JANITOR: &str = "set -f; IFS='
'; set -- $(cat); for attempt in $(seq 100); do rm -rf -- \"$@\" 2>&1 && exit; sleep 0.1; done";

/// A static is never dropped, and a process that is killed drops nothing: so a child that outlives this process cleans up after it.
fn leave_to_the_janitor(path: &Path) {
    static JANITORS_INPUT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let input = JANITORS_INPUT.get_or_init(|| {
        let mut command = Command::new("setsid");
        command.args(["sh", "-c", JANITOR]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Mutex::new(command.spawn().expect("sh runs").stdin.take().expect("it has an input"))
    });
    writeln!(input.lock().expect("nobody panicked with it"), "{}", path.display()).expect("the janitor listens");
}
