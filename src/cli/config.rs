//! `kalends config`.

use clap::Subcommand;

use super::say;
use crate::config::{Config, Given, KEYS, Key, Origin, Overrides};
use crate::failure::Failure;

/// Look at the configuration
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether the configuration can be used, and what in it looks like a mistake
    #[command(after_help = "Example: kalends config check --config kalends.toml")]
    Check,
    /// List every key with the value in force and where it comes from
    #[command(after_help = "Example: kalends config show --changed")]
    Show {
        /// Only what is not as it is by default
        #[arg(long)]
        changed: bool,
        /// As JSON: {"key": {"value": …, "from": …}}
        #[arg(long)]
        json: bool,
    },
}

pub fn config(command: &ConfigCommand, overrides: &Overrides) -> Result<(), Failure> {
    let config = Config::read(overrides)?;
    match command {
        ConfigCommand::Check => check(&config),
        ConfigCommand::Show { changed, json } => show(&config, *changed, *json),
    }
    Ok(())
}

fn check(config: &Config) {
    for variable in unknown_variables() {
        say(&format!("{variable} is set but means nothing: `kalends config show` lists what there is"));
    }
    if let Some(tls) = &config.tls {
        for path in [&tls.certificate, &tls.key].into_iter().filter(|path| !path.exists()) {
            say(&format!("{} does not exist", path.display()));
        }
    }
    say("The configuration can be used.");
}

/// Variables that look like keys and are none, as mistyped ones do.
fn unknown_variables() -> Vec<String> {
    let others = ["KALENDS_CONFIG", "KALENDS_SHARED", "KALENDS_BINARY", "KALENDS_URL", "KALENDS_USER", "KALENDS_PASSWORD"];
    let is_known = |name: &str| others.contains(&name) || KEYS.iter().any(|key| key.variable() == name);
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("KALENDS_") && !is_known(name)).collect()
}

fn show(config: &Config, changed: bool, json: bool) {
    let rows = || KEYS.iter().zip(&config.given).filter(|(_, given)| !changed || given.origin != Origin::Default);
    if json {
        let row =
            |(key, given): (&Key, &Given)| (key.name.to_owned(), serde_json::json!({"value": value(key, given), "from": from(given)}));
        let object: serde_json::Map<String, serde_json::Value> = rows().map(row).collect();
        say(&serde_json::Value::Object(object).to_string());
        return;
    }
    let width = rows().map(|(key, given)| key.name.len() + toml_of(key, given).len()).max().unwrap_or(0);
    for (key, given) in rows() {
        let written = toml_of(key, given);
        let pad = " ".repeat(width.saturating_sub(key.name.len() + written.len()));
        say(&format!("{} = {written}{pad}  # {}: {}", key.name, from(given), key.what));
    }
}

fn from(given: &Given) -> String {
    match &given.origin {
        Origin::Default => "default".to_owned(),
        Origin::File(path) => path.display().to_string(),
        Origin::Environment(variable) => variable.clone(),
        Origin::Flag => "flag".to_owned(),
    }
}

fn value(key: &Key, given: &Given) -> serde_json::Value {
    let one = |text: &String| match text.parse::<u64>() {
        Ok(number) => serde_json::json!(number),
        Err(_) if key.is_secret => serde_json::json!("…"),
        Err(_) => serde_json::json!(text),
    };
    match given.texts.as_slice() {
        [text] if !key.is_list => one(text),
        texts if key.is_list => texts.iter().map(one).collect(),
        _ => serde_json::Value::Null,
    }
}

/// JSON spells texts, numbers and lists as TOML does.
fn toml_of(key: &Key, given: &Given) -> String {
    match value(key, given) {
        serde_json::Value::Null => "\"\"".to_owned(),
        value => value.to_string(),
    }
}
