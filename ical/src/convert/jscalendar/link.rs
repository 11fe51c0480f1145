//! ATTACH, IMAGE, LINK and URL (draft §2.3.3, §2.3.22, §2.3.24, §2.3.46, §3.4).

use serde_json::{Map, Value as Json};

use super::Kind;
use super::key;
use super::made::{Carried, Made, Object, members, set_keys, text};
use super::node::Node;
use super::object::{Context, Taking};
use crate::convert::{Abstract, ConversionError, Value};

/// The property, the "rel" it stands for, the parameters that become members.
type Link = (&'static str, Option<&'static str>, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const LINKS: &[Link] = &[
    ("attach", Some("enclosure"),   &[("filename", "title"), ("fmttype", "contentType"), ("size", "size")]),
    ("image",  Some("icon"),        &[("display", "display"), ("filename", "title"), ("fmttype", "contentType"), ("size", "size")]),
    ("url",    Some("describedby"), &[("label", "title"), ("fmttype", "contentType")]),
    ("link",   None,                &[("fmttype", "contentType"), ("label", "title"), ("linkrel", "rel")]),
];

/// The property for a link of that relation, the first that fits (draft §3.4).
fn usual_name(rel: Option<&str>, has_url: bool) -> &'static str {
    let fits = |known: &Option<&str>| known.is_some() && *known == rel;
    LINKS.iter().find(|(name, known, _)| fits(known) && !(*name == "url" && has_url)).map_or("link", |(name, ..)| *name)
}

pub(super) fn take(made: &mut Made, taking: &mut Taking<'_>, _: &Context<'_>) {
    let has_url = !taking.lines("url").is_empty();
    for (name, rel, parameters) in LINKS {
        for (index, property) in taking.lines(name) {
            let Some(word) = property.word() else { continue };
            let binary = property.value_type == "binary";
            let href = match property.value_type.as_str() {
                "binary" => format!("data:{};base64,{word}", property.parameter("fmttype").unwrap_or_default()),
                "uri" | "unknown" => word.to_owned(),
                _ => continue,
            };
            let mut link = Map::new();
            link.insert("@type".to_owned(), "Link".into());
            link.insert("href".to_owned(), href.into());
            if let Some(rel) = rel {
                link.insert("rel".to_owned(), (*rel).into());
            }
            let mut consumed = vec!["encoding"];
            for (parameter, member) in *parameters {
                if let Some(value) = member_of(property, parameter) {
                    link.insert((*member).to_owned(), value);
                    consumed.push(parameter);
                }
            }
            let key = property.parameter("jsid").map_or_else(|| key::of_value(&property.raw()), str::to_owned);
            let usual = usual_name(link.get("rel").and_then(Json::as_str), has_url && *name != "url");
            if made.set(&["links", &key], link) {
                let path = ["links", key.as_str(), "href"];
                let value_type = if binary { "uri".to_owned() } else { property.value_type.clone() };
                made.note(&path, &Abstract { value_type, ..property.clone() }, (usual, "uri"), &consumed);
                taking.done(index);
            }
        }
    }
}

fn member_of(property: &Abstract, parameter: &str) -> Option<Json> {
    let values = property.parameter_values(parameter);
    let [first, ..] = values else { return None };
    Some(match parameter {
        "size" => first.parse::<u32>().ok().filter(|size| size.to_string() == *first)?.into(),
        "display" => values.iter().map(|value| (value.to_ascii_lowercase(), Json::Bool(true))).collect::<Map<_, _>>().into(),
        _ => first.as_str().into(),
    })
}

pub(super) fn give(_: Kind, object: &Object, node: &mut Node, context: &Context<'_>) -> Result<(), ConversionError> {
    let carried = Carried::of(object);
    let links = members(object, "links")?;
    let noted = |key: &str| carried.name(&["links", key, "href"]);
    let mut has_url = links.iter().any(|(key, _)| noted(key) == Some("url"));
    for (key, link) in links {
        let path = ["links", key.as_str(), "href"];
        let Some(href) = text(link, "href")? else { return Err(ConversionError(format!("the link {key:.60?} has no href"))) };
        let name = noted(key).filter(|name| LINKS.iter().any(|(known, ..)| known == name));
        let name = name.unwrap_or_else(|| usual_name(link.get("rel").and_then(Json::as_str), has_url));
        has_url |= name == "url";
        let Some((name, _, parameters)) = LINKS.iter().find(|(known, ..)| *known == name) else { continue };
        let mut line = value_of(name, href, text(link, "contentType")?);
        for (parameter, member) in *parameters {
            let values = values_of(link, member)?;
            if !values.is_empty() {
                line.parameters.push(((*parameter).to_owned(), values));
            }
        }
        let mut line = carried.restore(&path, line);
        if context.keys || *key != key::of_value(&line.raw()) {
            line = line.with("jsid", key);
        }
        node.lines.push(line);
    }
    Ok(())
}

/// A "data" URL of its own media type and in base64 is the value itself (draft §2.3.3); ATTACH and IMAGE alone have such
/// (RFC 5545 §3.8.1.1, RFC 7986 §5.10).
fn value_of(name: &str, href: &str, content_type: Option<&str>) -> Abstract {
    let data = href.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let own = |media: &str, data: &str| media == content_type.unwrap_or_default() && !data.is_empty() && data.bytes().all(is_base64);
    match data.filter(|(media, data)| matches!(name, "attach" | "image") && own(media, data)) {
        Some((_, data)) => Abstract::plain(name, "binary", Value::Word(data.to_owned())),
        None => Abstract::plain(name, "uri", Value::Word(href.to_owned())),
    }
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn values_of(link: &Object, member: &str) -> Result<Vec<String>, ConversionError> {
    match link.get(member) {
        Some(Json::Object(_)) if member == "display" => Ok(set_keys(link, member)?.iter().map(|key| key.to_ascii_uppercase()).collect()),
        Some(Json::Number(size)) if member == "size" && size.is_u64() => Ok(vec![size.to_string()]),
        // One word, as RFC 8984 has it, is carried by JSPROP: DISPLAY makes a set.
        Some(Json::String(_)) if member == "display" => Ok(Vec::new()),
        Some(Json::String(text)) if member != "size" => Ok(vec![text.clone()]),
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(_) => Err(ConversionError(format!("{member} of a link has another type in RFC 8984 §1.4.11"))),
    }
}
