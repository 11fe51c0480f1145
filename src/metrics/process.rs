//! The process, by the names that every exporter of Prometheus uses; read from Linux's /proc. What a system does not tell is left out.

use std::fs;

use kalends_ical::UtcMicros;

use super::text::Text;

/// Of the times in `/proc/self/stat`: USER_HZ, whatever the kernel counts in itself.
const TICKS_PER_SECOND: f64 = 100.0;

pub fn write(text: &mut Text, started_at: UtcMicros) {
    text.gauge("process_start_time_seconds", "When the server started, in seconds since 1970.", started_at as f64 / 1e6);
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_seconds(&stat)) {
        text.counter("process_cpu_seconds_total", "Time that processors spent on the server, in seconds.", seconds);
    }
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().and_then(|status| resident_bytes(&status)) {
        text.gauge("process_resident_memory_bytes", "Memory that the server holds.", bytes);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        text.gauge("process_open_fds", "Files and connections that the server has open.", files.count().saturating_sub(1));
    }
    if let Ok(most) = rlimit::Resource::NOFILE.get_soft() {
        text.gauge("process_max_fds", "How many it may have open.", most);
    }
}

/// User and system time: fields 14 and 15, counted behind the program's name, which may have spaces and brackets in it.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_a_name_of_any_kind() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1186 0 0 0 250 31 0 0 20 0 5 0 123 1000 200";
        assert_eq!(cpu_seconds(stat), Some(2.81));
        assert_eq!(cpu_seconds("7 (x"), None);
        assert_eq!(cpu_seconds("7 (x) S 1"), None);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t   18064 kB\n"), Some(18_497_536));
        assert_eq!(resident_bytes("Name:\tx\n"), None);
    }
}
