//! JSON pointers and PatchObjects (RFC 8984 §1.4.9).

use serde_json::{Map, Value as Json};

use crate::convert::ConversionError;

type Object = Map<String, Json>;

/// One part of a pointer, escaped (RFC 6901 §3).
fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// A pointer without its first slash.
pub(super) fn pointer(parts: &[&str]) -> String {
    parts.iter().map(|part| escaped(part)).collect::<Vec<_>>().join("/")
}

/// Its parts.
pub(super) fn parts(pointer: &str) -> Vec<String> {
    pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// What makes `new` of `old`: pointers to what changed, as deep as objects stand on both sides.
pub(super) fn difference(old: &Object, new: &Object) -> Object {
    let mut patch = Object::new();
    collect_difference(&mut Vec::new(), old, new, &mut patch);
    patch
}

fn collect_difference<'a>(at: &mut Vec<&'a str>, old: &'a Object, new: &'a Object, patch: &mut Object) {
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        at.push(key);
        patch.insert(pointer(at), Json::Null);
        at.pop();
    }
    for (key, value) in new {
        at.push(key);
        match (old.get(key), value) {
            (Some(before), after) if before == after => {}
            (Some(Json::Object(before)), Json::Object(after)) => collect_difference(at, before, after, patch),
            _ => {
                patch.insert(pointer(at), value.clone());
            }
        }
        at.pop();
    }
}

/// What `whole` has and `part` lacks, with pointers into what both have. Which members are looked at, `wanted` says by their path.
pub(super) fn missing(whole: &Object, part: &Object, wanted: &dyn Fn(&[&str]) -> bool) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    collect_missing(&mut Vec::new(), whole, part, wanted, &mut found);
    found
}

fn collect_missing<'a>(
    at: &mut Vec<&'a str>,
    whole: &'a Object,
    part: &Object,
    wanted: &dyn Fn(&[&str]) -> bool,
    found: &mut Vec<(String, Json)>,
) {
    for (key, value) in whole {
        at.push(key);
        if wanted(at) {
            match (value, part.get(key)) {
                (Json::Null, _) => {}
                (_, None) => found.push((pointer(at), value.clone())),
                (Json::Object(whole), Some(Json::Object(part))) => collect_missing(at, whole, part, wanted, found),
                _ => {}
            }
        }
        at.pop();
    }
}

/// Applies a patch, all of it or nothing.
///
/// # Errors
/// A pointer into an array or into what is not there, and one pointer that is the beginning of another.
pub(super) fn apply(object: &Object, patch: &Object, ignored: &[&str]) -> Result<Object, ConversionError> {
    let mut patched = object.clone();
    let mut pointers: Vec<(Vec<String>, &Json)> = patch.iter().map(|(pointer, value)| (parts(pointer), value)).collect();
    pointers.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (before, after) in pointers.iter().zip(pointers.iter().skip(1)) {
        if after.0.starts_with(&before.0) {
            return Err(ConversionError(format!(
                "of the patches {:.60} and {:.60} one is inside the other",
                before.0.join("/"),
                after.0.join("/")
            )));
        }
    }
    for (parts, value) in pointers {
        if parts.first().is_some_and(|root| ignored.contains(&root.as_str())) {
            continue;
        }
        if !set(&mut patched, &parts, value.clone(), true) {
            return Err(ConversionError(format!("the patch {:.100} points at what is not there", parts.join("/"))));
        }
    }
    Ok(patched)
}

/// Sets what a pointer points at, null removes it. Its parents are there; what is there itself changes only where `replace` says so.
pub(super) fn set(object: &mut Object, parts: &[String], value: Json, replace: bool) -> bool {
    let Some((last, parents)) = parts.split_last() else { return false };
    let mut at = object;
    for part in parents {
        match at.get_mut(part) {
            Some(Json::Object(inside)) => at = inside,
            _ => return false,
        }
    }
    if value.is_null() {
        at.remove(last);
        return true;
    }
    if !replace && at.contains_key(last) {
        return false;
    }
    at.insert(last.clone(), value);
    true
}
