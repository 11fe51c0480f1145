"""What engines in Python find, asked and answered line by line in JSON.

{"lines": DTSTART and what recurs, "most": N}               -> {"dates": […]} by python-dateutil
{"calendar": text, "from": UTC, "until": UTC}               -> {"dates": […]} by recurring-ical-events
or {"error": …}; what takes long is given up.
"""

import datetime
import itertools
import json
import signal
import sys
import warnings

from dateutil.rrule import rrulestr

try:
    import icalendar
    import recurring_ical_events
except ImportError:
    recurring_ical_events = None

# Most answers take a tenth of it.
CPU_SECONDS_MAX = {"lines": 0.03, "calendar": 0.5}
FORM = "%Y%m%dT%H%M%SZ"


def give_up(*_):
    raise TimeoutError("it gave up")


def utc(text):
    return datetime.datetime.strptime(text, FORM).replace(tzinfo=datetime.timezone.utc)


def dates_of(request):
    if "lines" in request:
        found = rrulestr(request["lines"], forceset=True)
        return [date.strftime(FORM) for date in itertools.islice(found, request["most"])]
    calendar = icalendar.Calendar.from_ical(request["calendar"])
    events = recurring_ical_events.of(calendar).between(utc(request["from"]), utc(request["until"]))
    starts = (event["DTSTART"].dt.astimezone(datetime.timezone.utc) for event in events)
    return sorted(start.strftime(FORM) for start in starts)


def answer(request):
    limit = next(limit for key, limit in CPU_SECONDS_MAX.items() if key in request)
    try:
        # The CPU time of this process: a busy machine is no reason to give up.
        signal.setitimer(signal.ITIMER_VIRTUAL, limit)
        try:
            return {"dates": dates_of(request)}
        finally:
            # Inside the outer one, because the time may be over just here.
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


warnings.simplefilter("ignore")
signal.signal(signal.SIGVTALRM, give_up)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
