use bytes::Bytes;

use super::*;
use crate::Limits;
use crate::date::parse_utc;

const BASE: &str = "DTSTART;TZID=Europe/Berlin:20260601T090000\nDTEND;TZID=Europe/Berlin:20260601T100000\nSUMMARY:Stand-up\nLOCATION:Room 1\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU\nCATEGORIES:A,B\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:Ann@example.org\nATTENDEE:mailto:bob@example.org\nSEQUENCE:1\n";

fn object_of(events: &[&str]) -> CalendarObject {
    let events: String = events.iter().map(|lines| format!("BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\n{lines}END:VEVENT\n")).collect();
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
