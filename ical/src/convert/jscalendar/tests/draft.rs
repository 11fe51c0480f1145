//! The figures of the draft, as far as data goes.

use super::*;

pub(super) fn expect(text: &str, expected: Json, what: &str) {
    has(&to_json(text), &expected, what);
    comes_back(text);
}

#[test]
fn s2_1_1_a_vcalendar_is_a_group_where_one_entry_does_not_say_it_all() {
    let two = calendar("BEGIN:VEVENT\nUID:a\nEND:VEVENT\nBEGIN:VTODO\nUID:b\nEND:VTODO\n");
    let expected =
        json!({"@type": "Group", "prodId": "-//t//t//EN", "entries": [{"@type": "Event", "uid": "a"}, {"@type": "Task", "uid": "b"}]});
    assert_eq!(to_json(&two), expected);
    comes_back(&two);
    let named = calendar(
        "NAME;LANGUAGE=de:Feiertage\nSOURCE;VALUE=URI:https://example.com/a.ics\nLAST-MODIFIED:20240914T231257Z\nCOLOR:red\n\
            REFRESH-INTERVAL;VALUE=DURATION:P1D\nUID:g\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\n",
    );
    let expected = json!({"@type": "Group", "title": "Feiertage", "locale": "de", "source": "https://example.com/a.ics",
        "updated": "2024-09-14T23:12:57Z", "color": "red", "uid": "g",
        "iCalendar": {"name": "vcalendar", "properties": [["refresh-interval", {}, "duration", "P1D"]]}});
    expect(&named, expected, "Figure 59, 77, 53");
    assert_eq!(to_json(&event(""))["@type"], "Event");
    assert_eq!(to_json(&calendar(""))["@type"], "Group");
}

#[test]
fn s2_1_2_recurring_components() {
    let main = "BEGIN:VEVENT\nUID:r\nRRULE:FREQ=DAILY\nDTSTART;TZID=Europe/Berlin:20240101T140000\nSUMMARY:a\nEND:VEVENT\n";
    let other = "BEGIN:VEVENT\nUID:r\nRECURRENCE-ID;TZID=Europe/Berlin:20240202T140000\nDTSTART;TZID=Europe/Berlin:20240202T160000\n\
        SUMMARY:a\nEND:VEVENT\n";
    let expected = json!({"@type": "Event", "recurrenceOverrides": {"2024-02-02T14:00:00": {"start": "2024-02-02T16:00:00"}}, "uid": "r",
        "recurrenceRule": {"@type": "RecurrenceRule", "frequency": "daily"}, "start": "2024-01-01T14:00:00",
            "timeZone": "Europe/Berlin", "title": "a", "prodId": "-//t//t//EN"});
    let text = calendar(&format!("{main}{other}"));
    assert_eq!(to_json(&text), expected, "Figure 7");
    comes_back(&text);
    let alone = calendar(&format!("{other}{}", other.replace("0202T140000", "0103T140000").replace("0202T160000", "0103T170000")));
    let json = to_json(&alone);
    assert_eq!(json["entries"][1]["recurrenceId"], "2024-01-03T14:00:00", "Figure 8");
    assert_eq!(json["entries"][1]["recurrenceIdTimeZone"], "Europe/Berlin");
    comes_back(&alone);
}

#[test]
fn s2_1_3_keys_are_uuids_of_version_5() {
    for (value, key) in [
        ("mailto:organizer@example.com", "251d3e9f-d83f-534c-8c45-c2896c75670c"),
        ("https://example.com/foo.pdf", "245708bf-8e07-5d3b-a5da-2974a63c3b91"),
        ("Conference Room - F123\\, Bldg. 002", "adde7a5b-2fb5-52aa-b760-595ea9edb80a"),
    ] {
        assert_eq!(key::of_value(value), key);
    }
}

#[test]
fn s2_2_1_participant() {
    let text = event("BEGIN:PARTICIPANT\nUID:47AD2E1C-49D4-45DF-BD83-8398ACC7D8E2\nDESCRIPTION:A participant\nEND:PARTICIPANT\n");
    let expected = json!({"participants": {"47AD2E1C-49D4-45DF-BD83-8398ACC7D8E2": {"@type": "Participant", "description": "A participant",
        "iCalendar": {"@type": "ICalComponent", "name": "participant", "properties": [["uid", {}, "text",
            "47AD2E1C-49D4-45DF-BD83-8398ACC7D8E2"]]}}}});
    expect(&text, expected, "Figure 9");
    expect(
        &event("BEGIN:PARTICIPANT\nUID:p\nSUMMARY:John\nEND:PARTICIPANT\n"),
        json!({"participants": {"p": {"name": "John"}}}),
        "Figure 81",
    );
}

#[test]
fn s2_2_2_valarm() {
    let text = event("BEGIN:VALARM\nUID:04DC2968\nTRIGGER:-PT30M\nACTION:DISPLAY\nDESCRIPTION:Breakfast meeting\nEND:VALARM\n");
    let expected = json!({"alerts": {"04DC2968": {"@type": "Alert", "action": "display", "trigger": {"@type": "OffsetTrigger",
        "offset": "-PT30M"},
        "iCalendar": {"@type": "ICalComponent", "name": "valarm", "properties": [["uid", {}, "text", "04DC2968"], ["description", {},
            "text", "Breakfast meeting"]]}}}});
    assert_eq!(to_json(&text)["alerts"], expected["alerts"], "Figure 10, but for the order");
    comes_back(&text);
    let audio = event(
        "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER;VALUE=DATE-TIME:20250302T010203Z\nACKNOWLEDGED:20241002T114703Z\nJSID:k\nREPEAT:2\n\
            DURATION:PT5M\nEND:VALARM\n",
    );
    let expected = json!({"alerts": {"k": {"acknowledged": "2024-10-02T11:47:03Z", "trigger": {"@type": "AbsoluteTrigger",
        "when": "2025-03-02T01:02:03Z"}}}});
    expect(&audio, expected, "Figure 14, 16, 84, 87");
    expect(
        &event("BEGIN:VALARM\nACTION:EMAIL\nUID:e\nTRIGGER;RELATED=END:PT5M\nSUMMARY:s\nDESCRIPTION:d\nATTENDEE:mailto:a@b\nEND:VALARM\n"),
        json!({"alerts": {"e": {"action": "email", "trigger": {"@type": "OffsetTrigger", "offset": "PT5M", "relativeTo": "end"}}}}),
        "Figure 83",
    );
}

#[test]
fn s2_2_4_vlocation() {
    let text = event(
        "BEGIN:VLOCATION\nUID:4954DC22\nNAME:The venue\nSTRUCTURED-DATA;VALUE=URI:http://dir.example.com/big-hall.vcf\nEND:VLOCATION\n",
    );
    let expected = json!({"locations": {"4954DC22": {"@type": "Location", "name": "The venue", "iCalendar": {"@type": "ICalComponent",
        "name": "vlocation",
        "properties": [["uid", {}, "text", "4954DC22"], ["structured-data", {}, "uri", "http://dir.example.com/big-hall.vcf"]]}}}});
    expect(&text, expected, "Figure 12");
    let text = event(
        "BEGIN:VLOCATION\nUID:l\nLOCATION-TYPE:hotel,restaurant\nCOORDINATES;VALUE=URI:geo:48.198634,16.371648;crs=wgs84;u=40\n\
            URL:https://a.example\nEND:VLOCATION\n",
    );
    let expected = json!({"locations": {"l": {"locationTypes": {"hotel": true, "restaurant": true},
        "coordinates": "geo:48.198634,16.371648;crs=wgs84;u=40",
        "links": {}}}});
    expect(&text, expected, "Figure 30, 57");
    let text = event("BEGIN:VLOCATION\nUID:l\nNAME:Eiffel Tower\nGEO:48.858222;2.2945\nEND:VLOCATION\n");
    let expected = json!({"locations": {"l": {"name": "Eiffel Tower", "coordinates": "geo:48.858222,2.2945",
        "iCalendar": {"convertedProperties": {"coordinates": {"@type": "ICalProperty", "name": "geo"}}}}}});
    expect(&text, expected, "Figure 51");
}

#[test]
fn s2_3_3_attach_s2_3_22_image_s2_3_24_link_s2_3_46_url() {
    expect(
        &event("ATTACH;FILENAME=a.pdf;SIZE=12;MANAGED-ID=m:https://example.com/foo.pdf\n"),
        json!({"links": {"245708bf-8e07-5d3b-a5da-2974a63c3b91": {"@type": "Link", "href": "https://example.com/foo.pdf",
            "rel": "enclosure", "title": "a.pdf", "size": 12}}}),
        "Figure 17",
    );
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAAAmJLR0QAAd2KE6QAAAAKSURBVAjXY2gAAACCAIHdQ2r0AAAAAElFTkSuQmCC";
    expect(
        &event(&format!("ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=image/png:{png}\n")),
        json!({"links": {"7beac36a-9287-57cb-96ab-dd2fc91163a2": {"href": format!("data:image/png;base64,{png}"),
            "contentType": "image/png"}}}),
        "Figure 18",
    );
    expect(
        &event("IMAGE;VALUE=URI;DISPLAY=BADGE,THUMBNAIL;FILENAME=An image;FMTTYPE=image/png:https://example.com/images/party.png\n"),
        json!({"links": {"2c42ac17-1eaf-5a75-a216-aef848785d79": {"rel": "icon", "display": {"badge": true, "thumbnail": true},
            "contentType": "image/png", "title": "An image"}}}),
        "Figure 52",
    );
    expect(
        &event("LINK;LINKREL=\"https://example.com/linkrel/source\";LABEL=Venue;VALUE=URI:https://example.com/events\n"),
        json!({"links": {"63023b12-fcf4-53fa-841d-8c1684b9f80b": {"href": "https://example.com/events", "title": "Venue",
            "rel": "https://example.com/linkrel/source"}}}),
        "Figure 54",
    );
    expect(
        &event("URL:https://example.com/myurl\nLINK;VALUE=URI;LINKREL=describedby:https://example.com/a\nLINK;VALUE=UID;LINKREL=x:u-2\n"),
        json!({"links": {"6669391a-2c73-5b89-9cfe-7a6c95a855e3": {"href": "https://example.com/myurl", "rel": "describedby"}}}),
        "Figure 86",
    );
    expect(
        &event("ATTACH;JSID=mylink1:https://example.com\nJSPROP;JSPTR=\"links/mylink1/example.com:foo\":\"bar\"\n"),
        json!({"links": {"mylink1": {"@type": "Link", "href": "https://example.com", "example.com:foo": "bar"}}}),
        "Figure 91, 92",
    );
}

#[test]
fn s2_3_4_attendee_s2_3_29_organizer() {
    let (organizer, foo) = ("251d3e9f-d83f-534c-8c45-c2896c75670c", "59eb121c-e8f2-558a-9049-ef750a5976bd");
    expect(
        &event("ATTENDEE;RSVP=TRUE;PARTSTAT=TENTATIVE;CN=Henry Cabot:mailto:hcabot@example.com\nORGANIZER:mailto:organizer@example.com\n"),
        json!({"participants": {"0b235cc4-f04d-5fc4-98a3-c066650b3fbf": {"@type": "Participant",
            "calendarAddress": "mailto:hcabot@example.com", "name": "Henry Cabot", "participationStatus": "tentative", "expectReply": true},
            organizer: {"@type": "Participant", "calendarAddress": "mailto:organizer@example.com", "roles": {"owner": true}}},
                "organizerCalendarAddress": "mailto:organizer@example.com"}),
        "Figure 19",
    );
    expect(
        &event(
            "BEGIN:PARTICIPANT\nUID:6CF5\nCALENDAR-ADDRESS:mailto:foo@example.com\nDESCRIPTION:some description\nEND:PARTICIPANT\n\
        ATTENDEE;RSVP=TRUE;PARTSTAT=TENTATIVE:mailto:foo@example.com\n\
        ORGANIZER:mailto:organizer@example.com\n"
                .replace("BEGIN:PARTICIPANT", "X-A:b\nBEGIN:PARTICIPANT")
                .as_str(),
        ),
        json!({"participants": {foo: {"description": "some description", "expectReply": true, "iCalendar": {"name": "participant",
            "properties": [["uid", {}, "text", "6CF5"]]}}}}),
        "Figure 20",
    );
    expect(
        &todo("ATTENDEE;RSVP=TRUE;PARTSTAT=COMPLETED:mailto:foo@example.com\nORGANIZER:mailto:organizer@example.com\n"),
        json!({"participants": {foo: {"participationStatus": "accepted", "progress": "completed"}}}),
        "Figure 21",
    );
    expect(
        &event(
            "ATTENDEE;RSVP=TRUE:mailto:foo@example.com\nATTENDEE;ROLE=OWNER;RSVP=TRUE:mailto:bar@example.com\n\
                ORGANIZER:mailto:organizer@example.com\n",
        ),
        json!({"participants": {"5b6f4fa0-3695-53a7-904b-d0a6f8bc326f": {"roles": {"owner": true}}}}),
        "Figure 22, 64",
    );
    assert_eq!(
        to_json(&event("ATTENDEE;ROLE=OWNER:mailto:foo@example.com\nORGANIZER:mailto:organizer@example.com\n"))["participants"]
            .as_object()
            .unwrap()
            .len(),
        1
    );
    let converted = json!({"calendarAddress": {"@type": "ICalProperty", "name": "calendar-address"}});
    expect(
        &event(
            "ORGANIZER:mailto:organizer@example.com\nBEGIN:PARTICIPANT\nCALENDAR-ADDRESS:mailto:foo@example.com\nUID:47AD\nSUMMARY:Foo\n\
                END:PARTICIPANT\n",
        ),
        json!({"participants": {foo: {"calendarAddress": "mailto:foo@example.com", "name": "Foo",
            "iCalendar": {"convertedProperties": converted}}}}),
        "Figure 23",
    );
    expect(
        &event("ORGANIZER;CN=Jane Doe:mailto:organizer@example.com\nATTENDEE;PARTSTAT=ACCEPTED;CN=Jane Doe:mailto:organizer@example.com\n"),
        json!({"participants": {organizer: {"name": "Jane Doe", "participationStatus": "accepted", "roles": {"owner": true}}}}),
        "Figure 62",
    );
    expect(
        &event("ORGANIZER;CN=Jane Doe:mailto:organizer@example.com\nATTENDEE;ROLE=OWNER;RSVP=TRUE:mailto:foo@example.com\n"),
        json!({"participants": {organizer: {"name": "Jane Doe", "roles": {"owner": true}}, foo: {"roles": {"owner": true}}}}),
        "Figure 63",
    );
}

#[test]
fn s2_3_4_all_parameters_of_attendee() {
    let text = event(
        "ORGANIZER;CN=O;SENT-BY=\"mailto:s@b\";DIR=\"ldap://x\";SCHEDULE-STATUS=1.1;LANGUAGE=de:mailto:o@b\n\
            ATTENDEE;CN=O2;PARTSTAT=ACCEPTED:mailto:o@b\n\
            ATTENDEE;CUTYPE=ROOM;ROLE=CHAIR;DELEGATED-FROM=\"mailto:b@b\";MEMBER=\"mailto:g@b\",\"mailto:h@b\";SENT-BY=\"mailto:q@b\";EMAIL=a@c:mailto:a@b\n\
            ATTENDEE;DELEGATED-TO=\"mailto:a@b\";PARTSTAT=DELEGATED;SCHEDULE-AGENT=CLIENT;SCHEDULE-FORCE-SEND=REQUEST;SCHEDULE-STATUS=\"2.0,2.4\";ROLE=REQ-PARTICIPANT:mailto:b@b\n\
            ATTENDEE;CUTYPE=GROUP;ROLE=OPT-PARTICIPANT;X-Y=z:mailto:g@b\nATTENDEE;ROLE=X-ODD:mailto:c@b\nATTENDEE;CN=twice:mailto:c@b\n",
    );
    comes_back(&text);
    let json = to_json(&text);
    let of = |address: &str| json["participants"].as_object().unwrap()[&key::of_value(address)].clone();
    has(
        &of("mailto:a@b"),
        &json!({"kind": "location", "roles": {"attendee": true, "chair": true}, "sentBy": "q@b", "email": "a@c",
        "delegatedFrom": {key::of_value("mailto:b@b"): true}, "memberOf": {key::of_value("mailto:g@b"): true, "mailto:h@b": true}}),
        "ids",
    );
    has(
        &of("mailto:b@b"),
        &json!({"scheduleAgent": "client", "scheduleStatus": ["2.0", "2.4"], "participationStatus": "delegated"}),
        "scheduling",
    );
    has(&of("mailto:o@b"), &json!({"sentBy": "s@b", "name": "O2"}), "organizer");
    assert_eq!(json["sentBy"], "s@b");
}

#[test]
fn s2_3_simple_properties() {
    for (lines, expected) in [
        (
            "CATEGORIES:Favorites,a\\,b\nCATEGORIES;LANGUAGE=en:Meeting\n",
            json!({"keywords": {"Favorites": true, "Meeting": true, "a,b": true}}),
        ),
        ("CLASS:PRIVATE\n", json!({"privacy": "private"})),
        ("CLASS:X-OWN\n", json!({"iCalendar": {"properties": [["class", {}, "text", "X-OWN"]]}})),
        ("CLASS:CONFIDENTIAL\n", json!({"privacy": "secret"})),
        ("COLOR:maroon\n", json!({"color": "maroon"})),
        (
            "CONCEPT:https://example.com/music\nCONCEPT:https://example.com/literature\n",
            json!({"categories": {"https://example.com/music": true}}),
        ),
        ("CREATED:20240329T133000Z\n", json!({"created": "2024-03-29T13:30:00Z"})),
        ("DESCRIPTION:delicious\\; sweet\\n\n", json!({"description": "delicious; sweet\n"})),
        ("PRIORITY:3\nSEQUENCE:4\n", json!({"priority": 3, "sequence": 4})),
        ("SEQUENCE:notanumber\nPRIORITY:77\n", json!({"iCalendar": {}})),
        ("STATUS:TENTATIVE\n", json!({"status": "tentative"})),
        ("TRANSP:TRANSPARENT\n", json!({"freeBusyStatus": "free"})),
        ("SUMMARY;LANGUAGE=fr:Fête\n", json!({"title": "Fête", "locale": "fr"})),
        ("SUMMARY;X-FOO=bar:test\nSUMMARY:again\n", json!({"title": "test"})),
        (
            "LAST-MODIFIED:20240329T133000Z\n",
            json!({"updated": "2026-01-01T00:00:00Z", "iCalendar": {"properties": [["last-modified", {}, "date-time",
                "2024-03-29T13:30:00Z"]]}}),
        ),
        (
            "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>hello\\,</b>\nDESCRIPTION;DERIVED=TRUE:hello\n",
            json!({"description": "<b>hello,</b>", "descriptionContentType": "text/html"}),
        ),
        ("REQUEST-STATUS:2.0;Success;a\\;b\nREQUEST-STATUS:2.1;More\n", json!({"requestStatus": "2.0;Success;a;b"})),
        (
            "RELATED-TO;RELTYPE=CHILD:4E05\nRELATED-TO:4120\n",
            json!({"relatedTo": {"4E05": {"@type": "Relation", "relation": {"child": true}}, "4120": {"@type": "Relation"}}}),
        ),
        (
            "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO;LABEL=\"Web, code=76543\":https://chat.example.com/audio?id=123456\n",
            json!({"virtualLocations": {"67e4a1e9-cffc-5bd4-9602-1a5dfc8e1626": {"name": "Web, code=76543", "features": {"audio": true,
                "video": true}}}}),
        ),
        (
            "GEO;JSID=loc1:45.5;-93.3\n",
            json!({"locations": {"loc1": {"coordinates": "geo:45.5,-93.3"}},
                "iCalendar": {"convertedProperties": {"locations/loc1/coordinates": {"name": "geo"}}}}),
        ),
        (
            "LOCATION;JSID=loc1:Taj Mahal\nGEO;JSID=loc1:27.175;78.041944\n",
            json!({"locations": {"loc1": {"name": "Taj Mahal", "coordinates": "geo:27.175,78.041944"}}}),
        ),
        (
            "LOCATION;ALTREP=\"cid:a\":Conference Room - F123\\, Bldg. 002\n",
            json!({"locations": {"adde7a5b-2fb5-52aa-b760-595ea9edb80a": {"name": "Conference Room - F123, Bldg. 002"}}}),
        ),
        (
            "LOCATION;DERIVED=TRUE:Fred's Bar\nBEGIN:VLOCATION\nUID:12D2\nNAME:Fred's Bar\nEND:VLOCATION\nBEGIN:VLOCATION\nUID:6B1C\n\
                NAME:P\nEND:VLOCATION\n",
            json!({"mainLocationId": "12D2"}),
        ),
        (
            "LOCATION:Hall\nBEGIN:VLOCATION\nUID:12D2\nEND:VLOCATION\nBEGIN:VLOCATION\nUID:6B1C\nEND:VLOCATION\n",
            json!({"mainLocationId": key::of_value("Hall")}),
        ),
    ] {
        expect(&event(lines), expected, lines);
    }
    let text = todo("STATUS:IN-PROCESS\nPERCENT-COMPLETE:53\nESTIMATED-DURATION;VALUE=DURATION:P2D\nCOMPLETED:20260101T000000Z\n");
    expect(
        &text,
        json!({"@type": "Task", "progress": "in-process", "percentComplete": 53, "estimatedDuration": "P2D"}),
        "Figure 47, 65, 76",
    );
    let text = calendar("METHOD:REQUEST\nBEGIN:VEVENT\nUID:a\nEND:VEVENT\n");
    expect(&text, json!({"method": "request", "prodId": "-//t//t//EN"}), "Figure 58, 67");
}

#[test]
fn s2_3_35_related_alarms() {
    let text = event(
        "BEGIN:VALARM\nUID:8297\nJSID:alert1\nTRIGGER:-PT15M\nDESCRIPTION:r\nACTION:DISPLAY\nACKNOWLEDGED:20210302T151514Z\nEND:VALARM\n\
            BEGIN:VALARM\nUID:DE7B\nJSID:alert2\nTRIGGER;VALUE=DATE-TIME:20210302T152000Z\nRELATED-TO;RELTYPE=SNOOZE:8297\n\
            DESCRIPTION:r\nACTION:DISPLAY\nEND:VALARM\n",
    );
    expect(
        &text,
        json!({"alerts": {"alert2": {"relatedTo": {"alert1": {"@type": "Relation", "relation": {"snooze": true}}}}}}),
        "Figure 71",
    );
}
