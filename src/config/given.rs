//! Values as they were given, and by what.

use std::path::{Path, PathBuf};

use super::keys::{self, Key};
use crate::failure::Failure;

/// Names less alike than this are not suggested.
const ALIKE: f64 = 0.75;

/// What a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    /// The environment, by the variable's name.
    Environment(String),
    Flag,
}

/// The value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// One text, or those of a list.
    pub texts: Vec<String>,
    pub origin: Origin,
}

impl Given {
    /// The one text; none where the key is not set.
    pub fn text(&self) -> Result<Option<&str>, String> {
        match self.texts.as_slice() {
            [] => Ok(None),
            [text] => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err("takes one value, not a list".to_owned()),
        }
    }

    /// A number within a range.
    pub fn number<N: TryFrom<u64>>(&self, range: std::ops::RangeInclusive<u64>) -> Result<N, String> {
        let wrong = || format!("must be a number from {} to {}", range.start(), range.end());
        let number = self.text()?.and_then(|text| text.replace('_', "").parse().ok()).filter(|number| range.contains(number));
        number.and_then(|number: u64| N::try_from(number).ok()).ok_or_else(wrong)
    }

    /// `on` or `off`.
    pub fn switch(&self) -> Result<bool, String> {
        match self.text()? {
            Some("on") => Ok(true),
            Some("off") => Ok(false),
            _ => Err("must be on or off".to_owned()),
        }
    }

    /// Each text of a list.
    pub fn list<T: std::str::FromStr<Err = String>>(&self) -> Result<Vec<T>, String> {
        self.texts.iter().filter(|text| !text.is_empty()).map(|text| text.parse()).collect()
    }

    /// The setting as whoever made it wrote it, for a message.
    pub fn shown(&self, key: &Key) -> String {
        let value = key.shown(self);
        match &self.origin {
            Origin::Default => key.name.to_owned(),
            Origin::File(path) => format!("{}: {} = {value}", path.display(), key.name),
            Origin::Environment(variable) => format!("{variable}={value}"),
            Origin::Flag => format!("--set {}={value}", key.name),
        }
    }
}

/// A value from the environment or a flag: of a list its parts are between commas.
pub fn split(name: &str, value: &str) -> Vec<String> {
    match keys::named(name) {
        Some(key) if key.is_list => value.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => vec![value.to_owned()],
    }
}

/// Puts a value in the place of a key.
pub fn set(given: &mut [Given], name: &str, texts: Vec<String>, origin: Origin) -> Result<(), Failure> {
    let place = keys::KEYS.iter().position(|key| key.name == name).and_then(|index| given.get_mut(index));
    let place = place.ok_or_else(|| unknown(name, &origin))?;
    *place = Given { texts, origin };
    Ok(())
}

fn unknown(name: &str, origin: &Origin) -> Failure {
    let place = match origin {
        Origin::File(path) => format!("{}: ", path.display()),
        _ => String::new(),
    };
    let alike = keys::KEYS.iter().map(|key| (strsim::jaro_winkler(name, key.name), key.name));
    let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(alike, _)| *alike >= ALIKE);
    match nearest {
        Some((_, nearest)) => Failure::new(format!("{place}there is no key {name}: did you mean {nearest}?")),
        None => Failure::new(format!("{place}there is no key {name}: `kalends config show` lists those there are")),
    }
}

/// Reads a TOML file: `[section]` and `key` make `section.key`.
pub fn read_file(path: &Path, given: &mut [Given]) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    // Sections, with the name in front of their keys.
    let mut sections = vec![(String::new(), table)];
    while let Some((section, table)) = sections.pop() {
        for (key, value) in table {
            let name = format!("{section}{key}");
            let origin = Origin::File(path.to_owned());
            match value {
                toml::Value::Table(table) => sections.push((format!("{name}."), table)),
                value => {
                    let wrong = || Failure::new(format!("{}: {name} must be a text, a number or a list of texts", path.display()));
                    set(given, &name, texts(value).ok_or_else(wrong)?, origin)?;
                }
            }
        }
    }
    Ok(())
}

fn texts(value: toml::Value) -> Option<Vec<String>> {
    let one = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        toml::Value::Array(values) => values.into_iter().map(one).collect(),
        value => one(value).map(|text| vec![text]),
    }
}
