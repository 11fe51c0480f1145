use bytes::Bytes;

use super::*;
use crate::Limits;
use crate::date::parse_utc;

const BASE: &str = "DTSTART;TZID=Europe/Berlin:20260601T090000\nDTEND;TZID=Europe/Berlin:20260601T100000\nSUMMARY:Stand-up\nLOCATION:Room 1\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU\nCATEGORIES:A,B\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:Ann@example.org\nATTENDEE:mailto:bob@example.org\nSEQUENCE:1\n";

fn object_of(events: &[&str]) -> CalendarObject {
    let start = |lines: &str| if lines.to_uppercase().contains("DTSTART") { "" } else { "DTSTART:20260101T000000Z\n" };
    let event = |lines: &&str| format!("BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\n{}{lines}END:VEVENT\n", start(lines));
    let events: String = events.iter().map(event).collect();
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{events}END:VCALENDAR\n").replace('\n', "\r\n");
    CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
}

fn names(before: &[&str], after: &[&str]) -> Vec<String> {
    diff(&object_of(before), &object_of(after)).into_iter().map(|d| format!("{} {}", d.part, d.name)).collect()
}

#[test]
fn other_spellings_are_no_difference() {
    let other = "dtstart;tzid=\"Europe/Berlin\":20260601T090000\nSUMMARY:Stand\n -up\nDURATION:PT1H\nRRULE:WKST=MO;INTERVAL=1;BYDAY=TU,MO;FREQ=WEEKLY\nLOCATION;LANGUAGE=en:Room 1\nATTENDEE:MAILTO:bob@example.org\nATTENDEE;ROLE=REQ-PARTICIPANT;CUTYPE=INDIVIDUAL:mailto:ann@example.org\nCATEGORIES:B,A\nSEQUENCE:1\n";
    assert_eq!(names(&[BASE], &[&other.replace("LOCATION;LANGUAGE=en", "LOCATION")]), Vec::<String>::new());
    assert_eq!(names(&[BASE], &[other]), ["series LOCATION"]);
}

#[test]
fn what_differs_is_named_with_both_sides() {
    let changed = BASE
        .replace("Room 1", "Room 2")
        .replace("PARTSTAT=NEEDS-ACTION:mailto:Ann", "PARTSTAT=ACCEPTED:mailto:Ann")
        .replace("A,B", "A,B,C");
    let found = diff(&object_of(&[BASE]), &object_of(&[&changed]));
    let names: Vec<&str> = found.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(names, ["ATTENDEE", "CATEGORIES", "LOCATION"]);
    assert_eq!(
        (found[2].before.as_slice(), found[2].after.as_slice()),
        (&["LOCATION:Room 1".to_owned()][..], &["LOCATION:Room 2".to_owned()][..])
    );
    assert_eq!(found[0].after, ["ATTENDEE;PARTSTAT=ACCEPTED:mailto:Ann@example.org"]);
    let sequence = diff(&object_of(&[BASE]), &object_of(&[&BASE.replace("SEQUENCE:1", "SEQUENCE:2")]));
    assert!(sequence.len() == 1 && !sequence[0].matters());
}

const OVERRIDE: &str = "RECURRENCE-ID;TZID=Europe/Berlin:20260608T090000\nDTSTART;TZID=Europe/Berlin:20260608T110000\nDTEND;TZID=Europe/Berlin:20260608T120000\nSUMMARY:Later\n";

#[test]
fn overrides_are_parts_of_their_own() {
    assert_eq!(names(&[BASE], &[BASE, OVERRIDE]), ["instance 20260608T070000Z *"]);
    let moved = OVERRIDE.replace("T110000", "T130000");
    assert_eq!(names(&[BASE, OVERRIDE], &[BASE, &moved]), ["instance 20260608T070000Z DTSTART"]);
    let in_utc = OVERRIDE.replace("RECURRENCE-ID;TZID=Europe/Berlin:20260608T090000", "RECURRENCE-ID:20260608T070000Z");
    assert_eq!(names(&[BASE, OVERRIDE], &[BASE, &in_utc]), ["instance 20260608T070000Z RECURRENCE-ID"]);
}

#[test]
fn instances_that_come_go_and_move_are_listed() {
    let window = (parse_utc("20260601T000000Z").unwrap(), parse_utc("20260616T000000Z").unwrap());
    let without = format!("{BASE}EXDATE;TZID=Europe/Berlin:20260602T090000\n");
    let found = diff_instances(&object_of(&[BASE]), &object_of(&[&without, OVERRIDE]), window, &Zone::utc()).unwrap();
    let at = |text: &str| parse_utc(text).unwrap();
    let hour = |text: &str| Some((at(text), at(text) + 3_600_000_000));
    let gone = InstanceDifference { recurrence_id: at("20260602T070000Z"), before: hour("20260602T070000Z"), after: None };
    let moved =
        InstanceDifference { recurrence_id: at("20260608T070000Z"), before: hour("20260608T070000Z"), after: hour("20260608T090000Z") };
    assert_eq!(found, [gone, moved]);
}

fn merged(base: &[&str], ours: &[&str], theirs: &[&str]) -> (CalendarObject, Vec<String>) {
    let merged = merge(&object_of(base), &object_of(ours), &object_of(theirs));
    let object = CalendarObject::parse(Bytes::from(merged.bytes), &Limits::default()).unwrap();
    (object, merged.conflicts.into_iter().map(|c| format!("{} {}", c.part, c.name)).collect())
}

#[test]
fn changes_to_different_things_are_merged() {
    let ours = BASE.replace("Stand-up", "Daily").replace("A,B", "A,B,OURS");
    let theirs = BASE.replace("Room 1", "Room 2").replace("A,B", "B,THEIRS").replace("SEQUENCE:1", "SEQUENCE:12")
        + "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nEND:VALARM\n";
    let (object, conflicts) = merged(&[BASE], &[&ours], &[&theirs, OVERRIDE]);
    assert_eq!(conflicts, Vec::<String>::new());
    let wanted =
        BASE.replace("Stand-up", "Daily").replace("Room 1", "Room 2").replace("A,B", "B,OURS,THEIRS").replace("SEQUENCE:1", "SEQUENCE:12");
    let wanted = format!("{wanted}BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nEND:VALARM\n");
    assert_eq!(diff(&object, &object_of(&[&wanted, OVERRIDE])), []);
}

#[test]
fn merging_leaves_untouched_lines_as_they_were() {
    let odd = format!("{BASE}X-ODD;b=2;a=1:as  it was\n");
    let merged = merge(&object_of(&[&odd]), &object_of(&[&odd]), &object_of(&[&odd.replace("Room 1", "Room 2")]));
    let text = String::from_utf8(merged.bytes).unwrap();
    assert!(text.contains("X-ODD;b=2;a=1:as  it was\r\n") && text.contains("LOCATION:Room 2\r\n") && !text.contains("Room 1"));
}

#[test]
fn what_both_changed_is_a_conflict_and_ours_is_kept() {
    let ours = BASE.replace("Stand-up", "Ours").replace("T090000", "T080000");
    let theirs = BASE.replace("Stand-up", "Theirs").replace("T100000", "T103000");
    let (object, conflicts) = merged(&[BASE], &[&ours], &[&theirs]);
    assert_eq!(conflicts, ["series DTSTART", "series SUMMARY"]);
    assert_eq!(diff(&object, &object_of(&[&ours])), []);
    // The same change twice is none.
    assert_eq!(merged(&[BASE], &[&ours], &[&ours]).1, Vec::<String>::new());
}

#[test]
fn parts_come_and_go() {
    let later = OVERRIDE.replace("Later", "Much later");
    // They removed what we left alone; what we removed they left alone.
    let (object, conflicts) = merged(&[BASE, OVERRIDE], &[BASE, OVERRIDE], &[BASE]);
    assert_eq!((diff(&object, &object_of(&[BASE])), conflicts), (vec![], vec![]));
    let (object, conflicts) = merged(&[BASE, OVERRIDE], &[BASE], &[BASE, OVERRIDE]);
    assert_eq!((diff(&object, &object_of(&[BASE])), conflicts), (vec![], vec![]));
    // One removed what the other changed.
    assert_eq!(merged(&[BASE, OVERRIDE], &[BASE], &[BASE, &later]).1, ["instance 20260608T070000Z *"]);
    assert_eq!(merged(&[BASE, OVERRIDE], &[BASE, &later], &[BASE]).1, ["instance 20260608T070000Z *"]);
}

#[test]
fn answers_of_two_attendees_are_both_kept() {
    let ours = BASE.replace("PARTSTAT=NEEDS-ACTION:mailto:Ann", "PARTSTAT=ACCEPTED:mailto:Ann");
    let theirs = BASE.replace("ATTENDEE:mailto:bob", "ATTENDEE;PARTSTAT=DECLINED:mailto:bob");
    let (object, conflicts) = merged(&[BASE], &[&ours], &[&theirs]);
    let both = ours.replace("ATTENDEE:mailto:bob", "ATTENDEE;PARTSTAT=DECLINED:mailto:bob");
    assert_eq!((diff(&object, &object_of(&[&both])), conflicts), (vec![], vec![]));
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn rfc5545_s3_8_lists_say_the_same_in_any_order_and_on_any_number_of_lines() {
    let base = "CATEGORIES:A,B,C\nRESOURCES:x,y\nEXDATE;TZID=Europe/Berlin:20260602T090000,20260608T090000\nRDATE:20260701T000000Z\n";
    let other = "CATEGORIES:C\nCATEGORIES:B,A\nRESOURCES:y\nEXDATE;TZID=Europe/Berlin:20260608T090000\n\
                 EXDATE;TZID=\"Europe/Berlin\":20260602T090000\nRESOURCES:x,y\nRDATE;VALUE=DATE-TIME:20260701T000000Z\n";
    assert_eq!(names(&[base], &[other]), nothing());
    assert_eq!(names(&[base], &[&other.replace("CATEGORIES:C", "CATEGORIES;LANGUAGE=de:C")]), ["series CATEGORIES"]);
    assert_eq!(names(&[base], &[&other.replace("x,y", "x,y,z")]), ["series RESOURCES"]);
    let zone = other.replace("EXDATE;TZID=Europe/Berlin:", "EXDATE;TZID=Europe/Rome:");
    assert_eq!(names(&[base], &[&zone]), ["series EXDATE"]);
    // In lists, but nowhere else, once is as good as twice.
    assert_eq!(names(&["COMMENT:a\n"], &["COMMENT:a\nCOMMENT:a\n"]), ["series COMMENT"]);
}

#[test]
fn rfc5545_s3_3_10_rules_say_the_same_in_any_order_and_spelling_of_numbers() {
    let base = "RRULE:FREQ=MONTHLY;BYDAY=+1MO,-1FR;BYMONTHDAY=1,2;COUNT=10\n";
    let other = "RRULE:byday=-01fr,1MO;count=010;interval=01;bymonthday=02,+1;wkst=mo;freq=monthly;skip=omit;rscale=gregorian\n";
    assert_eq!(names(&[base], &[other]), nothing());
    for (part, changed) in [("interval=01", "interval=10"), ("wkst=mo", "wkst=su"), ("count=010", "count=100"), ("-01fr", "01fr")] {
        assert_eq!(names(&[base], &[&other.replace(part, changed)]), ["series RRULE"], "{changed}");
    }
}

#[test]
fn rfc5545_s3_2_enumerated_values_have_no_case_and_defaults_need_no_line() {
    let base = "ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR;CUTYPE=ROOM;DELEGATED-TO=\"mailto:b@x\",\"mailto:a@x\":mailto:a@x\nSTATUS:CONFIRMED\n\
                ATTACH;FMTTYPE=text/plain:u\nRDATE;VALUE=DATE:20260701\nRELATED-TO;RELTYPE=CHILD:r\nSUMMARY;LANGUAGE=de-CH:s\n";
    let other = "ATTENDEE;partstat=Accepted;role=chair;Cutype=room;DELEGATED-TO=\"MAILTO:a@x\",\"mailto:b@x\";SCHEDULE-AGENT=server:mailto:a@x\n\
                 status:Confirmed\nATTACH;FMTTYPE=Text/Plain:u\nRDATE;VALUE=date:20260701\nRELATED-TO;RELTYPE=child:r\n\
                 SUMMARY;LANGUAGE=DE-ch:s\nCLASS:public\nTRANSP:OPAQUE\nPRIORITY:0\nSEQUENCE:0\n";
    assert_eq!(names(&[base], &[other]), nothing());
    assert_eq!(names(&[base], &[&other.replace("TRANSP:OPAQUE", "TRANSP:TRANSPARENT")]), ["series TRANSP"]);
    assert_eq!(names(&[base], &[&other.replace("SUMMARY;LANGUAGE=DE-ch:s", "SUMMARY;LANGUAGE=DE-ch:S")]), ["series SUMMARY"]);
    assert_eq!(names(&["DTSTART:20260101\n"], &["DTSTART;X-A=b:20260101\n"]), ["series DTSTART"]);
    // A line that said what holds anyway goes where they say something else.
    let (object, conflicts) = merged(&[""], &["TRANSP:OPAQUE\n"], &["TRANSP:TRANSPARENT\n"]);
    assert_eq!((diff(&object, &object_of(&["TRANSP:TRANSPARENT\n"])), conflicts), (vec![], vec![]));
    assert_eq!(object.main_components().next().unwrap().properties_named("TRANSP").count(), 1);
}

fn with_zones(zones: &[(&str, &str)]) -> CalendarObject {
    let zone = |(id, offset): &(&str, &str)| {
        format!(
            "BEGIN:VTIMEZONE\r\nTZID:{id}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
    };
    let zones: String = zones.iter().map(zone).collect();
    let text = format!("BEGIN:VCALENDAR\r\n{zones}BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
}

#[test]
fn rfc5545_s3_6_5_time_zones_are_told_apart_by_their_tzid() {
    let base = with_zones(&[("A", "+0100"), ("B", "+0200")]);
    let ours = with_zones(&[("A", "+0130"), ("B", "+0200"), ("C", "+0300")]);
    let theirs = with_zones(&[("B", "+0230"), ("A", "+0100"), ("D", "+0400")]);
    let merged = merge(&base, &ours, &theirs);
    assert_eq!(merged.conflicts, []);
    let merged = CalendarObject::parse(Bytes::from(merged.bytes), &Limits::default()).unwrap();
    assert_eq!(diff(&merged, &with_zones(&[("A", "+0130"), ("B", "+0230"), ("C", "+0300"), ("D", "+0400")])), []);
    let found = diff(&base, &ours);
    assert_eq!(found.iter().map(|one| (one.before.len(), one.after.len())).collect::<Vec<_>>(), [(1, 1), (0, 1)]);
}

#[test]
fn lists_that_cannot_be_written_anew_are_a_conflict() {
    let (object, conflicts) = merged(&["CATEGORIES:A\n"], &["CATEGORIES:A,B\u{b}\n"], &["CATEGORIES:A,C\n"]);
    assert_eq!(conflicts, ["series CATEGORIES"]);
    assert_eq!(diff(&object, &object_of(&["CATEGORIES:A,B\u{b}\n"])), []);
}

#[test]
fn a_component_whose_folds_split_a_character_is_merged_whole() {
    let event = |alarm: &[u8]| {
        let text =
            [b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101\r\n", alarm, b"END:VEVENT\r\nEND:VCALENDAR\r\n"].concat();
        CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
    };
    let alarm = b"BEGIN:VALARM\r\nDESCRIPTION:caf\xc3\r\n \xa9\r\nEND:VALARM\r\n";
    let merged = merge(&event(b""), &event(b""), &event(alarm));
    assert!(String::from_utf8(merged.bytes).unwrap().contains("DESCRIPTION:caf\u{e9}\r\n"));
}

#[test]
fn deep_nesting_makes_no_exponential_work() {
    let nested = |value: &str| {
        let text = format!("{}COMMENT:\"\\{value}\"\r\n{}", "BEGIN:X-IN\r\nX-A:\"b\"\r\n".repeat(30), "END:X-IN\r\n".repeat(30));
        let text = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101\r\n{text}END:VEVENT\r\nEND:VCALENDAR\r\n");
        CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap()
    };
    let (one, other) = (nested("a"), nested("b"));
    let memory = allocation_counter::measure(|| {
        assert_eq!((diff(&one, &one).len(), diff(&one, &other).len()), (0, 1));
        assert_eq!(merge(&one, &one, &other).conflicts, []);
    });
    assert!(memory.bytes_max < 1_000_000, "{memory:?}");
}

/// With a step for each pair each of these takes minutes.
#[test]
fn many_lines_and_values_are_compared_and_merged_in_linear_time() {
    let lines = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let values = (0..50_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",\n ");
    for (what, base) in [
        ("comments", lines(90_000, |n| format!("COMMENT:a comment with the number {n}\n"))),
        ("alarms", lines(5_000, |n| format!("BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT{n}M\nEND:VALARM\n"))),
        ("attendees", lines(10_000, |n| format!("ATTENDEE:mailto:{n}@example.org\n"))),
        ("categories", format!("CATEGORIES:{values}\n")),
        ("lines of categories", lines(10_000, |n| format!("CATEGORIES:{n}\n"))),
    ] {
        let (ours, theirs) = (object_of(&[&format!("CATEGORIES:ours\n{base}")]), object_of(&[&format!("CATEGORIES:theirs\n{base}")]));
        let base = object_of(&[&base]);
        let started = std::time::Instant::now();
        assert_eq!(diff(&ours, &theirs).len(), 1, "{what}");
        assert_eq!(merge(&base, &ours, &theirs).conflicts, [], "{what}");
        let took = started.elapsed();
        eprintln!("{took:9.3?} for {what}");
        assert!(took < std::time::Duration::from_secs(12), "{took:?} for {what}");
    }
}

#[test]
fn rfc5545_s3_6_2_a_task_is_no_version_of_an_event() {
    let event = object_of(&[BASE]);
    let text = String::from_utf8(event.bytes().to_vec()).unwrap().replace("VEVENT", "VTODO").replace("DTEND", "DUE");
    let todo = CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap();
    let found = diff(&event, &todo);
    assert_eq!(found.iter().map(|d| (&d.part, d.name.as_str())).collect::<Vec<_>>(), [(&Part::Series, "*")]);
    let merged = merge(&event, &event, &todo);
    assert_eq!((merged.bytes.as_slice(), merged.conflicts.len()), (&event.bytes()[..], 1));
}

#[test]
fn rfc5545_s3_3_6_durations_that_are_as_long_are_the_same() {
    let alarm = |trigger: &str| format!("{BASE}BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:{trigger}\nEND:VALARM\n");
    for (one, other) in [("-PT15M", "-PT900S"), ("-P0DT0H10M0S", "-PT10M"), ("PT0S", "-PT0S"), ("P1W", "P7D")] {
        assert_eq!(names(&[&alarm(one)], &[&alarm(other)]), Vec::<String>::new(), "{one} {other}");
    }
    // A day of the clock is not always 24 hours.
    for (one, other) in [("-PT15M", "-PT16M"), ("-P1D", "-PT24H"), ("-PT15M", "PT15M")] {
        assert_eq!(names(&[&alarm(one)], &[&alarm(other)]), ["series VALARM"], "{one} {other}");
    }
}

#[test]
fn rfc3986_s6_2_2_1_paths_of_addresses_have_a_case() {
    let with = |address: &str| format!("{BASE}ATTENDEE:{address}\n");
    assert!(!names(&[&with("/principals/Bob/")], &[&with("/principals/bob/")]).is_empty());
    assert!(names(&[&with("MAILTO:Carl@example.org")], &[&with("mailto:carl@EXAMPLE.org")]).is_empty());
}
