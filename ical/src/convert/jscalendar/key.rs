//! Keys of JSCalendar objects (draft §2.1.3): UUIDs of version 5 (RFC 9562 §5.5), so that the same data always has the same keys.

use super::node::{Node, meaning};
use crate::convert::Abstract;

/// "7f1e1965-ae73-4454-b088-232c90730ce2" (draft §2.1.3).
const NAMESPACE: [u8; 16] = [0x7f, 0x1e, 0x19, 0x65, 0xae, 0x73, 0x44, 0x54, 0xb0, 0x88, 0x23, 0x2c, 0x90, 0x73, 0x0c, 0xe2];

/// The key of what has that value in iCalendar.
pub(super) fn of_value(value: &str) -> String {
    let digest = sha1(&[NAMESPACE.as_slice(), value.as_bytes()].concat());
    let mut text = String::with_capacity(36);
    for (index, byte) in digest.into_iter().take(16).enumerate() {
        let byte = match index {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// The key of the object that a property becomes (draft §4.2.1).
pub(super) fn of_property(property: &Abstract) -> String {
    property.parameter("jsid").map_or_else(|| of_value(&property.raw()), str::to_owned)
}

/// The key of the object that a component becomes, without its JSID: its UID, else what it says.
fn natural(node: &Node) -> String {
    match node.line("uid").filter(|line| !line.is_derived()).and_then(Abstract::word) {
        Some(uid) if is_id(uid) => uid.to_owned(),
        Some(uid) => of_value(uid),
        None => {
            let own = node.lines.iter().filter(|line| !line.is_derived()).flat_map(meaning);
            let mut said: Vec<String> = own.chain(node.inside.iter().map(Node::whole_meaning)).collect();
            said.sort();
            of_value(&said.join("\n"))
        }
    }
}

/// The key of the object that a component becomes (draft §4.1.1).
pub(super) fn of_node(node: &Node) -> String {
    node.text("jsid").map_or_else(|| natural(node), str::to_owned)
}

/// Gives a component the key its object has, and a UID where it has neither that nor a key of its own.
pub(super) fn identify(node: &mut Node, key: &str, always: bool) {
    let known = natural(node) == key;
    if !known && node.line("uid").is_none() {
        node.lines.push(Abstract::text("uid", key).derived());
    }
    if (!known || always) && node.line("jsid").is_none() {
        node.lines.push(Abstract::text("jsid", key));
    }
}

/// Whether "iCalendar" is to tell what component an object was: not where this conversion chose it.
pub(super) fn is_named(node: &Node) -> bool {
    !node.line("uid").is_some_and(Abstract::is_derived)
}

/// What Id allows (RFC 8984 §1.4.1).
pub(super) fn is_id(key: &str) -> bool {
    !key.is_empty() && key.len() <= 255 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// FIPS 180-4 §6.1; names things here and protects nothing.
fn sha1(data: &[u8]) -> Vec<u8> {
    let mut hash: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut message = data.to_vec();
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend_from_slice(&(data.len() as u64 * 8).to_be_bytes());
    for block in message.chunks_exact(64) {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
        let mut words: Vec<u32> = block.chunks_exact(4).map(word).collect();
        for index in 16..80 {
            let back = |by: usize| words.get(index - by).copied().unwrap_or_default();
            words.push((back(3) ^ back(8) ^ back(14) ^ back(16)).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = hash;
        for (index, word) in words.into_iter().enumerate() {
            let (mixed, constant) = match index {
                0..20 => (b & c | !b & d, 0x5a82_7999_u32),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, part) in hash.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(part);
        }
    }
    hash.iter().flat_map(|word| word.to_be_bytes()).collect()
}
