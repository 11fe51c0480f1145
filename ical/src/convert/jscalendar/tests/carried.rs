//! The figures of the draft about what has no counterpart.

use super::*;

#[test]
fn s4_1_2_jsprop() {
    let text = event(
        "JSPROP;JSPTR=\"example.com:foo\":{\"bar\":1234\\,\"baz\":\"bam\"}\nJSPROP;JSPTR=\"title\":\"new\"\nSUMMARY:old\nBEGIN:VALARM\n\
            UID:a\nACTION:DISPLAY\nTRIGGER:PT0S\nDESCRIPTION:d\nJSPROP;JSPTR=\"example.com:foo\":\"bar\"\nEND:VALARM\n",
    );
    let json = to_json(&text);
    has(
        &json,
        &json!({"example.com:foo": {"bar": 1234, "baz": "bam"}, "title": "old", "alerts": {"a": {"example.com:foo": "bar"}}}),
        "Figure 88 – 90",
    );
    assert!(to_text(&json).replace("\r\n ", "").contains(r#"JSPROP;JSPTR="example.com:foo":{"bar":1234\,"baz":"bam"}"#));
    comes_back_as_json(&json);
}

#[test]
fn s5_1_1_unknown_elements() {
    let text = event("SUMMARY;X-FOO=bar:test\nX-BAR:bam\nBEGIN:X-BAZ\nUID:507A\nEND:X-BAZ\n");
    let mut json = to_json(&text);
    let expected = json!({"@type": "ICalComponent", "name": "vevent", "convertedProperties": {"title": {"@type": "ICalProperty",
        "name": "summary", "parameters": {"x-foo": "bar"}}},
        "properties": [["x-bar", {}, "unknown", "bam"]], "components": [["x-baz", [["uid", {}, "text", "507A"]], []]]});
    assert_eq!(json["iCalendar"].take(), expected, "Figure 93");
    comes_back(&text);
}
