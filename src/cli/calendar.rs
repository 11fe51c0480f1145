//! `kalends calendar`: an account's calendars.

use clap::Subcommand;
use kalends_dav::Kind;
use kalends_dav::name::{APPLE_ICAL, DAV};
use kalends_dav::property::COMPONENTS;

use super::{context, find, say};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::server::RequestLimits;
use crate::store::{Change, Collection, HomeId, NewCollection, Store};
use crate::transfer::{calendars, display_name_of, text_property};

const NAME_CHARACTERS_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub enum Calendar {
    /// List an account's calendars
    #[command(after_help = "Example: kalends calendar list ann")]
    List {
        /// The account
        name: String,
        /// One JSON value: [{"calendar": …, "name": …, "components": […], "objects": …}]
        #[arg(long)]
        json: bool,
    },
    /// Add a calendar
    #[command(after_help = "Example: kalends calendar add ann \"Team holidays\" --color \"#cc5500\"")]
    Add {
        /// The account
        name: String,
        /// The name clients show
        calendar: String,
        /// What it holds: VEVENT, VTODO, VJOURNAL, VAVAILABILITY
        #[arg(long, value_delimiter = ',', default_value = "VEVENT")]
        components: Vec<String>,
        /// As #rrggbb
        #[arg(long)]
        color: Option<String>,
    },
    /// Remove a calendar with everything in it
    #[command(after_help = "Example: kalends calendar remove ann team-holidays")]
    Remove {
        /// The account
        name: String,
        /// The calendar, as `calendar list` shows it first
        calendar: String,
    },
}

pub async fn calendar(command: Calendar, store: &Store, limits: &RequestLimits, environment: Environment) -> Result<(), Failure> {
    match command {
        Calendar::List { name, json } => list(store, find(store, &name).await?.home(), json).await,
        Calendar::Add { name, calendar, components, color } => {
            let principal = find(store, &name).await?;
            let segment = add(store, principal.home(), &calendar, &components, color.as_deref(), (limits, environment)).await?;
            say(&format!("Added {segment} for {}.", principal.login));
            Ok(())
        }
        Calendar::Remove { name, calendar } => {
            let principal = find(store, &name).await?;
            let found = find_calendar(store, principal.home(), &calendar).await?;
            let objects = store.count_objects(principal.home(), found.id).await?;
            let mut write = store.write(&[principal.home()], context(environment)).await?.ok_or_else(|| gone(&calendar))?;
            let found = write.collection(principal.home(), &found.segment).await?.ok_or_else(|| gone(&calendar))?;
            write.append(principal.home(), Change::CollectionRemoved { collection: found.id, segment: &found.segment }).await?;
            write.commit().await?;
            say(&format!("Removed {} with {objects} objects.", found.segment));
            Ok(())
        }
    }
}

fn gone(calendar: &str) -> Failure {
    Failure::new(format!("there is no calendar {calendar} any more"))
}

async fn list(store: &Store, home: HomeId, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for calendar in calendars(store, home).await? {
        let name = display_name_of(&store.properties(home, calendar.id, "").await?).unwrap_or_default();
        let objects = store.count_objects(home, calendar.id).await?;
        if !json {
            say(&format!("{}\t{name}\t{}\t{objects}", calendar.segment, calendar.components.join(",")));
        }
        rows.push(serde_json::json!({"calendar": calendar.segment, "name": name, "components": calendar.components, "objects": objects}));
    }
    if json {
        say(&serde_json::Value::Array(rows).to_string());
    }
    Ok(())
}

/// Adds a calendar; its segment.
pub async fn add(
    store: &Store,
    home: HomeId,
    name: &str,
    components: &[String],
    color: Option<&str>,
    (limits, environment): (&RequestLimits, Environment),
) -> Result<String, Failure> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(Failure::new(format!("the name of a calendar has 1 to {NAME_CHARACTERS_MAX} characters")));
    }
    let components: Vec<String> = components.iter().map(|component| component.trim().to_uppercase()).collect();
    if let Some(unknown) = components.iter().find(|component| !COMPONENTS.contains(&component.as_str())) {
        return Err(Failure::new(format!("a calendar holds {}, not {unknown}", COMPONENTS.join(", "))));
    }
    let mut properties = vec![text_property(DAV, "displayname", &name)];
    if let Some(color) = color {
        let is_color = color.strip_prefix('#').is_some_and(|hex| matches!(hex.len(), 6 | 8) && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if !is_color {
            return Err(Failure::new(format!("{color} is no colour: write it as #rrggbb")));
        }
        properties.push(text_property(APPLE_ICAL, "calendar-color", color));
    }
    let mut write = store.write(&[home], context(environment)).await?.ok_or_else(|| Failure::new("the account is gone"))?;
    if write.count_collections(home).await? >= limits.collections_max {
        return Err(Failure::new(format!("a home holds at most {} collections: see limits.collections_max", limits.collections_max)));
    }
    let base = segment_of(&name);
    let mut segment = base.clone();
    let mut number = 1;
    while write.collection(home, &segment).await?.is_some() {
        number += 1;
        segment = format!("{base}-{number}");
    }
    let components: Vec<&str> = components.iter().map(String::as_str).collect();
    write.append(home, Change::CollectionCreated(&NewCollection::new(&segment, Kind::Calendar, &components, &properties))).await?;
    write.commit().await?;
    Ok(segment)
}

/// A name as it stands well in a URL.
fn segment_of(name: &str) -> String {
    let mut segment = String::new();
    for character in name.to_lowercase().chars().take(40) {
        match character {
            c if c.is_alphanumeric() => segment.push(c),
            _ if segment.is_empty() || segment.ends_with('-') => {}
            _ => segment.push('-'),
        }
    }
    let segment = segment.trim_end_matches('-');
    if segment.is_empty() { "calendar".to_owned() } else { segment.to_owned() }
}

/// A calendar by its segment, or by the name clients show if only one has it.
pub async fn find_calendar(store: &Store, home: HomeId, name: &str) -> Result<Collection, Failure> {
    let all = calendars(store, home).await?;
    if let Some(found) = all.iter().find(|calendar| calendar.segment == name) {
        return Ok(found.clone());
    }
    let mut named = Vec::new();
    for calendar in &all {
        if display_name_of(&store.properties(home, calendar.id, "").await?).as_deref() == Some(name) {
            named.push(calendar);
        }
    }
    match named.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::new(format!("there is no calendar {name}: `kalends calendar list` shows those there are"))),
        _ => Err(Failure::new(format!("several calendars are called {name}: name it as `kalends calendar list` shows it first"))),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_segments() {
        for (name, segment) in [("Team holidays!", "team-holidays"), ("  ", "calendar"), ("Été / Ferien", "été-ferien"), ("a--b", "a-b")]
        {
            assert_eq!(super::segment_of(name), segment);
        }
    }
}
