//! `kalends ical`: looking into iCalendar files. No server and no database is needed.

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use kalends_ical::compare::{diff, diff_instances};
use kalends_ical::convert::{jcal, jscalendar, xcal};
use kalends_ical::date::{format_utc, parse_utc};
use kalends_ical::occurrences::{Occurrence, occurrences};
use kalends_ical::recurrence::expand;
use kalends_ical::split::{Part, split};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Document, Limits, UNBOUNDED_FUTURE, UtcMicros};
use serde_json::{Value, json};

use super::say;
use crate::environment::Environment;
use crate::failure::Failure;

/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
const YEAR_MICROS: i64 = 366 * 86_400 * 1_000_000;
const DAY_MICROS: i64 = 86_400 * 1_000_000;
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

fn parts(file: &Path) -> Result<Vec<Part>, Failure> {
    let document = Document::parse(read(file)?, &limits());
    let document = document.map_err(|refusal| Failure::new(format!("{}: {}", file.display(), refusal.message)))?;
    Ok(split(&document).collect())
}

fn check(file: &Path, as_json: bool) -> Result<(), Failure> {
    let (mut refused, mut report) = (0, Vec::new());
    for part in parts(file)? {
        let length = part.bytes.len();
        let line = match CalendarObject::parse(part.bytes.into(), &Limits::default()) {
            Ok(object) => {
                let facts = object.facts();
                let summary = text_of(object.main_components().next().as_ref(), "SUMMARY");
                let time = |at: UtcMicros| (at != UNBOUNDED_FUTURE && at != i64::MIN).then(|| format_utc(at));
                json!({ "uid": part.uid, "kind": part.kind.name(), "bytes": length, "summary": summary, "recurring": facts.recurring,
                        "floating": facts.floating, "first_start": time(facts.first_start), "last_end": time(facts.last_end) })
            }
            Err(refusal) => {
                refused += 1;
                json!({ "uid": part.uid, "kind": part.kind.name(), "bytes": length, "refused": refusal.message })
            }
        };
        report.push(line);
    }
    let objects = report.len();
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
    if refused == 0 { Ok(()) } else { Err(Failure::new(format!("{refused} of {objects} objects would be refused"))) }
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
    for part in parts(file)? {
        let object = CalendarObject::parse(part.bytes.into(), &Limits::default());
        let object = object.map_err(|refusal| Failure::new(format!("{}: {}", part.uid, refusal.message)))?;
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

/// `{"id", "dtstart", "rrule", "limit", "tzid"?}` in, `{"id", "instances"}` or `{"id", "error"}` out, line by line.
fn expand_lines() -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Value>(&line) {
            Ok(question) => expand_one(&question),
            Err(error) => json!({ "id": null, "error": format!("the line is not JSON: {error}") }),
        };
        writeln!(out, "{answer}")?;
    }
    out.flush()?;
    Ok(())
}

fn expand_one(question: &Value) -> Value {
    let id = question.get("id").cloned().unwrap_or_default();
    let text = |name: &str| question.get(name).and_then(Value::as_str);
    let limit = question.get("limit").and_then(Value::as_u64).unwrap_or(INSTANCES_MAX).min(INSTANCES_MAX);
    let (Some(start), Some(rule)) = (text("dtstart"), text("rrule")) else {
        return json!({ "id": id, "error": "a line has dtstart and rrule" });
    };
    match expand(start, text("tzid"), rule, usize::try_from(limit).unwrap_or(usize::MAX)) {
        Ok(instances) => json!({ "id": id, "instances": instances }),
        Err(error) => json!({ "id": id, "error": error.to_string() }),
    }
}

fn object(file: &Path) -> Result<CalendarObject, Failure> {
    let object = CalendarObject::parse(read(file)?.into(), &Limits::default());
    object.map_err(|refusal| Failure::new(format!("{}: {}", file.display(), refusal.message)))
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
    let told = |error: kalends_ical::convert::ConversionError| Failure::new(format!("{}: {error}", file.display()));
    let ical = match bytes.trim_ascii_start().first() {
        Some(b'[') => jcal::read(text()?, &limits()).map_err(told)?,
        Some(b'<') => xcal::read(text()?, &limits()).map_err(told)?,
        Some(b'{') => jscalendar::read(text()?, &limits()).map_err(told)?,
        _ => bytes.clone(),
    };
    let document = Document::parse(ical.clone(), &limits());
    let document = document.map_err(|refusal| Failure::new(format!("{}: {}", file.display(), refusal.message)))?;
    let out = match to {
        Spelling::Ical => ical,
        Spelling::Jcal => (jcal::write(&document.root()) + "\n").into_bytes(),
        Spelling::Xcal => xcal::write(&document.root()).into_bytes(),
        Spelling::Jscalendar => (jscalendar::write(&document.root()) + "\n").into_bytes(),
    };
    std::io::stdout().write_all(&out)?;
    Ok(())
}
