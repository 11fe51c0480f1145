//! Lists the tests that are named after a section of an RFC, for `kalends compliance`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where tests are: those over HTTP, in files named after their RFC, and those beside the code, which name it themselves.
const FOLDERS: [&str; 6] = ["compliance-tests/tests/compliance", "dav/src", "ical/src", "ical/tests", "scheduling/src", "src"];

fn main() -> std::io::Result<()> {
    let mut tests = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        rust_files(Path::new(folder), &mut files)?;
        for file in files {
            let of_file = rfc_of_file(&file);
            let text = std::fs::read_to_string(&file)?;
            let functions = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
            let names = functions.filter_map(|rest| rest.split_once(['(', '<']).map(|(name, _)| name));
            tests.extend(names.filter_map(|name| test_of(name, of_file.as_deref())));
        }
    }
    tests.sort();
    tests.dedup();
    let mut list = String::from("[");
    for (rfc, section, name) in tests {
        let _ = write!(list, "({rfc:?}, {section:?}, {name:?}),");
    }
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    std::fs::write(Path::new(&out).join("tests.rs"), list + "]")
}

/// All of them, in folders below too; a folder that is not there has none.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// `4791` of `rfc4791.rs` and of `rfc4791/queries.rs`.
fn rfc_of_file(file: &Path) -> Option<String> {
    let parts = file.iter().filter_map(|part| part.to_str());
    let numbers = parts.filter_map(|part| part.strip_prefix("rfc").map(|rest| rest.trim_end_matches(".rs")));
    numbers.map(str::to_owned).find(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// RFC, section and name of `s7_8_a_query` in a file of an RFC, or of `rfc4791_s7_8_a_query`.
fn test_of(name: &str, of_file: Option<&str>) -> Option<(String, String, String)> {
    let named = name.strip_prefix("rfc").and_then(|rest| rest.split_once('_'));
    let (rfc, rest) = named.or_else(|| of_file.map(|rfc| (rfc, name)))?;
    let numbers: Vec<&str> = rest.strip_prefix('s')?.split('_').take_while(|part| is_number(part)).collect();
    let is_rfc = is_number(rfc) && !numbers.is_empty();
    is_rfc.then(|| (rfc.to_owned(), numbers.join("."), name.to_owned()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
