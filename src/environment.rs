//! Time and randomness as parameters: only `main.rs` hands out the real ones.

use kalends_ical::UtcMicros;

/// Where the time and random bytes come from.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// UTC microseconds since the Unix epoch.
    pub now: fn() -> UtcMicros,
    /// Fills the slice with bytes nobody can guess.
    pub random: fn(&mut [u8]),
}

impl Environment {
    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// A random UUID (RFC 9562 §5.4).
    pub fn uuid(&self) -> String {
        uuid_of(self.bytes())
    }

    /// Random text without look-alikes, 5 bits a character: to be read aloud and typed.
    pub fn readable(&self, characters: usize) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = vec![0; characters];
        (self.random)(&mut bytes);
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|c| char::from(*c)).collect()
    }
}

/// The text of a version 4 UUID made of those bytes.
pub fn uuid_of(mut bytes: [u8; 16]) -> String {
    let [.., _, _, _, _, _, _, version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut uuid = String::with_capacity(36);
    for (index, character) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(character);
    }
    uuid
}
