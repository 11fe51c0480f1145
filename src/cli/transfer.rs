//! `kalends import` and `kalends export`.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use kalends_ical::split::Split;
use kalends_ical::{Document, Limits, ObjectRefusal};
use serde_json::json;

use super::calendar::{self, find_calendar};
use super::operator::Input;
use super::{context, find, say, terminal};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::read::get::PRODUCT;
use crate::server::RequestLimits;
use crate::store::{Change, Principal, Store};
use crate::transfer::archive::{self, Archive};
use crate::transfer::files::FileImporter;
use crate::transfer::{Importer, Incoming, OnConflict, Outcome, Tally, export as export_calendar};

/// Bytes of a file that is imported.
const FILE_BYTES_MAX: u64 = 2 << 30;
const DEFAULT_CALENDAR: &str = "calendar";

/// Import an iCalendar file into a calendar, or a zip file that `export` wrote into an account
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kalends import ann holidays.ics --calendar \"Team holidays\" --create\n  kalends import ann ann.zip --on-conflict replace --dry-run"
)]
pub struct Import {
    /// The account
    name: String,
    /// An .ics or .zip file; - for an .ics on standard input
    file: PathBuf,
    /// The calendar, of an .ics file [default: calendar]
    #[arg(long)]
    calendar: Option<String>,
    /// Make the calendar if it is not there
    #[arg(long, requires = "calendar")]
    create: bool,
    /// What to do where the calendar has an object with the same UID but other content
    #[arg(long, default_value = "skip")]
    on_conflict: Policy,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// A line of JSON for each object, then one with the sums
    #[arg(long)]
    json: bool,
}

/// What happens to an object that is there already.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Policy {
    /// It stays as it is
    Skip,
    /// The file's takes its place
    Replace,
    /// Nothing at all is imported
    Fail,
}

/// Export a calendar as an iCalendar file, or a whole account as a zip file
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kalends export ann --calendar calendar > ann.ics\n  kalends export ann --output ann.zip")]
pub struct Export {
    /// The account
    name: String,
    /// One calendar as .ics, instead of all of them as .zip
    #[arg(long)]
    calendar: Option<String>,
    /// The file to write [default: standard output, for one calendar]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Import {
    /// The file's content.
    pub fn input(&self) -> Input {
        if self.file == Path::new("-") { Input::Standard } else { Input::File(self.file.clone()) }
    }
}

pub async fn import(command: Import, store: &Store, limits: &RequestLimits, environment: Environment) -> Result<(), Failure> {
    let principal = find(store, &command.name).await?;
    let mut importing = Importing {
        command: &command,
        store,
        limits,
        environment,
        principal,
        progress: Progress::new(),
        sums: Tally::default(),
        refused_files: 0,
    };
    match command.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
        true => importing.zip().await?,
        false => importing.ics().await?,
    }
    importing.finish()
}

struct Importing<'a> {
    command: &'a Import,
    store: &'a Store,
    limits: &'a RequestLimits,
    environment: Environment,
    principal: Principal,
    progress: Progress,
    sums: Tally,
    refused_files: usize,
}

impl<'a> Importing<'a> {
    async fn ics(&mut self) -> Result<(), Failure> {
        let limits = Limits {
            object_bytes_max: usize::MAX,
            line_bytes_max: usize::MAX,
            components_max: usize::MAX,
            properties_max: usize::MAX,
            ..Limits::default()
        };
        let file = &self.command.file;
        let document = Document::parse(read(file)?, &limits);
        let told = |refusal: ObjectRefusal| Failure::new(format!("{}: {refusal}", file.display()));
        let document = document.map_err(told)?;
        let split = Split::of(&document).map_err(told)?;
        let segment = self.calendar_for_ics(&split).await?;
        let objects = || split.parts().map(Incoming::of);
        let count = split.len();
        self.into(&segment, count, objects).await
    }

    /// The calendar that is named, made if that was asked.
    async fn calendar_for_ics(&mut self, split: &Split<'_>) -> Result<String, Failure> {
        let home = self.principal.home();
        let name = self.command.calendar.as_deref().unwrap_or(DEFAULT_CALENDAR);
        match find_calendar(self.store, home, name).await {
            Ok(found) => Ok(found.segment),
            Err(_) if self.command.create && self.command.dry_run => {
                Err(Failure::new(format!("the calendar {name} would be made: without it nothing more can be told")))
            }
            Err(_) if self.command.create => {
                let mut components: Vec<String> = split.kinds().map(|kind| kind.name().to_owned()).collect();
                components.sort_unstable();
                components.dedup();
                components.retain(|name| kalends_dav::property::COMPONENTS.contains(&name.as_str()));
                if components.is_empty() {
                    components.push("VEVENT".to_owned());
                }
                calendar::add(self.store, home, name, &components, None, (self.limits, self.environment)).await
            }
            Err(failure) => Err(failure),
        }
    }

    async fn zip(&mut self) -> Result<(), Failure> {
        if self.command.calendar.is_some() {
            return Err(Failure::new("a zip file has its own calendars: leave --calendar out"));
        }
        let file = &self.command.file;
        let opened = terminal::open(file).map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
        let mut archive = Archive::open(BufReader::new(opened))?;
        for found in archive.calendars()? {
            let home = self.principal.home();
            if self.store.collection(home, &found.segment).await?.is_none() {
                if self.command.dry_run {
                    say(&format!("{} would be made, with {} objects.", found.segment, found.objects()));
                    continue;
                }
                let write = self.store.write(&[home], context(self.environment)).await?;
                let mut write = write.ok_or_else(|| Failure::new("the account is gone"))?;
                write.append(home, Change::CollectionCreated(&found.collection)).await?;
                write.commit().await?;
            }
            let count = found.objects();
            let bytes_max = self.limits.object_bytes_max;
            if matches!(self.command.on_conflict, Policy::Fail) {
                let importer = self.importer(&found.segment, true);
                importer.import(archive.objects(&found, bytes_max), |_, _| {}).await?;
            }
            let importer = self.importer(&found.segment, self.command.dry_run);
            let tally = importer.import(archive.objects(&found, bytes_max), teller(&mut self.progress, self.command.json, count)).await?;
            self.add(tally);
        }
        self.files(&mut archive).await
    }

    /// The files of an archive, and what became of them all.
    async fn files(&mut self, archive: &mut Archive<BufReader<File>>) -> Result<(), Failure> {
        let as_json = self.command.json;
        let mut importer = FileImporter {
            store: self.store,
            home: self.principal.home(),
            on_conflict: self.on_conflict(),
            dry_run: true,
            limits: *self.limits,
            environment: self.environment,
            context: context(self.environment),
        };
        if importer.on_conflict == OnConflict::Fail {
            importer.import(archive, |_, _| {}).await?;
        }
        importer.dry_run = self.command.dry_run;
        let tally = importer
            .import(archive, |entry, outcome| {
                let (path, (word, why)) = (entry.path.join("/"), told(outcome));
                match why {
                    _ if as_json => say(&json!({"file": path, "outcome": word, "why": why}).to_string()),
                    Some(why) => say(&format!("{path}: refused: {why}")),
                    None => {}
                }
            })
            .await?;
        if tally.all() > 0 && !as_json {
            let Tally { added, replaced, unchanged, skipped, refused } = tally;
            let begin = if importer.dry_run { "Would import" } else { "Imported" };
            say(&format!(
                "{begin} {} of {} files: {added} added, {replaced} replaced, {unchanged} unchanged, {skipped} skipped, {refused} refused.",
                added + replaced,
                tally.all()
            ));
        }
        self.refused_files = tally.refused;
        Ok(())
    }

    fn on_conflict(&self) -> OnConflict {
        match self.command.on_conflict {
            Policy::Skip => OnConflict::Skip,
            Policy::Replace => OnConflict::Replace,
            Policy::Fail => OnConflict::Fail,
        }
    }

    /// Imports twice where nothing at all is to be done if one object is in the way: first to see.
    async fn into<I: Iterator<Item = Incoming>>(&mut self, segment: &str, count: usize, objects: impl Fn() -> I) -> Result<(), Failure> {
        if matches!(self.command.on_conflict, Policy::Fail) {
            self.importer(segment, true).import(objects(), |_, _| {}).await?;
        }
        let importer = self.importer(segment, self.command.dry_run);
        let wanted = objects().take_while(|_| !terminal::is_gone());
        let tally = importer.import(wanted, teller(&mut self.progress, self.command.json, count)).await?;
        self.add(tally);
        Ok(())
    }

    fn importer(&self, segment: &str, dry_run: bool) -> Importer<'a> {
        let on_conflict = self.on_conflict();
        let limits = Limits { object_bytes_max: self.limits.object_bytes_max, ..Limits::default() };
        let (store, home, context) = (self.store, self.principal.home(), context(self.environment));
        Importer { store, home, segment: segment.to_owned(), on_conflict, dry_run, limits, context }
    }

    fn add(&mut self, tally: Tally) {
        let sums = &mut self.sums;
        sums.added += tally.added;
        sums.replaced += tally.replaced;
        sums.unchanged += tally.unchanged;
        sums.skipped += tally.skipped;
        sums.refused += tally.refused;
    }

    fn finish(mut self) -> Result<(), Failure> {
        if terminal::is_gone() {
            return Err(Failure::new("nobody waited for the import to end"));
        }
        self.progress.clear();
        let Tally { added, replaced, unchanged, skipped, refused } = self.sums;
        if self.command.json {
            say(&json!({"added": added, "replaced": replaced, "unchanged": unchanged, "skipped": skipped, "refused": refused}).to_string());
        } else {
            let begin = if self.command.dry_run { "Would import" } else { "Imported" };
            let all = self.sums.all();
            say(&format!(
                "{begin} {} of {all} objects: {added} added, {replaced} replaced, {unchanged} unchanged, {skipped} skipped, {refused} refused.",
                added + replaced
            ));
        }
        match refused + self.refused_files {
            0 => Ok(()),
            _ => Err(Failure::new("some objects or files were refused; the lines above say why")),
        }
    }
}

/// Tells of each object that was refused or skipped, or in JSON of each.
fn teller(progress: &mut Progress, as_json: bool, count: usize) -> impl FnMut(&Incoming, &Outcome) {
    let mut done = 0;
    move |incoming, outcome| {
        done += 1;
        progress.show(done, count);
        let uid = &incoming.uid;
        let (word, why) = told(outcome);
        if as_json {
            say(&json!({"uid": uid, "outcome": word, "why": why}).to_string());
        } else if let Some(why) = why {
            progress.clear();
            say(&format!("{uid}: refused: {why}"));
        }
    }
}

/// An outcome in a word, and why it is one that nobody wants.
fn told(outcome: &Outcome) -> (&'static str, Option<&String>) {
    match outcome {
        Outcome::Added => ("added", None),
        Outcome::Replaced => ("replaced", None),
        Outcome::Unchanged => ("unchanged", None),
        Outcome::Skipped => ("skipped", None),
        Outcome::Refused(why) => ("refused", Some(why)),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", file.display()));
    let mut bytes = Vec::new();
    let count = if file == Path::new("-") {
        terminal::input().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        terminal::open(file).map_err(cannot)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    };
    if count.map_err(cannot)? as u64 > FILE_BYTES_MAX {
        return Err(Failure::new(format!("{} has more than {FILE_BYTES_MAX} bytes: import it in parts", file.display())));
    }
    Ok(bytes)
}

pub async fn export(command: Export, store: &Store) -> Result<(), Failure> {
    let principal = find(store, &command.name).await?;
    match (&command.calendar, &command.output) {
        (Some(calendar), output) => {
            let found = find_calendar(store, principal.home(), calendar).await?;
            match output {
                None => {
                    let mut out = BufWriter::new(std::io::stdout().lock());
                    export_calendar(store, principal.home(), &found, PRODUCT, &mut out).await?;
                    Ok(out.flush()?)
                }
                Some(path) => {
                    let count = whole(path, async |file| export_calendar(store, principal.home(), &found, PRODUCT, file).await).await?;
                    say(&format!("Exported {count} objects to {}.", path.display()));
                    Ok(())
                }
            }
        }
        (None, Some(path)) => {
            let written = whole(path, async |file| archive::write(store, &principal, file).await).await?;
            let files = if written.files > 0 { format!(" and {} files", written.files) } else { String::new() };
            say(&format!("Exported {} calendars with {} objects{files} to {}.", written.calendars, written.objects, path.display()));
            Ok(())
        }
        (None, None) => Err(Failure::new("name the zip file with --output, or one calendar with --calendar")),
    }
}

/// Writes a file that is there whole or not at all; what was there before stays until then.
async fn whole<T>(path: &Path, write: impl AsyncFnOnce(&mut BufWriter<File>) -> Result<T, Failure>) -> Result<T, Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let cannot = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    // Calendars are their owner's alone.
    let file = File::options().create(true).truncate(true).read(true).write(true).mode(0o600).open(&beside).map_err(cannot)?;
    let mut file = BufWriter::new(file);
    let written = write(&mut file).await;
    let finished = written.and_then(|written| {
        file.flush().map_err(cannot)?;
        file.get_ref().sync_all().map_err(cannot)?;
        std::fs::rename(&beside, path).map_err(cannot)?;
        Ok(written)
    });
    if finished.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    finished
}

/// A line on a terminal that says how far it has come.
struct Progress {
    is_watched: bool,
    shown: Option<Instant>,
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(200);
    const WIDTH: usize = 30;

    fn new() -> Self {
        Self { is_watched: terminal::is_watched(), shown: None }
    }

    fn show(&mut self, done: usize, count: usize) {
        if !self.is_watched || (done < count && self.shown.is_some_and(|shown| shown.elapsed() < Self::EVERY)) {
            return;
        }
        self.shown = Some(Instant::now());
        let full = (done * Self::WIDTH).checked_div(count).unwrap_or(Self::WIDTH).min(Self::WIDTH);
        let bar = format!("{}{}", "#".repeat(full), "-".repeat(Self::WIDTH - full));
        terminal::show_progress(&format!("\r[{bar}] {done} of {count}"));
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            terminal::show_progress(&format!("\r{}\r", " ".repeat(Self::WIDTH + 40)));
        }
    }
}
