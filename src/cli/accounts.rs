//! `kalends user` and `kalends app-password`. They work while the server runs: every request compares credential versions.

use std::io::{BufRead, BufReader, Read};

use clap::Subcommand;

use super::{context, say};
use crate::auth::{PASSWORD_BYTES_MAX, hash_password, new_app_password};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::store::{NewPrincipal, Principal, Store};

const NAME_CHARACTERS_MAX: usize = 100;
const ADDRESS_BYTES_MAX: usize = 254;
const PASSWORD_CHARACTERS_MIN: usize = 8;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Add an account with its calendars; the password is read from standard input
    Add {
        /// The name to log in with
        name: String,
        /// E-mail address; may be given more than once, the first one is preferred
        #[arg(long, value_name = "ADDRESS")]
        email: Vec<String>,
        /// The name others see
        #[arg(long = "name", value_name = "DISPLAY NAME")]
        display_name: Option<String>,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// List accounts
    List,
    /// Change an account's password; its devices with app passwords stay logged in
    Password {
        name: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Let a disabled account in again
    Enable { name: String },
    /// Disable an account, keeping what it owns; with --erase delete both
    Remove {
        name: String,
        /// Delete the account with its calendars and history, for good
        #[arg(long)]
        erase: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum AppPassword {
    /// Make a password for one device and print it, once
    Add {
        /// The account
        name: String,
        /// What the device is called
        #[arg(long, default_value = "device")]
        label: String,
    },
    /// List an account's app passwords
    List {
        /// The account
        name: String,
    },
    /// Revoke an app password, at once
    Revoke {
        /// The account
        name: String,
        /// The id that `app-password list` shows
        id: String,
    },
}

impl User {
    /// Whether a password is on standard input.
    pub const fn reads_password(&self) -> bool {
        matches!(self, Self::Add { .. } | Self::Password { .. })
    }
}

pub async fn user(command: User, store: &Store, environment: Environment) -> Result<(), Failure> {
    match command {
        User::Add { name, email, display_name, password_stdin: _ } => {
            let password = read_password()?;
            add(store, environment, &name, &email, display_name.as_deref(), &password).await?;
            say(&format!("Added {}.", name.to_lowercase()));
        }
        User::List => {
            for principal in store.principals().await? {
                let addresses = store.addresses(principal.id).await?.join(",");
                let state = if principal.disabled { "disabled" } else { "enabled" };
                say(&format!("{}\t{}\t{addresses}\t{state}", principal.login, principal.display_name));
            }
        }
        User::Password { name, password_stdin: _ } => {
            let principal = find(store, &name).await?;
            let hash = hash_password(&read_password()?, &environment.bytes::<16>())?;
            store.set_password(principal.id, &hash).await?;
            say(&format!("Changed the password of {}.", principal.login));
        }
        User::Enable { name } => {
            let principal = find(store, &name).await?;
            store.set_disabled(principal.id, None).await?;
            say(&format!("Enabled {}.", principal.login));
        }
        User::Remove { name, erase } => remove(store, environment, &name, erase).await?,
    }
    Ok(())
}

/// Adds an account; also what the very first start does.
pub async fn add(
    store: &Store,
    environment: Environment,
    name: &str,
    emails: &[String],
    display_name: Option<&str>,
    password: &str,
) -> Result<(), Failure> {
    let login = check_name(name)?;
    let mut addresses = Vec::new();
    for email in emails {
        let email = check_address(email)?;
        if email != login && !addresses.contains(&email) {
            addresses.push(email);
        } else if email == login {
            addresses.insert(0, email);
        }
    }
    let display_name = display_name.map_or(name, str::trim).chars().filter(|c| !c.is_control()).collect();
    let password = Some(hash_password(password, &environment.bytes::<16>())?);
    let new = NewPrincipal { login: login.clone(), display_name, addresses, password, uuid: environment.uuid() };
    match store.add_principal(&new, context(environment)).await? {
        Some(_) => Ok(()),
        None => Err(Failure::new(format!("the name {login} or one of its addresses is taken: choose another, or see `kalends user list`"))),
    }
}

async fn remove(store: &Store, environment: Environment, name: &str, erase: bool) -> Result<(), Failure> {
    let principal = find(store, name).await?;
    if erase {
        store.erase(principal.id, (environment.now)()).await?;
        say(&format!("Erased {} with its calendars and history.", principal.login));
    } else {
        let login = &principal.login;
        store.set_disabled(principal.id, Some((environment.now)())).await?;
        say(&format!(
            "Disabled {login}; its calendars are kept. To let it in again: kalends user enable {login}. To delete it: kalends user remove {login} --erase"
        ));
    }
    Ok(())
}

pub async fn app_password(command: AppPassword, store: &Store, environment: Environment) -> Result<(), Failure> {
    match command {
        AppPassword::Add { name, label } => {
            let principal = find(store, &name).await?;
            let label: String = label.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS_MAX).collect();
            let (id, password, hash) = new_app_password(store, environment).await?;
            store.add_app_password(principal.id, &id, &label, &hash, (environment.now)()).await?;
            say(&password);
        }
        AppPassword::List { name } => {
            let principal = find(store, &name).await?;
            for app_password in store.app_passwords(principal.id).await? {
                let made = kalends_ical::date::format_utc(app_password.created_at);
                say(&format!("{}\t{}\t{made}", app_password.id, app_password.label));
            }
        }
        AppPassword::Revoke { name, id } => {
            let principal = find(store, &name).await?;
            if !store.revoke_app_password(principal.id, &id, (environment.now)()).await? {
                let login = &principal.login;
                return Err(Failure::new(format!("{login} has no app password {id}: see `kalends app-password list {login}`")));
            }
            say(&format!("Revoked {id}."));
        }
    }
    Ok(())
}

pub async fn find(store: &Store, name: &str) -> Result<Principal, Failure> {
    let found = store.principal_by_login(name).await?;
    found.ok_or_else(|| Failure::new(format!("there is no account {name}: see `kalends user list`")))
}

/// Lower-cased; a colon would end the name in Basic authentication (RFC 7617 §2).
fn check_name(name: &str) -> Result<String, Failure> {
    let usable = !name.is_empty()
        && name.chars().count() <= NAME_CHARACTERS_MAX
        && !name.chars().any(|c| c.is_control() || c.is_whitespace() || c == ':' || c == '/');
    if usable {
        Ok(name.to_lowercase())
    } else {
        Err(Failure::new(format!("a name has 1 to {NAME_CHARACTERS_MAX} characters, without spaces, colons and slashes")))
    }
}

fn check_address(address: &str) -> Result<String, Failure> {
    let address = address.trim().to_lowercase();
    let usable = address.len() <= ADDRESS_BYTES_MAX
        && address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ':'));
    if usable { Ok(address) } else { Err(Failure::new(format!("{address} is not an e-mail address: write name@host"))) }
}

/// The first line of standard input.
fn read_password() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // No further: whoever types it presses Enter and is done.
    BufReader::new(super::terminal::input().take(PASSWORD_BYTES_MAX as u64 + 2)).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::new("the password on standard input is not UTF-8"))?;
    let password = text.lines().next().unwrap_or_default();
    if password.len() > PASSWORD_BYTES_MAX || password.contains('\0') {
        return Err(Failure::new(format!("a password has at most {PASSWORD_BYTES_MAX} bytes and no NUL")));
    }
    if password.chars().count() < PASSWORD_CHARACTERS_MIN {
        return Err(Failure::new(format!("a password has at least {PASSWORD_CHARACTERS_MIN} characters: write it to standard input")));
    }
    Ok(password.to_owned())
}
