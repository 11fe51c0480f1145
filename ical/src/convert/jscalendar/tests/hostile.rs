//! What is no JSCalendar is refused with a sentence, and injects no line.

use super::*;

fn refused(json: &str) -> String {
    read(json, &Limits::default()).err().unwrap_or_else(|| panic!("{json:.300}")).0
}

#[test]
fn what_is_no_jscalendar_is_refused() {
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "1",
        "\"x\"",
        "{\"@type\":\"Note\"}",
        "{\"@type\":5}",
        "{\"@type\":\"Group\",\"entries\":5}",
        "{\"@type\":\"Group\",\"entries\":[5]}",
        "{\"@type\":\"Group\",\"entries\":[{\"@type\":\"Group\"}]}",
        &"[".repeat(100_000),
        &"{\"a\":".repeat(100_000),
    ] {
        assert!(!refused(bad).is_empty(), "{bad:.50}");
    }
    let small = Limits { object_bytes_max: 10, ..Limits::default() };
    assert!(read("{\"@type\":\"Event\"}", &small).is_err());
}

#[test]
fn wrong_types_are_refused() {
    for member in [
        r#""title":5"#,
        r#""uid":{}"#,
        r#""start":"now""#,
        r#""start":"2026-02-30T00:00:00""#,
        r#""start":"2026-01-01T00:00:00Z""#,
        r#""start":5"#,
        r#""duration":"1h""#,
        r#""duration":"PT1H\r\nX:y""#,
        r#""duration":"-PT1H""#,
        r#""priority":"high""#,
        r#""priority":99999999999999999999"#,
        r#""sequence":-1"#,
        r#""sequence":1e300"#,
        r#""created":"2026-01-01""#,
        r#""keywords":["a"]"#,
        r#""locations":[]"#,
        r#""locations":{"a":5}"#,
        r#""participants":"x""#,
        r#""links":{"a":{}}"#,
        r#""links":{"a":{"href":"x","rel":"icon","size":"big"}}"#,
        r#""virtualLocations":{"a":{}}"#,
        r#""alerts":{"a":5}"#,
        r#""alerts":{"a":{"trigger":{"@type":"OffsetTrigger","offset":"soon"}}}"#,
        r#""alerts":{"a":{"trigger":{"@type":"AbsoluteTrigger","when":"soon"}}}"#,
        r#""recurrenceRule":5"#,
        r#""recurrenceRule":{}"#,
        r#""recurrenceRule":{"frequency":"DAILY;COUNT=1"}"#,
        r#""recurrenceRule":{"frequency":"daily","byDay":[{"day":"xx"}]}"#,
        r#""recurrenceRule":{"frequency":"daily","count":1e99}"#,
        r#""recurrenceRule":{"frequency":"daily","byHour":[]}"#,
        r#""recurrenceRule":{"frequency":"daily","until":"x"}"#,
        r#""recurrenceRules":{}"#,
        r#""recurrenceOverrides":{"x":{}}"#,
        r#""recurrenceOverrides":{"2026-01-01T00:00:00":5}"#,
        r#""timeZones":{"/a":{}}"#,
        r#""timeZone":5"#,
        r#""timeZones":{"/a":{"tzId":"a","standard":[{"offsetTo":"+1\r\nX:y"}]}}"#,
        r#""participants":{"a":{"calendarAddress":"mailto:a","expectReply":"yes"}}"#,
        r#""participants":{"a":{"calendarAddress":5}}"#,
        r#""participants":{"a":{"calendarAddress":"mailto:a","scheduleStatus":"2.0"}}"#,
    ] {
        assert!(!refused(&format!("{{\"@type\":\"Event\",{member}}}")).is_empty(), "{member}");
    }
}

#[test]
fn rfc8984_s1_4_9_bad_patches_are_refused() {
    for patch in [
        r#"{"locations/none/name":"x"}"#,
        r#"{"title/x":"y"}"#,
        r#"{"recurrenceRule":1,"list/0":1}"#,
        r#"{"a":{},"a/b":1}"#,
        r#"{"locations":{},"locations/x":{}}"#,
        r#"{"title":5}"#,
        r#"{"list/0":"x"}"#,
        r#"{"start":null,"start/x":1}"#,
    ] {
        let json = format!(
            "{{\"@type\":\"Event\",\"uid\":\"u\",\"title\":\"t\",\"list\":[1],\"start\":\"2026-01-01T00:00:00\",\"recurrenceOverrides\":{{\"2026-01-02T00:00:00\":{patch}}}}}"
        );
        assert!(!refused(&json).is_empty(), "{patch}");
    }
}

#[test]
fn no_string_begins_a_line() {
    let evil = "a\r\nATTENDEE:mailto:x\nEND:VEVENT\u{0}";
    let plain = "a\r\nATTENDEE:mailto:x\nEND:VEVENT";
    for json in [
        json!({"@type": "Event", "uid": evil}),
        json!({"@type": "Event", "timeZone": evil, "start": "2026-01-01T00:00:00"}),
        json!({"@type": "Event", "links": {"a": {"href": plain}}}),
        json!({"@type": "Event", "organizerCalendarAddress": plain}),
        json!({"@type": "Event", "iCalendar": {"properties": [["begin", {}, "text", "VALARM"]]}}),
        json!({"@type": "Event", "iCalendar": {"properties": [["x-a", {}, "unknown", plain]]}}),
        json!({"@type": "Event", "iCalendar": {"properties": [["x a", {}, "text", "b"]]}}),
        json!({"@type": "Event", "iCalendar": {"properties": ["x"]}}),
        json!({"@type": "Event", "iCalendar": {"components": [["x:y", [], []]]}}),
        json!({"@type": "Event", "iCalendar": {"components": [5]}}),
        json!({"@type": "Event", "title": "t", "iCalendar": {"convertedProperties": {"title": {"parameters": {"x\r\nX": "y"}}}}}),
        json!({"@type": "Event", "title": "t", "iCalendar": {"convertedProperties": {"title": {"valueType": "a:b"}}}}),
    ] {
        assert!(!refused(&json.to_string()).is_empty(), "{json}");
    }
    let json = json!({"@type": "Event", "uid": plain, "title": plain, "prodId": plain, "method": plain, "status": plain,
        "example.com:a": plain, "keywords": {plain: true}, "locations": {"x": {"name": plain}},
        "participants": {plain: {"calendarAddress": "mailto:a", "name": plain, "kind": plain, "roles": {plain: true},
            "memberOf": {plain: true}}}, "relatedTo": {plain: {}},
        "recurrenceOverrides": {"2026-01-01T00:00:00": {"title": plain}}, "requestStatus": plain, "start": "2025-01-01T00:00:00"});
    let text = to_text(&json);
    assert!(!text.lines().any(|line| line.starts_with("ATTENDEE:") || line == "END:VEVENT\u{0}"), "{text}");
    assert_eq!(text.matches("\r\nEND:VEVENT\r\n").count(), 2, "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
}

#[test]
fn nesting_is_bounded() {
    let mut component = json!(["x", [], []]);
    for _ in 0..100 {
        component = json!(["x", [], [component]]);
    }
    refused(&json!({"@type": "Event", "iCalendar": {"components": [component]}}).to_string());
}

#[test]
fn huge_numbers_do_not_overflow() {
    for duration in ["P999999999W", "PT999999999H", "P999999999W999999999W999999999D"] {
        let json = json!({"@type": "Event", "start": "9999-12-31T23:59:59", "timeZone": "Europe/Berlin", "endTimeZone": "Asia/Tokyo",
            "duration": duration});
        // Taken or refused, as the reader of durations has it.
        let _ = read(&json.to_string(), &Limits::default());
    }
    for text in [
        "DTSTART:99991231T235959Z\nDTEND;TZID=Asia/Tokyo:99991231T235959\n",
        "DTSTART;TZID=Asia/Tokyo:00010101T000000\nRDATE:00010101T000000Z\n",
        "GEO:1e308;-1e308\n",
        "DTSTART:00000101T000000Z\nEXDATE;TZID=Asia/Tokyo:00000101T000000\n",
    ] {
        comes_back(&event(text));
    }
}

#[test]
fn overrides_do_not_multiply_a_large_object_beyond_measure() {
    let patch = |day: usize| (format!("2026-{:02}-{:02}T00:00:00", 1 + day / 28, 1 + day % 28), json!({"title": "x"}));
    let overrides: serde_json::Map<String, Json> = (0..100).map(patch).collect();
    let mut json =
        json!({"@type": "Event", "uid": "u", "start": "2026-01-01T00:00:00", "recurrenceOverrides": overrides, "description": "a"});
    to_text(&json);
    json["description"] = "a".repeat(1_000_000).into();
    assert!(refused(&json.to_string()).contains("too much"));
}

/// With a step for each pair, or a level of quotes for each component around, each of these takes minutes.
#[test]
fn many_things_and_nested_ones_are_converted_in_linear_time() {
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let list = (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",\n ");
    let nested = format!("{}{}", "BEGIN:X-IN\nX-A:\"b\\\"\n".repeat(28), "END:X-IN\n".repeat(28));
    for (what, text) in [
        ("alarms", lines(12_000, |n| format!("BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT{n}M\nEND:VALARM\n"))),
        ("attendees", lines(10_000, |n| format!("ATTENDEE;CN={n}:mailto:{n}@example.org\n"))),
        ("participants", lines(3_000, |n| format!("BEGIN:PARTICIPANT\nUID:{n}\nCALENDAR-ADDRESS:mailto:{n}@b\nEND:PARTICIPANT\n"))),
        ("links", lines(10_000, |n| format!("ATTACH:https://example.org/{n}\n"))),
        ("categories", format!("CATEGORIES:{list}\n")),
        ("resources", format!("RESOURCES:{list}\n")),
        ("nested components", nested.clone()),
        ("nested components of an alarm", format!("BEGIN:VALARM\nTRIGGER:PT1M\n{nested}END:VALARM\n")),
        ("nested components beside", format!("END:VEVENT\n{nested}BEGIN:VEVENT\nUID:v\n")),
    ] {
        let limits = Limits { components_max: 100_000, object_bytes_max: usize::MAX, ..Limits::default() };
        let document = Document::parse(event(&text).replace('\n', "\r\n").into_bytes(), &limits).unwrap();
        let started = std::time::Instant::now();
        let json = write(&document.root()).unwrap();
        read(&json, &limits).unwrap();
        let took = started.elapsed();
        eprintln!("{took:9.3?} for {what}");
        assert!(took < std::time::Duration::from_secs(20), "{took:?} for {what}");
    }
}

#[test]
fn long_parameters_of_long_lists_are_carried_once() {
    let list = (0..3_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",\n ");
    let dates =
        (0..3_000).map(|n| format!("{:04}{:02}{:02}", 1000 + n / 336, n / 28 % 12 + 1, n % 28 + 1)).collect::<Vec<_>>().join(",\n ");
    let long = "a".repeat(10_000);
    for text in [
        format!("CATEGORIES;X-A={long}:{list}\n"),
        format!("DTSTART:20260101\nEXDATE;VALUE=DATE;X-A={long}:{dates}\n"),
        format!("DTSTART:20260101T000000Z\nRDATE;TZID={long}:{}\n", dates.replace(",\n", "T000000,\n") + "T000000"),
    ] {
        let text = event(&text);
        let json = to_json(&text).to_string();
        assert!(json.len() < 5 * text.len(), "{} of {}", json.len(), text.len());
        comes_back(&text);
    }
    let alerts: serde_json::Map<String, Json> =
        (0..1_000).map(|n| (n.to_string(), json!({"@type": "Alert", "trigger": {"@type": "OffsetTrigger", "offset": "PT1M"}}))).collect();
    let kinds: serde_json::Map<String, Json> = (0..1_000).map(|n| (n.to_string(), true.into())).collect();
    let json = json!({"@type": "Event", "uid": "u", "title": long, "alerts": alerts});
    assert!(to_text(&json).len() < 500_000);
    comes_back_as_json(&json);
    refused(&json!({"@type": "Event", "start": "2026-01-01T00:00:00", "timeZone": long}).to_string());
    let note = json!({"relatedTo/x": {"name": "related-to", "parameters": {"x-a": long}}});
    let json = json!({"@type": "Event", "relatedTo": {"x": {"relation": kinds}}, "iCalendar": {"convertedProperties": note}});
    refused(&json.to_string());
}

#[test]
fn rfc8259_s4_a_member_that_stands_twice_is_refused() {
    assert!(refused(r#"{"@type":"Event","uid":"a","title":"b","title":"c"}"#).contains("two members"));
}
