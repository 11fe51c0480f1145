//! Who asks: HTTP Basic (RFC 7617) against argon2id passwords and app passwords.
//!
//! Hashing a password must not happen per request: a verified credential is remembered for some minutes under a keyed hash of what was
//! sent, together with the version of the principal's credentials, which every request compares with the database's.

mod slowdown;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use kalends_ical::UtcMicros;
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::store::{Principal, Store};
use slowdown::Slowdown;

/// The one realm, on every challenge: Thunderbird looks stored passwords up by it.
pub const CHALLENGE: &str = "Basic realm=\"Kalends\", charset=\"UTF-8\"";

/// argon2id as OWASP recommends for 19 MiB.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes computed at once: each takes 19 MiB and a core.
const HASHING_MAX: usize = 1;
/// Verifications that may wait for their turn; beyond it clients are told to come back.
const WAITING_MAX: usize = 64;
/// How long a verified credential is remembered after its last use, and a wrong one after its first.
const REMEMBERED_MICROS: i64 = 10 * 60 * 1_000_000;
/// How long after that it is still known to have been good: it is verified again, but never made to wait for others' failures.
const KNOWN_MICROS: i64 = 30 * 86_400 * 1_000_000;
const REMEMBERED_MAX: usize = 100_000;
const REFUSED_MAX: usize = 10_000;
/// A header longer than this is not worth decoding.
const HEADER_BYTES_MAX: usize = 4096;
/// Bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 1024;
const APP_PASSWORD_ID_CHARACTERS: usize = 8;
const APP_PASSWORD_SECRET_CHARACTERS: usize = 24;

/// Who a request comes from.
#[derive(Debug, Clone)]
pub struct Authenticated {
    pub principal: Arc<Principal>,
    /// Empty for the account's own password, else the app password's id.
    pub credential: Arc<str>,
}

/// What became of a request's credentials.
pub enum Verdict {
    Known(Authenticated),
    /// None were sent, or they are wrong: 401.
    Challenge,
    /// Too many failures: 503, and after how many seconds to come back.
    ComeBack(u64),
}

/// Checks credentials.
pub struct Authenticator {
    store: Store,
    environment: Environment,
    key: Hmac<Sha256>,
    /// Verified against for unknown users, so that they take as long as known ones.
    decoy: String,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    refused: Mutex<HashMap<[u8; 32], Refused>>,
    slowdown: Mutex<Slowdown>,
    hashing: Semaphore,
    hashing_known: Semaphore,
    waiting: Semaphore,
}

#[derive(Clone)]
struct Remembered {
    principal: i64,
    credential: Arc<str>,
    version: i64,
    /// Until when it need not be verified again.
    until: UtcMicros,
    /// Until when it is known.
    known_until: UtcMicros,
}

/// A wrong password, for whom (with which credentials) it was wrong, and until when that is remembered.
struct Refused {
    principal: Option<(i64, i64)>,
    until: UtcMicros,
}

impl Authenticator {
    /// Reads (or makes, the first time) the key for keyed hashes.
    pub async fn new(store: Store, environment: Environment) -> Result<Self, Failure> {
        let key = server_key(&store, environment).await?;
        let decoy = hash_password("", &environment.bytes::<16>())?;
        Ok(Self {
            store,
            environment,
            key,
            decoy,
            remembered: Mutex::default(),
            refused: Mutex::default(),
            slowdown: Mutex::default(),
            hashing: Semaphore::new(HASHING_MAX),
            hashing_known: Semaphore::new(HASHING_MAX),
            waiting: Semaphore::new(WAITING_MAX),
        })
    }

    /// Judges an `Authorization` header. Remembered good credentials are never delayed.
    ///
    /// `address` is `None` where it is a proxy's: then failures count for the account alone.
    pub async fn authenticate(&self, header: Option<&[u8]>, address: Option<IpAddr>) -> Result<Verdict, Failure> {
        let Some(header) = header.filter(|header| header.len() <= HEADER_BYTES_MAX) else { return Ok(Verdict::Challenge) };
        let fingerprint = keyed_hash(&self.key, header);
        if let Some(known) = self.recall(&fingerprint).await? {
            return Ok(Verdict::Known(known));
        }
        let Some((login, password)) = decode(header) else { return Ok(Verdict::Challenge) };
        if let Some(known) = self.check_app_password(&login, &password).await? {
            self.remember(fingerprint, &known);
            return Ok(Verdict::Known(known));
        }
        self.check_password(fingerprint, &login, password, address).await
    }

    /// A remembered credential, if the database still has the version it was verified with.
    async fn recall(&self, fingerprint: &[u8; 32]) -> Result<Option<Authenticated>, Failure> {
        let now = (self.environment.now)();
        let found = match lock(&self.remembered).get_mut(fingerprint).filter(|entry| entry.until > now) {
            None => None,
            Some(entry) => {
                entry.until = now + REMEMBERED_MICROS;
                entry.known_until = now + KNOWN_MICROS;
                Some(entry.clone())
            }
        };
        match found {
            Some(entry) => self.is_current(fingerprint, entry).await,
            None => Ok(None),
        }
    }

    /// Whether a credential that is to be verified again was good when it last was, and nothing has changed since.
    async fn was_good(&self, fingerprint: &[u8; 32]) -> Result<bool, Failure> {
        let now = (self.environment.now)();
        let found = lock(&self.remembered).get(fingerprint).filter(|entry| entry.known_until > now).cloned();
        match found {
            Some(entry) => Ok(self.is_current(fingerprint, entry).await?.is_some()),
            None => Ok(false),
        }
    }

    async fn is_current(&self, fingerprint: &[u8; 32], entry: Remembered) -> Result<Option<Authenticated>, Failure> {
        let principal = self.store.principal_by_id(entry.principal).await?;
        let principal = principal.filter(|principal| !principal.disabled && principal.credential_version == entry.version);
        if principal.is_none() {
            lock(&self.remembered).remove(fingerprint);
        }
        Ok(principal.map(|principal| Authenticated { principal: Arc::new(principal), credential: entry.credential }))
    }

    fn remember(&self, fingerprint: [u8; 32], known: &Authenticated) {
        let now = (self.environment.now)();
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, entry| entry.until > now);
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        let entry = Remembered {
            principal: known.principal.id,
            credential: Arc::clone(&known.credential),
            version: known.principal.credential_version,
            until: now + REMEMBERED_MICROS,
            known_until: now + KNOWN_MICROS,
        };
        remembered.insert(fingerprint, entry);
    }

    /// App passwords carry the id they are looked up by, and enough randomness to need no slow hash.
    async fn check_app_password(&self, login: &str, password: &str) -> Result<Option<Authenticated>, Failure> {
        let Some((id, _)) = password.split_once('-').filter(|(id, _)| id.len() == APP_PASSWORD_ID_CHARACTERS) else {
            return Ok(None);
        };
        let Some(found) = self.store.app_password(id).await? else { return Ok(None) };
        let mut mac = self.key.clone();
        mac.update(password.as_bytes());
        if mac.verify_slice(&found.keyed_hash).is_err() {
            return Ok(None);
        }
        let principal = self.store.principal_by_login(login).await?;
        let principal = principal.filter(|principal| !principal.disabled && principal.id == found.principal);
        Ok(principal.map(|principal| Authenticated { principal: Arc::new(principal), credential: id.into() }))
    }

    /// One hash at a time, with a second look at what is remembered after the wait: a client opens many connections at once.
    async fn check_password(
        &self,
        fingerprint: [u8; 32],
        login: &str,
        password: String,
        address: Option<IpAddr>,
    ) -> Result<Verdict, Failure> {
        if self.is_refused(&fingerprint, login).await? {
            return Ok(Verdict::Challenge);
        }
        let was_good = self.was_good(&fingerprint).await?;
        let seconds_left = || lock(&self.slowdown).seconds_left(address, login, (self.environment.now)()).filter(|_| !was_good);
        if let Some(seconds) = seconds_left() {
            return Ok(Verdict::ComeBack(seconds));
        }
        // Whoever was good waits for others of that kind alone, not behind a flood of guesses.
        let _waiting = match self.waiting.try_acquire() {
            Ok(waiting) => Some(waiting),
            Err(_) if was_good => None,
            Err(_) => return Ok(Verdict::ComeBack(1)),
        };
        let turns = if was_good { &self.hashing_known } else { &self.hashing };
        let _turn = turns.acquire().await.map_err(|_| Failure::new("password checks have ended"))?;
        if let Some(known) = self.recall(&fingerprint).await? {
            return Ok(Verdict::Known(known));
        }
        // Others may have failed while this one waited.
        if let Some(seconds) = seconds_left() {
            return Ok(Verdict::ComeBack(seconds));
        }
        let principal = self.store.principal_by_login(login).await?;
        let version = principal.as_ref().map(|principal| (principal.id, principal.credential_version));
        let principal = principal.filter(|principal| !principal.disabled);
        let hash = principal.as_ref().and_then(|principal| principal.password.clone());
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let verified = tokio::task::spawn_blocking(move || verify_password(&password, &hash));
        let verified = verified.await.map_err(|error| Failure::new(format!("checking a password: {error}")))?;
        let now = (self.environment.now)();
        match principal.filter(|_| is_known && verified) {
            Some(principal) => {
                lock(&self.slowdown).succeeded(login);
                let known = Authenticated { principal: Arc::new(principal), credential: "".into() };
                self.remember(fingerprint, &known);
                Ok(Verdict::Known(known))
            }
            None => {
                lock(&self.slowdown).failed(address, login, now);
                self.remember_refusal(fingerprint, version, now);
                Ok(Verdict::Challenge)
            }
        }
    }

    /// Whether the very same wrong password was refused before: a client that keeps trying it guesses nothing new, and its user is to
    /// see "wrong password", not "come back later".
    async fn is_refused(&self, fingerprint: &[u8; 32], login: &str) -> Result<bool, Failure> {
        let now = (self.environment.now)();
        let known = lock(&self.refused).get(fingerprint).filter(|entry| entry.until > now).map(|entry| entry.principal);
        let Some(was) = known else { return Ok(false) };
        let principal = self.store.principal_by_login(login).await?;
        Ok(was == principal.map(|principal| (principal.id, principal.credential_version)))
    }

    fn remember_refusal(&self, fingerprint: [u8; 32], principal: Option<(i64, i64)>, now: UtcMicros) {
        let mut refused = lock(&self.refused);
        if refused.len() >= REFUSED_MAX {
            refused.clear();
        }
        refused.insert(fingerprint, Refused { principal, until: now + REMEMBERED_MICROS });
    }
}

/// The key shared by every process on the database.
async fn server_key(store: &Store, environment: Environment) -> Result<Hmac<Sha256>, Failure> {
    let key = store.setting("keyed_hash_key", || environment.bytes::<32>().to_vec()).await?;
    Hmac::new_from_slice(&key).map_err(|_| Failure::new("the key for keyed hashes is unusable"))
}

/// A new app password: its id, its text, and the keyed hash to store.
pub async fn new_app_password(store: &Store, environment: Environment) -> Result<(String, String, [u8; 32]), Failure> {
    let key = server_key(store, environment).await?;
    let id = environment.readable(APP_PASSWORD_ID_CHARACTERS);
    let password = format!("{id}-{}", environment.readable(APP_PASSWORD_SECRET_CHARACTERS));
    let hash = keyed_hash(&key, password.as_bytes());
    Ok((id, password, hash))
}

/// The PHC string of a password.
pub fn hash_password(password: &str, salt: &[u8]) -> Result<String, Failure> {
    let failed = |error: String| Failure::new(format!("hashing a password: {error}"));
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(error.to_string()))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: argon2::PasswordHash =
        hasher.hash_password_with_salt(password.as_bytes(), salt).map_err(|error| failed(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify_password(password: &str, hash: &str) -> bool {
    let verifier: &dyn PasswordVerifier<str> = &Argon2::default();
    verifier.verify_password(password.as_bytes(), hash).is_ok()
}

fn keyed_hash(key: &Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// User and password of a Basic header. UTF-8 as the challenge asks; Latin-1 from clients that never learnt it.
fn decode(header: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    let (login, password) = text.split_once(':')?;
    let usable = !login.is_empty() && password.len() <= PASSWORD_BYTES_MAX && !text.contains('\0');
    usable.then(|| (login.to_owned(), password.to_owned()))
}

/// A poisoned lock guards nothing here that could be half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7617_s2_basic_is_decoded_as_utf8_and_else_as_latin1() {
        let header = |bytes: &[u8]| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(bytes));
        assert_eq!(decode(header("ann:pä:ss".as_bytes()).as_bytes()), Some(("ann".into(), "pä:ss".into())));
        assert_eq!(decode(header(b"ann:p\xe4ss").as_bytes()), Some(("ann".into(), "päss".into())));
        assert_eq!(decode(b"Basic ???"), None);
        assert_eq!(decode(b"Bearer abc"), None);
        assert_eq!(decode(header(b"no colon").as_bytes()), None);
    }

    static NOW: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1_767_225_600_000_000);

    fn sleep(minutes: i64) {
        NOW.fetch_add(minutes * 60 * 1_000_000, std::sync::atomic::Ordering::SeqCst);
    }

    #[allow(clippy::disallowed_methods, reason = "a test has a real source of randomness")]
    fn random(bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }

    #[tokio::test]
    async fn who_was_known_is_never_made_to_wait_for_the_failures_of_others() {
        use crate::store::{Context, Location, NewPrincipal, Reason};
        let folder = compliance_tests::folder::Folder::new("auth");
        let location = Location::Folder(folder.path().to_owned());
        let store = Store::open(&location).await.unwrap();
        store.migrate(&location).await.unwrap();
        let environment = Environment { now: || NOW.load(std::sync::atomic::Ordering::SeqCst), random };
        let new = NewPrincipal {
            login: "ann".into(),
            display_name: "Ann".into(),
            addresses: Vec::new(),
            password: Some(hash_password("correct horse", b"0123456789abcdef").unwrap()),
            uuid: environment.uuid(),
        };
        let context = Context {
            actor: None,
            credential: String::new(),
            client: String::new(),
            address: String::new(),
            reason: Reason::Account,
            request_id: environment.uuid(),
            at: 0,
        };
        store.add_principal(&new, context).await.unwrap().unwrap();
        let authenticator = Authenticator::new(store, environment).await.unwrap();
        let basic = |password: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("ann:{password}")));
        let ask = async |password: &str, address: &str| {
            let header = basic(password);
            authenticator.authenticate(Some(header.as_bytes()), Some(address.parse().unwrap())).await.unwrap()
        };
        let is_known = |verdict| matches!(verdict, Verdict::Known(_));
        assert!(is_known(ask("correct horse", "192.0.2.1").await));
        // Longer than a credential is remembered; someone else fails all the while.
        for minute in 0..30 {
            sleep(1);
            ask(&format!("guess {minute}"), "198.51.100.1").await;
        }
        assert!(matches!(ask("correct horse ", "192.0.2.1").await, Verdict::ComeBack(_)), "the account is slowed");
        assert!(is_known(ask("correct horse", "192.0.2.1").await), "but not for whom it knows");
    }

    #[test]
    fn a_password_verifies_against_its_own_hash_alone() {
        let hash = hash_password("secret", b"0123456789abcdef").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password("secret", &hash) && !verify_password("Secret", &hash));
    }
}
