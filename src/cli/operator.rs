//! Commands that write, done by the server that holds the data folder: it is asked on a Unix socket in that folder, so that its database
//! has one writer. Without a server they do it themselves.

use std::fs::File;
use std::io::{BufRead, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{Semaphore, watch};

use super::terminal::{REMOTE, Remote, Said, printable, say};
use super::{Cli, write};
use crate::failure::Failure;
use crate::server::Server;

const SOCKET_FILE: &str = "kalends.sock";
/// Commands at once; more wait.
const COMMANDS_MAX: usize = 4;
const QUESTION_BYTES_MAX: u64 = 64 * 1024;
/// What comes with a question arrives without a longer pause.
const PAUSE_SECONDS_MAX: u64 = 300;
const PIECE_BYTES: usize = 256 * 1024;

/// What a command reads beside its arguments.
pub enum Input {
    Nothing,
    /// The first line of standard input.
    Line,
    Standard,
    File(PathBuf),
}

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    arguments: Vec<String>,
    is_watched: bool,
}

/// Has the server of a data folder do what this process was asked; `None` where none runs.
pub async fn ask(folder: &Path, input: Input) -> Option<Result<(), Failure>> {
    let stream = UnixStream::connect(folder.join(SOCKET_FILE)).await.ok()?;
    Some(converse(stream, input).await)
}

async fn converse(stream: UnixStream, input: Input) -> Result<(), Failure> {
    let gone = || Failure::new("the server ended before it had done this: look at its log, and run the command again");
    let mut content: Box<dyn AsyncRead + Unpin + Send> = match &input {
        Input::Nothing => Box::new(tokio::io::empty()),
        Input::Line => Box::new(std::io::Cursor::new(first_line()?)),
        Input::Standard => Box::new(tokio::io::stdin()),
        Input::File(path) => {
            let cannot = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
            Box::new(tokio::fs::File::from_std(File::open(path).map_err(cannot)?))
        }
    };
    // A file's name need not be text: what it holds is sent beside it.
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let question = Question { arguments, is_watched: super::terminal::is_watched() };
    let mut question = serde_json::to_vec(&question).map_err(|error| Failure::new(error.to_string()))?;
    question.push(b'\n');
    let (answers, mut asking) = stream.into_split();
    let sending = tokio::spawn(async move {
        asking.write_all(&question).await?;
        tokio::io::copy(&mut content, &mut asking).await?;
        asking.shutdown().await
    });
    let mut answers = BufReader::new(answers).lines();
    let ended = loop {
        let Some(line) = answers.next_line().await.map_err(|_| gone())? else { break Err(gone()) };
        match serde_json::from_str(&line).map_err(|_| gone())? {
            Said::Line(line) => say(&line),
            Said::Progress(text) => super::terminal::show_progress(&text),
            Said::Ended(None) => break Ok(()),
            Said::Ended(Some(why)) => break Err(Failure::new(why)),
        }
    };
    // Standard input may go on for ever.
    sending.abort();
    ended
}

fn first_line() -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    std::io::stdin().lock().take(QUESTION_BYTES_MAX).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The socket in a data folder; `None` where another server of the same folder has it, or it cannot be.
pub async fn bind(folder: &Path) -> Option<Listener> {
    let path = folder.join(SOCKET_FILE);
    if UnixStream::connect(&path).await.is_ok() {
        return None;
    }
    // Left behind by a server that was killed.
    let _ = std::fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok((listener, std::fs::metadata(&path)?.uid()))
    });
    match bound {
        Ok((listener, owner)) => Some(Listener { listener, owner, folder: folder.to_owned() }),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "commands are not taken: they write to the database themselves");
            None
        }
    }
}

/// Where commands arrive.
pub struct Listener {
    listener: UnixListener,
    /// Who this program runs as.
    owner: u32,
    folder: PathBuf,
}

impl Listener {
    /// Does what it is asked until the server stops.
    pub async fn serve(self, server: Arc<Server>, mut stopped: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(COMMANDS_MAX));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            // The folder keeps others out; that it was opened to them is no reason to do what they say.
            let is_ours = stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner || peer.uid() == 0);
            if !is_ours {
                continue;
            }
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let (server, folder) = (Arc::clone(&server), self.folder.clone());
            tokio::spawn(async move {
                if let Err(failure) = attend(&server, &folder, stream).await {
                    tracing::warn!(%failure, "a command was not done");
                }
                drop(place);
            });
        }
        let _ = std::fs::remove_file(self.folder.join(SOCKET_FILE));
    }
}

/// One command, from its question to its last word.
async fn attend(server: &Arc<Server>, folder: &Path, stream: UnixStream) -> Result<(), Failure> {
    let (questions, mut answers) = stream.into_split();
    let mut questions = BufReader::new(questions);
    let mut line = Vec::new();
    within((&mut questions).take(QUESTION_BYTES_MAX).read_until(b'\n', &mut line)).await?;
    let question: Question = serde_json::from_slice(&line).map_err(|error| Failure::new(format!("a question that is none: {error}")))?;
    let input = received(folder, &server.environment.uuid(), &mut questions).await?;
    let (said, mut to_say) = unbounded_channel();
    let remote = Remote { said: said.clone(), input: Mutex::new(Some(input)), is_watched: question.is_watched };
    let running = tokio::spawn(REMOTE.scope(remote, run(Arc::clone(server), question.arguments, said)));
    while let Some(said) = to_say.recv().await {
        let mut line = serde_json::to_vec(&said).map_err(|error| Failure::new(error.to_string()))?;
        line.push(b'\n');
        if let Err(error) = answers.write_all(&line).await {
            // Whoever asked has gone, as by an interrupt in a terminal: the command notices where it can end.
            drop(to_say);
            running.await.map_err(|error| Failure::new(format!("a command ended in a bug: {error}")))?;
            return Err(error.into());
        }
    }
    Ok(answers.shutdown().await?)
}

async fn run(server: Arc<Server>, arguments: Vec<String>, said: tokio::sync::mpsc::UnboundedSender<Said>) {
    let program = std::iter::once(env!("CARGO_PKG_NAME").to_owned());
    let result = match Cli::try_parse_from(program.chain(arguments)) {
        Ok(Cli { command: Some(command), .. }) if command.writes() => {
            tracing::info!(command = command.name(), "a command of the command line");
            write(command, &server.store, &server.limits(), server.environment).await
        }
        Ok(_) => Err(Failure::new("this is no command for a server")),
        Err(error) => Err(Failure::new(format!("the server that runs here is of another version: {error}"))),
    };
    let _ = said.send(Said::Ended(result.err().map(|failure| printable(&failure.to_string()).into_owned())));
}

/// What came with a question, in a file without a name.
async fn received(folder: &Path, id: &str, content: &mut (impl AsyncRead + Unpin)) -> Result<File, Failure> {
    let path = folder.join(format!("{SOCKET_FILE}-{id}"));
    let mut file = File::options().create_new(true).read(true).write(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = within(content.read(&mut piece)).await?;
        if count == 0 {
            break;
        }
        file.write_all(piece.get(..count).unwrap_or_default())?;
    }
    file.rewind()?;
    Ok(file)
}

async fn within<T>(reading: impl Future<Output = std::io::Result<T>>) -> Result<T, Failure> {
    let slow = |_| Failure::new("what came with a command did not arrive in time");
    Ok(tokio::time::timeout(Duration::from_secs(PAUSE_SECONDS_MAX), reading).await.map_err(slow)??)
}
