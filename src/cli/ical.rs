//! `kalends ical`: looking into iCalendar files. No server and no database is needed.

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use kalends_ical::compare::{diff, diff_instances};
use kalends_ical::component::shortened;
use kalends_ical::convert::{jcal, jscalendar, xcal};
use kalends_ical::date::{format_utc, parse_utc};
use kalends_ical::occurrences::{Occurrence, occurrences};
use kalends_ical::recurrence::expand;
use kalends_ical::split::{Part, Split};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Document, Limits, ObjectRefusal, UNBOUNDED_FUTURE, UtcMicros};
use serde_json::{Value, json};

use super::say;
use crate::environment::Environment;
use crate::failure::Failure;

/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const YEAR_MICROS: i64 = 366 * 86_400 * 1_000_000;
const DAY_MICROS: i64 = 86_400 * 1_000_000;
/// Bytes of a line that `--jsonl` reads.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Instances of one object that `--jsonl` gives at most.
const INSTANCES_MAX: u64 = 1_000_000;

#[derive(Debug, Subcommand)]
pub enum Ical {
    /// Read a file as the server would, object by object, and say what it would refuse
    Check {
        /// An .ics file; - for standard input
        file: PathBuf,
        /// One JSON value instead of lines
        #[arg(long)]
        json: bool,
    },
    /// List when the events of a file take place
    ///
    /// With --jsonl it reads rules instead, one JSON object a line, such as
    /// {"id":1,"dtstart":"20260101T090000","tzid":"Europe/Berlin","rrule":"FREQ=DAILY","limit":3}
    #[command(verbatim_doc_comment)]
    Expand {
        /// An .ics file; - for standard input
        #[arg(required_unless_present = "jsonl")]
        file: Option<PathBuf>,
        #[command(flatten)]
        window: Window,
        /// Instances of each object at most
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// JSON lines instead of text
        #[arg(long)]
        json: bool,
        /// Read rules from standard input and write their instances, a JSON object a line
        #[arg(long, conflicts_with_all = ["file", "json"])]
        jsonl: bool,
    },
    /// Say what the second version of an object changes in the first; fails if anything does
    Diff {
        /// The earlier version
        before: PathBuf,
        /// The later version
        after: PathBuf,
        #[command(flatten)]
        window: Window,
        /// One JSON value instead of lines
        #[arg(long)]
        json: bool,
    },
    /// Write a file in another spelling; which one it has is seen from its first character
    Convert {
        /// A file in iCalendar, jCal, xCal or JSCalendar; - for standard input
        file: PathBuf,
        /// The spelling to write
        #[arg(long)]
        to: Spelling,
    },
}

/// Which instances are looked at.
#[derive(Debug, Args)]
pub struct Window {
    /// The first moment, such as 2026-01-01 or 20260101T090000Z [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The moment after the last one [default: a year later]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The zone that floating times and days are read in
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Spelling {
    /// iCalendar (RFC 5545)
    Ical,
    /// JSON (RFC 7265)
    Jcal,
    /// XML (RFC 6321)
    Xcal,
    /// JSCalendar (RFC 8984)
    Jscalendar,
}

pub fn ical(command: Ical, environment: Environment) -> Result<(), Failure> {
    match command {
        Ical::Check { file, json } => check(&file, json),
        Ical::Expand { jsonl: true, .. } => expand_lines(),
        Ical::Expand { file, window, limit, json, .. } => {
            let file = file.ok_or_else(|| Failure::new("name a file to expand, or - for standard input"))?;
            expand_file(&file, &window, limit, json, environment)
        }
        Ical::Diff { before, after, window, json } => compare(&before, &after, &window, json, environment),
        Ical::Convert { file, to } => convert(&file, to),
    }
}

/// Files may be larger than what a client may put.
fn limits() -> Limits {
    let bytes = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX);
    Limits { object_bytes_max: bytes, line_bytes_max: bytes, components_max: 5_000_000, properties_max: 50_000_000, ..Limits::default() }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", file.display()));
    let mut bytes = Vec::new();
    let count = if file == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).map_err(cannot)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    };
    if count.map_err(cannot)? as u64 > FILE_BYTES_MAX {
        return Err(Failure::new(format!("{} has more than {FILE_BYTES_MAX} bytes", file.display())));
    }
    Ok(bytes)
}

fn document(file: &Path) -> Result<Document, Failure> {
    let document = Document::parse(read(file)?, &limits()).map_err(|refusal| told(file, &refusal))?;
    if document.root().is("VCALENDAR") {
        Ok(document)
    } else {
        let what = shortened(document.root().name());
        Err(Failure::new(format!("{}: it is a {what}: an iCalendar file begins with BEGIN:VCALENDAR", file.display())))
    }
}

fn told(file: &Path, refusal: &ObjectRefusal) -> Failure {
    Failure::new(format!("{}: {refusal}", file.display()))
}

/// The objects of a file, each read as the server would: one alone as it is, as if it was put; of several each by itself, as if they were
/// imported.
fn objects<'d>(
    file: &Path,
    document: &'d Document,
    split: &'d Split<'d>,
) -> Result<impl Iterator<Item = (Part, Result<CalendarObject, ObjectRefusal>)> + use<'d>, Failure> {
    if split.is_empty() {
        return Err(Failure::new(format!(
            "{}: it holds no event, task, journal entry, free-busy or availability component",
            file.display()
        )));
    }
    let alone = (split.len() == 1).then(|| document.bytes().clone());
    Ok(split.parts().map(move |part| {
        let object = match &alone {
            Some(bytes) => CalendarObject::parse(bytes.clone(), &Limits::default()),
            None => CalendarObject::parse(part.bytes.clone().into(), &Limits::default()).map_err(|refusal| part.origin.told(refusal)),
        };
        (part, object)
    }))
}

fn check(file: &Path, as_json: bool) -> Result<(), Failure> {
    let document = document(file)?;
    let split = Split::of(&document).map_err(|refusal| told(file, &refusal))?;
    let (mut refused, mut report) = (0, Vec::new());
    for (part, object) in objects(file, &document, &split)? {
        let length = part.bytes.len();
        let line = match object {
            Ok(object) => {
                let facts = object.facts();
                let summary = text_of(object.main_components().next().as_ref(), "SUMMARY");
                let time = |at: UtcMicros| (at != UNBOUNDED_FUTURE && at != i64::MIN).then(|| format_utc(at));
                json!({ "uid": part.uid, "kind": part.kind.name(), "bytes": length, "summary": summary, "recurring": facts.recurring,
                        "floating": facts.floating, "first_start": time(facts.first_start), "last_end": time(facts.last_end) })
            }
            Err(refusal) => {
                refused += 1;
                json!({ "uid": part.uid, "kind": part.kind.name(), "bytes": length, "refused": refusal.to_string() })
            }
        };
        report.push(line);
    }
    if as_json {
        say(&Value::from(report).to_string());
    } else {
        for line in &report {
            let word = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
            match line.get("refused").and_then(Value::as_str) {
                Some(why) => say(&format!("refused  {}  {}: {why}", word("kind"), word("uid"))),
                None => say(&format!("ok       {}  {}  {}", word("kind"), word("uid"), word("summary"))),
            }
        }
    }
    if refused == 0 { Ok(()) } else { Err(Failure::new(format!("{refused} of {} objects would be refused", split.len()))) }
}

fn text_of(component: Option<&kalends_ical::Component<'_>>, name: &str) -> String {
    let value = component.and_then(|component| component.property(name)).map(|property| property.value().into_owned());
    kalends_ical::value::unescape(&value.unwrap_or_default()).replace('\n', " ")
}

impl Window {
    fn read(&self, environment: Environment) -> Result<((UtcMicros, UtcMicros), Zone), Failure> {
        let zone = Zone::from_name(&self.zone).ok_or_else(|| Failure::new(format!("there is no time zone {}", self.zone)))?;
        let time = |text: &String| {
            let basic: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
            let whole = if basic.len() == 8 { format!("{basic}T000000Z") } else { basic };
            parse_utc(&whole).ok_or_else(|| Failure::new(format!("{text} is no time: write 2026-01-01 or 20260101T090000Z")))
        };
        let from = self.from.as_ref().map(time).transpose()?.unwrap_or((environment.now)());
        let to = self.to.as_ref().map(time).transpose()?.unwrap_or_else(|| from.saturating_add(YEAR_MICROS));
        Ok(((from, to), zone))
    }
}

fn expand_file(file: &Path, window: &Window, limit: u32, as_json: bool, environment: Environment) -> Result<(), Failure> {
    let (window, zone) = window.read(environment)?;
    let document = document(file)?;
    let split = Split::of(&document).map_err(|refusal| told(file, &refusal))?;
    for (part, object) in objects(file, &document, &split)? {
        let object = object.map_err(|refusal| told(file, &refusal))?;
        let found = occurrences(&object, window, &zone, limit as usize);
        let found = found.map_err(|_| Failure::new(format!("{}: limit reached, its rule takes too much work", part.uid)))?;
        for occurrence in found {
            say(&shown(&part.uid, &occurrence, as_json));
        }
    }
    Ok(())
}

fn shown(uid: &str, occurrence: &Occurrence<'_>, as_json: bool) -> String {
    let summary = text_of(Some(&occurrence.component), "SUMMARY");
    let time = |at: UtcMicros| {
        let text = format_utc(at);
        let whole_day = occurrence.is_date && at.rem_euclid(DAY_MICROS) == 0;
        text.get(..8).filter(|_| whole_day).map(str::to_owned).unwrap_or(text)
    };
    let (begins, ends) = (time(occurrence.begins), time(occurrence.ends));
    if as_json {
        let id = occurrence.recurrence_id.map(format_utc);
        json!({ "uid": uid, "recurrence_id": id, "begins": begins, "ends": ends, "summary": summary }).to_string()
    } else {
        format!("{begins}  {ends}  {summary}")
    }
}

/// `{"id", "dtstart", "rrule", "limit", "tzid"?}` in, `{"id", "instances"}` or `{"id", "error"}` out, line by line. Whoever asks and waits
/// is answered at once.
fn expand_lines() -> Result<(), Failure> {
    let mut input = std::io::BufReader::new(std::io::stdin().lock());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        if input.buffer().is_empty() {
            unless_closed(out.flush())?;
        }
        line.clear();
        if input.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(Failure::new(format!("a line has more than {LINE_BYTES_MAX} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = match serde_json::from_slice::<Value>(&line) {
            Ok(question) => expand_one(&question),
            Err(error) => json!({ "id": null, "error": format!("the line is not JSON: {error}") }),
        };
        if !unless_closed(writeln!(out, "{answer}"))? {
            return Ok(());
        }
    }
    unless_closed(out.flush()).map(|_| ())
}

/// Whether somebody reads on: that nobody does any more is no error.
fn unless_closed(written: std::io::Result<()>) -> Result<bool, Failure> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

fn expand_one(question: &Value) -> Value {
    let id = question.get("id").cloned().unwrap_or_default();
    expanded(question).map_or_else(|what| json!({ "id": id, "error": what }), |instances| json!({ "id": id, "instances": instances }))
}

fn expanded(question: &Value) -> Result<Vec<String>, String> {
    let given = |name: &str| question.get(name).filter(|value| !value.is_null());
    let text = |name: &str| given(name).map(|value| value.as_str().ok_or_else(|| format!("{name} is a text"))).transpose();
    let limit = given("limit").map(|value| value.as_u64().ok_or("limit is a whole number")).transpose()?;
    let limit = limit.unwrap_or(INSTANCES_MAX).min(INSTANCES_MAX);
    let (Some(start), Some(rule)) = (text("dtstart")?, text("rrule")?) else {
        return Err("a line has dtstart and rrule".to_owned());
    };
    expand(start, text("tzid")?, rule, usize::try_from(limit).unwrap_or(usize::MAX)).map_err(|error| error.to_string())
}

fn object(file: &Path) -> Result<CalendarObject, Failure> {
    let object = CalendarObject::parse(read(file)?.into(), &Limits::default());
    object.map_err(|refusal| told(file, &refusal))
}

fn compare(before: &Path, after: &Path, window: &Window, as_json: bool, environment: Environment) -> Result<(), Failure> {
    let (window, zone) = window.read(environment)?;
    let (before, after) = (object(before)?, object(after)?);
    let differences = diff(&before, &after);
    let instances = diff_instances(&before, &after, window, &zone);
    let instances = instances.map_err(|_| Failure::new("limit reached: a rule takes too much work; ask for a shorter time with --to"))?;
    let times = |times: Option<(UtcMicros, UtcMicros)>| times.map(|(begins, ends)| [format_utc(begins), format_utc(ends)]);
    if as_json {
        let differences: Vec<Value> = differences
            .iter()
            .map(|d| json!({ "part": d.part.to_string(), "name": d.name, "before": d.before, "after": d.after, "matters": d.matters() }))
            .collect();
        let moved: Vec<Value> = instances
            .iter()
            .map(|i| json!({ "recurrence_id": format_utc(i.recurrence_id), "before": times(i.before), "after": times(i.after) }))
            .collect();
        say(&json!({ "differences": differences, "instances": moved }).to_string());
    } else {
        for difference in &differences {
            say(&format!("{} {}", difference.part, difference.name));
            difference.before.iter().for_each(|line| say(&format!("  - {line}")));
            difference.after.iter().for_each(|line| say(&format!("  + {line}")));
        }
        for instance in &instances {
            let told =
                |times: Option<[String; 2]>| times.map_or_else(|| "not at all".to_owned(), |[begins, ends]| format!("{begins} to {ends}"));
            say(&format!(
                "instance {}: {}, now {}",
                format_utc(instance.recurrence_id),
                told(times(instance.before)),
                told(times(instance.after))
            ));
        }
    }
    if differences.is_empty() && instances.is_empty() { Ok(()) } else { Err(Failure::new("the two are not the same")) }
}

fn convert(file: &Path, to: Spelling) -> Result<(), Failure> {
    let bytes = read(file)?;
    let text = || std::str::from_utf8(&bytes).map_err(|_| Failure::new(format!("{} is not UTF-8", file.display())));
    let unread = |error: kalends_ical::convert::ConversionError| Failure::new(format!("{}: {error}", file.display()));
    let ical = match bytes.trim_ascii_start().first() {
        Some(b'[') => jcal::read(text()?, &limits()).map_err(unread)?,
        Some(b'<') => xcal::read(text()?, &limits()).map_err(unread)?,
        Some(b'{') => jscalendar::read(text()?, &limits()).map_err(unread)?,
        _ => bytes.clone(),
    };
    let document = Document::parse(ical.clone(), &limits());
    let document = document.map_err(|refusal| told(file, &refusal))?;
    let out = match to {
        Spelling::Ical => ical,
        Spelling::Jcal => (jcal::write(&document.root()).map_err(unread)? + "\n").into_bytes(),
        Spelling::Xcal => xcal::write(&document.root()).map_err(unread)?.into_bytes(),
        Spelling::Jscalendar => (jscalendar::write(&document.root()).map_err(unread)? + "\n").into_bytes(),
    };
    unless_closed(std::io::stdout().write_all(&out)).map(|_| ())
}
